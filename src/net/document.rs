//! Fetches ActivityStreams documents and other JSON. A document counts only if its type is right and its id matches
//! where it was found.

use serde_json::Value;
use url::Url;

use super::fetch::FetchState;
use super::{FetchResponse, Get, JSON_LIMIT, Knock, Net, NetError};
use crate::ap::json;

/// How deep a document may be nested.
pub const MAX_DEPTH: usize = 64;

/// How a document's `id` must fit the place it came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdRule {
    /// The id is the URL asked for or the final one; if it is another one on the same origin, it is fetched there once more.
    /// For actors, posts, activities, collections.
    Exact,
    /// Any id on the origin of the final URL. For keys, whose document may be the owner or carry a fragment; the caller
    /// then asks the owner whether the key is theirs.
    SameOrigin,
}

/// An ActivityStreams document.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// Its `id`, as it stands there.
    pub id: String,
    /// Where it came from, after all redirects.
    pub url: String,
    /// The document: an object.
    pub value: Value,
    /// The signature format that worked.
    pub knock: Knock,
}

impl Net {
    /// Fetches an ActivityStreams document and checks type, size, depth and id. `get.limit` is capped at [`JSON_LIMIT`].
    pub fn document(&self, get: Get<'_>, rule: IdRule) -> Result<Document, NetError> {
        let mut trip = FetchState::start();
        let found = self.one_document(get, &mut trip)?;
        if check_id(&found, get.url, rule)? {
            return Ok(found);
        }
        let again = self.one_document(Get { url: &found.id, knock: found.knock, ..get }, &mut trip)?;
        if again.id == found.id && check_id(&again, &found.id, rule)? {
            Ok(again)
        } else {
            Err(invalid_document(&again.url, "its id is not where it was found"))
        }
    }

    /// Fetches JSON of any kind (WebFinger, NodeInfo): size and depth are checked, the content type is not.
    pub fn json(&self, get: Get<'_>) -> Result<(FetchResponse, Value), NetError> {
        let answer = self.get(Get { limit: get.limit.min(JSON_LIMIT), ..get })?;
        let value = parse(&answer)?;
        Ok((answer, value))
    }

    fn one_document(&self, get: Get<'_>, trip: &mut FetchState) -> Result<Document, NetError> {
        let answer = self.get_within(Get { limit: get.limit.min(JSON_LIMIT), ..get }, trip)?;
        if !is_activity(&answer.content_type) {
            let kind = answer.media_type();
            let kind: String = if kind.is_empty() { "nothing".into() } else { kind.chars().take(60).collect() };
            return Err(invalid_document(&answer.url, &format!("it says it is {kind}, not an ActivityPub document")));
        }
        let value = parse(&answer)?;
        let id = value.get("id").or_else(|| value.get("@id")).and_then(Value::as_str);
        let id = id.ok_or_else(|| invalid_document(&answer.url, "it has no id"))?.to_owned();
        Ok(Document { id, url: answer.url, value, knock: answer.knock })
    }
}

/// True when the id is the URL asked for or the final one (WordPress redirects `/author/a`, an id, to `/author/a/`). An id on
/// another origin than the final URL is an error: nobody speaks for another server.
fn check_id(document: &Document, asked: &str, rule: IdRule) -> Result<bool, NetError> {
    let id = address(document, &document.id)?;
    let url = address(document, &document.url)?;
    if id.origin() != url.origin() {
        return Err(invalid_document(&document.url, "its id is on another server"));
    }
    Ok(rule == IdRule::SameOrigin || id == url || address(document, asked)? == id)
}

/// The id or URL without its fragment, ready to compare.
fn address(document: &Document, text: &str) -> Result<Url, NetError> {
    let mut url = Url::parse(text).map_err(|_| invalid_document(&document.url, "its id is not a URL"))?;
    if !matches!(url.scheme(), "https" | "http") {
        return Err(invalid_document(&document.url, "its id is not a web address"));
    }
    url.set_fragment(None);
    Ok(url)
}

fn invalid_document(url: &str, why: &str) -> NetError {
    let host = Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
    NetError::BadContent { host, why: why.to_owned() }
}

/// True for `application/activity+json` with any parameters, and for `application/ld+json` with the ActivityStreams profile.
/// `application/json` is what uploads and APIs have, and is not enough.
pub fn is_activity(content_type: &str) -> bool {
    let (kind, params) = content_type.split_once(';').unwrap_or((content_type, ""));
    match kind.trim().to_ascii_lowercase().as_str() {
        "application/activity+json" => true,
        "application/ld+json" => params.split(';').any(|param| {
            param.split_once('=').is_some_and(|(name, value)| {
                name.trim().eq_ignore_ascii_case("profile")
                    && value.trim().trim_matches('"').split_ascii_whitespace().any(|p| p == ACTIVITYSTREAMS)
            })
        }),
        _ => false,
    }
}

const ACTIVITYSTREAMS: &str = "https://www.w3.org/ns/activitystreams";

fn parse(answer: &FetchResponse) -> Result<Value, NetError> {
    if depth(&answer.body) > MAX_DEPTH {
        return Err(invalid_document(&answer.url, "it is nested too deeply"));
    }
    let value: Value = json::value(&answer.body).map_err(|_| invalid_document(&answer.url, "it is not JSON"))?;
    if value.is_object() { Ok(value) } else { Err(invalid_document(&answer.url, "it is not a JSON object")) }
}

/// How deep brackets are nested, outside texts.
fn depth(json: &[u8]) -> usize {
    let (mut now, mut most) = (0_usize, 0_usize);
    let mut in_text = false;
    let mut bytes = json.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => in_text = !in_text,
            b'\\' if in_text => {
                bytes.next();
            }
            b'{' | b'[' if !in_text => {
                now += 1;
                most = most.max(now);
            }
            b'}' | b']' if !in_text => now = now.saturating_sub(1),
            _ => {}
        }
    }
    most
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_activity_types_are_documents() {
        for good in [
            "application/activity+json",
            "application/activity+json; charset=utf-8",
            "Application/Activity+JSON;charset=UTF-8",
            r#"application/ld+json; profile="https://www.w3.org/ns/activitystreams""#,
            r#"application/ld+json;charset=utf-8;profile="https://www.w3.org/ns/activitystreams""#,
            r#"application/ld+json; profile="http://x.example https://www.w3.org/ns/activitystreams""#,
        ] {
            assert!(is_activity(good), "{good}");
        }
        for bad in [
            "",
            "application/json",
            "application/ld+json",
            r#"application/ld+json; profile="https://www.w3.org/ns/other""#,
            "text/html",
            "text/plain; a=application/activity+json",
            "application/activity+jsonx",
        ] {
            assert!(!is_activity(bad), "{bad}");
        }
    }

    #[test]
    fn depth_is_counted_outside_texts() {
        assert_eq!(depth(br#"{"a":[{"b":"[[[[\"[["}],"c":{}}"#), 3);
        assert_eq!(depth(b"[[]"), 2);
        assert_eq!(depth(b"]]["), 1);
        assert_eq!(depth(br#""\"#), 0);
    }
}
