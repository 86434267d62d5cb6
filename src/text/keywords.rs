//! Keyword matching as in Mastodon's filters: case-insensitive, anywhere or at word boundaries.

use unicode_segmentation::UnicodeSegmentation;

/// Bytes of a text that are looked through: more than any post of people, less than what a hostile article holds.
const MAX_SEARCHED_BYTES: usize = 128 * 1024;

/// A word, or several, ready to be looked for.
#[derive(Debug, Clone)]
pub struct KeywordPattern {
    folded: String,
    /// A word must begin, or end, where this does.
    edges: (bool, bool),
}

impl KeywordPattern {
    /// A keyword; with `whole` it matches whole words only. An edge that is no letter, digit or underscore may touch
    /// anything.
    pub fn of(keyword: &str, whole: bool) -> Self {
        let edge = |c: Option<char>| whole && c.is_some_and(is_word);
        Self { folded: fold(keyword), edges: (edge(keyword.chars().next()), edge(keyword.chars().next_back())) }
    }

    /// The first match in a folded text.
    fn find(&self, text: &str) -> Option<(usize, usize)> {
        if self.folded.is_empty() {
            return None;
        }
        let mut from = 0;
        while let Some(at) = text.get(from..)?.find(&self.folded) {
            let (start, end) = (from + at, from + at + self.folded.len());
            let before = text.get(..start).and_then(|head| head.chars().next_back());
            let after = text.get(end..).and_then(|tail| tail.chars().next());
            let goes_on = self.edges.0 && before.is_some_and(is_word) || self.edges.1 && after.is_some_and(is_word);
            if !goes_on {
                return Some((start, end));
            }
            from = start + text.get(start..)?.chars().next()?.len_utf8();
        }
        None
    }
}

/// A text ready to be looked through.
#[derive(Debug)]
pub struct SearchableText {
    text: String,
    folded: String,
}

impl SearchableText {
    /// This text, or the beginning of a very long one.
    pub fn of(text: &str) -> Self {
        let text = super::cut(text, MAX_SEARCHED_BYTES).to_owned();
        Self { folded: fold(&text), text }
    }

    /// What of the text is one of these words: the first such place, as it is written there.
    pub fn first(&self, needles: &[KeywordPattern]) -> Option<String> {
        let found = needles.iter().filter_map(|needle| needle.find(&self.folded));
        // At the same place the word named first counts.
        let (start, end) = found.reduce(|best, one| if one.0 < best.0 { one } else { best })?;
        let (mut at, mut written) = (0, String::new());
        for c in self.text.chars() {
            let next = at + folded(c).map(char::len_utf8).sum::<usize>();
            if next > start && at < end {
                written.push(c);
            }
            at = next;
        }
        Some(written)
    }
}

/// Case folding by way of upper case, so that ß and ẞ are ss, and ς is σ.
fn folded(c: char) -> impl Iterator<Item = char> {
    c.to_lowercase().flat_map(char::to_uppercase).flat_map(char::to_lowercase)
}

fn fold(text: &str) -> String {
    text.chars().flat_map(folded).collect()
}

/// A letter, a mark on one, a digit or an underscore.
fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || is_mark(c)
}

/// A mark joins the letter before it; so do the joiners and skin tones of emoji, which belong to no word.
fn is_mark(c: char) -> bool {
    if c < '\u{300}' || matches!(c, '\u{200c}' | '\u{200d}' | '\u{1f3fb}'..='\u{1f3ff}') {
        return false;
    }
    let mut pair = [0; 5];
    let (signed, rest) = pair.split_at_mut(1);
    signed.copy_from_slice(b"a");
    let length = 1 + c.encode_utf8(rest).len();
    let pair = pair.get(..length).and_then(|bytes| std::str::from_utf8(bytes).ok());
    pair.is_some_and(|pair| pair.graphemes(true).count() == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, keyword: &str, whole: bool) -> Option<String> {
        SearchableText::of(text).first(&[KeywordPattern::of(keyword, whole)])
    }

    #[test]
    fn words_are_found_in_any_case_and_as_they_are_written() {
        for (text, keyword, written) in [
            ("Politics again", "POLITICS", "Politics"),
            ("GROẞE Straße", "grosse strasse", "GROẞE Straße"),
            ("ΟΔΥΣΣΕΥΣ", "οδυσσευς", "ΟΔΥΣΣΕΥΣ"),
            ("О ПОЛИТИКЕ", "политике", "ПОЛИТИКЕ"),
            ("今日は選挙です", "選挙", "選挙"),
            ("a #Tag here", "#tag", "#Tag"),
            ("İstanbul", "i̇stanbul", "İstanbul"),
        ] {
            assert_eq!(found(text, keyword, false).as_deref(), Some(written), "{keyword} in {text}");
        }
        assert_eq!(found("nothing of it", "politics", false), None);
    }

    #[test]
    fn a_whole_word_is_bounded_only_where_its_edge_is_a_word() {
        for (text, keyword, expected) in [
            ("a cat sat", "cat", true),
            ("concatenate", "cat", false),
            ("category, cat", "cat", true),
            ("cat_s", "cat", false),
            ("cats", "cat", false),
            ("un café noir", "café", true),
            ("cafés", "café", false),
            ("cafe\u{301} noir", "cafe", false),
            ("x#tag", "#tag", true),
            ("#tags", "#tag", false),
            ("so :-) well", ":-)", true),
            ("x:-)x", ":-)", true),
            ("im 選挙中", "選挙", false),
            ("cat👩‍🚀", "cat", true),
            ("aa aab aa", "aa", true),
            ("ab_ab_ab-", "ab", false),
        ] {
            assert_eq!(found(text, keyword, true).is_some(), expected, "{keyword} in {text}");
        }
    }

    #[test]
    fn signs_of_patterns_mean_themselves_and_nothing_matches_nothing() {
        for hostile in [".*", "(a+)+$", "[", "\\", "a|b", "^", "(?i)x", "\\b"] {
            assert_eq!(found("aaaa any text ab", hostile, false), None, "{hostile}");
            assert_eq!(found(&format!("so {hostile} said"), hostile, true).as_deref(), Some(hostile));
        }
        assert_eq!((found("text", "", false), found("text", "", true)), (None, None));
    }

    #[test]
    fn the_first_place_counts_and_long_texts_end() {
        let needles = [KeywordPattern::of("b", false), KeywordPattern::of("a", false), KeywordPattern::of("ab", false)];
        assert_eq!(SearchableText::of("xaby").first(&needles).as_deref(), Some("a"));
        let long = "a".repeat(MAX_SEARCHED_BYTES) + " needle";
        assert_eq!(found(&long, "needle", false), None);
        let same = "a".repeat(MAX_SEARCHED_BYTES);
        assert_eq!(found(&same, &"a".repeat(512), true), None, "and not for minutes");
    }
}
