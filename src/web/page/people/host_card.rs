//! The server card on a profile: its software, reachability, and known incompatibilities.

use maud::{Markup, html};

use crate::base::Result;
use crate::store::actors::Actor;
use crate::store::peers::hosts::{self, Host};
use crate::store::{Read, moderation::host_blocks};
use crate::web::page::formatting;
use crate::web::page::layout::{PageContext, icon};

/// (part of the software's name, or of the host where NodeInfo says nothing; the name as shown; what to know).
const SOFTWARE_NOTES: [(&str, &str, &[&str]); 16] = [
    (
        "threads",
        "Threads",
        &[
            "Your replies and mentions may not be seen there.",
            "Its polls, and posts with limited replies, do not come here.",
            "Its posts arrive some minutes late, so that they can still be changed.",
            "It may block servers without a public profile, a privacy policy and a minimum age; this one has them.",
        ],
    ),
    (
        "bridgy",
        "Bridgy Fed, a bridge to Bluesky and the web",
        &[
            "Only public posts cross the bridge.",
            "You are bridged when you follow its bot, have an avatar, and your account is a week old.",
            "Edits and some sorts of posts do not cross.",
        ],
    ),
    (
        "flipboard",
        "Flipboard",
        &["Magazines mostly share links; replies are seldom read.", "It takes public posts only."],
    ),
    (
        "wordpress",
        "WordPress",
        &["Your replies become comments there and may wait for approval.", "Followers-only posts are not shown there."],
    ),
    (
        "ghost",
        "Ghost",
        &["Only public posts are shown there.", "Your likes and replies are seen by the site's people."],
    ),
    (
        "lemmy",
        "Lemmy",
        &[
            "There are no followers-only posts: only what is public, or a message to one person, is shown there.",
            "Who moves to another server is not followed along.",
        ],
    ),
    ("mbin", "Mbin", &["Who moves to another server is not followed along."]),
    ("piefed", "PieFed", &["Only public posts are shown there."]),
    ("pixelfed", "Pixelfed", &["Posts without an image are mostly not shown there."]),
    (
        "peertube",
        "PeerTube",
        &["It shows videos and comments; other posts are not seen there.", "Who moves is not followed along."],
    ),
    ("bookwyrm", "BookWyrm", &["It takes replies and private messages; other posts are not shown there."]),
    ("mobilizon", "Mobilizon", &["It shows events and comments; other posts are not seen there."]),
    ("funkwhale", "Funkwhale", &["It is about music; posts are not shown there."]),
    ("owncast", "Owncast", &["It announces streams; replies are not shown there."]),
    ("castopod", "Castopod", &["It is a podcast; your replies become comments."]),
    ("writefreely", "WriteFreely", &["It is a blog; replies and likes are not shown there."]),
];

/// Known hosts without NodeInfo.
const KNOWN_HOSTS: [(&str, &str); 6] = [
    ("threads.net", "threads"),
    ("threads.com", "threads"),
    ("brid.gy", "bridgy"),
    ("flipboard.com", "flipboard"),
    ("flipboard.social", "flipboard"),
    ("flipboard.video", "flipboard"),
];

/// Name and notes of a server's software.
fn software_notes(
    host: &str,
    software: Option<&str>,
) -> Option<&'static (&'static str, &'static str, &'static [&'static str])> {
    let names = host_blocks::covering(host);
    let by_host = KNOWN_HOSTS.iter().find(|(known, _)| names.iter().any(|name| name == known)).map(|(_, mark)| *mark);
    let word = by_host.or(software)?.to_lowercase();
    SOFTWARE_NOTES.iter().find(|(mark, ..)| word.contains(mark))
}

/// The card.
pub fn card(r: &Read<'_>, ctx: &PageContext<'_>, actor: &Actor) -> Result<Markup> {
    let [_, server] = host_blocks::hosts_of(actor);
    let (host, since) = (hosts::get(r, &server)?, hosts::known_since(r, &actor.host)?);
    let software = host.as_ref().and_then(|host| host.software.as_deref());
    let facts = software_notes(&server, software);
    let version = host.as_ref().and_then(|host| host.software_version.as_deref()).unwrap_or_default();
    let name = facts.map(|(_, name, _)| (*name).to_owned()).or_else(|| software.map(fact_row));
    Ok(html! {
        details.words {
            summary { (icon("cabin")) " " bdi { (actor.host) } @if let Some(name) = &name { " · " (name) } @if !reachable(host.as_ref()) { " · not reachable" } }
            @if server != actor.host { p.note { "The server itself is " bdi { (server) } "." } }
            @if let Some(name) = &name { p { "It runs " (name) @if !version.is_empty() { " " bdi { (version) } } "." } }
            @else { p { "It does not say what it runs." } }
            @if let Some(since) = since { p { "Known here since " (formatting::relative_time(since, ctx.now)) "." } }
            (reachability(ctx, host.as_ref()))
            @if let Some((.., known)) = facts { ul { @for fact in *known { li { (fact) } } } }
        }
    })
}

fn reachable(host: Option<&Host>) -> bool {
    host.is_none_or(|host| host.failing_since_at.is_none())
}

fn reachability(ctx: &PageContext<'_>, host: Option<&Host>) -> Markup {
    html! {
        @match host.map(|host| (host.failing_since_at, host.heard_at)) {
            Some((Some(since), _)) => {
                p { "It cannot be reached since " (formatting::relative_time(since, ctx.now)) "; what is for it waits for up to seven days." }
            }
            Some((None, Some(heard))) => p { "It last responded " (formatting::relative_time(heard, ctx.now)) "." },
            _ => {}
        }
    }
}

/// `gotosocial` as `Gotosocial`: better than nothing.
fn fact_row(word: &str) -> String {
    let known = [
        ("gotosocial", "GoToSocial"),
        ("nodebb", "NodeBB"),
        ("snac", "snac"),
        ("hytte", "hytte"),
        ("gnusocial", "GNU social"),
    ];
    if let Some((_, name)) = known.iter().find(|(mark, _)| *mark == word) {
        return (*name).to_owned();
    }
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_to_know_goes_by_the_software_or_by_the_host() {
        let name = |host, software| software_notes(host, software).map(|(_, name, _)| *name);
        assert_eq!(name("www.threads.net", None), Some("Threads"));
        assert_eq!(name("bsky.brid.gy", Some("bridgy-fed")), Some("Bridgy Fed, a bridge to Bluesky and the web"));
        assert_eq!(name("a.example", Some("lemmy")), Some("Lemmy"));
        assert_eq!(name("notthreads.net", Some("mastodon")), None);
        assert_eq!((fact_row("mastodon").as_str(), fact_row("gotosocial").as_str()), ("Mastodon", "GoToSocial"));
    }
}
