//! The owner's custom emoji: image and shortcode are checked and stored, and the profile is updated.

use crate::base::Result;
use crate::federation::{Node, media};
use crate::media::ImagePurpose;
use crate::social::emoji;
use crate::store::{Write, actors, node, own_emoji};

/// Adds an emoji. Invalid says what is wrong with the shortcode or the image.
pub fn add(node: &Node, code: &str, picture: &[u8]) -> Result<()> {
    let code = emoji::parse_shortcode(code)?;
    let file = media::store_profile_image(node, picture, ImagePurpose::Emoji)?;
    change(node, move |w| own_emoji::add(w, &code, file.as_str()))
}

/// Renames an emoji. Posts that use the old name show the new one from then on.
pub fn rename(node: &Node, id: i64, code: &str) -> Result<()> {
    let code = emoji::parse_shortcode(code)?;
    change(node, move |w| own_emoji::rename(w, id, &code))
}

/// Removes an emoji.
pub fn remove(node: &Node, id: i64) -> Result<()> {
    change(node, move |w| own_emoji::remove(w, id))
}

fn change(node: &Node, act: impl FnOnce(&Write<'_>) -> Result<()> + Send + 'static) -> Result<()> {
    node.store.write(move |w| {
        act(w)?;
        let owner = actors::by_id(w, node::owner(w)?)?;
        emoji::update_profile_emoji(w, &owner)
    })
}
