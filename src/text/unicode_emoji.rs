//! Unicode emoji as reactions: which text is one, in one normal form.

use unicode_segmentation::UnicodeSegmentation as _;

/// Characters of one emoji: families with skin tones take many.
const MAX_EMOJI_CODE_POINTS: usize = 16;
/// Asks for the coloured image of a character that is also a letter.
const VARIATION_SELECTOR: char = '\u{fe0f}';
/// Joins several emoji into one.
const ZERO_WIDTH_JOINER: char = '\u{200d}';
/// Draws a key round a digit.
const KEYCAP: char = '\u{20e3}';

/// Reaction names of old Misskey servers, and their emoji.
const MISSKEY_REACTION_NAMES: [(&str, &str); 10] = [
    ("like", "👍"),
    ("love", "❤"),
    ("laugh", "😆"),
    ("hmm", "🤔"),
    ("surprise", "😮"),
    ("congrats", "🎉"),
    ("angry", "💢"),
    ("confused", "😥"),
    ("rip", "😇"),
    ("pudding", "🍮"),
];

/// A single emoji in its one spelling; None for any other text.
pub fn emoji(text: &str) -> Option<String> {
    let text = text.trim();
    let text = MISSKEY_REACTION_NAMES.iter().find(|(word, _)| *word == text).map_or(text, |(_, emoji)| *emoji);
    let chars: Vec<char> = text.chars().take(MAX_EMOJI_CODE_POINTS + 1).filter(|c| *c != VARIATION_SELECTOR).collect();
    let first = *chars.first()?;
    let key = first.is_ascii_digit() || matches!(first, '#' | '*');
    let fits = if key { chars.get(1) == Some(&KEYCAP) } else { is_pictorial(first) };
    if !fits || chars.len() > MAX_EMOJI_CODE_POINTS || text.graphemes(true).count() != 1 {
        return None;
    }
    let mut out = String::new();
    for (at, c) in chars.iter().enumerate() {
        out.push(*c);
        let toned = chars.get(at + 1).is_some_and(|next| ('\u{1f3fb}'..='\u{1f3ff}').contains(next));
        if is_letter_too(*c) && !toned {
            out.push(VARIATION_SELECTOR);
        }
    }
    Some(out)
}

/// Blocks of symbols and pictographs.
fn is_pictorial(c: char) -> bool {
    matches!(c, '\u{1f000}'..='\u{1faff}' | '\u{2190}'..='\u{21ff}' | '\u{2300}'..='\u{27bf}' | '\u{2900}'..='\u{297f}'
        | '\u{2b00}'..='\u{2bff}' | '©' | '®' | '‼' | '⁉' | '™' | 'ℹ' | '〰' | '〽' | '㊗' | '㊙')
}

/// Characters that are drawn as plain signs unless [`PICTURE`] follows (Pleroma knows them only with it).
fn is_letter_too(c: char) -> bool {
    let coloured = matches!(c, '\u{231a}' | '\u{231b}' | '\u{23e9}'..='\u{23ec}' | '\u{23f0}' | '\u{23f3}' | '\u{25fd}'
        | '\u{25fe}' | '\u{2614}' | '\u{2615}' | '\u{2648}'..='\u{2653}' | '\u{267f}' | '\u{2693}' | '\u{26a1}'
        | '\u{26aa}' | '\u{26ab}' | '\u{26bd}' | '\u{26be}' | '\u{26c4}' | '\u{26c5}' | '\u{26ce}' | '\u{26d4}'
        | '\u{26ea}' | '\u{26f2}' | '\u{26f3}' | '\u{26f5}' | '\u{26fa}' | '\u{26fd}' | '\u{2705}' | '\u{270a}'
        | '\u{270b}' | '\u{2728}' | '\u{274c}' | '\u{274e}' | '\u{2753}'..='\u{2755}' | '\u{2757}'
        | '\u{2795}'..='\u{2797}' | '\u{27b0}' | '\u{27bf}' | '\u{2b1b}' | '\u{2b1c}' | '\u{2b50}' | '\u{2b55}');
    let parts = matches!(c, ZERO_WIDTH_JOINER | KEYCAP);
    let high = matches!(c, '\u{1f3f3}' | '\u{1f336}' | '\u{1f441}' | '\u{1f575}' | '\u{1f54a}' | '\u{1f577}');
    high || (c < '\u{1f000}' && !coloured && !parts && (is_pictorial(c) || c.is_ascii()))
}

#[cfg(test)]
mod tests {
    use super::emoji;

    #[test]
    fn one_emoji_has_one_spelling() {
        for (given, kept) in [
            ("🎉", "🎉"),
            (" 👍 ", "👍"),
            ("👍🏽", "👍🏽"),
            ("❤", "❤️"),
            ("❤️", "❤️"),
            ("⭐", "⭐"),
            ("⭐️", "⭐"),
            ("1️⃣", "1️⃣"),
            ("🇳🇴", "🇳🇴"),
            ("👩‍👩‍👧‍👦", "👩‍👩‍👧‍👦"),
            ("🏳️‍🌈", "🏳️‍🌈"),
            ("✌🏽", "✌🏽"),
            ("like", "👍"),
            ("love", "❤️"),
        ] {
            assert_eq!(emoji(given).as_deref(), Some(kept), "{given}");
        }
        for other in ["", " ", "x", "1", "yes", ":cat:", "🎉🎉", "é", "日", "<b>", "\u{fe0f}", "🎉 party"] {
            assert_eq!(emoji(other), None, "{other:?}");
        }
        assert_eq!(emoji(&format!("❤{}", "\u{301}".repeat(400))), None);
    }
}
