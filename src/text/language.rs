//! Languages: names and BCP 47 tags.

/// The longest tag taken, in bytes.
const MAX_TAG_BYTES: usize = 35;

/// Languages offered by name: tag, name in English, own name. In the order of the English names.
#[rustfmt::skip]
pub const LANGUAGES: &[(&str, &str, &str)] = &[
    ("af", "Afrikaans", "Afrikaans"), ("sq", "Albanian", "Shqip"), ("am", "Amharic", "አማርኛ"), ("ar", "Arabic", "العربية"),
    ("hy", "Armenian", "Հայերեն"), ("ast", "Asturian", "Asturianu"), ("az", "Azerbaijani", "Azərbaycan dili"), ("eu", "Basque", "Euskara"),
    ("be", "Belarusian", "Беларуская"), ("bn", "Bengali", "বাংলা"), ("bs", "Bosnian", "Bosanski"), ("br", "Breton", "Brezhoneg"),
    ("bg", "Bulgarian", "Български"), ("my", "Burmese", "မြန်မာ"), ("yue", "Cantonese", "粵語"), ("ca", "Catalan", "Català"),
    ("zh", "Chinese", "中文"), ("zh-Hans", "Chinese, simplified", "简体中文"), ("zh-Hant", "Chinese, traditional", "繁體中文"), ("co", "Corsican", "Corsu"),
    ("hr", "Croatian", "Hrvatski"), ("cs", "Czech", "Čeština"), ("da", "Danish", "Dansk"), ("nl", "Dutch", "Nederlands"),
    ("en", "English", "English"), ("en-GB", "English, British", "British English"), ("eo", "Esperanto", "Esperanto"), ("et", "Estonian", "Eesti"),
    ("fo", "Faroese", "Føroyskt"), ("fi", "Finnish", "Suomi"), ("fr", "French", "Français"), ("fy", "Frisian", "Frysk"),
    ("gl", "Galician", "Galego"), ("ka", "Georgian", "ქართული"), ("de", "German", "Deutsch"), ("el", "Greek", "Ελληνικά"),
    ("gu", "Gujarati", "ગુજરાતી"), ("ha", "Hausa", "Hausa"), ("he", "Hebrew", "עברית"), ("hi", "Hindi", "हिन्दी"),
    ("hu", "Hungarian", "Magyar"), ("is", "Icelandic", "Íslenska"), ("id", "Indonesian", "Bahasa Indonesia"), ("ia", "Interlingua", "Interlingua"),
    ("ga", "Irish", "Gaeilge"), ("it", "Italian", "Italiano"), ("ja", "Japanese", "日本語"), ("kab", "Kabyle", "Taqbaylit"),
    ("kn", "Kannada", "ಕನ್ನಡ"), ("kk", "Kazakh", "Қазақша"), ("km", "Khmer", "ខ្មែរ"), ("ko", "Korean", "한국어"),
    ("ku", "Kurdish", "Kurdî"), ("lo", "Lao", "ລາວ"), ("la", "Latin", "Latina"), ("lv", "Latvian", "Latviešu"),
    ("lt", "Lithuanian", "Lietuvių"), ("nds", "Low German", "Plattdüütsch"), ("lb", "Luxembourgish", "Lëtzebuergesch"), ("mk", "Macedonian", "Македонски"),
    ("ms", "Malay", "Bahasa Melayu"), ("ml", "Malayalam", "മലയാളം"), ("mt", "Maltese", "Malti"), ("mi", "Māori", "Te reo Māori"),
    ("mr", "Marathi", "मराठी"), ("mn", "Mongolian", "Монгол"), ("ne", "Nepali", "नेपाली"), ("se", "Northern Sámi", "Davvisámegiella"),
    ("no", "Norwegian", "Norsk"), ("nb", "Norwegian Bokmål", "Bokmål"), ("nn", "Norwegian Nynorsk", "Nynorsk"), ("oc", "Occitan", "Occitan"),
    ("fa", "Persian", "فارسی"), ("pl", "Polish", "Polski"), ("pt", "Portuguese", "Português"), ("pt-BR", "Portuguese, Brazilian", "Português do Brasil"),
    ("pa", "Punjabi", "ਪੰਜਾਬੀ"), ("ro", "Romanian", "Română"), ("rm", "Romansh", "Rumantsch"), ("ru", "Russian", "Русский"),
    ("sc", "Sardinian", "Sardu"), ("sco", "Scots", "Scots"), ("gd", "Scottish Gaelic", "Gàidhlig"), ("sr", "Serbian", "Српски"),
    ("si", "Sinhala", "සිංහල"), ("sk", "Slovak", "Slovenčina"), ("sl", "Slovenian", "Slovenščina"), ("so", "Somali", "Soomaaliga"),
    ("es", "Spanish", "Español"), ("sw", "Swahili", "Kiswahili"), ("sv", "Swedish", "Svenska"), ("tl", "Tagalog", "Tagalog"),
    ("ta", "Tamil", "தமிழ்"), ("te", "Telugu", "తెలుగు"), ("th", "Thai", "ไทย"), ("tok", "Toki Pona", "toki pona"),
    ("tr", "Turkish", "Türkçe"), ("uk", "Ukrainian", "Українська"), ("ur", "Urdu", "اردو"), ("vi", "Vietnamese", "Tiếng Việt"),
    ("cy", "Welsh", "Cymraeg"), ("xh", "Xhosa", "isiXhosa"), ("yi", "Yiddish", "ייִדיש"), ("zu", "Zulu", "isiZulu"),
];

/// The tag of user input: a tag in any case (`PT-br`), or a language's name in English or in itself. None when it is
/// neither.
pub fn read(text: &str) -> Option<String> {
    let text = text.trim();
    let lower = text.to_lowercase();
    let named =
        LANGUAGES.iter().find(|(_, english, own)| english.to_lowercase() == lower || own.to_lowercase() == lower);
    named.map(|(tag, _, _)| (*tag).to_owned()).or_else(|| tag(&text.replace('_', "-")))
}

/// A well-formed tag in the usual case of letters.
fn tag(text: &str) -> Option<String> {
    let mut parts = text.split('-');
    let primary = parts.next().unwrap_or_default();
    let letters = (2..=3).contains(&primary.len()) && primary.bytes().all(|b| b.is_ascii_alphabetic());
    if !letters || text.len() > MAX_TAG_BYTES || primary.eq_ignore_ascii_case("und") {
        return None;
    }
    let mut out = primary.to_ascii_lowercase();
    for part in parts {
        if !(1..=8).contains(&part.len()) || !part.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return None;
        }
        out.push('-');
        let alphabetic = part.bytes().all(|b| b.is_ascii_alphabetic());
        let part = part.to_ascii_lowercase();
        match (part.len(), part.split_at_checked(1)) {
            (2, _) if alphabetic => out.push_str(&part.to_ascii_uppercase()),
            (4, Some((first, rest))) if alphabetic => {
                out.push_str(&first.to_ascii_uppercase());
                out.push_str(rest);
            }
            _ => out.push_str(&part),
        }
    }
    Some(out)
}

/// The native name; the tag itself when it is unknown.
pub fn name(tag: &str) -> &str {
    LANGUAGES.iter().find(|(known, _, _)| known.eq_ignore_ascii_case(tag)).map_or(tag, |(_, _, own)| own)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn languages_are_read_by_tag_and_by_name() {
        for (typed, tag) in [
            ("en", "en"),
            (" PT-br ", "pt-BR"),
            ("zh_hant_tw", "zh-Hant-TW"),
            ("Norwegian bokmål", "nb"),
            ("norsk", "no"),
            ("日本語", "ja"),
            ("de-1996", "de-1996"),
            ("tok", "tok"),
            ("en-x-pirate", "en-x-pirate"),
        ] {
            assert_eq!(read(typed).as_deref(), Some(tag), "{typed}");
        }
        for nothing in ["", "klingonese", "e", "en--us", "en-", "en-abcdefghi", "und", "no such thing", "en-ø1", "12"]
        {
            assert_eq!(read(nothing), None, "{nothing}");
        }
        assert!(read(&"ab-".repeat(20)).is_none());
    }

    #[test]
    fn every_language_offered_can_be_read() {
        for (tag, english, own) in LANGUAGES {
            assert_eq!(read(tag).as_deref(), Some(*tag));
            assert_eq!((read(english).as_deref(), read(own).as_deref()), (Some(*tag), Some(*tag)), "{english}");
        }
        assert_eq!((name("NB"), name("tlh")), ("Bokmål", "tlh"));
    }
}
