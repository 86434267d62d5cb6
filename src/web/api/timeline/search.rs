//! Search of accounts, statuses and hashtags. Anonymous callers find the owner and the owner's public posts only.

use serde::Serialize;

use crate::base::id::{ActorId, PostId};
use crate::base::{Error, Result};
use crate::federation::Node;
use crate::federation::owner::search::{self, Resolved, SearchInput, SearchScope};
use crate::store::posts::Viewer;
use crate::store::timelines::search::{PeopleScope, search_actors};
use crate::store::{
    Read,
    actors::{self, follows},
    node,
    posts::post_views,
    timelines::tags as known_tags,
};
use crate::text::scan;
use crate::web::api::call::{ApiRequest, ApiResponse, ApiResult};
use crate::web::api::entity::ApiViewer;
use crate::web::api::entity::account::{AccountEntity, account};
use crate::web::api::entity::tag::TagEntity;
use crate::web::api::error::ApiError;
use crate::web::api::paging::PageWindow;
use crate::web::api::status_cache::CachedStatus;
use crate::web::api::timeline::tags;

/// Results passed over at most.
const MAX_OFFSET: u32 = 5_000;

/// A search request.
struct SearchRequest {
    text: String,
    typed: SearchInput,
    whom: PeopleScope,
    by: Option<ActorId>,
    window: PageWindow,
    offset: u32,
}

impl SearchRequest {
    fn read(call: &ApiRequest, text: String, usual: u32, most: u32) -> Self {
        let whom = if call.params.flag("following") == Some(true) { PeopleScope::Followed } else { PeopleScope::All };
        Self {
            typed: SearchInput::parse(&text),
            whom,
            // An impossible account id has no posts.
            by: call.params.given("account_id").map(|id| id.parse().unwrap_or(ActorId(0))),
            window: PageWindow::of(call, usual, most),
            offset: call.number("offset").map_or(0, |n| u32::try_from(n).unwrap_or(MAX_OFFSET).min(MAX_OFFSET)),
            text: text.trim().to_owned(),
        }
    }
}

fn resolves(call: &ApiRequest) -> SearchScope {
    if call.params.flag("resolve") == Some(true) { SearchScope::StoredAndRemote } else { SearchScope::Local }
}

/// The Search entity.
#[derive(Serialize)]
struct SearchResults {
    accounts: Vec<AccountEntity>,
    statuses: Vec<CachedStatus>,
    hashtags: Vec<TagEntity>,
}

/// `GET /api/v2/search`: always all three lists.
pub fn v2(node: &Node, call: &ApiRequest) -> ApiResult {
    let asked = SearchRequest::read(call, call.params.required("q")?, 20, 40);
    let reach = resolves(call);
    if !call.is_owner() && (reach == SearchScope::StoredAndRemote || asked.offset > 0) {
        return Err(ApiError::NoUser(401));
    }
    let kind = call.params.given("type");
    let wants = |name: &str| kind.as_deref().is_none_or(|kind| kind == name);
    // Resolving stores first: the search reads what is stored.
    let named = search::find_named(node, &asked.typed, reach)?;
    let shown = node.store.read(|r| {
        let view = ApiViewer::load(node, r, call)?;
        let people = if wants("accounts") { accounts(r, &view, &asked, named)? } else { Vec::new() };
        let posts = if wants("statuses") { statuses(node, r, &view, &asked, named)? } else { Vec::new() };
        let tags = if wants("hashtags") { hashtags(r, &view, &asked)? } else { Vec::new() };
        Ok(SearchResults {
            accounts: ordered(r, &people)?.iter().map(|actor| account(&view, actor)).collect(),
            statuses: call.status_cache.of(r, &view, &posts)?,
            hashtags: tags::shown(r, &view, &tags)?,
        })
    })?;
    Ok(ApiResponse::json(&shown))
}

/// `GET /api/v1/accounts/search`: completion of mentions.
pub fn of_accounts(node: &Node, call: &ApiRequest) -> ApiResult {
    let Some(text) = call.params.given("q") else { return Ok(ApiResponse::none()) };
    let asked = SearchRequest::read(call, text, 40, 80);
    let named = search::find_named(node, &asked.typed, resolves(call))?;
    let shown = node.store.read(|r| {
        let view = ApiViewer::load(node, r, call)?;
        let people = accounts(r, &view, &asked, named)?;
        Ok(ordered(r, &people)?.iter().map(|actor| account(&view, actor)).collect::<Vec<_>>())
    })?;
    Ok(ApiResponse::json(&shown))
}

/// The actors with these ids, in this order.
fn ordered(r: &Read<'_>, ids: &[ActorId]) -> Result<Vec<actors::Actor>> {
    let mut found = actors::by_ids(r, ids)?;
    found.sort_by_key(|actor| ids.iter().position(|id| *id == actor.id));
    Ok(found)
}

fn accounts(
    r: &Read<'_>,
    view: &ApiViewer<'_>,
    asked: &SearchRequest,
    named: Option<Resolved>,
) -> Result<Vec<ActorId>> {
    let limit = asked.window.limit as usize;
    let mut found = match (named, asked.offset) {
        (Some(Resolved::Actor(id)), 0) => vec![id],
        _ => Vec::new(),
    };
    if asked.whom == PeopleScope::Followed {
        let owner = node::owner(r)?;
        let mut kept = Vec::new();
        for id in found {
            if follows::is_accepted(r, owner, id)? {
                kept.push(id);
            }
        }
        found = kept;
    }
    if !matches!(asked.typed, SearchInput::Url(_)) && !asked.text.starts_with('#') {
        let whom = if view.viewer() == Viewer::Stranger { PeopleScope::Owner } else { asked.whom };
        let more = search_actors(r, &asked.text, whom, asked.window.limit, asked.offset)?;
        found.extend(more.into_iter().filter(|id| Some(Resolved::Actor(*id)) != named));
    }
    if view.viewer() == Viewer::Stranger {
        found.retain(|id| Some(*id) == view.owner);
    }
    found.truncate(limit);
    Ok(found)
}

fn statuses(
    node: &Node,
    r: &Read<'_>,
    view: &ApiViewer<'_>,
    asked: &SearchRequest,
    named: Option<Resolved>,
) -> Result<Vec<PostId>> {
    match (&asked.typed, named) {
        (SearchInput::Url(_), Some(Resolved::Post(id))) if asked.offset == 0 => {
            let card = match post_views::single_view(r, id) {
                Err(Error::NotFound) => return Ok(Vec::new()),
                card => card?,
            };
            let open = view.owner == Some(card.author.id) && card.post.audience.is_open();
            Ok(if view.viewer() == Viewer::Owner || open { vec![id] } else { Vec::new() })
        }
        (SearchInput::Url(_) | SearchInput::Handle(_), _) => Ok(Vec::new()),
        (SearchInput::Text(words), _) => {
            let mut ids = search::posts(node, r, words, asked.by, view.viewer(), asked.window.posts(), asked.offset)?;
            ids.retain(|id| asked.window.holds(id.0));
            Ok(ids)
        }
    }
}

/// Hashtags with this prefix, the exact one first; the owner can follow a searched hashtag even if nobody has used it.
fn hashtags(r: &Read<'_>, view: &ApiViewer<'_>, asked: &SearchRequest) -> Result<Vec<(String, String)>> {
    let Some((name, typed)) = scan::whole_tag(&asked.text) else { return Ok(Vec::new()) };
    let limit = asked.window.limit;
    let mut found: Vec<String> = match view.viewer() {
        Viewer::Owner => known_tags::starting_with(r, &name, limit + asked.offset)?,
        Viewer::Stranger => {
            known_tags::own_starting_with(r, &name, limit + asked.offset)?.into_iter().map(|used| used.name).collect()
        }
    };
    let known = found.contains(&name);
    found.retain(|tag| *tag != name);
    let asked_for = view.viewer() == Viewer::Owner && asked.text.starts_with(['#', '＃']);
    if known || asked_for {
        found.insert(0, name.clone());
    }
    let shown = |tag: String| if tag == name { (tag, typed.clone()) } else { (tag.clone(), tag) };
    Ok(found.into_iter().skip(asked.offset as usize).take(limit as usize).map(shown).collect())
}
