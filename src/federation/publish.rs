//! An act of the owner: resolve what it names (network), then one write. The page, the API, the command line and the
//! scheduler all come here.

use std::time::Duration;

use super::Node;
use super::wording::{self, Form};
use crate::base::id::{ActorId, MediaId, PostId, RequestId};
use crate::base::policy::Choices;
use crate::base::{Audience, Error, Result};
use crate::social;
use crate::social::poll::NewPoll;
use crate::social::post::Words;
use crate::store::actors::{self, Actor};
use crate::store::apps;
use crate::store::attachments::Described;
use crate::store::mutes::Reach;
use crate::store::posts::{self, Hashtag, Mention};
use crate::store::{Write, node};
use crate::text;
use crate::text::markdown::Length;

/// Pictures and other files one post has at most: what Mastodon shows.
pub const PICTURES: usize = 4;

/// Characters of a title: what Lemmy takes.
pub const TITLE_CHARS: usize = 200;

/// What the owner wants to say.
#[derive(Debug, Clone)]
pub struct Draft {
    /// Plain text.
    pub text: String,
    /// Content warning.
    pub warning: Option<String>,
    /// Who may read it.
    pub audience: Audience,
    /// The post it answers.
    pub reply_to: Option<PostId>,
    /// Loose uploads, in order.
    pub media: Vec<MediaId>,
    /// BCP 47; None takes the setting's.
    pub language: Option<String>,
    /// Pictures start covered.
    pub sensitive: bool,
    /// The group it is posted to.
    pub group: Option<ActorId>,
    /// One line that makes it an article, or in a group the beginning of a thread.
    pub title: Option<String>,
    /// What an article says of itself, plain text.
    pub summary: Option<String>,
    /// The text is Markdown; None takes the setting's.
    pub markdown: Option<bool>,
    /// A poll; then there are no pictures.
    pub poll: Option<NewPoll>,
    /// The post it quotes.
    pub quote: Option<PostId>,
    /// Who may answer and quote it; None takes the settings'.
    pub choices: Option<Choices>,
    /// A client's name for this request: the same again makes no second post.
    pub once: Option<String>,
}

/// What the owner wants a post to say instead.
#[derive(Debug, Clone, Default)]
pub struct Edit {
    /// Plain text.
    pub text: String,
    /// Content warning.
    pub warning: Option<String>,
    /// The pictures it keeps or gains, in order.
    pub media: Vec<MediaId>,
    /// BCP 47; None leaves it.
    pub language: Option<String>,
    /// Pictures start covered.
    pub sensitive: bool,
    /// The title of what has one; None leaves it.
    pub title: Option<String>,
    /// What an article says of itself; None leaves it, blank takes it away.
    pub summary: Option<String>,
    /// The text is Markdown; None leaves it as it was.
    pub markdown: Option<bool>,
    /// Its files described anew.
    pub described: Vec<Described>,
    /// Who may answer and quote it from now on; None leaves it.
    pub choices: Option<Choices>,
}

impl Draft {
    /// A plain text and nothing else.
    pub fn new(text: impl Into<String>, audience: Audience) -> Self {
        let (text, media) = (text.into(), Vec::new());
        Self {
            text,
            warning: None,
            audience,
            reply_to: None,
            media,
            language: None,
            sensitive: false,
            group: None,
            title: None,
            summary: None,
            markdown: None,
            poll: None,
            quote: None,
            choices: None,
            once: None,
        }
    }
}

/// Publishes a post; returns once it and its deliveries are on the disk.
pub fn post(node: &Node, draft: Draft) -> Result<PostId> {
    let Draft { text, warning, audience, reply_to, media, language, sensitive, title, summary, markdown, .. } = draft;
    let (group, poll, quote, choices, once) = (draft.group, draft.poll, draft.quote, draft.choices, draft.once);
    let settings = node.store.read(node::settings)?;
    let usual = text::language::read(&settings.language);
    let language = language.or(usual).filter(|tag| !tag.is_empty());
    let poll = poll.map(NewPoll::tidy).transpose()?;
    if poll.is_some() && !media.is_empty() {
        // Mastodon shows one of them only.
        return Err(Error::invalid("a post has a poll or pictures, not both"));
    }
    if poll.is_some() && text.trim().is_empty() {
        return Err(Error::invalid("write what the poll is about"));
    }
    let edit = Edit { text, warning, media, language, sensitive, summary, choices, ..Edit::default() };
    let length = if title.is_some() { Length::Article } else { Length::Note };
    let words = words(node, edit, form(markdown.unwrap_or(settings.markdown), length))?;
    let words = Words { quote, ..words };
    let words = match group {
        Some(_) if poll.is_some() => return Err(Error::invalid("groups know no polls")),
        Some(group) => in_group(node, words, audience, group, title)?,
        None => Words { title: titled(title, poll.is_some() || reply_to.is_some())?, poll, ..words },
    };
    as_owner(node, move |w, owner| {
        let Some(key) = &once else { return social::post::publish(w, owner, &words, audience, reply_to) };
        // Asked inside the write, so that two at the same moment are one after the other.
        if let Some(made) = apps::made_once(w, key)? {
            return Ok(made);
        }
        let id = social::post::publish(w, owner, &words, audience, reply_to)?;
        apps::make_once(w, key, id)?;
        Ok(id)
    })
}

fn form(markdown: bool, length: Length) -> Form {
    if markdown { Form::Markdown(length) } else { Form::Plain }
}

/// The title of an article. Polls and answers have none: few servers would show it.
fn titled(title: Option<String>, bare: bool) -> Result<Option<String>> {
    let title = wording::line(title.as_deref().unwrap_or_default(), TITLE_CHARS, "a title")?;
    if title.is_some() && bare { Err(Error::invalid("answers and polls have no title")) } else { Ok(title) }
}

/// A post for a group names it, and is for everyone: groups refuse all else.
fn in_group(node: &Node, words: Words, audience: Audience, id: ActorId, title: Option<String>) -> Result<Words> {
    let group = node.store.read(|r| actors::by_id(r, id))?;
    if !social::group::is_group(&group) || group.gone_at.is_some() {
        return Err(Error::invalid("only a group can be posted to"));
    }
    if !audience.is_open() {
        return Err(Error::invalid("what is posted in a group is for everyone"));
    }
    let title = title.map(|title| text::plain::line(&title, usize::MAX)).filter(|title| !title.is_empty());
    if title.as_ref().is_some_and(|title| title.chars().count() > TITLE_CHARS) {
        return Err(Error::invalid(format!("a title has {TITLE_CHARS} characters at most")));
    }
    let mut mentions = words.mentions.clone();
    if !mentions.iter().any(|mention| mention.uri == group.uri) {
        mentions.push(Mention { handle: group.handle(), uri: group.uri, url: group.url });
    }
    Ok(Words { mentions, title, group: Some(id), ..words })
}

/// Edits a post of the owner's.
pub fn edit(node: &Node, id: PostId, edit: Edit) -> Result<()> {
    let before = node.store.read(|r| posts::by_id(r, id))?;
    let markdown = edit.markdown.unwrap_or(before.extra.markdown);
    let length = if before.title.is_some() { Length::Article } else { Length::Note };
    let title = edit.title.as_deref().map(|title| wording::line(title, TITLE_CHARS, "a title")).transpose()?;
    if title == Some(None) && before.title.is_some() {
        return Err(Error::invalid("what has a title keeps one"));
    }
    let words = Words { title: title.flatten(), ..words(node, edit, form(markdown, length))? };
    as_owner(node, move |w, owner| social::post::edit(w, owner, id, &words))
}

/// Runs one write with the owner's row at hand.
fn as_owner<T: Send + 'static>(
    node: &Node,
    act: impl FnOnce(&Write<'_>, &Actor) -> Result<T> + Send + 'static,
) -> Result<T> {
    node.store.write(move |w| {
        let owner = actors::by_id(w, node::owner(w)?)?;
        act(w, &owner)
    })
}

/// Checks what is to be said, resolves whom it names, and makes it HTML.
fn words(node: &Node, edit: Edit, form: Form) -> Result<Words> {
    let source = edit.text.trim().to_owned();
    if source.is_empty() && edit.media.is_empty() {
        return Err(Error::invalid("there is nothing in this post yet"));
    }
    if source.chars().count() > text::POST_CHARS {
        return Err(Error::invalid(format!("a post has {} characters at most", text::POST_CHARS)));
    }
    let warning = edit.warning.map(|w| text::plain::line(&w, usize::MAX)).filter(|w| !w.is_empty());
    if warning.as_ref().is_some_and(|w| w.chars().count() > text::WARNING_CHARS) {
        return Err(Error::invalid(format!("a content warning has {} characters at most", text::WARNING_CHARS)));
    }
    if edit.media.len() > PICTURES {
        return Err(Error::invalid(format!("a post has {PICTURES} pictures or other files at most")));
    }
    let language = edit.language.map(|said| text::language::read(&said).ok_or(said)).transpose();
    let language = language.map_err(|said| {
        Error::invalid(format!("{said} is no language we know: name it, or use a code such as en, nb or pt-BR"))
    })?;
    let summary = edit.summary.map(|summary| wording::line(&summary, text::SUMMARY_CHARS, "a summary")).transpose()?;
    let (composed, mentions) = wording::compose(node, &source, form)?;
    Ok(Words {
        html: composed.html,
        sensitive: edit.sensitive || warning.is_some(),
        warning,
        language,
        mentions,
        hashtags: composed.tags.into_iter().map(|name| Hashtag { shown: name.clone(), name }).collect(),
        media: edit.media,
        described: edit.described,
        summary,
        markdown: form != Form::Plain,
        poll: None,
        quote: None,
        choices: edit.choices,
        source,
        title: None,
        group: None,
    })
}

/// Deletes a post of the owner's, everywhere.
pub fn delete(node: &Node, id: PostId) -> Result<()> {
    as_owner(node, move |w, owner| social::post::delete(w, owner, id))
}

/// Votes in somebody else's poll, by the places of the options; Invalid when that cannot be done, with a sentence.
pub fn vote(node: &Node, id: PostId, choices: Vec<usize>) -> Result<()> {
    as_owner(node, move |w, owner| social::vote::send(w, owner, id, &choices))
}

/// Likes a post.
pub fn like(node: &Node, id: PostId) -> Result<()> {
    as_owner(node, move |w, owner| social::like::send(w, owner, id))
}

/// Takes a like back.
pub fn unlike(node: &Node, id: PostId) -> Result<()> {
    as_owner(node, move |w, owner| social::like::take_back(w, owner, id))
}

/// Reacts to a post with one emoji, or `:code:`; `url` tells which of several pictures that are there already.
pub fn react(node: &Node, id: PostId, emoji: String, url: Option<String>) -> Result<()> {
    as_owner(node, move |w, owner| {
        let post = posts::by_id(w, id)?;
        social::react::send(w, owner, &post, &emoji, url.as_deref())
    })
}

/// Takes the owner's reaction to a post back.
pub fn unreact(node: &Node, id: PostId) -> Result<()> {
    as_owner(node, move |w, owner| {
        let post = posts::by_id(w, id)?;
        social::react::take_back(w, owner, &post)
    })
}

/// Pins a post of the owner's to their profile.
pub fn pin(node: &Node, id: PostId) -> Result<()> {
    as_owner(node, move |w, owner| social::pin::pin(w, owner, id))
}

/// Unpins a post.
pub fn unpin(node: &Node, id: PostId) -> Result<()> {
    as_owner(node, move |w, owner| social::pin::unpin(w, owner, id))
}

/// Features a hashtag on the owner's profile.
pub fn feature(node: &Node, tag: String) -> Result<()> {
    as_owner(node, move |w, owner| social::pin::feature(w, owner, &tag))
}

/// Takes a featured hashtag off.
pub fn unfeature(node: &Node, name: String) -> Result<()> {
    as_owner(node, move |w, owner| social::pin::unfeature(w, owner, &name))
}

/// Boosts a public or quiet post; the boost's own id.
pub fn boost(node: &Node, id: PostId) -> Result<PostId> {
    as_owner(node, move |w, owner| social::boost::send(w, owner, id))
}

/// Takes a boost back.
pub fn unboost(node: &Node, id: PostId) -> Result<()> {
    as_owner(node, move |w, owner| social::boost::take_back(w, owner, id))
}

/// Asks to follow an actor; asking again sends the request again.
pub fn follow(node: &Node, who: ActorId) -> Result<()> {
    as_owner(node, move |w, owner| social::follow::send(w, owner, who))
}

/// Stops following an actor, or takes the request back.
pub fn unfollow(node: &Node, who: ActorId) -> Result<()> {
    as_owner(node, move |w, owner| social::follow::take_back(w, owner, who))
}

/// Lets a waiting follower in.
pub fn accept_follower(node: &Node, who: ActorId) -> Result<()> {
    as_owner(node, move |w, owner| social::follow::accept(w, owner, who))
}

/// Lets somebody in who asks to answer, like, boost or quote a post of the owner's.
pub fn accept_request(node: &Node, id: RequestId) -> Result<()> {
    as_owner(node, move |w, owner| social::approval::accept(w, owner, id))
}

/// Turns them away.
pub fn reject_request(node: &Node, id: RequestId) -> Result<()> {
    as_owner(node, move |w, owner| social::approval::reject(w, owner, id))
}

/// Takes the owner's word back that a post may quote theirs.
pub fn revoke_quote(node: &Node, quoting: PostId) -> Result<()> {
    as_owner(node, move |w, owner| social::approval::revoke(w, owner, quoting))
}

/// Turns a waiting follower away, or removes a follower.
pub fn reject_follower(node: &Node, who: ActorId) -> Result<()> {
    as_owner(node, move |w, owner| social::follow::reject(w, owner, who))
}

/// Blocks somebody.
pub fn block(node: &Node, who: ActorId) -> Result<()> {
    as_owner(node, move |w, owner| social::block::send(w, owner, who))
}

/// Takes a block back.
pub fn unblock(node: &Node, who: ActorId) -> Result<()> {
    as_owner(node, move |w, owner| social::block::take_back(w, owner, who))
}

/// Mutes somebody for a time, or for good.
pub fn mute(node: &Node, who: ActorId, reach: Reach, length: Option<Duration>) -> Result<()> {
    as_owner(node, move |w, owner| social::block::mute(w, owner, who, reach, length.map(|length| w.now.plus(length))))
}

/// Ends a mute.
pub fn unmute(node: &Node, who: ActorId) -> Result<()> {
    node.store.write(move |w| social::block::unmute(w, who))
}

/// Reports somebody and posts of theirs to their server, without saying who reports.
pub fn report(node: &Node, who: ActorId, posts: Vec<PostId>, comment: String) -> Result<()> {
    node.store.write(move |w| social::report::send(w, who, &posts, &comment))
}
