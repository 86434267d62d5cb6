//! The server, as clients read it at the start: version, limits, where to stream.

use serde_json::{Value, json};

use super::call::{Answer, Call, Reply};
use super::entity::View;
use super::entity::account::account;
use crate::base::Time;
use crate::base::config::VERSION;
use crate::federation::publish::PICTURES;
use crate::federation::{Node, push};
use crate::media::{FILM_BYTES, INPUT_BYTES};
use crate::social::poll;
use crate::store::{actors, node};
use crate::text::{ALT_CHARS, NOTE_CHARS, count};

/// Mastodon's version whose calls are answered: what Ice Cubes, Mammoth and Mastodon.py decide by.
const SPEAKS: &str = "4.2.0";

fn version() -> String {
    format!("{SPEAKS} (compatible; hytte {VERSION})")
}

fn limits() -> Value {
    json!({
        "statuses": { "max_characters": NOTE_CHARS, "max_media_attachments": PICTURES, "characters_reserved_per_url": count::LINK },
        "media_attachments": {
            "supported_mime_types": ["image/jpeg", "image/png", "image/gif", "image/webp", "video/mp4", "video/webm", "audio/mpeg",
                "audio/ogg", "audio/flac", "audio/wav", "audio/mp4"],
            "description_limit": ALT_CHARS,
            "image_size_limit": INPUT_BYTES,
            "image_matrix_limit": 33_177_600,
            "video_size_limit": FILM_BYTES,
            "video_frame_rate_limit": 120,
            "video_matrix_limit": 8_294_400,
        },
        "polls": {
            "max_options": poll::MOST, "max_characters_per_option": poll::OPTION_CHARS,
            "min_expiration": poll::SHORTEST.as_secs(), "max_expiration": poll::LONGEST.as_secs(),
        },
        "accounts": {
            "max_display_name_length": 100, "max_note_length": crate::text::BIO_CHARS, "max_featured_tags": 10,
            "max_pinned_statuses": 5, "max_profile_fields": 8, "profile_field_name_limit": 255,
            "profile_field_value_limit": 2047,
        },
    })
}

/// `GET /api/v2/instance`.
pub fn v2(node: &Node, call: &Call) -> Reply {
    let shown = node.store.read(|r| {
        let view = View::load(node, r, call)?;
        let settings = node::settings(r)?;
        let owner = view.owner.map(|id| actors::by_id(r, id)).transpose()?;
        let picture = view.links.here("/assets/cabin.png");
        let mut configuration = limits();
        if let Value::Object(map) = &mut configuration {
            let socket = node.facts.origin.url("").replacen("http", "ws", 1);
            map.insert(
                "urls".into(),
                json!({
                    "streaming": socket, "status": null, "about": view.links.here("/about"),
                    "privacy_policy": view.links.here("/privacy-policy"), "terms_of_service": null,
                }),
            );
            map.insert("vapid".into(), json!({ "public_key": push::public_key(r)? }));
            map.insert("translation".into(), json!({ "enabled": false }));
            map.insert("limited_federation".into(), json!(false));
            // What the server has seen of others tells whom its owner reads.
            let access = json!({ "local": "public", "remote": "authenticated" });
            let links = json!({ "local": "disabled", "remote": "disabled" });
            map.insert(
                "timelines_access".into(),
                json!({ "live_feeds": access, "hashtag_feeds": access, "trending_link_feeds": links }),
            );
        }
        Ok(json!({
            "domain": node.facts.origin.host,
            "title": node.facts.origin.domain,
            "version": version(),
            "source_url": view.links.here("/about"),
            "description": describe(owner.as_ref()),
            "usage": { "users": { "active_month": 1 } },
            "thumbnail": { "url": picture, "blurhash": null, "versions": {}, "description": "" },
            "icon": [{ "src": view.links.here("/assets/cabin.png"), "size": "512x512" }],
            "languages": [language(&settings.language)],
            "configuration": configuration,
            "registrations": {
                "enabled": false, "approval_required": false, "reason_required": null, "message": null,
                "min_age": null, "url": null,
            },
            "contact": { "email": settings.contact, "account": owner.as_ref().map(|owner| account(&view, owner)) },
            "rules": [],
            "wrapstodon": null,
        }))
    })?;
    Ok(Answer::json(&shown))
}

/// `GET /api/v1/instance`: toot takes nothing less than all of it.
pub fn v1(node: &Node, call: &Call) -> Reply {
    let shown = node.store.read(|r| {
        let view = View::load(node, r, call)?;
        let settings = node::settings(r)?;
        let owner = view.owner.map(|id| actors::by_id(r, id)).transpose()?;
        let about = describe(owner.as_ref());
        Ok(json!({
            "uri": node.facts.origin.host,
            "title": node.facts.origin.domain,
            "short_description": about,
            "description": about,
            "email": settings.contact,
            "version": version(),
            "urls": { "streaming_api": node.facts.origin.url("").replacen("http", "ws", 1) },
            "stats": { "user_count": 1, "status_count": view.count.posts, "domain_count": 0 },
            "thumbnail": view.links.here("/assets/cabin.png"),
            "languages": [language(&settings.language)],
            "registrations": false,
            "approval_required": false,
            "invites_enabled": false,
            "configuration": limits(),
            "contact_account": owner.as_ref().map(|owner| account(&view, owner)),
            "rules": [],
            "max_toot_chars": NOTE_CHARS,
        }))
    })?;
    Ok(Answer::json(&shown))
}

fn describe(owner: Option<&actors::Actor>) -> String {
    owner.map_or_else(|| "A house for one.".to_owned(), |owner| format!("The house of {}.", owner.name))
}

fn language(setting: &str) -> &str {
    if setting.is_empty() { "en" } else { setting }
}

/// `GET /api/v1/instance/languages`.
pub fn languages(node: &Node, _: &Call) -> Reply {
    let settings = node.store.read(node::settings)?;
    let code = language(&settings.language);
    Ok(Answer::json(&json!([{ "code": code, "name": code }])))
}

/// `GET /api/v1/instance/extended_description`.
pub fn description(node: &Node, _: &Call) -> Reply {
    Ok(Answer::json(&json!({ "updated_at": node.facts.created_at.rfc3339_millis(), "content": "" })))
}

/// `GET /api/v1/instance/privacy_policy`.
pub fn privacy(node: &Node, _: &Call) -> Reply {
    let at: Time = node.facts.created_at;
    let link = node.facts.origin.url("/privacy-policy");
    let content = format!("<p><a href=\"{link}\">{link}</a></p>");
    Ok(Answer::json(&json!({ "updated_at": at.rfc3339_millis(), "content": content })))
}

/// `GET /api/v1/custom_emojis`.
pub fn custom_emojis(_: &Node, _: &Call) -> Reply {
    Ok(Answer::none())
}
