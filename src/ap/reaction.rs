//! The emoji of a reaction, in the dialects peers speak: `content` of a Like (Misskey, Fedibird) or an EmojiReact
//! (Pleroma, Akkoma, Mitra; FEP-c0e0), `_misskey_reaction`, and a picture in `tag`. What cannot be shown is a plain like.

use serde_json::Value;

use super::tags::{self, Emoji};
use super::{json, limits};
use crate::text::unicode_emoji;

/// The emoji in its one spelling or `:shortcode:`, and the shortcode's picture. Nothing when there is none that can be
/// shown: then the act is a like (Iceshrimp).
pub fn read(doc: &Value) -> (Option<String>, Option<Emoji>) {
    let given = ["content", "_misskey_reaction"].iter().find_map(|key| json::text(doc, key, limits::WORD));
    let Some(given) = given.map(|text| text.trim().to_owned()) else { return (None, None) };
    if let Some(emoji) = unicode_emoji::emoji(&given) {
        return (Some(emoji), None);
    }
    let code = short(&given);
    let picture = tags::read(doc).emoji.into_iter().find(|emoji| short(&emoji.shortcode) == code);
    match picture {
        Some(emoji) if code.len() <= limits::SHORTCODE => {
            let code = code.to_owned();
            (Some(format!(":{code}:")), Some(Emoji { shortcode: code, ..emoji }))
        }
        // Misskey names the host of a foreign emoji: `:cat@host:`. Without its picture nobody can show it.
        _ => (None, None),
    }
}

/// The shortcode without colons and host.
fn short(name: &str) -> &str {
    name.trim_matches(':').split('@').next().unwrap_or_default()
}
