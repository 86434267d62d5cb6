//! Blocked servers. After each change of the rules the follows are updated: those with blocked servers are severed and
//! remembered, those with unblocked servers are restored.

use std::collections::HashMap;

use crate::base::id::{ActorId, HostListId};
use crate::base::{Error, Result};
use crate::social::follow;
use crate::store::actors;
use crate::store::actors::severed_follows::{self, ActorWithHosts};
use crate::store::moderation::host_blocks::{self, HostBlockRule, HostBlockRules, MANUAL_LIST, Severity};
use crate::store::{Read, Write, actors::follows, moderation::host_block_lists, node, timelines::home_timeline};

/// How many follows a change of the rules has severed and restored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FollowChanges {
    /// Severed follows.
    pub severed: usize,
    /// Restored follows.
    pub restored: usize,
}

/// Sets the owner's own rule for a host.
pub fn set(w: &Write<'_>, rule: &HostBlockRule) -> Result<FollowChanges> {
    host_blocks::set(w, rule)?;
    update_follows(w)
}

/// Sets many rules at once.
pub fn set_all(w: &Write<'_>, rules: &[HostBlockRule]) -> Result<FollowChanges> {
    rules.iter().try_for_each(|rule| host_blocks::set(w, rule))?;
    update_follows(w)
}

/// Removes the owner's own rule for a host; NotFound when there is none.
pub fn remove(w: &Write<'_>, host: &str) -> Result<FollowChanges> {
    if !host_blocks::remove(w, MANUAL_LIST, host)? {
        return Err(Error::NotFound);
    }
    update_follows(w)
}

/// Puts a list into effect, including its held rules, but not for the hosts in `except`.
pub fn apply_list(w: &Write<'_>, list: HostListId, except: &[String]) -> Result<FollowChanges> {
    host_block_lists::get(w, list)?;
    for host in except {
        host_blocks::set(w, &HostBlockRule::manual(host, Severity::Allow, "an exception from a list"))?;
    }
    host_blocks::detach_list(w, list)?;
    host_block_lists::apply(w, list)?;
    update_follows(w)
}

/// Removes a list: follows that only it has severed are restored.
pub fn delete_list(w: &Write<'_>, list: HostListId) -> Result<FollowChanges> {
    host_block_lists::remove(w, list)?;
    update_follows(w)
}

/// Replaces the rules of a list by the fetched ones. If the list is in effect, new rules that would sever a follow are
/// held until the owner confirms them.
pub fn replace_list_rules(w: &Write<'_>, list: HostListId, rules: &[HostBlockRule]) -> Result<FollowChanges> {
    let counts = host_block_lists::get(w, list)?.applied_at.is_some();
    let mut known: HashMap<String, HostBlockRule> = HashMap::new();
    loop {
        let after = known.keys().max().cloned().unwrap_or_default();
        let more = host_blocks::of_list(w, list, &after, 1000)?;
        if more.is_empty() {
            break;
        }
        known.extend(more.into_iter().map(|rule| (rule.host.clone(), rule)));
    }
    let touched = if counts { hosts_with_follows(w)? } else { Vec::new() };
    for rule in rules {
        let before = known.remove(&rule.host);
        let harder = before.as_ref().is_none_or(|b| b.held || b.severity < rule.severity);
        let cuts = || touched.iter().any(|host| host_blocks::covering(host).contains(&rule.host));
        let held = counts && rule.severity == Severity::Block && harder && cuts();
        host_blocks::set(w, &HostBlockRule { list_id: list, held, ..rule.clone() })?;
    }
    for host in known.keys() {
        host_blocks::remove(w, list, host)?;
    }
    host_block_lists::fetched(w, list)?;
    update_follows(w)
}

/// Hosts of the actors the owner follows or is followed by.
fn hosts_with_follows(r: &Read<'_>) -> Result<Vec<String>> {
    let owner = node::owner(r)?;
    Ok(severed_follows::list_active(r, owner)?.into_iter().flat_map(|tie| tie.hosts).collect())
}

/// Updates follows, timelines, notifications and queued deliveries to match the rules.
fn update_follows(w: &Write<'_>) -> Result<FollowChanges> {
    let Ok(owner) = node::owner(w) else { return Ok(FollowChanges::default()) };
    let (ties, cut, noticed) = (
        severed_follows::list_active(w, owner)?,
        severed_follows::list_severed(w)?,
        severed_follows::list_notifying_actors(w)?,
    );
    let all = ties.iter().chain(&cut).chain(&noticed);
    let rules = host_blocks::rules_for(w, all.flat_map(|tie| tie.hosts.clone()), None)?;
    let mut done = FollowChanges::default();
    for tie in ties.iter().filter(|tie| is_blocked(&rules, tie)) {
        severed_follows::sever(w, owner, tie.actor_id)?;
        home_timeline::remove_actor(w, tie.actor_id)?;
        severed_follows::remove_traces(w, tie.actor_id)?;
        done.severed += 1;
    }
    for tie in noticed.iter().filter(|tie| is_blocked(&rules, tie)) {
        severed_follows::remove_traces(w, tie.actor_id)?;
    }
    for tie in cut.iter().filter(|tie| !is_blocked(&rules, tie)) {
        done.restored += usize::from(restore_follow(w, owner, tie)?);
    }
    severed_follows::delete_blocked_deliveries(w)?;
    Ok(done)
}

fn is_blocked(rules: &HostBlockRules, tie: &ActorWithHosts) -> bool {
    tie.hosts.iter().any(|host| rules.judge(host).is_blocked())
}

/// Restores a follower; the owner's own follow is requested again.
fn restore_follow(w: &Write<'_>, owner: ActorId, tie: &ActorWithHosts) -> Result<bool> {
    if !tie.ours {
        severed_follows::restore_follower(w, owner, tie.actor_id)?;
        return Ok(true);
    }
    if !severed_follows::take_severed_own_follow(w, tie.actor_id)? || follows::get(w, owner, tie.actor_id)?.is_some() {
        return Ok(false);
    }
    match follow::send(w, &actors::by_id(w, owner)?, tie.actor_id) {
        Ok(()) => Ok(true),
        // Gone or blocked meanwhile.
        Err(Error::Gone | Error::Conflict(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// What rules would sever and hide, before they take effect.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BlockPreview {
    /// Actors the owner follows, each with the host of the rule.
    pub following: Vec<(ActorId, String)>,
    /// Followers of the owner, likewise.
    pub followers: Vec<(ActorId, String)>,
    /// Stored posts that would be hidden.
    pub posts: u32,
    /// Known servers that would be blocked.
    pub hosts: usize,
}

/// What a list would sever, whether it is in effect or not; its held rules are included.
pub fn preview_list(r: &Read<'_>, list: HostListId) -> Result<BlockPreview> {
    let people = AffectedActors::load(r)?;
    let then = host_blocks::rules_for(r, people.hosts(), Some(list))?;
    preview(r, people, &then)
}

/// What a block of one host would sever.
pub fn preview_host(r: &Read<'_>, host: &str) -> Result<BlockPreview> {
    preview(r, AffectedActors::load(r)?, &HostBlockRules::single(HostBlockRule::manual(host, Severity::Block, "")))
}

/// The actors and hosts that a rule could affect.
struct AffectedActors {
    actors: Vec<ActorWithHosts>,
    known_hosts: Vec<String>,
}

impl AffectedActors {
    fn load(r: &Read<'_>) -> Result<Self> {
        Ok(Self {
            actors: severed_follows::list_active(r, node::owner(r)?)?,
            known_hosts: severed_follows::known_hosts(r)?,
        })
    }

    fn hosts(&self) -> impl Iterator<Item = String> {
        self.actors.iter().flat_map(|tie| tie.hosts.clone()).chain(self.known_hosts.iter().cloned())
    }
}

fn preview(r: &Read<'_>, people: AffectedActors, then: &HostBlockRules) -> Result<BlockPreview> {
    let now = host_blocks::rules_for(r, people.hosts(), None)?;
    let news = |host: &str| Some(then.judge(host)).filter(|v| v.is_blocked() && !now.judge(host).is_blocked());
    let mut preview = BlockPreview::default();
    for tie in &people.actors {
        let Some(rule) = tie.hosts.iter().find_map(|host| news(host)?.rule) else { continue };
        let list = if tie.ours { &mut preview.following } else { &mut preview.followers };
        list.push((tie.actor_id, rule.0));
    }
    let blocked: Vec<String> = people.known_hosts.iter().filter(|host| news(host).is_some()).cloned().collect();
    preview.posts = severed_follows::count_posts_from_hosts(r, &blocked)?;
    preview.hosts = blocked.len();
    Ok(preview)
}
