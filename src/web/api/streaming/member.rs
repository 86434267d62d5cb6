//! One listener: what it is subscribed to, and what waits to be written to it. What waits is bounded; who reads too slowly is
//! let go and asks again.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use actix_web::web::Bytes;

use super::channel::StreamChannel;
use crate::base::id::TokenId;
use crate::federation::owner::oauth;
use crate::store::access::apps::AccessToken;

/// Streams one listener may be subscribed to.
pub const MAX_STREAMS_PER_LISTENER: usize = 100;
/// Bytes that may wait for one listener.
const MAX_WAITING_BYTES: usize = 1024 * 1024;
/// Messages that may wait for one listener.
const MAX_WAITING_MESSAGES: usize = 512;
/// Capacity of the queue that an idle listener keeps.
const IDLE_QUEUE_CAPACITY: usize = 8;
/// A WebSocket ping.
const PING_FRAME: &[u8] = &[0x89, 0];
/// A WebSocket close, saying "try again later" (1013).
const TRY_AGAIN_LATER_FRAME: &[u8] = &[0x88, 2, 0x03, 0xF5];

/// How it listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// Over a WebSocket.
    Socket,
    /// To server-sent events.
    Events,
}

/// A listener.
pub struct StreamMember {
    /// How it listens.
    pub manner: Transport,
    /// The token.
    pub token: TokenId,
    scopes: String,
    state: Mutex<MemberState>,
}

struct MemberState {
    channels: Vec<StreamChannel>,
    waiting: VecDeque<Bytes>,
    bytes: usize,
    /// Something came from it since the last beat.
    heard: bool,
    over: bool,
    waker: Option<Waker>,
}

impl StreamMember {
    /// A listener with this token, not subscribed to anything yet.
    pub fn new(manner: Transport, token: &AccessToken) -> Self {
        let state = MemberState {
            channels: Vec::new(),
            waiting: VecDeque::new(),
            bytes: 0,
            heard: true,
            over: false,
            waker: None,
        };
        Self { manner, token: token.id, scopes: token.scopes.clone(), state: Mutex::new(state) }
    }

    fn state(&self) -> MutexGuard<'_, MemberState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether its token holds a scope.
    pub fn may(&self, scope: &str) -> bool {
        oauth::scopes_allow(&self.scopes, scope)
    }

    /// Subscribes to a stream; the error has Mastodon's text and code.
    pub fn subscribe(&self, channel: StreamChannel) -> Result<(), (&'static str, u16)> {
        if !self.may(channel.scope()) {
            return Err(("Access token does not have the required scopes", 401));
        }
        let mut state = self.state();
        if state.channels.contains(&channel) {
            return Ok(());
        }
        if state.channels.len() >= MAX_STREAMS_PER_LISTENER {
            return Err(("Too many streams", 429));
        }
        state.channels.push(channel);
        Ok(())
    }

    /// Ends a subscription.
    pub fn unsubscribe(&self, channel: &StreamChannel) {
        self.state().channels.retain(|known| known != channel);
    }

    /// Its subscriptions.
    pub fn channels(&self) -> Vec<StreamChannel> {
        self.state().channels.clone()
    }

    /// Whether it is subscribed to a stream.
    pub fn listens(&self, channel: &StreamChannel) -> bool {
        self.state().channels.contains(channel)
    }

    /// Gives it something to write. Too much of that, and the listener is let go.
    pub fn send(&self, bytes: Bytes) {
        let mut state = self.state();
        if state.over {
            return;
        }
        state.bytes += bytes.len();
        state.waiting.push_back(bytes);
        if state.bytes > MAX_WAITING_BYTES || state.waiting.len() > MAX_WAITING_MESSAGES {
            state.waiting = VecDeque::new();
            state.over = true;
        }
        state.wake();
    }

    /// Ends the stream after the waiting messages and `last`.
    pub fn end(&self, last: Option<Bytes>) {
        let mut state = self.state();
        if !state.over {
            state.waiting.extend(last);
            state.over = true;
        }
        state.wake();
    }

    /// Disconnects the listener and asks it to come back later: it has missed messages, or the server stops.
    pub fn dismiss(&self) {
        self.end((self.manner == Transport::Socket).then(|| Bytes::from_static(TRY_AGAIN_LATER_FRAME)));
    }

    /// Something came from it.
    pub fn acknowledge(&self) {
        self.state().heard = true;
    }

    /// Requests a pong; a listener that did not answer the last one is disconnected.
    pub fn request_pong(&self) {
        if std::mem::take(&mut self.state().heard) {
            self.send(Bytes::from_static(PING_FRAME));
        } else {
            self.end(None);
        }
    }

    /// The next bytes to write; None at the end.
    pub fn poll_next(&self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let mut state = self.state();
        match state.waiting.pop_front() {
            Some(bytes) => {
                state.bytes = state.bytes.saturating_sub(bytes.len());
                if state.waiting.is_empty() && state.waiting.capacity() > IDLE_QUEUE_CAPACITY {
                    state.waiting = VecDeque::new();
                }
                Poll::Ready(Some(bytes))
            }
            None if state.over => Poll::Ready(None),
            None => {
                state.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl MemberState {
    fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Time;

    fn member(manner: Transport) -> StreamMember {
        let token = AccessToken {
            id: TokenId(1),
            app: None,
            name: String::new(),
            scopes: "read".to_owned(),
            speaks_for_owner: true,
            created_at: Time::from_ms(0),
            used_at: None,
        };
        StreamMember::new(manner, &token)
    }

    fn taken(member: &StreamMember) -> Vec<Option<usize>> {
        let mut cx = Context::from_waker(Waker::noop());
        let mut taken = Vec::new();
        while let Poll::Ready(bytes) = member.poll_next(&mut cx) {
            taken.push(bytes.map(|bytes| bytes.len()));
            if taken.last() == Some(&None) {
                break;
            }
        }
        taken
    }

    #[test]
    fn what_waits_is_bounded_in_number_and_bytes() {
        let reads = member(Transport::Socket);
        for _ in 0..10 * MAX_WAITING_MESSAGES {
            reads.send(Bytes::from_static(b"x"));
            assert_eq!(taken(&reads), [Some(1)], "who reads may hear as much as there is");
        }
        let many = member(Transport::Socket);
        (0..=MAX_WAITING_MESSAGES).for_each(|_| many.send(Bytes::from_static(b"x")));
        assert_eq!(taken(&many), [None]);
        let large = member(Transport::Events);
        (0..5).for_each(|_| large.send(Bytes::from(vec![0; MAX_WAITING_BYTES / 4])));
        assert_eq!(taken(&large), [None]);
        large.send(Bytes::from_static(b"x"));
        assert_eq!(taken(&large), [None], "it is over");
    }

    #[test]
    fn the_last_word_comes_last() {
        let socket = member(Transport::Socket);
        socket.send(Bytes::from_static(b"news"));
        socket.dismiss();
        socket.send(Bytes::from_static(b"more"));
        assert_eq!(taken(&socket), [Some(4), Some(TRY_AGAIN_LATER_FRAME.len()), None]);
        let events = member(Transport::Events);
        events.dismiss();
        assert_eq!(taken(&events), [None]);
    }
}
