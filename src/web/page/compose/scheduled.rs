//! Saving as a draft or scheduling: a section of the compose form. Without scripts the time is asked for in UTC.

use maud::{Markup, html};

use crate::base::id::DraftId;
use crate::base::{Error, Result, Time};
use crate::federation::owner::scheduling;
use crate::store::posts::drafts::StoredDraft;
use crate::web::page::form::FormFields;
use crate::web::page::layout::icon;

/// The contents of the fields.
#[derive(Debug, Clone, Default)]
pub struct ScheduleFields {
    /// The draft being edited.
    pub draft: Option<DraftId>,
    /// Save as draft.
    pub keep: bool,
    /// The publication time; None for now.
    at: Option<Time>,
    /// The time could not be parsed.
    odd: bool,
}

impl ScheduleFields {
    /// From a sent form.
    pub fn from(fields: &FormFields) -> Self {
        let typed = fields.line("at");
        let at = scheduled_time(&typed, fields.text("zone"));
        Self {
            draft: fields.text("draft").parse().ok(),
            keep: fields.has("as_draft"),
            odd: at.is_none() && !typed.is_empty(),
            at,
        }
    }

    /// From a stored draft.
    pub fn of(kept: &StoredDraft) -> Self {
        Self { draft: Some(kept.id), keep: kept.due_at.is_none(), at: kept.due_at, odd: false }
    }

    /// When it is to be published; None for at once.
    pub fn due(&self, now: Time) -> Result<Option<Time>> {
        if self.odd {
            return Err(Error::invalid("a time is a date and an hour, such as 2026-11-24 09:30"));
        }
        let Some(at) = self.at else { return Ok(None) };
        match scheduling::scheduled_time(at, now)? {
            Some(at) => Ok(Some(at)),
            None => Err(Error::invalid("that time has passed: choose a later one, or none to publish it now")),
        }
    }
}

/// Parses a time field, with an offset in minutes east of UTC.
pub fn scheduled_time(typed: &str, zone: &str) -> Option<Time> {
    let at = Time::parse(typed)?;
    let east: i64 = zone.trim().parse().unwrap_or(0);
    (east.abs() <= 24 * 60).then(|| Time::from_ms(at.ms() - east * 60_000))
}

/// The field for a time; `id` is its own on the page.
pub fn time_field(id: &str, at: Option<Time>) -> Markup {
    let shown = at.map(|at| at.civil().strftime("%Y-%m-%dT%H:%M").to_string());
    html! {
        label for=(id) { "Publish it at (" span.zone { "UTC" } ")" }
        input.short id=(id) type="datetime-local" name="at" value=[shown] data-moment;
        input type="hidden" name="zone" value="0";
    }
}

/// The drawer.
pub fn schedule_fields(filled: &ScheduleFields) -> Markup {
    html! {
        @if let Some(draft) = filled.draft { input type="hidden" name="draft" value=(draft); }
        details.tool open[filled.keep || filled.at.is_some() || filled.odd] {
            summary title="Publish it later, or keep it as a draft" { (icon("clock")) span.label { "Later" } }
            div.drawer {
                (time_field("at", filled.at))
                label.check { input type="checkbox" name="as_draft" value="yes" checked[filled.keep]; " Keep it as a draft, to be written on" }
                p.note { "Drafts and scheduled posts are under " a href="/drafts" { "Drafts" } "." }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_where_the_reader_is() {
        let at = |typed, zone| scheduled_time(typed, zone).map(Time::rfc3339);
        assert_eq!(at("2026-11-24T09:30", "0").as_deref(), Some("2026-11-24T09:30:00Z"));
        assert_eq!(at("2026-11-24T09:30", "60").as_deref(), Some("2026-11-24T08:30:00Z"));
        assert_eq!(at("2026-11-24 09:30", "x").as_deref(), Some("2026-11-24T09:30:00Z"));
        assert_eq!((at("soon", "0"), at("2026-11-24T09:30", "99999")), (None, None));
    }
}
