//! The owner's custom emoji in the owner's texts: finds the used ones, and builds their `tag` entries.

use crate::ap::write_object::OwnTag;
use crate::base::config::Origin;
use crate::base::{Error, Result};
use crate::store::actors::{self, Actor, CustomEmoji};
use crate::store::own_emoji::{self, OwnEmoji};
use crate::store::posts::reactions::ReactionEmoji;
use crate::store::{Read, Write, node};
use crate::text::plain_text;

use super::{document, profile};

/// Length of a shortcode.
const SHORTCODE_LENGTH: std::ops::RangeInclusive<usize> = 2..=40;

/// The URI of an emoji's document. It stays the same when the emoji is renamed.
pub fn emoji_uri(origin: &Origin, id: i64) -> String {
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

/// The `tag` entry of one of our emoji.
pub fn tag(origin: &Origin, own: &OwnEmoji) -> OwnTag {
    let media_type =
        crate::store::media_files::MediaFileName::parse(&own.file).map_or("image/png", |name| name.media_type());
    OwnTag::Emoji {
        id: emoji_uri(origin, own.id),
        shortcode: own.code.clone(),
        url: document::media_url(origin, &own.file),
        media_type: media_type.to_owned(),
        updated: own.updated_at,
    }
}

/// The `tag` entries for the stored emoji of one of our posts or actors, without deleted emoji.
pub fn tags(r: &Read<'_>, kept: &[CustomEmoji]) -> Result<Vec<OwnTag>> {
    let origin = node::get(r)?.origin;
    let own = kept.iter().filter_map(|emoji| own_emoji::by_code(r, &emoji.code).transpose());
    own.map(|own| Ok(tag(&origin, &own?))).collect()
}

/// The `tag` entry of a reaction's emoji, ours or another server's; None for a Unicode emoji.
pub(super) fn reaction_tag(r: &Read<'_>, sign: &ReactionEmoji) -> Result<Option<OwnTag>> {
    let Some(url) = &sign.url else { return Ok(None) };
    let code = sign.name.trim_matches(':');
    let origin = node::get(r)?.origin;
    if let Some(own) = own_emoji::by_code(r, code)?.filter(|own| document::media_url(&origin, &own.file) == *url) {
        return Ok(Some(tag(&origin, &own)));
    }
    // An emoji of another server: only its image is known, and the image's URL is the best id we have.
    let media_type = match url.rsplit('.').next() {
        Some("gif") => "image/gif",
        Some("webp") => "image/webp",
        Some("jpg" | "jpeg") => "image/jpeg",
        _ => "image/png",
    };
    let (id, shortcode, url, media_type) = (url.clone(), code.to_owned(), url.clone(), media_type.to_owned());
    Ok(Some(OwnTag::Emoji { id, shortcode, url, media_type, updated: r.now }))
}

/// Parses a shortcode: letters, digits and `_`, which every peer accepts.
pub fn parse_shortcode(typed: &str) -> Result<String> {
    let code = typed.trim().trim_matches(':');
    let fits = SHORTCODE_LENGTH.contains(&code.len()) && code.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    match fits {
        true => Ok(code.to_owned()),
        false => Err(Error::invalid("the name of an emoji must have 2 to 40 letters, digits or _")),
    }
}

/// The custom emoji currently used in the owner's name, bio and fields.
pub fn used_in_profile(r: &Read<'_>, owner: &Actor) -> Result<Vec<CustomEmoji>> {
    let bio = owner.bio_source.clone().unwrap_or_else(|| plain_text::from_html(&owner.bio));
    let fields = owner.fields.iter().flat_map(|field| [field.name.as_str(), field.value.as_str()]);
    let texts: Vec<&str> = [owner.name.as_str(), bio.as_str()].into_iter().chain(fields).collect();
    used_in(r, &texts)
}

/// Updates the owner's profile after a change of the custom emoji, and announces it if its emoji changed.
pub fn update_profile_emoji(w: &Write<'_>, owner: &Actor) -> Result<()> {
    let emoji = used_in_profile(w, owner)?;
    if emoji == owner.emoji {
        return Ok(());
    }
    let owner = Actor { emoji, ..owner.clone() };
    actors::upsert(w, &owner)?;
    profile::announce_to_followers(w, &owner)
}
