//! A strict decoder of the client API's answers, as the strictest clients decode them: every answer that any test gets from
//! `/api` passes through [`demand`]. What is expected stands in `entities.json` alone; this file only reads it. Knows
//! nothing of the server: what it looks at is what went over the wire.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::string_slice, dead_code)]

use std::collections::HashMap;
use std::sync::OnceLock;

use serde_json::{Map, Value};

/// Fields of one entity, or another name for a type.
enum Entity {
    Fields(Vec<(String, String)>),
    Alias(String),
}

struct Book {
    entities: HashMap<String, Entity>,
    /// Method, path with `{}`, type.
    routes: Vec<(String, String, String)>,
}

fn book() -> &'static Book {
    static BOOK: OnceLock<Book> = OnceLock::new();
    BOOK.get_or_init(|| {
        let whole: Value = serde_json::from_str(include_str!("entities.json")).expect("entities.json is JSON");
        let entities = whole["entities"].as_object().unwrap();
        let routes = whole["routes"].as_object().unwrap().iter().map(|(route, kind)| {
            let (method, path) = route.split_once(' ').unwrap();
            (method.to_owned(), path.to_owned(), kind.as_str().unwrap().to_owned())
        });
        Book {
            entities: entities.keys().map(|name| (name.clone(), entity(entities, name))).collect(),
            routes: routes.collect(),
        }
    })
}

fn entity(all: &Map<String, Value>, name: &str) -> Entity {
    if let Some(alias) = all[name].as_str() {
        return Entity::Alias(alias.to_owned());
    }
    let mut fields: Vec<(String, String)> = Vec::new();
    let mut of = Some(name);
    while let Some(at) = of {
        for (field, kind) in all[at].as_object().unwrap() {
            if field != "<" && !fields.iter().any(|(known, _)| known == field) {
                fields.push((field.clone(), kind.as_str().unwrap().to_owned()));
            }
        }
        of = all[at]["<"].as_str();
    }
    Entity::Fields(fields)
}

/// Whether this answer is one every client can decode; paths that are not the API's pass.
///
/// # Errors
/// What is wrong, and where in the document.
pub fn check(
    method: &str,
    target: &str,
    code: u16,
    header: impl Fn(&str) -> String,
    body: &[u8],
) -> Result<(), String> {
    let path = target.split('?').next().unwrap_or_default().trim_end_matches('/');
    let documents = path.starts_with("/api/") || expected(method, path).is_some();
    if !documents || path.starts_with("/api/v1/streaming") || matches!(method, "HEAD" | "OPTIONS") {
        return Ok(());
    }
    if header("content-type") != "application/json; charset=utf-8" {
        return Err(format!("the content type is “{}”", header("content-type")));
    }
    if header("access-control-allow-origin") != "*" {
        return Err("a page of another site cannot read it (CORS)".to_owned());
    }
    pages(&header("link"))?;
    let document: Value = serde_json::from_slice(body).map_err(|error| format!("no JSON: {error}"))?;
    if code >= 400 {
        return fits("Error", &document, "error");
    }
    let kind =
        expected(method, path).ok_or("tests/strict/entities.json does not know this route: say what it answers")?;
    fits(kind, &document, "answer")?;
    if kind == "GroupedNotifications" { named(&document) } else { Ok(()) }
}

/// Panics where [`check`] finds fault.
pub fn demand(method: &str, target: &str, code: u16, header: impl Fn(&str) -> String, body: &[u8]) {
    if let Err(wrong) = check(method, target, code, header, body) {
        panic!("{method} {target} answered {code}, and clients fail: {wrong}\n{}", String::from_utf8_lossy(body));
    }
}

/// What stands in the book for a path.
pub fn expected(method: &str, path: &str) -> Option<&'static str> {
    let fits = |pattern: &str| {
        let (mut wanted, mut parts) = (pattern.split('/'), path.split('/'));
        loop {
            match (wanted.next(), parts.next()) {
                (None, None) => return true,
                (Some("{}"), Some(part)) if !part.is_empty() => {}
                (Some(word), Some(part)) if word == part => {}
                _ => return false,
            }
        }
    };
    // What is spelt out goes before braces.
    let mut found: Vec<_> = book().routes.iter().filter(|(of, pattern, _)| of == method && fits(pattern)).collect();
    found.sort_by_key(|(_, pattern, _)| pattern.matches("{}").count());
    found.first().map(|(_, _, kind)| kind.as_str())
}

/// `Link` as Mammoth, Ice Cubes, masto.js and toot take it apart: absolute, no comma inside, decimal ids, next before prev.
fn pages(link: &str) -> Result<(), String> {
    let mut before = "";
    for part in link.split(", ").filter(|part| !part.is_empty()) {
        let (url, rel) = part.split_once(">; rel=").ok_or(format!("Link is “{link}”"))?;
        let url = url.strip_prefix('<').ok_or(format!("Link is “{link}”"))?;
        if !is_url(url) || url.contains(',') {
            return Err(format!("Link leads to “{url}”"));
        }
        let id = |name: &str| {
            let (_, rest) = url.split_once(&format!("{name}="))?;
            rest.split('&').next()
        };
        let decimal = |name: &str| id(name).is_some_and(is_id);
        let offset = id("offset").is_some();
        match (rel, before) {
            ("\"next\"", "") if decimal("max_id") || offset => {}
            ("\"prev\"", "" | "\"next\"") if decimal("min_id") || decimal("since_id") || offset => {}
            _ => return Err(format!("Link is “{link}”")),
        }
        before = rel;
    }
    Ok(())
}

/// Groups name accounts and statuses that come along.
fn named(document: &Value) -> Result<(), String> {
    let ids =
        |list: &str| -> Vec<&Value> { document[list].as_array().into_iter().flatten().map(|one| &one["id"]).collect() };
    let (mut people, posts) = (ids("accounts"), ids("statuses"));
    people.extend(ids("partial_accounts"));
    for group in document["notification_groups"].as_array().into_iter().flatten() {
        let who = group["sample_account_ids"].as_array().into_iter().flatten();
        let post = group.get("status_id").filter(|id| !id.is_null());
        if let Some(missing) = who.filter(|id| !people.contains(id)).chain(post.filter(|id| !posts.contains(id))).next()
        {
            return Err(format!("a group names {missing}, which does not come along"));
        }
    }
    Ok(())
}

/// Whether a value is of a type of the book; `at` is where it stands, for the message.
pub fn fits(kind: &str, value: &Value, at: &str) -> Result<(), String> {
    if kind.contains('/') {
        let wrong: Vec<String> = kind.split('/').filter_map(|one| fits(one, value, at).err()).collect();
        let all = wrong.len() == kind.split('/').count();
        return if all { Err(wrong.join("; or: ")) } else { Ok(()) };
    }
    if let Some(kind) = kind.strip_suffix("|null") {
        return if value.is_null() { Ok(()) } else { fits(kind, value, at) };
    }
    let wrong = || Err(format!("{at} must be {kind}, not {value}"));
    if let Some(inner) = kind.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        let (full, inner) = inner.strip_prefix('!').map_or((false, inner), |inner| (true, inner));
        let Some(list) = value.as_array().filter(|list| !(full && list.is_empty())) else { return wrong() };
        return list.iter().enumerate().try_for_each(|(n, one)| fits(inner, one, &format!("{at}[{n}]")));
    }
    if let Some(inner) = kind.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
        let Some(map) = value.as_object() else { return wrong() };
        return map.iter().try_for_each(|(key, one)| fits(inner, one, &format!("{at}.{key}")));
    }
    if let Some(words) = kind.strip_prefix('=') {
        return if value.as_str().is_some_and(|word| words.split(',').any(|w| w == word)) { Ok(()) } else { wrong() };
    }
    match (plain(kind, value), book().entities.get(kind)) {
        (Some(true), _) => Ok(()),
        (Some(false), _) => wrong(),
        (None, Some(Entity::Alias(other))) => fits(other, value, at),
        (None, Some(Entity::Fields(fields))) => whole(kind, fields, value, at),
        (None, None) => Err(format!("entities.json has no type {kind}")),
    }
}

/// An object with exactly these fields.
fn whole(kind: &str, fields: &[(String, String)], value: &Value, at: &str) -> Result<(), String> {
    let Some(object) = value.as_object() else { return Err(format!("{at} must be {kind}, not {value}")) };
    let owners = fields.iter().filter(|(_, kind)| kind.starts_with('+'));
    let for_owner = owners.clone().any(|(field, _)| object.contains_key(field));
    for (field, kind) in fields {
        let (bare, needed) = match kind.chars().next() {
            Some('?') => (&kind[1..], false),
            Some('+') => (&kind[1..], for_owner),
            Some('-') => (kind.as_str(), false),
            _ => (kind.as_str(), true),
        };
        match object.get(field) {
            None if needed => return Err(format!("{at}.{field} is missing")),
            None => {}
            Some(_) if bare == "-" => return Err(format!("{at}.{field} must not come here")),
            Some(value) => fits(bare, value, &format!("{at}.{field}"))?,
        }
    }
    match object.keys().find(|key| !fields.iter().any(|(field, _)| field == *key)) {
        Some(key) => Err(format!("{at}.{key} is not a field of {kind} in tests/strict/entities.json")),
        None => Ok(()),
    }
}

/// The types that are no entity; None for a name that is none of them.
fn plain(kind: &str, value: &Value) -> Option<bool> {
    let text = |holds: fn(&str) -> bool| value.as_str().is_some_and(holds);
    Some(match kind {
        "any" => true,
        "null" => value.is_null(),
        "bool" => value.is_boolean(),
        "int" => value.is_u64(),
        "number" => value.is_number(),
        "text" => value.is_string(),
        "word" => text(|text| !text.is_empty()),
        "id" => text(is_id),
        "digits" => text(|text| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())),
        "url" => text(is_url),
        "uri" => text(|text| text.split_once(':').is_some_and(|(scheme, rest)| !scheme.is_empty() && !rest.is_empty())),
        "time" => text(|text| shaped(text, "0000-00-00T00:00:00.000Z")),
        "date" => text(|text| shaped(text, "0000-00-00")),
        _ => return None,
    })
}

fn is_id(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<i64>().is_ok_and(|n| n > 0) && !text.starts_with('0')
}

/// Absolute, and one that Swift's URL takes.
fn is_url(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'))
        && text.bytes().all(|byte| byte.is_ascii_graphic() && !br#"<>"{}|\^`"#.contains(&byte))
}

/// Digits where the pattern has zeros, else the same characters.
fn shaped(text: &str, pattern: &str) -> bool {
    text.len() == pattern.len()
        && text.bytes().zip(pattern.bytes()).all(|(a, b)| if b == b'0' { a.is_ascii_digit() } else { a == b })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn account() -> Value {
        json!({
            "id": "7", "username": "bob", "acct": "bob@b.example", "display_name": "", "url": "https://b.example/@bob",
            "uri": "https://b.example/users/bob", "note": "", "locked": false, "bot": false, "group": false,
            "indexable": true, "discoverable": null, "created_at": "2026-11-23T00:00:00.000Z", "last_status_at": null,
            "statuses_count": 0, "followers_count": 0, "following_count": 0, "avatar": "https://a.example/a.png",
            "avatar_static": "https://a.example/a.png", "header": "https://a.example/h.png",
            "header_static": "https://a.example/h.png", "fields": [], "emojis": [], "roles": [], "hide_collections": null,
        })
    }

    fn status() -> Value {
        json!({
            "id": "9", "uri": "https://b.example/9", "url": null, "created_at": "2026-11-23T08:15:00.000Z",
            "edited_at": null, "account": account(), "content": "<p>Hello</p>", "visibility": "public",
            "sensitive": false, "spoiler_text": "", "language": null, "in_reply_to_id": null,
            "in_reply_to_account_id": null, "replies_count": 0, "reblogs_count": 0, "favourites_count": 0,
            "quotes_count": 0, "reblog": null, "media_attachments": [], "tags": [], "emojis": [], "card": null,
            "mentions": [{"id": "7", "username": "bob", "acct": "bob@b.example", "url": "https://b.example/@bob"}],
            "poll": null, "quote": null,
            "quote_approval": {"automatic": [], "manual": [], "current_user": "denied"},
            "favourited": false, "reblogged": false, "bookmarked": false, "muted": false, "filtered": [],
        })
    }

    /// Every place in a document: (path of keys, value).
    fn places(value: &Value, at: &mut Vec<String>, all: &mut Vec<Vec<String>>) {
        if let Some(object) = value.as_object() {
            for (key, value) in object {
                at.push(key.clone());
                all.push(at.clone());
                places(value, at, all);
                at.pop();
            }
        }
        if let Some(first) = value.get(0) {
            at.push("0".to_owned());
            places(first, at, all);
            at.pop();
        }
    }

    fn object<'v>(value: &'v mut Value, path: &[String]) -> &'v mut Map<String, Value> {
        let mut value = value;
        for key in path {
            value = match key.as_str() {
                "0" => &mut value[0],
                key => &mut value[key],
            };
        }
        value.as_object_mut().unwrap()
    }

    #[test]
    fn a_missing_null_or_wrong_field_is_found_wherever_it_stands() {
        assert_eq!(fits("Status", &status(), "status"), Ok(()));
        let nullable = [
            "url",
            "edited_at",
            "language",
            "in_reply_to_id",
            "in_reply_to_account_id",
            "reblog",
            "card",
            "poll",
            "quote",
            "discoverable",
            "last_status_at",
            "hide_collections",
        ];
        let mut all = Vec::new();
        places(&status(), &mut Vec::new(), &mut all);
        assert!(all.len() > 60, "{}", all.len());
        for path in all {
            let (key, parent) = path.split_last().unwrap();
            if key == "roles" {
                continue;
            }
            let mut without = status();
            object(&mut without, parent).remove(key);
            assert!(fits("Status", &without, "status").is_err(), "{path:?} may be missing");
            let mut null = status();
            object(&mut null, parent).insert(key.clone(), Value::Null);
            let may = nullable.contains(&key.as_str())
                && !(key == "url" && parent.len() > 1)
                && !(key == "url" && parent.first().is_some_and(|first| first == "account"));
            assert_eq!(fits("Status", &null, "status").is_ok(), may, "{path:?} null");
            let mut other = status();
            object(&mut other, parent).insert(key.clone(), json!({"no": ["such", 1.5]}));
            assert!(fits("Status", &other, "status").is_err(), "{path:?} may be anything");
        }
    }

    #[test]
    fn words_times_ids_and_addresses_are_looked_at() {
        for (kind, good, bad) in [
            ("id", json!("113"), vec![json!(113), json!("0"), json!("01J"), json!(""), json!("99999999999999999999")]),
            ("time", json!("2026-11-23T08:15:00.000Z"), vec![json!("2026-11-23T08:15:00Z"), json!("2026-11-23")]),
            ("date", json!("2026-11-23"), vec![json!("2026-11-23T08:15:00.000Z"), Value::Null]),
            (
                "url",
                json!("https://a.example/é".replace('é', "%C3%A9")),
                vec![json!("/a.png"), json!(""), json!("https://a.example/é")],
            ),
            ("int", json!(3), vec![json!(-1), json!(1.5), json!("3"), Value::Null]),
            ("=public,direct", json!("direct"), vec![json!("local"), json!("")]),
            ("[!id]", json!(["1"]), vec![json!([]), json!(["1", 2])]),
            ("FilterContext", json!("home"), vec![json!("everywhere")]),
        ] {
            assert_eq!(fits(kind, &good, "it"), Ok(()), "{kind} {good}");
            for bad in bad {
                assert!(fits(kind, &bad, "it").is_err(), "{kind} {bad}");
            }
        }
        let mut half = status();
        object(&mut half, &[]).remove("muted");
        assert!(fits("Status", &half, "status").is_err(), "the owner's marks come all or not at all");
        let mut unknown = status();
        object(&mut unknown, &["account".to_owned()]).insert("subscribing".to_owned(), json!(false));
        assert!(fits("Status", &unknown, "status").is_err(), "an unknown field passes");
    }

    #[test]
    fn answers_are_looked_at_from_outside_too() {
        let json = |name: &str| match name {
            "content-type" => "application/json; charset=utf-8".to_owned(),
            "access-control-allow-origin" => "*".to_owned(),
            _ => String::new(),
        };
        let ok = |method: &str, path: &str, code: u16, body: &str| check(method, path, code, json, body.as_bytes());
        assert_eq!(ok("GET", "/api/v1/lists?x=1", 200, "[]"), Ok(()));
        assert_eq!(ok("GET", "/api/v1/lists/", 404, r#"{"error":"Record not found"}"#), Ok(()));
        assert!(ok("GET", "/api/v1/lists", 404, r#"{"message":"no"}"#).is_err(), "an error without its word");
        assert!(ok("GET", "/api/v1/secrets", 200, "[]").is_err(), "a route that nobody described");
        assert!(ok("DELETE", "/api/v1/push/subscription", 200, "[]").is_err(), "Mammoth wants {{}}");
        assert!(check("GET", "/api/v1/lists", 200, |_| String::new(), b"[]").is_err(), "no content type");
        assert_eq!(expected("GET", "/api/v2/notifications/policy"), Some("NotificationPolicy"));
        for (link, good) in [
            (r#"<https://a.example/x?max_id=3>; rel="next", <https://a.example/x?min_id=9>; rel="prev""#, true),
            (r#"<https://a.example/x?min_id=9>; rel="prev", <https://a.example/x?max_id=3>; rel="next""#, false),
            (r#"</x?max_id=3>; rel="next""#, false),
            (r#"<https://a.example/x?max_id=01J>; rel="next""#, false),
        ] {
            assert_eq!(pages(link).is_ok(), good, "{link}");
        }
    }

    #[test]
    fn the_book_names_no_type_it_does_not_have() {
        let kinds = book().entities.values().flat_map(|entity| match entity {
            Entity::Alias(kind) => vec![kind.clone()],
            Entity::Fields(fields) => fields.iter().map(|(_, kind)| kind.clone()).collect(),
        });
        for kind in kinds.chain(book().routes.iter().map(|(_, _, kind)| kind.clone())) {
            if kind.contains('=') || kind == "-" {
                continue;
            }
            for name in kind.split(|c: char| !c.is_alphanumeric()).filter(|name| !name.is_empty()) {
                let known = plain(name, &Value::Null).is_some() || book().entities.contains_key(name);
                assert!(known, "{kind} names {name}");
            }
        }
    }
}
