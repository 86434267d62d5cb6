//! Text in and out: untrusted HTML is sanitized, our own text becomes HTML, handles are parsed. Pure functions.

pub mod default_texts;
mod html_normalizer;
mod html_tokens;
pub mod plain_text;
pub mod post_length;
pub mod quote_fallback;
pub mod unicode_emoji;

pub mod compose;
pub mod csv;
pub mod handle;
pub mod keywords;
pub mod language;
pub mod markdown;
pub mod rewrite;
pub mod sanitise;
pub mod scan;
pub mod search;

pub use html_tokens::unescape;

pub use compose::{RenderedText, ResolvedMention, to_html};
pub use handle::Handle;
pub use scan::mentions_in;

/// Characters in an article of the owner's.
pub const MAX_ARTICLE_CHARS: usize = 50_000;
/// Characters in any other post of the owner's with its warning, as [`post_length::of`] counts them.
pub const MAX_NOTE_CHARS: usize = 5_000;
/// Characters in the title of a post.
pub const MAX_TITLE_CHARS: usize = 300;
/// Characters in what an article says about itself.
pub const MAX_ABSTRACT_CHARS: usize = 1_000;
/// Characters in a content warning of the owner's.
pub const MAX_CONTENT_WARNING_CHARS: usize = 500;
/// Characters kept of a display name; longer ones are cut on arrival.
pub const MAX_DISPLAY_NAME_CHARS: usize = 2_048;
/// Graphemes shown of a display name.
pub const MAX_SHOWN_NAME_GRAPHEMES: usize = 100;
/// Characters in the owner's own bio.
pub const MAX_OWN_BIO_CHARS: usize = 5_000;
/// Fields kept of a profile.
pub const MAX_PROFILE_FIELDS: usize = 50;
/// Characters in the description of a file.
pub const MAX_ALT_TEXT_CHARS: usize = 10_000;
/// Characters in a hashtag; anything longer is text.
pub const MAX_HASHTAG_CHARS: usize = 100;
/// Characters in the part of a handle before the `@`.
pub const MAX_USERNAME_CHARS: usize = 255;
/// Bytes read of a remote note's HTML; what follows is cut.
pub const MAX_NOTE_HTML_BYTES: usize = 256 * 1024;
/// Bytes read of a remote article's HTML; what follows is cut.
pub const MAX_ARTICLE_HTML_BYTES: usize = 512 * 1024;
/// Bytes read of a remote bio's HTML; what follows is cut.
pub const MAX_BIO_HTML_BYTES: usize = 64 * 1024;
/// Bytes read of a remote profile field's HTML; what follows is cut.
pub const MAX_FIELD_HTML_BYTES: usize = 8 * 1024;
/// Elements kept in one remote document; later tags are dropped and their text kept.
pub const MAX_HTML_ELEMENTS: usize = 10_000;
/// Elements open at once in one remote document; deeper tags are dropped and their text kept.
pub const MAX_HTML_DEPTH: usize = 32;
/// Bytes in a link kept from a remote document; a longer one becomes text.
pub const MAX_LINK_BYTES: usize = 2_048;

/// The first `max` bytes of a text, less the last character when it would be split.
pub fn cut(text: &str, max: usize) -> &str {
    if text.len() <= max {
        return text;
    }
    (0..=max).rev().find_map(|end| text.get(..end)).unwrap_or_default()
}

/// The first `max` characters of a text.
pub fn cut_chars(text: &str, max: usize) -> &str {
    text.char_indices().nth(max).and_then(|(end, _)| text.get(..end)).unwrap_or(text)
}

/// Text made safe to stand in HTML, between tags and in double-quoted attributes.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn cutting_never_splits_a_character() {
        assert_eq!(super::cut("blåbær", 3), "bl");
        assert_eq!(super::cut("blåbær", 4), "blå");
        assert_eq!(super::cut("blåbær", 400), "blåbær");
        assert_eq!((super::cut_chars("blåbær", 3), super::cut_chars("blåbær", 6)), ("blå", "blåbær"));
    }
}
