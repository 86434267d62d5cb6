//! Search: an address or full handle is resolved, anything else is looked up in the stored posts and actors.

use crate::base::id::{ActorId, PostId};
use crate::base::{Error, Result};
use crate::federation::{Node, remote::resolve};
use crate::store::posts::{PostPage, Viewer};
use crate::store::timelines::search::{self, SearchQuery};
use crate::store::{Read, actors, node};
use crate::text::Handle;
use crate::text::search::{ParsedQuery, PostTrait, TermSign};

pub use resolve::Resolved;

/// Where to search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SearchScope {
    /// Only what is stored.
    Local,
    /// The server that a handle or address names, too.
    StoredAndRemote,
}

/// A parsed search input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SearchInput {
    /// The URL of an actor or post.
    Url(String),
    /// `name@host`.
    Handle(Handle),
    /// Free text.
    Text(String),
}

impl SearchInput {
    /// Parses a search input.
    pub fn parse(text: &str) -> Self {
        let text = text.trim();
        if text.starts_with("https://") || text.starts_with("http://") {
            return Self::Url(text.to_owned());
        }
        match Handle::parse(text).filter(|handle| handle.host.is_some()) {
            Some(handle) => Self::Handle(handle),
            None => Self::Text(text.to_owned()),
        }
    }
}

/// What a URL or handle names; None for free text, and for what is unknown or cannot be fetched just now.
pub fn find_named(node: &Node, typed: &SearchInput, reach: SearchScope) -> Result<Option<Resolved>> {
    let found = match (typed, reach) {
        (SearchInput::Text(_), _) => return Ok(None),
        (SearchInput::Url(url), SearchScope::Local) => return resolve::find_stored(node, url),
        (SearchInput::Url(url), SearchScope::StoredAndRemote) => resolve::find(node, url),
        (SearchInput::Handle(handle), SearchScope::Local) => {
            let host = handle.host.as_deref().unwrap_or_default();
            let host = if node.facts.origin.is_ours(host) { &node.facts.origin.domain } else { host };
            let actor = node.store.read(|r| actors::by_handle(r, &handle.name, host))?;
            return Ok(actor.filter(|actor| actor.gone_at.is_none()).map(|actor| Resolved::Actor(actor.id)));
        }
        (SearchInput::Handle(handle), SearchScope::StoredAndRemote) => {
            resolve::by_handle(node, handle).map(Resolved::Actor)
        }
    };
    match found {
        Ok(found) => Ok(Some(found)),
        Err(error @ (Error::Internal(_) | Error::Busy)) => Err(error),
        Err(_) => Ok(None),
    }
}

/// Posts that match, newest first; `by` narrows them to one author.
pub fn posts(
    node: &Node,
    r: &Read<'_>,
    words: &str,
    by: Option<ActorId>,
    viewer: Viewer,
    page: PostPage,
    offset: u32,
) -> Result<Vec<PostId>> {
    let mut wanted = query(node, r, words)?;
    wanted.authors.extend(by.map(|id| (TermSign::With, id)));
    search::search_posts(r, &wanted, viewer, page, offset)
}

/// The parsed query with its authors resolved. An unknown author matches nothing.
fn query(node: &Node, r: &Read<'_>, words: &str) -> Result<SearchQuery> {
    let mut wanted = SearchQuery { parsed: ParsedQuery::read(words), authors: Vec::new() };
    for (sign, kind) in &wanted.parsed.traits {
        let author = match kind {
            PostTrait::Own => Some(node::owner(r)?),
            PostTrait::By(handle) => {
                let origin = &node.facts.origin;
                let host = handle.host.as_deref().filter(|host| !origin.is_ours(host)).unwrap_or(&origin.domain);
                actors::by_handle(r, &handle.name, host)?.map(|actor| actor.id)
            }
            _ => continue,
        };
        match author {
            Some(id) => wanted.authors.push((*sign, id)),
            None => wanted.parsed.never |= *sign == TermSign::With,
        }
    }
    Ok(wanted)
}
