//! Entities: rows of the store as Mastodon's clients want them. Pure conversion: no query, no network. Every field Mastodon
//! always sends is always there; what is unknown is null, empty or zero, never absent.

pub mod account;
pub mod content;
pub mod conversation;
pub mod edit;
pub mod filter;
pub mod media;
pub mod notification;
pub mod poll;
pub mod quote;
pub mod request;
pub mod scheduled;
pub mod status;
pub mod tag;
pub mod visibility;

use std::sync::LazyLock;

use crate::base::id::ActorId;
use crate::base::{Result, Time};
use crate::federation::Node;
use crate::social::moderation::filter::ActiveFilters;
use crate::store::actors::own_counts::{self, OwnCounts};
use crate::store::posts::Viewer;
use crate::store::{self, Read, actors};
use crate::web::api::status_cache::ViewerKey;
use crate::web::files;

use super::call::ApiRequest;

/// How entities spell addresses.
pub struct UrlBuilder<'n> {
    node: &'n Node,
}

impl<'n> UrlBuilder<'n> {
    /// Addresses of this node.
    pub fn of(node: &'n Node) -> Self {
        Self { node }
    }

    /// An absolute URL of a path here.
    pub fn here(&self, path: &str) -> String {
        self.node.facts.origin.url(path)
    }

    /// The proxied URL of a remote image.
    pub fn proxied(&self, url: &str) -> String {
        self.here(&files::proxied(self.node, url))
    }

    /// The URL of the default image.
    pub fn default_image(&self) -> String {
        self.here(&DEFAULT_IMAGE_URL)
    }

    /// The URL of a file of ours.
    pub fn media(&self, name: &str) -> String {
        self.here(&format!("/media/{name}"))
    }
}

/// The server's own image.
static DEFAULT_IMAGE_URL: LazyLock<String> = LazyLock::new(|| files::asset_url("cabin.png"));

/// The viewer and common data of all entities of one response.
pub struct ApiViewer<'n> {
    /// Addresses.
    pub links: UrlBuilder<'n>,
    /// The owner; None in a trial before they have a name.
    pub owner: Option<ActorId>,
    /// The domain of the owner's handle.
    pub domain: &'n str,
    /// The time of the response.
    pub now: Time,
    /// The owner's token: marks of their own are shown.
    pub as_owner: bool,
    /// The owner's filters, for their own eyes.
    pub sieve: ActiveFilters,
    /// The app knows the filter action `blur`.
    pub knows_blur: bool,
    /// The owner's own numbers.
    pub count: OwnCounts,
    /// The owner's settings.
    pub settings: store::node::Settings,
    last: Vec<(ActorId, Time)>,
}

impl<'n> ApiViewer<'n> {
    /// Loads the common data for a request.
    pub fn load(node: &'n Node, r: &Read<'_>, call: &ApiRequest) -> Result<Self> {
        let knows_blur = call.token.as_ref().is_some_and(|token| filter::knows_blur(&token.name));
        match call.is_owner() {
            true => Ok(Self { knows_blur, ..Self::for_owner(node, r)? }),
            false => Self::for_anyone(node, r),
        }
    }

    /// Loads the common data for the owner.
    pub fn for_owner(node: &'n Node, r: &Read<'_>) -> Result<Self> {
        Ok(Self { as_owner: true, sieve: ActiveFilters::load(r)?, ..Self::for_anyone(node, r)? })
    }

    /// Loads the common data for strangers.
    pub(super) fn for_anyone(node: &'n Node, r: &Read<'_>) -> Result<Self> {
        Ok(Self {
            links: UrlBuilder::of(node),
            owner: store::node::get(r)?.owner,
            domain: node.facts.origin.domain.as_str(),
            now: r.now,
            as_owner: false,
            sieve: ActiveFilters::default(),
            knows_blur: false,
            count: own_counts::get(r)?,
            settings: store::node::settings(r)?,
            last: Vec::new(),
        })
    }

    /// Loads the time of these actors' last posts. For strangers it is left out: it would reveal whom the owner reads.
    pub fn remember(&mut self, r: &Read<'_>, people: &[ActorId]) -> Result<()> {
        if self.as_owner {
            self.last = actors::last_post_times(r, people)?;
        }
        Ok(())
    }

    fn last_of(&self, actor: ActorId) -> Option<Time> {
        self.last.iter().find(|(who, _)| *who == actor).map(|(_, at)| *at)
    }

    /// The cache key of this viewer.
    pub fn viewer_key(&self) -> ViewerKey {
        ViewerKey { owner: self.as_owner, knows_blur: self.knows_blur }
    }

    /// What the viewer may see.
    pub fn viewer(&self) -> Viewer {
        if self.as_owner { Viewer::Owner } else { Viewer::Stranger }
    }

    fn is_owner(&self, actor: &actors::Actor) -> bool {
        self.owner == Some(actor.id)
    }
}

/// A custom emoji.
#[derive(Debug, Clone, serde::Serialize)]
pub struct CustomEmojiEntity {
    shortcode: String,
    url: String,
    static_url: String,
    visible_in_picker: bool,
}

/// Custom emoji of a text.
fn emojis(view: &ApiViewer<'_>, emoji: &[actors::CustomEmoji]) -> Vec<CustomEmojiEntity> {
    let one = |emoji: &actors::CustomEmoji| {
        let url = view.links.proxied(&emoji.url);
        CustomEmojiEntity { shortcode: emoji.code.clone(), static_url: url.clone(), url, visible_in_picker: true }
    };
    emoji.iter().map(one).collect()
}

/// `2026-11-23T08:15:00.000Z`: iOS takes nothing else.
fn timestamp(at: Time) -> String {
    at.rfc3339_millis()
}

/// A moment in a field that may be null.
pub fn rfc3339(at: Time) -> String {
    timestamp(at)
}

/// `2026-11-23`.
fn date(at: Time) -> String {
    let mut text = at.rfc3339_millis();
    text.truncate(10);
    text
}

/// The first moment of its day.
fn midnight(at: Time) -> String {
    format!("{}T00:00:00.000Z", date(at))
}
