//! Reads the emoji of a reaction in the dialects of peers: `content` of a Like (Misskey, Fedibird) or an EmojiReact
//! (Pleroma, Akkoma, Mitra).

use serde_json::Value;

use super::tags::{self, ReceivedEmoji};
use super::{json, limits};
use crate::text::unicode_emoji;

/// The normalized Unicode emoji, or `:shortcode:` with its custom emoji. None when the reaction cannot be shown: then
/// the activity is a like (as in Iceshrimp).
pub fn read(doc: &Value) -> (Option<String>, Option<ReceivedEmoji>) {
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
            (Some(format!(":{code}:")), Some(ReceivedEmoji { shortcode: code, ..emoji }))
        }
        // Misskey adds the host to a remote emoji: `:cat@host:`. Without an image in `tag` it cannot be shown.
        _ => (None, None),
    }
}

/// The shortcode without colons and host.
fn short(name: &str) -> &str {
    name.trim_matches(':').split('@').next().unwrap_or_default()
}
