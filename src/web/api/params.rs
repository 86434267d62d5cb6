//! Request parameters from query, form, multipart or JSON, merged; the body wins. Nested names (`poll[options][]`) are
//! flattened.

use actix_multipart::{Field, Multipart, MultipartError};
use actix_web::HttpRequest;
use actix_web::http::header;
use futures_util::StreamExt;
use serde_json::{Map, Value};

use std::collections::{HashMap, HashSet};

use super::error::ApiError;
use crate::base::Error;
use crate::media::MAX_AUDIO_VIDEO_BYTES;
use crate::web::request_body::{BodyError, BodyPermit, BodySender, IncomingBody, MAX_ANONYMOUS_BODY_BYTES};

/// Bytes of a body of the owner's without files, and of all the texts of one with files.
const MAX_TEXT_BYTES: usize = 1024 * 1024;
/// Bytes of one file.
const MAX_FILE_BYTES: usize = MAX_AUDIO_VIDEO_BYTES;
/// Bytes of all files of one request: they are in memory until they are decoded.
const MAX_FILES_BYTES: usize = 48 * 1024 * 1024;
/// Parameters in one request.
const MAX_PARAMETERS: usize = 1_000;
/// Brackets in one name.
const MAX_NESTING: usize = 5;

fn kind(request: &HttpRequest) -> String {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    kind.unwrap_or_default().to_ascii_lowercase()
}

/// The parameters of one request.
#[derive(Debug, Default)]
pub struct RequestParams {
    tree: Map<String, Value>,
    /// Names seen so far in the query or the body, and the values of repeated ones without brackets.
    names: HashSet<String>,
    again: HashMap<String, Vec<Value>>,
    files: Vec<(String, Vec<u8>)>,
    count: usize,
    from_body: bool,
    _place: Option<BodyPermit>,
}

impl RequestParams {
    /// Adds the parameters of the body. `is_owners` tells for a token inside it whether it is the owner's: only the
    /// owner may send files, which are held in memory.
    pub async fn read(
        &mut self,
        request: &HttpRequest,
        body: IncomingBody,
        is_owners: impl AsyncFn(String) -> Result<bool, ApiError>,
    ) -> Result<(), ApiError> {
        let place = body.permit();
        self._place = Some(place.clone());
        let most = if place.sender() == BodySender::Owner { MAX_TEXT_BYTES } else { MAX_ANONYMOUS_BODY_BYTES };
        self.names.clear();
        if kind(request).starts_with("multipart/form-data") {
            self.from_body = true;
            let form = Multipart::new(request.headers(), body);
            return self.multipart(form, most, &place, is_owners).await;
        }
        let body = body.read_all(most).await?;
        self.from_body = !body.is_empty();
        if kind(request).contains("json") {
            self.json(&body)?;
        } else if !body.is_empty() {
            self.pairs(&body)?;
        }
        Ok(())
    }

    /// Reads the query of a request.
    pub fn from_query(request: &HttpRequest) -> Result<Self, ApiError> {
        let mut params = Self::default();
        params.pairs(request.query_string().as_bytes())?;
        Ok(params)
    }

    #[cfg(test)]
    pub(super) fn of(query: &str) -> Self {
        let mut params = Self::default();
        assert!(params.pairs(query.as_bytes()).is_ok());
        params
    }

    /// Whether any of them came in the body.
    pub fn is_from_body(&self) -> bool {
        self.from_body
    }

    /// The value at a path of names joined by `/`: `source/privacy`.
    pub fn at(&self, path: &str) -> Option<&Value> {
        let mut names = path.split('/');
        let mut value = self.tree.get(names.next()?)?;
        for name in names {
            value = value.get(name)?;
        }
        Some(value)
    }

    /// Whether a parameter was sent at all, be it empty.
    pub fn has(&self, path: &str) -> bool {
        self.at(path).is_some_and(|value| !value.is_null())
    }

    /// A text; empty ones count.
    pub fn text(&self, path: &str) -> Option<String> {
        text_of(self.at(path)?)
    }

    /// A text that is not blank.
    pub fn given(&self, path: &str) -> Option<String> {
        self.text(path).filter(|text| !text.trim().is_empty())
    }

    /// A text that must be there.
    pub fn required(&self, name: &'static str) -> Result<String, ApiError> {
        self.given(name).ok_or(ApiError::Missing(name))
    }

    /// A boolean, as Rails reads it; None when absent or empty.
    pub fn flag(&self, path: &str) -> Option<bool> {
        flag_of(self.at(path)?)
    }

    /// An integer, as Ruby reads it: what follows the digits is ignored. Swift and Dart send 3600.0.
    pub fn integer(&self, path: &str) -> Option<i64> {
        let text = self.given(path)?;
        let text = text.trim();
        let end = text.char_indices().find(|(at, c)| !(c.is_ascii_digit() || *at == 0 && *c == '-'));
        end.map_or(Some(text), |(at, _)| text.get(..at))?.parse().ok()
    }

    /// A list of texts: repeated, bracketed, indexed or a single one.
    pub fn list(&self, path: &str) -> Vec<String> {
        self.items(path).into_iter().filter_map(text_of).filter(|text| !text.is_empty()).collect()
    }

    /// The elements of a list, whatever form it has.
    pub fn items(&self, path: &str) -> Vec<&Value> {
        match self.at(path) {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(items)) => items.iter().collect(),
            Some(Value::Object(items)) => {
                let mut items: Vec<(&String, &Value)> = items.iter().collect();
                items.sort_by_key(|(index, _)| index.parse::<u64>().unwrap_or(u64::MAX));
                items.into_iter().map(|(_, item)| item).collect()
            }
            Some(single) => self.again.get(path).map_or_else(|| vec![single], |all| all.iter().collect()),
        }
    }

    /// The file of this name, if one was sent.
    pub fn file(&self, name: &str) -> Option<&[u8]> {
        let mut found = self.files.iter().filter(|(known, bytes)| known == name && !bytes.is_empty());
        found.next().map(|(_, bytes)| bytes.as_slice())
    }

    fn pairs(&mut self, text: &[u8]) -> Result<(), ApiError> {
        for (name, value) in url::form_urlencoded::parse(text) {
            self.add(&name, Value::String(value.into_owned()))?;
        }
        Ok(())
    }

    fn json(&mut self, body: &[u8]) -> Result<(), ApiError> {
        if body.iter().all(u8::is_ascii_whitespace) {
            return Ok(());
        }
        // A body that is no object (masto.js sends `null`) has no parameters.
        let value: Value =
            serde_json::from_slice(body).map_err(|_| ApiError::BadRequest("the JSON is malformed".into()))?;
        if let Value::Object(map) = value {
            for (name, value) in map {
                self.add(&name, value)?;
            }
        }
        Ok(())
    }

    async fn multipart(
        &mut self,
        mut form: Multipart,
        mut texts: usize,
        place: &BodyPermit,
        is_owners: impl AsyncFn(String) -> Result<bool, ApiError>,
    ) -> Result<(), ApiError> {
        let mut files = MAX_FILES_BYTES;
        let mut first = true;
        while let Some(field) = form.next().await {
            let mut field = match field {
                // A form without a field is only its end: browsers and Dart send such for calls without parameters.
                Err(MultipartError::Incomplete | MultipartError::BoundaryMissing) if first => return Ok(()),
                field => field.map_err(BodyError::from)?,
            };
            first = false;
            let name = field.name().unwrap_or_default().to_owned();
            let is_file = field
                .content_disposition()
                .is_some_and(|said| said.get_filename().is_some() || said.get_filename_ext().is_some());
            if is_file {
                if place.sender() != BodySender::Owner {
                    let token = self.given("access_token").ok_or(ApiError::NoToken)?;
                    if !is_owners(token).await? {
                        return Err(ApiError::NoToken);
                    }
                    place.promote_to_owner()?;
                    texts += MAX_TEXT_BYTES - MAX_ANONYMOUS_BODY_BYTES;
                }
                let bytes = part(&mut field, files.min(MAX_FILE_BYTES)).await?;
                files -= bytes.len();
                if self.files.len() >= 16 {
                    return Err(ApiError::BadRequest("too many files".into()));
                }
                self.files.push((name, bytes));
            } else {
                let bytes = part(&mut field, texts).await?;
                texts -= bytes.len();
                self.add(&name, Value::String(String::from_utf8_lossy(&bytes).into_owned()))?;
            }
        }
        Ok(())
    }

    /// Adds one parameter at the position its brackets name.
    fn add(&mut self, name: &str, value: Value) -> Result<(), ApiError> {
        self.count += 1;
        if self.count > MAX_PARAMETERS {
            return Err(ApiError::BadRequest("too many parameters".into()));
        }
        let (head, rest) = name.split_once('[').unwrap_or((name, ""));
        let inner: Vec<&str> =
            if rest.is_empty() { Vec::new() } else { rest.trim_end_matches(']').split("][").collect() };
        if inner.len() > MAX_NESTING {
            return Err(ApiError::BadRequest("parameters are nested too deep".into()));
        }
        if inner.is_empty() {
            self.add_text(head, &value);
        }
        put(&mut self.tree, head, &inner, value);
        Ok(())
    }
}

impl RequestParams {
    /// `id=1&id=2` is a list for an endpoint that reads one, else the last value: many HTTP libraries write lists so.
    fn add_text(&mut self, name: &str, value: &Value) {
        if self.names.insert(name.to_owned()) {
            self.again.remove(name);
        } else if let Some(before) = self.tree.get(name) {
            self.again.entry(name.to_owned()).or_insert_with(|| vec![before.clone()]).push(value.clone());
        }
    }
}

/// Puts a value at `name` and its brackets. `[]` appends; `[][id]` begins a new element when the last one has an `id`,
/// as in Rails.
fn put(map: &mut Map<String, Value>, name: &str, inner: &[&str], value: Value) {
    let Some((first, rest)) = inner.split_first() else {
        map.insert(name.to_owned(), value);
        return;
    };
    let place = map.entry(name.to_owned()).or_insert(Value::Null);
    if !first.is_empty() {
        if !place.is_object() {
            *place = Value::Object(Map::new());
        }
        if let Value::Object(inside) = place {
            put(inside, first, rest, value);
        }
        return;
    }
    if !place.is_array() {
        *place = Value::Array(Vec::new());
    }
    let Value::Array(items) = place else { return };
    match rest.split_first() {
        None => items.push(value),
        Some((key, rest)) => {
            let goes_on = matches!(items.last(), Some(Value::Object(last)) if !last.contains_key(*key));
            if !goes_on {
                items.push(Value::Object(Map::new()));
            }
            if let Some(Value::Object(last)) = items.last_mut() {
                put(last, key, rest, value);
            }
        }
    }
}

/// A scalar as text.
pub fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.replace('\0', "")),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(yes) => Some(yes.to_string()),
        _ => None,
    }
}

/// A scalar as a boolean: everything but the words for no is true; an empty text is neither.
pub fn flag_of(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(yes) => Some(*yes),
        Value::Null => None,
        other => match text_of(other)?.as_str() {
            "" => None,
            "0" | "f" | "F" | "false" | "FALSE" | "off" | "OFF" => Some(false),
            _ => Some(true),
        },
    }
}

async fn part(field: &mut Field, limit: usize) -> Result<Vec<u8>, ApiError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = field.next().await {
        let chunk = chunk.map_err(BodyError::from)?;
        if bytes.len() + chunk.len() > limit {
            return Err(Error::invalid("Validation failed: File is too large").into());
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    #[test]
    fn every_dialect_of_lists_and_trees_is_read() {
        for query in ["id[]=1&id[]=2", "id%5B%5D=1&id%5B%5D=2", "id[0]=1&id[1]=2"] {
            assert_eq!(RequestParams::of(query).list("id"), ["1", "2"], "{query}");
        }
        assert_eq!(RequestParams::of("id=1").list("id"), ["1"]);
        let again = RequestParams::of("id=1&id=2&id=3&limit=5&limit=6");
        assert_eq!(
            (again.list("id"), again.text("id"), again.text("limit")),
            (["1", "2", "3"].map(str::to_owned).into(), Some("3".to_owned()), Some("6".to_owned()))
        );
        let params =
            RequestParams::of("source[privacy]=private&poll[options][]=a&poll[options][]=b&poll[multiple]=true");
        assert_eq!(params.text("source/privacy").unwrap(), "private");
        assert_eq!(params.list("poll/options"), ["a", "b"]);
        assert_eq!(params.flag("poll/multiple"), Some(true));
        let params = RequestParams::of("m[][id]=1&m[][description]=x&m[][id]=2&m[][focus]=0,0");
        let expected = json!([{"id": "1", "description": "x"}, {"id": "2", "focus": "0,0"}]);
        assert_eq!(params.at("m"), Some(&expected));
        let mut fields = RequestParams::default();
        fields
            .json(br#"{"fields_attributes": {"1": {"name": "b"}, "0": {"name": "a"}}, "limit": 5, "ids": [1, "2"]}"#)
            .unwrap();
        assert_eq!(fields.items("fields_attributes"), [&json!({"name": "a"}), &json!({"name": "b"})]);
        assert_eq!(
            (fields.text("limit").as_deref(), fields.list("ids")),
            (Some("5"), vec!["1".to_owned(), "2".to_owned()])
        );
    }

    #[test]
    fn whole_numbers_are_read_as_ruby_reads_them() {
        let params = RequestParams::of("a=3600&b=3600.0&c=-5&d=soon&e=&f=12h&g=99999999999999999999");
        let read: Vec<_> = ["a", "b", "c", "d", "e", "f", "g", "h"].map(|name| params.integer(name)).into();
        assert_eq!(read, [Some(3600), Some(3600), Some(-5), None, None, Some(12), None, None]);
    }

    #[test]
    fn no_has_many_words_and_nothing_is_neither() {
        let params = RequestParams::of("a=0&b=false&c=off&d=&e=1&f=yes&max_id=");
        let flags: Vec<_> = ["a", "b", "c", "d", "e", "f", "g"].map(|name| params.flag(name)).into();
        assert_eq!(flags, [Some(false), Some(false), Some(false), None, Some(true), Some(true), None]);
        assert_eq!((params.given("max_id"), params.has("max_id")), (None, true));
    }

    #[test]
    fn depth_and_number_are_limited() {
        let mut params = RequestParams::default();
        assert!(params.pairs(b"a[b][c][d][e][f][g]=1").is_err());
        let many = "a=1&".repeat(MAX_PARAMETERS + 1);
        assert!(RequestParams::default().pairs(many.as_bytes()).is_err());
        assert!(RequestParams::default().json(b"{").is_err());
        assert!(RequestParams::default().json(b"null").is_ok());
    }
}
