//! Reads request bodies for all front ends, with limits of time and memory: per request, per network and in total.

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_multipart::MultipartError;
use actix_web::HttpRequest;
use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::http::header;
use actix_web::web::{Bytes, Data};
use futures_util::{Stream, StreamExt};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Sleep, sleep};

use super::rate_limit;
use crate::base::rate_limit_key;
use crate::base::time::Stopwatch;
use crate::federation::Node;

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;
/// Maximum size of an activity.
pub const MAX_INBOX_BODY_BYTES: usize = MIB;
/// Maximum size of an unauthenticated form or API call: a login, an app registration, a text form whose token is in the
/// body.
pub const MAX_ANONYMOUS_BODY_BYTES: usize = 64 * KIB;
/// Maximum number of bytes of an unauthenticated body that are passed on at a time.
const ANONYMOUS_CHUNK_BYTES: usize = 8 * KIB;

/// The sender of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BodySender {
    /// Unauthenticated.
    Stranger,
    /// Another server.
    Peer,
    /// The owner, by cookie or token.
    Owner,
}

/// Limits for one kind of sender.
#[derive(Debug, Clone, Copy)]
struct BodyLimits {
    /// Maximum size of one body.
    max_bytes: usize,
    /// Memory budget of all bodies of this kind of sender, in bytes.
    budget_bytes: usize,
    /// Bytes of each body that are not charged to the budget: the owner can log in even when strangers have used it up.
    free_bytes: usize,
    /// Maximum number of bodies received at once from one network.
    max_concurrent: u32,
    /// Maximum time without any data.
    stall_timeout: Duration,
    /// Time that every body may take; later it must keep up `pace` bytes per second.
    start_timeout: Duration,
    min_bytes_per_second: u32,
}

impl BodySender {
    const fn limits(self) -> BodyLimits {
        let seconds = Duration::from_secs;
        match self {
            // A little more than the limit. A form with files is checked when its first file begins, and by then more
            // may have been read.
            Self::Stranger => BodyLimits {
                max_bytes: MAX_ANONYMOUS_BODY_BYTES + 64 * KIB,
                budget_bytes: 16 * MIB,
                free_bytes: 8 * KIB,
                max_concurrent: 64,
                stall_timeout: seconds(15),
                start_timeout: seconds(30),
                min_bytes_per_second: 4_096,
            },
            Self::Peer => BodyLimits {
                max_bytes: MAX_INBOX_BODY_BYTES,
                budget_bytes: 32 * MIB,
                free_bytes: 0,
                max_concurrent: 256,
                stall_timeout: seconds(20),
                start_timeout: seconds(30),
                min_bytes_per_second: 65_536,
            },
            // Enough for a video sent from a phone on a train.
            Self::Owner => BodyLimits {
                max_bytes: 52 * MIB,
                budget_bytes: 128 * MIB,
                free_bytes: 0,
                max_concurrent: u32::MAX,
                stall_timeout: seconds(60),
                start_timeout: seconds(60),
                min_bytes_per_second: 2_048,
            },
        }
    }
}

/// Why a body could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyError {
    /// The sender stopped sending, or was too slow.
    Slow,
    /// The memory budget is used up, or the network sends too many bodies at once.
    Full,
    /// It exceeds its maximum size.
    TooLarge,
    /// The connection was closed, or the body is malformed.
    Broken,
}

impl From<PayloadError> for BodyError {
    fn from(error: PayloadError) -> Self {
        match error {
            PayloadError::Overflow => Self::TooLarge,
            PayloadError::Io(error) if error.kind() == io::ErrorKind::TimedOut => Self::Slow,
            PayloadError::Io(error) if error.kind() == io::ErrorKind::OutOfMemory => Self::Full,
            _ => Self::Broken,
        }
    }
}

impl From<MultipartError> for BodyError {
    fn from(error: MultipartError) -> Self {
        match error {
            MultipartError::Payload(error) => error.into(),
            _ => Self::Broken,
        }
    }
}

impl BodyError {
    /// The error for the multipart reader, which passes it back unchanged.
    fn to_payload_error(self) -> PayloadError {
        match self {
            Self::Slow => PayloadError::Io(io::ErrorKind::TimedOut.into()),
            Self::Full => PayloadError::Io(io::ErrorKind::OutOfMemory.into()),
            Self::TooLarge => PayloadError::Overflow,
            Self::Broken => PayloadError::Incomplete(None),
        }
    }
}

/// The memory budgets and body counts of one server.
#[derive(Debug, Clone)]
pub struct BodyBudgets {
    strangers: Arc<Semaphore>,
    peers: Arc<Semaphore>,
    owner: Arc<Semaphore>,
    body_counts: PerNetwork,
}

/// Number of bodies being received, by sender and network.
type PerNetwork = Arc<Mutex<HashMap<(BodySender, IpAddr), u32>>>;

impl Default for BodyBudgets {
    fn default() -> Self {
        let room = |sender: BodySender| Arc::new(Semaphore::new(sender.limits().budget_bytes));
        Self {
            strangers: room(BodySender::Stranger),
            peers: room(BodySender::Peer),
            owner: room(BodySender::Owner),
            body_counts: PerNetwork::default(),
        }
    }
}

impl BodyBudgets {
    fn receive_body(&self, sender: BodySender) -> &Arc<Semaphore> {
        match sender {
            BodySender::Stranger => &self.strangers,
            BodySender::Peer => &self.peers,
            BodySender::Owner => &self.owner,
        }
    }

    /// Counts one more body from this network; None where bodies are not counted. Full when there are too many.
    fn acquire(&self, sender: BodySender, from: Option<IpAddr>) -> Result<Option<NetworkSlot>, BodyError> {
        let Some(from) = from.and_then(rate_limit_key::anonymous_key) else { return Ok(None) };
        let mut crowds = lock(&self.body_counts);
        let count = crowds.entry((sender, from)).or_default();
        if *count >= sender.limits().max_concurrent {
            return Err(BodyError::Full);
        }
        *count += 1;
        Ok(Some(NetworkSlot { body_counts: self.body_counts.clone(), key: (sender, from) }))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The count of one body being received; dropping it ends the count.
#[derive(Debug)]
struct NetworkSlot {
    body_counts: PerNetwork,
    key: (BodySender, IpAddr),
}

impl Drop for NetworkSlot {
    fn drop(&mut self) {
        let mut crowds = lock(&self.body_counts);
        if let Some(count) = crowds.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                crowds.remove(&self.key);
            }
        }
    }
}

/// Memory permit of one request body. Cloned with the bytes; released when the last clone is dropped.
#[derive(Debug, Clone)]
pub struct BodyPermit(Arc<Mutex<BudgetState>>);

#[derive(Debug)]
struct BudgetState {
    budgets: BodyBudgets,
    sender: BodySender,
    received: usize,
    permit: Option<OwnedSemaphorePermit>,
}

impl BodyPermit {
    fn new(budgets: BodyBudgets, sender: BodySender) -> Self {
        Self(Arc::new(Mutex::new(BudgetState { budgets, sender, received: 0, permit: None })))
    }

    /// The sender, as far as it is known by now.
    pub fn sender(&self) -> BodySender {
        lock(&self.0).sender
    }

    /// Charges the body to the owner from now on: a valid token at its beginning shows who sends it.
    pub fn promote_to_owner(&self) -> Result<(), BodyError> {
        let mut taken = lock(&self.0);
        taken.sender = BodySender::Owner;
        taken.permit = None;
        taken.acquire_missing()
    }

    fn add_received(&self, bytes: usize) -> Result<(), BodyError> {
        let mut taken = lock(&self.0);
        taken.received += bytes;
        if taken.received > taken.sender.limits().max_bytes {
            return Err(BodyError::TooLarge);
        }
        taken.acquire_missing()
    }

    /// Maximum wait for the next chunk, `elapsed` after the start; None when the body is too slow already.
    fn remaining_time(&self, elapsed: Duration) -> Option<Duration> {
        let taken = lock(&self.0);
        let BodyLimits { stall_timeout: stall, start_timeout: start, min_bytes_per_second: pace, .. } =
            taken.sender.limits();
        let by_pace = u32::try_from(taken.received).unwrap_or(u32::MAX) / pace.max(1);
        let left = (start + Duration::from_secs(by_pace.into())).checked_sub(elapsed)?;
        Some(left.min(stall))
    }
}

impl BudgetState {
    /// Acquires budget for all received bytes.
    fn acquire_missing(&mut self) -> Result<(), BodyError> {
        let held = self.permit.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let lacking = self.received.saturating_sub(self.sender.limits().free_bytes + held);
        if lacking == 0 {
            return Ok(());
        }
        let lacking = u32::try_from(lacking).map_err(|_| BodyError::TooLarge)?;
        let more = self
            .budgets
            .receive_body(self.sender)
            .clone()
            .try_acquire_many_owned(lacking)
            .map_err(|_| BodyError::Full)?;
        match &mut self.permit {
            Some(held) => held.merge(more),
            none => *none = Some(more),
        }
        Ok(())
    }
}

/// A request body being received: a stream of chunks that ends with an error when a limit is exceeded.
pub struct IncomingBody {
    payload: Payload,
    permit: BodyPermit,
    /// The declared length, in bytes.
    declared_length: Option<usize>,
    watch: Stopwatch,
    timer: Option<Pin<Box<Sleep>>>,
    /// Received bytes that are not passed on yet.
    ready: Bytes,
    /// The last poll has passed on a chunk.
    passed_on: bool,
    finished: bool,
    _slot: Option<NetworkSlot>,
}

/// Whether the request has a body.
pub fn has_body(request: &HttpRequest) -> bool {
    request.headers().contains_key(header::TRANSFER_ENCODING) || content_length(request).is_some_and(|bytes| bytes > 0)
}

fn content_length(request: &HttpRequest) -> Option<usize> {
    request.headers().get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Starts reading the body of a request. Full when its network sends too many bodies at once.
pub fn of(request: &HttpRequest, payload: Payload, sender: BodySender) -> Result<IncomingBody, BodyError> {
    let (budgets, node) = (request.app_data::<Data<BodyBudgets>>(), request.app_data::<Data<Node>>());
    let from = node.and_then(|node| rate_limit::client_address(request, &node.config.trusted_proxies));
    let budgets = budgets.map(|budgets| budgets.get_ref().clone()).unwrap_or_default();
    let crowd = budgets.acquire(sender, from)?;
    Ok(IncomingBody::new(BodyPermit::new(budgets, sender), payload, content_length(request), crowd))
}

impl IncomingBody {
    fn new(permit: BodyPermit, payload: Payload, declared_length: Option<usize>, crowd: Option<NetworkSlot>) -> Self {
        let watch = Stopwatch::start();
        let (timer, ready) = (None, Bytes::new());
        Self { payload, permit, declared_length, watch, timer, ready, passed_on: false, finished: false, _slot: crowd }
    }

    /// The memory permit, which must be held as long as the bytes.
    pub fn permit(&self) -> BodyPermit {
        self.permit.clone()
    }

    /// Reads the whole body; TooLarge when it has, or declares, more than `most` bytes.
    pub async fn read_all(mut self, most: usize) -> Result<Vec<u8>, BodyError> {
        if self.declared_length.is_some_and(|length| length > most) {
            return Err(BodyError::TooLarge);
        }
        let mut body = Vec::new();
        while let Some(piece) = self.next().await {
            let piece = piece?;
            if body.len() + piece.len() > most {
                return Err(BodyError::TooLarge);
            }
            body.extend_from_slice(&piece);
        }
        Ok(body)
    }

    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyError>>> {
        let is_strange = self.permit.sender() == BodySender::Stranger;
        // The multipart reader takes all available chunks before it parses any. Returning Pending makes it parse each
        // one.
        if std::mem::take(&mut self.passed_on) && is_strange {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let patience = self.permit.remaining_time(self.watch.elapsed());
        if self.ready.is_empty() {
            match Pin::new(&mut self.payload).poll_next(cx) {
                Poll::Ready(Some(Ok(bytes))) => (self.ready, self.timer) = (bytes, None),
                Poll::Ready(end) => return Poll::Ready(end.map(|last| last.map_err(BodyError::from))),
                Poll::Pending => {
                    let timer = self.timer.get_or_insert_with(|| Box::pin(sleep(patience.unwrap_or_default())));
                    ready!(timer.as_mut().poll(cx));
                    return Poll::Ready(Some(Err(BodyError::Slow)));
                }
            }
        }
        let most = if is_strange { ANONYMOUS_CHUNK_BYTES } else { usize::MAX };
        let piece = self.ready.split_to(self.ready.len().min(most));
        self.passed_on = true;
        let taken = patience.ok_or(BodyError::Slow).and_then(|_| self.permit.add_received(piece.len()));
        Poll::Ready(Some(taken.map(|()| piece)))
    }
}

impl Stream for IncomingBody {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.finished {
            return Poll::Ready(None);
        }
        let piece = ready!(self.poll_chunk(cx));
        self.finished = !matches!(piece, Some(Ok(_)));
        Poll::Ready(piece.map(|piece| piece.map_err(BodyError::to_payload_error)))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use futures_util::stream;

    use super::*;

    fn payload(pieces: impl Stream<Item = Result<Bytes, PayloadError>> + 'static) -> Payload {
        Payload::Stream { payload: Box::pin(pieces) }
    }

    fn pieces(count: usize, bytes: usize) -> Payload {
        payload(stream::iter((0..count).map(move |_| Ok(Bytes::from(vec![b'x'; bytes])))))
    }

    async fn read(rooms: &BodyBudgets, sender: BodySender, payload: Payload) -> Result<(usize, BodyPermit), BodyError> {
        let body = IncomingBody::new(BodyPermit::new(rooms.clone(), sender), payload, None, None);
        let place = body.permit();
        Ok((body.read_all(usize::MAX).await?.len(), place))
    }

    #[actix_web::test]
    async fn who_falls_silent_or_crawls_is_not_waited_for() {
        for sender in [BodySender::Stranger, BodySender::Peer, BodySender::Owner] {
            let place = BodyPermit::new(BodyBudgets::default(), sender);
            let left = |seconds| place.remaining_time(Duration::from_secs(seconds));
            assert!(left(0).unwrap() <= Duration::from_secs(60), "{sender:?} falls silent");
            assert_eq!(left(61), None, "{sender:?} crawls");
            place.add_received(100_000).unwrap();
            assert!(left(30).is_some() && left(200).is_none(), "{sender:?} goes on");
        }
        // A video of 40 MB in six minutes is fast enough.
        let film = BodyPermit::new(BodyBudgets::default(), BodySender::Owner);
        film.add_received(40_000_000).unwrap();
        assert!(film.remaining_time(Duration::from_mins(6)).is_some());
        // An expired timer ends a body that sends nothing.
        let silent = payload(stream::pending());
        let mut body =
            IncomingBody::new(BodyPermit::new(BodyBudgets::default(), BodySender::Stranger), silent, None, None);
        body.timer = Some(Box::pin(sleep(Duration::ZERO)));
        assert_eq!(body.read_all(10).await, Err(BodyError::Slow));
    }

    #[actix_web::test]
    async fn strangers_fill_their_own_room_and_no_other() {
        let rooms = BodyBudgets::default();
        let mut held = Vec::new();
        while let Ok(taken) = read(&rooms, BodySender::Stranger, pieces(4, 16 * KIB)).await {
            held.push(taken);
        }
        assert!((250..=300).contains(&held.len()), "{}", held.len());
        let small = read(&rooms, BodySender::Stranger, pieces(1, 4 * KIB)).await;
        assert_eq!(small.unwrap().0, 4 * KIB, "a login still fits");
        assert!(read(&rooms, BodySender::Peer, pieces(16, 64 * KIB)).await.is_ok());
        let film = read(&rooms, BodySender::Owner, pieces(40 * 16, 64 * KIB)).await.unwrap();
        assert_eq!(film.0, 40 * MIB);
        held.pop();
        assert!(read(&rooms, BodySender::Stranger, pieces(4, 16 * KIB)).await.is_ok(), "a dropped body frees memory");
        drop(held);
        let long = read(&rooms, BodySender::Stranger, pieces(9, 16 * KIB)).await;
        assert_eq!(long.unwrap_err(), BodyError::TooLarge);
    }

    #[actix_web::test]
    async fn who_shows_a_token_goes_on_as_the_owner() {
        let rooms = BodyBudgets::default();
        let place = BodyPermit::new(rooms.clone(), BodySender::Stranger);
        place.add_received(100 * KIB).unwrap();
        place.promote_to_owner().unwrap();
        place.add_received(30 * MIB).unwrap();
        assert_eq!(rooms.strangers.available_permits(), 16 * MIB);
        assert_eq!(rooms.owner.available_permits(), 98 * MIB - 100 * KIB);
        drop(place);
        assert_eq!(rooms.owner.available_permits(), 128 * MIB);
    }

    #[test]
    fn one_network_sends_only_so_many_at_once() {
        let rooms = BodyBudgets::default();
        let from = |host: u16| Some(IpAddr::from([0x2a00, 1, 2, 3, 0, 0, 0, host]));
        let mut crowd: Vec<_> = (0..64).map(|host| rooms.acquire(BodySender::Stranger, from(host)).unwrap()).collect();
        assert_eq!(rooms.acquire(BodySender::Stranger, from(99)).unwrap_err(), BodyError::Full);
        assert!(rooms.acquire(BodySender::Peer, from(1)).is_ok() && rooms.acquire(BodySender::Owner, from(1)).is_ok());
        assert!(rooms.acquire(BodySender::Stranger, Some([203, 0, 113, 9].into())).is_ok());
        let untold = Some([127, 0, 0, 1].into());
        assert!(
            (0..99).all(|_| rooms.acquire(BodySender::Stranger, untold).unwrap().is_none()),
            "it may be a proxy for all clients"
        );
        crowd.pop();
        assert!(rooms.acquire(BodySender::Stranger, from(99)).is_ok());
        crowd.clear();
        assert!(lock(&rooms.body_counts).is_empty());
    }
}
