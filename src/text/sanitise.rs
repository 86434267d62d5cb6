//! Sanitizes untrusted HTML. Everything a peer sends as HTML passes here before a page or an app gets it.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::LazyLock;

use ammonia::{Builder, UrlRelative};

use super::html_normalizer::{
    ARTICLE_BLOCK_ELEMENTS, BLOCK_ELEMENTS, HASHTAG_LINK_REL, HtmlProfile, INLINE_ELEMENTS, LINK_REL, LINK_SCHEMES,
    normalize,
};
use super::{MAX_ARTICLE_HTML_BYTES, MAX_BIO_HTML_BYTES, MAX_FIELD_HTML_BYTES, MAX_NOTE_HTML_BYTES, cut};

/// A post's content: text, lists, quotes, code, links; headings become bold paragraphs, images become links.
pub fn note(html: &str) -> String {
    sanitize(cut(html, MAX_NOTE_HTML_BYTES), HtmlProfile::Note, &[])
}

/// As [`note`], without the images that are the post's attachments anyway (their addresses in `attachments`).
pub fn note_with_quote(html: &str, attachments: &[&str]) -> String {
    sanitize(cut(html, MAX_NOTE_HTML_BYTES), HtmlProfile::Note, attachments)
}

/// An article's content: headings, tables, images, sound and video too. Its `src`s are remote: before a page shows
/// them they go through [`super::rewrite::sources`].
pub fn article(html: &str) -> String {
    sanitize(cut(html, MAX_ARTICLE_HTML_BYTES), HtmlProfile::Article, &[])
}

/// A profile's bio.
pub fn bio(html: &str) -> String {
    sanitize(cut(html, MAX_BIO_HTML_BYTES), HtmlProfile::Note, &[])
}

/// A profile field's value: one line of text and links.
pub fn field(html: &str) -> String {
    sanitize(cut(html, MAX_FIELD_HTML_BYTES), HtmlProfile::Field, &[]).replace(['\n', '\t'], " ").trim().to_owned()
}

fn sanitize(html: &str, kind: HtmlProfile, known: &[&str]) -> String {
    let gate = match kind {
        HtmlProfile::Note => &NOTE,
        HtmlProfile::Article => &ARTICLE,
        HtmlProfile::Field => &FIELD,
    };
    until_stable(&gate.clean(&normalize(html, kind, known)).to_string())
}

/// The rest of what a parser would change when it reads its own output again, now that character references are
/// characters: controls, byte order marks, the line break behind `<pre>`.
fn until_stable(html: &str) -> String {
    let kept = |c: &char| matches!(c, '\n' | '\t') || !(c.is_control() || *c == '\u{FEFF}');
    let html: String = html.chars().map(|c| if c == '\r' { '\n' } else { c }).filter(kept).collect();
    let mut parts = html.split("<pre>");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out.push_str("<pre>");
        out.push_str(part.trim_start_matches('\n'));
    }
    out
}

static NOTE: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut gate = url_filter();
    gate.add_tags(BLOCK_ELEMENTS).add_tags(["br", "hr"]);
    gate
});

static FIELD: LazyLock<Builder<'static>> = LazyLock::new(url_filter);

static ARTICLE: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut gate = url_filter();
    gate.add_tags(BLOCK_ELEMENTS)
        .add_tags(ARTICLE_BLOCK_ELEMENTS)
        .add_tags(["br", "hr", "img", "source"])
        .add_tag_attributes("img", ["src", "alt", "width", "height"])
        .add_tag_attributes("video", ["src", "poster"])
        .add_tag_attributes("audio", ["src"])
        .add_tag_attributes("source", ["src"])
        .add_tag_attributes("td", ["colspan", "rowspan"])
        .add_tag_attributes("th", ["colspan", "rowspan"])
        .set_tag_attribute_value("img", "loading", "lazy")
        .set_tag_attribute_value("video", "controls", "")
        .set_tag_attribute_value("audio", "controls", "")
        // Nothing plays or loads before somebody asks for it.
        .set_tag_attribute_value("video", "preload", "none")
        .set_tag_attribute_value("audio", "preload", "none");
    gate
});

/// What every kind of document may hold: words in a line, and the attributes of a note.
fn url_filter() -> Builder<'static> {
    let mut gate = Builder::empty();
    gate.tags(INLINE_ELEMENTS.iter().copied().collect())
        .tag_attributes(Default::default())
        .generic_attributes(HashSet::from(["lang"]))
        .add_tag_attributes("a", ["href", "class", "translate", "rel"])
        .add_tag_attributes("span", ["class", "translate"])
        .add_tag_attributes("p", ["class"])
        .add_tag_attributes("ol", ["start", "reversed"])
        .add_tag_attributes("li", ["value"])
        .add_tag_attributes("abbr", ["title"])
        .add_tag_attributes("blockquote", ["cite"])
        .set_tag_attribute_value("a", "target", "_blank")
        .url_schemes(LINK_SCHEMES.iter().copied().collect())
        .url_relative(UrlRelative::Deny)
        // `tidy` writes the rel itself, so that a hashtag keeps its `tag`.
        .link_rel(None)
        .attribute_filter(is_kept);
    gate
}

/// The last word on attributes whose value matters and that ammonia does not judge.
fn is_kept<'v>(_element: &str, attribute: &str, value: &'v str) -> Option<Cow<'v, str>> {
    let web = |v: &str| v.starts_with("https://") || v.starts_with("http://");
    match attribute {
        "rel" if value == LINK_REL || value == HASHTAG_LINK_REL => Some(value.into()),
        "rel" => Some(LINK_REL.into()),
        "src" | "poster" | "cite" if !web(value) => None,
        _ => Some(value.into()),
    }
}

#[cfg(test)]
mod tests;
