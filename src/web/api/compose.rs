//! `POST /api/v1/statuses`: publishes or schedules.

pub(super) mod media;
pub(super) mod scheduled;

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use super::call::{ApiRequest, ApiResponse, ApiResult};
use super::entity::ApiViewer;
use super::entity::account::account;
use super::entity::visibility::audience;
use super::error::ApiError;

use super::post::statuses::now;
use crate::base::id::{ActorId, MediaId, PostId};
use crate::base::interaction_policy::{PolicyChoice, PolicyChoices};
use crate::base::{Audience, Error, Result, Time};
use crate::federation::Node;
use crate::federation::owner::login::token_hash;
use crate::federation::owner::publish::{self, MAX_ATTACHMENTS, NewPost};
use crate::federation::owner::scheduling;
use crate::social::poll::NewPoll;
use crate::store::node::Settings;
use crate::store::{
    Read,
    access::apps,
    actors, node,
    posts::{self, attachments, drafts},
};
use crate::text::{self, MAX_NOTE_CHARS, post_length};

/// Maximum length of an idempotency key that is stored as it is.
const MAX_IDEMPOTENCY_KEY_BYTES: usize = 200;

const PARENT_NOT_FOUND: &str = "The post you are trying to reply to does not appear to exist.";
const QUOTED_NOT_FOUND: &str = "The post you are trying to quote does not appear to exist.";

/// The result of an earlier request with the same idempotency key.
enum IdempotentResult {
    Post(PostId),
    Waiting(drafts::StoredDraft),
}

/// `POST /api/v1/statuses`: a Status, or a ScheduledStatus when it is for later.
pub fn create(node: &Node, call: &ApiRequest) -> ApiResult {
    let once = with_idempotency_key(call);
    // One snapshot: a repeated request must not be told that its files are in use.
    let (made, draft) = node.store.read(|r| {
        let made = once.as_deref().map(|key| earlier_result(r, key)).transpose()?.flatten();
        let draft = if made.is_some() { None } else { Some(read(r, call)) };
        Ok((made, draft))
    })?;
    match (made, draft) {
        (Some(IdempotentResult::Post(id)), _) => now(node, call, id),
        (Some(IdempotentResult::Waiting(kept)), _) => scheduled::show(node, call, &kept),
        (None, Some(draft)) => publish_or_keep(node, call, NewPost { once, ..draft? }),
        (None, None) => Err(Error::NotFound.into()),
    }
}

fn publish_or_keep(node: &Node, call: &ApiRequest, draft: NewPost) -> ApiResult {
    if let Some(answer) = unexpected(node, call, &draft)? {
        return Ok(answer);
    }
    match due(node, call)? {
        Some(due) => {
            let id = scheduling::schedule(node, draft, due)?;
            let kept = node.store.read(|r| drafts::get(r, id))?;
            scheduled::show(node, call, &kept)
        }
        None => now(node, call, publish::post(node, draft)?),
    }
}

fn earlier_result(r: &Read<'_>, key: &str) -> Result<Option<IdempotentResult>> {
    if let Some(id) = apps::idempotent_result(r, key)? {
        return Ok(Some(IdempotentResult::Post(id)));
    }
    let waiting = drafts::by_idempotency_key(r, key)?.map(|id| drafts::get(r, id)).transpose()?;
    Ok(waiting.map(IdempotentResult::Waiting))
}

/// The idempotency key, separate per client. Of a long one only the hash is stored.
fn with_idempotency_key(call: &ApiRequest) -> Option<String> {
    let key = call.idempotency.as_deref().map(str::trim).filter(|key| !key.is_empty())?;
    let token = call.token.as_ref()?;
    Some(match key.len() {
        ..=MAX_IDEMPOTENCY_KEY_BYTES => format!("{} {key}", token.id),
        _ => format!("{} {}", token.id, URL_SAFE_NO_PAD.encode(token_hash(key))),
    })
}

/// When it is to be published; None for now.
pub fn due(node: &Node, call: &ApiRequest) -> Result<Option<Time>, ApiError> {
    let Some(said) = call.params.given("scheduled_at") else { return Ok(None) };
    // Times in Ruby's format are accepted, too.
    let at = said.trim().replace(" UTC", "Z").replace(" +", "+").replace(" -", "-");
    let at = Time::parse(&at).ok_or_else(|| refused("Scheduled at is no date"))?;
    Ok(scheduling::scheduled_time(at, node.clock().now())?)
}

/// The draft, validated as far as possible without network.
fn read(r: &Read<'_>, call: &ApiRequest) -> Result<NewPost, ApiError> {
    let params = &call.params;
    let settings = node::settings(r)?;
    let chosen = match params.given("visibility") {
        Some(word) => audience(&word).ok_or_else(|| refused("Visibility is not included in the list"))?,
        None => settings.audience.parse().unwrap_or(Audience::Public),
    };
    let quote = params.given("quoted_status_id").or_else(|| params.given("quote_id"));
    let quote = quote.map(|id| known_post(r, &id, QUOTED_NOT_FOUND)).transpose()?;
    let reply_to = params.given("in_reply_to_id").map(|id| known_post(r, &id, PARENT_NOT_FOUND)).transpose()?;
    let media = media(r, call)?;
    let (text, warning) = status_text(call);
    if text.trim().is_empty() && media.is_empty() && quote.is_none() {
        return Err(refused("Text can't be blank"));
    }
    fits(&text, warning.as_deref())?;
    Ok(NewPost {
        warning,
        reply_to,
        media,
        quote,
        language: language(call),
        sensitive: params.flag("sensitive").unwrap_or(settings.sensitive),
        markdown: markdown(call),
        poll: poll(call)?,
        choices: choices(call, settings.choices())?,
        allowed: params
            .has("allowed_mentions")
            .then(|| params.list("allowed_mentions").iter().filter_map(|id| id.parse().ok()).collect::<Vec<ActorId>>()),
        app: app(r, call)?,
        ..NewPost::new(text, chosen)
    })
}

/// The text and its content warning; a warning alone becomes the text, as in Mastodon.
pub fn status_text(call: &ApiRequest) -> (String, Option<String>) {
    let (text, warning) = (call.params.text("status").unwrap_or_default(), call.params.given("spoiler_text"));
    match warning {
        Some(warning) if text.trim().is_empty() => (warning, None),
        warning => (text, warning),
    }
}

/// Checks the length, with Mastodon's message, before anything is fetched.
pub fn fits(text: &str, warning: Option<&str>) -> Result<(), ApiError> {
    if text.len() > MAX_NOTE_CHARS * 64
        || post_length::of(text) + post_length::of(warning.unwrap_or_default()) > MAX_NOTE_CHARS
    {
        return Err(refused(&format!("Text character limit of {MAX_NOTE_CHARS} exceeded")));
    }
    Ok(())
}

/// The language; an invalid one is ignored.
pub fn language(call: &ApiRequest) -> Option<String> {
    call.params.given("language").and_then(|said| text::language::read(&said))
}

/// Whether the text is Markdown: GoToSocial's and Pleroma's clients say so; else the owner's setting.
pub fn markdown(call: &ApiRequest) -> Option<bool> {
    match call.params.given("content_type").as_deref() {
        Some("text/markdown") => Some(true),
        Some("text/plain") => Some(false),
        _ => None,
    }
}

fn known_post(r: &Read<'_>, id: &str, lacking: &'static str) -> Result<PostId, ApiError> {
    let post = id.parse().and_then(|id| posts::by_id(r, id));
    match post {
        Ok(post) => Ok(post.boost_of.unwrap_or(post.id)),
        Err(Error::NotFound | Error::Gone) => Err(ApiError::Lacking(lacking)),
        Err(error) => Err(error.into()),
    }
}

fn media(r: &Read<'_>, call: &ApiRequest) -> Result<Vec<MediaId>, ApiError> {
    let ids = media_ids(call)?;
    match attachments::are_unattached(r, &ids, None)? {
        true => Ok(ids),
        false => Err(refused("Media not found or already attached to another post")),
    }
}

/// The files named, each once, in order.
pub fn media_ids(call: &ApiRequest) -> Result<Vec<MediaId>, ApiError> {
    let mut ids: Vec<MediaId> = Vec::new();
    for id in call.params.list("media_ids") {
        let id = id.parse().map_err(|_| refused("Media not found or already attached to another post"))?;
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    if ids.len() > MAX_ATTACHMENTS {
        return Err(refused(&format!("Cannot attach more than {MAX_ATTACHMENTS} files")));
    }
    Ok(ids)
}

/// The poll, if one was sent.
pub fn poll(call: &ApiRequest) -> Result<Option<NewPoll>, ApiError> {
    let options = call.params.list("poll/options");
    if options.is_empty() && call.params.given("poll/expires_in").is_none() {
        return Ok(None);
    }
    let length = length(call)?.ok_or_else(|| refused("Expires at can't be blank"))?;
    Ok(Some(of_options(call, options, length)))
}

/// A poll with these options.
pub fn of_options(call: &ApiRequest, options: Vec<String>, length: Duration) -> NewPoll {
    let flag = |name: &str| call.params.flag(name).unwrap_or(false);
    NewPoll { options, multiple: flag("poll/multiple"), length, hides: flag("poll/hide_totals") }
}

/// Duration of the poll, if given.
pub fn length(call: &ApiRequest) -> Result<Option<Duration>, ApiError> {
    if call.params.given("poll/expires_in").is_none() {
        return Ok(None);
    }
    let seconds = call.params.integer("poll/expires_in").and_then(|seconds| u64::try_from(seconds).ok());
    seconds
        .map(|seconds| Some(Duration::from_secs(seconds)))
        .ok_or_else(|| refused("Expires at is no number of seconds"))
}

/// The policy with the given quote policy; None leaves it.
pub fn choices(call: &ApiRequest, usual: PolicyChoices) -> Result<Option<PolicyChoices>, ApiError> {
    let Some(word) = call.params.given("quote_approval_policy") else { return Ok(None) };
    let quote = match word.as_str() {
        "public" => PolicyChoice::Everyone,
        "followers" => PolicyChoice::Followers,
        "nobody" => PolicyChoice::Nobody,
        _ => return Err(refused("Quote approval policy is not included in the list")),
    };
    Ok(Some(PolicyChoices { quote, ..usual }))
}

/// Mastodon's word for the quote policy; the next narrower one where it has no word.
pub fn quote_policy(settings: &Settings, choices: Option<PolicyChoices>) -> &'static str {
    match choices.unwrap_or_else(|| settings.choices()).quote {
        PolicyChoice::Everyone => "public",
        PolicyChoice::Followers => "followers",
        PolicyChoice::Following | PolicyChoice::WithApproval | PolicyChoice::Nobody => "nobody",
    }
}

fn app(r: &Read<'_>, call: &ApiRequest) -> Result<Option<(String, Option<String>)>> {
    let Some(token) = &call.token else { return Ok(None) };
    let page = token.app.map(|id| apps::by_id(r, id)).transpose()?.and_then(|app| app.website);
    Ok(Some((token.name.clone(), page)))
}

/// The response when the text mentions actors that the app did not expect.
fn unexpected(node: &Node, call: &ApiRequest, draft: &NewPost) -> Result<Option<ApiResponse>, ApiError> {
    let Some(allowed) = &draft.allowed else { return Ok(None) };
    let named = publish::resolve_mentions(node, &draft.text, draft.markdown)?;
    let others: Vec<ActorId> = named.into_iter().filter(|id| !allowed.contains(id)).collect();
    if others.is_empty() {
        return Ok(None);
    }
    let shown = node.store.read(|r| {
        let view = ApiViewer::load(node, r, call)?;
        Ok(actors::by_ids(r, &others)?.iter().map(|actor| account(&view, actor)).collect::<Vec<_>>())
    })?;
    let text = "Post would be sent to unexpected accounts";
    Ok(Some(ApiResponse::with(422, &json!({ "error": text, "unexpected_accounts": shown }))))
}

/// A validation error with Mastodon's prefix.
pub fn refused(why: &str) -> ApiError {
    ApiError::Refused(format!("Validation failed: {why}"))
}
