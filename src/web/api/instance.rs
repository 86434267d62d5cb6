//! Instance information: version, limits, texts, streaming address. Each limit stated is the one the code uses.

use serde_json::{Value, json};

use super::call::{ApiRequest, ApiResponse, ApiResult};
use super::entity::ApiViewer;
use super::entity::account::account;
use super::people::profile;
use crate::base::config::VERSION;
use crate::base::{Result, Time};
use crate::federation::owner::publish::MAX_ATTACHMENTS;
use crate::federation::{Node, outgoing::push_notifications, owner::identity};
use crate::media::{MAX_AUDIO_VIDEO_BYTES, MAX_IMAGE_BYTES, MAX_IMAGE_PIXELS, media_types};
use crate::social::{pin, poll};
use crate::store::node::Settings;
use crate::store::{Read, actors, node, own_emoji, posts::pins};
use crate::text::default_texts::{self, or_default, to_html};
use crate::text::{MAX_ALT_TEXT_CHARS, MAX_NOTE_CHARS, MAX_OWN_BIO_CHARS, language, post_length};

/// The Mastodon version whose API is provided: Ice Cubes, Mammoth and Mastodon.py decide by it.
const MASTODON_VERSION: &str = "4.5.0";
/// The number of that version's API: groups of notifications (2), quotes (7); not yet `/api/v1/profile` (8).
const API_VERSION: u32 = 7;
/// Maximum number of rules listed.
const MAX_LISTED_RULES: usize = 100;
/// Limits that clients apply to videos: nothing is decoded here, so they are high.
const VIDEO_FRAME_RATE_LIMIT: u32 = 120;

fn version() -> String {
    format!("{MASTODON_VERSION} (compatible; hytte {VERSION})")
}

fn limits() -> Value {
    json!({
        "statuses": { "max_characters": MAX_NOTE_CHARS, "max_media_attachments": MAX_ATTACHMENTS, "characters_reserved_per_url": post_length::LINK_LENGTH },
        "media_attachments": {
            "supported_mime_types": media_types(),
            "description_limit": MAX_ALT_TEXT_CHARS,
            "image_size_limit": MAX_IMAGE_BYTES,
            "image_matrix_limit": MAX_IMAGE_PIXELS,
            "video_size_limit": MAX_AUDIO_VIDEO_BYTES,
            "video_frame_rate_limit": VIDEO_FRAME_RATE_LIMIT,
            "video_matrix_limit": MAX_IMAGE_PIXELS,
        },
        "polls": {
            "max_options": poll::MAX_OPTIONS, "max_characters_per_option": poll::MAX_OPTION_CHARS,
            "min_expiration": poll::MIN_POLL_DURATION.as_secs(), "max_expiration": poll::MAX_POLL_DURATION.as_secs(),
        },
        "accounts": {
            "max_display_name_length": identity::MAX_DISPLAY_NAME_CHARS, "max_note_length": MAX_OWN_BIO_CHARS,
            "max_avatar_description_length": profile::MAX_IMAGE_DESCRIPTION_CHARS,
            "max_header_description_length": profile::MAX_IMAGE_DESCRIPTION_CHARS,
            "max_featured_tags": pins::MAX_FEATURED_HASHTAGS, "max_pinned_statuses": pin::MAX_PINNED_POSTS,
            "max_profile_fields": identity::MAX_FIELDS, "profile_field_name_limit": identity::MAX_FIELD_NAME_CHARS,
            "profile_field_value_limit": identity::MAX_FIELD_CHARS,
        },
    })
}

/// The configuration with the additions of version 2.
fn configuration(node: &Node, r: &Read<'_>, view: &ApiViewer<'_>) -> Result<Value> {
    let mut all = limits();
    // The federated timeline would reveal whom the owner reads.
    let access = json!({ "local": "public", "remote": "authenticated" });
    let more = json!({
        "urls": {
            "streaming": socket(node), "status": null, "about": view.links.here("/about"),
            "privacy_policy": view.links.here("/privacy-policy"), "terms_of_service": null,
        },
        "vapid": { "public_key": push_notifications::public_key(r)? },
        "translation": { "enabled": false },
        "timelines_access": {
            "live_feeds": access, "hashtag_feeds": access,
            "trending_link_feeds": { "local": "disabled", "remote": "disabled" },
        },
        "limited_federation": false,
    });
    if let (Value::Object(all), Value::Object(more)) = (&mut all, more) {
        all.extend(more);
    }
    Ok(all)
}

/// Where to stream.
fn socket(node: &Node) -> String {
    node.facts.origin.url("").replacen("http", "ws", 1)
}

/// `GET /api/v2/instance`.
pub fn v2(node: &Node, call: &ApiRequest) -> ApiResult {
    let shown = node.store.read(|r| {
        let view = ApiViewer::load(node, r, call)?;
        let settings = node::settings(r)?;
        let owner = view.owner.map(|id| actors::by_id(r, id)).transpose()?;
        let picture = view.links.here("/assets/cabin.png");
        let shown = json!({
            "domain": node.facts.origin.host,
            "title": node.facts.origin.domain,
            "version": version(),
            "source_url": view.links.here("/about"),
            "description": describe(&settings, owner.as_ref()),
            "usage": { "users": { "active_month": 1 } },
            "thumbnail": { "url": picture, "blurhash": null, "versions": {}, "description": "" },
            "icon": [{ "src": view.links.here("/assets/cabin.png"), "size": "512x512" }],
            "languages": [language(&settings)],
            "configuration": configuration(node, r, &view)?,
            "registrations": {
                "enabled": false, "approval_required": false, "reason_required": null, "message": null,
                "min_age": null, "url": null,
            },
            "contact": { "email": settings.contact, "account": owner.as_ref().map(|owner| account(&view, owner)) },
            "rules": rule_list(&settings),
            "api_versions": { "mastodon": API_VERSION },
            "wrapstodon": null,
        });
        Ok(shown)
    })?;
    Ok(ApiResponse::json(&shown))
}

/// `GET /api/v1/instance`: toot takes nothing less than all of it.
pub fn v1(node: &Node, call: &ApiRequest) -> ApiResult {
    let shown = node.store.read(|r| {
        let view = ApiViewer::load(node, r, call)?;
        let settings = node::settings(r)?;
        let owner = view.owner.map(|id| actors::by_id(r, id)).transpose()?;

        let about = describe(&settings, owner.as_ref());
        Ok(json!({
            "uri": node.facts.origin.host,
            "title": node.facts.origin.domain,
            "short_description": about,
            "description": about,
            "email": settings.contact,
            "version": version(),
            "urls": { "streaming_api": socket(node) },
            "stats": { "user_count": 1, "status_count": view.count.posts, "domain_count": 0 },
            "thumbnail": view.links.here("/assets/cabin.png"),
            "languages": [language(&settings)],
            "registrations": false,
            "approval_required": false,
            "invites_enabled": false,
            "configuration": limits(),
            "contact_account": owner.as_ref().map(|owner| account(&view, owner)),
            "rules": rule_list(&settings),
            "max_toot_chars": MAX_NOTE_CHARS,
        }))
    })?;
    Ok(ApiResponse::json(&shown))
}

/// The first paragraph of the owner's text about the server, or a default sentence.
fn describe(settings: &Settings, owner: Option<&actors::Actor>) -> String {
    let mut own = settings.about.split("\n\n").map(str::trim).filter(|part| !part.is_empty() && !part.starts_with('#'));
    match (own.next(), owner) {
        (Some(own), _) => own.to_owned(),
        (None, Some(owner)) => format!("The house of {}.", owner.name),
        (None, None) => "A house for one.".to_owned(),
    }
}

fn language(settings: &Settings) -> &str {
    if settings.language.is_empty() { "en" } else { &settings.language }
}

/// The rules one by one; ids count from 1 in their order.
fn rule_list(settings: &Settings) -> Vec<Value> {
    let rules = default_texts::rules(or_default(&settings.rules, default_texts::DEFAULT_RULES));
    let rule =
        |(n, text): (usize, &str)| json!({ "id": (n + 1).to_string(), "text": text, "hint": "", "translations": {} });
    rules.into_iter().take(MAX_LISTED_RULES).enumerate().map(rule).collect()
}

/// `GET /api/v1/instance/rules`.
pub fn rules(node: &Node, _: &ApiRequest) -> ApiResult {
    Ok(ApiResponse::json(&rule_list(&node.store.read(node::settings)?)))
}

/// `GET /api/v1/instance/languages`: languages a post can be marked with.
pub fn languages(_: &Node, _: &ApiRequest) -> ApiResult {
    let known: Vec<Value> =
        language::LANGUAGES.iter().map(|(code, _, name)| json!({ "code": code, "name": name })).collect();
    Ok(ApiResponse::json(&known))
}

/// `GET /api/v1/instance/extended_description`.
pub fn description(node: &Node, _: &ApiRequest) -> ApiResult {
    let settings = node.store.read(node::settings)?;
    owner_text(node, or_default(&settings.about, default_texts::DEFAULT_ABOUT))
}

/// `GET /api/v1/instance/privacy_policy`.
pub fn privacy(node: &Node, _: &ApiRequest) -> ApiResult {
    let settings = node.store.read(node::settings)?;
    owner_text(node, or_default(&settings.privacy, default_texts::DEFAULT_PRIVACY))
}

fn owner_text(node: &Node, text: &str) -> ApiResult {
    let at: Time = node.facts.created_at;
    Ok(ApiResponse::json(&json!({ "updated_at": at.rfc3339_millis(), "content": to_html(text).into_string() })))
}

/// `GET /api/v1/custom_emojis`: the owner's own.
pub fn custom_emojis(node: &Node, call: &ApiRequest) -> ApiResult {
    let shown = node.store.read(|r| {
        let view = ApiViewer::load(node, r, call)?;
        let shown = |emoji: &own_emoji::OwnEmoji| {
            let url = view.links.media(&emoji.file);
            json!({ "shortcode": emoji.code, "url": url, "static_url": url, "visible_in_picker": true })
        };
        Ok(own_emoji::all(r)?.iter().map(shown).collect::<Vec<_>>())
    })?;
    Ok(ApiResponse::json(&shown))
}
