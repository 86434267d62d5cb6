//! Events of the store made into what streams say. What a stream shows is what its timeline shows: each post is looked for
//! on the very page an app would ask for, so that mutes, blocks and lists mean the same in both.

use std::collections::{BTreeSet, HashMap, HashSet};

use actix_http::ws::{OpCode, Parser};
use actix_web::web::{Bytes, BytesMut};
use serde::Serialize;

use super::channel::StreamChannel;
use crate::base::id::{ConversationId, NotificationId, PostId, TokenId};
use crate::base::{Error, Result};
use crate::federation::Node;
use crate::store::events::{self, Event, EventKind};
use crate::store::posts::PostPage;
use crate::store::posts::post_views::{self, PostView};
use crate::store::timelines::public_timelines::{self, MediaFilter, TagSelection};
use crate::store::{
    Read, notifications,
    posts::conversations,
    timelines::{home_timeline, lists},
};
use crate::text::scan;
use crate::web::api::entity::ApiViewer;
use crate::web::api::entity::notification::{NotificationContext, NotificationTypes, shown};
use crate::web::api::entity::status::status;
use crate::web::api::rendered_statuses;
use crate::web::api::timeline::conversations as talks;

/// Events read at a time.
const EVENTS_PER_READ: u32 = 64;

/// Something to tell.
#[derive(Debug)]
pub struct StreamEvent {
    /// Mastodon's word for it.
    pub name: &'static str,
    /// JSON, or an id.
    pub payload: Option<String>,
    /// The streams it belongs to.
    pub channels: Vec<StreamChannel>,
    /// The scope a token needs beside the right to the stream.
    pub scope: Option<&'static str>,
}

/// Events read at once.
#[derive(Debug, Default)]
pub struct EventBatch {
    /// The last event that was read.
    pub cursor: i64,
    /// The events, in order.
    pub news: Vec<StreamEvent>,
    /// Tokens that are not good any more.
    pub revoked: Vec<TokenId>,
    /// Events were lost before they could be read.
    pub lost: bool,
    /// There may be more.
    pub more: bool,
}

#[derive(Serialize)]
struct WebSocketFrame<'f> {
    stream: &'f StreamChannel,
    event: &'f str,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<&'f str>,
}

impl StreamEvent {
    fn new(name: &'static str, payload: String, channels: Vec<StreamChannel>) -> Self {
        Self { name, payload: Some(payload), channels, scope: None }
    }

    /// The WebSocket frame for one stream.
    pub fn frame(&self, channel: &StreamChannel) -> Bytes {
        let frame = WebSocketFrame { stream: channel, event: self.name, payload: self.payload.as_deref() };
        text(&serde_json::to_string(&frame).unwrap_or_default())
    }

    /// The server-sent event. JSON has no line breaks.
    pub fn event(&self) -> Bytes {
        let payload = self.payload.as_deref().unwrap_or("undefined");
        Bytes::from(format!("event: {}\ndata: {payload}\n\n", self.name))
    }
}

/// A WebSocket frame with this text.
pub fn text(text: &str) -> Bytes {
    let mut bytes = BytesMut::with_capacity(text.len() + 10);
    Parser::write_message(&mut bytes, text, OpCode::Text, true, false);
    bytes.freeze()
}

/// Reads events after `cursor`, and renders those that are wanted.
pub fn read(node: &Node, cursor: i64, wanted: &HashSet<StreamChannel>) -> Result<EventBatch> {
    node.store.read(|r| {
        let events = events::after(r, cursor, EVENTS_PER_READ)?;
        let (Some(first), Some(last)) = (events.first(), events.last()) else {
            return Ok(EventBatch { cursor, ..EventBatch::default() });
        };
        let mut batch = EventBatch {
            cursor: last.id,
            lost: first.id != cursor + 1,
            more: events.len() == EVENTS_PER_READ as usize,
            revoked: events.iter().filter(|e| e.kind == EventKind::Token).map(|e| TokenId(e.subject)).collect(),
            news: Vec::new(),
        };
        let table = EventSources::set(node, r, &events, wanted)?;
        for event in &events {
            batch.news.extend(table.stream_events(event)?);
        }
        Ok(batch)
    })
}

/// Data needed to render the events read at once.
struct EventSources<'n, 'r> {
    r: &'n Read<'r>,
    view: ApiViewer<'n>,
    wanted: &'n HashSet<StreamChannel>,
    /// Some of them are lists.
    lists: bool,
    cards: HashMap<PostId, PostView>,
}

impl<'n, 'r> EventSources<'n, 'r> {
    /// Loads the posts in a fixed number of queries.
    fn set(node: &'n Node, r: &'n Read<'r>, events: &[Event], wanted: &'n HashSet<StreamChannel>) -> Result<Self> {
        let open = wanted.iter().any(StreamChannel::is_open);
        let own = wanted.iter().any(|channel| matches!(channel, StreamChannel::User | StreamChannel::List(_)));
        let needed = events.iter().filter(|event| match event.kind {
            EventKind::Home => own,
            EventKind::Open => open,
            EventKind::Edit => own || open,
            _ => false,
        });
        let ids: BTreeSet<PostId> = needed.map(|event| PostId(event.subject)).collect();
        let found = post_views::post_views(r, &ids.into_iter().collect::<Vec<_>>())?;
        let cards = found.into_iter().map(|card| (card.id, card)).collect();
        let lists = wanted.iter().any(|channel| matches!(channel, StreamChannel::List(_)));
        Ok(Self { view: ApiViewer::for_owner(node, r)?, r, wanted, lists, cards })
    }

    fn stream_events(&self, event: &Event) -> Result<Option<StreamEvent>> {
        let id = PostId(event.subject);
        let told = match event.kind {
            EventKind::Home => self.post("update", id, self.own(id)?),
            EventKind::Open => self.post("update", id, self.open(id)?),
            EventKind::Edit => {
                let channels = self.own(id)?.into_iter().chain(self.open(id)?).collect();
                self.post("status.update", id, channels)
            }
            EventKind::Gone => {
                let hears = |channel: &&StreamChannel| match channel {
                    StreamChannel::User | StreamChannel::List(_) => true,
                    StreamChannel::Public(..) | StreamChannel::Hashtag(..) => event.open,
                    StreamChannel::Notifications | StreamChannel::Direct => false,
                };
                Some(StreamEvent::new("delete", id.to_string(), self.wanted.iter().filter(hears).cloned().collect()))
            }
            EventKind::Notification => self.notification(NotificationId(event.subject))?,
            EventKind::Filters => {
                let channels = self.visible_posts(&[StreamChannel::User]);
                Some(StreamEvent { name: "filters_changed", payload: None, channels, scope: None })
            }
            EventKind::Conversation => self.conversation(ConversationId(event.subject))?,
            EventKind::Token => None,
        };
        Ok(told.filter(|news| !news.channels.is_empty()))
    }

    fn visible_posts(&self, channels: &[StreamChannel]) -> Vec<StreamChannel> {
        channels.iter().filter(|channel| self.wanted.contains(channel)).cloned().collect()
    }

    fn post(&self, name: &'static str, id: PostId, channels: Vec<StreamChannel>) -> Option<StreamEvent> {
        let card = self.cards.get(&id).filter(|_| !channels.is_empty())?;
        let payload = serde_json::to_string(&status(&self.view, card)).ok()?;
        Some(StreamEvent::new(name, payload, channels))
    }

    /// The owner's streams that show a post or boost.
    fn own(&self, id: PostId) -> Result<Vec<StreamChannel>> {
        let mut channels = self.visible_posts(&[StreamChannel::User]);
        if !channels.is_empty() && home_timeline::page(self.r, only(id))?.is_empty() {
            channels.clear();
        }
        // Apps may name any number of lists: those there are are few.
        let lists = if self.lists { lists::all(self.r)? } else { Vec::new() };
        for list in lists {
            let channel = StreamChannel::List(list.id.0);
            if self.wanted.contains(&channel) && !lists::page(self.r, &list, only(id))?.is_empty() {
                channels.push(channel);
            }
        }
        Ok(channels)
    }

    /// The public streams that show a post.
    fn open(&self, id: PostId) -> Result<Vec<StreamChannel>> {
        let mut channels = Vec::new();
        let Some(card) = self.cards.get(&id) else { return Ok(channels) };
        for channel in self.wanted {
            let page = match channel {
                StreamChannel::Public(whose, media) => public_timelines::public_page(self.r, *whose, *media, only(id))?,
                StreamChannel::Hashtag(tag, whose) => {
                    let key = scan::tag_key(tag);
                    // Apps may name thousands: only those it has are looked for.
                    if !card.hashtags.iter().any(|known| known.name == key) {
                        continue;
                    }
                    let tags = TagSelection { any: vec![key], ..TagSelection::default() };
                    public_timelines::tagged_page(self.r, &tags, *whose, MediaFilter::Any, only(id))?
                }
                StreamChannel::User | StreamChannel::Notifications | StreamChannel::List(_) | StreamChannel::Direct => {
                    continue;
                }
            };
            if !page.is_empty() {
                channels.push(channel.clone());
            }
        }
        Ok(channels)
    }

    /// A conversation with its newest post.
    fn conversation(&self, id: ConversationId) -> Result<Option<StreamEvent>> {
        let channels = self.visible_posts(&[StreamChannel::Direct]);
        if channels.is_empty() {
            return Ok(None);
        }
        let row = match conversations::by_id(self.r, id) {
            Err(Error::NotFound) => return Ok(None),
            row => row?,
        };
        let shown = talks::shown(self.r, &self.view, &[row])?.pop();
        let payload = shown.and_then(|shown| serde_json::to_string(&shown).ok());
        Ok(payload.map(|payload| StreamEvent::new("conversation", payload, channels)))
    }

    fn notification(&self, id: NotificationId) -> Result<Option<StreamEvent>> {
        let channels = self.visible_posts(&[StreamChannel::User, StreamChannel::Notifications]);
        if channels.is_empty() {
            return Ok(None);
        }
        let Ok(row) = notifications::by_id(self.r, id) else { return Ok(None) };
        let post = row.post_id.as_slice();
        let cast = NotificationContext::load(
            self.r,
            std::iter::once(row.actor_id),
            rendered_statuses::rendered(self.r, &self.view, post)?,
        )?;
        // Mammoth passes over the one event it cannot read; the others that listen know them all.
        let shown = shown(&self.view, NotificationTypes::All, &row, &cast);
        let payload = shown.and_then(|shown| serde_json::to_string(&shown).ok());
        Ok(payload.map(|payload| StreamEvent {
            scope: Some("read:notifications"),
            ..StreamEvent::new("notification", payload, channels)
        }))
    }
}

/// A timeline page limited to this post.
fn only(id: PostId) -> PostPage {
    PostPage { before: Some(PostId(id.0 + 1)), after: Some(PostId(id.0 - 1)), limit: 1 }
}
