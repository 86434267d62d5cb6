//! Lenient JSON reading, kept in this file only: four small types ([`Many`], [`Lossy`], [`Ref`], [`Uri`]) and a few
//! functions that accept the shapes peers send. Plain JSON only: contexts, `@graph` and aliases are not interpreted.

use serde_json::Value;

use super::limits;
pub use super::uri::{Uri, same_origin};
use crate::base::{Error, Result, Time};

/// A type that can be read from one JSON value.
pub trait FromJson: Sized {
    /// Reads the value leniently; None when it has the wrong shape.
    fn from_json(value: &Value) -> Option<Self>;
}

/// A list of values, given as a list, a single value, or nothing. Unreadable entries are skipped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Many<T>(pub Vec<T>);

impl<T: FromJson> Many<T> {
    /// Reads the member `key` of `doc`, at most `max` entries.
    pub fn read(doc: &Value, key: &str, max: usize) -> Self {
        doc.get(key).map_or(Self(Vec::new()), |value| Self::of(value, max))
    }

    /// Reads the value itself, at most `max` entries.
    pub fn of(value: &Value, max: usize) -> Self {
        match value {
            Value::Array(list) => Self(list.iter().filter_map(T::from_json).take(max).collect()),
            one => Self(T::from_json(one).into_iter().collect()),
        }
    }
}

/// An optional value: None when missing or of the wrong type. Of a list, the first readable entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lossy<T>(pub Option<T>);

impl<T: FromJson> Lossy<T> {
    /// Reads the member `key` of `doc`.
    pub fn read(doc: &Value, key: &str) -> Self {
        Self(Many::read(doc, key, 1).0.pop())
    }
}

impl FromJson for Uri {
    /// A string, the `id` of an object, or the `href` of a Link. Values with a fragment are refused.
    fn from_json(value: &Value) -> Option<Self> {
        any_id(value).filter(|id| !id.has_fragment())
    }
}

/// The id that a value is or contains; for a Link its `href`.
fn any_id(value: &Value) -> Option<Uri> {
    match value {
        Value::String(text) => Uri::parse_id(text),
        Value::Object(_) => {
            let key = if is_type(value, "Link") { "href" } else { "id" };
            Uri::parse_id(value.get(key)?.as_str()?)
        }
        _ => None,
    }
}

/// A reference by id, or an embedded object.
#[derive(Debug, Clone, PartialEq)]
pub enum Ref {
    /// Only the id.
    Id(Uri),
    /// The whole object, with its id when it has a usable one.
    Embedded {
        /// The id it claims; trusted only after the checks of FEP-fe34.
        id: Option<Uri>,
        /// The document as received.
        value: Value,
    },
}

impl Ref {
    /// The id, whether given alone or in the embedded object.
    pub fn id(&self) -> Option<&Uri> {
        match self {
            Self::Id(id) => Some(id),
            Self::Embedded { id, .. } => id.as_ref(),
        }
    }

    /// The embedded document, if any.
    pub fn embedded(&self) -> Option<&Value> {
        match self {
            Self::Id(_) => None,
            Self::Embedded { value, .. } => Some(value),
        }
    }
}

impl FromJson for Ref {
    /// A URL, or an object. Objects without an id are kept: some activities embed such objects on purpose. A Link
    /// becomes its `href` alone: its other members, `id` above all, would be mistaken for those of the target.
    fn from_json(value: &Value) -> Option<Self> {
        match value {
            Value::String(_) => any_id(value).map(Self::Id),
            Value::Object(_) if is_type(value, "Link") => any_id(value).map(Self::Id),
            Value::Object(_) => Some(Self::Embedded { id: any_id(value), value: value.clone() }),
            _ => None,
        }
    }
}

impl FromJson for Time {
    fn from_json(value: &Value) -> Option<Self> {
        Self::parse(value.as_str().filter(|text| text.len() <= limits::WORD)?)
    }
}

impl FromJson for bool {
    /// `true`, or `"true"` in any case.
    fn from_json(value: &Value) -> Option<Self> {
        match value {
            Value::Bool(yes) => Some(*yes),
            Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
            Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        }
    }
}

impl FromJson for u64 {
    /// A count from 0 to [`limits::MAX_COUNT`]. Quoted numbers are parsed, fractions dropped, the rest clamped.
    fn from_json(value: &Value) -> Option<Self> {
        let number = match value {
            Value::Number(n) => n.as_f64()?,
            Value::String(text) if text.len() <= 20 => text.trim().parse::<f64>().ok().filter(|n| n.is_finite())?,
            _ => return None,
        };
        // Both bounds fit a u64, so the cast only drops the fraction.
        Some(number.clamp(0.0, limits::COUNT as f64) as u64)
    }
}

impl FromJson for Value {
    fn from_json(value: &Value) -> Option<Self> {
        (!value.is_null()).then(|| value.clone())
    }
}

/// Parses a document: one JSON object within the limits of size, depth and number of values.
pub fn parse(body: &[u8]) -> Result<Value> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    if body.len() > limits::DOCUMENT_BYTES {
        return Err(Error::invalid("the document is too large"));
    }
    check_size(body)?;
    let doc = value(body).map_err(|e| Error::invalid(format!("not valid JSON: {e}")))?;
    if doc.is_object() { Ok(doc) } else { Err(Error::invalid("the document is not a JSON object")) }
}

/// Parses any JSON value. JavaScript servers that truncate a text inside an emoji write an unpaired surrogate
/// (`\ud83d`): valid JSON, but not a character. It becomes U+FFFD.
pub fn value(bytes: &[u8]) -> serde_json::Result<Value> {
    serde_json::from_slice(bytes).or_else(|error| match without_lone_surrogates(bytes) {
        Some(mended) => serde_json::from_slice(&mended),
        None => Err(error),
    })
}

/// Replaces every escaped surrogate without a partner; None when there is none.
fn without_lone_surrogates(bytes: &[u8]) -> Option<Vec<u8>> {
    let (mut mended, mut at) = (None, 0);
    let next = |from: usize| bytes.get(from..).and_then(|rest| rest.iter().position(|byte| *byte == b'\\'));
    while let Some(step) = next(at) {
        at += step;
        match (escaped(bytes, at), escaped(bytes, at + 6)) {
            (None, _) => at += 2,
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => at += 12,
            (Some(unit), _) => {
                if (0xD800..=0xDFFF).contains(&unit) {
                    let half = mended.get_or_insert_with(|| bytes.to_vec()).get_mut(at + 2..at + 6)?;
                    half.copy_from_slice(b"fffd");
                }
                at += 6;
            }
        }
    }
    mended
}

/// The UTF-16 code unit escaped as `\uXXXX` at this position.
fn escaped(bytes: &[u8], at: usize) -> Option<u16> {
    let digits = bytes.get(at..at + 6)?.strip_prefix(b"\\u")?;
    let text = std::str::from_utf8(digits).ok().filter(|text| text.bytes().all(|b| b.is_ascii_hexdigit()))?;
    u16::from_str_radix(text, 16).ok()
}

/// Refuses documents that are nested too deeply or have too many values, before anything is allocated for them.
fn check_size(body: &[u8]) -> Result<()> {
    let (mut depth, mut values, mut quoted, mut escaped) = (0usize, 1usize, false, false);
    for byte in body {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'{' | b'[' => {
                depth += 1;
                values += 1;
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b',' => values += 1,
            _ => {}
        }
        if depth > limits::DOCUMENT_DEPTH || values > limits::DOCUMENT_VALUES {
            return Err(Error::invalid("the document is nested too deeply or has too many members"));
        }
    }
    Ok(())
}

/// The document's own id. Fragments are allowed.
pub fn id(doc: &Value) -> Option<Uri> {
    Uri::parse_id(doc.get("id")?.as_str()?)
}

/// The first usable id under `key`: of a string, an object, a Link or a list of those. Fragments are allowed.
pub fn id_of(doc: &Value, key: &str) -> Option<Uri> {
    match doc.get(key)? {
        Value::Array(list) => list.iter().find_map(any_id),
        one => any_id(one),
    }
}

/// The type names of a document; `type` may be a list. `as:Note` and the full IRI are read as `Note`.
pub fn types(doc: &Value) -> Vec<&str> {
    let list = match doc.get("type") {
        Some(Value::Array(list)) => list.as_slice(),
        Some(one) => std::slice::from_ref(one),
        None => &[],
    };
    let texts = list.iter().take(limits::ALTERNATIVES).filter_map(Value::as_str);
    texts.map(plain_type).filter(|t| !t.is_empty() && t.len() <= limits::WORD).collect()
}

fn plain_type(word: &str) -> &str {
    let short = word.strip_prefix("as:").or_else(|| word.strip_prefix("https://www.w3.org/ns/activitystreams#"));
    short.unwrap_or(word)
}

/// True when one of the document's types is `name`.
pub fn is_type(doc: &Value, name: &str) -> bool {
    types(doc).contains(&name)
}

/// Text with its language, if the author gave one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalizedText {
    /// The text, never empty, without NUL characters.
    pub text: String,
    /// A language tag such as `nb` or `pt-BR`.
    pub language: Option<String>,
}

/// The text under `key`, cut to `max` bytes; None when missing or empty. See [`text_with_language`].
pub fn text(doc: &Value, key: &str, max: usize) -> Option<String> {
    text_in(doc, key, max).map(|t| t.text)
}

/// The text under `key` or `keyMap`, cut to `max` bytes: a string, `{"@value": …}`, a language map, or the first
/// usable entry of a list. Malformed maps are ignored.
pub fn text_in(doc: &Value, key: &str, max: usize) -> Option<LocalizedText> {
    let map = doc.get(format!("{key}Map")).and_then(Value::as_object);
    if let Some(mut found) = doc.get(key).and_then(|value| literal(value, max)) {
        let entries = || map.into_iter().flatten().filter(|(tag, _)| is_language(tag));
        let said = doc.get(key).and_then(Value::as_str);
        let matching = entries().find(|(_, v)| said.is_some() && v.as_str() == said);
        let only = entries().next().filter(|_| entries().count() == 1);
        found.language = found.language.or_else(|| matching.or(only).and_then(|(tag, _)| language(tag)));
        return Some(found);
    }
    map.and_then(|map| from_map(map, max))
}

fn literal(value: &Value, max: usize) -> Option<LocalizedText> {
    match value {
        Value::String(text) => cut(text, max).map(|text| LocalizedText { text, language: None }),
        Value::Array(list) => list.iter().take(limits::ALTERNATIVES).find_map(|v| literal(v, max)),
        Value::Object(map) => match map.get("@value") {
            Some(inner) => {
                let text = cut(inner.as_str()?, max)?;
                Some(LocalizedText { text, language: map.get("@language").and_then(Value::as_str).and_then(language) })
            }
            None => from_map(map, max),
        },
        _ => None,
    }
}

fn from_map(map: &serde_json::Map<String, Value>, max: usize) -> Option<LocalizedText> {
    map.iter().filter(|(tag, _)| is_language(tag) || *tag == "und" || *tag == "@none").find_map(|(tag, value)| {
        let first = value.as_array().and_then(|list| list.first()).unwrap_or(value);
        cut(first.as_str()?, max).map(|text| LocalizedText { text, language: language(tag) })
    })
}

/// The tag, if it is well-formed; None for `und` (undetermined).
pub fn language(tag: &str) -> Option<String> {
    is_language(tag).then(|| tag.to_owned())
}

fn is_language(tag: &str) -> bool {
    let mut parts = tag.split('-');
    let primary = parts.next().unwrap_or_default();
    (2..=3).contains(&primary.len())
        && primary.bytes().all(|b| b.is_ascii_alphabetic())
        && tag != "und"
        && tag.len() <= 35
        && parts.all(|p| (1..=8).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_alphanumeric()))
}

/// The text without NULs, at most `max` bytes; None when it is blank. Surrounding whitespace stays: the text of a
/// vote must match its poll option exactly.
pub fn cut(text: &str, max: usize) -> Option<String> {
    let mut text = text.replace('\0', "");
    text.truncate(text.floor_char_boundary(max));
    (!text.trim().is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    #[test]
    fn half_an_emoji_is_no_reason_to_refuse_the_whole() {
        for (written, read) in [
            (r"cut \ud83d", "cut \u{fffd}"),
            (r"\uD83D\ude00 whole, \ude00\ud83d halves", "\u{1f600} whole, \u{fffd}\u{fffd} halves"),
            (r"\ud83d\ud83d\ude00", "\u{fffd}\u{1f600}"),
            (r"\ud83d\n\ud83d\u0041", "\u{fffd}\n\u{fffd}A"),
            (r"\\ud83d is six letters, \ud83d half a pair", "\\ud83d is six letters, \u{fffd} half a pair"),
            (r#"\"\\\ud83d\\"#, "\"\\\u{fffd}\\"),
        ] {
            let document = format!("{{\"a\":\"{written}\"}}");
            assert_eq!(parse(document.as_bytes()).unwrap(), json!({ "a": read }), "{document}");
        }
        for bad in [
            r#"{"a":"\ud83d"#,
            r#"{"a":"\ud83d\"}"#,
            r#"{"a":"\ud83d" "b"}"#,
            r#"{"a":"\ud83d\u12"}"#,
            r#"{"a":\ud83d}"#,
        ] {
            assert!(parse(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    #[test]
    fn documents_have_limits() {
        assert!(parse(b"\xef\xbb\xbf{\"a\":[1]}").is_ok(), "a byte order mark");
        for bad in ["", "[]", "\"x\"", "{", "{\"a\":\"\\ud80\"}", "{\"a\":\"\\", "{} {}", "{\"a\":1e999}"] {
            assert!(matches!(parse(bad.as_bytes()), Err(Error::Invalid(_))), "{bad}");
        }
        let deep = |n: usize| format!("{{\"a\":{}{}}}", "[".repeat(n), "]".repeat(n));
        assert!(parse(deep(63).as_bytes()).is_ok());
        assert!(parse(deep(64).as_bytes()).is_err());
        assert!(parse(format!("{{\"a\":\"{}\"}}", "[".repeat(1000)).as_bytes()).is_ok(), "brackets inside a string");
        assert!(parse(format!("{{\"a\":[{}0]}}", "0,".repeat(limits::DOCUMENT_VALUES)).as_bytes()).is_err());
        assert!(parse(&vec![b' '; limits::DOCUMENT_BYTES + 1]).is_err());
    }

    #[test]
    fn text_in_every_shape() {
        let said = |doc: Value| text_in(&doc, "content", 10).map(|t| (t.text, t.language.unwrap_or_default()));
        let some = |text: &str, language: &str| Some((text.to_owned(), language.to_owned()));
        assert_eq!(said(json!({"content": "hei"})), some("hei", ""));
        assert_eq!(said(json!({"content": "hei", "contentMap": {"en": "hi", "nb": "hei"}})), some("hei", "nb"));
        assert_eq!(said(json!({"content": "hei", "contentMap": {"nb": "<p>hei</p>"}})), some("hei", "nb"));
        assert_eq!(said(json!({"content": "hei", "contentMap": {"en": "a", "de": "b"}})), some("hei", ""));
        assert_eq!(said(json!({"contentMap": {"nb": "hei"}})), some("hei", "nb"));
        assert_eq!(said(json!({"contentMap": {"und": "hei"}})), some("hei", ""));
        assert_eq!(said(json!({"content": {"@value": "hei", "@language": "nb-NO"}})), some("hei", "nb-NO"));
        assert_eq!(said(json!({"content": [null, {"@value": "hei"}]})), some("hei", ""));
        assert_eq!(said(json!({"content": {"nb": "hei"}})), some("hei", "nb"));
        assert_eq!(said(json!({"content": "hei", "contentMap": ["nb"]})), some("hei", ""));
        assert_eq!(said(json!({"content": "hei", "contentMap": {"nb": null, "": 7}})), some("hei", "nb"));
        assert_eq!(said(json!({"content": null, "contentMap": {"x": "no", "nb": ["hei"]}})), some("hei", "nb"));
        assert_eq!(said(json!({"content": "h\u{0}ei, duuuå"})), some("hei, duuu", ""), "cut at a character boundary");
        for nothing in [
            json!({}),
            json!({"content": ""}),
            json!({"content": " \n"}),
            json!({"content": 7}),
            json!({"contentMap": "x"}),
        ] {
            assert_eq!(said(nothing), None);
        }
    }

    #[test]
    fn numbers_and_truths_in_every_shape() {
        let count = |v: Value| u64::from_json(&v);
        assert_eq!(count(json!(3)), Some(3));
        assert_eq!(count(json!(-3)), Some(0));
        assert_eq!(count(json!(2.9)), Some(2));
        assert_eq!(count(json!("41")), Some(41));
        assert_eq!(count(json!(u64::MAX)), Some(limits::COUNT));
        assert_eq!(count(json!(1e300)), Some(limits::COUNT));
        assert_eq!(count(json!("NaN")), None);
        assert_eq!(count(json!([])), None);
        assert_eq!(bool::from_json(&json!("True")), Some(true));
        assert_eq!(bool::from_json(&json!(1)), None);
        assert_eq!(Lossy::<bool>::read(&json!({"a": [null, false]}), "a").0, Some(false));
        assert_eq!(Lossy::<Time>::read(&json!({"a": 7}), "a").0, None);
        assert_eq!(Many::<u64>::read(&json!({"a": [1, "x", 2, 3]}), "a", 2).0, [1, 2]);
        assert_eq!(Time::from_json(&json!("12026-01-01T00:00:00Z")), None, "years have four digits");
    }

    #[test]
    fn ids_in_every_shape() {
        let found = |v: Value| id_of(&json!({"a": v}), "a").map(Uri::into_string).unwrap_or_default();
        let id = "https://a.example/1";
        for shape in [
            json!(id),
            json!([id]),
            json!({"id": id}),
            json!([{"id": id, "type": "Note"}]),
            json!(["ap://x", 7, null, {}, id]),
            json!({"type": "Link", "href": id}),
            json!({"type": ["Link"], "href": id, "id": "https://a.example/link"}),
        ] {
            assert_eq!(found(shape.clone()), id, "{shape}");
        }
        for nothing in
            [json!(null), json!(7), json!({}), json!([]), json!({"id": 7}), json!({"id": {"id": id}}), json!("x")]
        {
            assert_eq!(found(nothing.clone()), "", "{nothing}");
        }
    }
}
