//! Hashtags: looked at, followed, and shown on the profile.

use serde_json::Value;

use crate::base::id::ActorId;
use crate::base::{Error, Result};
use crate::federation::{
    Node,
    owner::{publish, tags as acts},
};
use crate::store::posts::pins::{self, Tag};
use crate::store::{Read, node, timelines::tags};
use crate::text::scan;
use crate::web::api::call::{Answer, Call, Reply};
use crate::web::api::entity::View;
use crate::web::api::entity::tag::{self as entity, Mine, featured};
use crate::web::api::error::Fault;
use crate::web::api::paging::{Back, Window, linked};
use crate::web::api::people::accounts::seen;

/// Hashtags on a profile, as Mastodon says that there is no more room.
const FULL: &str = "Validation failed: You have already featured the maximum number of hashtags";

/// The name in the path, as it is kept and as it was written; NotFound when it is no hashtag.
fn named(call: &Call) -> Result<(String, String), Fault> {
    let typed = call.captured.first().map(String::as_str).unwrap_or_default();
    Ok(scan::whole_tag(typed).ok_or(Error::NotFound)?)
}

/// Tags as their entities, in this order: (as kept, as written).
pub fn shown(r: &Read<'_>, view: &View<'_>, names: &[(String, String)]) -> Result<Vec<entity::Tag>> {
    let featured = match view.owner.filter(|_| view.as_owner) {
        Some(owner) => pins::tags(r, owner)?,
        None => Vec::new(),
    };
    let keys: Vec<String> = names.iter().map(|(name, _)| name.clone()).collect();
    let followed = if view.as_owner { tags::among(r, &keys)? } else { Default::default() };
    let tag = |(name, shown): &(String, String)| {
        let mine = Mine { following: followed.contains(name), featuring: featured.iter().any(|tag| tag.name == *name) };
        // How often others use it is the owner's to know.
        let history = if view.as_owner { tags::history(r, name, names.len())? } else { Vec::new() };
        Ok(entity::tag(view, name, shown, &history, mine))
    };
    names.iter().map(tag).collect()
}

fn now(node: &Node, call: &Call) -> Reply {
    let (name, typed) = named(call)?;
    let shown = node.store.read(|r| {
        let view = View::load(node, r, call)?;
        let known = tags::one(r, &name)?.map(|tag| tag.shown).filter(|_| view.as_owner);
        Ok(shown(r, &view, &[(name, known.unwrap_or(typed))])?.pop())
    })?;
    Ok(Answer::json(&shown))
}

/// `GET /api/v1/tags/{name}`: also of one that nobody has used yet.
pub fn one(node: &Node, call: &Call) -> Reply {
    now(node, call)
}

/// `POST /api/v1/tags/{name}/follow`.
pub fn follow(node: &Node, call: &Call) -> Reply {
    acts::follow(node, named(call)?.1)?;
    now(node, call)
}

/// `POST /api/v1/tags/{name}/unfollow`.
pub fn unfollow(node: &Node, call: &Call) -> Reply {
    acts::unfollow(node, named(call)?.0)?;
    now(node, call)
}

/// `POST /api/v1/tags/{name}/feature`.
pub fn feature(node: &Node, call: &Call) -> Reply {
    put(node, named(call)?)?;
    now(node, call)
}

/// `POST /api/v1/tags/{name}/unfeature`.
pub fn unfeature(node: &Node, call: &Call) -> Reply {
    publish::unfeature(node, named(call)?.0)?;
    now(node, call)
}

/// `GET /api/v1/followed_tags`: `Link` counts rows, the last followed first.
pub fn followed(node: &Node, call: &Call) -> Reply {
    let window = Window::of(call, 100, 200);
    let (shown, rows) = node.store.read(|r| {
        let view = View::load(node, r, call)?;
        let page = tags::page(r, window.max, window.since, window.min, window.limit)?;
        let rows: Vec<i64> = page.iter().map(|tag| tag.id).collect();
        let names: Vec<_> = page.into_iter().map(|tag| (tag.name, tag.shown)).collect();
        Ok((shown(r, &view, &names)?, rows))
    })?;
    Ok(linked(node, call, Answer::json(&shown), &rows, window, Back::Since))
}

/// What stands on a profile, as entities.
fn of_profile(r: &Read<'_>, view: &View<'_>, who: ActorId) -> Result<Vec<entity::FeaturedTag>> {
    let list = pins::tags(r, who)?;
    let own = view.owner == Some(who) && !list.is_empty();
    let names: Vec<String> = list.iter().map(|tag| tag.name.clone()).collect();
    let uses = if own { tags::own(r, &names)? } else { Vec::new() };
    Ok(list.iter().map(|tag| featured(view, tag, &uses)).collect())
}

/// `GET /api/v1/featured_tags`.
pub fn featured_list(node: &Node, call: &Call) -> Reply {
    let shown = node.store.read(|r| of_profile(r, &View::load(node, r, call)?, node::owner(r)?))?;
    Ok(Answer::json(&shown))
}

/// `GET /api/v1/accounts/{id}/featured_tags`.
pub fn of_account(node: &Node, call: &Call) -> Reply {
    let id: ActorId = call.id()?;
    let shown = node.store.read(|r| {
        seen(r, call, id)?;
        of_profile(r, &View::load(node, r, call)?, id)
    })?;
    Ok(Answer::json(&shown))
}

/// Puts a hashtag on the profile; whether it was there already.
fn put(node: &Node, (name, typed): (String, String)) -> Result<bool, Fault> {
    let known = own_tags(node)?;
    if known.iter().any(|tag| tag.name == name) {
        return Ok(true);
    }
    if known.len() >= pins::TAGS as usize {
        return Err(Fault::Refused(FULL.into()));
    }
    publish::feature(node, typed)?;
    Ok(false)
}

fn own_tags(node: &Node) -> Result<Vec<Tag>> {
    node.store.read(|r| pins::tags(r, node::owner(r)?))
}

/// `POST /api/v1/featured_tags`.
pub fn add(node: &Node, call: &Call) -> Reply {
    let typed = call.params.required("name")?;
    let tag = scan::whole_tag(&typed)
        .ok_or_else(|| Fault::Refused("Validation failed: Tag is not a valid hashtag".into()))?;
    let name = tag.0.clone();
    if put(node, tag)? {
        return Err(Fault::Refused("Validation failed: Tag has already been taken".into()));
    }
    let shown = node.store.read(|r| of_profile(r, &View::load(node, r, call)?, node::owner(r)?))?;
    let id = Value::from(entity::id(&name).to_string());
    let shown: Vec<Value> = shown.iter().filter_map(|tag| serde_json::to_value(tag).ok()).collect();
    Ok(Answer::json(&shown.into_iter().find(|tag| tag.get("id") == Some(&id))))
}

/// `DELETE /api/v1/featured_tags/{id}`.
pub fn remove(node: &Node, call: &Call) -> Reply {
    let id = call.captured.first().and_then(|id| id.parse::<i64>().ok());
    let tag = own_tags(node)?.into_iter().find(|tag| Some(entity::id(&tag.name)) == id).ok_or(Error::NotFound)?;
    publish::unfeature(node, tag.name)?;
    Ok(Answer::done())
}
