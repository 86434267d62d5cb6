//! Polls: the fields to create one, the form to vote, the results.

use std::time::Duration;

use maud::{Markup, PreEscaped, html};

use crate::base::Result;
use crate::base::id::PostId;
use crate::federation::remote::backfill::{self, BackfillJob};
use crate::federation::{Node, owner::publish};
use crate::social::poll::{MAX_OPTION_CHARS, MAX_OPTIONS, NewPoll};
use crate::store::posts::polls::{PollOption, StoredPoll};
use crate::store::posts::post_views::PostView;
use crate::text::{escape, plain_text};
use crate::web::page::form::FormFields;
use crate::web::page::layout::{PageContext, icon};
use crate::web::page::{formatting, people::actor_widgets};

/// Option fields shown at first.
const INITIAL_OPTIONS: usize = 4;
/// Durations offered.
const POLL_DURATIONS: [(u64, &str); 8] = [
    (5, "5 minutes"),
    (30, "half an hour"),
    (60, "1 hour"),
    (6 * 60, "6 hours"),
    (24 * 60, "1 day"),
    (3 * 24 * 60, "3 days"),
    (7 * 24 * 60, "a week"),
    (30 * 24 * 60, "30 days"),
];
/// The default duration.
const DEFAULT_POLL_MINUTES: u64 = 24 * 60;
/// Age at which counts of a remote poll are fetched again.
const COUNTS_MAX_AGE: Duration = Duration::from_mins(10);

/// The poll fields of the compose form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PollFields {
    options: Vec<String>,
    multiple: bool,
    hides: bool,
    minutes: u64,
}

impl Default for PollFields {
    fn default() -> Self {
        Self { options: Vec::new(), multiple: false, hides: false, minutes: DEFAULT_POLL_MINUTES }
    }
}

impl PollFields {
    /// From a sent form.
    pub fn from(fields: &FormFields) -> Self {
        Self {
            options: fields.all("option").take(MAX_OPTIONS).map(str::to_owned).collect(),
            multiple: fields.has("multiple"),
            hides: fields.has("hides"),
            minutes: fields.text("length").parse().unwrap_or(DEFAULT_POLL_MINUTES),
        }
    }

    /// From a draft.
    pub fn of(poll: &NewPoll) -> Self {
        let minutes = poll.length.as_secs() / 60;
        Self { options: poll.options.clone(), multiple: poll.multiple, hides: poll.hides, minutes }
    }

    /// The poll, if any option was entered.
    pub fn poll(&self) -> Option<NewPoll> {
        let length = Duration::from_secs(self.minutes.saturating_mul(60));
        self.is_started().then(|| NewPoll {
            options: self.options.clone(),
            multiple: self.multiple,
            length,
            hides: self.hides,
        })
    }

    fn is_started(&self) -> bool {
        self.options.iter().any(|option| !option.trim().is_empty())
    }
}

/// The drawer of the compose form in which a poll is made.
pub fn compose_fields(filled: &PollFields) -> Markup {
    let more = filled.options.iter().skip(INITIAL_OPTIONS).any(|option| !option.trim().is_empty());
    html! {
        details.tool open[filled.is_started()] {
            summary title="Add a poll" { (icon("poll")) span.label { "Poll" } }
            div.drawer {
                div.options { @for n in 0..INITIAL_OPTIONS { (option_field(n, filled)) } }
                details.spare-options open[more] {
                    summary.note { "More options" }
                    div.options { @for n in INITIAL_OPTIONS..MAX_OPTIONS { (option_field(n, filled)) } }
                }
                label.check { input type="checkbox" name="multiple" value="yes" checked[filled.multiple]; " Several options may be chosen" }
                label.check { input type="checkbox" name="hides" value="yes" checked[filled.hides]; " Hide results until the poll ends" }
                label for="length" { "Open for" }
                select.short #length name="length" {
                    @if !POLL_DURATIONS.iter().any(|(minutes, _)| *minutes == filled.minutes) {
                        option value=(filled.minutes) selected { (formatting::duration(Duration::from_secs(filled.minutes.saturating_mul(60)))) }
                    }
                    @for (minutes, name) in POLL_DURATIONS { option value=(minutes) selected[minutes == filled.minutes] { (name) } }
                }
            }
        }
    }
}

fn option_field(n: usize, filled: &PollFields) -> Markup {
    html! {
        input type="text" name="option" value=[filled.options.get(n)] maxlength=(MAX_OPTION_CHARS) dir="auto"
            aria-label={ "Option " (n + 1) } placeholder={ "Option " (n + 1) };
    }
}

/// The poll of a post: a vote form for the owner while it is open and not voted in, else the results.
pub fn of(ctx: &PageContext<'_>, card: &PostView) -> Markup {
    let Some(poll) = &card.poll else { return html! {} };
    let ours = ctx.is_owner(&card.author);
    if ctx.session.is_some() && !ours && is_stale(ctx, poll) {
        // Fetched in the background, for the next view.
        backfill::enqueue(ctx.node, BackfillJob::Poll(card.post.id));
    }
    let open = ctx.session.is_some() && !ours && poll.own_choices.is_empty() && !poll.is_over(ctx.now);
    html! {
        div.poll lang=[card.post.language.as_deref()] {
            @if open {
                (vote_form(ctx, card, poll))
                details { summary.note { "Results" } (result_bars(ctx, card, poll)) }
            } @else if poll.hides_counts && ctx.session.is_none() && !poll.is_over(ctx.now) {
                ul { @for choice in &poll.options { li dir="auto" { (text(ctx, card, choice)) } } }
                p.note lang="en" { "Results are shown when the poll ends." }
            } @else { (result_bars(ctx, card, poll)) }
            p.note lang="en" { (summary(ctx, poll)) }
        }
    }
}

/// Whether its counts should be fetched: it is open and they are old, or over and they are from before its end.
fn is_stale(ctx: &PageContext<'_>, poll: &StoredPoll) -> bool {
    match poll.end_at.filter(|end| *end <= ctx.now) {
        Some(end) => poll.checked_at <= end,
        None => ctx.now.since(poll.checked_at) >= COUNTS_MAX_AGE,
    }
}

fn vote_form(ctx: &PageContext<'_>, card: &PostView, poll: &StoredPoll) -> Markup {
    let id = card.post.id;
    let kind = if poll.multiple { "checkbox" } else { "radio" };
    html! {
        form.ballot method="post" action={ "/post/" (id) "/vote" } {
            (ctx.token(&format!("#p{}", card.id)))
            fieldset {
                legend.hidden lang="en" { (if poll.multiple { "Choose one or more options" } else { "Choose an option" }) }
                @for (n, choice) in poll.options.iter().enumerate() {
                    label.check {
                        input type=(kind) name="choice" value=(n) required[!poll.multiple];
                        span dir="auto" { (text(ctx, card, choice)) }
                    }
                }
            }
            button lang="en" type="submit" { "Vote" }
        }
    }
}

fn result_bars(ctx: &PageContext<'_>, card: &PostView, poll: &StoredPoll) -> Markup {
    html! {
        ol.standing {
            @for (n, choice) in poll.options.iter().enumerate() {
                @let percent = percent(poll, choice);
                @let mine = poll.own_choices.contains(&n);
                li.mine[mine] {
                    span.percent title=(formatting::short_count(choice.votes, "vote")) { (percent) "%" }
                    span.choice dir="auto" {
                        (text(ctx, card, choice))
                        @if mine { " " (icon("check")) span.hidden lang="en" { " (your choice)" } }
                    }
                    progress max="100" value=(percent) aria-hidden="true" {}
                }
            }
        }
    }
}

/// "12 people voted · ends in 2 days".
fn summary(ctx: &PageContext<'_>, poll: &StoredPoll) -> Markup {
    let votes = poll.votes();
    let said = match poll.voters {
        _ if poll.hides_counts && ctx.session.is_none() && !poll.is_over(ctx.now) => "A poll".to_owned(),
        _ if votes == 0 => "Nobody has voted yet".to_owned(),
        // A count below that of one answer cannot be right.
        Some(voters) if is_probably_over(poll, voters) => match voters {
            1 => "1 person voted".to_owned(),
            many => format!("{} people voted", formatting::number(many)),
        },
        _ => formatting::short_count(votes, "vote"),
    };
    html! {
        (said)
        @match poll.end_at {
            Some(end) if end <= ctx.now => { " · over since " (formatting::relative_time(end, ctx.now)) }
            Some(end) => { " · ends " time datetime=(end.rfc3339()) title=(formatting::full_date(end)) { (formatting::time_until(end, ctx.now)) } }
            None => {}
        }
        @if poll.multiple { " · multiple choice" }
    }
}

fn is_probably_over(poll: &StoredPoll, voters: u64) -> bool {
    let most = poll.options.iter().map(|option| option.votes).max().unwrap_or_default();
    voters >= most && voters <= poll.votes()
}

/// The share of an option: of the voters in a multiple-choice poll, else of the votes.
fn percent(poll: &StoredPoll, choice: &PollOption) -> u64 {
    let votes = poll.votes();
    let whole = poll.voters.filter(|voters| poll.multiple && is_probably_over(poll, *voters)).unwrap_or(votes);
    choice.votes.saturating_mul(100).saturating_add(whole / 2).checked_div(whole).unwrap_or_default()
}

/// The text of an option. Some servers write HTML into it; own ones are plain text.
fn plain_text(card: &PostView, choice: &PollOption) -> String {
    let marked = card.post.source.is_none() && choice.text.contains("</");
    let words = if marked { plain_text::from_html(&choice.text) } else { choice.text.clone() };
    let line = plain_text::one_line(&words);
    if line.is_empty() { plain_text::one_line(&choice.text) } else { line }
}

fn text(ctx: &PageContext<'_>, card: &PostView, choice: &PollOption) -> Markup {
    let safe = escape(&plain_text(card, choice));
    html! { (PreEscaped(actor_widgets::emoji(ctx, &safe, &card.post.emoji))) }
}

/// The options as HTML for feed readers.
pub fn for_feed(card: &PostView) -> String {
    let Some(poll) = &card.poll else { return String::new() };
    let items: String =
        poll.options.iter().map(|option| format!("<li>{}</li>", escape(&plain_text(card, option)))).collect();
    format!("<ul>{items}</ul>")
}

/// The options on one line, for descriptions.
pub fn result_text(card: &PostView) -> String {
    let Some(poll) = &card.poll else { return String::new() };
    let options: Vec<String> = poll.options.iter().map(|option| plain_text(card, option)).collect();
    format!(" ({})", options.join(" / "))
}

/// The owner votes, by the form of [`of`].
pub fn vote(node: &Node, id: PostId, fields: &FormFields) -> Result<()> {
    publish::vote(node, id, fields.all("choice").filter_map(|choice| choice.parse().ok()).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use actix_web::http::StatusCode;
    use actix_web::test::TestRequest;

    use super::*;
    use crate::base::Time;
    use crate::federation::owner::login;
    use crate::store::posts;
    use crate::web::auth;
    use crate::web::page::tests::sample;
    use crate::web::test_support::{self, TestResponse};

    fn said(reply: &TestResponse) -> String {
        String::from_utf8_lossy(&reply.body).into_owned()
    }

    struct PollOwner {
        house: test_support::TestServer,
        cookie: String,
        csrf: String,
    }

    impl PollOwner {
        fn new() -> Self {
            let house = test_support::TestServer::new();
            let value = login::open_session(&house.node.store, "a test").unwrap();
            let csrf = auth::csrf_token(&house.node, &login::token_hash(&value));
            Self { house, cookie: format!("{}={value}", auth::SESSION_COOKIE), csrf }
        }

        async fn get(&self, path: &str) -> String {
            let request = TestRequest::get().uri(path).insert_header(("Cookie", self.cookie.as_str()));
            said(&self.house.call(request).await)
        }

        async fn send(&self, path: &str, fields: &[(&str, &str)]) -> TestResponse {
            let mut form = vec![("csrf", self.csrf.as_str()), ("back", "/")];
            form.extend(fields);
            let request = TestRequest::post().uri(path).insert_header(("Cookie", self.cookie.as_str()));
            self.house.call(request.set_form(form)).await
        }

        /// A poll by another actor on the home timeline.
        fn asked(&self, options: &[(&str, u64)], multiple: bool, end: Option<Duration>) -> PostId {
            let node = &self.house.node;
            let bo = sample::person(node, "bo", "bo.example", "Bo");
            let id = sample::post(node, bo, "<p>Which?</p>", |post| post.kind = "Question".into());
            sample::poll(node, id, options, multiple, end);
            id
        }
    }

    #[actix_web::test]
    async fn a_poll_is_made_on_the_page_and_visitors_see_how_it_stands() {
        let owner = PollOwner::new();
        let two = [
            ("text", "Ski or sledge?"),
            ("audience", "public"),
            ("option", "Ski"),
            ("option", ""),
            ("option", "<b>Sledge"),
        ];
        let one = [
            ("text", "Ski or sledge?"),
            ("audience", "public"),
            ("option", "Only <this>"),
            ("length", "5"),
            ("multiple", "yes"),
        ];
        let refused = owner.send("/compose", &one).await;
        let html = said(&refused);
        assert_eq!(refused.code, StatusCode::BAD_REQUEST);
        for kept in
            ["value=\"Only &lt;this&gt;\"", "<option value=\"5\" selected>", "name=\"multiple\" value=\"yes\" checked"]
        {
            assert!(html.contains(kept), "{kept} in {html}");
        }
        let done = owner.send("/compose", &two).await;
        assert_eq!(done.code, StatusCode::SEE_OTHER, "{}", said(&done));
        let id: PostId = done.header("location").strip_prefix("/post/").unwrap().parse().unwrap();
        let post = owner.house.node.store.read(|r| posts::by_id(r, id)).unwrap();
        assert_eq!(post.kind, "Question");
        let page = said(&owner.house.get(&format!("/@ann/{id}"), "text/html").await);
        assert!(page.contains("Nobody has voted yet · ends ") && page.contains("in 1 day"), "{page}");
        assert!(page.contains("&lt;b&gt;Sledge") && !page.contains("ballot"), "{page}");
        assert!(page.contains("Ski or sledge? (Ski / "), "the answers are in its description");
        let own = owner.get(&format!("/post/{id}")).await;
        assert!(!own.contains("class=\"ballot\"") && own.contains("class=\"standing\""), "nobody votes for themselves");
        let feed = said(&owner.house.get("/@ann/feed.atom", "*/*").await);
        assert!(feed.contains("&lt;ul&gt;&lt;li&gt;Ski&lt;/li&gt;"), "{feed}");
    }

    #[actix_web::test]
    async fn the_owner_answers_a_poll_and_then_sees_how_it_stands() {
        let owner = PollOwner::new();
        let id = owner.asked(&[("<p>Snow</p>", 1), ("a < b", 2)], false, Some(Duration::from_secs(7200)));
        let html = owner.get("/").await;
        assert!(html.contains("<input type=\"radio\" name=\"choice\" value=\"1\" required>"), "{html}");
        assert!(html.contains(">Snow<") && html.contains("a &lt; b") && html.contains("3 votes · ends "), "{html}");
        let path = format!("/post/{id}/vote");
        assert_eq!(owner.send(&path, &[]).await.code, StatusCode::BAD_REQUEST, "nothing was chosen");
        let done = owner.send(&path, &[("choice", "0")]).await;
        assert_eq!((done.code, done.header("location")), (StatusCode::SEE_OTHER, "/"));
        let html = owner.get("/").await;
        assert!(!html.contains("class=\"ballot\"") && html.contains("(your choice)"), "{html}");
        assert!(html.contains("title=\"2 votes\">50%") && html.contains("4 votes"), "{html}");
        assert_eq!(owner.send(&path, &[("choice", "1")]).await.code, StatusCode::BAD_REQUEST, "votes stand");
    }

    #[actix_web::test]
    async fn a_poll_that_is_over_cannot_be_answered() {
        let owner = PollOwner::new();
        let id = owner.asked(&[("A", 1), ("B", 2)], true, Some(Duration::from_secs(60)));
        assert!(owner.get("/").await.contains("type=\"checkbox\" name=\"choice\""));
        owner.house.node.clock().advance(Duration::from_secs(61));
        let html = owner.get("/").await;
        assert!(html.contains("over since") && !html.contains("class=\"ballot\""), "{html}");
        let late = owner.send(&format!("/post/{id}/vote"), &[("choice", "0")]).await;
        assert!(late.code == StatusCode::BAD_REQUEST && said(&late).contains("This poll is over"));
    }

    #[test]
    fn shares_are_of_people_where_that_can_be() {
        let poll = |counts: &[u64], voters, multiple| StoredPoll {
            post_id: PostId(1),
            options: counts.iter().map(|votes| PollOption { text: String::new(), votes: *votes }).collect(),
            multiple,
            voters,
            hides_counts: false,
            end_at: None,
            checked_at: Time::from_secs(0),
            next_upkeep_at: None,
            own_choices: Vec::new(),
        };
        let first = |poll: StoredPoll| percent(&poll, &poll.options[0]);
        assert_eq!(first(poll(&[1, 2], None, false)), 33);
        assert_eq!(first(poll(&[3, 3], Some(4), true)), 75);
        assert_eq!(first(poll(&[3, 3], Some(4), false)), 50, "one vote each: voters say nothing");
        assert_eq!(first(poll(&[3, 3], Some(0), true)), 50, "fewer people than votes for one answer");
        assert_eq!(first(poll(&[3, 3], Some(900), true)), 50, "more people than votes");
        assert_eq!(first(poll(&[0, 0], None, false)), 0);
        assert_eq!(first(poll(&[u64::MAX, u64::MAX], None, true)), 1, "absurd, and no panic");
    }
}
