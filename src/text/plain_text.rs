//! HTML and names to plain text, for titles, previews and notifications.

use unicode_segmentation::UnicodeSegmentation;

use super::html_tokens::{HtmlToken, tokens, unescape};
use super::{MAX_SHOWN_NAME_GRAPHEMES, sanitise};

/// Code points kept of one grapheme: enough for a family of emoji, too few to write over the lines around it.
const MAX_GRAPHEME_CODE_POINTS: usize = 16;

/// The words of any HTML, with line breaks where a reader sees them and links in full.
pub fn from_html(html: &str) -> String {
    let clean = sanitise::article(html);
    let (mut out, mut lines, mut in_pre) = (String::new(), 0, false);
    for token in tokens(&clean) {
        match token {
            HtmlToken::Text(text) => {
                let text = unescape(text);
                let starts_line = out.is_empty() || lines > 0;
                let text = match (in_pre, starts_line) {
                    (true, _) => text,
                    (false, true) => fold(&text).trim_start().to_owned(),
                    (false, false) => fold(&text),
                };
                if text.is_empty() {
                    continue;
                }
                end_lines(&mut out, &mut lines);
                out.push_str(&text);
            }
            HtmlToken::Open(tag) => {
                in_pre |= tag.name == "pre";
                lines = lines.max(breaks(&tag.name));
                if tag.name == "li" {
                    end_lines(&mut out, &mut lines);
                    out.push_str("- ");
                } else if tag.name == "br" {
                    lines = (lines + 1).min(2);
                } else if tag.name == "img" {
                    end_lines(&mut out, &mut lines);
                    out.push_str(&tag.get("alt").unwrap_or_default());
                }
            }
            HtmlToken::Close(name) => {
                in_pre &= name != "pre";
                lines = lines.max(breaks(&name));
            }
        }
    }
    out.trim().to_owned()
}

/// The first `graphemes` of a text, cut between words where one ends near, with `…` when something was cut.
pub fn excerpt(text: &str, graphemes: usize) -> String {
    let text = text.trim();
    let Some((end, _)) = text.grapheme_indices(true).nth(graphemes) else { return text.to_owned() };
    let head = text.get(..end).unwrap_or_default();
    let word_end = head.rfind(char::is_whitespace).filter(|at| *at * 3 > end * 2);
    let head = word_end.and_then(|at| head.get(..at)).unwrap_or(head);
    format!("{}…", head.trim_end().trim_end_matches([',', ';', ':', '.', '-']))
}

/// A display name as one line: no control characters, no marks that turn the direction of what follows, blanks
/// folded, at most [`NAME_SHOWN`] graphemes (S25, S29).
pub fn one_line(name: &str) -> String {
    line(name, MAX_SHOWN_NAME_GRAPHEMES)
}

/// As [`one_line`], with as many graphemes: for titles, warnings and other lines that are longer than a name.
pub fn line(text: &str, graphemes: usize) -> String {
    let visible: String = super::cut(text, super::MAX_DISPLAY_NAME_CHARS * 4)
        .chars()
        .map(|c| if c.is_whitespace() || matches!(c, '\u{2800}' | '\u{3164}') { ' ' } else { c })
        .filter(|c| !c.is_control() && !is_direction_control(*c))
        .collect();
    let line = visible.split(' ').filter(|w| !w.is_empty()).collect::<Vec<_>>().join(" ");
    let mut out = String::new();
    for cluster in line.graphemes(true).take(graphemes) {
        out.extend(cluster.chars().take(MAX_GRAPHEME_CODE_POINTS));
    }
    out.trim().to_owned()
}

/// Embeddings, overrides and isolates of text direction, and characters nobody sees.
fn is_direction_control(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{200B}' | '\u{2060}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}')
}

fn end_lines(out: &mut String, lines: &mut usize) {
    if *lines > 0 {
        out.truncate(out.trim_end_matches(' ').len());
    }
    if !out.is_empty() {
        out.extend(std::iter::repeat_n('\n', *lines));
    }
    *lines = 0;
}

/// Line breaks a tag's edge makes.
fn breaks(name: &str) -> usize {
    match name {
        "p" | "blockquote" | "pre" | "ul" | "ol" | "dl" | "table" | "figure" | "hr" => 2,
        "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => 2,
        "li" | "dt" | "dd" | "tr" | "figcaption" | "caption" => 1,
        _ => 0,
    }
}

fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let blank = matches!(c, ' ' | '\n' | '\t' | '\r');
        if !blank {
            out.push(c);
        } else if !out.ends_with(' ') {
            out.push(' ');
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_as_a_reader_sees_it() {
        for (html, text) in [
            ("<p>one</p><p>two</p>", "one\n\ntwo"),
            ("<p>one<br>two<br/>three</p>", "one\ntwo\nthree"),
            ("<p>a<br><br>b</p>", "a\n\nb"),
            ("a &amp; b &lt;c&gt; &copy;&nbsp;d", "a & b <c> ©\u{A0}d"),
            ("<p>\n  much\n  space </p>\n<p>x</p>", "much space\n\nx"),
            ("<ul><li>one</li><li>two</li></ul><p>x</p>", "- one\n- two\n\nx"),
            ("<h1>Title</h1>text", "Title\n\ntext"),
            ("<pre>a\n  b</pre>", "a\n  b"),
            ("<div>a</div><div>b</div>", "a\nb"),
            ("<script>x</script><style>y</style>z", "z"),
            ("<p>hi <img class=\"emoji\" alt=\":cat:\" src=\"https://x.example/c.png\"></p>", "hi :cat:"),
            (
                "<a href=\"https://x.example/abc\"><span class=\"invisible\">https://</span><span class=\"ellipsis\">x.example</span><span class=\"invisible\">/abc</span></a>",
                "https://x.example/abc",
            ),
            ("plain", "plain"),
            ("", ""),
        ] {
            assert_eq!(from_html(html), text, "{html}");
        }
    }

    #[test]
    fn excerpts_end_between_words() {
        for (text, max, cut) in [
            ("short", 10, "short"),
            ("exactly", 7, "exactly"),
            ("one two three four", 14, "one two three…"),
            ("one two, three", 9, "one two…"),
            ("averyverylongword", 5, "avery…"),
            ("👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦", 2, "👩‍👩‍👧‍👦👩‍👩‍👧‍👦…"),
        ] {
            assert_eq!(excerpt(text, max), cut);
        }
    }

    #[test]
    fn names_are_one_honest_line() {
        for (name, line) in [
            ("Ada Lovelace", "Ada Lovelace"),
            ("  Ada \n\t Lovelace\u{2028} ", "Ada Lovelace"),
            ("Ada\u{202E}live\u{202C}", "Adalive"),
            ("\u{2067}Ada\u{2069}", "Ada"),
            ("A\0d\x1Ba\u{7F}", "Ada"),
            ("\u{200B}\u{FEFF}", ""),
            ("שלום", "שלום"),
            ("👩‍👩‍👧‍👦 Ada", "👩‍👩‍👧‍👦 Ada"),
            ("<b>Ada</b>", "<b>Ada</b>"),
        ] {
            assert_eq!(one_line(name), line, "{name:?}");
        }
        assert_eq!(one_line(&"é".repeat(5_000)).chars().count(), MAX_SHOWN_NAME_GRAPHEMES);
        assert!(one_line(&format!("a{}", "\u{301}".repeat(5_000))).chars().count() <= MAX_GRAPHEME_CODE_POINTS);
    }
}
