//! The owner's posts: published, edited, deleted, each in one write. Mentions and links are resolved before.

use super::interaction::outbound::{self, PerformedInteraction, RequestMode};
use super::outbox::{self, ActivityRecipients};
use super::poll::{self, NewPoll, PollRevision};
use super::{document, emoji, group, list, post_edit, quote, relay, remote_post};
use crate::ap::addressing::{PUBLIC, Recipients};
use crate::base::id::{ActorId, MediaId, PostId};
use crate::base::interaction_policy::{Interaction, PolicyChoices};
use crate::base::{Audience, Error, Result};
use crate::store::actors::{self, Actor};
use crate::store::peers::relays::RelayStyle;
use crate::store::posts::attachments::AttachmentChange;
use crate::store::posts::post_metadata::PostMetadata;
use crate::store::posts::{self, Post, PostHashtag, PostMention};
use crate::store::{
    Write, node,
    posts::{attachments, groups, interaction_policies, likes, tombstones},
};

pub use super::remote_post::store_post;

/// Maximum number of actors that receive an edit or deletion besides the followers.
pub(super) const MAX_INFORMED_ACTORS: u32 = 5000;

/// The rendered content of a post.
#[derive(Debug, Clone)]
pub struct RenderedPost {
    /// The text as typed.
    pub source: String,
    /// Sanitized HTML.
    pub html: String,
    /// Content warning.
    pub warning: Option<String>,
    /// BCP 47.
    pub language: Option<String>,
    /// Whether its media is hidden behind a warning.
    pub sensitive: bool,
    /// Mentioned actors, all of them stored.
    pub mentions: Vec<PostMention>,
    /// Hashtags.
    pub hashtags: Vec<PostHashtag>,
    /// Attached files, in order.
    pub media: Vec<MediaId>,
    /// The title of an article, or of a new thread in a group; an edit without one keeps it.
    pub title: Option<String>,
    /// The abstract of an article; in an edit None keeps it and `Some(None)` removes it.
    pub summary: Option<Option<String>>,
    /// Whether the source is Markdown.
    pub markdown: bool,
    /// Changed descriptions of its attachments.
    pub changed_alt_texts: Vec<AttachmentChange>,
    /// The group it is posted to. Otherwise a reply goes to its thread's group, and a post that mentions a group goes
    /// there.
    /// that.
    pub group: Option<ActorId>,
    /// The poll of a new post.
    pub poll: Option<NewPoll>,
    /// What an edit does to the poll.
    pub poll_revision: PollRevision,
    /// The client app it was written with: name and website; an edit keeps it.
    pub app: Option<(String, Option<String>)>,
    /// The quoted post; an edit keeps it.
    pub quote: Option<PostId>,
    /// Interaction policy; None takes the default from the settings, or keeps it in an edit.
    pub policy_choices: Option<PolicyChoices>,
}

/// Publishes a post. A reply to a private post is never wider than its parent.
pub fn publish(
    w: &Write<'_>,
    owner: &Actor,
    words: &RenderedPost,
    audience: Audience,
    reply_to: Option<PostId>,
) -> Result<PostId> {
    let parent = reply_to.map(|id| posts::by_id(w, id)).transpose()?;
    let parent = match parent {
        Some(Post { boost_of: Some(of), .. }) => Some(posts::by_id(w, of)?),
        other => other,
    };
    let audience = quote::quote_audience(w, owner, audience, words.quote)?;
    let id = posts::next_id(w, w.now)?;
    let uri = document::post_uri(owner, id);
    let post = Post {
        id,
        actor_id: owner.id,
        kind: post_type(words).to_owned(),
        boost_of: None,
        audience: parent.as_ref().map_or(audience, |parent| reply_audience(audience, parent.audience)),
        reply_to: parent.as_ref().map(|parent| parent.id),
        reply_to_uri: parent.as_ref().map(|parent| parent.uri.clone()),
        context_uri: match &parent {
            Some(parent) => parent.context_uri.clone(),
            None => Some(format!("{uri}/context")),
        },
        title: words.title.clone(),
        warning: words.warning.clone(),
        content: words.html.clone(),
        source: Some(words.source.clone()),
        language: words.language.clone(),
        sensitive: words.sensitive,
        url: Some(document::post_page_url(owner, id)),
        emoji: emoji::used_in(w, &texts_with_emoji(words))?,
        metadata: PostMetadata {
            summary: words.summary.clone().flatten().filter(|_| words.title.is_some()),
            markdown: words.markdown,
            app: words.app.clone(),
            ..PostMetadata::default()
        },
        published_at: w.now,
        edited_at: None,
        received_at: w.now,
        uri,
    };
    posts::insert(w, &post, &words.mentions, &words.hashtags)?;
    attachments::attach(w, id, &words.media)?;
    if let Some(poll) = &words.poll {
        poll::store_own_poll(w, id, poll)?;
    }
    list::add_to_timelines(w, owner.id, owner.id, &post)?;
    remote_post::file_in_conversation(w, owner, &post)?;
    let group = group::group_of_new_post(w, words, &post)?;
    if let Some(group) = group {
        groups::put(w, group, id, groups::GroupSource::Author)?;
    }
    let choices = words.policy_choices.map_or_else(|| node::settings(w).map(|settings| settings.choices()), Ok)?;
    interaction_policies::set(w, id, Some(choices.rules(post.audience)))?;
    if let Some(quoted) = words.quote {
        quote::attach_quote(w, owner, &post, quoted)?;
    }
    if let Some(parent) = &parent
        && let Some(how) = outbound::request_mode(w, owner.id, parent, Interaction::Reply)?
    {
        let done = PerformedInteraction {
            interaction: Interaction::Reply,
            uri: &post.uri,
            own_post_id: Some(id),
            target: parent,
        };
        outbound::send_request(w, owner, how, &done, || document::post(w, owner, &post))?;
        if how == RequestMode::Explicit {
            // It is sent to everyone else once the parent's author has approved it.
            return Ok(id);
        }
    }
    broadcast_create(w, owner, &post)?;
    Ok(id)
}

/// Sends a post to its audience, and a QuoteRequest to the quoted author.
pub(super) fn broadcast_create(w: &Write<'_>, owner: &Actor, post: &Post) -> Result<()> {
    let object = document::post(w, owner, post)?;
    let lists = Recipients::of(&object).unwrap_or_default();
    let (activity_id, activity_uri) = outbox::next_activity(w, owner)?;
    let create = document::create(owner, &activity_uri, object, lists, w.now);
    let mut people = mentioned_ids(w, &posts::mentions(w, post.id)?)?;
    // A private reply reaches the parent's author only when it mentions them.
    if post.audience != Audience::Mentioned {
        let parent = post.reply_to.map(|id| posts::by_id(w, id)).transpose()?;
        people.extend(parent.map(|parent| parent.actor_id).into_iter().chain(groups::of_post(w, post.id)?));
    }
    let others = quote::quoted_author(w, post)?.into_iter().collect();
    let reach = relay::add_relays(w, post, recipients(post, people, others), &[RelayStyle::Mastodon])?;
    outbox::send(w, owner, activity_id, create, &post.uri, post.audience, &reach)?;
    relay::announce_to_relays(w, owner, post)?;
    quote::send_request(w, owner, post)
}

/// Announces a change of a post that is not an edit (policy, authorizations) to its audience. `updated` stays, so that
/// peers do not treat it as an edit.
pub(super) fn broadcast_update(w: &Write<'_>, owner: &Actor, id: PostId) -> Result<()> {
    let post = get_own_post(w, owner, id)?;
    let object = document::post(w, owner, &post)?;
    let lists = Recipients::of(&object).unwrap_or_default();
    let (activity_id, uri) = outbox::next_activity(w, owner)?;
    let update = document::update(owner, &uri, object, lists, w.now);
    let people = mentioned_ids(w, &posts::mentions(w, id)?)?;
    let mut others = likes::interacting_actors(w, id, MAX_INFORMED_ACTORS)?;
    others.extend(groups::of_post(w, id)?.into_iter().chain(quote::quoted_author(w, &post)?));
    outbox::send(w, owner, activity_id, update, &post.uri, post.audience, &recipients(&post, people, others))
}

/// The type of a new post. A thread in a group has a title and no poll; elsewhere a title makes an article.
fn post_type(words: &RenderedPost) -> &'static str {
    match (&words.title, &words.poll) {
        (Some(_), _) if words.group.is_none() => "Article",
        (Some(_), _) => "Page",
        (None, Some(_)) => "Question",
        (None, None) => "Note",
    }
}

/// The audience of a reply: not wider than a private parent's.
fn reply_audience(wanted: Audience, parent: Audience) -> Audience {
    if parent.is_open() { wanted } else { wanted.max(parent) }
}

/// The texts that may contain custom emoji.
fn texts_with_emoji(words: &RenderedPost) -> Vec<&str> {
    let texts = [Some(&words.source), words.warning.as_ref(), words.title.as_ref()].into_iter().flatten();
    let revised = if let PollRevision::Replaced(poll) = &words.poll_revision { Some(poll) } else { None };
    let options = words.poll.iter().chain(revised).flat_map(|poll| &poll.options);
    texts.chain(options).map(String::as_str).collect()
}

/// Recipients of a post: mentioned actors first, then, unless it is private, the followers and those who interacted
/// with it.
pub(super) fn recipients(post: &Post, people: Vec<ActorId>, others: Vec<ActorId>) -> ActivityRecipients {
    let private = post.audience == Audience::Mentioned;
    ActivityRecipients {
        followers: !private,
        priority_actors: people,
        other_actors: if private { Vec::new() } else { others },
        personal_inboxes_only: private,
        extra_inboxes: Vec::new(),
    }
}

pub(super) fn mentioned_ids(w: &Write<'_>, mentions: &[PostMention]) -> Result<Vec<ActorId>> {
    mentions.iter().filter_map(|m| actors::id_by_uri(w, &m.uri).transpose()).collect()
}

fn get_own_post(w: &Write<'_>, owner: &Actor, id: PostId) -> Result<Post> {
    let post = posts::by_id(w, id)?;
    if post.actor_id != owner.id || post.boost_of.is_some() {
        return Err(Error::Denied("this is not one of your posts".to_owned()));
    }
    Ok(post)
}

/// Edits one of the owner's posts and sends the Update. Actors mentioned in the previous text stay recipients.
pub fn edit(w: &Write<'_>, owner: &Actor, id: PostId, words: &RenderedPost) -> Result<()> {
    let before = get_own_post(w, owner, id)?;
    let earlier = before.clone();
    let mut mentions = words.mentions.clone();
    let known = posts::mentions(w, id)?;
    mentions.extend(known.iter().filter(|old| !words.mentions.iter().any(|m| m.uri == old.uri)).cloned());
    let mut emoji = emoji::used_in(w, &texts_with_emoji(words))?;
    // If the poll options stay, so do their emoji.
    let stays = before.kind == "Question" && words.poll_revision == PollRevision::Unchanged;
    let poll = before.emoji.iter().filter(|_| stays).filter(|old| !emoji.contains(old));
    emoji.extend(poll.cloned().collect::<Vec<_>>());
    let post = Post {
        warning: words.warning.clone(),
        content: words.html.clone(),
        source: Some(words.source.clone()),
        language: words.language.clone().or(before.language.clone()),
        sensitive: words.sensitive,
        title: before.title.as_ref().map(|title| words.title.as_ref().unwrap_or(title).clone()),
        metadata: PostMetadata {
            summary: words.summary.clone().unwrap_or_else(|| before.metadata.summary.clone()),
            markdown: words.markdown,
            ..before.metadata.clone()
        },
        kind: match words.poll_revision {
            PollRevision::Replaced(_) => "Question".to_owned(),
            PollRevision::Removed if before.kind == "Question" => "Note".to_owned(),
            _ => before.kind.clone(),
        },
        emoji,
        // Strictly later than before: peers ignore the Update otherwise.
        edited_at: Some(
            w.now.max(before.edited_at.unwrap_or(before.published_at).plus(std::time::Duration::from_secs(1))),
        ),
        ..before
    };
    let known = post_edit::PreviousVersion::of(w, &earlier)?;
    posts::update(w, &post, &mentions, &words.hashtags)?;
    let rules = words.policy_choices.map(|choices| choices.rules(post.audience));
    let ruled_anew = rules.is_some() && interaction_policies::get(w, id)? != rules;
    if ruled_anew {
        interaction_policies::set(w, id, rules)?;
    }
    attachments::detach(w, id, &words.media)?;
    attachments::attach(w, id, &words.media)?;
    attachments::update_descriptions(w, id, &words.changed_alt_texts)?;
    let asks_anew = poll::apply_revision(w, id, &words.poll_revision)?;
    if post.kind != earlier.kind {
        posts::set_kind(w, id, &post.kind)?;
    }
    if !post_edit::record_own_edit(w, &known, &post)? && !asks_anew {
        posts::update(w, &earlier, &mentions, &words.hashtags)?;
        return if ruled_anew { broadcast_update(w, owner, id) } else { Ok(()) };
    }
    let object = document::post(w, owner, &post)?;
    let lists = Recipients::of(&object).unwrap_or_default();
    let (activity_id, uri) = outbox::next_activity(w, owner)?;
    let update = document::update(owner, &uri, object, lists, w.now);
    let people = mentioned_ids(w, &mentions)?;
    let mut others = likes::interacting_actors(w, id, MAX_INFORMED_ACTORS)?;
    others.extend(groups::of_post(w, id)?.into_iter().chain(quote::quoted_author(w, &post)?));
    let reach =
        relay::add_relays(w, &post, recipients(&post, people, others), &[RelayStyle::Mastodon, RelayStyle::LitePub])?;
    outbox::send(w, owner, activity_id, update, &post.uri, post.audience, &reach)
}

/// Changes the interaction policy of one of the owner's posts, without an edit.
pub fn set_policy(w: &Write<'_>, owner: &Actor, id: PostId, choices: PolicyChoices) -> Result<()> {
    let post = get_own_post(w, owner, id)?;
    let rules = Some(choices.rules(post.audience));
    if interaction_policies::get(w, id)? == rules {
        return Ok(());
    }
    interaction_policies::set(w, id, rules)?;
    broadcast_update(w, owner, id)
}

/// What happens to the files of a deleted post.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MediaFate {
    /// They are deleted with it.
    Remove,
    /// They become unattached uploads again ("delete and redraft").
    Keep,
}

/// Deletes one of the owner's posts, here at once and on all servers it was sent to. The URL of a public post responds
/// with 410 from then on.
pub fn delete(w: &Write<'_>, owner: &Actor, id: PostId, files: MediaFate) -> Result<()> {
    let post = get_own_post(w, owner, id)?;
    let mentions = posts::mentions(w, id)?;
    let mut others = likes::interacting_actors(w, id, MAX_INFORMED_ACTORS)?;
    if let Some(parent) = post.reply_to {
        others.push(posts::by_id(w, parent)?.actor_id);
    }
    others.extend(groups::of_post(w, id)?.into_iter().chain(quote::quoted_author(w, &post)?));
    let people = mentioned_ids(w, &mentions)?;
    if files == MediaFate::Keep {
        attachments::detach(w, id, &[])?;
    }
    posts::delete(w, id)?;
    if post.audience.is_open() {
        // The URL of a private post keeps responding with 404: a 410 would reveal that it existed.
        tombstones::add_own(w, &post.uri)?;
    }
    let lists = match post.audience {
        // As Mastodon sends it; the id alone reveals nothing.
        Audience::Public | Audience::Quiet => Recipients { to: vec![PUBLIC.to_owned()], cc: Vec::new() },
        audience => document::recipients(owner, audience, &mentions),
    };
    let (activity_id, uri) = outbox::next_activity(w, owner)?;
    let delete = document::delete(owner, &uri, &post, lists, w.now);
    let reach =
        relay::add_relays(w, &post, recipients(&post, people, others), &[RelayStyle::Mastodon, RelayStyle::LitePub])?;
    outbox::send(w, owner, activity_id, delete, &post.uri, post.audience, &reach)
}
