//! Rewrites untrusted HTML as balanced, bounded HTML in a small vocabulary, in one linear pass.

use super::html_tokens::{HtmlToken, HtmlTokens, StartTag, tokens};
use super::{MAX_HTML_DEPTH, MAX_HTML_ELEMENTS, MAX_LINK_BYTES, cut, cut_chars, escape};
use url::Url;

/// The kind of a document, which decides what it may contain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HtmlProfile {
    /// A note or bio: text, lists, links; headings become bold paragraphs, images become links.
    Note,
    /// An article: headings, images, tables, sound and video too.
    Article,
    /// A profile field: one line.
    Field,
}

/// Inline elements.
pub(super) const INLINE_ELEMENTS: &[&str] =
    &["a", "abbr", "b", "code", "del", "em", "i", "rp", "rt", "ruby", "s", "span", "strong", "sub", "sup", "u"];
/// Block elements of notes and articles.
pub(super) const BLOCK_ELEMENTS: &[&str] = &["blockquote", "li", "ol", "p", "pre", "ul"];
/// Block elements of articles only.
pub(super) const ARTICLE_BLOCK_ELEMENTS: &[&str] = &[
    "audio",
    "caption",
    "dd",
    "dl",
    "dt",
    "figcaption",
    "figure",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "tr",
    "video",
];
/// Link schemes kept, those of Mastodon.
pub(super) const LINK_SCHEMES: &[&str] =
    &["http", "https", "dat", "dweb", "ipfs", "ipns", "ssb", "gopher", "xmpp", "magnet", "gemini"];
/// Class words kept on `a`, `span` and `p`, beside microformats (`h-…`, `p-…`, `u-…`, `dt-…`, `e-…`).
const ALLOWED_CLASSES: &[&str] = &["mention", "hashtag", "ellipsis", "invisible", "quote-inline"];
/// The `rel` of every link.
pub(super) const LINK_REL: &str = "nofollow noopener noreferrer";
/// The `rel` of a hashtag's link, which readers know by it.
pub(super) const HASHTAG_LINK_REL: &str = "tag nofollow noopener noreferrer";
/// Tags we drop whose edges still part lines.
const SEPARATING_ELEMENTS: &[&str] = &[
    "address",
    "article",
    "aside",
    "center",
    "details",
    "div",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "header",
    "hr",
    "main",
    "nav",
    "option",
    "section",
    "summary",
    "table",
    "td",
    "th",
    "tr",
    "dl",
    "dt",
    "dd",
];

/// Bytes of text without a tag. html5ever writes `&` and signs like `°` in time by the square of the text around them,
/// so a long text gets a `<wbr>`: ammonia drops it, but it leaves two shorter texts.
const MAX_TEXT_RUN_BYTES: usize = 4_096;

/// Rewrites a document; images whose address is in `known` are left out of a note (snac, mitra and
/// others send them as attachments too).
pub(super) fn normalize(html: &str, kind: HtmlProfile, known: &[&str]) -> String {
    let mut tidy = Normalizer {
        kind,
        known,
        out: String::new(),
        open: Vec::new(),
        made: 0,
        run: 0,
        part: false,
        in_line: false,
        silent: false,
    };
    let last_math = html.len() - html.rfind("</math").unwrap_or(0);
    let mut tokens = tokens(html);
    while let Some(token) = tokens.next() {
        match token {
            HtmlToken::Text(text) => tidy.text(text),
            HtmlToken::Close(name) => tidy.end(&name),
            HtmlToken::Open(tag) if tag.name == "math" && tokens.left() >= last_math && last_math < html.len() => {
                let formula = formula(&tag, &mut tokens);
                tidy.text(&formula);
            }
            HtmlToken::Open(tag) => tidy.begin(&tag),
        }
    }
    tidy.close_all();
    tidy.out
}

struct Normalizer<'k> {
    kind: HtmlProfile,
    known: &'k [&'k str],
    out: String,
    open: Vec<&'static str>,
    made: usize,
    run: usize,
    /// A line break is due before the next text.
    part: bool,
    /// There is text before this point in the same block.
    in_line: bool,
    /// A video or song of a note is open that has not said yet where it is.
    silent: bool,
}

impl Normalizer<'_> {
    fn text(&mut self, text: &str) {
        if !text.trim().is_empty() {
            self.words();
        }
        for c in text.chars() {
            // Only where no character reference can stand across it.
            if self.run > MAX_TEXT_RUN_BYTES && (c == '&' || !c.is_ascii()) {
                self.out.push_str("<wbr>");
                self.run = 0;
            }
            self.run += c.len_utf8();
            match c {
                '<' => self.out.push_str("&lt;"),
                '>' => self.out.push_str("&gt;"),
                '\n' | '\t' if self.kind == HtmlProfile::Field => self.out.push(' '),
                '\n' | '\t' => self.out.push(c),
                '\u{FEFF}' => (),
                c if c.is_control() => (),
                c => self.out.push(c),
            }
        }
    }

    /// Words are about to follow: the line break owed to a dropped block is paid.
    fn words(&mut self) {
        if self.part && self.in_line {
            let counted = self.kind != HtmlProfile::Field && self.made < MAX_HTML_ELEMENTS;
            self.made += usize::from(counted);
            self.out.push_str(if counted { "<br>" } else { " " });
        }
        self.part = false;
        self.in_line = true;
    }

    fn begin(&mut self, tag: &StartTag<'_>) {
        let name = tag.name.as_str();
        if self.made >= MAX_HTML_ELEMENTS {
            return;
        }
        match (name, self.kind) {
            ("br", HtmlProfile::Field) => self.part = true,
            ("br", _) => self.void("br", ""),
            ("img" | "image", HtmlProfile::Article) => {
                if let Some(attributes) = picture(tag) {
                    self.words();
                    self.void("img", &attributes);
                }
            }
            ("img" | "image", _) => self.picture_link(tag),
            ("iframe" | "embed", HtmlProfile::Note | HtmlProfile::Article) => self.medium_link(tag),
            ("audio" | "video", HtmlProfile::Note) => {
                self.silent = media_link(tag, "src").is_none();
                self.medium_link(tag);
            }
            ("source", HtmlProfile::Note) if self.silent => self.medium_link(tag),
            ("source", HtmlProfile::Article) => {
                let inside = self.open.iter().any(|o| matches!(*o, "audio" | "video"));
                if let Some(src) = media_link(tag, "src").filter(|_| inside) {
                    self.void("source", &attribute("src", &src));
                }
            }
            ("hr", HtmlProfile::Note | HtmlProfile::Article) => {
                self.before("hr");
                self.void("hr", "");
                self.in_line = false;
            }
            ("h1" | "h2" | "h3" | "h4" | "h5" | "h6", HtmlProfile::Note) => {
                self.push("p", "");
                self.push("strong", "");
            }
            _ => match (is_known(name, self.kind), attributes(tag)) {
                (Some(name), Some(attributes)) => self.push(name, &attributes),
                (None, _) if is_separating(name) => self.part = true,
                _ => (),
            },
        }
    }

    fn end(&mut self, name: &str) {
        let name = match name {
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" if self.kind == HtmlProfile::Note => "p",
            name => name,
        };
        self.silent &= !matches!(name, "audio" | "video");
        if self.open.contains(&name) {
            self.close_to(name);
        } else if is_separating(name) {
            self.part = true;
        }
    }

    fn void(&mut self, name: &str, attributes: &str) {
        self.made += 1;
        self.out.push('<');
        self.out.push_str(name);
        self.out.push_str(attributes);
        self.out.push('>');
        if name == "br" {
            (self.part, self.in_line) = (false, false);
        }
    }

    fn push(&mut self, name: &'static str, attributes: &str) {
        self.before(name);
        if self.open.len() >= MAX_HTML_DEPTH || self.made >= MAX_HTML_ELEMENTS || !self.fits(name) {
            return;
        }
        if INLINE_ELEMENTS.contains(&name) {
            // The break owed stands before the tag, not in it; the words are yet to come.
            let owed = self.part && self.in_line;
            if owed {
                self.words();
            }
        } else {
            (self.part, self.in_line) = (false, false);
        }
        self.void(name, attributes);
        self.open.push(name);
    }

    /// Closes what a parser would close before such a tag.
    fn before(&mut self, name: &str) {
        let list_item = ["ul", "ol", "blockquote", "td", "th"].as_slice();
        let (closes, within): (&[&str], &[&str]) = match name {
            "li" => (&["li"], list_item),
            "dt" | "dd" => (&["dt", "dd"], &["dl"]),
            "rt" | "rp" => (&["rt", "rp"], &["ruby"]),
            "td" | "th" => (&["td", "th"], &["table"]),
            "tr" => (&["tr"], &["table"]),
            "thead" | "tbody" | "tfoot" | "caption" => (&["thead", "tbody", "tfoot", "caption"], &["table"]),
            "a" => (&["a"], &[]),
            _ => (&[], &[]),
        };
        self.close_within(closes, within);
        if matches!(name, "h1" | "h2" | "h3" | "h4" | "h5" | "h6") {
            self.close_within(&["h1", "h2", "h3", "h4", "h5", "h6"], &["td", "th", "li", "blockquote"]);
        }
        if !INLINE_ELEMENTS.contains(&name) && !matches!(name, "audio" | "video") {
            self.close_within(&["p"], &[]);
        }
    }

    /// Closes the innermost of these that is open within the innermost of those.
    fn close_within(&mut self, closes: &[&str], within: &[&str]) {
        let found = self.open.iter().rev().take_while(|o| !within.contains(o)).find(|o| closes.contains(o)).copied();
        if let Some(name) = found {
            self.close_to(name);
        }
    }

    /// False where a parser would move the tag elsewhere or drop it.
    fn fits(&self, name: &str) -> bool {
        let parent = self.open.last().copied().unwrap_or_default();
        match name {
            "td" | "th" => parent == "tr",
            "tr" => matches!(parent, "table" | "tbody" | "thead" | "tfoot"),
            "tbody" | "thead" | "tfoot" | "caption" => parent == "table",
            _ => !matches!(parent, "table" | "tbody" | "thead" | "tfoot" | "tr"),
        }
    }

    fn close_to(&mut self, name: &str) {
        while let Some(top) = self.open.pop() {
            self.out.push_str("</");
            self.out.push_str(top);
            self.out.push('>');
            if !INLINE_ELEMENTS.contains(&top) {
                (self.part, self.in_line) = (false, false);
            }
            if top == name {
                break;
            }
        }
    }

    fn close_all(&mut self) {
        while let Some(top) = self.open.last().copied() {
            self.close_to(top);
        }
    }

    /// Remote media: a link to it in a line of its own. It never loads by itself.
    fn medium_link(&mut self, tag: &StartTag<'_>) {
        let Some(src) = media_link(tag, "src").filter(|src| !self.known.contains(&src.as_str())) else { return };
        self.silent = false;
        let title = tag.get("title").or(tag.get("aria-label")).filter(|title| !title.trim().is_empty());
        let words = cut(title.as_deref().unwrap_or(&src), MAX_LINK_BYTES).replace('&', "&amp;");
        self.part = true;
        if self.open.contains(&"a") {
            self.text(&words);
        } else {
            self.push("a", &format!("{} rel=\"{LINK_REL}\"", attribute("href", &src)));
            self.text(&words);
            self.end("a");
        }
        self.part = true;
    }

    /// An image in a note: its description as a link to it; an emoji or an image in a link: its description.
    fn picture_link(&mut self, tag: &StartTag<'_>) {
        let alt = tag.get("alt").or(tag.get("title")).unwrap_or_default();
        let src = media_link(tag, "src").filter(|_| !self.open.contains(&"a"));
        let src = src.filter(|_| !["emoji", "custom-emoji", "emojione"].iter().any(|class| tag.has_class(class)));
        let words = |text: &str| cut(text, MAX_LINK_BYTES).replace('&', "&amp;");
        match src {
            Some(src) if self.known.contains(&src.as_str()) => (),
            Some(src) => {
                let attributes = format!("{} rel=\"{LINK_REL}\"", attribute("href", &src));
                self.push("a", &attributes);
                self.text(&words(if alt.trim().is_empty() { &src } else { &alt }));
                self.end("a");
            }
            None => self.text(&words(&alt)),
        }
    }
}

/// A formula as its TeX between dollars, else its text (FEP-dc88); reads up to `</math>`.
fn formula(math: &StartTag<'_>, tokens: &mut HtmlTokens<'_>) -> String {
    let (mut text, mut tex, mut in_tex) = (String::new(), String::new(), false);
    for token in tokens.by_ref() {
        match token {
            HtmlToken::Close(name) if name == "math" => break,
            HtmlToken::Close(name) if name == "annotation" => in_tex = false,
            HtmlToken::Open(tag) if tag.name == "annotation" => {
                in_tex = tag.get("encoding").is_some_and(|e| e.eq_ignore_ascii_case("application/x-tex"));
            }
            HtmlToken::Text(words) if in_tex => tex.push_str(words),
            HtmlToken::Text(words) => text.push_str(words),
            _ => (),
        }
    }
    match (tex.trim(), math.get("display").as_deref()) {
        ("", _) => text,
        (tex, Some("block")) => format!("$${tex}$$"),
        (tex, _) => format!("${tex}$"),
    }
}

fn is_known(name: &str, kind: HtmlProfile) -> Option<&'static str> {
    let lists: &[&[&'static str]] = match kind {
        HtmlProfile::Note => &[INLINE_ELEMENTS, BLOCK_ELEMENTS],
        HtmlProfile::Article => &[INLINE_ELEMENTS, BLOCK_ELEMENTS, ARTICLE_BLOCK_ELEMENTS],
        HtmlProfile::Field => &[INLINE_ELEMENTS],
    };
    lists.iter().flat_map(|list| list.iter()).find(|n| **n == name).copied()
}

fn is_separating(name: &str) -> bool {
    SEPARATING_ELEMENTS.contains(&name) || BLOCK_ELEMENTS.contains(&name) || ARTICLE_BLOCK_ELEMENTS.contains(&name)
}

/// The attributes kept of a tag, each with a blank before it; none when the tag means nothing without one.
fn attributes(tag: &StartTag<'_>) -> Option<String> {
    let mut out = String::new();
    let mut keep = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            out.push_str(&attribute(name, &value));
        }
    };
    let number = |name: &str| tag.get(name).filter(|v| v.parse::<i32>().is_ok_and(|n| (-99_999..=99_999).contains(&n)));
    match tag.name.as_str() {
        "a" => {
            let tagged = tag.get("rel").is_some_and(|rel| rel.split_ascii_whitespace().any(|w| w == "tag"));
            keep("href", Some(link(&tag.get("href")?)?));
            keep("class", classes(tag));
            keep("translate", untranslated(tag));
            keep("rel", Some(if tagged { HASHTAG_LINK_REL } else { LINK_REL }.to_owned()));
        }
        "span" => {
            keep("class", classes(tag));
            keep("translate", untranslated(tag));
        }
        "p" => keep("class", classes(tag)),
        "ol" => {
            keep("start", number("start"));
            keep("reversed", tag.get("reversed").map(|_| String::new()));
        }
        "li" => keep("value", number("value")),
        "abbr" => keep("title", tag.get("title").map(|t| cut(&t, 500).to_owned())),
        "blockquote" => keep("cite", tag.get("cite").and_then(|c| link(&c))),
        "td" | "th" => {
            keep("colspan", number("colspan"));
            keep("rowspan", number("rowspan"));
        }
        "video" | "audio" => {
            keep("src", media_link(tag, "src"));
            keep("poster", media_link(tag, "poster").filter(|_| tag.name == "video"));
        }
        _ => (),
    }
    // A parser eats the line break behind `<pre>`, which is why that tag is kept bare: see sanitise.rs.
    if tag.name != "pre" {
        keep("lang", tag.get("lang").filter(|l| is_language(l)));
    }
    Some(out)
}

fn picture(tag: &StartTag<'_>) -> Option<String> {
    let mut out = attribute("src", &media_link(tag, "src")?);
    out.push_str(&attribute("alt", cut_chars(&tag.get("alt").unwrap_or_default(), super::MAX_ALT_TEXT_CHARS)));
    for name in ["width", "height"] {
        if let Some(value) = tag.get(name).filter(|v| v.parse::<u16>().is_ok()) {
            out.push_str(&attribute(name, &value));
        }
    }
    Some(out)
}

fn attribute(name: &str, value: &str) -> String {
    let value: String = value.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    format!(" {name}=\"{}\"", escape(value.trim()))
}

fn classes(tag: &StartTag<'_>) -> Option<String> {
    let micro = |word: &str| {
        let prefixed = ["h-", "p-", "u-", "dt-", "e-"].iter().any(|prefix| word.starts_with(prefix));
        prefixed && word.len() <= 40 && word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let class = tag.get("class")?;
    let kept: Vec<&str> =
        class.split_ascii_whitespace().filter(|word| ALLOWED_CLASSES.contains(word) || micro(word)).take(8).collect();
    (!kept.is_empty()).then(|| kept.join(" "))
}

fn untranslated(tag: &StartTag<'_>) -> Option<String> {
    tag.get("translate").filter(|v| v == "no")
}

fn is_language(text: &str) -> bool {
    (2..=35).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

/// A link's address, when it is one we keep.
fn link(address: &str) -> Option<String> {
    let address: String = address.chars().filter(|c| !c.is_control()).collect();
    let address = address.trim();
    let fits = address.len() <= MAX_LINK_BYTES && Url::parse(address).is_ok_and(|u| LINK_SCHEMES.contains(&u.scheme()));
    fits.then(|| address.to_owned())
}

fn media_link(tag: &StartTag<'_>, name: &str) -> Option<String> {
    link(&tag.get(name)?).filter(|l| Url::parse(l).is_ok_and(|u| matches!(u.scheme(), "http" | "https")))
}
