//! The owner's actions: resolve what the action names (network), then one write. Page, API, command line and scheduler
//! all come here.

use std::time::Duration;

use crate::base::id::{ActorId, PostId, RequestId};
use crate::base::interaction_policy::PolicyChoices;
use crate::base::{Audience, Error, Result};
use crate::federation::Node;
use crate::federation::owner::post_content::{self, TextMarkup};
use crate::social;
use crate::social::moderation::report::{NewReport, ReportCategory, ReportRecipient};
use crate::social::poll::{NewPoll, PollRevision};
use crate::social::post::{MediaFate, RenderedPost};
use crate::store::access::apps;
use crate::store::actors::{self, Actor};
use crate::store::moderation::mutes::MuteScope;
use crate::store::posts::{self, PostMention};
use crate::store::{
    Read, Write, node,
    posts::{drafts, quotes},
};
use crate::text;
use crate::text::markdown::MarkdownProfile;

pub use crate::federation::owner::draft::{MAX_ATTACHMENTS, NewPost, PostChange};

/// Maximum length of a title: what Lemmy accepts.
pub const MAX_TITLE_CHARS: usize = 200;

/// Publishes a post; returns once it and its deliveries are on the disk.
pub fn post(node: &Node, draft: NewPost) -> Result<PostId> {
    let (audience, reply_to, once, from) = (draft.audience, draft.reply_to, draft.once.clone(), draft.from);
    let words = check_draft(node, draft)?;
    with_owner(node, move |w, owner| {
        // Checked inside the write, so that two concurrent requests are handled one after the other.
        if let (Some(key), None) = (&once, from)
            && let Some(made) = apps::idempotent_result(w, key)?
        {
            return Ok(made);
        }
        if let Some(kept) = from {
            drafts::remove(w, kept)?;
        }
        let id = social::post::publish(w, owner, &words, audience, reply_to)?;
        if let Some(key) = &once {
            apps::store_idempotent_result(w, key, id)?;
        }
        Ok(id)
    })
}

/// Validates a draft completely before it is written, and renders its text.
pub(in crate::federation) fn check_draft(node: &Node, draft: NewPost) -> Result<RenderedPost> {
    let settings = node.store.read(node::settings)?;
    let usual = text::language::read(&settings.language);
    let language = draft.language.or(usual).filter(|tag| !tag.is_empty());
    let poll = draft.poll.map(NewPoll::normalize).transpose()?;
    if poll.is_some() && !draft.media.is_empty() {
        // Mastodon shows only one of them.
        return Err(Error::invalid("a post has a poll or pictures, not both"));
    }
    if poll.is_some() && draft.text.trim().is_empty() {
        return Err(Error::invalid("a poll needs a text"));
    }
    let title = draft.title.filter(|title| !title.trim().is_empty());
    let length = if title.is_some() { MarkdownProfile::Article } else { MarkdownProfile::Note };
    let edit = PostChange {
        text: draft.text,
        warning: draft.warning,
        media: draft.media,
        language,
        sensitive: draft.sensitive,
        summary: draft.summary,
        policy_choices: draft.choices,
        ..PostChange::default()
    };
    let form = content_markup(draft.markdown.unwrap_or(settings.markdown), length);
    let words = post_content::render_post(
        node,
        edit,
        form,
        post_content::LengthLimit { profile: length, is_quote: draft.quote.is_some() },
    )?;
    if let Some(allowed) = &draft.allowed {
        check_mentions_allowed(node, &words, allowed)?;
    }
    let words = RenderedPost { quote: draft.quote, app: draft.app, ..words };
    match draft.group {
        Some(_) if poll.is_some() => Err(Error::invalid("a post in a group cannot have a poll")),
        Some(group) => find_group(node, words, draft.audience, group, title),
        None => {
            Ok(RenderedPost { title: check_title(title, poll.is_some() || draft.reply_to.is_some())?, poll, ..words })
        }
    }
}

/// The actors a text mentions, without the owner: as [`post`] would find them.
pub fn resolve_mentions(node: &Node, source: &str, markdown: Option<bool>) -> Result<Vec<ActorId>> {
    let settings = node.store.read(node::settings)?;
    let form = content_markup(markdown.unwrap_or(settings.markdown), MarkdownProfile::Note);
    let (_, mentions) = post_content::render_text(node, source.trim(), form)?;
    node.store.read(|r| mentioned_others(r, &mentions))
}

fn mentioned_others(r: &Read<'_>, mentions: &[PostMention]) -> Result<Vec<ActorId>> {
    let owner = node::owner(r)?;
    let ids = mentions.iter().filter_map(|mention| actors::id_by_uri(r, &mention.uri).transpose());
    ids.filter(|id| !matches!(id, Ok(id) if *id == owner)).collect()
}

fn check_mentions_allowed(node: &Node, words: &RenderedPost, allowed: &[ActorId]) -> Result<()> {
    let named = node.store.read(|r| mentioned_others(r, &words.mentions))?;
    if named.iter().all(|id| allowed.contains(id)) {
        return Ok(());
    }
    Err(Error::invalid("this text mentions somebody the post was not meant for"))
}

fn content_markup(markdown: bool, length: MarkdownProfile) -> TextMarkup {
    if markdown { TextMarkup::Markdown(length) } else { TextMarkup::Plain }
}

/// The title of an article. Polls and replies have none: few servers would show it.
fn check_title(title: Option<String>, bare: bool) -> Result<Option<String>> {
    let title = post_content::check_plain_line(title.as_deref().unwrap_or_default(), MAX_TITLE_CHARS, "a title")?;
    if title.is_some() && bare { Err(Error::invalid("replies and polls cannot have a title")) } else { Ok(title) }
}

/// The group a post is for. The post mentions it and must be public, because groups refuse everything else.
fn find_group(
    node: &Node,
    words: RenderedPost,
    audience: Audience,
    id: ActorId,
    title: Option<String>,
) -> Result<RenderedPost> {
    let group = node.store.read(|r| actors::by_id(r, id))?;
    if !social::group::is_group(&group) || group.gone_at.is_some() {
        return Err(Error::invalid("this account is not a group"));
    }
    if !audience.is_open() {
        return Err(Error::invalid("a post in a group must be public"));
    }
    let title = title.map(|title| text::plain_text::line(&title, usize::MAX)).filter(|title| !title.is_empty());
    if title.as_ref().is_some_and(|title| title.chars().count() > MAX_TITLE_CHARS) {
        return Err(Error::invalid(format!("a title has {MAX_TITLE_CHARS} characters at most")));
    }
    let mut mentions = words.mentions.clone();
    if !mentions.iter().any(|mention| mention.uri == group.uri) {
        mentions.push(PostMention { handle: group.handle(), uri: group.uri, url: group.url });
    }
    Ok(RenderedPost { mentions, title, group: Some(id), ..words })
}

/// Edits a post of the owner's.
pub fn edit(node: &Node, id: PostId, edit: PostChange) -> Result<()> {
    let before = node.store.read(|r| posts::by_id(r, id))?;
    let markdown = edit.markdown.unwrap_or(before.metadata.markdown);
    let length = if before.title.is_some() { MarkdownProfile::Article } else { MarkdownProfile::Note };
    let title = edit
        .title
        .as_deref()
        .map(|title| post_content::check_plain_line(title, MAX_TITLE_CHARS, "a title"))
        .transpose()?;
    if title == Some(None) && before.title.is_some() {
        return Err(Error::invalid("an article needs a title"));
    }
    let revised = match edit.poll.clone() {
        PollRevision::Replaced(_) if before.title.is_some() || !edit.media.is_empty() => {
            return Err(Error::invalid("a post has a poll or pictures, not both, and an article has none"));
        }
        PollRevision::Replaced(poll) => PollRevision::Replaced(poll.normalize()?),
        other => other,
    };
    let quotes = node.store.read(|r| quotes::get(r, id))?.is_some();
    let words = post_content::render_post(
        node,
        edit,
        content_markup(markdown, length),
        post_content::LengthLimit { profile: length, is_quote: quotes },
    )?;
    let words = RenderedPost { title: title.flatten(), poll_revision: revised, ..words };
    with_owner(node, move |w, owner| social::post::edit(w, owner, id, &words))
}

/// Runs one write with the owner's row.
fn with_owner<T: Send + 'static>(
    node: &Node,
    act: impl FnOnce(&Write<'_>, &Actor) -> Result<T> + Send + 'static,
) -> Result<T> {
    node.store.write(move |w| {
        let owner = actors::by_id(w, node::owner(w)?)?;
        act(w, &owner)
    })
}

/// Deletes a post of the owner's, everywhere.
pub fn delete(node: &Node, id: PostId) -> Result<()> {
    with_owner(node, move |w, owner| social::post::delete(w, owner, id, MediaFate::Remove))
}

/// Deletes a post of the owner's everywhere for "delete and redraft": its files become unattached uploads.
pub fn delete_and_redraft(node: &Node, id: PostId) -> Result<()> {
    with_owner(node, move |w, owner| social::post::delete(w, owner, id, MediaFate::Keep))
}

/// Changes the interaction policy of a post of the owner's.
pub fn set_policy(node: &Node, id: PostId, choices: PolicyChoices) -> Result<()> {
    with_owner(node, move |w, owner| social::post::set_policy(w, owner, id, choices))
}

/// Votes in another actor's poll, by the indexes of the options. Invalid says why this is not possible.
pub fn vote(node: &Node, id: PostId, choices: Vec<usize>) -> Result<()> {
    with_owner(node, move |w, owner| social::vote::send(w, owner, id, &choices))
}

/// Likes a post; a reaction of the owner's is withdrawn.
pub fn like(node: &Node, id: PostId) -> Result<()> {
    with_owner(node, move |w, owner| {
        // A like replaces a reaction: one mark stands for both.
        social::react::unreact(w, owner, &posts::by_id(w, id)?)?;
        social::like::send(w, owner, id)
    })
}

/// Unlikes a post.
pub fn unlike(node: &Node, id: PostId) -> Result<()> {
    with_owner(node, move |w, owner| social::like::unlike(w, owner, id))
}

/// Reacts to a post with one emoji, or `:code:`; `url` selects one of several images with that code.
pub fn react(node: &Node, id: PostId, emoji: String, url: Option<String>) -> Result<()> {
    with_owner(node, move |w, owner| {
        let post = posts::by_id(w, id)?;
        social::react::send(w, owner, &post, &emoji, url.as_deref())
    })
}

/// Removes the owner's reaction to a post.
pub fn unreact(node: &Node, id: PostId) -> Result<()> {
    with_owner(node, move |w, owner| {
        let post = posts::by_id(w, id)?;
        social::react::unreact(w, owner, &post)
    })
}

/// Pins a post of the owner's to their profile.
pub fn pin(node: &Node, id: PostId) -> Result<()> {
    with_owner(node, move |w, owner| social::pin::pin(w, owner, id))
}

/// Unpins a post.
pub fn unpin(node: &Node, id: PostId) -> Result<()> {
    with_owner(node, move |w, owner| social::pin::unpin(w, owner, id))
}

/// Features a hashtag on the owner's profile.
pub fn feature_tag(node: &Node, tag: String) -> Result<()> {
    with_owner(node, move |w, owner| social::pin::feature_hashtag(w, owner, &tag))
}

/// Stops featuring a hashtag on the owner's profile.
pub fn unfeature_tag(node: &Node, name: String) -> Result<()> {
    with_owner(node, move |w, owner| social::pin::unfeature_hashtag(w, owner, &name))
}

/// Boosts a public or quiet public post for everyone; returns the boost's own id.
pub fn boost(node: &Node, id: PostId) -> Result<PostId> {
    boost_for(node, id, Audience::Public)
}

/// Boosts a post for this audience. A followers-only post of the owner's is boosted to the same followers again.
pub fn boost_for(node: &Node, id: PostId, audience: Audience) -> Result<PostId> {
    with_owner(node, move |w, owner| social::boost::send(w, owner, id, audience))
}

/// Removes a boost.
pub fn unboost(node: &Node, id: PostId) -> Result<()> {
    with_owner(node, move |w, owner| social::boost::unboost(w, owner, id))
}

/// Sends a follow request; repeating it sends it again.
pub fn follow(node: &Node, who: ActorId) -> Result<()> {
    with_owner(node, move |w, owner| social::follow::send(w, owner, who))
}

/// Unfollows an actor, or withdraws the follow request.
pub fn unfollow(node: &Node, who: ActorId) -> Result<()> {
    with_owner(node, move |w, owner| social::follow::unfollow(w, owner, who))
}

/// Accepts a follow request.
pub fn accept_follower(node: &Node, who: ActorId) -> Result<()> {
    with_owner(node, move |w, owner| social::follow::accept(w, owner, who))
}

/// Accepts an interaction request.
pub fn accept_request(node: &Node, id: RequestId) -> Result<()> {
    with_owner(node, move |w, owner| social::interaction::inbound::accept(w, owner, id))
}

/// Rejects an interaction request.
pub fn reject_request(node: &Node, id: RequestId) -> Result<()> {
    with_owner(node, move |w, owner| social::interaction::inbound::reject(w, owner, id))
}

/// Revokes the authorization of a post that quotes one of the owner's.
pub fn revoke_quote(node: &Node, quoting: PostId) -> Result<()> {
    with_owner(node, move |w, owner| social::interaction::inbound::revoke_quote(w, owner, quoting))
}

/// Rejects a follow request, or removes a follower.
pub fn reject_follower(node: &Node, who: ActorId) -> Result<()> {
    with_owner(node, move |w, owner| social::follow::reject(w, owner, who))
}

/// Blocks an actor.
pub fn block(node: &Node, who: ActorId) -> Result<()> {
    with_owner(node, move |w, owner| social::moderation::block::send(w, owner, who))
}

/// Unblocks an actor.
pub fn unblock(node: &Node, who: ActorId) -> Result<()> {
    with_owner(node, move |w, owner| social::moderation::block::unblock(w, owner, who))
}

/// Mutes an actor, for a time or indefinitely.
pub fn mute(node: &Node, who: ActorId, reach: MuteScope, length: Option<Duration>) -> Result<()> {
    with_owner(node, move |w, owner| {
        social::moderation::block::mute(w, owner, who, reach, length.map(|length| w.now.plus(length)))
    })
}

/// Unmutes an actor.
pub fn unmute(node: &Node, who: ActorId) -> Result<()> {
    node.store.write(move |w| social::moderation::block::unmute(w, who))
}

/// Reports an actor and posts of theirs to their server, anonymously.
pub fn report(node: &Node, who: ActorId, posts: Vec<PostId>, comment: String) -> Result<()> {
    let (category, audience) = (ReportCategory::Other, ReportRecipient::Forwarded);
    report_actor(node, who, NewReport { posts, comment, category, rules: Vec::new(), recipient: audience }).map(drop)
}

/// Reports an actor like [`report`], with all options. Only stored here if it is not to be forwarded.
pub fn report_actor(node: &Node, who: ActorId, complaint: NewReport) -> Result<crate::base::id::ReportId> {
    node.store.write(move |w| social::moderation::report::send(w, who, &complaint))
}
