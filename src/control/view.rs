//! What commands show: plain data for the socket and, with `--json`, for scripts. The field names are a stable
//! interface.

use serde::{Deserialize, Serialize};

use crate::base::Result;
use crate::federation::Node;
use crate::store::actors::Actor;
use crate::store::posts::Viewer;
use crate::store::posts::attachments::PostAttachment;
use crate::store::posts::post_views::PostView;
use crate::store::{
    Read,
    actors::follows,
    peers::hosts,
    posts,
    queue::{deliveries, inbox},
};
use crate::text;

/// Rows of each list of the queue at most.
const MAX_QUEUE_ROWS: u32 = 200;

/// The queue in one look. Times are RFC 3339.
#[derive(Serialize, Deserialize, Debug, PartialEq, Eq)]
pub struct QueueView {
    /// Deliveries waiting or in flight, all of them.
    pub total: u32,
    /// The same by host, longest-waiting first, at most 200 hosts.
    pub deliveries: Vec<WaitingHostView>,
    /// Received activities still to be applied.
    pub received: u32,
    /// Received activities that could not be applied.
    pub set_aside: Vec<SetAsideView>,
    /// Hosts that do not answer.
    pub unreachable: Vec<UnreachableHostView>,
}

/// What waits for one host.
#[derive(Serialize, Deserialize, Debug, PartialEq, Eq)]
pub struct WaitingHostView {
    /// The host.
    pub host: String,
    /// How many deliveries.
    pub deliveries: u32,
    /// Attempts of the one tried most.
    pub tries: u32,
    /// When the oldest was queued.
    pub oldest_at: String,
    /// When the next attempt is due.
    pub next_at: String,
    /// The last failure.
    pub error: Option<String>,
}

/// A received activity that could not be applied.
#[derive(Serialize, Deserialize, Debug, PartialEq, Eq)]
pub struct SetAsideView {
    /// Its id.
    pub uri: String,
    /// When it came.
    pub received_at: String,
    /// Why.
    pub error: Option<String>,
}

/// A host that does not answer.
#[derive(Serialize, Deserialize, Debug, PartialEq, Eq)]
pub struct UnreachableHostView {
    /// The host.
    pub host: String,
    /// Since when.
    pub since_at: String,
    /// The last failure.
    pub error: Option<String>,
}

/// A few numbers about this server.
#[derive(Serialize, Deserialize, Debug, PartialEq, Eq)]
pub struct StatsView {
    /// The owner's handle; None until a trial's owner has picked a name.
    pub owner: Option<String>,
    /// Posts and boosts of the owner's.
    pub posts: u32,
    /// People who follow the owner.
    pub followers: u32,
    /// People the owner follows.
    pub following: u32,
    /// Deliveries waiting.
    pub deliveries: u32,
    /// Size of the database in bytes, its log included.
    pub database_bytes: u64,
    /// This build.
    pub version: String,
}

/// Something found by URL or handle, as hytte understands it.
#[derive(Serialize, Deserialize, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum FetchedView {
    /// Somebody.
    Person(Box<PersonView>),
    /// A post.
    Post(Box<ShownPostView>),
}

/// Somebody, in plain text.
#[derive(Serialize, Deserialize, Debug, PartialEq, Eq)]
pub struct PersonView {
    /// ActivityPub id.
    pub uri: String,
    /// `user@host`.
    pub handle: String,
    /// Display name.
    pub name: String,
    /// Person, Service, Group, …
    pub kind: String,
    /// Page for people.
    pub url: String,
    /// What they say of themselves.
    pub bio: String,
    /// Fields of their profile: name and text.
    pub fields: Vec<(String, String)>,
    /// Follows wait for their approval.
    pub approves_followers: bool,
    /// Where they moved.
    pub moved_to: Option<String>,
}

/// A post, in plain text and as safe HTML.
#[derive(Serialize, Deserialize, Debug, PartialEq, Eq)]
pub struct ShownPostView {
    /// ActivityPub id.
    pub uri: String,
    /// Page for people.
    pub url: String,
    /// Note, Article, …
    pub kind: String,
    /// The author's `user@host`.
    pub author: String,
    /// The author's display name.
    pub author_name: String,
    /// A word of [`crate::base::Audience`].
    pub audience: String,
    /// When it was published.
    pub published_at: String,
    /// When it was last edited.
    pub edited_at: Option<String>,
    /// The post it replies to.
    pub reply_to: Option<String>,
    /// Of an article.
    pub title: Option<String>,
    /// Content warning.
    pub warning: Option<String>,
    /// Without markup.
    pub text: String,
    /// As the page shows it.
    pub html: String,
    /// BCP 47.
    pub language: Option<String>,
    /// Images and files.
    pub pictures: Vec<AttachmentView>,
    /// Likes, boosts and replies we know of.
    pub counts: (u32, u32, u32),
}

/// An image or other file of a post.
#[derive(Serialize, Deserialize, Debug, PartialEq, Eq)]
pub struct AttachmentView {
    /// As sniffed or said.
    pub media_type: String,
    /// The original; for our own, the name in `media/`.
    pub url: String,
    /// For those who do not see it.
    pub alt: String,
}

/// The queue as it is now.
pub(super) fn queue(r: &Read<'_>) -> Result<QueueView> {
    let deliveries = deliveries::waiting(r, MAX_QUEUE_ROWS)?.into_iter().map(|row| WaitingHostView {
        host: row.host,
        deliveries: row.deliveries,
        tries: row.tries,
        oldest_at: row.oldest_at.rfc3339(),
        next_at: row.next_at.rfc3339(),
        error: row.error,
    });
    let set_aside = inbox::set_aside_list(r, MAX_QUEUE_ROWS)?.into_iter().map(|row| SetAsideView {
        uri: row.uri,
        received_at: row.received_at.rfc3339(),
        error: row.error,
    });
    let unreachable = hosts::failing(r, MAX_QUEUE_ROWS)?.into_iter().filter_map(|host| {
        Some(UnreachableHostView { host: host.name, since_at: host.failing_since_at?.rfc3339(), error: host.error })
    });
    Ok(QueueView {
        total: deliveries::count(r)?,
        deliveries: deliveries.collect(),
        received: inbox::count(r)?,
        set_aside: set_aside.collect(),
        unreachable: unreachable.collect(),
    })
}

/// The numbers as they are now.
pub(super) fn stats(node: &Node) -> Result<StatsView> {
    let size = |name: &str| std::fs::metadata(node.store.folder().join(name)).map_or(0, |file| file.len());
    let owner = node.owner().ok();
    node.store.read(|r| {
        let count = |list| owner.map_or(Ok(0), |owner| follows::count(r, owner, list));
        Ok(StatsView {
            owner: owner.map(|owner| crate::store::actors::by_id(r, owner)).transpose()?.map(|actor| actor.handle()),
            posts: owner.map_or(Ok(0), |owner| posts::count_by_actor(r, owner, Viewer::Owner))?,
            followers: count(follows::FollowList::Followers)?,
            following: count(follows::FollowList::Following)?,
            deliveries: deliveries::count(r)?,
            database_bytes: size("hytte.db") + size("hytte.db-wal"),
            version: crate::base::config::VERSION.to_owned(),
        })
    })
}

/// Somebody in plain text.
pub(super) fn person(actor: Actor) -> FetchedView {
    let fields = actor.fields.iter().map(|field| (field.name.clone(), text::plain_text::from_html(&field.value)));
    FetchedView::Person(Box::new(PersonView {
        handle: actor.handle(),
        bio: text::plain_text::from_html(&actor.bio),
        fields: fields.collect(),
        uri: actor.uri,
        name: actor.name,
        kind: actor.kind,
        url: actor.url,
        approves_followers: actor.approves_followers,
        moved_to: actor.moved_to,
    }))
}

/// A post in plain text.
pub(super) fn post(card: PostView) -> FetchedView {
    let PostView { post, author, attachments, likes, boosts, replies, .. } = card;
    FetchedView::Post(Box::new(ShownPostView {
        url: post.html_url().to_owned(),
        author: author.handle(),
        author_name: author.name.clone(),
        audience: post.audience.as_word().to_owned(),
        published_at: post.published_at.rfc3339(),
        edited_at: post.edited_at.map(|at| at.rfc3339()),
        text: text::plain_text::from_html(&post.content),
        pictures: attachments.into_iter().map(picture).collect(),
        counts: (likes, boosts, replies),
        uri: post.uri.clone(),
        kind: post.kind.clone(),
        reply_to: post.reply_to_uri.clone(),
        title: post.title.clone(),
        warning: post.warning.clone(),
        html: post.content.clone(),
        language: post.language.clone(),
    }))
}

fn picture(attachment: PostAttachment) -> AttachmentView {
    let url = attachment.url.or(attachment.file).unwrap_or_default();
    AttachmentView { media_type: attachment.media_type, url, alt: attachment.alt }
}
