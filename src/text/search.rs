//! Search queries and indexed words: what of a post is indexed, and the query syntax (`"two words"`, `-not`, `from:me`,
//! …).

use std::time::Duration;

use super::html_tokens::{HtmlToken, tokens, unescape};
use super::{Handle, cut};
use crate::base::Time;

/// Bytes of a post's words that are found; what follows is not.
const MAX_INDEXED_BYTES: usize = 20_000;
/// Bytes read of what is asked for.
const MAX_QUERY_BYTES: usize = 2_048;
/// Words and phrases looked for at once.
const MAX_TERMS: usize = 20;
const DAY: Duration = Duration::from_hours(24);

/// The indexed text of a post.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IndexedText {
    /// Its words, apart from each other.
    pub text: String,
    /// It has a link, be it to whom it names or a hashtag not counted.
    pub link: bool,
}

/// The words of safe HTML and of plain texts beside it. Of an address only its server is found: the rest is no word.
pub fn words(html: &str, beside: &[&str]) -> IndexedText {
    let (mut all, mut link) = (beside.join("\n"), false);
    for token in tokens(html) {
        match token {
            HtmlToken::Text(text) => all.push_str(&unescape(text)),
            HtmlToken::Open(tag) if tag.name == "a" => {
                let named = ["mention", "hashtag", "u-url"].iter().any(|class| tag.has_class(class));
                link |= !named && tag.get("href").is_some();
            }
            HtmlToken::Open(tag) if tag.name == "img" => {
                all.push(' ');
                all.push_str(&tag.get("alt").unwrap_or_default());
            }
            // Half an address stands in a span of its own.
            HtmlToken::Open(tag) if tag.name == "span" => {}
            HtmlToken::Close(name) if name == "span" => {}
            HtmlToken::Open(_) | HtmlToken::Close(_) => all.push(' '),
        }
        if all.len() > MAX_INDEXED_BYTES {
            break;
        }
    }
    let mut text = String::with_capacity(all.len());
    for word in cut(&all, MAX_INDEXED_BYTES).split_whitespace() {
        let word = match word.split_once("://") {
            Some((_, rest)) => rest.split(['/', '?', '#']).next().unwrap_or_default(),
            None => word,
        };
        push_separated(&mut text, word);
    }
    IndexedText { text, link }
}

/// Adds a word. Text in scripts without spaces is split into letters, so that a part is found as a phrase.
fn push_separated(out: &mut String, word: &str) {
    if !out.is_empty() {
        out.push(' ');
    }
    for signed in word.chars() {
        match signed {
            // How the index would be told of other columns.
            '"' | '\0' => out.push(' '),
            _ if is_own_word(signed) => out.extend([' ', signed, ' ']),
            _ => out.push(signed),
        }
    }
}

/// Han, kana and hangul.
fn is_own_word(signed: char) -> bool {
    matches!(signed, '\u{3040}'..='\u{30FF}' | '\u{31F0}'..='\u{31FF}' | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}'
        | '\u{AC00}'..='\u{D7AF}' | '\u{F900}'..='\u{FAFF}' | '\u{FF66}'..='\u{FF9F}' | '\u{20000}'..='\u{3FFFF}')
}

/// A text as the words of one phrase, as [`words`] has them; None when nothing in it can be found.
pub fn phrase(text: &str) -> Option<String> {
    let mut apart = String::new();
    for word in text.split_whitespace() {
        push_separated(&mut apart, word);
    }
    let apart = apart.split_whitespace().collect::<Vec<_>>().join(" ");
    apart.chars().any(char::is_alphanumeric).then_some(apart)
}

/// Whether something is wanted or not wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TermSign {
    /// It must be so.
    With,
    /// It must not.
    Without,
}

/// Conditions besides text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PostTrait {
    /// Written by the owner.
    Own,
    /// By this author.
    By(Handle),
    /// Has images or other files.
    Media,
    /// Has a poll.
    Poll,
    /// Has a link.
    Link,
    /// Is a reply.
    Reply,
    /// Starts covered.
    Sensitive,
    /// Is in this language (BCP 47).
    Language(String),
}

/// A parsed query.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ParsedQuery {
    /// Phrases of one or more words.
    pub terms: Vec<(TermSign, String)>,
    /// Other conditions.
    pub traits: Vec<(TermSign, PostTrait)>,
    /// Only posts from before.
    pub before: Option<Time>,
    /// Only posts from this moment on.
    pub since: Option<Time>,
    /// Impossible conditions: nothing matches.
    pub never: bool,
}

impl ParsedQuery {
    /// Reads it.
    pub fn read(text: &str) -> Self {
        let mut asked = Self::default();
        for (sign, piece) in pieces(cut(text.trim(), MAX_QUERY_BYTES)).into_iter().take(MAX_TERMS) {
            let operator = match &piece {
                QueryTerm::Word(word) => {
                    word.split_once(':').is_some_and(|(name, value)| asked.operator(sign, name, value))
                }
                QueryTerm::Quoted(_) => false,
            };
            let (QueryTerm::Word(said) | QueryTerm::Quoted(said)) = piece;
            if let Some(phrase) = phrase(said).filter(|_| !operator) {
                asked.terms.push((sign, phrase));
            }
        }
        asked
    }

    /// Takes an operator; false when it is none of ours.
    fn operator(&mut self, sign: TermSign, name: &str, value: &str) -> bool {
        let value = value.trim_matches('"');
        let kind = match (name.to_ascii_lowercase().as_str(), value.to_ascii_lowercase().as_str()) {
            ("from", "me") => PostTrait::Own,
            ("from", _) => match Handle::parse(value.trim_start_matches('@')) {
                Some(handle) => PostTrait::By(handle),
                None => {
                    self.never |= sign == TermSign::With;
                    return true;
                }
            },
            ("has", "media" | "image" | "video" | "audio") => PostTrait::Media,
            ("has", "poll") => PostTrait::Poll,
            ("has", "link" | "embed") => PostTrait::Link,
            ("is", "reply") => PostTrait::Reply,
            ("is", "sensitive") => PostTrait::Sensitive,
            ("language", tag) if !tag.is_empty() => PostTrait::Language(tag.to_owned()),
            // Here all that is stored is the owner's library.
            ("in", "all" | "library" | "public") => return true,
            ("before" | "after" | "during", _) => return self.parse_date(&name.to_ascii_lowercase(), value),
            _ => return false,
        };
        self.traits.push((sign, kind));
        true
    }

    fn parse_date(&mut self, name: &str, value: &str) -> bool {
        let Some(day) = Time::parse(value).filter(|_| value.len() == 10) else { return false };
        match name {
            "before" => self.before = Some(self.before.map_or(day, |known| known.min(day))),
            "after" => self.since = Some(self.since.map_or(day.plus(DAY), |known| known.max(day.plus(DAY)))),
            _ => (self.since, self.before) = (Some(day), Some(day.plus(DAY))),
        }
        true
    }
}

/// A word, or a quoted phrase.
enum QueryTerm<'a> {
    Word(&'a str),
    Quoted(&'a str),
}

fn pieces(text: &str) -> Vec<(TermSign, QueryTerm<'_>)> {
    let (mut found, mut rest) = (Vec::new(), text);
    loop {
        rest = rest.trim_start();
        let sign = match rest.chars().next() {
            None => return found,
            Some('-') => TermSign::Without,
            Some(_) => TermSign::With,
        };
        let body = rest.strip_prefix(['-', '+']).unwrap_or(rest);
        if let Some((quoted, after)) = body.strip_prefix('"').map(|body| body.split_once('"').unwrap_or((body, ""))) {
            found.push((sign, QueryTerm::Quoted(quoted)));
            rest = after;
        } else {
            let end = body.find(char::is_whitespace).unwrap_or(body.len());
            let (word, after) = body.split_at(end);
            found.push((sign, QueryTerm::Word(word)));
            rest = after;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn words_are_what_a_reader_sees() {
        for (html, text, link) in [
            ("<p>A <b>cat</b> &amp; a dog</p><p>too</p>", "A cat & a dog too", false),
            ("one<br>two", "one two", false),
            (
                "<a href=\"https://a.example/x/y\"><span class=\"invisible\">https://</span><span>a.example/x</span><span>/y</span></a> z",
                "a.example z",
                true,
            ),
            ("<a class=\"u-url mention\" href=\"https://a.example/@b\">@<span>b</span></a>", "@b", false),
            ("東京tower", "東 京 tower", false),
            ("say \"x\" NEAR(", "say x NEAR(", false),
        ] {
            let found = words(html, &[]);
            let single = found.text.split_whitespace().collect::<Vec<_>>().join(" ");
            assert_eq!((single.as_str(), found.link), (text, link), "{html}");
        }
        assert!(words(&"long ".repeat(50_000), &["Title"]).text.len() <= MAX_INDEXED_BYTES + 1);
    }

    #[test]
    fn operators_are_read_and_all_else_is_words() {
        let asked =
            ParsedQuery::read("cats -dogs \"grey  CAT\" -\"a b\" from:me -from:@Bob@b.example has:media -is:reply");
        let terms: Vec<(TermSign, &str)> = asked.terms.iter().map(|(sign, term)| (*sign, term.as_str())).collect();
        let expected = [
            (TermSign::With, "cats"),
            (TermSign::Without, "dogs"),
            (TermSign::With, "grey CAT"),
            (TermSign::Without, "a b"),
        ];
        assert_eq!(terms, expected);
        let bob = Handle::parse("bob@b.example").unwrap();
        assert!(matches!(&asked.traits[..], [(TermSign::With, PostTrait::Own), (TermSign::Without, PostTrait::By(by)),
            (TermSign::With, PostTrait::Media), (TermSign::Without, PostTrait::Reply)] if by.same(&bob)));
        let asked = ParsedQuery::read("x before:2026-02-01 after:2026-01-01");
        assert_eq!((asked.before, asked.since), (Time::parse("2026-02-01"), Time::parse("2026-01-02")));
        let asked = ParsedQuery::read("during:2026-02-01 before:soon http://x.example a:b :: - \" *");
        assert_eq!((asked.since, asked.before), (Time::parse("2026-02-01"), Time::parse("2026-02-02")));
        let terms: Vec<&str> = asked.terms.iter().map(|(_, term)| term.as_str()).collect();
        assert_eq!(terms, ["before:soon", "http://x.example", "a:b"]);
        assert!(ParsedQuery::read("from:!!").never);
        assert_eq!(ParsedQuery::read(&"w ".repeat(3_000)).terms.len(), MAX_TERMS);
        assert_eq!(phrase("東京 tower").as_deref(), Some("東 京 tower"));
        assert_eq!(phrase("🎉 ***"), None);
    }

    proptest! {
        #[test]
        fn anything_can_be_asked(text in "[ -~é東\"\\-:\n]{0,200}") {
            let asked = ParsedQuery::read(&text);
            prop_assert!(asked.terms.iter().all(|(_, term)| !term.contains('"') && !term.is_empty()));
        }
    }
}
