//! Posts ready to be shown: a whole page in a fixed number of queries, with authors, attachments, mentions, tags,
//! polls, quotes and counts.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use crate::base::Result;
use crate::base::id::{ActorId, PostId};
use crate::store::actors::{self, Actor};
use crate::store::moderation::mutes::{self, MuteScope};
use crate::store::posts::attachments::{self, PostAttachment};
use crate::store::posts::groups;
use crate::store::posts::interaction_policies::{self, PostPermission};
use crate::store::posts::interaction_requests_out::{self, InteractionRequestOut};
use crate::store::posts::polls::{self, StoredPoll};
use crate::store::posts::quotes::{self, StoredQuote};
use crate::store::posts::reactions::{self, ReactionCount};
use crate::store::posts::{Post, PostHashtag, PostMention};
use crate::store::{Read, column, moderation::block_filter, posts::thread_mutes};
use crate::text::rewrite;

/// A post with everything needed to show it.
#[derive(Debug, Clone)]
pub struct PostView {
    /// Its position in the list: the boost's id when it is there because of a boost.
    pub id: PostId,
    /// The post itself (never a boost row).
    pub post: Arc<Post>,
    /// Its author.
    pub author: Arc<Actor>,
    /// The boost and the booster.
    pub boost: Option<(Arc<Post>, Arc<Actor>)>,
    /// The author of its parent, if known.
    pub parent_author: Option<Arc<Actor>>,
    /// The group it was posted in.
    pub group: Option<Arc<Actor>>,
    /// Images and files, in order.
    pub attachments: Vec<PostAttachment>,
    /// Mentions.
    pub mentions: Vec<PostMention>,
    /// The known actor of each mention, in the same order.
    pub mentioned_actors: Vec<Option<ActorId>>,
    /// Its hashtags.
    pub hashtags: Vec<PostHashtag>,
    /// Its poll.
    pub poll: Option<StoredPoll>,
    /// Number of known likes.
    pub likes: u32,
    /// Number of known boosts.
    pub boosts: u32,
    /// Number of known replies.
    pub replies: u32,
    /// Number of known approved quotes.
    pub quotes: u32,
    /// Emoji reactions, the most frequent first.
    pub reactions: Vec<ReactionCount>,
    /// The owner likes it.
    pub liked: bool,
    /// The owner boosted it.
    pub boosted: bool,
    /// The owner has bookmarked it.
    pub bookmarked: bool,
    /// The owner has muted its thread.
    pub thread_muted: bool,
    /// It is pinned to its author's profile.
    pub pinned: bool,
    /// Number of attachments left out because media of the author's server are rejected.
    pub withheld_attachments: usize,
    /// Its quote.
    pub quote: Option<QuotedView>,
    /// What the owner may do with it.
    pub permission: PostPermission,
    /// The owner's interaction requests for it.
    pub own_requests: Vec<InteractionRequestOut>,
}

/// A quoted post.
#[derive(Debug, Clone)]
pub struct QuotedView {
    /// The quote and whether it may be shown.
    pub quote: StoredQuote,
    /// The quoted post, when stored; its own quote is not loaded.
    pub view: Option<Box<PostView>>,
    /// Its author is muted.
    pub muted: bool,
}

/// Counts of a post, and the owner's interactions with it.
#[derive(Default, Clone, Copy)]
struct InteractionCounts {
    likes: u32,
    boosts: u32,
    replies: u32,
    quotes: u32,
    liked: bool,
    boosted: bool,
    bookmarked: bool,
    pinned: bool,
}

/// Views of these posts and boosts, in the order of `ids`, with the posts they quote; deleted posts are skipped.
pub fn post_views(r: &Read<'_>, ids: &[PostId]) -> Result<Vec<PostView>> {
    let mut cards = views_without_quotes(r, ids)?;
    add_quotes(r, &mut cards)?;
    Ok(cards)
}

/// As [`post_views`], but without quotes, permissions and the owner's interaction requests.
fn views_without_quotes(r: &Read<'_>, ids: &[PostId]) -> Result<Vec<PostView>> {
    let mut posts = load_posts(r, ids)?;
    let boosted: Vec<PostId> = posts.values().filter_map(|p| p.boost_of).filter(|id| !posts.contains_key(id)).collect();
    posts.extend(load_posts(r, &boosted)?);
    let shown: Vec<PostId> = posts.values().filter(|p| p.boost_of.is_none()).map(|p| p.id).collect();
    let parents = parent_authors(r, &shown)?;
    let in_groups = groups::of_posts(r, &shown)?;
    let also = parents.values().chain(in_groups.values()).copied();
    let wanted: BTreeSet<ActorId> = posts.values().map(|p| p.actor_id).chain(also).collect();
    let people = actors::by_ids(r, &wanted.into_iter().collect::<Vec<_>>())?;
    let shield = block_filter::filter_for(r, people.iter())?;
    let bare = |actor: Actor| Actor { icon: None, image: None, emoji: Vec::new(), ..actor };
    let shown_of = |a: Actor| if shield.media_rejected.contains(&a.id) { bare(a) } else { a };
    let seen = people.into_iter().filter(|a| !shield.blocked.contains(&a.id));
    let authors: HashMap<ActorId, Arc<Actor>> = seen.map(|a| (a.id, Arc::new(shown_of(a)))).collect();
    let mut parts = ViewParts {
        media_rejected: shield.media_rejected,
        attachments: group_by_post(attachments::of_posts(r, &shown)?, |a| a.post_id),
        mentions: mentions(r, &shown)?,
        hashtags: hashtags(r, &shown)?,
        polls: polls::of_posts(r, &shown)?,
        counts: interaction_counts(r, &shown)?,
        reactions: reactions::counts(r, &shown)?,
    };
    let card = |id: &PostId| {
        let row = posts.get(id)?.clone();
        let (post, boost) = match row.boost_of {
            Some(of) => (posts.get(&of)?.clone(), Some((row.clone(), authors.get(&row.actor_id)?.clone()))),
            None => (row, None),
        };
        let author = authors.get(&post.actor_id)?.clone();
        let parent_author = parents.get(&post.id).and_then(|id| authors.get(id)).cloned();
        let group = in_groups.get(&post.id).and_then(|id| authors.get(id)).cloned();
        Some(PostView { group, ..parts.build_view(*id, post, author, boost, parent_author) })
    };
    Ok(ids.iter().filter_map(card).collect())
}

/// Adds quotes, permissions, and the owner's interaction requests.
fn add_quotes(r: &Read<'_>, cards: &mut [PostView]) -> Result<()> {
    let shown: Vec<PostId> = cards.iter().map(|card| card.post.id).collect();
    let quotes = quotes::of_posts(r, &shown)?;
    let ids: BTreeSet<PostId> = quotes.values().filter_map(|quote| quote.quoted_id).collect();
    let mut quoted = match ids.is_empty() {
        true => Vec::new(),
        false => views_without_quotes(r, &ids.into_iter().collect::<Vec<_>>())?,
    };
    let mut below = quotes::of_posts(r, &quoted.iter().map(|card| card.post.id).collect::<Vec<_>>())?;
    for card in &mut quoted {
        card.quote = below.remove(&card.post.id).map(|quote| QuotedView { quote, view: None, muted: false });
    }
    let hushed = match quoted.is_empty() {
        true => Vec::new(),
        false => mutes::of(r, &quoted.iter().map(|card| card.author.id).collect::<Vec<_>>())?,
    };
    let is_muted =
        |card: &PostView| hushed.iter().any(|mute| mute.actor_id == card.author.id && mute.reach != MuteScope::Boosts);
    let leaves = interaction_policies::of_posts(r, &shown)?;
    let asked = interaction_requests_out::of_posts(r, &shown)?;
    let muted = thread_mutes::muted_among(r, &shown)?;
    for card in cards {
        let id = card.post.id;
        card.quote = quotes.get(&id).map(|quote| {
            let inner = quoted.iter().find(|one| Some(one.id) == quote.quoted_id);
            QuotedView { muted: inner.is_some_and(is_muted), view: inner.cloned().map(Box::new), quote: quote.clone() }
        });
        card.thread_muted = muted.contains(&id);
        card.permission = leaves.get(&id).copied().unwrap_or_default();
        card.own_requests = asked.iter().filter(|a| a.target_id == id || a.own_post_id == Some(id)).cloned().collect();
    }
    Ok(())
}

/// The view of one post.
pub fn single_view(r: &Read<'_>, id: PostId) -> Result<PostView> {
    post_views(r, &[id])?.pop().ok_or(crate::base::Error::NotFound)
}

/// A mention and its actor, if known.
type MentionedActor = (PostMention, Option<ActorId>);

struct ViewParts {
    media_rejected: HashSet<ActorId>,
    attachments: HashMap<PostId, Vec<PostAttachment>>,
    mentions: HashMap<PostId, Vec<MentionedActor>>,
    hashtags: HashMap<PostId, Vec<PostHashtag>>,
    polls: HashMap<PostId, StoredPoll>,
    counts: HashMap<PostId, InteractionCounts>,
    reactions: HashMap<PostId, Vec<ReactionCount>>,
}

impl ViewParts {
    /// Clones the parts, because the same post may be on a page twice, once as a boost.
    fn build_view(
        &mut self,
        id: PostId,
        post: Arc<Post>,
        author: Arc<Actor>,
        boost: Option<(Arc<Post>, Arc<Actor>)>,
        parent_author: Option<Arc<Actor>>,
    ) -> PostView {
        let tally = self.counts.get(&post.id).copied().unwrap_or_default();
        let (mentions, mentioned) = self.mentions.get(&post.id).cloned().unwrap_or_default().into_iter().unzip();
        let mut attachments = self.attachments.get(&post.id).cloned().unwrap_or_default();
        let (mut post, mut withheld) = (post, 0);
        if self.media_rejected.contains(&post.actor_id) {
            withheld = std::mem::take(&mut attachments).len();
            // Removes the sources of inline images; their alt texts stay.
            let content = rewrite::sources(&post.content, |_, _, _| String::new());
            post = Arc::new(Post { content, emoji: Vec::new(), ..Post::clone(&post) });
        }
        PostView {
            id,
            attachments,
            withheld_attachments: withheld,
            mentions,
            mentioned_actors: mentioned,
            hashtags: self.hashtags.get(&post.id).cloned().unwrap_or_default(),
            poll: self.polls.get(&post.id).cloned(),
            likes: tally.likes,
            boosts: tally.boosts,
            replies: tally.replies,
            quotes: tally.quotes,
            reactions: self.reactions.get(&post.id).cloned().unwrap_or_default(),
            liked: tally.liked,
            boosted: tally.boosted,
            bookmarked: tally.bookmarked,
            thread_muted: false,
            quote: None,
            permission: PostPermission::default(),
            own_requests: Vec::new(),
            pinned: tally.pinned,
            post,
            author,
            boost,
            parent_author,
            group: None,
        }
    }
}

fn group_by_post<T>(rows: Vec<T>, post: impl Fn(&T) -> Option<PostId>) -> HashMap<PostId, Vec<T>> {
    let mut groups: HashMap<PostId, Vec<T>> = HashMap::new();
    for row in rows {
        if let Some(id) = post(&row) {
            groups.entry(id).or_default().push(row);
        }
    }
    groups
}

fn id_list_json(ids: &[PostId]) -> String {
    crate::store::id_list(ids.iter().map(|id| id.0))
}

fn load_posts(r: &Read<'_>, ids: &[PostId]) -> Result<HashMap<PostId, Arc<Post>>> {
    let mut statement =
        r.conn.prepare_cached("SELECT * FROM post WHERE id IN (SELECT value FROM json_each(?1)) LIMIT 1000")?;
    let rows = statement.query_map([id_list_json(ids)], Post::from_row)?;
    rows.map(|post| Ok(post.map(|post| (post.id, Arc::new(post)))?)).collect()
}

fn parent_authors(r: &Read<'_>, ids: &[PostId]) -> Result<HashMap<PostId, ActorId>> {
    let mut statement = r.conn.prepare_cached(
        "SELECT p.id, q.actor_id FROM post p JOIN post q ON q.id = p.reply_to
         WHERE p.id IN (SELECT value FROM json_each(?1)) LIMIT 1000",
    )?;
    let rows = statement.query_map([id_list_json(ids)], |row| Ok((column(row, "id")?, column(row, "actor_id")?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn mentions(r: &Read<'_>, ids: &[PostId]) -> Result<HashMap<PostId, Vec<MentionedActor>>> {
    let mut statement = r.conn.prepare_cached(
        "SELECT m.post_id, m.uri, m.handle, ifnull(a.url, m.url) AS url, a.id FROM mention m LEFT JOIN actor a ON a.uri = m.uri
         WHERE m.post_id IN (SELECT value FROM json_each(?1)) LIMIT 5000",
    )?;
    let rows = statement.query_map([id_list_json(ids)], |row| {
        Ok((
            column::<PostId>(row, "post_id")?,
            (
                PostMention { uri: column(row, "uri")?, handle: column(row, "handle")?, url: column(row, "url")? },
                column(row, "id")?,
            ),
        ))
    })?;
    collect_by_post(rows)
}

fn hashtags(r: &Read<'_>, ids: &[PostId]) -> Result<HashMap<PostId, Vec<PostHashtag>>> {
    let mut statement = r.conn.prepare_cached(
        "SELECT post_id, name, shown FROM hashtag WHERE post_id IN (SELECT value FROM json_each(?1)) LIMIT 5000",
    )?;
    let rows = statement.query_map([id_list_json(ids)], |row| {
        Ok((
            column::<PostId>(row, "post_id")?,
            PostHashtag { name: column(row, "name")?, display_name: column(row, "shown")? },
        ))
    })?;
    collect_by_post(rows)
}

fn collect_by_post<T>(rows: impl Iterator<Item = rusqlite::Result<(PostId, T)>>) -> Result<HashMap<PostId, Vec<T>>> {
    let mut groups: HashMap<PostId, Vec<T>> = HashMap::new();
    for row in rows {
        let (id, value) = row?;
        groups.entry(id).or_default().push(value);
    }
    Ok(groups)
}

fn interaction_counts(r: &Read<'_>, ids: &[PostId]) -> Result<HashMap<PostId, InteractionCounts>> {
    let mut statement = r.conn.prepare_cached(
        "SELECT p.value AS id,
           (SELECT count(*) FROM post_like WHERE post_id = p.value)
             + (SELECT count(*) FROM post_vote WHERE post_id = p.value) AS likes,
           (SELECT count(*) FROM post WHERE boost_of = p.value) AS boosts,
           (SELECT count(*) FROM post WHERE reply_to = p.value) AS replies,
           (SELECT count(*) FROM quote WHERE quoted_id = p.value AND state = 'granted') AS quotes,
           EXISTS (SELECT 1 FROM post_like WHERE post_id = p.value AND actor_id = n.owner_id) AS liked,
           EXISTS (SELECT 1 FROM post WHERE boost_of = p.value AND actor_id = n.owner_id) AS boosted,
           EXISTS (SELECT 1 FROM bookmark WHERE post_id = p.value) AS bookmarked,
           EXISTS (SELECT 1 FROM pin JOIN post q ON q.id = pin.post_id
                   WHERE pin.post_id = p.value AND pin.actor_id = q.actor_id) AS pinned
         FROM json_each(?1) p, node n LIMIT 1000",
    )?;
    let rows = statement.query_map([id_list_json(ids)], |row| {
        Ok((
            column(row, "id")?,
            InteractionCounts {
                likes: column(row, "likes")?,
                boosts: column(row, "boosts")?,
                replies: column(row, "replies")?,
                quotes: column(row, "quotes")?,
                liked: column(row, "liked")?,
                boosted: column(row, "boosted")?,
                bookmarked: column(row, "bookmarked")?,
                pinned: column(row, "pinned")?,
            },
        ))
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
