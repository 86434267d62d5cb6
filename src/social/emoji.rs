//! The owner's custom emoji in the owner's texts: which a text uses, and their `tag` entries.

use crate::ap::write_object::OwnTag;
use crate::base::config::Origin;
use crate::base::{Error, Result};
use crate::store::actors::{self, Actor, CustomEmoji};
use crate::store::own_emoji::{self, OwnEmoji};
use crate::store::posts::reactions::ReactionEmoji;
use crate::store::{Read, Write, node};
use crate::text::plain_text;

use super::{document, profile};

/// Letters of a name: at least, and at most.
const CODE: std::ops::RangeInclusive<usize> = 2..=40;

/// Where peers fetch the emoji's document; it outlives a change of name.
pub fn uri(origin: &Origin, id: i64) -> String {
    origin.url(&format!("/emojis/{id}"))
}

/// The custom emoji that these texts use, in the stored form of posts and actors.
pub fn used_in(r: &Read<'_>, texts: &[&str]) -> Result<Vec<CustomEmoji>> {
    let found = own_emoji::used(r, texts)?;
    let origin = node::get(r)?.origin;
    Ok(found
        .iter()
        .map(|own| CustomEmoji { code: own.code.clone(), url: document::media_url(&origin, &own.file) })
        .collect())
}

/// An entry of `tag` for an emoji of our own.
pub fn tag(origin: &Origin, own: &OwnEmoji) -> OwnTag {
    let media_type =
        crate::store::media_files::MediaFileName::parse(&own.file).map_or("image/png", |name| name.media_type());
    OwnTag::Emoji {
        id: uri(origin, own.id),
        shortcode: own.code.clone(),
        url: document::media_url(origin, &own.file),
        media_type: media_type.to_owned(),
        updated: own.updated_at,
    }
}

/// The `tag` entries for the stored emoji of a post or actor of ours, without deleted ones.
pub fn tags(r: &Read<'_>, kept: &[CustomEmoji]) -> Result<Vec<OwnTag>> {
    let origin = node::get(r)?.origin;
    let own = kept.iter().filter_map(|emoji| own_emoji::by_code(r, &emoji.code).transpose());
    own.map(|own| Ok(tag(&origin, &own?))).collect()
}

/// The entry of `tag` for a reaction: an emoji of our own, or one of another server.
pub(super) fn tag_of(r: &Read<'_>, sign: &ReactionEmoji) -> Result<Option<OwnTag>> {
    let Some(url) = &sign.url else { return Ok(None) };
    let code = sign.name.trim_matches(':');
    let origin = node::get(r)?.origin;
    if let Some(own) = own_emoji::by_code(r, code)?.filter(|own| document::media_url(&origin, &own.file) == *url) {
        return Ok(Some(tag(&origin, &own)));
    }
    // Another actor's: its image is all that counts, and is the best id we know.
    let media_type = match url.rsplit('.').next() {
        Some("gif") => "image/gif",
        Some("webp") => "image/webp",
        Some("jpg" | "jpeg") => "image/jpeg",
        _ => "image/png",
    };
    let (id, shortcode, url, media_type) = (url.clone(), code.to_owned(), url.clone(), media_type.to_owned());
    Ok(Some(OwnTag::Emoji { id, shortcode, url, media_type, updated: r.now }))
}

/// A valid shortcode: letters, digits and `_`, as every peer accepts.
pub fn code(typed: &str) -> Result<String> {
    let code = typed.trim().trim_matches(':');
    let fits = CODE.contains(&code.len()) && code.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    match fits {
        true => Ok(code.to_owned()),
        false => Err(Error::invalid("the name of an emoji has 2 to 40 letters, digits or _")),
    }
}

/// The current custom emoji of the owner's name, bio and fields.
pub fn of_profile(r: &Read<'_>, owner: &Actor) -> Result<Vec<CustomEmoji>> {
    let bio = owner.bio_source.clone().unwrap_or_else(|| plain_text::from_html(&owner.bio));
    let fields = owner.fields.iter().flat_map(|field| [field.name.as_str(), field.value.as_str()]);
    let texts: Vec<&str> = [owner.name.as_str(), bio.as_str()].into_iter().chain(fields).collect();
    used_in(r, &texts)
}

/// After a change of the custom emoji: updates the profile, and announces it when it looks different.
pub fn emoji_changed(w: &Write<'_>, owner: &Actor) -> Result<()> {
    let emoji = of_profile(w, owner)?;
    if emoji == owner.emoji {
        return Ok(());
    }
    let owner = Actor { emoji, ..owner.clone() };
    actors::upsert(w, &owner)?;
    profile::announce(w, &owner)
}
