//! Removes the "RE: address" line that quote posts carry for software without quotes.

/// The same words without their line about the quoted post: elements of the class `quote-inline` (Mastodon, Misskey,
/// Pleroma), and "RE: address" at the beginning or end where the address is one of `addresses` (older Misskey, Threads).
pub fn without_fallback(html: &str, addresses: &[&str]) -> String {
    let mut rest = marked_range(html);
    for address in addresses {
        rest = at_the_end(&rest, address).or_else(|| at_the_start(&rest, address)).unwrap_or(rest);
    }
    rest
}

/// Without the elements that say of themselves what they are.
fn marked_range(html: &str) -> String {
    let mut out = html.to_owned();
    // Each turn takes one element out.
    while let Some((from, to)) = ["p", "span"].iter().find_map(|tag| element(&out, tag)) {
        let (head, tail) = (out.get(..from).unwrap_or_default(), out.get(to..).unwrap_or_default());
        out = format!("{}{}", without_breaks(head), tail);
    }
    drop_empty_paragraphs(&out)
}

/// From where to where the first such element reaches.
fn element(html: &str, tag: &str) -> Option<(usize, usize)> {
    let open = format!("<{tag} ");
    let mut from = 0;
    loop {
        let at = from + html.get(from..)?.find(&open)?;
        let end = at + html.get(at..)?.find('>')? + 1;
        let head = html.get(at..end)?;
        let class = head.split("class=\"").nth(1).and_then(|class| class.split('"').next()).unwrap_or_default();
        if class.split(' ').any(|word| word == "quote-inline") {
            return Some((at, closing(html, tag, end)?));
        }
        from = end;
    }
}

/// Where the element ends whose inside begins at `from`.
fn closing(html: &str, tag: &str, from: usize) -> Option<usize> {
    let (opens, closes) = (format!("<{tag}"), format!("</{tag}>"));
    let (mut depth, mut at) = (1usize, from);
    loop {
        let rest = html.get(at..)?;
        let close = rest.find(&closes)?;
        // `<p>` and `<p class=…>`, but not `<pre>`.
        let is_open = |n: &usize| matches!(rest.as_bytes().get(n + opens.len()), Some(b'>' | b' '));
        let open = rest.match_indices(&opens).map(|(n, _)| n).take_while(|n| *n < close).find(is_open);
        match open {
            Some(open) => {
                depth += 1;
                at += open + opens.len();
            }
            None => {
                depth -= 1;
                at += close + closes.len();
                if depth == 0 {
                    return Some(at);
                }
            }
        }
    }
}

/// "… RE: <a href=…>…</a></p>" as the last words.
fn at_the_end(html: &str, address: &str) -> Option<String> {
    let inside = html.trim_end().strip_suffix("</p>").unwrap_or(html);
    let link = inside.rfind("<a ").filter(|at| inside.get(*at..).is_some_and(|a| a.trim_end().ends_with("</a>")))?;
    let (words, a) = inside.split_at_checked(link)?;
    if !links_to(a, address) {
        return None;
    }
    let words = words.trim_end().strip_suffix("RE:").or_else(|| words.trim_end().strip_suffix("QT:"))?;
    let words = words.strip_suffix('[').unwrap_or(words);
    let fresh_line = words.is_empty() || words.ends_with('>') || words.ends_with('\n');
    if !fresh_line {
        return None;
    }
    let words = without_breaks(words);
    let close = if html.trim_end().ends_with("</p>") { "</p>" } else { "" };
    Some(drop_empty_paragraphs(&format!("{words}{close}")))
}

/// "<p>RE: <a href=…>…</a></p> …" as the first words.
fn at_the_start(html: &str, address: &str) -> Option<String> {
    let rest = html.trim_start().strip_prefix("<p>RE:")?;
    let (a, rest) = rest.split_once("</a></p>")?;
    let a = a.trim_start();
    (a.starts_with("<a ") && !a.contains("</a>") && links_to(a, address)).then(|| rest.to_owned())
}

fn links_to(a: &str, address: &str) -> bool {
    let href = a.split("href=\"").nth(1).and_then(|href| href.split('"').next()).unwrap_or_default();
    href.replace("&amp;", "&") == address
}

fn without_breaks(html: &str) -> &str {
    let mut html = html.trim_end();
    while let Some(less) = html.strip_suffix("<br>").or_else(|| html.strip_suffix("<br />")) {
        html = less.trim_end();
    }
    html
}

/// Without a paragraph that has nothing left in it.
fn drop_empty_paragraphs(html: &str) -> String {
    html.replace("<p></p>", "").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::sanitise;

    const URL: &str = "https://b.example/notes/9";

    #[test]
    fn each_peers_line_goes_and_the_words_stay() {
        let link = format!("<a href=\"{URL}\">{URL}</a>");
        for (html, words) in [
            (format!("<p class=\"quote-inline\">RE: {link}</p><p>Look!</p>"), "<p>Look!</p>"),
            (format!("<p>Look!<span class=\"quote-inline\"><br><br>RE: {link}</span></p>"), "<p>Look!</p>"),
            (format!("<p>Look!</p><p>RE: {link}</p>"), "<p>Look!</p>"),
            (format!("<p>Look!<br><br>RE: {link}</p>"), "<p>Look!</p>"),
            (format!("<p>RE: {link}</p><p>Look!</p>"), "<p>Look!</p>"),
            (
                format!(
                    "<span class=\"quote-inline\">RE: <a href=\"{URL}\"><span class=\"invisible\">https://</span><span>b</span></a></span>"
                ),
                "",
            ),
            ("<p>Look!</p><p>RE: <a href=\"https://c.example/1\">x</a></p>".to_owned(), "…"),
            (format!("<p>Look at {link}</p>"), "…"),
            (format!("<p>We are here: {link}</p>"), "…"),
            ("<p>Nothing</p>".to_owned(), "…"),
        ] {
            let html = sanitise::note(&html);
            let left = without_fallback(&html, &[URL]);
            assert_eq!(left, if words == "…" { html.as_str() } else { words }, "{html}");
        }
    }

    #[test]
    fn odd_html_never_panics() {
        for html in
            ["<p class=\"quote-inline\">", "<span class=\"quote-inline\"><span>æ</span>", "<p >æ", "RE: <a ", ""]
        {
            let _ = without_fallback(html, &[URL, ""]);
        }
    }
}
