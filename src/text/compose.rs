//! Plain text to HTML, in the markup Mastodon uses, because its clients read the classes. Asks nothing.

use std::collections::HashMap;
use std::fmt::Write;

use super::escape;
use super::handle::Handle;
use super::scan::{TextSpan, scan, tag_key};

/// Characters of a link shown before it is cut, after its `https://` and `www.`.
const MAX_LINK_TEXT_CHARS: usize = 30;

/// A resolved mention.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolvedMention {
    /// The handle as [`super::mentions_in`] read it (no host for somebody here).
    pub handle: Handle,
    /// The page a click on the mention opens (an actor's `url`, else its id).
    pub url: String,
}

/// A rendered text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RenderedText {
    /// Safe HTML: `<p>`, `<br />`, links.
    pub html: String,
    /// The hashtags, each once, lower case, without `#`, in order.
    pub tags: Vec<String>,
}

/// Renders a text as HTML; `tag_base` is the prefix of hashtag links (`https://host/tags/`).
pub fn to_html(text: &str, people: &[ResolvedMention], tag_base: &str) -> RenderedText {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut composed = RenderedText::default();
    let names = MentionNames::new(super::mentions_in(&text), people);
    for paragraph in paragraphs(text.trim()) {
        let html = names.spans(&mut composed.tags, &paragraph, tag_base);
        composed.html.push_str(&format!("<p>{html}</p>"));
    }
    composed
}

/// The URL of a hashtag's page.
pub fn tag_url(tag_base: &str, name: &str) -> String {
    let mut url = tag_base.to_owned();
    for byte in tag_key(name).bytes() {
        if byte.is_ascii_alphanumeric() || byte == b'_' {
            url.push(char::from(byte));
        } else {
            let _ = write!(url, "%{byte:02X}");
        }
    }
    url
}

/// A link in Mastodon's markup: whole in `href`, its middle shown; scheme and tail hidden by class.
pub fn link_html(written: &str) -> String {
    let href = match url::Url::parse(written) {
        // Some peers take only ASCII: names go as punycode, paths %-encoded.
        Ok(url) if !written.is_ascii() => String::from(url),
        _ => written.to_owned(),
    };
    let (scheme, rest) = written.split_once("://").unwrap_or(("", written));
    let www = rest.get(..4).is_some_and(|head| head.eq_ignore_ascii_case("www."));
    let prefix = scheme.len() + if scheme.is_empty() { 0 } else { 3 } + if www { 4 } else { 0 };
    let (hidden, rest) = written.split_at_checked(prefix).unwrap_or(("", written));
    let end = rest.char_indices().nth(MAX_LINK_TEXT_CHARS).map_or(rest.len(), |(at, _)| at);
    let (shown, tail) = rest.split_at_checked(end).unwrap_or((rest, ""));
    let class = if tail.is_empty() { "" } else { " class=\"ellipsis\"" };
    format!(
        "<a href=\"{}\" target=\"_blank\" rel=\"nofollow noopener noreferrer\" translate=\"no\">\
         <span class=\"invisible\">{}</span><span{class}>{}</span><span class=\"invisible\">{}</span></a>",
        escape(&href),
        escape(hidden),
        escape(shown),
        escape(tail)
    )
}

/// A mention in Mastodon's markup; `shown` stands behind the `@`.
pub fn mention_html(url: &str, shown: &str) -> String {
    format!(
        "<span class=\"h-card\" translate=\"no\"><a href=\"{}\" class=\"u-url mention\">@<span>{}</span></a></span>",
        escape(url),
        escape(shown)
    )
}

/// Mentions of a text: their page, and the shown name.
pub(super) struct MentionNames<'p>(HashMap<Handle, (&'p str, String)>);

impl<'p> MentionNames<'p> {
    /// The shown name of each mention: with the host when two share the name.
    pub(super) fn new(named: Vec<Handle>, people: &'p [ResolvedMention]) -> Self {
        let known: Vec<&ResolvedMention> = people.iter().filter(|p| named.iter().any(|n| n.same(&p.handle))).collect();
        let shared = |p: &ResolvedMention| {
            known.iter().filter(|q| q.handle.name.eq_ignore_ascii_case(&p.handle.name)).count() > 1
        };
        let shown = |p: &ResolvedMention| if shared(p) { p.handle.acct() } else { p.handle.name.clone() };
        Self(known.iter().map(|p| (fold_case(&p.handle), (p.url.as_str(), shown(p)))).collect())
    }

    /// HTML of a piece of text with its links, mentions and hashtags; new hashtags are added to `tags`.
    pub(super) fn spans(&self, tags: &mut Vec<String>, text: &str, tag_base: &str) -> String {
        let mut html = String::with_capacity(text.len());
        for span in scan(text) {
            match span {
                TextSpan::Text(text) => html.push_str(&escape(text).replace('\n', "<br />")),
                TextSpan::Link(url) => html.push_str(&link_html(url)),
                TextSpan::Mention(written, handle) => match self.0.get(&fold_case(&handle)) {
                    Some((url, shown)) => html.push_str(&mention_html(url, shown)),
                    None => html.push_str(&escape(written)),
                },
                TextSpan::Tag(_, name) => {
                    let key = tag_key(name);
                    let _ = write!(
                        html,
                        "<a href=\"{}\" class=\"mention hashtag\" rel=\"tag\">#<span>{}</span></a>",
                        escape(&tag_url(tag_base, name)),
                        escape(name)
                    );
                    if !tags.contains(&key) {
                        tags.push(key);
                    }
                }
            }
        }
        html
    }
}

fn fold_case(handle: &Handle) -> Handle {
    Handle { name: handle.name.to_ascii_lowercase(), host: handle.host.clone() }
}

/// The paragraphs of a text: runs of lines, parted by lines that are empty or blank.
fn paragraphs(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut lines: Vec<&str> = Vec::new();
    for line in text.split('\n').chain([""]) {
        if !line.trim().is_empty() {
            lines.push(line.trim_end());
        } else if !lines.is_empty() {
            found.push(lines.join("\n"));
            lines.clear();
        }
    }
    found
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const TAGS: &str = "https://home.example/tags/";

    fn person(handle: &str) -> ResolvedMention {
        let handle = Handle::parse(handle).unwrap();
        let host = handle.host.clone().unwrap_or("home.example".into());
        ResolvedMention { url: format!("https://{host}/@{}", handle.name), handle }
    }

    fn html(text: &str) -> String {
        to_html(text, &[person("@ada@example.org"), person("@Bob@other.example"), person("@ada")], TAGS).html
    }

    #[test]
    fn paragraphs_and_lines() {
        for (text, seen) in [
            ("", ""),
            (" \n\n ", ""),
            ("one", "<p>one</p>"),
            ("one\ntwo", "<p>one<br />two</p>"),
            ("one\r\ntwo\rthree", "<p>one<br />two<br />three</p>"),
            ("one\n\ntwo\n \n\n\nthree\n", "<p>one</p><p>two</p><p>three</p>"),
            ("  indented", "<p>indented</p>"),
            ("<b> & \"x\" 'y'", "<p>&lt;b&gt; &amp; &quot;x&quot; &#39;y&#39;</p>"),
        ] {
            assert_eq!(html(text), seen, "{text:?}");
        }
    }

    #[test]
    fn mentions_in_mastodons_markup() {
        assert_eq!(
            html("hi @BOB@Other.Example!"),
            "<p>hi <span class=\"h-card\" translate=\"no\"><a href=\"https://other.example/@Bob\" \
             class=\"u-url mention\">@<span>Bob</span></a></span>!</p>"
        );
        assert_eq!(html("@nobody@nowhere.example"), "<p>@nobody@nowhere.example</p>");
        let both = html("@ada@example.org @ada");
        assert!(both.contains("@<span>ada@example.org</span>") && both.contains("@<span>ada</span>"), "{both}");
    }

    #[test]
    fn hashtags_in_mastodons_markup() {
        let made = to_html("#Blåbær and #blåbær ＃写真", &[], TAGS);
        assert_eq!(made.tags, ["blåbær", "写真"]);
        assert!(made.html.starts_with(
            "<p><a href=\"https://home.example/tags/bl%C3%A5b%C3%A6r\" class=\"mention hashtag\" rel=\"tag\">\
             #<span>Blåbær</span></a> and"
        ));
    }

    #[test]
    fn links_in_mastodons_markup() {
        assert_eq!(
            html("https://www.example.org/a-rather-long-path/that-goes-on?x=1&y=2."),
            "<p><a href=\"https://www.example.org/a-rather-long-path/that-goes-on?x=1&amp;y=2\" target=\"_blank\" \
             rel=\"nofollow noopener noreferrer\" translate=\"no\"><span class=\"invisible\">https://www.</span>\
             <span class=\"ellipsis\">example.org/a-rather-long-path</span>\
             <span class=\"invisible\">/that-goes-on?x=1&amp;y=2</span></a>.</p>"
        );
        assert!(html("https://example.org").contains(
            "<span class=\"invisible\">https://</span><span>example.org</span><span class=\"invisible\"></span>"
        ));
        assert!(html("https://bücher.example/å").contains("href=\"https://xn--bcher-kva.example/%C3%A5\""));
    }

    #[test]
    fn our_own_words_pass_our_own_gate() {
        for text in ["a\n\nb <script>", "@ada@example.org #tag https://example.org/?a=1&b=2", "\"'&lt;"] {
            let made = html(text);
            let clean = super::super::sanitise::note(&made);
            assert_eq!(
                super::super::plain_text::from_html(&clean),
                super::super::plain_text::from_html(&made),
                "what we send survives a strict reader"
            );
        }
    }

    proptest::proptest! {
        #[test]
        fn nothing_written_becomes_markup(text in ".{0,300}") {
            let made = to_html(&text, &[], TAGS);
            for tag in made.html.split('<').skip(1) {
                let known = ["p>", "/p>", "br />", "a href=\"", "/a>", "span", "/span>"];
                proptest::prop_assert!(known.iter().any(|k| tag.starts_with(k)), "{}", tag);
            }
        }
    }
}
