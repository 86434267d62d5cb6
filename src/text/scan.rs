//! Finds links, mentions and hashtags in plain text. Resolves nothing.

use unicode_segmentation::UnicodeSegmentation;
use url::Url;

use super::handle::{self, Handle};
use super::{MAX_HASHTAG_CHARS, MAX_LINK_BYTES};

/// A piece of a text; the pieces together are the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextSpan<'a> {
    /// Plain text.
    Text(&'a str),
    /// A mention, as written and as parsed.
    Mention(&'a str, Handle),
    /// A hashtag: as written (with its `#` or `＃`) and its name without it.
    Tag(&'a str, &'a str),
    /// A link, as written.
    Link(&'a str),
}

/// Splits a text into its pieces, in order.
pub fn scan(text: &str) -> Vec<TextSpan<'_>> {
    let mut spans = Vec::new();
    let (mut plain_from, mut at, mut before) = (0, 0, None);
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let first = rest.chars().next().unwrap_or_default();
        let found = match first {
            '@' => mention(rest, before),
            '#' | '＃' => tag(rest, before),
            'h' | 'H' => link(rest, before),
            _ => None,
        };
        let length = match found {
            Some((span, length)) => {
                push_text(&mut spans, text.get(plain_from..at));
                spans.push(span);
                plain_from = at + length;
                length
            }
            None => first.len_utf8(),
        };
        before = text.get(at..at + length).and_then(|piece| piece.chars().next_back());
        at += length;
    }
    push_text(&mut spans, text.get(plain_from..));
    spans
}

/// Everyone a text mentions, each once, in order.
pub fn mentions_in(text: &str) -> Vec<Handle> {
    let mut found: Vec<Handle> = Vec::new();
    for span in scan(text) {
        if let TextSpan::Mention(_, handle) = span
            && !found.iter().any(|known| known.same(&handle))
        {
            found.push(handle);
        }
    }
    found
}

/// The normalized form of a hashtag: no `#`, lower case, full-width letters folded.
pub fn tag_key(name: &str) -> String {
    let plain = |c: char| match c {
        '！'..='～' => char::from_u32(c as u32 - 0xFEE0).unwrap_or(c),
        _ => c,
    };
    name.trim().trim_start_matches(['#', '＃']).chars().map(plain).flat_map(char::to_lowercase).collect()
}

/// The error for an invalid hashtag.
pub const NOT_A_HASHTAG_MESSAGE: &str = "a hashtag is one word of letters, digits and _";

/// A text that is one hashtag, with or without its `#`: as it is kept, and as it was written.
pub fn whole_tag(typed: &str) -> Option<(String, String)> {
    let shown = typed.trim().trim_start_matches(['#', '＃']);
    let marked = format!("#{shown}");
    match tag(&marked, None) {
        Some((_, length)) if length == marked.len() => Some((tag_key(shown), shown.to_owned())),
        _ => None,
    }
}

fn push_text<'a>(spans: &mut Vec<TextSpan<'a>>, text: Option<&'a str>) {
    if let Some(text) = text.filter(|t| !t.is_empty()) {
        spans.push(TextSpan::Text(text));
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// `@user@host` or `@user`. A `.` or `-` ends neither part, so that a mention may end a sentence.
fn mention(rest: &str, before: Option<char>) -> Option<(TextSpan<'_>, usize)> {
    // A word before it makes it an e-mail address; `/` and `=` a piece of a path or query.
    if before.is_some_and(|c| is_word(c) || matches!(c, '@' | '/' | '=' | '+')) {
        return None;
    }
    let body = rest.strip_prefix('@')?;
    let name_chars = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    let full = run(body, name_chars);
    let after = body.get(full.len()..)?;
    let host = after.strip_prefix('@').map(host_run).unwrap_or_default();
    if handle::is_name(full) && !host.is_empty() {
        let length = 1 + full.len() + 1 + host.len();
        let written = rest.get(..length)?;
        if let Some(handle) = Handle::parse(written) {
            return Some((TextSpan::Mention(written, handle), length));
        }
    }
    let name = full.trim_end_matches(['.', '-']);
    // A letter right behind it (`@señor`) makes it somebody's word, not a name here.
    let joined = body.get(name.len()..)?.starts_with(is_word);
    let length = 1 + name.len();
    (handle::is_name(name) && !joined)
        .then(|| Some((TextSpan::Mention(rest.get(..length)?, Handle::parse(name)?), length)))
        .flatten()
}

/// The host at the start of a text, with its port.
fn host_run(text: &str) -> &str {
    let host = run(text, |c| c.is_alphanumeric() || matches!(c, '.' | '-')).trim_end_matches(['.', '-']);
    let port = text.get(host.len()..).and_then(|r| r.strip_prefix(':')).map(|r| run(r, |c| c.is_ascii_digit()));
    match port {
        Some(port) if !host.is_empty() && (2..=5).contains(&port.len()) => {
            text.get(..host.len() + 1 + port.len()).unwrap_or(host)
        }
        _ => host,
    }
}

/// `#name` or `＃name`: letters of any script, digits and `_`, not digits alone; `·` inside, as Catalan needs it.
fn tag(rest: &str, before: Option<char>) -> Option<(TextSpan<'_>, usize)> {
    if before.is_some_and(|c| is_word(c) || matches!(c, '=' | '/' | ')' | '&' | '#' | '＃')) {
        return None;
    }
    let mark = rest.chars().next()?.len_utf8();
    let body = rest.get(mark..)?;
    let mut length = 0;
    // Grapheme by grapheme, because the marks of Indic and Thai vowels are no letters by themselves.
    let mut clusters = body.graphemes(true).peekable();
    while let Some(cluster) = clusters.next() {
        let inside = cluster.starts_with(is_word)
            || (cluster == "·" && length > 0 && clusters.peek().is_some_and(|next| next.starts_with(is_word)));
        if !inside || length > MAX_HASHTAG_CHARS * 4 {
            break;
        }
        length += cluster.len();
    }
    let name = body.get(..length)?;
    let fits = name.chars().any(char::is_alphabetic) && name.chars().count() <= MAX_HASHTAG_CHARS;
    fits.then(|| Some((TextSpan::Tag(rest.get(..mark + length)?, name), mark + length))).flatten()
}

/// `http://…` or `https://…` up to a blank, a quote or a bracket that was not opened in it.
fn link(rest: &str, before: Option<char>) -> Option<(TextSpan<'_>, usize)> {
    if before.is_some_and(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '@' | '/')) {
        return None;
    }
    let scheme = ["https://", "http://"]
        .into_iter()
        .find(|s| rest.get(..s.len()).is_some_and(|head| head.eq_ignore_ascii_case(s)))?;
    let ends =
        |c: char| c.is_whitespace() || c.is_control() || "<>\"`「」『』【】（）《》、。！？，；：“”«»".contains(c);
    let mut url = run(rest, |c| !ends(c));
    loop {
        let shorter = match url.chars().next_back()? {
            '.' | ',' | ';' | ':' | '!' | '?' | '\'' | '*' | '_' | '~' | '|' | '’' | '…' => true,
            ')' => !balanced(url, '(', ')'),
            ']' => !balanced(url, '[', ']'),
            '}' => !balanced(url, '{', '}'),
            _ => false,
        };
        if !shorter {
            break;
        }
        let mut chars = url.chars();
        chars.next_back();
        url = chars.as_str();
    }
    let named = url.len() > scheme.len() && url.len() <= MAX_LINK_BYTES;
    (named && Url::parse(url).is_ok_and(|u| u.has_host())).then_some((TextSpan::Link(url), url.len()))
}

fn balanced(text: &str, open: char, close: char) -> bool {
    text.matches(open).count() >= text.matches(close).count()
}

/// The longest start of a text made of such characters.
fn run(text: &str, fits: impl Fn(char) -> bool) -> &str {
    let end = text.find(|c| !fits(c)).unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mentions(text: &str) -> Vec<String> {
        mentions_in(text).iter().map(ToString::to_string).collect()
    }

    fn tags(text: &str) -> Vec<&str> {
        scan(text).into_iter().filter_map(|s| if let TextSpan::Tag(_, name) = s { Some(name) } else { None }).collect()
    }

    fn links(text: &str) -> Vec<&str> {
        scan(text).into_iter().filter_map(|s| if let TextSpan::Link(url) = s { Some(url) } else { None }).collect()
    }

    #[test]
    fn mentions_end_where_a_reader_sees_them_end() {
        let table: &[(&str, &[&str])] = &[
            ("hi @ada@example.org", &["@ada@example.org"]),
            // a hyphen in the user part (snac 2.94)
            ("@ada-l@example.org", &["@ada-l@example.org"]),
            ("@ada-@example.org", &["@ada-@example.org"]),
            // followed by punctuation (mitra 1.17, 3.3, 4.10)
            ("@ada@example.org.", &["@ada@example.org"]),
            ("@ada@example.org, hi", &["@ada@example.org"]),
            ("@ada@example.org; hi", &["@ada@example.org"]),
            ("@ada@example.org's", &["@ada@example.org"]),
            ("'@ada@example.org'", &["@ada@example.org"]),
            ("\"@ada@example.org\"", &["@ada@example.org"]),
            ("@ada@example.org!", &["@ada@example.org"]),
            ("@ada@example.org...", &["@ada@example.org"]),
            ("@ada@example.org: hi", &["@ada@example.org"]),
            ("(@ada@example.org)", &["@ada@example.org"]),
            // two underscores (mitra 2.14)
            ("@__ada__@example.org", &["@__ada__@example.org"]),
            ("@ada__l", &["@ada__l"]),
            // two @ in a URL (snac 2.62)
            ("https://example.org/@ada/@bob", &[]),
            ("https://example.org/@ada@other.example", &[]),
            ("https://user@example.org/@ada", &[]),
            // e-mail lookalikes
            ("mail ada@example.org", &[]),
            ("ada@example.org@other.example", &[]),
            ("a+@ada@example.org", &[]),
            ("mailto:ada@example.org", &[]),
            // everyday
            (".@ada@example.org look", &["@ada@example.org"]),
            ("@ada and @ADA", &["@ada"]),
            ("@ada.", &["@ada"]),
            ("@ada!", &["@ada"]),
            ("@ada@example.org @bob@example.org", &["@ada@example.org", "@bob@example.org"]),
            ("@ada@bücher.example", &["@ada@xn--bcher-kva.example"]),
            ("@ada@127.0.0.1:8080 hi", &["@ada@127.0.0.1:8080"]),
            ("@ada@host.test:8080: hi", &["@ada@host.test:8080"]),
            ("@señor", &[]),
            ("@ @@ @. @- @@a", &[]),
            ("a/@ada", &[]),
            ("?q=@ada", &[]),
            ("日本語@ada", &[]),
            ("やあ、@ada@example.org", &["@ada@example.org"]),
        ];
        for (text, found) in table {
            assert_eq!(mentions(text), *found, "{text}");
        }
    }

    #[test]
    fn hashtags_are_words_of_any_script() {
        let table: &[(&str, &[&str])] = &[
            ("#cabin", &["cabin"]),
            ("a #cabin, a #Fjord.", &["cabin", "Fjord"]),
            ("#2026 #1 #_ #__", &[]),
            ("#2026hytte #a1", &["2026hytte", "a1"]),
            ("#snake_case", &["snake_case"]),
            ("#with-hyphen", &["with"]),
            ("＃写真 です", &["写真"]),
            ("#ผู้หญิง", &["ผู้หญิง"]),
            ("#हिन्दी", &["हिन्दी"]),
            ("#blåbær", &["blåbær"]),
            ("#col·lecció #a·", &["col·lecció", "a"]),
            ("word#tag C# a/#b x=#y", &[]),
            ("https://example.org/#anchor", &[]),
            ("https://example.org/page#anchor #real", &["real"]),
            ("&#39; ##double", &[]),
            ("(#tag)", &["tag"]),
            ("#tag's", &["tag"]),
            ("#🦊", &[]),
        ];
        for (text, found) in table {
            assert_eq!(tags(text), *found, "{text}");
        }
        assert!(tags(&format!("#{}", "a".repeat(MAX_HASHTAG_CHARS + 1))).is_empty());
    }

    #[test]
    fn links_end_where_a_reader_sees_them_end() {
        let table: &[(&str, &[&str])] = &[
            ("see https://example.org", &["https://example.org"]),
            ("see https://example.org.", &["https://example.org"]),
            ("https://example.org/a?b=c&d=e#f!", &["https://example.org/a?b=c&d=e#f"]),
            ("(https://example.org/a)", &["https://example.org/a"]),
            ("https://en.example/wiki/A_(b)", &["https://en.example/wiki/A_(b)"]),
            ("(https://en.example/wiki/A_(b))", &["https://en.example/wiki/A_(b)"]),
            ("HTTP://EXAMPLE.org/X", &["HTTP://EXAMPLE.org/X"]),
            ("<https://example.org>", &["https://example.org"]),
            ("\"https://example.org\"", &["https://example.org"]),
            ("https://example.org/@ada@other.example", &["https://example.org/@ada@other.example"]),
            ("はhttps://example.org/あ。", &["https://example.org/あ"]),
            ("xhttps://example.org", &[]),
            ("https:// https://. http://?", &[]),
            ("javascript:alert(1) ftp://example.org", &[]),
            ("https://[::1]/x", &["https://[::1]/x"]),
            ("https://a.example,https://b.example", &["https://a.example,https://b.example"]),
        ];
        for (text, found) in table.iter().take(table.len() - 1) {
            assert_eq!(links(text), *found, "{text}");
        }
    }

    #[test]
    fn one_spelling_for_a_hashtag() {
        for (given, key) in [("#Cabin", "cabin"), ("＃ＣＡＢＩＮ", "cabin"), ("Blåbær", "blåbær"), ("##x", "x")]
        {
            assert_eq!(tag_key(given), key);
        }
    }

    proptest::proptest! {
        #[test]
        fn the_pieces_are_the_text(text in "[ -~é＃日\n@#/:.]{0,200}") {
            let joined: String = scan(&text).iter().map(|span| match span {
                TextSpan::Text(t) | TextSpan::Mention(t, _) | TextSpan::Tag(t, _) | TextSpan::Link(t) => *t,
            }).collect();
            proptest::prop_assert_eq!(joined, text);
        }
    }
}
