//! Interactions with the owner's posts (reply, like, boost, quote), with and without requests: the post's policy allows
//! them, stores them for approval, or rejects them (GoToSocial, FEP-044f).

use serde_json::{Value, json};

use crate::ap::activity::Activity;
use crate::ap::addressing::{PUBLIC, Recipients};
use crate::ap::interaction;
use crate::ap::json::{Ref, Uri, same_origin};
use crate::ap::object::Object;
use crate::base::id::{ActorId, PostId, RequestId};
use crate::base::interaction_policy::{ActorSet, AuthorRelation, Interaction, Permission, PolicyRule};
use crate::base::{Audience, Error, Result};
use crate::social::interaction::documents::{self, InteractionResponse};
use crate::social::outbox::{self, ActivityRecipients};
use crate::social::{Prerequisite, boost, quote, remote_post, uri_of};
use crate::store::actors::{self, Actor};
use crate::store::notifications::{self, NotificationKind};
use crate::store::posts::interaction_requests_in::{self, InteractionRequestIn, RequestState};
use crate::store::posts::{self, Post};
use crate::store::{
    Read, Write,
    actors::follows,
    node,
    posts::{interaction_policies, likes, tombstones},
};

/// What the policy of one of the owner's posts permits an actor. Actors that the post mentions or replies to may always
/// reply.
pub(in crate::social) fn permission(
    r: &Read<'_>,
    who: ActorId,
    target: &Post,
    deed: Interaction,
) -> Result<Permission> {
    if who == target.actor_id {
        return Ok(Permission::Allowed);
    }
    if deed == Interaction::Quote && !target.audience.is_open() {
        return Ok(Permission::Forbidden);
    }
    if deed == Interaction::Reply && may_always_reply(r, who, target)? {
        return Ok(Permission::Allowed);
    }
    let Some(rule) = interaction_policies::get(r, target.id)?.and_then(|rules| rules.get(deed)) else {
        return Ok(if deed == Interaction::Quote { Permission::Forbidden } else { Permission::Allowed });
    };
    let ties = AuthorRelation {
        follows: follows::is_accepted(r, who, target.actor_id)?,
        followed: follows::is_accepted(r, target.actor_id, who)?,
    };
    Ok(rule.permission(ties))
}

/// Whether an actor may read one of the owner's posts. Interactions with a post they may not read are ignored.
pub(in crate::social) fn may_read(r: &Read<'_>, who: &Actor, post: &Post) -> Result<bool> {
    if post.audience.is_open() || who.id == post.actor_id {
        return Ok(true);
    }
    let follows = post.audience == Audience::Followers && follows::is_accepted(r, who.id, post.actor_id)?;
    Ok(follows || may_always_reply(r, who.id, post)?)
}

fn may_always_reply(r: &Read<'_>, who: ActorId, target: &Post) -> Result<bool> {
    if let Some(parent) = target.reply_to
        && posts::by_id(r, parent)?.actor_id == who
    {
        return Ok(true);
    }
    let uri = actors::by_id(r, who)?.uri;
    Ok(posts::mentions(r, target.id)?.iter().any(|mention| mention.uri == uri))
}

/// Stores the policy of a remote post as it applies to the owner. A policy that equals the default is not stored.
pub(in crate::social) fn store_policy(w: &Write<'_>, author: &Actor, id: PostId, object: &Object) -> Result<()> {
    let us = actors::by_id(w, node::owner(w)?)?;
    let mut rules = object.interactions.rules(&us.uri, author.followers.as_deref(), author.following.as_deref());
    // Mentioned actors and the parent's author may always reply.
    let answers_us = || -> Result<bool> {
        let parent = object.in_reply_to.as_ref().map(|uri| posts::by_uri(w, uri.as_str())).transpose()?.flatten();
        Ok(parent.is_some_and(|parent| parent.actor_id == us.id))
    };
    if let Some(rule) = rules.get(Interaction::Reply)
        && (object.tags.mentions.iter().any(|mention| mention.href == us.uri.as_str()) || answers_us()?)
    {
        rules = rules.with(Interaction::Reply, PolicyRule { automatic: rule.automatic.and(ActorSet::US), ..rule });
    }
    let known = interaction_policies::get(w, id)?;
    let wanted = (!rules.is_default()).then_some(rules);
    if known == wanted { Ok(()) } else { interaction_policies::set(w, id, wanted) }
}

/// Whether a reply is shown below its parent: always, except below one of the owner's posts whose policy forbids it or
/// requires approval. Such a reply is shown only on the page of interaction requests.
pub(in crate::social) fn may_thread_under(
    r: &Read<'_>,
    author: ActorId,
    reply_uri: &str,
    parent: &Post,
) -> Result<bool> {
    if parent.actor_id != node::owner(r)? || author == parent.actor_id {
        return Ok(true);
    }
    match interaction_requests_in::by_object(r, reply_uri, Interaction::Reply, parent.id)? {
        Some(request) if request.state != RequestState::Pending => Ok(request.state == RequestState::Accepted),
        _ => Ok(matches!(
            permission(r, author, parent, Interaction::Reply)?,
            Permission::Allowed | Permission::AllowedWithAuthorization
        )),
    }
}

/// Whether a reply takes effect at once. A reply to one of the owner's posts that needs approval is stored as pending;
/// a forbidden one is rejected and removed.
pub(in crate::social) fn allows_reply(w: &Write<'_>, owner: ActorId, sender: &Actor, reply: &Post) -> Result<bool> {
    let parent = reply.reply_to_uri.as_deref().map(|uri| posts::by_uri(w, uri)).transpose()?.flatten();
    let Some(parent) = parent.filter(|parent| reply.reply_to.is_none() && parent.actor_id == owner) else {
        return Ok(true);
    };
    allows_without_request(w, owner, sender, &parent, Interaction::Reply, &reply.uri, Some(reply.id))
}

/// Whether an interaction without a request takes effect. One that needs approval is stored as pending; a forbidden one
/// gets a Reject.
pub(in crate::social) fn allows_without_request(
    w: &Write<'_>,
    owner: ActorId,
    sender: &Actor,
    target: &Post,
    deed: Interaction,
    object_uri: &str,
    made: Option<PostId>,
) -> Result<bool> {
    if target.actor_id != owner {
        return Ok(true);
    }
    if let Some(known) = interaction_requests_in::by_object(w, object_uri, deed, target.id)? {
        return Ok(known.state == RequestState::Accepted);
    }
    let verdict = permission(w, sender.id, target, deed)?;
    if matches!(verdict, Permission::Allowed | Permission::AllowedWithAuthorization) {
        return Ok(true);
    }
    let request = new_request(sender, target, deed, object_uri, made);
    if verdict == Permission::NeedsApproval {
        store_pending(w, &request)?;
    } else {
        reject_without_request(w, &actors::by_id(w, owner)?, &request)?;
    }
    Ok(false)
}

fn new_request(
    sender: &Actor,
    target: &Post,
    deed: Interaction,
    object_uri: &str,
    made: Option<PostId>,
) -> InteractionRequestIn {
    InteractionRequestIn {
        id: RequestId(0),
        interaction: deed,
        actor_id: sender.id,
        target_id: target.id,
        object_uri: object_uri.to_owned(),
        post_id: made,
        request_uri: None,
        state: RequestState::Pending,
        created_at: target.received_at,
    }
}

/// Stores a pending request and notifies the owner; Denied when too many are pending.
fn store_pending(w: &Write<'_>, request: &InteractionRequestIn) -> Result<()> {
    if interaction_requests_in::count_pending(w)? >= interaction_requests_in::MAX_PENDING_REQUESTS {
        return Err(Error::Denied("too many requests are waiting for the owner's approval".to_owned()));
    }
    interaction_requests_in::put(w, request)?;
    notifications::add(w, NotificationKind::Request, request.actor_id, Some(request.target_id))
}

/// What to fetch before a request can be handled: the replying or quoting post, if only its id is given.
pub(in crate::social) fn prerequisites(
    r: &Read<'_>,
    sender: &Actor,
    deed: Interaction,
    object: &Uri,
    instrument: &Ref,
) -> Result<Vec<Prerequisite>> {
    let owner = node::owner(r)?;
    let ours = posts::by_uri(r, object.as_str())?.is_some_and(|post| post.actor_id == owner);
    let Some(uri) = instrument.id().filter(|uri| ours && same_origin(uri.as_str(), &sender.uri)) else {
        return Ok(Vec::new());
    };
    let is_post = matches!(deed, Interaction::Reply | Interaction::Quote);
    let here =
        remote_post::embedded_own_post(sender, instrument).is_some() || posts::by_uri(r, uri.as_str())?.is_some();
    Ok(if is_post && !here { vec![Prerequisite::Post(uri.as_str().to_owned())] } else { Vec::new() })
}

/// Receives an interaction request. A repeated one gets the same response, because the first may have been lost.
pub(in crate::social) fn receive_request(
    w: &Write<'_>,
    owner: ActorId,
    sender: &Actor,
    activity: &Activity,
    (deed, object, instrument): (Interaction, &Uri, &Ref),
) -> Result<()> {
    let target = posts::by_uri(w, object.as_str())?.filter(|post| post.actor_id == owner && post.boost_of.is_none());
    let (Some(target), Some(uri)) = (target, instrument.id()) else { return Ok(()) };
    if !same_origin(uri.as_str(), &sender.uri) {
        return Err(Error::Denied(format!("{} cannot request approval for {uri}", sender.uri)));
    }
    if deed == Interaction::Like && !may_read(w, sender, &target)? {
        return Ok(());
    }
    let us = actors::by_id(w, owner)?;
    let made = match deed {
        Interaction::Reply | Interaction::Quote => store_requesting_post(w, sender, deed, instrument, &target)?,
        Interaction::Like | Interaction::Boost => None,
    };
    let asked = InteractionRequestIn {
        request_uri: Some(uri_of(activity)),
        ..new_request(sender, &target, deed, uri.as_str(), made)
    };
    if matches!(deed, Interaction::Reply | Interaction::Quote) && made.is_none() {
        return send_response(w, &us, &asked, RequestState::Rejected);
    }
    if interaction_requests_in::by_object(w, uri.as_str(), deed, target.id)?.is_none() {
        match permission(w, sender.id, &target, deed)? {
            Permission::NeedsApproval => return store_pending(w, &asked),
            // The policy decides the same way each time. Stored rejections would let anybody fill the disk.
            Permission::Forbidden if deed != Interaction::Reply => {
                return send_response(w, &us, &asked, RequestState::Rejected);
            }
            _ => {}
        }
    }
    if made.is_none() {
        // An actor likes or boosts a post only once, no matter how many ids the requests name.
        interaction_requests_in::delete_superseded(w, &asked)?;
    }
    let request = interaction_requests_in::put(w, &asked)?;
    match (request.state, permission(w, sender.id, &target, deed)?) {
        (RequestState::Pending, Permission::Allowed | Permission::AllowedWithAuthorization) => {
            accept_request(w, &us, &request)
        }
        (RequestState::Pending, Permission::NeedsApproval) => Ok(()),
        (RequestState::Pending, Permission::Forbidden) => reject_request(w, &us, &request),
        (state, _) => send_response(w, &us, &request, state),
    }
}

/// Stores the post that a request is about. None unless it is the sender's and really replies to or quotes `target`.
fn store_requesting_post(
    w: &Write<'_>,
    sender: &Actor,
    deed: Interaction,
    instrument: &Ref,
    target: &Post,
) -> Result<Option<PostId>> {
    let id = match remote_post::embedded_own_post(sender, instrument) {
        Some(Ok(object)) if !object.is_vote() && object.attributed_to.is_some() => {
            match remote_post::store_post(w, sender, &object, None) {
                Ok(id) => Some(id),
                Err(error @ (Error::Internal(_) | Error::Busy)) => return Err(error),
                Err(_) => None,
            }
        }
        Some(_) => None,
        None => {
            let known = instrument.id().map(|uri| posts::by_uri(w, uri.as_str())).transpose()?.flatten();
            known.filter(|post| post.actor_id == sender.id && post.boost_of.is_none()).map(|post| post.id)
        }
    };
    let Some(id) = id else { return Ok(None) };
    let fits = match deed {
        Interaction::Quote => {
            crate::store::posts::quotes::get(w, id)?.is_some_and(|quote| quote.quoted_id == Some(target.id))
        }
        _ => posts::by_id(w, id)?.reply_to_uri.as_deref() == Some(target.uri.as_str()),
    };
    Ok(fits.then_some(id))
}

/// Accepts a request: the interaction takes effect, and the stamp is sent.
fn accept_request(w: &Write<'_>, us: &Actor, request: &InteractionRequestIn) -> Result<()> {
    interaction_requests_in::set_state(w, request.id, RequestState::Accepted)?;
    let (target, actor) = (request.target_id, request.actor_id);
    match (request.interaction, request.post_id) {
        (Interaction::Reply, Some(reply)) => {
            posts::set_parent(w, reply, target)?;
            remote_post::place_in_timelines(w, us.id, &posts::by_id(w, reply)?)?;
            remote_post::file_in_conversation(w, us, &posts::by_id(w, reply)?)?;
            notifications::add(w, NotificationKind::Mention, actor, Some(reply))?;
        }
        (Interaction::Quote, Some(post)) => {
            quote::mark_accepted(w, post, target, &documents::authorization_uri(us, request.id))?;
            notifications::add(w, NotificationKind::Quote, actor, Some(post))?;
        }
        (Interaction::Like, _) => {
            likes::add(w, actor, target, &request.object_uri)?;
            notifications::add(w, NotificationKind::Like, actor, Some(target))?;
        }
        (Interaction::Boost, _) => boost::store_approved_boost(w, actor, target, &request.object_uri)?,
        (Interaction::Reply | Interaction::Quote, None) => {}
    }
    send_response(w, us, request, RequestState::Accepted)
}

/// Rejects a request for good: the reply is removed here, the quote is not shown.
fn reject_request(w: &Write<'_>, us: &Actor, request: &InteractionRequestIn) -> Result<()> {
    send_response(w, us, request, RequestState::Rejected)?;
    match (request.interaction, request.post_id) {
        (Interaction::Quote, Some(post)) => {
            interaction_requests_in::set_state(w, request.id, RequestState::Rejected)?;
            quote::mark_rejected(w, post)
        }
        (Interaction::Reply, Some(reply)) => {
            tombstones::add_remote(w, request.actor_id, &request.object_uri)?;
            interaction_requests_in::remove(w, request.id)?;
            posts::delete(w, reply)
        }
        _ => interaction_requests_in::set_state(w, request.id, RequestState::Rejected),
    }
}

/// Rejects an interaction without a request, and removes its post here.
fn reject_without_request(w: &Write<'_>, us: &Actor, request: &InteractionRequestIn) -> Result<()> {
    send_response(w, us, request, RequestState::Rejected)?;
    let Some(post) = request.post_id else { return Ok(()) };
    tombstones::add_remote(w, request.actor_id, &request.object_uri)?;
    posts::delete(w, post)
}

/// Sends the Accept or Reject. A request is embedded in it; an interaction without one is named by its id. The Accept
/// of such a reply also goes to all of the owner's followers, whose servers would not show the reply otherwise.
fn send_response(w: &Write<'_>, us: &Actor, request: &InteractionRequestIn, state: RequestState) -> Result<()> {
    let them = actors::by_id(w, request.actor_id)?;
    let target = posts::by_id(w, request.target_id)?;
    let object = match &request.request_uri {
        Some(uri) => json!({
            "type": interaction::request_type(request.interaction), "id": uri, "actor": them.uri,
            "object": target.uri, "instrument": request.object_uri,
        }),
        None => Value::from(request.object_uri.as_str()),
    };
    let ours = request.request_uri.is_none().then_some(target.uri.as_str());
    let told = request.interaction == Interaction::Reply
        && ours.is_some()
        && state == RequestState::Accepted
        && target.audience.is_open();
    let mut lists = Recipients { to: vec![them.uri.clone()], cc: Vec::new() };
    if told {
        lists.cc = [Some(PUBLIC.to_owned()), us.followers.clone()].into_iter().flatten().collect();
    }
    let (id, uri) = outbox::next_activity(w, us)?;
    let answer = InteractionResponse { uri: &uri, object: &object, target: ours, recipients: lists };
    let activity = match state {
        RequestState::Accepted => {
            documents::accept_document(us, answer, &documents::authorization_uri(us, request.id), w.now)
        }
        _ => documents::reject_document(us, answer, w.now),
    };
    let audience = if told { Audience::Public } else { Audience::Mentioned };
    let reach = ActivityRecipients { followers: told, ..ActivityRecipients::single_actor(&them) };
    outbox::send(w, us, id, activity, &request.object_uri, audience, &reach)
}

/// The owner accepts a pending request.
pub fn accept(w: &Write<'_>, us: &Actor, id: RequestId) -> Result<()> {
    let request = get_pending(w, id)?;
    accept_request(w, us, &request)?;
    remove_request_notification(w, &request)
}

/// The owner rejects a pending request.
pub fn reject(w: &Write<'_>, us: &Actor, id: RequestId) -> Result<()> {
    let request = get_pending(w, id)?;
    reject_request(w, us, &request)?;
    remove_request_notification(w, &request)
}

fn get_pending(w: &Write<'_>, id: RequestId) -> Result<InteractionRequestIn> {
    let request = interaction_requests_in::get(w, id)?;
    if request.state == RequestState::Pending {
        Ok(request)
    } else {
        Err(Error::Conflict("this request was already accepted or rejected".to_owned()))
    }
}

fn remove_request_notification(w: &Write<'_>, request: &InteractionRequestIn) -> Result<()> {
    notifications::remove(w, NotificationKind::Request, request.actor_id, Some(request.target_id))
}

/// The owner revokes their approval of a quote: servers that respect this do not show the quote any more.
pub fn revoke_quote(w: &Write<'_>, us: &Actor, quoting: PostId) -> Result<()> {
    let post = posts::by_id(w, quoting)?;
    let quote = crate::store::posts::quotes::get(w, quoting)?.ok_or(Error::NotFound)?;
    let target = quote.quoted_id.map(|id| posts::by_id(w, id)).transpose()?.ok_or(Error::NotFound)?;
    if target.actor_id != us.id {
        return Err(Error::Denied("this post does not quote one of your posts".to_owned()));
    }
    quote::mark_revoked(w, quoting)?;
    if post.actor_id == us.id {
        return crate::social::post::broadcast_update(w, us, quoting);
    }
    notifications::remove(w, NotificationKind::Quote, post.actor_id, Some(quoting))?;
    let them = actors::by_id(w, post.actor_id)?;
    let Some(request) = interaction_requests_in::by_object(w, &post.uri, Interaction::Quote, target.id)? else {
        // There was no request. It is recorded as rejected, or an edit of the quote would be approved again.
        let refused = InteractionRequestIn {
            state: RequestState::Rejected,
            ..new_request(&them, &target, Interaction::Quote, &post.uri, Some(post.id))
        };
        return interaction_requests_in::put(w, &refused).map(drop);
    };
    interaction_requests_in::set_state(w, request.id, RequestState::Rejected)?;
    let (id, uri) = outbox::next_activity(w, us)?;
    let lists = Recipients { to: vec![them.uri.clone()], cc: us.followers.iter().cloned().collect() };
    let delete = documents::revocation_document(us, &uri, &documents::authorization_uri(us, request.id), lists, w.now);
    // Everybody who may have seen the quote: readers of either post.
    let named = [posts::mentions(w, target.id)?, posts::mentions(w, post.id)?].concat();
    let mut others = crate::social::post::mentioned_ids(w, &named)?;
    others.extend(likes::interacting_actors(w, target.id, crate::social::post::MAX_INFORMED_ACTORS)?);
    let reach = ActivityRecipients {
        followers: true,
        priority_actors: vec![them.id],
        other_actors: others,
        ..ActivityRecipients::default()
    };
    outbox::send(w, us, id, delete, &post.uri, Audience::Public, &reach)
}

/// One of the owner's stamps, and the post it is for; NotFound when it never existed or was revoked.
pub fn authorization_document(r: &Read<'_>, us: &Actor, id: RequestId) -> Result<(Value, Post)> {
    let request = interaction_requests_in::get(r, id)?;
    if request.state != RequestState::Accepted {
        return Err(Error::NotFound);
    }
    let target = posts::by_id(r, request.target_id)?;
    let uri = documents::authorization_uri(us, id);
    Ok((interaction::authorization(&uri, request.interaction, &us.uri, &request.object_uri, &target.uri), target))
}
