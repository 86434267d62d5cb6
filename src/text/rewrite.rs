//! Small changes to HTML that is already safe. Takes only output of `sanitise` or `compose`; makes nothing safe.

use super::escape;
use super::html_tokens::{HtmlToken, StartTag, tokens, unescape};

/// Sends each `src` and `poster` through `to` (tag, attribute, address), so that a page loads images and videos from this
/// server and nobody sees the reader.
pub fn sources(html: &str, to: impl Fn(&str, &str, &str) -> String) -> String {
    let value = |tag: &str, name: &str, value: &str| match name {
        "src" | "poster" => escape(&to(tag, name, &unescape(value))),
        _ => value.to_owned(),
    };
    let mut out = String::with_capacity(html.len());
    for token in tokens(html) {
        write(&mut out, &token, &value);
    }
    out
}

/// The same HTML without the `RE: link` that peers put in for readers who know no quotes (class `quote-inline`).
pub fn without_quote(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    let mut inside: Option<(String, usize)> = None;
    for token in tokens(html) {
        match (&mut inside, &token) {
            (None, HtmlToken::Open(tag)) if tag.has_class("quote-inline") => inside = Some((tag.name.clone(), 1)),
            (None, token) => write(&mut out, token, &unchanged),
            (Some((name, depth)), HtmlToken::Open(tag)) if tag.name == *name => *depth += 1,
            (Some((name, depth)), HtmlToken::Close(closed)) if closed == name => {
                *depth -= 1;
                if *depth == 0 {
                    inside = None;
                }
            }
            _ => (),
        }
    }
    out
}

/// The same HTML with a link in place of each video or audio: for readers who may not borrow our line.
pub fn without_players(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    // Inside of a player: whether its link is written. What else stands in it is for browsers without players.
    let mut linked: Option<bool> = None;
    let link = |tag: &StartTag<'_>| {
        let src = tag.get("src")?;
        let src = escape(&src);
        Some(format!("<a href=\"{src}\" rel=\"nofollow noopener noreferrer\" target=\"_blank\">{src}</a>"))
    };
    for token in tokens(html) {
        match (linked, &token) {
            (None, HtmlToken::Open(tag)) if matches!(tag.name.as_str(), "video" | "audio") => {
                let found = link(tag);
                linked = Some(found.is_some());
                out.push_str(&found.unwrap_or_default());
            }
            (None, token) => write(&mut out, token, &unchanged),
            (Some(false), HtmlToken::Open(tag)) if tag.name == "source" => {
                let found = link(tag);
                linked = Some(found.is_some());
                out.push_str(&found.unwrap_or_default());
            }
            (Some(_), HtmlToken::Close(name)) if matches!(name.as_str(), "video" | "audio") => linked = None,
            (Some(_), _) => {}
        }
    }
    out
}

fn unchanged(_tag: &str, _name: &str, value: &str) -> String {
    value.to_owned()
}

fn write(out: &mut String, token: &HtmlToken<'_>, value: &dyn Fn(&str, &str, &str) -> String) {
    match token {
        HtmlToken::Text(text) => out.push_str(&text.replace('<', "&lt;")),
        HtmlToken::Close(name) => out.push_str(&format!("</{name}>")),
        HtmlToken::Open(tag) => write_tag(out, tag, value),
    }
}

fn write_tag(out: &mut String, tag: &StartTag<'_>, value: &dyn Fn(&str, &str, &str) -> String) {
    out.push('<');
    out.push_str(&tag.name);
    for (name, written) in tag.attributes() {
        let value = value(&tag.name, name, written).replace('"', "&quot;");
        out.push_str(&format!(" {name}=\"{value}\""));
    }
    out.push('>');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::sanitise;

    #[test]
    fn pictures_come_from_the_proxy() {
        let clean = sanitise::article("<p>a &lt; b</p><img src='https://x.example/a?b=1&amp;c=2' alt='\"hi\"'>");
        assert_eq!(
            sources(&clean, |_, _, url| format!("/proxy?u={}", url.len())),
            "<p>a &lt; b</p><img src=\"/proxy?u=27\" alt=\"&quot;hi&quot;\" loading=\"lazy\">"
        );
        assert_eq!(sources(&clean, |_, _, url| url.to_owned()), clean);
    }

    #[test]
    fn films_are_links_for_visitors() {
        let clean = sanitise::article(
            "<p>a</p><video src=https://x.example/1.mp4>no</video><audio><source src=https://x.example/2.mp3><source src=https://x.example/3.ogg></audio><p>b</p>",
        );
        let seen = without_players(&clean);
        assert!(seen.contains("<a href=\"https://x.example/1.mp4\"") && seen.contains(">https://x.example/2.mp3</a>"));
        assert!(!seen.contains("3.ogg") && !seen.contains("<video") && !seen.contains("no<"), "{seen}");
        assert!(seen.starts_with("<p>a</p>") && seen.ends_with("<p>b</p>"), "{seen}");
        assert_eq!(without_players("<p>a &lt; b</p>"), "<p>a &lt; b</p>");
    }

    #[test]
    fn quote_fallbacks_go() {
        for (html, left) in [
            ("<p class=\"quote-inline\">RE: <a href=\"https://x.example/1\">x</a></p><p>hi</p>", "<p>hi</p>"),
            ("<p>hi<span class=\"quote-inline\"><br><br><span>RE:</span> x</span></p>", "<p>hi</p>"),
            ("<p>no quote</p>", "<p>no quote</p>"),
        ] {
            assert_eq!(without_quote(html), left);
        }
    }
}
