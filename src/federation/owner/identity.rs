//! Creates the node: its row, the instance actor, the owner, their keys; and changes the owner's profile.

use ring::rand::{SecureRandom, SystemRandom};

use crate::base::config::Origin;
use crate::base::id::ActorId;
use crate::base::{Error, Result, Time};
use crate::federation::Node;
use crate::federation::remote::resolve::{self, Resolved};
use crate::sig::push::VapidKey;
use crate::sig::{PrivateKey, ProofKey};
use crate::social;
use crate::store::actors::{self, Actor, ActorCounts, ActorField};
use crate::store::media_files::MediaFileName;
use crate::store::node::{self, KeyKind, OwnPrivateKey, Settings};
use crate::store::{Store, Write};
use crate::text::{self, compose, plain_text};

/// Maximum length of the owner's username: a length every peer accepts.
const MAX_USERNAME_CHARS: usize = 30;
/// Maximum length of the owner's display name.
pub const MAX_DISPLAY_NAME_CHARS: usize = 100;
/// Maximum length of the name of a profile field.
pub const MAX_FIELD_NAME_CHARS: usize = 255;
/// Maximum length of the value of a profile field.
pub const MAX_FIELD_CHARS: usize = 2_047;
/// Maximum number of profile fields.
pub const MAX_FIELDS: usize = 8;

/// Writes the node's row and the instance actor of a new folder. Conflict when there is one.
pub fn create_node(store: &Store, origin: &Origin) -> Result<()> {
    check_host(&origin.host)?;
    check_host(&origin.domain)?;
    if store.read(node::get).is_ok() {
        return Err(Error::Conflict("this folder already contains a server".to_owned()));
    }
    let key = PrivateKey::generate()?;
    let proofs = ProofKey::generate()?;
    let vapid = VapidKey::generate()?;
    let mut secret = [0_u8; 32];
    SystemRandom::new().fill(&mut secret).map_err(|_| Error::internal("no randomness"))?;
    let origin = origin.clone();
    store.write(move |w| {
        let uri = origin.url("/actor");
        let service = Actor {
            kind: "Application".to_owned(),
            name: origin.host.clone(),
            url: origin.url("/about"),
            inbox: format!("{uri}/inbox"),
            shared_inbox: Some(origin.url("/inbox")),
            outbox: Some(format!("{uri}/outbox")),
            followers: None,
            following: None,
            featured: None,
            featured_tags: None,
            ..empty_profile(uri, &origin.host, &origin.host, w.now)
        };
        let id = actors::upsert(w, &service)?;
        node::create(w, &origin, id, secret)?;
        add_key(w, id, &service.uri, &key)?;
        add_proof_key(w, id, &service.uri, proofs)?;
        add_push_key(w, id, &service.uri, vapid)
    })
}

fn check_host(host: &str) -> Result<()> {
    match text::handle::normal_host(host) {
        Some(normal) if normal == host => Ok(()),
        _ => Err(Error::invalid(format!("{host} is not a host name in lower case (international names in punycode)"))),
    }
}

/// Names the owner: letters, digits and underscore, at most 30 characters. Conflict when there is already an owner. The
/// name is permanent.
pub fn name_owner(store: &Store, username: &str) -> Result<ActorId> {
    let fits = (1..=MAX_USERNAME_CHARS).contains(&username.len())
        && username.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if !fits {
        return Err(Error::invalid(
            "a username can have only the letters a to z, digits and _, and at most 30 of them",
        ));
    }
    let key = PrivateKey::generate()?;
    let proofs = ProofKey::generate()?;
    let username = username.to_owned();
    store.write(move |w| {
        let origin = node::get(w)?.origin;
        let uri = origin.url(&format!("/users/{username}"));
        let owner = Actor {
            kind: "Person".to_owned(),
            name: username.clone(),
            url: origin.url(&format!("/@{username}")),
            published_at: Some(w.now),
            discoverable: true,
            indexable: true,
            ..empty_profile(uri, &username, &origin.domain, w.now)
        };
        let owner = Actor { shared_inbox: Some(origin.url("/inbox")), ..owner };
        let id = actors::upsert(w, &owner)?;
        node::set_owner(w, id)?;
        add_key(w, id, &owner.uri, &key)?;
        add_proof_key(w, id, &owner.uri, proofs)?;
        Ok(id)
    })
}

fn add_key(w: &Write<'_>, actor_id: ActorId, uri: &str, key: &PrivateKey) -> Result<()> {
    let uri = format!("{uri}#main-key");
    let key = OwnPrivateKey { uri, actor_id, private: key.to_pkcs8()?, public: key.public_pem() };
    node::add_key(w, KeyKind::Rsa, &key)
}

fn add_proof_key(w: &Write<'_>, actor_id: ActorId, uri: &str, private: Vec<u8>) -> Result<()> {
    let public = ProofKey::from_pkcs8(&private)?.multibase();
    node::add_key(w, KeyKind::Ed25519, &OwnPrivateKey { uri: format!("{uri}#ed25519-key"), actor_id, private, public })
}

fn add_push_key(w: &Write<'_>, actor_id: ActorId, uri: &str, private: Vec<u8>) -> Result<()> {
    let public = VapidKey::from_pkcs8(&private)?.public();
    node::add_key(w, KeyKind::P256, &OwnPrivateKey { uri: format!("{uri}#push-key"), actor_id, private, public })
}

/// Creates and announces missing keys for integrity proofs and push, for folders made by a version without them. Called
/// when the server starts.
/// server starts.
pub fn add_missing_keys(store: &Store) -> Result<()> {
    if store.read(node::push_key)?.is_none() {
        let private = VapidKey::generate()?;
        store.write(move |w| {
            let service = actors::by_id(w, node::get(w)?.service)?;
            add_push_key(w, service.id, &service.uri, private)
        })?;
    }
    let missing = store.read(|r| {
        let ours = [Some(node::get(r)?.service), node::get(r)?.owner];
        let mut missing = Vec::new();
        for actor in ours.into_iter().flatten() {
            if node::proof_key_of(r, actor)?.is_none() {
                missing.push(actor);
            }
        }
        Ok(missing)
    })?;
    for actor in missing {
        let private = ProofKey::generate()?;
        store.write(move |w| {
            let actor = actors::by_id(w, actor)?;
            add_proof_key(w, actor.id, &actor.uri, private)?;
            let is_owner = node::owner(w).is_ok_and(|owner| owner == actor.id);
            if is_owner { social::profile::announce_to_followers(w, &actor) } else { Ok(()) }
        })?;
    }
    Ok(())
}

/// An actor of ours with an empty profile; its collections are below its uri.
fn empty_profile(uri: String, username: &str, host: &str, now: Time) -> Actor {
    let below = |name: &str| Some(format!("{uri}/{name}"));
    Actor {
        id: ActorId(0),
        kind: String::new(),
        username: username.to_owned(),
        host: host.to_owned(),
        name: String::new(),
        bio: String::new(),
        bio_source: None,
        url: String::new(),
        inbox: format!("{uri}/inbox"),
        shared_inbox: None,
        outbox: below("outbox"),
        followers: below("followers"),
        following: below("following"),
        featured: below("collections/featured"),
        featured_tags: below("collections/tags"),
        icon: None,
        image: None,
        fields: Vec::new(),
        emoji: Vec::new(),
        also_known_as: Vec::new(),
        moved_to: None,
        approves_followers: false,
        discoverable: false,
        indexable: false,
        published_at: None,
        created_at: now,
        fetched_at: now,
        failed_at: None,
        confirmed_at: Some(now),
        gone_at: None,
        counts: ActorCounts::default(),
        uri,
    }
}

/// A change of the owner's profile.
#[derive(Debug, Clone, Default)]
pub struct ProfileChange {
    /// Display name, one line.
    pub name: String,
    /// Plain text.
    pub bio: String,
    /// Up to eight profile fields (name, plain text); empty ones are dropped.
    pub fields: Vec<(String, String)>,
    /// A new avatar, already in media/ (see `federation::media`); None keeps the old one.
    pub icon: Option<MediaFileName>,
    /// A new header image, likewise.
    pub image: Option<MediaFileName>,
    /// Follow requests need approval.
    pub approves_followers: bool,
    /// The account may be listed in directories.
    pub discoverable: bool,
    /// Posts may be indexed for search.
    pub indexable: bool,
    /// The account is automated, at least in part (a bot).
    pub automated: bool,
}

/// An image of the owner's profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProfileImage {
    /// The avatar.
    Icon,
    /// The header.
    Image,
}

/// Removes an image from the owner's profile and announces it.
pub fn remove_profile_image(node: &Node, which: ProfileImage) -> Result<()> {
    node.store.write(move |w| {
        let mut owner = actors::by_id(w, node::owner(w)?)?;
        let mut settings = node::settings(w)?;
        match which {
            ProfileImage::Icon => (owner.icon, settings.icon_alt) = (None, String::new()),
            ProfileImage::Image => (owner.image, settings.image_alt) = (None, String::new()),
        }
        actors::upsert(w, &owner)?;
        node::set_settings(w, &settings)?;
        social::profile::announce_to_followers(w, &owner)
    })
}

/// Changes the owner's profile and announces it.
pub fn set_profile(node: &Node, profile: ProfileChange) -> Result<()> {
    set_profile_with(node, profile, |_| ())
}

/// Like [`set_profile`], with a change of the settings in the same write.
pub fn set_profile_with(
    node: &Node,
    profile: ProfileChange,
    change: impl FnOnce(&mut Settings) + Send + 'static,
) -> Result<()> {
    if profile.name.chars().count() > MAX_DISPLAY_NAME_CHARS {
        return Err(Error::invalid(format!("a name has {MAX_DISPLAY_NAME_CHARS} characters at most")));
    }
    if profile.fields.iter().filter(|(name, value)| !name.is_empty() || !value.is_empty()).count() > MAX_FIELDS {
        return Err(Error::invalid(format!("a profile can have at most {MAX_FIELDS} fields")));
    }
    let long = |(name, value): &(String, String)| {
        name.chars().count() > MAX_FIELD_NAME_CHARS || value.chars().count() > MAX_FIELD_CHARS
    };
    if profile.fields.iter().any(long) {
        let most = format!("{MAX_FIELD_NAME_CHARS} characters in its name and {MAX_FIELD_CHARS} in its value");
        return Err(Error::invalid(format!("a profile field can have at most {most}")));
    }
    if profile.bio.chars().count() > text::MAX_OWN_BIO_CHARS {
        return Err(Error::invalid(format!("a bio has {} characters at most", text::MAX_OWN_BIO_CHARS)));
    }
    let tags = social::document::hashtag_base_url(&node.facts.origin);
    let html = compose::to_html(&profile.bio, &[], &tags).html;
    let fields: Vec<ActorField> = profile.fields.iter().take(MAX_FIELDS).filter_map(render_field).collect();
    node.store.write(move |w| {
        let before = actors::by_id(w, node::owner(w)?)?;
        let name = plain_text::one_line(&profile.name);
        let owner = Actor {
            name: if name.is_empty() { before.username.clone() } else { name },
            bio: html,
            bio_source: Some(profile.bio),
            fields,
            icon: profile.icon.map(|name| name.as_str().to_owned()).or(before.icon),
            image: profile.image.map(|name| name.as_str().to_owned()).or(before.image),
            approves_followers: profile.approves_followers,
            discoverable: profile.discoverable,
            indexable: profile.indexable,
            kind: if profile.automated { "Service" } else { "Person" }.to_owned(),
            ..before
        };
        let owner = Actor { emoji: social::emoji::used_in_profile(w, &owner)?, ..owner };
        actors::upsert(w, &owner)?;
        let mut settings = node::settings(w)?;
        let before = settings.clone();
        change(&mut settings);
        if settings != before {
            node::set_settings(w, &settings)?;
        }
        social::profile::announce_to_followers(w, &owner)
    })
}

/// Maximum number of the owner's other accounts.
pub const MAX_ALIASES: usize = 10;

/// Sets the owner's other accounts (handles or URLs), so that they can move here, and announces them. New ones are
/// looked up; an old one may no longer exist. Invalid names the one that was not found.
pub fn set_aliases(node: &Node, typed: &[&str]) -> Result<()> {
    if typed.len() > MAX_ALIASES {
        return Err(Error::invalid(format!("you can name at most {MAX_ALIASES} accounts")));
    }
    let before = node.store.read(|r| actors::by_id(r, node::owner(r)?))?;
    let mut uris: Vec<String> = Vec::new();
    for text in typed {
        if before.also_known_as.iter().any(|uri| uri == text) {
            uris.push((*text).to_owned());
            continue;
        }
        let uri = match resolve::find(node, text) {
            Ok(Resolved::Actor(id)) => node.store.read(|r| actors::by_id(r, id))?.uri,
            Ok(Resolved::Post(_)) => return Err(Error::invalid(format!("{text} is a post, not an account"))),
            Err(error @ Error::Internal(_)) => return Err(error),
            Err(error) => return Err(Error::invalid(format!("{text} was not found: {error}"))),
        };
        if uri == before.uri {
            return Err(Error::invalid(format!("{text} is this account itself")));
        }
        if !uris.contains(&uri) {
            uris.push(uri);
        }
    }
    if uris == before.also_known_as {
        return Ok(());
    }
    node.store.write(move |w| {
        let owner = Actor { also_known_as: uris, ..actors::by_id(w, node::owner(w)?)? };
        actors::upsert(w, &owner)?;
        social::profile::announce_to_followers(w, &owner)
    })
}

/// A profile field; a lone URL becomes a link with `rel="me"`.
fn render_field((name, value): &(String, String)) -> Option<ActorField> {
    let (name, value) = (plain_text::one_line(name), plain_text::one_line(value));
    if name.is_empty() || value.is_empty() {
        return None;
    }
    let html = compose::to_html(&value, &[], "").html;
    let html = html.trim_start_matches("<p>").trim_end_matches("</p>").replace("rel=\"nofollow", "rel=\"me nofollow");
    Some(ActorField { name, value: html, source: Some(value) })
}
