//! Splits HTML into tags and text in one linear pass, by the tokenizer rules of browsers.

/// Attributes read of one tag; more are skipped.
const MAX_ATTRIBUTES: usize = 24;

/// A piece of HTML.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum HtmlToken<'a> {
    /// Text as written, character references included.
    Text(&'a str),
    /// A start tag.
    Open(StartTag<'a>),
    /// The lower-case name of an end tag.
    Close(String),
}

/// A start tag: lower-case name, attributes with lower-case names and values as written.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct StartTag<'a> {
    pub name: String,
    attributes: Vec<(String, &'a str)>,
}

impl StartTag<'_> {
    /// An attribute's value with its character references read; the first wins.
    pub fn get(&self, name: &str) -> Option<String> {
        self.attributes.iter().find(|(n, _)| n == name).map(|(_, value)| unescape(value))
    }

    /// Names and values as written, in order.
    pub fn attributes(&self) -> impl Iterator<Item = (&str, &str)> {
        self.attributes.iter().map(|(name, value)| (name.as_str(), *value))
    }

    /// True when `class` has this word.
    pub fn has_class(&self, word: &str) -> bool {
        self.get("class").is_some_and(|class| class.split_ascii_whitespace().any(|w| w == word))
    }
}

/// The tokens of a document, comments left out.
pub(super) struct HtmlTokens<'a> {
    rest: &'a str,
    raw: Option<String>,
}

/// Cuts a document into tokens.
pub(super) fn tokens(html: &str) -> HtmlTokens<'_> {
    HtmlTokens { rest: html, raw: None }
}

impl HtmlTokens<'_> {
    /// How many bytes are still unread.
    pub fn left(&self) -> usize {
        self.rest.len()
    }
}

impl<'a> Iterator for HtmlTokens<'a> {
    type Item = HtmlToken<'a>;

    fn next(&mut self) -> Option<HtmlToken<'a>> {
        loop {
            if let Some(name) = self.raw.take() {
                let (text, rest) = self.rest.split_at_checked(end_of_raw(self.rest, &name))?;
                self.rest = rest;
                if matches!(name.as_str(), "title" | "textarea" | "xmp") {
                    return Some(HtmlToken::Text(text));
                }
            }
            let first = self.rest.chars().next()?;
            if first != '<' {
                let end = self.rest.find('<').unwrap_or(self.rest.len());
                let (text, rest) = self.rest.split_at_checked(end)?;
                self.rest = rest;
                return Some(HtmlToken::Text(text));
            }
            let body = self.rest.get(1..)?;
            let ended = body.strip_prefix('/');
            if body.starts_with(|c: char| c.is_ascii_alphabetic()) {
                let (tag, rest) = tag(body)?;
                self.rest = rest;
                let raw = ["script", "style", "iframe", "noembed", "noframes", "title", "textarea", "xmp"];
                self.raw = raw.contains(&tag.name.as_str()).then(|| tag.name.clone());
                return Some(HtmlToken::Open(tag));
            } else if let Some(name) = ended.filter(|e| e.starts_with(|c: char| c.is_ascii_alphabetic())) {
                let (tag, rest) = tag(name)?;
                self.rest = rest;
                return Some(HtmlToken::Close(tag.name));
            } else if ended.is_some() || body.starts_with(['!', '?']) {
                self.rest = after_comment(body);
            } else {
                let (text, rest) = self.rest.split_at_checked(1)?;
                self.rest = rest;
                return Some(HtmlToken::Text(text));
            }
        }
    }
}

/// Where `</name` stands in a text whose tags do not count, or its end.
fn end_of_raw(text: &str, name: &str) -> usize {
    let ends = |at: &usize| {
        let after = text.get(at + 2..).unwrap_or_default();
        let named = after.get(..name.len()).is_some_and(|n| n.eq_ignore_ascii_case(name));
        named && after.get(name.len()..).is_some_and(|r| r.starts_with([' ', '\t', '\n', '\r', '\x0C', '/', '>']))
    };
    text.match_indices("</").map(|(at, _)| at).find(ends).unwrap_or(text.len())
}

/// What follows a comment, doctype or processing instruction, given the text behind its `<`.
fn after_comment(body: &str) -> &str {
    if let Some(comment) = body.strip_prefix("!--") {
        if let Some(rest) = comment.strip_prefix('>').or(comment.strip_prefix("->")) {
            return rest;
        }
        let end = [("-->", 3), ("--!>", 4)].into_iter().filter_map(|(end, n)| comment.find(end).map(|at| at + n)).min();
        return end.and_then(|end| comment.get(end..)).unwrap_or_default();
    }
    body.split_once('>').map_or("", |(_, rest)| rest)
}

/// The tag at the start of a text behind `<` or `</`, and what follows it; none when the document ends within it.
fn tag(text: &str) -> Option<(StartTag<'_>, &str)> {
    let (name, mut rest) = split(text, |c| is_blank(c) || c == '/' || c == '>');
    let mut tag = StartTag { name: name.to_ascii_lowercase(), attributes: Vec::new() };
    loop {
        rest = rest.trim_start_matches(|c| is_blank(c) || c == '/');
        if let Some(rest) = rest.strip_prefix('>') {
            return Some((tag, rest));
        }
        // A `=` that starts a name belongs to it.
        let first = rest.chars().next()?.len_utf8();
        let (_, tail) = split(rest.get(first..)?, |c| is_blank(c) || matches!(c, '/' | '>' | '='));
        let name = rest.get(..rest.len() - tail.len())?;
        let (value, after) = value(tail)?;
        rest = after;
        if tag.attributes.len() < MAX_ATTRIBUTES {
            tag.attributes.push((name.to_ascii_lowercase(), value));
        }
    }
}

/// An attribute's value, given what follows its name, and what follows it.
fn value(text: &str) -> Option<(&str, &str)> {
    let Some(text) = text.trim_start_matches(is_blank).strip_prefix('=') else { return Some(("", text)) };
    let text = text.trim_start_matches(is_blank);
    for quote in ['"', '\''] {
        if let Some(text) = text.strip_prefix(quote) {
            return text.split_once(quote);
        }
    }
    Some(split(text, |c| is_blank(c) || c == '>'))
}

fn split(text: &str, at: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at_checked(text.find(at).unwrap_or(text.len())).unwrap_or((text, ""))
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\x0C')
}

/// Text with the character references read that a serialiser writes, and numeric ones; others stay as written.
pub fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        match reference(after) {
            Some((c, tail)) => {
                out.push(c);
                rest = tail;
            }
            None => {
                out.push('&');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

fn reference(text: &str) -> Option<(char, &str)> {
    if let Some(number) = text.strip_prefix('#') {
        let hex = number.strip_prefix(['x', 'X']);
        let (digits, tail) = match hex {
            Some(hex) => split(hex, |c| !c.is_ascii_hexdigit()),
            None => split(number, |c| !c.is_ascii_digit()),
        };
        let code = if digits.is_empty() {
            return None;
        } else {
            u32::from_str_radix(digits, if hex.is_some() { 16 } else { 10 }).unwrap_or(0)
        };
        let c = char::from_u32(code).filter(|c| *c != '\0').unwrap_or('\u{FFFD}');
        return Some((c, tail.strip_prefix(';').unwrap_or(tail)));
    }
    let named = [("amp;", '&'), ("lt;", '<'), ("gt;", '>'), ("quot;", '"'), ("apos;", '\''), ("nbsp;", '\u{A0}')];
    named.into_iter().find_map(|(name, c)| text.strip_prefix(name).map(|tail| (c, tail)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(html: &str) -> String {
        let show = |token| match token {
            HtmlToken::Text(text) => format!("[{text}]"),
            HtmlToken::Close(name) => format!("</{name}>"),
            HtmlToken::Open(tag) => {
                let attributes: String = tag.attributes().map(|(n, v)| format!(" {n}={v:?}")).collect();
                format!("<{}{attributes}>", tag.name)
            }
        };
        tokens(html).map(show).collect()
    }

    #[test]
    fn cuts_as_browsers_do() {
        for (html, cut) in [
            ("a<B c=D>e</B>", "[a]<b c=\"D\">[e]</b>"),
            ("<a\nhref='x y'title=z/>", "<a href=\"x y\" title=\"z/\">"),
            ("<a/href=x/>", "<a href=\"x/\">"),
            ("<a href = \"x\">", "<a href=\"x\">"),
            ("<a ==x>", "<a ==\"x\">"),
            ("<br/><br / >", "<br><br>"),
            ("1 < 2 <3 <", "[1 ][<][ 2 ][<][3 ][<]"),
            ("a<!-- <b> -->c<!-->d<!--->e", "[a][c][d][e]"),
            ("a<!--b--!>c<!--d", "[a][c]"),
            ("<!doctype html>a<?php b ?>c</ d>e</>f", "[a][c][e][f]"),
            ("<script>a<b></SCRIPT >c", "<script></script>[c]"),
            ("<style></styles><b></style>c", "<style></style>[c]"),
            ("<title>a<b></title>c", "<title>[a<b>]</title>[c]"),
            ("<script>a", "<script>"),
            ("<a href=\"x", ""),
            ("<a href", ""),
        ] {
            assert_eq!(seen(html), cut, "{html}");
        }
    }

    #[test]
    fn references() {
        for (text, read) in [
            ("a&amp;b", "a&b"),
            ("&#106;&#x6A;&#X6a", "jjj"),
            ("&#0;&#xFFFFFFFFFF;&#xD800;", "\u{FFFD}\u{FFFD}\u{FFFD}"),
            ("&#; &#x; & &unknown; &amp", "&#; &#x; & &unknown; &amp"),
            ("&amp;lt;", "&lt;"),
        ] {
            assert_eq!(unescape(text), read, "{text}");
        }
    }
}
