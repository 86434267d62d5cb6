//! Reads actor documents: profile, inbox and other endpoints, keys.

use serde_json::Value;

use super::json::{self, FromJson, Lossy, Many, Uri};
use super::key::{self, KeyDoc};
use super::tags::{self, ReceivedEmoji};
use super::{limits, link, object};
use crate::base::{Error, Result, Time};

/// The type of an actor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ActorKind {
    /// A person.
    Person,
    /// A bot.
    Service,
    /// An application, such as an instance actor.
    Application,
    /// A community or channel.
    Group,
    /// An organisation.
    Organization,
    /// Any other type that has an inbox.
    Other(String),
}

impl ActorKind {
    /// The ActivityStreams type name.
    pub fn word(&self) -> &str {
        match self {
            Self::Person => "Person",
            Self::Service => "Service",
            Self::Application => "Application",
            Self::Group => "Group",
            Self::Organization => "Organization",
            Self::Other(word) => word,
        }
    }

    /// The variant for a type name, as returned by [`ActorKind::type_name`].
    pub fn from_word(word: &str) -> Self {
        let known = [Self::Person, Self::Service, Self::Application, Self::Group, Self::Organization];
        known.into_iter().find(|kind| kind.word() == word).unwrap_or_else(|| Self::Other(word.to_owned()))
    }

    /// True for automated actors.
    pub fn is_bot(&self) -> bool {
        matches!(self, Self::Service | Self::Application)
    }
}

/// One profile field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileField {
    /// The label, plain text.
    pub name: String,
    /// The value: HTML, not yet sanitized.
    pub value: String,
}

impl FromJson for ProfileField {
    fn from_json(value: &Value) -> Option<Self> {
        if !json::is_type(value, "PropertyValue") {
            return None;
        }
        let name = json::text(value, "name", limits::FIELD)?;
        Some(Self { name, value: json::text(value, "value", limits::FIELD).unwrap_or_default() })
    }
}

/// An actor as read from its document. Everything in it is only what the origin of its id claims.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedActor {
    /// The id, without a fragment.
    pub id: Uri,
    /// The type.
    pub kind: ActorKind,
    /// `preferredUsername`, else the user part of `webfinger`, else the host.
    pub username: String,
    /// `user@domain` as the actor claims (FEP-2c59); verified only when the domain's WebFinger confirms it.
    pub webfinger: Option<String>,
    /// The display name, plain text.
    pub name: Option<String>,
    /// The bio: HTML, not yet sanitized.
    pub bio: Option<String>,
    /// The profile page; may be on another host (Threads).
    pub url: Option<Uri>,
    /// Where to deliver.
    pub inbox: Uri,
    /// The inbox shared by all actors of the host; only on the actor's own origin.
    pub shared_inbox: Option<Uri>,
    /// The actor's activities; only on the actor's own origin, like the next four.
    pub outbox: Option<Uri>,
    /// The followers collection, also used as an addressee.
    pub followers: Option<Uri>,
    /// The collection of actors it follows.
    pub following: Option<Uri>,
    /// Pinned posts.
    pub featured: Option<Uri>,
    /// Hashtags featured on the profile.
    pub featured_tags: Option<Uri>,
    /// The avatar.
    pub icon: Option<Uri>,
    /// The header image.
    pub image: Option<Uri>,
    /// Profile fields.
    pub fields: Vec<ProfileField>,
    /// Keys of this actor.
    pub keys: Vec<KeyDoc>,
    /// True when follow requests need approval.
    pub approves_followers: bool,
    /// True when the account may be recommended to others.
    pub discoverable: bool,
    /// True when their public posts may be searched (FEP-5feb).
    pub indexable: bool,
    /// The account it moved to; unverified until that account lists this id in its `also_known_as`.
    pub moved_to: Option<Uri>,
    /// Aliases: other ids of the same account.
    pub also_known_as: Vec<Uri>,
    /// When the account was created.
    pub published: Option<Time>,
    /// Custom emoji of name, bio and fields.
    pub emoji: Vec<ReceivedEmoji>,
    /// Features that the actor's software claims to implement, as URLs (FEP-844e).
    pub implements: Vec<String>,
}

impl ReceivedActor {
    /// Reads an actor. Gone when it is a Tombstone; Invalid when it has no type, id or inbox, or an unusable username.
    pub fn read(doc: &Value) -> Result<Self> {
        if json::is_type(doc, "Tombstone") {
            return Err(Error::Gone);
        }
        let id = json::id(doc).filter(|id| !id.has_fragment());
        let id = id.ok_or_else(|| Error::invalid("the actor has no usable id"))?;
        let invalid = |why: &str| Error::invalid(format!("the actor {id}: {why}"));
        let kind = kind(doc).ok_or_else(|| invalid("its type is not an actor type"))?;
        let inbox = Lossy::<Uri>::read(doc, "inbox").0.ok_or_else(|| invalid("it has no usable inbox"))?;
        if !is_related_host(&id, &inbox) {
            return Err(invalid("its inbox is on an unrelated server"));
        }
        let webfinger = json::text(doc, "webfinger", limits::NAME).filter(|handle| is_handle(handle));
        let username = username(doc, webfinger.as_deref(), &id).ok_or_else(|| invalid("its username is unusable"))?;
        let endpoints = doc.get("endpoints").unwrap_or(&Value::Null);
        let own = |uri: Option<Uri>| uri.filter(|uri| uri.same_origin(&id));
        // Misskey also writes it at the top level; its old versions only there.
        let shared = Lossy::read(endpoints, "sharedInbox").0.or_else(|| Lossy::read(doc, "sharedInbox").0);
        let flag = |key: &str| Lossy::<bool>::read(doc, key).0.unwrap_or(false);
        Ok(Self {
            kind,
            username,
            webfinger,
            name: json::text(doc, "name", limits::NAME),
            bio: json::text(doc, "summary", limits::BIO),
            url: link::page(doc),
            inbox,
            shared_inbox: own(shared),
            outbox: own(json::id_of(doc, "outbox")),
            followers: own(json::id_of(doc, "followers")),
            following: own(json::id_of(doc, "following")),
            featured: own(json::id_of(doc, "featured")),
            featured_tags: own(json::id_of(doc, "featuredTags")),
            icon: link::image_url(doc, "icon"),
            image: link::image_url(doc, "image"),
            fields: Many::read(doc, "attachment", limits::FIELDS).0,
            keys: key::of_actor(doc, &id),
            approves_followers: flag("manuallyApprovesFollowers"),
            discoverable: flag("discoverable"),
            indexable: flag("indexable"),
            moved_to: Lossy::<Uri>::read(doc, "movedTo").0.filter(|to| *to != id),
            also_known_as: aliases(doc, &id),
            published: Lossy::read(doc, "published").0,
            emoji: tags::read(doc).emoji,
            implements: implements(doc),
            id,
        })
    }

    /// True for the minimal document that Sharkey and GoToSocial serve to unauthenticated requests. It must never
    /// replace a full one.
    pub fn is_stub(&self) -> bool {
        self.outbox.is_none() && self.followers.is_none() && self.bio.is_none() && self.icon.is_none()
    }

    /// The key with this id, if the actor lists it.
    pub fn key(&self, id: &str) -> Option<&KeyDoc> {
        self.keys.iter().find(|key| key.id == id)
    }
}

fn kind(doc: &Value) -> Option<ActorKind> {
    let types = json::types(doc);
    let known = types.iter().map(|t| ActorKind::from_word(t)).find(|kind| !matches!(kind, ActorKind::Other(_)));
    // A post that claims to have an inbox is not an actor: anybody on its host may have written it.
    let strange = || types.first().filter(|t| !object::is_known_type(t)).map(|t| ActorKind::Other((*t).to_owned()));
    known.or_else(strange)
}

/// True when the inbox is on the actor's host or on a host of the same domain (Bridgy Fed uses several). Otherwise
/// an actor could direct our deliveries to a server that never asked for them.
fn is_related_host(id: &Uri, inbox: &Uri) -> bool {
    let scheme = |uri: &Uri| uri.as_str().split(':').next().unwrap_or_default().to_owned();
    let (a, b) = (id.host(), inbox.host());
    let below = |host: &str, domain: &str| host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'));
    let domain = |host: &str| host.split_once('.').map(|(_, rest)| rest.to_owned()).filter(|rest| rest.contains('.'));
    let siblings = domain(&a).is_some_and(|parent| domain(&b) == Some(parent));
    scheme(id) == scheme(inbox) && (a == b || below(&a, &b) || below(&b, &a) || siblings)
}

/// None when the name given is too long or contains characters that a handle cannot (whitespace, `@`, `/` …).
fn username(doc: &Value, webfinger: Option<&str>, id: &Uri) -> Option<String> {
    let given = json::text(doc, "preferredUsername", limits::URI);
    let claimed = || webfinger.and_then(|handle| handle.split('@').next()).map(str::to_owned);
    let name = given.or_else(claimed).unwrap_or_else(|| id.host());
    let odd = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '@' | '/' | '?' | '#' | '<' | '>');
    (name.len() <= limits::USERNAME && !name.contains(odd)).then_some(name)
}

fn is_handle(handle: &str) -> bool {
    let mut parts = handle.split('@');
    let filled = |part: Option<&str>| part.is_some_and(|p| !p.is_empty() && !p.contains(char::is_whitespace));
    filled(parts.next()) && filled(parts.next()) && parts.next().is_none()
}

fn aliases(doc: &Value, id: &Uri) -> Vec<Uri> {
    let mut all = Many::<Uri>::read(doc, "alsoKnownAs", limits::ALIASES).0;
    all.retain(|alias| alias != id);
    all
}

fn implements(doc: &Value) -> Vec<String> {
    let Some(software) = doc.get("generator") else { return Vec::new() };
    let entries = Many::<link::Link>::read(software, "implements", limits::IMPLEMENTS).0;
    entries.into_iter().map(|link| link.href.into_string()).collect()
}
