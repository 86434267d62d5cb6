//! Account, CredentialAccount and Relationship.

use serde::Serialize;
use serde_json::{Value, json};

use super::{ApiViewer, CustomEmojiEntity, UrlBuilder, date, emojis, midnight};
use crate::base::interaction_policy::PolicyChoice;
use crate::store::actors::{Actor, ActorField};
use crate::store::node::Settings;
use crate::text::plain_text;

/// An account.
#[derive(Debug, Clone, Serialize)]
pub struct AccountEntity {
    id: String,
    username: String,
    acct: String,
    display_name: String,
    locked: bool,
    bot: bool,
    discoverable: bool,
    indexable: bool,
    group: bool,
    created_at: String,
    note: String,
    url: String,
    uri: String,
    avatar: String,
    avatar_static: String,
    avatar_description: String,
    header: String,
    header_static: String,
    header_description: String,
    followers_count: u32,
    following_count: u32,
    statuses_count: u32,
    last_status_at: Option<String>,
    hide_collections: bool,
    emojis: Vec<CustomEmojiEntity>,
    fields: Vec<FieldEntity>,
    roles: [(); 0],
    #[serde(skip_serializing_if = "Option::is_none")]
    suspended: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    noindex: Option<bool>,
}

/// The reduced account of grouped notifications.
#[derive(Debug, Clone, Serialize)]
pub struct PartialAccountEntity {
    id: String,
    acct: String,
    locked: bool,
    bot: bool,
    url: String,
    avatar: String,
    avatar_static: String,
    avatar_description: String,
}

/// A field of a profile.
#[derive(Debug, Clone, Serialize)]
struct FieldEntity {
    name: String,
    value: String,
    verified_at: Option<String>,
}

/// The avatar's URL, or the default image: never empty.
pub fn avatar(actor: &Actor, links: &UrlBuilder<'_>) -> String {
    picture(actor.icon.as_deref(), links)
}

fn picture(place: Option<&str>, links: &UrlBuilder<'_>) -> String {
    match place {
        Some(url) if url.starts_with("http://") || url.starts_with("https://") => links.proxied(url),
        Some(name) if !name.is_empty() => links.media(name),
        _ => links.default_image(),
    }
}

/// `user` for the owner, `user@host` for everyone else.
pub fn acct(view: &ApiViewer<'_>, actor: &Actor) -> String {
    if view.is_owner(actor) || actor.host.eq_ignore_ascii_case(view.domain) {
        actor.username.clone()
    } else {
        actor.handle()
    }
}

/// The Account entity of an actor.
pub fn account(view: &ApiViewer<'_>, actor: &Actor) -> AccountEntity {
    let own = view.is_owner(actor);
    let theirs = (actor.counts.posts, actor.counts.followers, actor.counts.following);
    let (posts, followers, following) =
        if own { (view.count.posts, view.count.followers, view.count.following) } else { theirs };
    let alt = |text: &String| if own { text.clone() } else { String::new() };
    let avatar = avatar(actor, &view.links);
    let header = picture(actor.image.as_deref(), &view.links);
    AccountEntity {
        id: actor.id.to_string(),
        username: actor.username.clone(),
        acct: acct(view, actor),
        display_name: actor.name.clone(),
        locked: actor.approves_followers,
        bot: matches!(actor.kind.as_str(), "Service" | "Application"),
        discoverable: actor.discoverable,
        indexable: actor.indexable,
        group: actor.kind == "Group",
        created_at: midnight(actor.published_at.unwrap_or(actor.created_at)),
        note: actor.bio.clone(),
        url: actor.url.clone(),
        uri: actor.uri.clone(),
        avatar_static: avatar.clone(),
        avatar,
        avatar_description: alt(&view.settings.icon_alt),
        header_static: header.clone(),
        header,
        header_description: alt(&view.settings.image_alt),
        followers_count: followers,
        following_count: following,
        statuses_count: posts,
        last_status_at: if own { view.count.last_post_at() } else { view.last_of(actor.id) }.map(date),
        hide_collections: own && !view.settings.show_follows,
        emojis: emojis(view, &actor.emoji),
        fields: actor.fields.iter().map(shown).collect(),
        roles: [],
        suspended: actor.gone_at.map(|_| true),
        noindex: own.then_some(!actor.indexable),
    }
}

/// The reduced Account entity.
pub fn partial(view: &ApiViewer<'_>, actor: &Actor) -> PartialAccountEntity {
    let AccountEntity { id, acct, locked, bot, url, avatar, avatar_static, avatar_description, .. } =
        account(view, actor);
    PartialAccountEntity { id, acct, locked, bot, url, avatar, avatar_static, avatar_description }
}

fn shown(field: &ActorField) -> FieldEntity {
    FieldEntity { name: field.name.clone(), value: field.value.clone(), verified_at: None }
}

/// The owner's own account: an account with `source` and `role`.
pub fn credentials(view: &ApiViewer<'_>, owner: &Actor, settings: &Settings, requests: u32) -> Value {
    let mut whole = serde_json::to_value(account(view, owner)).unwrap_or_default();
    let fields: Vec<Value> = owner.fields.iter().map(source).collect();
    if let Value::Object(map) = &mut whole {
        map.insert(
            "source".to_owned(),
            json!({
                "privacy": settings.audience.parse().map_or("public", super::visibility::visibility),
                "sensitive": settings.sensitive,
                "language": Some(&settings.language).filter(|tag| !tag.is_empty()),
                "note": owner.bio_source.clone().unwrap_or_else(|| plain_text::from_html(&owner.bio)),
                "fields": fields,
                "follow_requests_count": requests,
                "hide_collections": !settings.show_follows,
                "discoverable": owner.discoverable,
                "indexable": owner.indexable,
                "attribution_domains": settings.attribution_domains,
                "quote_policy": quote_policy(settings),
            }),
        );
        // No permission of administration; every client takes this role for a plain one.
        let role = json!({ "id": "-99", "name": "", "permissions": "0", "color": "", "highlighted": false });
        map.insert("role".to_owned(), role);
    }
    whole
}

/// The default quote policy in Mastodon's words, which do not include approval.
pub fn quote_policy(settings: &Settings) -> &'static str {
    match settings.choices().quote {
        PolicyChoice::Everyone => "public",
        PolicyChoice::Followers => "followers",
        PolicyChoice::Following | PolicyChoice::WithApproval | PolicyChoice::Nobody => "nobody",
    }
}

/// The choice of Mastodon's word.
pub fn quote_choice(word: &str) -> Option<PolicyChoice> {
    match word {
        "public" => Some(PolicyChoice::Everyone),
        "followers" => Some(PolicyChoice::Followers),
        "nobody" => Some(PolicyChoice::Nobody),
        _ => None,
    }
}

/// An Account with fields of the single view: the new account after a move, and whether its server is limited.
pub fn whole(view: &ApiViewer<'_>, actor: &Actor, moved: Option<&Actor>, limited: LimitedHost) -> Value {
    let mut whole = serde_json::to_value(account(view, actor)).unwrap_or_default();
    if let Value::Object(map) = &mut whole {
        if let Some(moved) = moved {
            map.insert("moved".to_owned(), json!(account(view, moved)));
        }
        if limited == LimitedHost::Yes {
            map.insert("limited".to_owned(), json!(true));
        }
    }
    whole
}

/// Whether the actor's server is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitedHost {
    /// Only its followed people are shown.
    Yes,
    /// No.
    No,
}

fn source(field: &ActorField) -> Value {
    let value = field.source.clone().unwrap_or_else(|| plain_text::from_html(&field.value));
    json!({ "name": field.name, "value": value, "verified_at": null })
}

/// The Relationship entity.
#[derive(Debug, Clone, Default, Serialize)]
pub struct RelationshipEntity {
    /// Of the other.
    pub id: String,
    /// The owner follows them.
    pub following: bool,
    /// Their boosts are shown.
    pub showing_reblogs: bool,
    /// Their posts are announced.
    pub notifying: bool,
    /// Languages shown; toot wants a list.
    pub languages: Vec<String>,
    /// They follow the owner.
    pub followed_by: bool,
    /// The owner blocks them.
    pub blocking: bool,
    /// They block the owner.
    pub blocked_by: bool,
    /// The owner has muted them.
    pub muting: bool,
    /// Their notifications, too.
    pub muting_notifications: bool,
    /// Until when.
    pub muting_expires_at: Option<String>,
    /// The owner has requested to follow them.
    pub requested: bool,
    /// They have requested to follow the owner.
    pub requested_by: bool,
    /// Their server is blocked.
    pub domain_blocking: bool,
    /// Shown on the owner's profile.
    pub endorsed: bool,
    /// The owner's private note on them.
    pub note: String,
}
