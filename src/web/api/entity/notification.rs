//! Notification, NotificationGroup, and the keys that groups are named by.

use std::collections::HashMap;

use serde::Serialize;

use super::account::{AccountEntity, account};
use super::{ApiViewer, timestamp};
use crate::base::Result;
use crate::base::id::{ActorId, NotificationId, PostId};
use crate::store::actors::{self, Actor};
use crate::store::notifications::notification_groups::{GroupKey, NotificationGroup};
use crate::store::notifications::{Notification, NotificationKind};
use crate::store::{Read, moderation::block_filter};
use crate::web::api::status_cache::CachedStatus;

/// Notification types a client understands. Mammoth drops a whole page for one unknown type and does not state the
/// known ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotificationTypes {
    /// All there are.
    All,
    /// Types before Mastodon 4.5: newer ones are mapped to the nearest.
    Old,
}

impl NotificationTypes {
    /// The type for this client; None for one without a word in the API.
    pub fn of(self, kind: NotificationKind) -> Option<&'static str> {
        match (self, kind) {
            (Self::Old, NotificationKind::Quote) => Some("mention"),
            (Self::Old, NotificationKind::QuoteEdit) => Some("update"),
            _ => word(kind),
        }
    }
}

/// Mastodon's word for the type; None for one without a word.
pub fn word(kind: NotificationKind) -> Option<&'static str> {
    match kind {
        NotificationKind::Mention => Some("mention"),
        NotificationKind::Post => Some("status"),
        NotificationKind::Follow => Some("follow"),
        NotificationKind::FollowRequest => Some("follow_request"),
        NotificationKind::Like => Some("favourite"),
        NotificationKind::Boost => Some("reblog"),
        NotificationKind::Poll => Some("poll"),
        NotificationKind::Edit => Some("update"),
        NotificationKind::Quote => Some("quote"),
        NotificationKind::QuoteEdit => Some("quoted_update"),
        // Shown on the page only.
        NotificationKind::Reaction
        | NotificationKind::Accepted
        | NotificationKind::Moved
        | NotificationKind::Report
        | NotificationKind::Request => None,
    }
}

fn is_about_post(kind: NotificationKind) -> bool {
    !matches!(kind, NotificationKind::Follow | NotificationKind::FollowRequest)
}

/// `favourite-110-490000`, `follow-490000`, or `ungrouped-7`.
pub fn key(row: &Notification) -> String {
    let word = word(row.kind).unwrap_or_default();
    match (row.hour, row.post_id) {
        (Some(hour), Some(post)) => format!("{word}-{post}-{hour}"),
        (Some(hour), None) => format!("{word}-{hour}"),
        (None, _) => alone(row.id),
    }
}

fn alone(id: NotificationId) -> String {
    format!("ungrouped-{id}")
}

/// What a group key names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupKeyTarget {
    /// One notification.
    One(NotificationId),
    /// A group.
    Group(GroupKey),
}

/// Reads a key; None for one that was never given out.
pub fn named(text: &str) -> Option<GroupKeyTarget> {
    let (word, rest) = text.split_once('-')?;
    if word == "ungrouped" {
        return rest.parse().ok().map(GroupKeyTarget::One);
    }
    let kind = NotificationKind::ALL.into_iter().find(|kind| kind.is_grouped() && self::word(*kind) == Some(word))?;
    let (post_id, hour) = match rest.split_once('-') {
        Some((post, hour)) => (Some(post.parse::<PostId>().ok()?), hour),
        None => (None, rest),
    };
    let hour = hour.bytes().all(|b| b.is_ascii_digit()).then(|| hour.parse().ok())??;
    (post_id.is_some() == is_about_post(kind)).then_some(GroupKeyTarget::Group(GroupKey { kind, post_id, hour }))
}

/// Accounts and statuses of a page of notifications, without blocked actors.
pub struct NotificationContext {
    people: HashMap<ActorId, Actor>,
    statuses: HashMap<PostId, CachedStatus>,
}

impl NotificationContext {
    /// Loads the people in a fixed number of queries.
    pub fn load(r: &Read<'_>, people: impl Iterator<Item = ActorId>, statuses: Vec<CachedStatus>) -> Result<Self> {
        let mut people = actors::by_ids(r, &people.collect::<Vec<_>>())?;
        let shield = block_filter::filter_for(r, people.iter())?;
        people.retain(|actor| !shield.blocked.contains(&actor.id));
        for actor in people.iter_mut().filter(|actor| shield.media_rejected.contains(&actor.id)) {
            (actor.icon, actor.image, actor.emoji) = (None, None, Vec::new());
        }
        Ok(Self {
            people: people.into_iter().map(|actor| (actor.id, actor)).collect(),
            statuses: statuses.into_iter().map(|status| (status.id, status)).collect(),
        })
    }

    /// An actor, unless blocked.
    pub fn person(&self, id: ActorId) -> Option<&Actor> {
        self.people.get(&id)
    }

    /// A post, unless its author is blocked.
    pub fn status(&self, id: PostId) -> Option<&CachedStatus> {
        self.statuses.get(&id)
    }

    /// The status of a notification. None: it should have one that must not be shown.
    fn about(&self, row: &Notification) -> Option<Option<&CachedStatus>> {
        match row.post_id.filter(|_| is_about_post(row.kind)) {
            Some(post) => self.status(post).map(Some),
            None => (!is_about_post(row.kind)).then_some(None),
        }
    }
}

/// A notification.
#[derive(Debug, Clone, Serialize)]
pub struct NotificationEntity {
    id: String,
    #[serde(rename = "type")]
    kind: &'static str,
    created_at: String,
    group_key: String,
    account: AccountEntity,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<CachedStatus>,
    #[serde(skip_serializing_if = "Option::is_none")]
    filtered: Option<bool>,
}

/// The Notification entity; None when its type has no word, or its status must not be shown.
pub fn shown(
    view: &ApiViewer<'_>,
    words: NotificationTypes,
    row: &Notification,
    cast: &NotificationContext,
) -> Option<NotificationEntity> {
    Some(NotificationEntity {
        id: row.id.to_string(),
        kind: words.of(row.kind)?,
        created_at: timestamp(row.created_at),
        group_key: key(row),
        account: account(view, cast.person(row.actor_id)?),
        status: cast.about(row)?.cloned(),
        filtered: row.kept_back.then_some(true),
    })
}

/// A group of notifications, or one alone.
#[derive(Debug, Clone, Serialize)]
pub struct NotificationGroupEntity {
    group_key: String,
    notifications_count: u32,
    #[serde(rename = "type")]
    kind: &'static str,
    /// A number, not a text.
    most_recent_notification_id: i64,
    #[serde(flatten)]
    page: Option<GroupPageRange>,
    sample_account_ids: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_id: Option<String>,
}

/// The part of a group that is on a page.
#[derive(Debug, Clone, Serialize)]
struct GroupPageRange {
    page_min_id: String,
    page_max_id: String,
    latest_page_notification_at: String,
}

/// Whether a group is part of a page or shown by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupPlacement {
    /// With the ids of the group on the page.
    Page,
    /// Without page information.
    Single,
}

/// The group of a row; None when there is nothing to show. Accounts come first, then the status.
pub fn grouped<'c>(
    row: &Notification,
    group: Option<&NotificationGroup>,
    cast: &'c NotificationContext,
    place: GroupPlacement,
) -> Option<(NotificationGroupEntity, Vec<&'c Actor>, Option<&'c CachedStatus>)> {
    let one = [row.actor_id];
    let named = group.map_or(one.as_slice(), |group| group.people.as_slice());
    let people: Vec<&Actor> = named.iter().filter_map(|id| cast.person(*id)).collect();
    let status = cast.about(row)?;
    if people.is_empty() {
        return None;
    }
    let newest = group.map_or(row.id, |group| group.newest);
    let page = (place == GroupPlacement::Page).then(|| GroupPageRange {
        page_min_id: group.map_or(row.id, |group| group.oldest).to_string(),
        page_max_id: newest.to_string(),
        latest_page_notification_at: timestamp(group.map_or(row.created_at, |group| group.newest_at)),
    });
    let shown = NotificationGroupEntity {
        group_key: if group.is_some() { key(row) } else { alone(row.id) },
        notifications_count: group.map_or(1, |group| group.count),
        kind: word(row.kind)?,
        most_recent_notification_id: newest.0,
        page,
        sample_account_ids: people.iter().map(|actor| actor.id.to_string()).collect(),
        status_id: status.map(|status| status.id.to_string()),
    };
    Some((shown, people, status))
}
