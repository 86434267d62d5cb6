//! Reads `tag`: mentions, hashtags, custom emoji and quote links of posts, actors and reactions.

use serde_json::Value;

use super::json::{self, Lossy, Many, Uri};
use super::limits;
use super::link::{self, Link};
use crate::base::Time;

/// A mentioned actor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedMention {
    /// The actor's id.
    pub href: Uri,
    /// The name as written, usually `@user@host`; empty when missing.
    pub name: String,
}

/// A custom emoji: the image for `:shortcode:`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedEmoji {
    /// The name without colons.
    pub shortcode: String,
    /// The image's URL.
    pub icon: Uri,
    /// Its id, where it has one.
    pub id: Option<Uri>,
    /// When the image last changed.
    pub updated: Option<Time>,
}

/// All usable tags of a document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tags {
    /// Mentions, each actor once.
    pub mentions: Vec<ReceivedMention>,
    /// Hashtags without `#`, as written, each once (case-insensitive).
    pub hashtags: Vec<String>,
    /// Custom emoji.
    pub emoji: Vec<ReceivedEmoji>,
    /// Quoted objects linked as in FEP-e232.
    pub quotes: Vec<Uri>,
}

/// The `rel` values of a Link tag that mark the quoted post. Mastodon and FEP-044f spell the first one differently.
const QUOTE_RELATIONS: [&str; 4] = [
    "https://misskey-hub.net/ns#_misskey_quote",
    "https://misskey-hub.net/ns/#_misskey_quote",
    "http://fedibird.com/ns#quoteUri",
    "https://w3id.org/fep/044f#quote",
];

/// Reads the `tag` of a document: one object or a list. Unknown and malformed tags are skipped.
pub fn read(doc: &Value) -> Tags {
    let mut tags = Tags::default();
    for tag in Many::<Value>::read(doc, "tag", limits::TAGS).0 {
        match json::types(&tag).first().copied() {
            Some("Mention") => add_mention(&mut tags, &tag),
            Some("Hashtag") => add_hashtag(&mut tags, &tag),
            Some("Emoji") if tags.emoji.len() < limits::EMOJI => tags.emoji.extend(emoji(&tag)),
            Some("Link") => add_quote(&mut tags, &tag),
            _ => {}
        }
    }
    tags
}

fn add_mention(tags: &mut Tags, tag: &Value) {
    let Some(href) = Lossy::<Uri>::read(tag, "href").0 else { return };
    if tags.mentions.len() < limits::MENTIONS && !tags.mentions.iter().any(|m| m.href == href) {
        tags.mentions.push(ReceivedMention { href, name: json::text(tag, "name", limits::NAME).unwrap_or_default() });
    }
}

fn add_hashtag(tags: &mut Tags, tag: &Value) {
    let Some(name) = json::text(tag, "name", limits::TAG_NAME) else { return };
    // Japanese keyboards type the full-width number sign.
    let name = name.trim().trim_start_matches(['#', '\u{ff03}']);
    let usable = !name.is_empty() && !name.contains(char::is_whitespace);
    let known = tags.hashtags.iter().any(|t| t.to_lowercase() == name.to_lowercase());
    if usable && !known && tags.hashtags.len() < limits::HASHTAGS {
        tags.hashtags.push(name.to_owned());
    }
}

fn emoji(tag: &Value) -> Option<ReceivedEmoji> {
    let name = json::text(tag, "name", limits::TAG_NAME)?;
    let shortcode = name.trim().trim_matches(':');
    if shortcode.is_empty() || shortcode.contains(|c: char| c.is_whitespace() || c == ':') {
        return None;
    }
    Some(ReceivedEmoji {
        shortcode: shortcode.to_owned(),
        icon: link::image_url(tag, "icon")?,
        id: json::id(tag),
        updated: Lossy::read(tag, "updated").0,
    })
}

fn add_quote(tags: &mut Tags, tag: &Value) {
    let Some(link) = <Link as json::FromJson>::from_json(tag) else { return };
    if tags.quotes.len() < limits::ALTERNATIVES && link.rel.iter().any(|r| QUOTE_RELATIONS.contains(&r.as_str())) {
        tags.quotes.push(link.href);
    }
}
