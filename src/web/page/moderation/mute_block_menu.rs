//! Mute, block and report on a profile, and what is in effect.

use std::time::Duration;

use maud::{Markup, html};

use crate::base::id::{ActorId, HostListId};
use crate::base::{Error, Result};
use crate::federation::{Node, owner::publish};
use crate::store::actors::Actor;
use crate::store::moderation::blocks::{self, Block};
use crate::store::moderation::host_blocks::{self, HostPolicy};
use crate::store::moderation::mutes::{self, Mute, MuteScope};
use crate::store::{Read, moderation::host_block_lists};
use crate::web::page::form::FormFields;
use crate::web::page::formatting;
use crate::web::page::layout::{PageContext, icon};
use crate::web::page::people::actor_widgets::action_button;

const HOUR: Duration = Duration::from_hours(1);
/// Durations offered for a mute; the last has no end.
const MUTE_DURATIONS: [(&str, &str, Option<Duration>); 5] = [
    ("hour", "for an hour", Some(HOUR)),
    ("day", "for a day", Some(HOUR.saturating_mul(24))),
    ("week", "for a week", Some(HOUR.saturating_mul(24 * 7))),
    ("month", "for a month", Some(HOUR.saturating_mul(24 * 30))),
    ("ever", "until I unmute them", None),
];
/// Scopes offered for a mute.
const MUTE_SCOPES: [(&str, &str, MuteScope); 3] = [
    ("everything", "Everything, notifications too", MuteScope::Everything),
    ("home", "Their posts at home", MuteScope::Home),
    ("boosts", "Only what they boost", MuteScope::Boosts),
];

/// Blocks and mutes between the owner and an actor.
pub struct ModerationState {
    block: Option<Block>,
    mute: Option<Mute>,
    blocks_us: bool,
    verdict: HostPolicy,
    /// The name of the list that decided about their server; None for the owner's own rule.
    list: Option<String>,
}

impl ModerationState {
    /// Loads it.
    pub fn load(r: &Read<'_>, actor: &Actor) -> Result<Self> {
        let verdict = host_blocks::of_actor(r, actor)?;
        let list = match verdict.rule {
            Some((_, id)) if id != HostListId(0) => Some(host_block_lists::get(r, id)?.name),
            _ => None,
        };
        let block = blocks::get(r, actor.id)?;
        let blocks_us = blocks::blocked_by(r, actor.id)?.is_some();
        Ok(Self { block, mute: mutes::get(r, actor.id)?, blocks_us, verdict, list })
    }

    /// True when nothing of theirs is shown.
    pub fn is_blocked(&self) -> bool {
        self.block.is_some() || self.verdict.is_blocked()
    }
}

/// The menu beside the name.
pub fn menu(ctx: &PageContext<'_>, actor: &Actor, distance: &ModerationState) -> Markup {
    html! {
        details.more {
            summary.act title="More" aria-label={ "More about " (actor.name) } { (icon("more")) span.text-only { "More" } }
            div.menu {
                @if distance.mute.is_none() {
                    details {
                        summary { (icon("hidden")) "Mute…" }
                        form.stack method="post" action={ "/people/" (actor.id) "/mute" } {
                            (ctx.token(""))
                            select name="reach" aria-label="What to hide" { @for (word, label, _) in MUTE_SCOPES { option value=(word) { (label) } } }
                            select name="length" aria-label="For how long" { @for (word, label, _) in MUTE_DURATIONS { option value=(word) { (label) } } }
                            button type="submit" { "Mute" }
                            p.note { "They are not told." }
                        }
                    }
                }
                a href={ "/people/" (actor.id) "/report" } { (icon("warning")) "Report…" }
                @if distance.block.is_none() {
                    details {
                        summary { (icon("cross")) "Block…" }
                        form method="post" action={ "/people/" (actor.id) "/block" } {
                            (ctx.token(""))
                            p.note { "Neither of you follows the other any more, and you see nothing of theirs." }
                            button.danger type="submit" { "Yes, block them" }
                        }
                    }
                }
                a href={ "/servers/check?host=" (crate::web::page::post::thread::thread_query(&actor.host)) } { (icon("door")) "Block " (actor.host) "…" }
            }
        }
    }
}

/// What is in effect, one line each, below the name.
pub fn state_lines(ctx: &PageContext<'_>, actor: &Actor, distance: &ModerationState) -> Markup {
    html! {
        @if let Some(block) = &distance.block {
            div.tie { (icon("cross")) span { "You block them since " (formatting::relative_time(block.created_at, ctx.now)) "." } (action_button(ctx, actor, "unblock", "Unblock", "plain")) }
        }
        @if distance.blocks_us { p { (icon("cross")) span { "They block you." } } }
        @if let Some(mute) = &distance.mute {
            div.tie { (icon("hidden")) span { (state_text(mute, ctx)) } (action_button(ctx, actor, "unmute", "Unmute", "plain")) }
        }
        @if let Some(severity) = distance.verdict.severity {
            p {
                (icon("door"))
                span {
                    "Their server is " (if severity == host_blocks::Severity::Block { "blocked" } else { "limited" }) " by "
                    a href="/servers" { @match &distance.list { Some(name) => { "the list " (name) }, None => "you" } } "."
                }
            }
        }
    }
}

/// "You mute them until 3 March."
fn state_text(mute: &Mute, ctx: &PageContext<'_>) -> String {
    let what = match mute.reach {
        MuteScope::Everything => "You mute them",
        MuteScope::Home => "You mute them at home",
        MuteScope::Boosts => "You mute what they boost",
    };
    match mute.until_at {
        Some(at) => format!("{what}; that ends {}.", formatting::time_until(at, ctx.now)),
        None => format!("{what}."),
    }
}

/// The scope of a mute in a few words, for lists.
pub fn muted(mute: &Mute, ctx: &PageContext<'_>) -> String {
    state_text(mute, ctx).replacen("You mute them", "Muted", 1).replacen("You mute", "Muted:", 1)
}

/// `POST /people/{id}/{act}`: block, unblock, mute, unmute.
pub fn apply_action(node: &Node, id: ActorId, act: &str, fields: &FormFields) -> Result<()> {
    match act {
        "block" => publish::block(node, id),
        "unblock" => publish::unblock(node, id),
        "mute" => {
            let reach = MUTE_SCOPES.iter().find(|(word, ..)| *word == fields.text("reach"));
            let length = MUTE_DURATIONS.iter().find(|(word, ..)| *word == fields.text("length"));
            let (Some((.., reach)), Some((.., length))) = (reach, length) else {
                return Err(Error::invalid("choose what to hide, and for how long"));
            };
            publish::mute(node, id, *reach, *length)
        }
        "unmute" => publish::unmute(node, id),
        _ => Err(Error::NotFound),
    }
}
