//! Grouped notifications (API version 2): favourites and reblogs of one status, and follows.

use std::collections::HashSet;

use serde::Serialize;

use crate::base::id::{ActorId, NotificationId, PostId};
use crate::base::{Error, Result};
use crate::federation::Node;
use crate::store::Read;
use crate::store::cursor::CursorWindow;
use crate::store::notifications::notification_groups as groups;
use crate::store::notifications::{self as rows, Notification, NotificationFilter, NotificationKind};
use crate::web::api::call::{ApiRequest, ApiResponse, ApiResult};
use crate::web::api::entity::ApiViewer;
use crate::web::api::entity::account::{AccountEntity, PartialAccountEntity, account, partial};
use crate::web::api::entity::notification::{
    GroupKeyTarget, GroupPlacement, NotificationContext, NotificationGroupEntity, NotificationTypes, grouped, named,
    word,
};
use crate::web::api::error::ApiError;
use crate::web::api::notifications::{count, wanted};
use crate::web::api::paging::{BackwardParameter, PageWindow, linked};
use crate::web::api::status_cache::CachedStatus;

/// How the accounts of a group are represented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum GroupAccounts {
    /// All of each.
    Full,
    /// The newest completely; of the others what their avatar needs.
    AvatarsOnly,
}

/// A page of groups, with everyone and everything they name once.
#[derive(Debug, Default, Serialize)]
struct GroupedResults {
    accounts: Vec<AccountEntity>,
    #[serde(skip_serializing_if = "Option::is_none")]
    partial_accounts: Option<Vec<PartialAccountEntity>>,
    statuses: Vec<CachedStatus>,
    notification_groups: Vec<NotificationGroupEntity>,
}

/// The rows of a page, and how they are shown.
struct GroupPage<'p> {
    rows: &'p [Notification],
    apart: &'p [NotificationKind],
    floor: i64,
    place: GroupPlacement,
    people: GroupAccounts,
}

fn people(call: &ApiRequest) -> Result<GroupAccounts, ApiError> {
    match call.params.given("expand_accounts").as_deref() {
        None | Some("full") => Ok(GroupAccounts::Full),
        Some("partial_avatars") => Ok(GroupAccounts::AvatarsOnly),
        Some(other) => {
            let other = crate::text::cut(other, 100);
            let allowed = "allowed values are 'full' and 'partial_avatars'";
            Err(ApiError::BadRequest(format!("Invalid value for 'expand_accounts': '{other}', {allowed}")))
        }
    }
}

/// The requested notifications, in groups of the types the client wants grouped.
fn asked(call: &ApiRequest) -> Option<NotificationFilter> {
    let together = call.params.list("grouped_types");
    let stays =
        |kind: &NotificationKind| !together.is_empty() && !together.iter().any(|one| Some(one.as_str()) == word(*kind));
    let wanted = wanted(call, NotificationTypes::All)?;
    Some(NotificationFilter { apart: wanted.kinds.iter().copied().filter(stays).collect(), ..wanted })
}

/// `GET /api/v2/notifications`.
pub fn list(node: &Node, call: &ApiRequest) -> ApiResult {
    let (window, people) = (PageWindow::of(call, 40, 80), people(call)?);
    let Some(wanted) = asked(call) else { return Ok(ApiResponse::json(&GroupedResults::default())) };
    let (results, ids) = node.store.read(|r| {
        let view = ApiViewer::load(node, r, call)?;
        let found = rows::list(r, &wanted, window.rows())?;
        let is_last = found.len() < window.limit as usize && window.min.is_none();
        let floor = match found.last() {
            Some(last) if !is_last => last.id.0,
            _ => window.since.map_or(0, |since| since.saturating_add(1)),
        };
        let page = GroupPage { rows: &found, apart: &wanted.apart, floor, place: GroupPlacement::Page, people };
        Ok((results(r, call, &view, &page)?, found.iter().map(|row| row.id.0).collect::<Vec<_>>()))
    })?;
    Ok(linked(node, call, ApiResponse::json(&results), &ids, window, BackwardParameter::Min))
}

/// In a fixed number of queries, whatever the groups hold.
fn results(r: &Read<'_>, call: &ApiRequest, view: &ApiViewer<'_>, page: &GroupPage<'_>) -> Result<GroupedResults> {
    let is_group = |row: &&Notification| row.hour.is_some() && !page.apart.contains(&row.kind);
    let fronts: Vec<NotificationId> = page.rows.iter().filter(is_group).map(|row| row.id).collect();
    let groups = groups::of(r, &fronts, page.floor)?;
    let alone = page.rows.iter().filter(|row| !is_group(row)).map(|row| row.actor_id);
    let named: HashSet<ActorId> = groups.iter().flat_map(|group| group.people.iter().copied()).chain(alone).collect();
    let posts: Vec<PostId> = page.rows.iter().filter_map(|row| row.post_id).collect();
    let cast = NotificationContext::load(r, named.into_iter(), call.status_cache.of(r, view, &posts)?)?;
    let mut results = GroupedResults::default();
    let (mut whole, mut pictures, mut posts) = (HashSet::new(), Vec::new(), HashSet::new());
    for row in page.rows {
        let group = groups.iter().find(|group| group.row == row.id);
        if is_group(&row) && group.is_none() {
            continue;
        }
        let Some((shown, people, status)) = grouped(row, group, &cast, page.place) else { continue };
        results.notification_groups.push(shown);
        let all = if page.people == GroupAccounts::Full { people.len() } else { 1 };
        for actor in people.iter().take(all).copied().chain(status.map(|status| &*status.author)) {
            if whole.insert(actor.id) {
                results.accounts.push(account(view, actor));
            }
        }
        pictures.extend(people.iter().skip(all).copied());
        if let Some(status) = status.filter(|status| posts.insert(status.id)) {
            results.statuses.push(status.clone());
        }
    }
    if page.people == GroupAccounts::AvatarsOnly {
        let others = pictures.into_iter().filter(|actor| whole.insert(actor.id));
        results.partial_accounts = Some(others.map(|actor| partial(view, actor)).collect());
    }
    Ok(results)
}

/// The group named by the path; None for a key that was never issued.
fn key(call: &ApiRequest) -> Option<GroupKeyTarget> {
    call.captured.first().and_then(|text| named(text))
}

/// `GET /api/v2/notifications/{group key}`.
pub fn one(node: &Node, call: &ApiRequest) -> ApiResult {
    let key = key(call).ok_or(Error::NotFound)?;
    let results = node.store.read(|r| {
        let view = ApiViewer::load(node, r, call)?;
        let (row, apart) = match key {
            GroupKeyTarget::One(id) => (rows::by_id(r, id)?, NotificationKind::ALL.as_slice()),
            GroupKeyTarget::Group(key) => {
                let newest = groups::page(r, key, CursorWindow::first(1))?.pop();
                (newest.ok_or(Error::NotFound)?, [].as_slice())
            }
        };
        let page =
            GroupPage { rows: &[row], apart, floor: 0, place: GroupPlacement::Single, people: GroupAccounts::Full };
        let results = results(r, call, &view, &page)?;
        if results.notification_groups.is_empty() { Err(Error::NotFound) } else { Ok(results) }
    })?;
    Ok(ApiResponse::json(&results))
}

/// `POST /api/v2/notifications/{group key}/dismiss`: done also when nothing was there.
pub fn dismiss(node: &Node, call: &ApiRequest) -> ApiResult {
    match key(call) {
        Some(GroupKeyTarget::Group(key)) => node.store.write(move |w| groups::dismiss_group(w, key))?,
        Some(GroupKeyTarget::One(id)) => match node.store.write(move |w| rows::dismiss(w, id)) {
            Ok(()) | Err(Error::NotFound) => {}
            Err(error) => return Err(error.into()),
        },
        None => {}
    }
    Ok(ApiResponse::empty())
}

/// `GET /api/v2/notifications/{group key}/accounts`: the link ids are those of the notifications.
pub fn accounts(node: &Node, call: &ApiRequest) -> ApiResult {
    let window = PageWindow::of(call, 40, 80);
    let Some(key) = key(call) else { return Ok(ApiResponse::none()) };
    let (list, ids) = node.store.read(|r| {
        let view = ApiViewer::load(node, r, call)?;
        let found = match key {
            GroupKeyTarget::One(id) => rows::by_id(r, id).into_iter().filter(|row| window.holds(row.id.0)).collect(),
            GroupKeyTarget::Group(key) => groups::page(r, key, window.rows())?,
        };
        let cast = NotificationContext::load(r, found.iter().map(|row| row.actor_id), Vec::new())?;
        let people = found.iter().filter_map(|row| cast.person(row.actor_id));
        let list: Vec<_> = people.map(|actor| account(&view, actor)).collect();
        Ok((list, found.iter().map(|row| row.id.0).collect::<Vec<_>>()))
    })?;
    Ok(linked(node, call, ApiResponse::json(&list), &ids, window, BackwardParameter::Row))
}

/// `GET /api/v2/notifications/unread_count`.
pub fn unread(node: &Node, call: &ApiRequest) -> ApiResult {
    count(node, call, asked(call))
}
