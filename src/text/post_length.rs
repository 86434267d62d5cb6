//! Post length as Mastodon and its apps count it: graphemes, a link as 23.

use unicode_segmentation::UnicodeSegmentation;

use super::scan::{TextSpan, scan};

/// The length counted for a link.
pub const LINK_LENGTH: usize = 23;

/// The length of a text.
pub fn of(text: &str) -> usize {
    let seen = |text: &str| text.graphemes(true).count();
    let one = |span: &TextSpan<'_>| match span {
        TextSpan::Link(_) => LINK_LENGTH,
        TextSpan::Mention(_, handle) => 1 + seen(&handle.name),
        TextSpan::Tag(written, _) | TextSpan::Text(written) => seen(written),
    };
    scan(text).iter().map(one).sum()
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn links_and_handles_count_as_apps_show_them() {
        let link = format!("https://example.org/{}", "a".repeat(400));
        assert_eq!(of("hello"), 5);
        assert_eq!(of(&format!("see {link}")), 4 + 23);
        assert_eq!(of("https://a.no"), 23);
        assert_eq!(of("@ada@example.org hi"), 4 + 3);
        assert_eq!(of("@ada hi"), 4 + 3);
        assert_eq!(of("👨‍👩‍👧‍👦é🇳🇴"), 3, "one each");
        assert_eq!(of("#tag\nx"), 6);
    }
}
