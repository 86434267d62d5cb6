//! Everyone who listens, and the one task that tells them: it reads new events once per commit, has each entity made once, and
//! hands the text out. It runs while somebody listens; without listeners the store writes no events at all.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use actix_web::web;
use actix_web::web::Bytes;
use tokio::sync::Notify;
use tokio::time::{interval, sleep};

use super::channel::StreamChannel;
use super::member::{StreamMember, Transport};
use super::news::{self, StreamEvent};
use crate::base::{Error, Result};
use crate::federation::Node;
use crate::store::access::apps;
use crate::store::events::{self, EventDemand, EventDemandLevel};
use crate::web::api::error::ApiError;
use crate::web::blocking::run_blocking;

/// Listeners at once.
pub const MAX_LISTENERS: usize = 1_500;
/// Interval of heartbeats of server-sent events; WebSockets get a ping every second time.
const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(15);
/// How long the task pauses after an internal error.
const ERROR_PAUSE: Duration = Duration::from_secs(1);
/// A sign of life among server-sent events.
const HEARTBEAT: &[u8] = b":thump\n";

/// All listeners.
#[derive(Default)]
pub struct StreamHub {
    members: Mutex<HubMembers>,
    /// The last one has left.
    empty: Notify,
}

#[derive(Default)]
struct HubMembers {
    all: HashMap<u64, Arc<StreamMember>>,
    next: u64,
    /// The task runs.
    told: bool,
    beats: u64,
}

/// The slot of a listener; freed when this is dropped.
pub struct ListenerSlot {
    /// The listener.
    pub member: Arc<StreamMember>,
    hub: web::Data<StreamHub>,
    ears: EventDemand,
    id: u64,
}

impl Drop for ListenerSlot {
    fn drop(&mut self) {
        let mut members = self.hub.members();
        members.all.remove(&self.id);
        if members.all.is_empty() {
            self.ears.listen(EventDemandLevel::Nothing);
            self.hub.empty.notify_one();
        }
    }
}

impl ListenerSlot {
    /// Subscribes to a stream.
    pub fn subscribe(&self, channel: StreamChannel) -> Result<(), (&'static str, u16)> {
        let level = demand_level(&channel);
        self.member.subscribe(channel)?;
        // Not while the level is being lowered.
        let _members = self.hub.members();
        self.ears.raise(level);
        Ok(())
    }
}

fn demand_level(channel: &StreamChannel) -> EventDemandLevel {
    if channel.is_open() { EventDemandLevel::All } else { EventDemandLevel::Own }
}

/// Gives a listener its place. Once this returns it misses nothing: the writer knows of it, and its token was good after that.
pub async fn join(
    hub: &web::Data<StreamHub>,
    node: &web::Data<Node>,
    member: StreamMember,
    hash: Vec<u8>,
    channels: Vec<StreamChannel>,
) -> Result<ListenerSlot, ApiError> {
    let ears = node.store.event_demand().clone();
    if ears.is_over() {
        return Err(Error::Busy.into());
    }
    let place = {
        let mut members = hub.members();
        if members.all.len() >= MAX_LISTENERS {
            return Err(Error::Busy.into());
        }
        let (id, member) = (members.next, Arc::new(member));
        members.next += 1;
        members.all.insert(id, member.clone());
        ears.raise(EventDemandLevel::Own);
        ListenerSlot { member, hub: hub.clone(), ears, id }
    };
    for channel in channels {
        // Requested before the socket was open: an error is sent once it is.
        if let Err((sentence, code)) = place.subscribe(channel) {
            place.member.send(super::frames::error_frame(sentence, code));
        }
    }
    // Behind all acts that did not know of it yet.
    let begun = run_blocking(node, move |node| {
        node.store.write(move |w| {
            let known = apps::token(w, &hash)?.is_some();
            if known { events::newest(w).map(Some) } else { Ok(None) }
        })
    });
    let cursor = begun.await?.ok_or(ApiError::NoToken)?;
    let mut members = hub.members();
    if !members.told {
        members.told = true;
        let told = HubTaskGuard { hub: hub.clone(), rests: false };
        actix_web::rt::spawn(run(told, node.clone(), cursor));
    }
    drop(members);
    Ok(place)
}

impl StreamHub {
    fn members(&self) -> MutexGuard<'_, HubMembers> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many listen.
    pub fn count(&self) -> usize {
        self.members().all.len()
    }

    /// All streams with listeners.
    fn demand(&self) -> HashSet<StreamChannel> {
        self.members().all.values().flat_map(|member| member.channels()).collect()
    }

    fn each(&self, act: impl Fn(&StreamMember)) {
        self.members().all.values().for_each(|member| act(member));
    }

    /// Sends an event to all listeners of its streams. It is serialized once per stream.
    fn broadcast(&self, news: &StreamEvent) {
        let members = self.members();
        let mut event: Option<Bytes> = None;
        for channel in &news.channels {
            let mut frame: Option<Bytes> = None;
            for member in members.all.values().filter(|member| member.listens(channel)) {
                if !news.scope.is_none_or(|scope| member.may(scope)) {
                    continue;
                }
                let bytes = match member.manner {
                    Transport::Socket => frame.get_or_insert_with(|| news.frame(channel)),
                    Transport::Events => event.get_or_insert_with(|| news.event()),
                };
                member.send(bytes.clone());
            }
        }
    }

    /// A sign of life to everyone, and of every second WebSocket turn one back. Listens no more than is wanted now.
    pub fn heartbeat(&self, ears: &EventDemand) {
        let mut members = self.members();
        members.beats += 1;
        let asks = members.beats.is_multiple_of(2);
        for member in members.all.values() {
            match member.manner {
                Transport::Events => member.send(Bytes::from_static(HEARTBEAT)),
                Transport::Socket if asks => member.request_pong(),
                Transport::Socket => {}
            }
        }
        let levels = members.all.values().flat_map(|member| member.channels()).map(|channel| demand_level(&channel));
        let idle = if members.all.is_empty() { EventDemandLevel::Nothing } else { EventDemandLevel::Own };
        ears.listen(levels.max().unwrap_or(idle));
    }
}

/// Held by the task. If the task ends unexpectedly, all listeners are disconnected, and the next one starts it again.
struct HubTaskGuard {
    hub: web::Data<StreamHub>,
    rests: bool,
}

impl HubTaskGuard {
    /// Whether the task may end: there are no listeners, and the next one starts it again.
    fn finish(&mut self) -> bool {
        let mut members = self.hub.members();
        if members.all.is_empty() {
            (members.told, self.rests) = (false, true);
        }
        self.rests
    }
}

impl Drop for HubTaskGuard {
    fn drop(&mut self) {
        if !self.rests {
            let mut members = self.hub.members();
            members.told = false;
            members.all.values().for_each(|member| member.dismiss());
        }
    }
}

/// Sends events from `cursor` on, until there are no listeners or the server stops.
async fn run(mut told: HubTaskGuard, node: web::Data<Node>, mut cursor: i64) {
    let hub = told.hub.clone();
    let ears = node.store.event_demand().clone();
    let mut notifier = node.store.commit_notifier().watch();
    let mut beat = interval(HEARTBEAT_INTERVAL);
    // The first one is due a beat from now.
    beat.reset();
    while !told.finish() && !ears.is_over() {
        notifier.mark_unchanged();
        cursor = catch_up(&hub, &node, cursor).await;
        tokio::select! {
            rung = notifier.changed() => if rung.is_err() { return },
            _ = beat.tick() => hub.heartbeat(&ears),
            () = hub.empty.notified() => {}
        }
    }
}

/// Sends all events after `cursor`; returns the new cursor.
async fn catch_up(hub: &StreamHub, node: &web::Data<Node>, mut cursor: i64) -> i64 {
    loop {
        let wanted = hub.demand();
        match run_blocking(node, move |node| news::read(node, cursor, &wanted)).await {
            Ok(batch) => {
                cursor = batch.cursor;
                if batch.lost {
                    tracing::warn!("more happened than streams could tell: they begin anew");
                    hub.each(StreamMember::dismiss);
                }
                hub.each(|member| {
                    if batch.revoked.contains(&member.token) {
                        member.end(super::frames::close_frame(member.manner));
                    }
                });
                batch.news.iter().for_each(|news| hub.broadcast(news));
                if !batch.more {
                    return cursor;
                }
            }
            Err(error) => {
                tracing::warn!(%error, "events could not be read");
                sleep(ERROR_PAUSE).await;
            }
        }
    }
}
