//! Markdown to HTML: the owner's, where mentions, hashtags and bare links work as in plain text, and other people's.

use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd, TextMergeStream, html};

use super::compose::{MentionNames, RenderedText};
use super::handle::Handle;
use super::{MAX_ARTICLE_HTML_BYTES, ResolvedMention, cut, sanitise};

/// The allowed elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MarkdownProfile {
    /// A note: a line break is one; headings become bold lines, images links.
    Note,
    /// An article: headings, tables and images, and lines that flow.
    Article,
}

/// Renders the owner's Markdown, like [`super::to_html`] does for plain text.
pub fn to_html(text: &str, people: &[ResolvedMention], tag_base: &str, length: MarkdownProfile) -> RenderedText {
    let names = MentionNames::new(mentions_in(text), people);
    let mut composed = RenderedText::default();
    let mut out = String::new();
    html::push_html(&mut out, rendered(text, length, |words| names.spans(&mut composed.tags, words, tag_base)));
    composed.html = match length {
        MarkdownProfile::Note => sanitise::note(&out),
        MarkdownProfile::Article => sanitise::article(&out),
    };
    composed.html.truncate(composed.html.trim_end().len());
    composed
}

/// Renders another actor's Markdown as safe HTML, without mentions.
pub fn foreign_to_html(text: &str) -> String {
    to_html(cut(text, MAX_ARTICLE_HTML_BYTES), &[], "", MarkdownProfile::Article).html
}

/// Everyone a Markdown text mentions outside of code and links, each once, in order.
pub fn mentions_in(text: &str) -> Vec<Handle> {
    let mut found: Vec<Handle> = Vec::new();
    let events = rendered(text, MarkdownProfile::Article, |words| {
        for handle in super::mentions_in(words) {
            if !found.iter().any(|known| known.same(&handle)) {
                found.push(handle);
            }
        }
        String::new()
    });
    events.for_each(drop);
    found
}

/// The events of a text, its plain words replaced by the HTML that `words` makes of them.
fn rendered<'a>(
    text: &'a str,
    length: MarkdownProfile,
    mut words: impl FnMut(&str) -> String,
) -> impl Iterator<Item = Event<'a>> {
    let options = match length {
        MarkdownProfile::Note => Options::ENABLE_STRIKETHROUGH,
        MarkdownProfile::Article => Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TABLES,
    };
    // Inside of links and code, and in the description of an image, words are just words.
    let mut shut = 0u32;
    TextMergeStream::new(Parser::new_ext(text, options)).map(move |event| {
        match &event {
            Event::Start(Tag::Link { .. } | Tag::CodeBlock(_) | Tag::Image { .. }) => shut += 1,
            Event::End(TagEnd::Link | TagEnd::CodeBlock | TagEnd::Image) => shut = shut.saturating_sub(1),
            _ => {}
        }
        match event {
            Event::Text(text) if shut == 0 => Event::InlineHtml(CowStr::from(words(&text))),
            Event::SoftBreak if length == MarkdownProfile::Note => Event::HardBreak,
            event => event,
        }
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const TAGS: &str = "https://home.example/tags/";

    fn ada() -> ResolvedMention {
        ResolvedMention { handle: Handle::parse("@ada@example.org").unwrap(), url: "https://example.org/@ada".into() }
    }

    fn note(text: &str) -> String {
        to_html(text, &[ada()], TAGS, MarkdownProfile::Note).html
    }

    #[test]
    fn markdown_is_what_its_readers_see() {
        for (text, seen) in [
            ("*one*\n**two**", "<p><em>one</em><br>\n<strong>two</strong></p>"),
            ("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>"),
            ("~~gone~~ `<b>`", "<p><del>gone</del> <code>&lt;b&gt;</code></p>"),
            ("# Title", "<p><strong>Title</strong></p>"),
            ("> said", "<blockquote>\n<p>said</p>\n</blockquote>"),
        ] {
            assert_eq!(note(text), seen, "{text}");
        }
        let long = to_html("# Title\n\n|a|b|\n|-|-|\n|1|2|\n\none\ntwo", &[], TAGS, MarkdownProfile::Article).html;
        assert!(long.starts_with("<h1>Title</h1>") && long.contains("<td>1</td>"), "{long}");
        assert!(long.contains("<p>one\ntwo</p>"), "{long}");
    }

    #[test]
    fn mentions_and_hashtags_work_inside_but_not_in_code_or_links() {
        let made = to_html(
            "**hi @ada@example.org** about #Snow\n\n`#code @ada@example.org` [#link](https://example.org/)",
            &[ada()],
            TAGS,
            MarkdownProfile::Note,
        );
        assert_eq!(made.tags, ["snow"]);
        assert_eq!(made.html.matches("u-url mention").count(), 1, "{}", made.html);
        assert!(made.html.contains("<strong>hi <span class=\"h-card\""), "{}", made.html);
        assert!(made.html.contains("class=\"mention hashtag\""), "{}", made.html);
        assert!(mentions_in("`@ada@example.org` [@ada@example.org](https://x.example/)").is_empty());
        assert_eq!(mentions_in("*@ada@example.org* and\n@ada@example.org").len(), 1);
        assert!(note("see https://example.org/a_b_c").contains("href=\"https://example.org/a_b_c\""));
    }

    #[test]
    fn raw_html_is_no_way_in() {
        let made = note(
            "hi <script>alert(1)</script> <b onclick=x>bold</b> [x](javascript:alert(1)) ![i](https://x.example/i.png)",
        );
        assert!(!made.contains("script") && !made.contains("onclick"), "{made}");
        assert!(made.contains("<b>bold</b>") && !made.contains("<img"), "{made}");
        assert!(!foreign_to_html("<iframe src=https://x.example/></iframe><svg onload=x>").contains("svg"));
    }

    proptest::proptest! {
        #[test]
        fn nothing_written_runs(text in "[ -~\n]{0,300}") {
            for made in [note(&text), foreign_to_html(&text)] {
                proptest::prop_assert!(!made.contains("<script") && !made.contains("javascript:"), "{}", made);
                proptest::prop_assert_eq!(&sanitise::article(&made), &made);
            }
        }
    }
}
