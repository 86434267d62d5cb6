//! Boosts, both directions. A boost is a row in the table of posts that points to the boosted post.

use super::interaction::outbound::{self, PerformedInteraction, RequestMode};
use super::outbox::{self, ActivityRecipients};
use super::{Prerequisite, document, interaction::inbound, list, uri_of};
use crate::ap::activity::Activity;
use crate::ap::json::Ref;
use crate::base::id::{ActorId, PostId};
use crate::base::interaction_policy::Interaction;
use crate::base::{Audience, Error, Result, Time};
use crate::store::actors::{self, Actor};
use crate::store::notifications::{self, NotificationKind};
use crate::store::posts::post_metadata::PostMetadata;
use crate::store::posts::{self, Post};
use crate::store::{Read, Write, actors::follows, moderation::block_filter, node, posts::tombstones};

/// What to fetch for a boost: the post, when the booster is followed.
pub(super) fn prerequisites(r: &Read<'_>, sender: &Actor, object: &Ref) -> Result<Vec<Prerequisite>> {
    let Some(uri) = object.id() else { return Ok(Vec::new()) };
    let owner = node::owner(r)?;
    if posts::by_uri(r, uri.as_str())?.is_some() || !follows::is_accepted(r, owner, sender.id)? {
        return Ok(Vec::new());
    }
    Ok(vec![Prerequisite::Post(uri.as_str().to_owned())])
}

/// Receives a boost. It is added to the home timeline when the booster is followed, and notifies the owner when the
/// post is theirs. A private post can only be boosted by its own author.
pub(super) fn receive(w: &Write<'_>, owner: ActorId, sender: &Actor, activity: &Activity, object: &Ref) -> Result<()> {
    let Some(of) = object.id().map(|id| posts::by_uri(w, id.as_str())).transpose()?.flatten() else { return Ok(()) };
    let follow = follows::get_accepted(w, owner, sender.id)?;
    let followed = follow.is_some();
    let boostable = of.boost_of.is_none() && (of.audience.is_open() || of.actor_id == sender.id);
    if !boostable || !(followed || of.actor_id == owner) || posts::boost_by(w, sender.id, of.id)?.is_some() {
        return Ok(());
    }
    let lists = activity.recipients.clone().unwrap_or_default();
    let audience = crate::ap::addressing::read(&lists.to, &lists.cc, sender.followers.as_deref());
    let at = activity.published.unwrap_or(w.now).clamp(Time::from_ms(1000).min(w.now), w.now);
    let boost = boost_row(w, &uri_of(activity), sender.id, &of, audience.max(of.audience), at)?;
    let author = actors::by_id(w, of.actor_id)?;
    if posts::by_uri(w, &boost.uri)?.is_some() || block_filter::is_hidden(w, &author)? {
        return Ok(());
    }
    let wanted =
        follow.is_some_and(|follow| follow.options.boosts && follow.options.accepts_language(of.language.as_deref()));
    let put_forward = wanted && !block_filter::is_limited(w, author.id)?;
    if !inbound::allows_without_request(w, owner, sender, &of, Interaction::Boost, &boost.uri, None)? {
        return Ok(());
    }
    posts::insert(w, &boost, &[], &[])?;
    if put_forward {
        list::add_to_timelines(w, owner, sender.id, &boost)?;
    }
    if of.actor_id == owner { notifications::add(w, NotificationKind::Boost, sender.id, Some(of.id)) } else { Ok(()) }
}

/// Stores a boost of one of the owner's posts that the owner has approved.
pub(super) fn store_approved_boost(w: &Write<'_>, who: ActorId, of: PostId, uri: &str) -> Result<()> {
    if posts::boost_by(w, who, of)?.is_some() || posts::by_uri(w, uri)?.is_some() {
        return Ok(());
    }
    let boost = boost_row(w, uri, who, &posts::by_id(w, of)?, Audience::Public, w.now)?;
    posts::insert(w, &boost, &[], &[])?;
    notifications::add(w, NotificationKind::Boost, who, Some(of))
}

/// Receives the Undo of a boost.
pub(super) fn receive_undo(w: &Write<'_>, sender: &Actor, boost: &Post) -> Result<()> {
    posts::delete(w, boost.id)?;
    notifications::remove(w, NotificationKind::Boost, sender.id, boost.boost_of)
}

/// Boosts a post for this audience. Repeating does nothing. Invalid for a post that is not public; the owner's own
/// followers-only posts may be boosted to followers.
pub fn send(w: &Write<'_>, owner: &Actor, id: PostId, audience: Audience) -> Result<PostId> {
    let of = posts::by_id(w, id)?;
    let again = of.actor_id == owner.id && of.audience == Audience::Followers;
    if of.boost_of.is_some() || !(of.audience.is_open() || again) {
        return Err(Error::invalid("only public posts can be boosted"));
    }
    let audience = audience.max(of.audience);
    if audience == Audience::Mentioned {
        return Err(Error::invalid("a boost must be visible at least to followers"));
    }
    if let Some(known) = posts::boost_by(w, owner.id, id)? {
        return Ok(known.id);
    }
    let author = actors::by_id(w, of.actor_id)?;
    let (activity_id, uri) = outbox::next_activity(w, owner)?;
    let boost = boost_row(w, &uri, owner.id, &of, audience, w.now)?;
    posts::insert(w, &boost, &[], &[])?;
    list::add_to_timelines(w, owner.id, owner.id, &boost)?;
    let announce = document::announce(owner, &uri, (&of, &author), audience, w.now);
    if let Some(how) = outbound::request_mode(w, owner.id, &of, Interaction::Boost)? {
        let done = PerformedInteraction {
            interaction: Interaction::Boost,
            uri: &uri,
            own_post_id: Some(boost.id),
            target: &of,
        };
        outbound::send_request(w, owner, how, &done, || Ok(announce.clone()))?;
        if how == RequestMode::Explicit {
            return Ok(boost.id);
        }
    }
    outbox::send(w, owner, activity_id, announce, &uri, audience, &recipients(&author))?;
    Ok(boost.id)
}

/// Sends a boost after the post's author has approved it, with the stamp.
pub(super) fn send_approved_boost(w: &Write<'_>, owner: &Actor, boost: &Post, stamp: Option<&str>) -> Result<()> {
    let Some(of) = boost.boost_of.map(|of| posts::by_id(w, of)).transpose()? else { return Ok(()) };
    let author = actors::by_id(w, of.actor_id)?;
    let announce = document::announce(owner, &boost.uri, (&of, &author), boost.audience, boost.published_at);
    let announce = outbound::add_authorization(announce, Interaction::Boost, stamp);
    // The number was reserved when the owner boosted; later activities have other numbers.
    let number = boost.uri.rsplit('/').next().unwrap_or_default().parse();
    let id = number.or_else(|_| outbox::next_activity(w, owner).map(|(id, _)| id))?;
    outbox::send(w, owner, id, announce, &boost.uri, boost.audience, &recipients(&author))
}

/// Undoes the owner's boost of a post.
pub fn unboost(w: &Write<'_>, owner: &Actor, id: PostId) -> Result<()> {
    let of = posts::by_id(w, id)?;
    let Some(boost) = posts::boost_by(w, owner.id, id)? else { return Ok(()) };
    let author = actors::by_id(w, of.actor_id)?;
    posts::delete(w, boost.id)?;
    tombstones::add_own(w, &boost.uri)?;
    let inner = document::announce(owner, &boost.uri, (&of, &author), boost.audience, boost.published_at);
    outbox::undo(w, owner, &inner, &boost.uri, boost.audience, &recipients(&author))
}

fn recipients(author: &Actor) -> ActivityRecipients {
    ActivityRecipients { followers: true, priority_actors: vec![author.id], ..ActivityRecipients::default() }
}

fn boost_row(w: &Write<'_>, uri: &str, actor: ActorId, of: &Post, audience: Audience, at: Time) -> Result<Post> {
    Ok(Post {
        id: posts::next_id(w, at)?,
        uri: uri.to_owned(),
        actor_id: actor,
        kind: "Announce".to_owned(),
        boost_of: Some(of.id),
        audience,
        reply_to: None,
        reply_to_uri: None,
        context_uri: None,
        title: None,
        warning: None,
        content: String::new(),
        source: None,
        language: None,
        sensitive: false,
        url: None,
        emoji: Vec::new(),
        metadata: PostMetadata::default(),
        published_at: at,
        edited_at: None,
        received_at: w.now,
    })
}
