//! Emoji reactions, both directions. Ours are sent as a Like with `content` and `_misskey_reaction`: Misskey, Pleroma,
//! Akkoma and Mitra read a reaction, all others a like.

use serde_json::Value;

use super::interaction::outbound::{self, PerformedInteraction, RequestMode};
use super::{document, emoji, group, interaction::inbound, like, outbox, uri_of};
use crate::ap::activity::Activity;
use crate::ap::json::Ref;
use crate::ap::tags::ReceivedEmoji;
use crate::base::id::ActorId;
use crate::base::interaction_policy::Interaction;
use crate::base::{Audience, Error, Result};
use crate::store::actors::{self, Actor};
use crate::store::notifications::{self, NotificationKind};
use crate::store::posts::reactions::{self, Reaction, ReactionEmoji};
use crate::store::posts::{self, Post};
use crate::store::{
    Read, Write, node, own_emoji,
    posts::{interaction_requests_out, tombstones},
};
use crate::text::unicode_emoji;

/// Receives a reaction. Reactions to unknown posts are ignored; one without a usable emoji is treated as a like.
pub(super) fn receive(
    w: &Write<'_>,
    owner: ActorId,
    sender: &Actor,
    activity: &Activity,
    object: &Ref,
    (content, emoji): (&Option<String>, &Option<ReceivedEmoji>),
) -> Result<()> {
    let Some(content) = content else { return like::receive(w, owner, sender, activity, object) };
    let post = object.id().map(|id| posts::by_uri(w, id.as_str())).transpose()?.flatten();
    let Some(post) = post.filter(|post| post.boost_of.is_none()) else { return Ok(()) };
    if post.actor_id == owner && !inbound::may_read(w, sender, &post)? {
        return Ok(());
    }
    let url = emoji.as_ref().map(|emoji| emoji.icon.as_str().to_owned());
    let sign = ReactionEmoji { name: content.clone(), url };
    let reaction = Reaction { post_id: post.id, actor_id: sender.id, emoji: sign, uri: uri_of(activity) };
    let new = reactions::add(w, &reaction)?;
    match new && post.actor_id == owner {
        true => notifications::add(w, NotificationKind::Reaction, sender.id, Some(post.id)),
        false => Ok(()),
    }
}

/// Receives the Undo of a reaction.
pub(super) fn receive_undo(w: &Write<'_>, sender: &Actor, post: &Post, emoji: &str) -> Result<()> {
    reactions::remove(w, sender.id, post.id, emoji)?;
    match reactions::of_actor(w, sender.id, post.id)?.is_empty() {
        true => notifications::remove(w, NotificationKind::Reaction, sender.id, Some(post.id)),
        false => Ok(()),
    }
}

/// Reacts to a post: with a Unicode emoji, with `:code:` of an own emoji, or with a custom emoji that the post already
/// has as a reaction (`url` selects among several). Repeating does nothing; another emoji replaces the first.
pub fn send(w: &Write<'_>, owner: &Actor, post: &Post, emoji: &str, url: Option<&str>) -> Result<()> {
    if post.boost_of.is_some() {
        return Err(Error::invalid("you can only react to the post itself, not to a boost of it"));
    }
    let sign = resolve_emoji(w, post, emoji.trim(), url)?;
    let mine = reactions::of_actor(w, owner.id, post.id)?;
    if mine.iter().any(|mine| mine.emoji == sign) {
        return Ok(());
    }
    unreact(w, owner, post)?;
    like::unlike(w, owner, post.id)?;
    let (activity_id, uri) = outbox::next_activity(w, owner)?;
    let reaction = Reaction { post_id: post.id, actor_id: owner.id, emoji: sign, uri };
    reactions::add(w, &reaction)?;
    let author = actors::by_id(w, post.actor_id)?;
    let react = reaction_document(w, owner, &reaction, post, &author)?;
    // The policy for likes also applies to reactions.
    if let Some(how) = outbound::request_mode(w, owner.id, post, Interaction::Like)? {
        let done = PerformedInteraction {
            interaction: Interaction::Like,
            uri: &reaction.uri,
            own_post_id: None,
            target: post,
        };
        outbound::send_request(w, owner, how, &done, || Ok(react.clone()))?;
        if how == RequestMode::Explicit {
            return Ok(());
        }
    }
    outbox::send(
        w,
        owner,
        activity_id,
        react,
        &post.uri,
        Audience::Mentioned,
        &group::like_recipients(w, post, &author)?,
    )
}

fn resolve_emoji(w: &Write<'_>, post: &Post, emoji: &str, url: Option<&str>) -> Result<ReactionEmoji> {
    if let Some(emoji) = unicode_emoji::emoji(emoji) {
        return Ok(ReactionEmoji { name: emoji, url: None });
    }
    let code = emoji.trim_matches(':');
    let emoji = format!(":{code}:");
    let picture = match url {
        Some(url) => reactions::image_url(w, post.id, &emoji, Some(url))?,
        None => match own_emoji::by_code(w, code)? {
            Some(own) => Some(document::media_url(&node::get(w)?.origin, &own.file)),
            None => reactions::image_url(w, post.id, &emoji, None)?,
        },
    };
    match picture {
        Some(url) => Ok(ReactionEmoji { name: emoji, url: Some(url) }),
        None => Err(Error::invalid("a reaction is one emoji, such as 🎉, or the :name: of one of your own emoji")),
    }
}

/// Undoes the owner's reaction to a post.
pub fn unreact(w: &Write<'_>, owner: &Actor, post: &Post) -> Result<()> {
    let author = actors::by_id(w, post.actor_id)?;
    for reaction in reactions::of_actor(w, owner.id, post.id)? {
        reactions::remove(w, owner.id, post.id, &reaction.emoji.name)?;
        interaction_requests_out::remove(w, &reaction.uri)?;
        tombstones::add_own(w, &reaction.uri)?;
        let react = reaction_document(w, owner, &reaction, post, &author)?;
        outbox::undo(w, owner, &react, &post.uri, Audience::Mentioned, &group::like_recipients(w, post, &author)?)?;
    }
    Ok(())
}

fn reaction_document(r: &Read<'_>, owner: &Actor, reaction: &Reaction, post: &Post, author: &Actor) -> Result<Value> {
    let tag = emoji::reaction_tag(r, &reaction.emoji)?;
    Ok(document::react(owner, &reaction.uri, (&post.uri, author), &reaction.emoji.name, tag.as_ref(), r.now))
}
