//! Delivery attempts: claim, sign, send, settle. Decides what a response means for the queue.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use ring::rand::SystemRandom;

use crate::base::time::Stopwatch;
use crate::base::{Error, Result, Time};
use crate::federation::{Node, outgoing::follower_sync};
use crate::net::{Knock, NetError, PostMessage, PostResponse, WHOLE_LIMIT};
use crate::store::queue::deliveries::{self, ClaimedDelivery, DeliveryFailure};
use crate::store::{Write, actors::follows, node, peers::hosts};

/// Lease of a claim: the time limit of a request, plus [`SETTLE_TIME`].
pub const CLAIM_LEASE: Duration = WHOLE_LIMIT.saturating_add(SETTLE_TIME);
/// Time to record a result after the request.
const SETTLE_TIME: Duration = Duration::from_secs(10);
/// Delays after the first attempts; the last one is used for all later attempts.
const RETRY_DELAYS: [Duration; 6] = [
    Duration::from_mins(1),
    Duration::from_mins(5),
    Duration::from_mins(15),
    Duration::from_hours(1),
    Duration::from_hours(3),
    Duration::from_hours(12),
];
/// Random variation of a delay, in percent, so that a host that comes back is not contacted for all deliveries at once.
const RETRY_JITTER_PERCENT: u32 = 15;
/// How long a delivery is tried.
pub const MAX_DELIVERY_AGE: Duration = Duration::from_hours(7 * 24);
/// Maximum attempts within that time, in case the clock stands still.
const MAX_DELIVERY_ATTEMPTS: u32 = 100;
/// Refusals (401, 403, 404 and similar) after which a delivery is final.
const MAX_REFUSALS_PER_DELIVERY: u32 = 3;
/// The content type every peer accepts, then the one that the specification prefers.
const CONTENT_TYPE: &str = "application/activity+json";
const ALTERNATIVE_CONTENT_TYPE: &str = "application/ld+json; profile=\"https://www.w3.org/ns/activitystreams\"";
/// How much of a response is shown to the owner.
const MAX_SHOWN_RESPONSE_CHARS: usize = 120;

/// Shown on the queue page in a trial: deliveries are dropped unsent, so that none is sent later by surprise.
pub const TRIAL_NOTE: &str = "This is a private trial: nothing is delivered to other servers.";

/// Result of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryStep {
    /// Nothing can be sent now; the next is due then, if a time is known.
    Idle {
        /// None when nothing is queued, or only deliveries in flight.
        next_due: Option<Time>,
    },
    /// One delivery was tried and settled.
    Done,
}

/// Tries one delivery: claims, signs, sends, settles.
pub fn step(node: &Node) -> Result<DeliveryStep> {
    match node.store.write(claim_next)? {
        NextAttempt::Wait(next_due) => Ok(DeliveryStep::Idle { next_due }),
        NextAttempt::Claimed(claim) => {
            let outcome = logged_attempt(node, &claim);
            node.store.write(move |w| settle(w, &claim, &outcome))?;
            Ok(DeliveryStep::Done)
        }
    }
}

/// Delivers while something is due and `goes_on`, which is asked between two deliveries. Settling one and claiming the
/// next is one write.
pub fn run_due(node: &Node, goes_on: &mut dyn FnMut() -> bool) -> Result<()> {
    let mut next = node.store.write(claim_next)?;
    while let NextAttempt::Claimed(claim) = next {
        let outcome = logged_attempt(node, &claim);
        let more = goes_on();
        next = node.store.write(move |w| {
            settle(w, &claim, &outcome)?;
            if more { claim_next(w) } else { Ok(NextAttempt::Wait(None)) }
        })?;
    }
    Ok(())
}

fn logged_attempt(node: &Node, claim: &ClaimedDelivery) -> AttemptOutcome {
    let watch = Stopwatch::start();
    let outcome = attempt(node, claim);
    let ms = watch.elapsed().as_millis();
    let (inbox, tries, why) = (&claim.inbox, claim.tries, &outcome.reason);
    tracing::debug!(inbox, tries, result = ?outcome.result, why, ms, "delivery attempt");
    outcome
}

enum NextAttempt {
    Claimed(ClaimedDelivery),
    Wait(Option<Time>),
}

fn claim_next(w: &Write<'_>) -> Result<NextAttempt> {
    match deliveries::claim(w, CLAIM_LEASE)? {
        Some(claim) => Ok(NextAttempt::Claimed(claim)),
        None => Ok(NextAttempt::Wait(deliveries::next_due(w)?)),
    }
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
struct AttemptOutcome {
    result: DeliveryResult,
    /// True when the host responded, with any status below 500.
    responded: bool,
    /// The signature that was accepted.
    knock: Option<Knock>,
    /// `Retry-After` of the response.
    retry_after: Option<Duration>,
    /// For the owner to read; empty when it arrived.
    reason: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum DeliveryResult {
    Delivered,
    /// Another try may help.
    Retry(DeliveryFailure),
    /// No other try will help.
    Rejected,
    /// 410: the inbox is gone.
    InboxGone,
}

impl AttemptOutcome {
    fn without_response(result: DeliveryResult, reason: String) -> Self {
        Self { result, responded: false, knock: None, retry_after: None, reason }
    }
}

/// Sends once, and a second time only if the content type was refused. A panic here is our own fault and does not count
/// against the host.
fn attempt(node: &Node, claim: &ClaimedDelivery) -> AttemptOutcome {
    if node.config.trial {
        return AttemptOutcome::without_response(DeliveryResult::Rejected, TRIAL_NOTE.to_owned());
    }
    let sent = catch_unwind(AssertUnwindSafe(|| send(node, claim)));
    match sent {
        Ok(Ok(sent)) => classify_response(&claim.host, sent),
        Ok(Err(error)) => classify_error(&error),
        Err(_) => AttemptOutcome::without_response(
            DeliveryResult::Retry(DeliveryFailure::NotNow),
            "sending failed here, for a reason of ours".to_owned(),
        ),
    }
}

fn send(node: &Node, claim: &ClaimedDelivery) -> Result<PostResponse, NetError> {
    let ours = |error: Error| NetError::Ours { host: claim.host.clone(), why: error.to_string() };
    let signer_id = claim.signer_id.ok_or_else(|| ours(Error::internal("the signing key no longer exists")))?;
    let signer = node.signer(signer_id).map_err(ours)?;
    let knock = claim.knock.as_deref().and_then(Knock::from_word).unwrap_or_default();
    let extra = if follower_sync::is_header_due(node, claim) {
        follower_sync::sync_header(node, claim).map_err(ours)?
    } else {
        Vec::new()
    };
    let post = PostMessage {
        url: &claim.inbox,
        body: claim.document.as_bytes(),
        content_type: CONTENT_TYPE,
        signer: Some(&signer),
        knock,
        extra: &extra,
        now: node.clock().now(),
    };
    let watch = Stopwatch::start();
    let first = node.net.post(post)?;
    if matches!(first.code, 406 | 415) && watch.elapsed() < SETTLE_TIME {
        return node.net.post(PostMessage { content_type: ALTERNATIVE_CONTENT_TYPE, knock: first.knock, ..post });
    }
    Ok(first)
}

/// Classifies a response. 3xx counts as a refusal: an inbox that moved is found by refreshing its actor.
fn classify_response(host: &str, sent: PostResponse) -> AttemptOutcome {
    let verdict = match sent.code {
        200..=299 => DeliveryResult::Delivered,
        410 => DeliveryResult::InboxGone,
        400 | 405 | 406 | 413 | 415 | 422 => DeliveryResult::Rejected,
        408 | 425 | 429 => DeliveryResult::Retry(DeliveryFailure::NotNow),
        500.. => DeliveryResult::Retry(DeliveryFailure::ServerError),
        _ => DeliveryResult::Retry(DeliveryFailure::Refused),
    };
    let words: String =
        sent.body_start.lines().next().unwrap_or_default().chars().take(MAX_SHOWN_RESPONSE_CHARS).collect();
    let why = match verdict {
        DeliveryResult::Delivered => String::new(),
        // the first line of a proxy's error page says nothing
        _ if words.trim().is_empty() || words.trim_start().starts_with('<') => format!("{host} answered {}", sent.code),
        _ => format!("{host} answered {}: {}", sent.code, words.trim()),
    };
    let knock = (verdict == DeliveryResult::Delivered).then_some(sent.knock);
    AttemptOutcome { result: verdict, responded: sent.code < 500, knock, retry_after: sent.retry_after, reason: why }
}

/// Classifies a failed request.
fn classify_error(error: &NetError) -> AttemptOutcome {
    let verdict = match error {
        NetError::Refused { .. } | NetError::Trial { .. } => DeliveryResult::Rejected,
        NetError::Ours { .. } => DeliveryResult::Retry(DeliveryFailure::NotNow),
        _ => DeliveryResult::Retry(DeliveryFailure::Unreachable),
    };
    AttemptOutcome::without_response(verdict, error.to_string())
}

/// Records the result of an attempt: what happens to the delivery, and what it says about the host.
fn settle(w: &Write<'_>, claim: &ClaimedDelivery, outcome: &AttemptOutcome) -> Result<()> {
    match outcome.result {
        DeliveryResult::Delivered => deliveries::finish(w, claim)?,
        DeliveryResult::Rejected | DeliveryResult::InboxGone => give_up(w, claim, outcome)?,
        DeliveryResult::Retry(failure) => match next_attempt_at(w.now, claim, failure, outcome.retry_after) {
            Some(next_at) => {
                deliveries::postpone(w, claim, next_at, failure, &outcome.reason)?;
                if failure == DeliveryFailure::NotNow && outcome.retry_after.is_some() {
                    deliveries::hold_back(w, &claim.host, next_at)?;
                }
            }
            None => give_up(w, claim, outcome)?,
        },
    }
    let known = claim.knock.as_deref().and_then(Knock::from_word).unwrap_or_default();
    if let Some(knock) = outcome.knock.filter(|knock| *knock != known) {
        hosts::set_knock(w, &claim.host, knock.word())?;
    }
    match outcome.result {
        _ if outcome.responded => hosts::record_success(w, &claim.host),
        DeliveryResult::Retry(DeliveryFailure::Unreachable | DeliveryFailure::ServerError) => {
            hosts::record_failure(w, &claim.host, &outcome.reason)
        }
        _ => Ok(()),
    }
}

fn give_up(w: &Write<'_>, claim: &ClaimedDelivery, outcome: &AttemptOutcome) -> Result<()> {
    deliveries::finish(w, claim)?;
    tracing::info!(inbox = claim.inbox, tries = claim.tries, why = outcome.reason, "a delivery was given up");
    if outcome.result == DeliveryResult::InboxGone {
        let followers = follows::delete_by_inbox(w, node::owner(w)?, &claim.inbox)?;
        tracing::info!(inbox = claim.inbox, followers, "an inbox is gone for good");
    }
    Ok(())
}

/// When to try again; None when the delivery is final.
fn next_attempt_at(
    now: Time,
    claim: &ClaimedDelivery,
    failure: DeliveryFailure,
    retry_after: Option<Duration>,
) -> Option<Time> {
    if failure == DeliveryFailure::Refused && claim.refusals + 1 >= MAX_REFUSALS_PER_DELIVERY
        || claim.tries >= MAX_DELIVERY_ATTEMPTS
    {
        return None;
    }
    let step = usize::try_from(claim.tries.saturating_sub(1)).unwrap_or(usize::MAX);
    let wait = RETRY_DELAYS.get(step).or(RETRY_DELAYS.last()).copied().unwrap_or_default();
    let next_at = now.plus(jittered(wait).max(retry_after.unwrap_or_default()));
    let too_old = next_at > claim.created_at.plus(MAX_DELIVERY_AGE) && claim.tries >= deliveries::TRIES_BEFORE_AGE;
    (!too_old).then_some(next_at)
}

/// A delay, up to [`RETRY_JITTER_PERCENT`] percent longer or shorter.
fn jittered(wait: Duration) -> Duration {
    let random: [u8; 4] = ring::rand::generate(&SystemRandom::new()).map_or([128; 4], ring::rand::Random::expose);
    let percent = 100 - RETRY_JITTER_PERCENT + u32::from_be_bytes(random) % (2 * RETRY_JITTER_PERCENT + 1);
    wait * percent / 100
}

#[cfg(test)]
mod tests;
