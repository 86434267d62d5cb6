//! Writes our actor documents: the owner, and the instance actor that signs our fetches.

use serde_json::{Value, json};

use super::PUBLIC;
use super::context;
use super::document_builder::DocumentBuilder;
use super::write_object::{OwnTag, write_tag};
use crate::base::Time;

/// The owner's actor document, from stored URIs: none is put together here.
#[derive(Debug, Clone, Default)]
pub struct OwnActor {
    /// The id; never changes.
    pub id: String,
    /// The owner says that the account is automated: `Service` instead of `Person`.
    pub automated: bool,
    /// `/users/NAME/inbox`.
    pub inbox: String,
    /// `/users/NAME/outbox`.
    pub outbox: String,
    /// The followers collection, exactly as addresses name it.
    pub followers: String,
    /// The following collection.
    pub following: String,
    /// Pinned posts.
    pub featured: String,
    /// Hashtags shown on the profile.
    pub featured_tags: String,
    /// The server's one inbox for everybody.
    pub shared_inbox: String,
    /// The profile page.
    pub url: String,
    /// The name before the `@`.
    pub username: String,
    /// `NAME@DOMAIN` (FEP-2c59).
    pub webfinger: String,
    /// The display name; empty shows the username.
    pub name: String,
    /// The bio as HTML.
    pub bio: String,
    /// The RSA key.
    pub key: PublishedKey,
    /// The Ed25519 key for proofs, where there is one.
    pub proof_key: Option<PublishedKey>,
    /// Follows need approval.
    pub approves_followers: bool,
    /// May be suggested.
    pub discoverable: bool,
    /// Public posts may be searched.
    pub indexable: bool,
    /// May be put into other people's collections without asking (FEP-7aa9).
    pub featurable: bool,
    /// Profile rows: name and HTML value.
    pub fields: Vec<(String, String)>,
    /// The avatar.
    pub icon: Option<OwnImage>,
    /// The header.
    pub image: Option<OwnImage>,
    /// When the account was made.
    pub published: Option<Time>,
    /// Other ids of the owner.
    pub also_known_as: Vec<String>,
    /// Where the owner moved.
    pub moved_to: Option<String>,
    /// Domains that may name the owner as author.
    pub attribution_domains: Vec<String>,
    /// Hashtags and emoji of name, bio and fields.
    pub tags: Vec<OwnTag>,
}

/// A public key of ours.
#[derive(Debug, Clone, Default)]
pub struct PublishedKey {
    /// `{actor}#…`.
    pub id: String,
    /// SPKI PEM of an RSA key; publicKeyMultibase of an Ed25519 one.
    pub text: String,
}

/// An image of ours.
#[derive(Debug, Clone, Default)]
pub struct OwnImage {
    /// URL.
    pub url: String,
    /// Its media type.
    pub media_type: String,
    /// The description; empty for none.
    pub alt: String,
}

/// The instance actor.
#[derive(Debug, Clone, Default)]
pub struct InstanceActor {
    /// The id, `/actor`.
    pub id: String,
    /// Its inbox.
    pub inbox: String,
    /// Its outbox, always empty.
    pub outbox: String,
    /// The server's one inbox for everybody.
    pub shared_inbox: String,
    /// The host: its username.
    pub host: String,
    /// The page about this server.
    pub url: String,
    /// Its RSA key.
    pub key: PublishedKey,
    /// Its Ed25519 key for proofs, where there is one.
    pub proof_key: Option<PublishedKey>,
}

/// Signature formats we can verify, as FEP-844e names them.
const IMPLEMENTS: [(&str, &str); 1] =
    [("https://datatracker.ietf.org/doc/html/rfc9421", "RFC-9421: HTTP Message Signatures")];

/// The owner's document.
pub fn owner(actor: &OwnActor) -> Value {
    let name = if actor.name.is_empty() { &actor.username } else { &actor.name };
    let feature = if actor.featurable { PUBLIC } else { actor.id.as_str() };
    let fields: Vec<Value> = actor.fields.iter().map(|(name, value)| field(name, value)).collect();
    let methods = actor.proof_key.as_ref().map(|key| json!([multikey(key, &actor.id)]));
    DocumentBuilder::of(if actor.automated { "Service" } else { "Person" }, context::full_context())
        .put("id", actor.id.as_str())
        .put("inbox", actor.inbox.as_str())
        .put("outbox", actor.outbox.as_str())
        .put("followers", actor.followers.as_str())
        .put("following", actor.following.as_str())
        .put("featured", actor.featured.as_str())
        .put("featuredTags", actor.featured_tags.as_str())
        .put("preferredUsername", actor.username.as_str())
        .put("webfinger", actor.webfinger.as_str())
        .put("name", name.as_str())
        .put("summary", actor.bio.as_str())
        .put("url", actor.url.as_str())
        .put("endpoints", json!({"sharedInbox": actor.shared_inbox}))
        .put("publicKey", public_key(&actor.key, &actor.id))
        .put_optional("assertionMethod", methods)
        .put("manuallyApprovesFollowers", actor.approves_followers)
        .put("discoverable", actor.discoverable)
        .put("indexable", actor.indexable)
        .put("interactionPolicy", json!({"canFeature": {"automaticApproval": [feature]}}))
        .put("attachment", fields)
        .put("tag", actor.tags.iter().map(write_tag).collect::<Vec<_>>())
        .put_optional("icon", actor.icon.as_ref().map(image))
        .put_optional("image", actor.image.as_ref().map(image))
        .put_optional("published", actor.published.map(Time::rfc3339))
        .put_list("alsoKnownAs", &actor.also_known_as)
        .put_optional("movedTo", actor.moved_to.clone())
        .put_list("attributionDomains", &actor.attribution_domains)
        .put("generator", generator())
        .build()
}

/// The owner's document for those who may not see more (authorised fetch): who it is, where to write, with which keys it
/// signs. Peers know it by what it lacks and keep the full one they have.
pub fn actor_stub(actor: &OwnActor) -> Value {
    let methods = actor.proof_key.as_ref().map(|key| json!([multikey(key, &actor.id)]));
    DocumentBuilder::of("Person", context::full_context())
        .put("id", actor.id.as_str())
        .put("inbox", actor.inbox.as_str())
        .put("preferredUsername", actor.username.as_str())
        .put("webfinger", actor.webfinger.as_str())
        .put("url", actor.url.as_str())
        .put("endpoints", json!({"sharedInbox": actor.shared_inbox}))
        .put("publicKey", public_key(&actor.key, &actor.id))
        .put_optional("assertionMethod", methods)
        .build()
}

/// The instance actor's document; served to anybody, signed or not.
pub fn instance(actor: &InstanceActor) -> Value {
    let methods = actor.proof_key.as_ref().map(|key| json!([multikey(key, &actor.id)]));
    DocumentBuilder::of("Application", context::full_context())
        .put("id", actor.id.as_str())
        .put("inbox", actor.inbox.as_str())
        .put("outbox", actor.outbox.as_str())
        .put("preferredUsername", actor.host.as_str())
        .put("name", actor.host.as_str())
        .put("summary", "")
        .put("url", actor.url.as_str())
        .put("endpoints", json!({"sharedInbox": actor.shared_inbox}))
        .put("publicKey", public_key(&actor.key, &actor.id))
        .put_optional("assertionMethod", methods)
        .put("manuallyApprovesFollowers", true)
        .put("generator", generator())
        .build()
}

/// A single key document.
pub fn public_key(key: &PublishedKey, owner: &str) -> Value {
    json!({"id": key.id, "owner": owner, "publicKeyPem": key.text})
}

fn multikey(key: &PublishedKey, owner: &str) -> Value {
    json!({"id": key.id, "type": "Multikey", "controller": owner, "publicKeyMultibase": key.text})
}

fn field(name: &str, value: &str) -> Value {
    json!({"type": "PropertyValue", "name": name, "value": value})
}

fn image(picture: &OwnImage) -> Value {
    let alt = (!picture.alt.is_empty()).then(|| picture.alt.clone());
    DocumentBuilder::inner("Image")
        .put("mediaType", picture.media_type.as_str())
        .put("url", picture.url.as_str())
        // Mastodon reads `summary`, others `name`.
        .put_optional("summary", alt.clone())
        .put_optional("name", alt)
        .build()
}

fn generator() -> Value {
    let all: Vec<Value> = IMPLEMENTS.iter().map(|(href, name)| json!({"href": href, "name": name})).collect();
    json!({"type": "Application", "implements": all})
}
