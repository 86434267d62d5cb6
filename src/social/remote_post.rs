//! Remote posts: created, updated, deleted. Only the author can change a post. No change replaces the author or widens
//! the audience.

use super::poll::{self, PollUpdate};
use super::{Prerequisite, group, interaction::inbound, list, post_edit, post_metadata, quote, tag_follow, vote};
use crate::ap::activity::Activity;
use crate::ap::addressing::Recipients;
use crate::ap::json::{Ref, Uri, same_origin};
use crate::ap::object::{Object, ObjectKind};
use crate::ap::tags;
use crate::base::id::{ActorId, PostId};
use crate::base::{Audience, Error, Result, Time};
use crate::store::actors::{self, Actor, CustomEmoji};
use crate::store::notifications::{self, NotificationKind};
use crate::store::posts::conversations::{self, ConversationPostAuthor};
use crate::store::posts::{self, Post, PostHashtag, PostMention};
use crate::store::{
    Read, Write,
    actors::follows,
    node,
    posts::{quotes, tombstones},
};
use crate::text::{MAX_CONTENT_WARNING_CHARS, MAX_TITLE_CHARS, plain_text, scan};

/// An Update of an unknown post is treated as its Create when the post is younger than this.
const MAX_CREATE_FROM_UPDATE_AGE: std::time::Duration = std::time::Duration::from_secs(24 * 3600);
/// Lower bound of the time a post is sorted by: post ids are derived from it and start at 1.
const MIN_SORT_TIME_MS: i64 = 1000;

/// What to fetch for a Create or Update: the ancestors and group of an embedded post; the post itself when only its id
/// is given or it belongs to another actor.
pub(super) fn prerequisites(
    r: &Read<'_>,
    sender: &Actor,
    activity: &Activity,
    object: &Ref,
) -> Result<Vec<Prerequisite>> {
    let owner = node::owner(r)?;
    match embedded_own_post(sender, object) {
        Some(Ok(object)) if object.is_vote() => Ok(Vec::new()),
        Some(Ok(object)) if concerns_owner(r, owner, sender, activity, &object)? => {
            let parent = object.in_reply_to.as_ref().map(|uri| Prerequisite::Ancestors(uri.as_str().to_owned()));
            let group = object.group.as_ref().map(|uri| Prerequisite::Group(uri.as_str().to_owned()));
            Ok(parent.into_iter().chain(group).collect())
        }
        Some(_) => Ok(Vec::new()),
        None => match object.id() {
            Some(id) if *id != sender.uri.as_str() && follows::is_accepted(r, owner, sender.id)? => {
                Ok(vec![Prerequisite::Post(id.as_str().to_owned())])
            }
            _ => Ok(Vec::new()),
        },
    }
}

/// The embedded post, if its id is on the sender's server. Denied when the document has another id or another author.
pub(super) fn embedded_own_post(sender: &Actor, object: &Ref) -> Option<Result<Object>> {
    let value = object.embedded()?;
    let id = object.id()?;
    if !same_origin(id.as_str(), &sender.uri) || !value.is_object() {
        return None;
    }
    Some(Object::read(value).and_then(|object| match &object.attributed_to {
        _ if object.id != *id => Err(Error::Denied(format!("{id} says it is {}", object.id))),
        Some(author) if *author != sender.uri.as_str() => {
            Err(Error::Denied(format!("{} is not a post of {}", object.id, sender.uri)))
        }
        _ => Ok(object),
    }))
}

/// Whether a post concerns the owner: its author is followed, it is addressed to the owner, or it is public and replies
/// to a known post or quotes one of the owner's.
fn concerns_owner(r: &Read<'_>, owner: ActorId, author: &Actor, activity: &Activity, object: &Object) -> Result<bool> {
    let audience = object.audience(activity.recipients.as_ref(), author.followers.as_deref());
    let us = actors::by_id(r, owner)?.uri;
    let for_us = addresses_actor(object, activity.recipients.as_ref(), &us) || audience == Audience::Mentioned;
    // A pending follow counts: the Accept may arrive after the first posts, which are shown once it is here.
    let asked = follows::get(r, owner, author.id)?.is_some_and(|f| f.accepted_at.is_some() || audience.is_open());
    if for_us || asked {
        return Ok(true);
    }
    let parent = match &object.in_reply_to {
        Some(uri) => posts::by_uri(r, uri.as_str())?,
        None => None,
    };
    Ok(audience.is_open() && (parent.is_some() || quote::quotes_own_post(r, owner, object)?))
}

/// Whether a post addresses an actor, by a Mention or in its recipients (Hubzilla and NodeBB send no Mention).
fn addresses_actor(object: &Object, activity: Option<&Recipients>, who: &str) -> bool {
    let lists = object.recipients.as_ref().or(activity);
    object.tags.mentions.iter().any(|m| m.href == who) || lists.is_some_and(|l| l.everyone().contains(&who))
}

/// Receives a Create.
pub(super) fn receive_create(
    w: &Write<'_>,
    owner: ActorId,
    sender: &Actor,
    activity: &Activity,
    object: &Ref,
) -> Result<()> {
    let Some(own) = embedded_own_post(sender, object) else {
        // Only the id, or another actor's post: it was fetched before, or there is nothing to show.
        return match object.id().map(|id| posts::by_uri(w, id.as_str())).transpose()?.flatten() {
            Some(post) => place_in_timelines(w, owner, &post),
            None => Ok(()),
        };
    };
    let object = own?;
    if vote::receive(w, owner, sender, &object)? || !post_metadata::has_visible_content(&object) {
        return Ok(());
    }
    if !concerns_owner(w, owner, sender, activity, &object)? {
        return Ok(());
    }
    if tombstones::is_deleted(w, sender.id, object.id.as_str())? {
        return Ok(());
    }
    let id = store_post(w, sender, &object, activity.recipients.as_ref())?;
    let post = posts::by_id(w, id)?;
    if !inbound::allows_reply(w, owner, sender, &post)? {
        return Ok(());
    }
    place_in_timelines(w, owner, &post)?;
    quote::notify_quoted_author(w, owner, sender, id)?;
    let us = actors::by_id(w, owner)?;
    let answers_us = match post.reply_to {
        Some(parent) => posts::by_id(w, parent)?.actor_id == owner,
        None => false,
    };
    let for_us =
        addresses_actor(&object, activity.recipients.as_ref(), &us.uri) || post.audience == Audience::Mentioned;
    file_in_conversation(w, &us, &post)?;
    if for_us || answers_us {
        return notifications::add(w, NotificationKind::Mention, sender.id, Some(id));
    }
    notify_of_new_post(w, owner, &post)
}

/// Notifies the owner of a new post if the owner wants to be notified of all posts of its author. Replies to others are
/// left out.
fn notify_of_new_post(w: &Write<'_>, owner: ActorId, post: &Post) -> Result<()> {
    let wanted = follows::get_accepted(w, owner, post.actor_id)?.is_some_and(|follow| follow.options.notify);
    let begins = match post.reply_to {
        Some(parent) => posts::by_id(w, parent)?.actor_id == post.actor_id,
        None => post.reply_to_uri.is_none(),
    };
    if wanted && begins { notifications::add(w, NotificationKind::Post, post.actor_id, Some(post.id)) } else { Ok(()) }
}

/// Notifies the owner that a post they boosted or quoted was edited; a later edit replaces an earlier notification.
fn notify_of_edit(w: &Write<'_>, post: &Post) -> Result<()> {
    let owner = node::owner(w)?;
    let boosted = posts::boost_by(w, owner, post.id)?.map(|_| (NotificationKind::Edit, post.id));
    let quoting = quotes::accepted_by_actor(w, post.id, owner)?.into_iter().map(|id| (NotificationKind::QuoteEdit, id));
    for (kind, about) in boosted.into_iter().chain(quoting) {
        notifications::remove(w, kind, post.actor_id, Some(about))?;
        notifications::add(w, kind, post.actor_id, Some(about))?;
    }
    Ok(())
}

/// Adds a private post, by the owner or to them, to its conversation.
pub(super) fn file_in_conversation(w: &Write<'_>, owner: &Actor, post: &Post) -> Result<()> {
    if post.audience != Audience::Mentioned {
        return Ok(());
    }
    let author = actors::by_id(w, post.actor_id)?;
    let by = if author.id == owner.id { ConversationPostAuthor::Owner } else { ConversationPostAuthor::Other };
    let mentions = posts::mentions(w, post.id)?;
    conversations::add_post(w, post.id, by, &owner.uri, &author.uri, &mentions).map(drop)
}

/// Puts a post on the home timeline if its author is followed and it does not reply to somebody the owner does not
/// follow. A private post must mention the owner.
pub(super) fn place_in_timelines(w: &Write<'_>, owner: ActorId, post: &Post) -> Result<()> {
    if post.audience == Audience::Mentioned && !posts::mentions_actor(w, &post.uri, &actors::by_id(w, owner)?.uri)? {
        return Ok(());
    }
    let follow = follows::get_accepted(w, owner, post.actor_id)?;
    if !follow.is_some_and(|follow| follow.options.accepts_language(post.language.as_deref())) {
        return Ok(());
    }
    let fits = match (&post.reply_to, &post.reply_to_uri) {
        (Some(parent), _) => {
            let to = posts::by_id(w, *parent)?.actor_id;
            to == owner || to == post.actor_id || follows::is_accepted(w, owner, to)?
        }
        (None, Some(_)) => false,
        (None, None) => true,
    };
    if fits { list::add_to_timelines(w, owner, post.actor_id, post) } else { Ok(()) }
}

/// Receives an Update of a post.
pub(super) fn receive_update(
    w: &Write<'_>,
    owner: ActorId,
    sender: &Actor,
    activity: &Activity,
    object: &Ref,
) -> Result<()> {
    let Some(own) = embedded_own_post(sender, object) else { return Ok(()) };
    let doc = own?;
    if posts::by_uri(w, doc.id.as_str())?.is_some() {
        store_post(w, sender, &doc, activity.recipients.as_ref())?;
        return Ok(());
    }
    let recent = doc.published.is_some_and(|at| w.now.since(at) < MAX_CREATE_FROM_UPDATE_AGE);
    if recent { receive_create(w, owner, sender, activity, object) } else { Ok(()) }
}

/// Receives a Delete: of the actor itself, of one of their posts or boosts, or of something unknown.
pub(super) fn receive_delete(w: &Write<'_>, sender: &Actor, object: &Uri) -> Result<()> {
    if *object == sender.uri.as_str() {
        return actors::mark_gone(w, sender.id);
    }
    if !same_origin(object.as_str(), &sender.uri) {
        return Err(Error::Denied(format!("{} cannot delete {object}", sender.uri)));
    }
    match posts::by_uri(w, object.as_str())? {
        Some(post) if post.actor_id != sender.id => {
            Err(Error::Denied(format!("{object} is not a post of {}", sender.uri)))
        }
        Some(post) => {
            posts::delete(w, post.id)?;
            tombstones::add_remote(w, sender.id, object.as_str())
        }
        None => tombstones::add_remote(w, sender.id, object.as_str()),
    }
}

/// Stores a post as its origin states it, if it is new or newer than the stored version. Returns its id. Denied when
/// the URI belongs to another author; Gone when it was deleted.
pub fn store_post(w: &Write<'_>, author: &Actor, object: &Object, activity: Option<&Recipients>) -> Result<PostId> {
    let uri = object.id.as_str();
    let names = mentions(object);
    let tags = hashtags(object);
    if let Some(known) = posts::by_uri(w, uri)? {
        if known.actor_id != author.id || known.boost_of.is_some() {
            return Err(Error::Denied(format!("{uri} belongs to another author")));
        }
        let newer = object.updated.is_some_and(|at| known.edited_at.is_none_or(|before| at > before));
        if newer {
            let audience = narrowest_audience(&known, author, object, activity);
            let fresh = post_row(w, author, object, audience)?;
            let edited = Post {
                id: known.id,
                audience,
                reply_to: known.reply_to,
                reply_to_uri: known.reply_to_uri.clone(),
                ..fresh
            };
            if post_edit::apply_remote_edit(w, &known, edited, object, (&names, &tags))? {
                notify_of_edit(w, &known)?;
            }
        }
        poll::update_remote_poll(
            w,
            &known,
            object.poll.as_ref(),
            if newer { PollUpdate::Edit } else { PollUpdate::Counts },
        )?;
        store_policy_and_quote(w, author, known.id, object)?;
        return Ok(known.id);
    }
    if object.is_vote() {
        // A vote is never shown, no matter how it got here (fetched, forwarded, listed among replies).
        return Err(Error::Denied("a vote is not a post".to_owned()));
    }
    if tombstones::is_deleted(w, author.id, uri)? {
        return Err(Error::Gone);
    }
    let audience = object.audience(activity, author.followers.as_deref());
    let post = post_row(w, author, object, audience)?;
    posts::insert(w, &post, &names, &tags)?;
    post_metadata::store_attachments(w, post.id, object, &post.content)?;
    group::store_claimed_group(w, post.id, object)?;
    poll::store_remote_poll(w, post.id, object.poll.as_ref())?;
    store_policy_and_quote(w, author, post.id, object)?;
    tag_follow::place_tagged_post(w, author, &post)?;
    Ok(post.id)
}

/// The audience after an edit: it may become narrower, never wider. An edit without recipients keeps it.
fn narrowest_audience(known: &Post, author: &Actor, object: &Object, activity: Option<&Recipients>) -> Audience {
    match object.direct || object.recipients.is_some() || activity.is_some() {
        true => known.audience.max(object.audience(activity, author.followers.as_deref())),
        false => known.audience,
    }
}

/// Stores the interaction policy and the quote of a post. Both may change without an edit: Mastodon sends such Updates
/// with the previous `updated`.
fn store_policy_and_quote(w: &Write<'_>, author: &Actor, id: PostId, object: &Object) -> Result<()> {
    inbound::store_policy(w, author, id, object)?;
    quote::store_quote(w, id, object)
}

/// The row of a post, with sanitized texts.
fn post_row(w: &Write<'_>, author: &Actor, object: &Object, audience: Audience) -> Result<Post> {
    let published = object.published.unwrap_or(w.now);
    let at = published.clamp(Time::from_ms(MIN_SORT_TIME_MS).min(w.now), w.now);
    let reply_to_uri = object.in_reply_to.as_ref().map(|uri| uri.as_str().to_owned());
    let parent = match &reply_to_uri {
        Some(uri) => posts::by_uri(w, uri)?.filter(|parent| parent.boost_of.is_none()),
        None => None,
    };
    let parent = match parent {
        Some(parent) if inbound::may_thread_under(w, author.id, object.id.as_str(), &parent)? => Some(parent),
        _ => None,
    };
    let line = |text: &str, most| Some(plain_text::line(&plain_text::from_html(text), most)).filter(|t| !t.is_empty());
    Ok(Post {
        id: posts::next_id(w, at)?,
        uri: object.id.as_str().to_owned(),
        actor_id: author.id,
        kind: object.kind.word().to_owned(),
        boost_of: None,
        audience,
        reply_to: parent.map(|parent| parent.id),
        reply_to_uri,
        context_uri: object.context.as_ref().map(|uri| uri.as_str().to_owned()),
        title: object.name.as_deref().and_then(|name| line(name, MAX_TITLE_CHARS)),
        warning: object.warning().and_then(|warning| line(warning, MAX_CONTENT_WARNING_CHARS)),
        content: quote::without_quote_fallback(w, post_metadata::content_html(object), object)?,
        source: None,
        language: object.language.clone(),
        sensitive: object.sensitive,
        url: object.url.as_ref().map(|url| url.as_str().to_owned()),
        emoji: stored_emoji(&object.tags.emoji),
        metadata: post_metadata::read_metadata(object),
        published_at: published.min(w.now),
        edited_at: edited_before_arrival(object, published, w.now),
        received_at: w.now,
    })
}

/// The time of an edit made before we received the post. None for videos and events: PeerTube and Mobilizon change
/// `updated` without an edit.
fn edited_before_arrival(object: &Object, published: Time, now: Time) -> Option<Time> {
    let moves = matches!(object.kind, ObjectKind::Video | ObjectKind::Event);
    object.updated.filter(|at| *at > published && !moves).map(|at| at.min(now))
}

fn mentions(object: &Object) -> Vec<PostMention> {
    let mention = |m: &tags::ReceivedMention| {
        let name = m.name.trim_start_matches('@');
        let handle = if name.contains('@') { name.to_owned() } else { format!("{name}@{}", m.href.host()) };
        PostMention {
            uri: m.href.as_str().to_owned(),
            handle: plain_text::one_line(&handle),
            url: m.href.as_str().to_owned(),
        }
    };
    object.tags.mentions.iter().map(mention).collect()
}

fn hashtags(object: &Object) -> Vec<PostHashtag> {
    object
        .tags
        .hashtags
        .iter()
        .map(|tag| PostHashtag { name: scan::tag_key(tag), display_name: plain_text::one_line(tag) })
        .collect()
}

/// Custom emoji in stored form.
pub(super) fn stored_emoji(tags: &[tags::ReceivedEmoji]) -> Vec<CustomEmoji> {
    tags.iter().map(|e| CustomEmoji { code: e.shortcode.clone(), url: e.icon.as_str().to_owned() }).collect()
}
