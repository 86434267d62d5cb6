//! Profiles: stores remote actors' documents, and announces changes of the owner's profile.

use super::outbox::{self, ActivityRecipients};
use super::{document, remote_post};
use crate::ap::actor::ReceivedActor as Document;
use crate::ap::json::Ref;
use crate::ap::key::{KeyDoc, KeyFormat};
use crate::base::id::ActorId;
use crate::base::{Audience, Error, Result, Time};
use crate::store::Write;
use crate::store::actors::{self, Actor, ActorCounts, ActorField, NewKey};
use crate::text::{plain_text, sanitise};

/// Stores an actor's document. A host confirmed by WebFinger stays. A stub (Sharkey and GoToSocial send one to readers
/// they do not trust) never replaces a full row, but its keys are stored.
pub fn store_actor(w: &Write<'_>, document: &Document) -> Result<ActorId> {
    let known = actors::by_uri(w, document.id.as_str())?;
    let mut keys: Vec<NewKey> = Vec::new();
    for key in document.keys.iter().filter_map(key_row) {
        // Fedify lists its RSA key twice under one id. The first, a PEM, wins: a usable key must not be overwritten.
        if !keys.iter().any(|known| known.uri == key.uri) {
            keys.push(key);
        }
    }
    let id = match known {
        Some(known) if document.is_stub() && known.followers.is_some() => known.id,
        known => actors::upsert(w, &actor_row(document, known, w.now))?,
    };
    actors::set_keys(w, id, document.id.as_str(), &keys)?;
    Ok(id)
}

fn key_row(key: &KeyDoc) -> Option<NewKey> {
    let (KeyFormat::Pem(value) | KeyFormat::Multibase(value)) = &key.material else { return None };
    Some(NewKey { uri: key.id.as_str().to_owned(), value: value.clone(), is_assertion_method: key.for_proofs })
}

fn actor_row(document: &Document, known: Option<Actor>, now: Time) -> Actor {
    let text = |uri: &Option<crate::ap::json::Uri>| uri.as_ref().map(|uri| uri.as_str().to_owned());
    let name = document.name.as_deref().map(plain_text::one_line).filter(|name| !name.is_empty());
    let same_name = |known: &&Actor| known.username == document.username;
    let confirmed = known.as_ref().filter(same_name);
    Actor {
        id: ActorId(0),
        uri: document.id.as_str().to_owned(),
        kind: document.kind.word().to_owned(),
        username: document.username.clone(),
        host: confirmed.map_or_else(|| document.id.host(), |known| known.host.clone()),
        name: name.unwrap_or_else(|| document.username.clone()),
        bio: document.bio.as_deref().map(sanitise::bio).unwrap_or_default(),
        bio_source: None,
        url: document.url.as_ref().unwrap_or(&document.id).as_str().to_owned(),
        inbox: document.inbox.as_str().to_owned(),
        shared_inbox: text(&document.shared_inbox),
        outbox: text(&document.outbox),
        followers: text(&document.followers),
        following: text(&document.following),
        featured: text(&document.featured),
        featured_tags: text(&document.featured_tags),
        icon: text(&document.icon),
        image: text(&document.image),
        fields: document
            .fields
            .iter()
            .map(|field| ActorField {
                name: plain_text::one_line(&plain_text::from_html(&field.name)),
                value: sanitise::field(&field.value),
                source: None,
            })
            .collect(),
        emoji: remote_post::stored_emoji(&document.emoji),
        also_known_as: document.also_known_as.iter().map(|uri| uri.as_str().to_owned()).collect(),
        moved_to: text(&document.moved_to),
        approves_followers: document.approves_followers,
        discoverable: document.discoverable,
        indexable: document.indexable,
        published_at: document.published,
        created_at: now,
        fetched_at: now,
        failed_at: None,
        confirmed_at: confirmed.and_then(|known| known.confirmed_at),
        gone_at: None,
        counts: ActorCounts::default(),
    }
}

/// Receives an Update of an actor. Without an embedded document nothing is done: the next fetch gets the new version.
pub(super) fn receive_update(w: &Write<'_>, sender: &Actor, object: &Ref) -> Result<()> {
    let Some(document) = object.embedded().map(Document::read).transpose()? else { return Ok(()) };
    if document.id != sender.uri.as_str() {
        return Err(Error::Denied(format!("{} is not the profile of {}", document.id, sender.uri)));
    }
    store_actor(w, &document).map(drop)
}

/// Sends the owner's profile to these actors after an outage, so that servers which had given up on us resume
/// deliveries. The caller passes one actor per server, and only some of the known servers at a time.
pub fn announce_to_hosts(w: &Write<'_>, owner: &Actor, people: Vec<ActorId>) -> Result<()> {
    let (id, uri) = outbox::next_activity(w, owner)?;
    let lists = document::recipients(owner, Audience::Public, &[]);
    let update = document::update(owner, &uri, document::owner_actor(w)?, lists, w.now);
    let reach = ActivityRecipients { other_actors: people, ..ActivityRecipients::default() };
    outbox::send(w, owner, id, update, &owner.uri, Audience::Public, &reach)
}

/// Announces the owner's changed profile to the followers.
pub fn announce_to_followers(w: &Write<'_>, owner: &Actor) -> Result<()> {
    let (id, uri) = outbox::next_activity(w, owner)?;
    let lists = document::recipients(owner, Audience::Public, &[]);
    let update = document::update(owner, &uri, document::owner_actor(w)?, lists, w.now);
    let reach = ActivityRecipients { followers: true, ..ActivityRecipients::default() };
    outbox::send(w, owner, id, update, &owner.uri, Audience::Public, &reach)
}
