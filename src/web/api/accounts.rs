//! Accounts: the owner's own, and everyone's.

use serde_json::{Value, json};

use super::call::{Answer, Call, Reply};
use super::entity::account::{account, credentials};
use super::entity::status::status;
use super::entity::{View, status as words};
use super::paging::{Back, Window, linked};
use super::params::text_of;
use crate::base::Error;
use crate::base::id::ActorId;
use crate::federation::identity::{self, Profile};
use crate::federation::{Node, media};
use crate::media::Purpose;
use crate::store::actors::{Actor, Field};
use crate::store::posts::Viewer;
use crate::store::profile_posts::{self, Wanted};
use crate::store::{actors, cards, follows, node, pins};
use crate::text::{Handle, plain};

/// Accounts asked for at once.
const SEVERAL: usize = 40;

/// `GET /api/v1/accounts/verify_credentials`.
pub fn own(node: &Node, call: &Call) -> Reply {
    node.store.read(|r| {
        let view = View::load(node, r, call)?;
        let owner = actors::by_id(r, node::owner(r)?)?;
        let requests = follows::count(r, owner.id, follows::List::Requests)?;
        Ok(Ok(Answer::json(&credentials(&view, &owner, &node::settings(r)?, requests))))
    })?
}

/// `PATCH /api/v1/accounts/update_credentials`: what is not said stays.
pub fn update(node: &Node, call: &Call) -> Reply {
    let params = &call.params;
    let owner = node.store.read(|r| actors::by_id(r, node::owner(r)?))?;
    let picture =
        |name: &str, purpose| params.file(name).map(|bytes| media::portrait(node, bytes, purpose)).transpose();
    let (icon, image) = (picture("avatar", Purpose::Avatar)?, picture("header", Purpose::Header)?);
    let kept =
        |field: &Field| (field.name.clone(), field.source.clone().unwrap_or_else(|| plain::from_html(&field.value)));
    let fields = match params.has("fields_attributes") {
        true => params.items("fields_attributes").into_iter().map(pair).collect(),
        false => owner.fields.iter().map(kept).collect(),
    };
    let profile = Profile {
        name: params.text("display_name").unwrap_or(owner.name),
        bio: params.text("note").unwrap_or_else(|| owner.bio_source.unwrap_or_else(|| plain::from_html(&owner.bio))),
        fields,
        icon,
        image,
        approves_followers: params.flag("locked").unwrap_or(owner.approves_followers),
        discoverable: params.flag("discoverable").unwrap_or(owner.discoverable),
        indexable: params.flag("indexable").unwrap_or(owner.indexable),
    };
    identity::set_profile(node, profile)?;
    let (privacy, language) = (params.given("source/privacy"), params.text("source/language"));
    let hidden = params.flag("hide_collections");
    if privacy.is_some() || language.is_some() || hidden.is_some() {
        node.store.write(move |w| {
            let mut settings = node::settings(w)?;
            if let Some(audience) = privacy.as_deref().and_then(words::audience) {
                settings.audience = audience.word().to_owned();
            }
            settings.language = language.unwrap_or(settings.language);
            settings.show_follows = hidden.map_or(settings.show_follows, |hidden| !hidden);
            node::set_settings(w, &settings)
        })?;
    }
    own(node, call)
}

fn pair(field: &Value) -> (String, String) {
    let text = |name: &str| field.get(name).and_then(text_of).unwrap_or_default();
    (text("name"), text("value"))
}

/// `GET /api/v1/preferences`.
pub fn preferences(node: &Node, _: &Call) -> Reply {
    let settings = node.store.read(node::settings)?;
    Ok(Answer::json(&json!({
        "posting:default:visibility": settings.audience.parse().map_or("public", words::visibility),
        "posting:default:sensitive": false,
        "posting:default:language": Some(&settings.language).filter(|tag| !tag.is_empty()),
        "posting:default:quote_policy": "public",
        "reading:expand:media": "default",
        "reading:expand:spoilers": false,
        "reading:autoplay:gifs": false,
    })))
}

/// `GET /api/v1/accounts?id[]=…`, in the order asked for.
pub fn several(node: &Node, call: &Call) -> Reply {
    let ids: Vec<ActorId> = call.params.list("id").iter().filter_map(|id| id.parse().ok()).take(SEVERAL).collect();
    let shown = node.store.read(|r| {
        let view = View::load(node, r, call)?;
        let found = actors::by_ids(r, &ids)?;
        let ordered = ids.iter().filter_map(|id| found.iter().find(|actor| actor.id == *id));
        Ok(ordered.map(|actor| account(&view, actor)).collect::<Vec<_>>())
    })?;
    Ok(Answer::json(&shown))
}

/// `GET /api/v1/accounts/lookup?acct=…`: only who is known.
pub fn lookup(node: &Node, call: &Call) -> Reply {
    let asked = call.params.required("acct")?;
    let handle = Handle::parse(asked.trim_start_matches('@')).ok_or(Error::NotFound)?;
    let host = handle.host.as_deref().filter(|host| !node.facts.origin.is_ours(host));
    let host = host.unwrap_or(&node.facts.origin.domain);
    show(node, call, |r| actors::by_handle(r, &handle.name, host)?.ok_or(Error::NotFound))
}

/// `GET /api/v1/accounts/{id}`.
pub fn one(node: &Node, call: &Call) -> Reply {
    let id: ActorId = call.id()?;
    show(node, call, |r| actors::by_id(r, id))
}

fn show(node: &Node, call: &Call, find: impl FnOnce(&crate::store::Read<'_>) -> crate::base::Result<Actor>) -> Reply {
    let shown = node.store.read(|r| {
        let actor = find(r)?;
        Ok(account(&View::load(node, r, call)?, &actor))
    })?;
    Ok(Answer::json(&shown))
}

/// `GET /api/v1/accounts/{id}/statuses`.
pub fn statuses(node: &Node, call: &Call) -> Reply {
    let id: ActorId = call.id()?;
    let window = Window::of(call, 20, 40);
    let flag = |name: &str| call.params.flag(name) == Some(true);
    let tag = call.params.given("tagged").map(|tag| crate::text::scan::tag_key(tag.trim_start_matches('#')));
    let pinned = flag("pinned");
    let (shown, ids) = node.store.read(|r| {
        actors::by_id(r, id)?;
        let view = View::load(node, r, call)?;
        let wanted = Wanted {
            viewer: view.viewer(),
            rows: window.rows(),
            tag: tag.as_deref(),
            only_media: flag("only_media"),
            no_replies: flag("exclude_replies"),
            no_boosts: flag("exclude_reblogs"),
            no_private: flag("exclude_direct"),
        };
        let ids = match pinned {
            true => pins::of_actor(r, id, view.viewer())?.into_iter().filter(|id| window.holds(id.0)).collect(),
            false => profile_posts::page(r, id, &wanted)?,
        };
        let mut cards = cards::of(r, &ids)?;
        // A boost may be for more people than the post it shows.
        cards.retain(|card| view.viewer() == Viewer::Owner || card.post.audience.is_open());
        let rows = if pinned { Vec::new() } else { ids.iter().map(|id| id.0).collect() };
        Ok((cards.iter().map(|card| status(&view, card)).collect::<Vec<_>>(), rows))
    })?;
    Ok(linked(node, call, Answer::json(&shown), &ids, window, Back::Min))
}
