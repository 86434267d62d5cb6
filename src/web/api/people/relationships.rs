//! Relationships: follow, unfollow, requests, notes, endorsements.

use crate::base::id::ActorId;
use crate::base::{Error, Result};
use crate::federation::{Node, owner::publish};
use crate::store::actors::follows::{self, Follow, FollowOptions};
use crate::store::moderation::mutes::MuteScope;
use crate::store::{
    Read,
    actors::{self, notes},
    moderation::{block_filter, blocks, host_blocks, mutes},
    node,
};
use crate::web::api::call::{ApiRequest, ApiResponse, ApiResult};
use crate::web::api::entity::account::RelationshipEntity;
use crate::web::api::entity::rfc3339;
use crate::web::api::error::ApiError;

/// Maximum number of accounts per request.
const MAX_ACCOUNTS_PER_REQUEST: usize = 80;
/// Maximum length of a private note, as in Mastodon.
const MAX_NOTE_CHARS: usize = 2_000;
/// Languages a follow may name.
const MAX_LANGUAGES: usize = 20;
/// Bytes of one language's tag.
const MAX_LANGUAGE_BYTES: usize = 16;

/// The relationships to these actors, in order; unknown ids are skipped. A fixed number of queries.
pub fn of(r: &Read<'_>, ids: &[ActorId]) -> Result<Vec<RelationshipEntity>> {
    let owner = node::owner(r)?;
    let known = actors::by_ids(r, ids)?;
    let (to, from) = (follows::by_owner_towards(r, owner, ids)?, follows::towards_owner_by(r, owner, ids)?);
    let (muted, blocked, blocking) = (mutes::of(r, ids)?, blocks::of(r, ids)?, blocks::blocked_by_among(r, ids)?);
    let noted = notes::list_of_actors(r, ids)?;
    let rules = host_blocks::rules_for(r, known.iter().flat_map(host_blocks::hosts_of), None)?;
    let mut all = Vec::new();
    for actor in ids.iter().filter_map(|id| known.iter().find(|actor| actor.id == *id)) {
        let id = actor.id;
        let (to, from) =
            (to.iter().find(|follow| follow.followed_id == id), from.iter().find(|follow| follow.follower_id == id));
        let accepted = |follow: Option<&Follow>| follow.is_some_and(|follow| follow.accepted_at.is_some());
        let following = accepted(to);
        let wishes = to.map(|follow| follow.options.clone()).unwrap_or_default();
        let mute = muted.iter().find(|mute| mute.actor_id == id);
        let no_boosts = mute.is_some_and(|mute| mute.reach == MuteScope::Boosts);
        let mute = mute.filter(|mute| mute.reach != MuteScope::Boosts);
        all.push(RelationshipEntity {
            id: id.to_string(),
            following,
            showing_reblogs: to.is_some() && wishes.boosts && !no_boosts,
            notifying: to.is_some() && wishes.notify,
            languages: wishes.languages,
            followed_by: accepted(from),
            blocking: blocked.contains(&id),
            blocked_by: blocking.contains(&id),
            muting: mute.is_some(),
            muting_notifications: mute.is_some_and(|mute| mute.reach == MuteScope::Everything),
            muting_expires_at: mute.and_then(|mute| mute.until_at).map(rfc3339),
            requested: to.is_some() && !following,
            requested_by: from.is_some() && !accepted(from),
            domain_blocking: rules.judge_actor(actor).is_blocked(),
            endorsed: to.is_some_and(|follow| follow.endorsed),
            note: noted.iter().find(|(who, _)| *who == id).map(|(_, text)| text.clone()).unwrap_or_default(),
        });
    }
    Ok(all)
}

/// The response to every action on an account: the current relationship.
pub(in crate::web::api) fn current(node: &Node, id: ActorId) -> ApiResult {
    let one = node.store.read(|r| of(r, &[id]))?;
    Ok(ApiResponse::json(&one.first().ok_or(Error::NotFound)?))
}

/// `GET /api/v1/accounts/relationships`.
pub fn relationships(node: &Node, call: &ApiRequest) -> ApiResult {
    let ids: Vec<ActorId> =
        call.params.list("id").iter().filter_map(|id| id.parse().ok()).take(MAX_ACCOUNTS_PER_REQUEST).collect();
    Ok(ApiResponse::json(&node.store.read(|r| of(r, &ids))?))
}

/// The account in the path, known and not the owner.
pub(in crate::web::api) fn other_actor(node: &Node, call: &ApiRequest) -> Result<ActorId, ApiError> {
    let id: ActorId = call.id()?;
    let (actor, owner) = node.store.read(|r| Ok((actors::by_id(r, id)?, node::owner(r)?)))?;
    if actor.id == owner { Err(ApiError::NotAllowed) } else { Ok(id) }
}

/// `POST /api/v1/accounts/{id}/follow`; repeating changes the options.
pub fn follow(node: &Node, call: &ApiRequest) -> ApiResult {
    let id = other_actor(node, call)?;
    let owner = node.owner()?;
    let (known, refused) = node.store.read(|r| {
        let them = actors::by_id(r, id)?;
        Ok((follows::get(r, owner, id)?, them.gone_at.is_some() || block_filter::is_hidden(r, &them)?))
    })?;
    if refused {
        return Err(ApiError::NotAllowed);
    }
    let before = known.as_ref().map(|follow| follow.options.clone()).unwrap_or_default();
    let wishes = follow_options(call, before.clone())?;
    if known.is_none() {
        publish::follow(node, id)?;
    }
    if wishes != before || call.params.flag("reblogs") == Some(true) {
        node.store.write(move |w| {
            follows::set_options(w, owner, id, &wishes)?;
            // The page mutes boosts in its own way: both are reset.
            let hidden = mutes::get(w, id)?.is_some_and(|mute| mute.reach == MuteScope::Boosts);
            if wishes.boosts && hidden { mutes::remove(w, id).map(drop) } else { Ok(()) }
        })?;
    }
    let (shown, wishes, locked) = node.store.read(|r| {
        let wishes = follows::get(r, owner, id)?.map(|follow| follow.options).unwrap_or_default();
        Ok((of(r, &[id])?.pop(), wishes, actors::by_id(r, id)?.approves_followers))
    })?;
    let mut shown = shown.ok_or(Error::NotFound)?;
    // Clients do not wait for the Accept: an account without approval counts as followed at once.
    if shown.requested && !locked {
        (shown.following, shown.requested) = (true, false);
        (shown.showing_reblogs, shown.notifying) = (wishes.boosts, wishes.notify);
    }
    Ok(ApiResponse::json(&shown))
}

/// The options of a follow; absent ones stay.
fn follow_options(call: &ApiRequest, before: FollowOptions) -> Result<FollowOptions, ApiError> {
    let params = &call.params;
    let languages = if params.has("languages") { params.list("languages") } else { before.languages };
    let is_tag = |tag: &String| {
        tag.len() <= MAX_LANGUAGE_BYTES && tag.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
    };
    if languages.len() > MAX_LANGUAGES || !languages.iter().all(is_tag) {
        return Err(ApiError::Refused("Validation failed: Languages is invalid".to_owned()));
    }
    Ok(FollowOptions {
        boosts: params.flag("reblogs").unwrap_or(before.boosts),
        notify: params.flag("notify").unwrap_or(before.notify),
        languages,
    })
}

/// `POST /api/v1/accounts/{id}/unfollow`: a waiting request is taken back, too.
pub fn unfollow(node: &Node, call: &ApiRequest) -> ApiResult {
    let id = other_actor(node, call)?;
    let owner = node.owner()?;
    if node.store.read(|r| follows::get(r, owner, id))?.is_some() {
        publish::unfollow(node, id)?;
    }
    current(node, id)
}

/// `POST /api/v1/accounts/{id}/remove_from_followers`.
pub fn remove_follower(node: &Node, call: &ApiRequest) -> ApiResult {
    let id = other_actor(node, call)?;
    let owner = node.owner()?;
    if node.store.read(|r| follows::get(r, id, owner))?.is_some() {
        publish::reject_follower(node, id)?;
    }
    current(node, id)
}

/// `POST /api/v1/follow_requests/{account id}/authorize`.
pub fn authorize(node: &Node, call: &ApiRequest) -> ApiResult {
    answer(node, call, publish::accept_follower)
}

/// `POST /api/v1/follow_requests/{account id}/reject`.
pub fn reject(node: &Node, call: &ApiRequest) -> ApiResult {
    answer(node, call, publish::reject_follower)
}

fn answer(node: &Node, call: &ApiRequest, act: fn(&Node, ActorId) -> Result<()>) -> ApiResult {
    let (id, owner) = (call.id()?, node.owner()?);
    let waits = node.store.read(|r| follows::get(r, id, owner))?.is_some_and(|f| f.accepted_at.is_none());
    if !waits {
        return Err(Error::NotFound.into());
    }
    act(node, id)?;
    current(node, id)
}

/// `POST /api/v1/accounts/{id}/note`: for the owner alone; a blank one is forgotten.
pub fn note(node: &Node, call: &ApiRequest) -> ApiResult {
    let id: ActorId = call.id()?;
    node.store.read(|r| actors::by_id(r, id))?;
    let text = call.params.text("comment").unwrap_or_default();
    if text.chars().count() > MAX_NOTE_CHARS {
        return Err(ApiError::Refused(
            "Validation failed: Comment is too long (maximum is 2000 characters)".to_owned(),
        ));
    }
    node.store.write(move |w| notes::set(w, id, &text))?;
    current(node, id)
}

/// `POST /api/v1/accounts/{id}/endorse`, and `pin` as older clients call it.
pub fn endorse(node: &Node, call: &ApiRequest) -> ApiResult {
    let (id, owner) = (other_actor(node, call)?, node.owner()?);
    if node.store.write(move |w| follows::set_endorsed(w, owner, id, true))? {
        return current(node, id);
    }
    let text = "Validation failed: You must be already following the person you want to endorse";
    Err(ApiError::Refused(text.to_owned()))
}

/// `POST /api/v1/accounts/{id}/unendorse`, and `unpin`.
pub fn unendorse(node: &Node, call: &ApiRequest) -> ApiResult {
    let (id, owner) = (other_actor(node, call)?, node.owner()?);
    node.store.write(move |w| follows::set_endorsed(w, owner, id, false))?;
    current(node, id)
}

/// `GET /api/v1/accounts/familiar_followers`. A server knows the follows of its owner only, so the list is empty.
pub fn familiar_followers(node: &Node, call: &ApiRequest) -> ApiResult {
    let ids: Vec<ActorId> =
        call.params.list("id").iter().filter_map(|id| id.parse().ok()).take(MAX_ACCOUNTS_PER_REQUEST).collect();
    let known = node.store.read(|r| actors::by_ids(r, &ids))?;
    let known = ids.iter().filter(|id| known.iter().any(|actor| actor.id == **id));
    let shown: Vec<_> = known.map(|id| serde_json::json!({ "id": id.to_string(), "accounts": [] })).collect();
    Ok(ApiResponse::json(&shown))
}
