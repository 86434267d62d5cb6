//! Web Push (RFC 8030, 8291, 8292): subscriptions of apps, and one sealed message per notification.

use std::time::Duration;

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hmac::{self, HMAC_SHA256};
use ring::rand::{SecureRandom, SystemRandom};
use serde_json::json;

use crate::base::id::TokenId;
use crate::base::{Error, Result};
use crate::federation::{Node, remote::media_proxy};
use crate::net::address::check_push_url;
use crate::net::{AddressPolicy, Knock, NetError, PostMessage, PostResponse, WHOLE_LIMIT};
use crate::sig::push::{PushEncoding, PushReceiver, VapidKey, seal};
use crate::store::actors::{self, Actor};
use crate::store::notifications::push::{self, MESSAGE_LIFETIME, PushMessage, PushSubscription};
use crate::store::notifications::{self, Notification, NotificationKind};
use crate::store::{Read, node, posts};
use crate::text::{self, plain_text};

/// Maximum length of an endpoint URL.
const MAX_ENDPOINT_BYTES: usize = 2_000;
/// Delays after the first attempts, as for deliveries; the last one is used for all later attempts.
const RETRY_DELAYS: [Duration; 4] =
    [Duration::from_mins(1), Duration::from_mins(5), Duration::from_mins(30), Duration::from_hours(3)];
/// Lease of a claim.
const CLAIM_LEASE: Duration = WHOLE_LIMIT.saturating_add(Duration::from_secs(10));
/// Lifetime of a VAPID token: push services accept a day at most, and clocks differ.
const VAPID_TOKEN_LIFETIME: Duration = Duration::from_hours(12);
/// Maximum length of a post's text in a message.
const MAX_BODY_CHARS: usize = 140;
/// Label for deriving, from the node's secret, the key that encrypts bearer tokens.
const BEARER_KEY_LABEL: &[u8] = b"bearers of push subscriptions";

/// An app's request for a subscription.
#[derive(Debug, Clone)]
pub struct SubscriptionRequest {
    /// URL at the push service.
    pub endpoint: String,
    /// The client's public key, base64.
    pub p256dh: String,
    /// The client's authentication secret, base64.
    pub auth: String,
    /// True for RFC 8291, false for the draft before it.
    pub standard: bool,
    /// The notification types to send.
    pub alerts: push::PushAlerts,
    /// The senders to notify about.
    pub whose: push::PushPolicy,
}

/// Subscribes the app with this token, replacing its subscription. Invalid when nothing could be sent to the endpoint,
/// or the keys are invalid.
pub fn subscribe(node: &Node, token: TokenId, bearer: &str, wish: SubscriptionRequest) -> Result<()> {
    let receiver = PushReceiver::read(&wish.p256dh, &wish.auth)?;
    let reach = if node.config.allow_private { AddressPolicy::Private } else { AddressPolicy::Public };
    // Refuse an endpoint that can never be reached now: a later failure would reach nobody.
    if let Err(error) = check_push_url(&wish.endpoint, reach) {
        return Err(Error::invalid(format!("Validation failed: Endpoint cannot be used: {error}")));
    }
    if wish.endpoint.len() > MAX_ENDPOINT_BYTES {
        return Err(Error::invalid(format!(
            "Validation failed: Endpoint is too long (maximum is {MAX_ENDPOINT_BYTES} bytes)"
        )));
    }
    let new = PushSubscription {
        id: crate::base::id::SubscriptionId(0),
        token,
        bearer: seal_bearer(node, bearer)?,
        endpoint: wish.endpoint,
        point: receiver.point().to_vec(),
        auth: receiver.secret().to_vec(),
        standard: wish.standard,
        alerts: wish.alerts,
        whose: wish.whose,
    };
    node.store.write(move |w| push::subscribe(w, &new))
}

/// Our public key, as clients get it.
pub fn public_key(r: &Read<'_>) -> Result<String> {
    Ok(node::push_key(r)?.map(|key| key.public).unwrap_or_default())
}

fn bearer_key(node: &Node) -> Result<LessSafeKey> {
    let secret = hmac::sign(&hmac::Key::new(HMAC_SHA256, &node.facts.secret), BEARER_KEY_LABEL);
    let key = UnboundKey::new(&AES_256_GCM, secret.as_ref()).map_err(|_| Error::internal("invalid bearer key"))?;
    Ok(LessSafeKey::new(key))
}

/// Encrypts a token. Apps identify the account by it, but it must not be readable from the database alone.
fn seal_bearer(node: &Node, bearer: &str) -> Result<Vec<u8>> {
    let mut nonce = [0_u8; NONCE_LEN];
    SystemRandom::new().fill(&mut nonce).map_err(|_| Error::internal("no randomness"))?;
    let mut bytes = bearer.as_bytes().to_vec();
    let tag = bearer_key(node)?.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut bytes);
    tag.map_err(|_| Error::internal("cannot encrypt the token of a push subscription"))?;
    Ok([&nonce[..], &bytes].concat())
}

fn open_bearer(node: &Node, sealed: &[u8]) -> Result<String> {
    let lost = || Error::internal("cannot decrypt the token of a push subscription");
    let (nonce, bytes) = sealed.split_at_checked(NONCE_LEN).ok_or_else(lost)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| lost())?;
    let mut bytes = bytes.to_vec();
    let plain = bearer_key(node)?.open_in_place(nonce, Aad::empty(), &mut bytes).map_err(|_| lost())?;
    String::from_utf8(plain.to_vec()).map_err(|_| lost())
}

/// Sends what is due, while `goes_on`.
pub fn run(node: &Node, goes_on: &mut dyn FnMut() -> bool) -> Result<()> {
    while step(node)? && goes_on() {}
    Ok(())
}

/// Sends one message. False when none is due.
pub fn step(node: &Node) -> Result<bool> {
    if node.store.read(push::next_due)?.is_none_or(|at| at > node.clock().now()) {
        return Ok(false);
    }
    let Some(message) = node.store.write(|w| push::claim(w, CLAIM_LEASE))? else { return Ok(false) };
    let outcome = attempt(node, &message)?;
    node.store.write(move |w| match outcome {
        PushOutcome::Over => push::drop_message(w, message.id),
        PushOutcome::NobodyThere => push::end(w, message.subscription.id),
        PushOutcome::Later(wait) => push::postpone(w, message.id, w.now.plus(wait)),
    })?;
    Ok(true)
}

/// Result of an attempt.
enum PushOutcome {
    /// Delivered, refused by our own policy, or there is nothing to show any more.
    Over,
    /// The push service does not know the endpoint any more.
    NobodyThere,
    /// Retry after this delay.
    Later(Duration),
}

fn attempt(node: &Node, message: &PushMessage) -> Result<PushOutcome> {
    let Some(said) = node.store.read(|r| content(node, r, message))? else { return Ok(PushOutcome::Over) };
    let wait = || {
        let step = usize::try_from(message.tries.saturating_sub(1)).unwrap_or(usize::MAX);
        PushOutcome::Later(RETRY_DELAYS.get(step).or(RETRY_DELAYS.last()).copied().unwrap_or_default())
    };
    Ok(match send(node, &message.subscription, said.as_bytes())? {
        Ok(sent) => match sent.code {
            200..=299 => PushOutcome::Over,
            408 | 429 => PushOutcome::Later(sent.retry_after.unwrap_or(RETRY_DELAYS[0])),
            400..=499 => PushOutcome::NobodyThere,
            _ => wait(),
        },
        Err(NetError::Refused { .. } | NetError::Trial { .. }) => PushOutcome::Over,
        Err(error) => {
            tracing::debug!(%error, "a push message will be retried");
            wait()
        }
    })
}

fn send(node: &Node, to: &PushSubscription, message: &[u8]) -> Result<Result<PostResponse, NetError>> {
    let key = node.store.read(node::push_key)?.ok_or_else(|| Error::internal("there is no push key"))?;
    let key = VapidKey::from_pkcs8(&key.private)?;
    let coding = if to.standard { PushEncoding::Aes128Gcm } else { PushEncoding::AesGcm };
    let receiver = PushReceiver::own_half(to.point.clone(), to.auth.clone());
    let sealed = seal(coding, &receiver, message, key.point())?;
    let now = node.clock().now();
    let origin = url::Url::parse(&to.endpoint).map(|url| url.origin().ascii_serialization()).unwrap_or_default();
    let contact = node.facts.origin.url("/");
    let mut headers = sealed.headers;
    for (name, value) in [
        ("authorization", key.authorization(coding, &origin, &contact, now.plus(VAPID_TOKEN_LIFETIME))?),
        ("ttl", MESSAGE_LIFETIME.as_secs().to_string()),
        ("urgency", "normal".to_owned()),
    ] {
        headers.push((name.to_owned(), value));
    }
    Ok(node.net.push(PostMessage {
        url: &to.endpoint,
        body: &sealed.body,
        content_type: "application/octet-stream",
        signer: None,
        knock: Knock::default(),
        extra: &headers,
        now,
    }))
}

/// The message an app gets, as Mastodon's apps expect it; None when there is nothing to show any more.
fn content(node: &Node, r: &Read<'_>, message: &PushMessage) -> Result<Option<String>> {
    let Ok(row) = notifications::by_id(r, message.notification) else { return Ok(None) };
    let Some(word) = message.subscription.alerts.get(row.kind.word()) else { return Ok(None) };
    let actor = actors::by_id(r, row.actor_id)?;
    let language = node::settings(r)?.language;
    let said = json!({
        "access_token": open_bearer(node, &message.subscription.bearer)?,
        "preferred_locale": if language.is_empty() { "en" } else { &language },
        "notification_id": row.id.0,
        "notification_type": word,
        "icon": icon(node, &actor),
        "title": title(row.kind, &actor),
        "body": body(r, &row, &actor)?,
    });
    Ok(Some(said.to_string()))
}

fn icon(node: &Node, actor: &Actor) -> String {
    let path = match actor.icon.as_deref() {
        Some(url) if url.len() > MAX_ENDPOINT_BYTES / 2 => "/assets/cabin.png".to_owned(),
        Some(url) if url.starts_with("https://") || url.starts_with("http://") => media_proxy::path(node, url),
        Some(name) if !name.is_empty() => format!("/media/{name}"),
        _ => "/assets/cabin.png".to_owned(),
    };
    node.facts.origin.url(&path)
}

/// The title: one line that says what happened.
fn title(kind: NotificationKind, actor: &Actor) -> String {
    let name = plain_text::line(&actor.name, 60);
    let who = if name.trim().is_empty() { format!("@{}", actor.username) } else { name };
    match kind {
        NotificationKind::Mention => format!("{who} mentioned you"),
        NotificationKind::Follow => format!("{who} follows you"),
        NotificationKind::FollowRequest => format!("{who} asks to follow you"),
        NotificationKind::Like => format!("{who} likes your post"),
        NotificationKind::Reaction => format!("{who} reacted to your post"),
        NotificationKind::Boost => format!("{who} boosted your post"),
        NotificationKind::Poll => "A poll is over".to_owned(),
        NotificationKind::Quote => format!("{who} quoted your post"),
        NotificationKind::Accepted => format!("{who} lets you follow them"),
        NotificationKind::Moved => format!("{who} has moved"),
        NotificationKind::Report => "A report came in".to_owned(),
        NotificationKind::Request => format!("{who} asks to interact with your post"),
        NotificationKind::Post => format!("{who} posted"),
        NotificationKind::Edit => format!("{who} edited a post you boosted"),
        NotificationKind::QuoteEdit => format!("{who} edited a post you quoted"),
    }
}

/// The beginning of the post, or its content warning; without a post the actor's handle.
fn body(r: &Read<'_>, row: &Notification, actor: &Actor) -> Result<String> {
    let Some(id) = row.post_id else { return Ok(actor.handle()) };
    let post = posts::by_id(r, id)?;
    let text =
        post.warning.filter(|warning| !warning.is_empty()).unwrap_or_else(|| plain_text::from_html(&post.content));
    Ok(text::cut(&plain_text::line(&text, MAX_BODY_CHARS), MAX_BODY_CHARS * 8).to_owned())
}

#[cfg(test)]
mod tests;
