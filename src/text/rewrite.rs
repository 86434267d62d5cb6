//! Small changes to HTML that is already safe. Takes only what `sanitise` or `compose` made; makes nothing safe.

use super::escape;
use super::tokens::{Tag, Token, tokens, unescape};

/// Sends each `src` and `poster` through `to`, so that a page loads pictures from our proxy and nobody sees the reader.
pub fn sources(html: &str, to: impl Fn(&str) -> String) -> String {
    let value = |name: &str, value: &str| match name {
        "src" | "poster" => escape(&to(&unescape(value))),
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
            (None, Token::Open(tag)) if tag.has_class("quote-inline") => inside = Some((tag.name.clone(), 1)),
            (None, token) => write(&mut out, token, &|_, value| value.to_owned()),
            (Some((name, depth)), Token::Open(tag)) if tag.name == *name => *depth += 1,
            (Some((name, depth)), Token::Close(closed)) if closed == name => {
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

fn write(out: &mut String, token: &Token<'_>, value: &dyn Fn(&str, &str) -> String) {
    match token {
        Token::Text(text) => out.push_str(&text.replace('<', "&lt;")),
        Token::Close(name) => out.push_str(&format!("</{name}>")),
        Token::Open(tag) => write_tag(out, tag, value),
    }
}

fn write_tag(out: &mut String, tag: &Tag<'_>, value: &dyn Fn(&str, &str) -> String) {
    out.push('<');
    out.push_str(&tag.name);
    for (name, written) in tag.attributes() {
        let value = value(name, written).replace('"', "&quot;");
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
            sources(&clean, |url| format!("/proxy?u={}", url.len())),
            "<p>a &lt; b</p><img src=\"/proxy?u=27\" alt=\"&quot;hi&quot;\" loading=\"lazy\">"
        );
        assert_eq!(sources(&clean, str::to_owned), clean);
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
