//! Reports (Flag), both directions. Ours are sent by the instance actor, so that the reporter stays anonymous. Received
//! ones are visible to the owner only.

use crate::ap::activity::Activity;
use crate::ap::json::Uri;
use crate::base::id::{ActorId, PostId, ReportId};
use crate::base::{Audience, Error, Result};
use crate::social::outbox::{self, ActivityRecipients};
use crate::social::{document, uri_of};
use crate::store::actors::{self, Actor};
use crate::store::moderation::reports::SentReport;
use crate::store::notifications::{self, NotificationKind};
use crate::store::{
    Write,
    moderation::{host_blocks, reports},
    node, posts,
};
use crate::text::{cut, plain_text};

/// Maximum number of posts in a report, as in Mastodon.
pub const MAX_REPORTED_POSTS: usize = 50;
/// Maximum length of a comment: Mastodon accepts 1,000 characters from its own users and 5,000 from other servers.
pub const MAX_COMMENT_CHARS: usize = 1_000;
/// Maximum length of a received comment; the rest is cut off.
const MAX_RECEIVED_COMMENT_CHARS: usize = 5_000;

/// A report by the owner.
#[derive(Debug, Clone)]
pub struct NewReport {
    /// Reported posts.
    pub posts: Vec<PostId>,
    /// Plain text.
    pub comment: String,
    /// The category.
    pub category: ReportCategory,
    /// Numbers of the broken rules of this server.
    pub rules: Vec<String>,
    /// Who receives it.
    pub recipient: ReportRecipient,
}

/// The category of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportCategory {
    /// Spam.
    Spam,
    /// Illegal content.
    Legal,
    /// A violation of the rules.
    Violation,
    /// Any other reason.
    Other,
}

impl ReportCategory {
    /// The category as stored.
    pub fn word(self) -> &'static str {
        match self {
            Self::Spam => "spam",
            Self::Legal => "legal",
            Self::Violation => "violation",
            Self::Other => "other",
        }
    }

    /// Parses a stored category.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Spam, Self::Legal, Self::Violation, Self::Other].into_iter().find(|category| category.word() == word)
    }
}

/// Who receives a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportRecipient {
    /// The moderators of the reported actor's server.
    Forwarded,
    /// Nobody: it is only stored.
    LocalOnly,
}

/// Reports an actor and some of their posts. If wanted, the report is forwarded to their server's moderators, without
/// naming the reporter.
pub fn send(w: &Write<'_>, who: ActorId, complaint: &NewReport) -> Result<ReportId> {
    let comment = complaint.comment.trim();
    if comment.chars().count() > MAX_COMMENT_CHARS {
        return Err(Error::invalid(format!("the comment of a report can have at most {MAX_COMMENT_CHARS} characters")));
    }
    let facts = node::get(w)?;
    let (service, them) = (actors::by_id(w, facts.service)?, actors::by_id(w, who)?);
    if facts.origin.owns(&them.uri) {
        return Err(Error::invalid("you cannot report yourself"));
    }
    let mut uris = Vec::new();
    for id in complaint.posts.iter().take(MAX_REPORTED_POSTS) {
        let post = posts::by_id(w, *id)?;
        if post.actor_id != who {
            return Err(Error::invalid("one of these posts is by another account"));
        }
        uris.push(post.uri);
    }
    let (id, mut uri) = outbox::next_activity(w, &service)?;
    if complaint.recipient == ReportRecipient::LocalOnly {
        // The activity id is not used up here, so the next activity would get the same one.
        let newest = reports::page(w, None, 1)?.first().map_or(0, |report| report.id.0);
        uri = format!("{}#kept-{}", service.uri, newest + 1);
    }
    let kept = reports::sent(
        w,
        SentReport {
            uri: &uri,
            target: who,
            about: &uris,
            comment,
            category: complaint.category.word(),
            rules: &complaint.rules,
            forwarded: complaint.recipient == ReportRecipient::Forwarded,
        },
    )?;
    if complaint.recipient == ReportRecipient::LocalOnly {
        return Ok(kept);
    }
    let flag = document::flag(&service, &uri, &them, &uris, comment, w.now);
    outbox::send(w, &service, id, flag, &uri, Audience::Mentioned, &ActivityRecipients::single_actor(&them))?;
    Ok(kept)
}

/// Receives a report. It is stored when it is about the owner or posts of theirs, and visible to the owner only.
pub(in crate::social) fn receive(
    w: &Write<'_>,
    owner: ActorId,
    sender: &Actor,
    activity: &Activity,
    objects: &[Uri],
    comment: Option<&str>,
) -> Result<()> {
    let us = actors::by_id(w, owner)?;
    let mut about = Vec::new();
    for object in objects.iter().take(MAX_REPORTED_POSTS) {
        let ours =
            *object == us.uri.as_str() || posts::by_uri(w, object.as_str())?.is_some_and(|post| post.actor_id == owner);
        if ours {
            about.push(object.as_str().to_owned());
        }
    }
    if about.is_empty() || host_blocks::of_actor(w, sender)?.no_reports {
        return Ok(());
    }
    let comment = plain_text::from_html(comment.unwrap_or_default());
    if reports::receive(w, &uri_of(activity), sender.id, &about, cut(comment.trim(), MAX_RECEIVED_COMMENT_CHARS))? {
        // A server sends all its reports from one actor: notify again for each.
        notifications::remove(w, NotificationKind::Report, sender.id, None)?;
        notifications::add(w, NotificationKind::Report, sender.id, None)?;
    }
    Ok(())
}
