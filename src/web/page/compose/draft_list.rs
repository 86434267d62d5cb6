//! `/drafts`: drafts, scheduled posts, and posts that could not be published.

use actix_web::{HttpRequest, HttpResponse, web};
use maud::{Markup, html};

use crate::base::id::DraftId;
use crate::base::{Error, Result};
use crate::federation::owner::draft::NewPost;
use crate::federation::{
    Node,
    owner::{publish, scheduling},
};
use crate::store::Read;
use crate::store::posts::drafts::{self, DraftCounts, StoredDraft};
use crate::text::plain_text;
use crate::web::auth::{Owner, see_other};
use crate::web::blocking::{PageError, error_sentence, run_blocking};
use crate::web::page::compose::scheduled as field;
use crate::web::page::form::{FormFields, OwnerForm};
use crate::web::page::layout::{self, NavigationEntry, PageContext, PageFrame, icon};
use crate::web::page::login::capitalized;
use crate::web::page::{formatting, post::post_card};

/// Graphemes shown of each.
const MAX_EXCERPT_GRAPHEMES: usize = 280;

/// The link from the compose form; nothing without drafts.
pub fn back_link(r: &Read<'_>) -> Result<Markup> {
    let DraftCounts { drafts, scheduled: waiting, failed } = drafts::counts(r)?;
    let parts = [(drafts, "draft"), (waiting, "scheduled post")];
    let parts = parts.iter().filter(|(n, _)| *n > 0).map(|(n, noun)| formatting::short_count(u64::from(*n), noun));
    let parts = parts.collect::<Vec<_>>().join(", ");
    Ok(html! {
        @if failed > 0 {
            p.problem role="alert" { (formatting::short_count(failed.into(), "scheduled post")) " could not be published: " a href="/drafts" { "see why" } "." }
        }
        @if !parts.is_empty() { p.note { a href="/drafts" { (parts) } } }
    })
}

/// `GET /drafts`.
pub async fn show(node: web::Data<Node>, owner: Owner, request: HttpRequest) -> Result<HttpResponse, PageError> {
    let here = request.uri().path().to_owned();
    let markup = run_blocking(&node, move |node| page(node, &owner, &here, None));
    Ok(layout::private(markup.await?))
}

fn page(node: &Node, owner: &Owner, here: &str, problem: Option<&str>) -> Result<String> {
    node.store.read(|r| {
        let ctx = PageContext::load(node, r, Some(owner), here)?;
        let all = drafts::list(r)?;
        let (due, open): (Vec<_>, Vec<_>) = all.iter().partition(|kept| kept.due_at.is_some());
        let (failed, waiting): (Vec<_>, Vec<_>) = due.into_iter().partition(|kept| kept.error.is_some());
        let body = html! {
            h1 { "Drafts" }
            @if let Some(problem) = problem { p.problem role="alert" { (problem) } }
            @if all.is_empty() {
                p { "There is nothing here. Under “Later” below the box you write in, a post can be kept as a draft or wait for its time." }
            }
            (section(&ctx, "Could not be published", &failed))
            (section(&ctx, "Waiting for their time", &waiting))
            (section(&ctx, "To be written on", &open))
        };
        Ok(layout::document(&ctx, &PageFrame::new("Drafts", NavigationEntry::Home, body)).into_string())
    })
}

fn section(ctx: &PageContext<'_>, title: &str, rows: &[&StoredDraft]) -> Markup {
    html! {
        @if !rows.is_empty() {
            h2 { (title) }
            ol.news { @for kept in rows { (draft_row(ctx, kept)) } }
        }
    }
}

fn draft_row(ctx: &PageContext<'_>, kept: &StoredDraft) -> Markup {
    let draft = scheduling::to_new_post(kept);
    html! {
        li.whole id={ "d" (kept.id) } {
            p.note { (post_card::audience_mark(draft.audience)) (scheduled_time(ctx, kept)) (draft_details(&draft)) }
            @if let Some(error) = &kept.error { p.problem { (capitalized(error)) "." } }
            @if let Some(title) = &draft.title { h3 { bdi { (title) } } }
            @if let Some(warning) = &draft.warning { p.answers { (icon("warning")) bdi { (warning) } } }
            p lang=[draft.language.as_deref()] dir="auto" { (plain_text::excerpt(&draft.text, MAX_EXCERPT_GRAPHEMES)) }
            div.do {
                a.button href={ "/compose?draft=" (kept.id) } { "Edit" }
                (button(ctx, kept, "publish", &html! { button.button type="submit" { "Publish now" } }))
            }
            @if kept.due_at.is_some() {
                details {
                    summary.note { "Change the time" }
                    (button(ctx, kept, "time", &html! {
                        (field::time_field(&format!("at-{}", kept.id), kept.due_at))
                        button.button type="submit" { "Change it" }
                    }))
                }
            }
            details {
                summary.note { "Delete…" }
                (button(ctx, kept, "delete", &html! { button.danger type="submit" { "Yes, delete it" } }))
            }
        }
    }
}

fn button(ctx: &PageContext<'_>, kept: &StoredDraft, act: &str, inside: &Markup) -> Markup {
    html! { form method="post" action={ "/drafts/" (kept.id) "/" (act) } { (ctx.token("")) (inside) } }
}

fn scheduled_time(ctx: &PageContext<'_>, kept: &StoredDraft) -> Markup {
    html! {
        @match kept.due_at {
            Some(at) if kept.error.is_none() => {
                time datetime=(at.rfc3339()) title=(formatting::full_date(at)) { (capitalized(&formatting::time_until(at, ctx.now))) } " · " (formatting::full_date(at))
            }
            Some(at) => { "It was to be published " (formatting::relative_time(at, ctx.now)) }
            None => { "Changed " (formatting::relative_time(kept.changed_at, ctx.now)) }
        }
    }
}

/// Details of a draft besides its text.
fn draft_details(draft: &NewPost) -> Markup {
    html! {
        @if draft.reply_to.is_some() { " · a reply" }
        @if draft.quote.is_some() { " · quotes a post" }
        @if draft.poll.is_some() { " · with a poll" }
        @if !draft.media.is_empty() { " · " (formatting::short_count(draft.media.len() as u64, "file")) }
        @if let Some((app, _)) = &draft.app { " · from " bdi { (app) } }
    }
}

/// `POST /drafts/{id}/{act}`: publish, time, delete. An error is shown above the list.
pub async fn apply_action(
    node: web::Data<Node>,
    path: web::Path<(DraftId, String)>,
    sent: OwnerForm,
) -> Result<HttpResponse, PageError> {
    let ((id, act), OwnerForm { owner, fields }) = (path.into_inner(), sent);
    let done = run_blocking(&node, move |node| match perform(node, id, &act, &fields) {
        Ok(path) => Ok(Ok(path)),
        Err(problem @ (Error::Internal(_) | Error::NotFound)) => Err(problem),
        Err(problem) => page(node, &owner, "/drafts", Some(&capitalized(&error_sentence(&problem)))).map(Err),
    });
    Ok(match done.await? {
        Ok(path) => see_other(&path),
        Err(markup) => layout::refused(markup),
    })
}

fn perform(node: &Node, id: DraftId, act: &str, fields: &FormFields) -> Result<String> {
    match act {
        "publish" => {
            let kept = node.store.read(|r| drafts::get(r, id))?;
            let post = publish::post(node, scheduling::to_new_post(&kept)).map_err(|error| match error {
                Error::NotFound => Error::invalid("the post it replies to or quotes is not there any more"),
                other => other,
            })?;
            Ok(format!("/post/{post}"))
        }
        "time" => {
            let filled = field::ScheduleFields::from(fields);
            let due = filled.due(node.clock().now())?.ok_or_else(|| Error::invalid("choose a time"))?;
            scheduling::reschedule(node, id, due)?;
            Ok(format!("/drafts#d{id}"))
        }
        "delete" => {
            scheduling::discard(node, id)?;
            Ok("/drafts".to_owned())
        }
        _ => Err(Error::NotFound),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::time::Duration;

    use actix_web::test::TestRequest;

    use super::*;
    use crate::federation::owner::login;
    use crate::store::timelines::home_timeline;
    use crate::web::auth;
    use crate::web::test_support::{self, TestResponse};

    struct TestBrowser {
        house: test_support::TestServer,
        cookie: String,
        csrf: String,
    }

    impl TestBrowser {
        fn new() -> Self {
            let house = test_support::TestServer::new();
            let value = login::open_session(&house.node.store, "a test").unwrap();
            let csrf = auth::csrf_token(&house.node, &login::token_hash(&value));
            Self { house, cookie: format!("{}={value}", auth::SESSION_COOKIE), csrf }
        }

        async fn get(&self, path: &str) -> String {
            let request = TestRequest::get().uri(path).insert_header(("Cookie", self.cookie.as_str()));
            self.house.call(request).await.text()
        }

        async fn send(&self, path: &str, fields: &[(&str, &str)]) -> TestResponse {
            let mut form = vec![("csrf", self.csrf.as_str()), ("back", "/"), ("audience", "followers")];
            form.extend(fields);
            let request = TestRequest::post().uri(path).insert_header(("Cookie", self.cookie.as_str()));
            self.house.call(request.set_form(form)).await
        }

        fn posts(&self) -> usize {
            self.house
                .node
                .store
                .read(|r| home_timeline::page(r, crate::store::posts::PostPage::first(9)))
                .unwrap()
                .len()
        }

        fn kept(&self) -> Vec<StoredDraft> {
            self.house.node.store.read(drafts::list).unwrap()
        }
    }

    #[actix_web::test]
    async fn a_draft_is_kept_written_on_and_published_once() {
        let browser = TestBrowser::new();
        let kept = browser.send("/compose", &[("text", "Half a"), ("warning", "Snow"), ("as_draft", "yes")]).await;
        assert!(kept.header("location").starts_with("/drafts#d"), "{}", kept.header("location"));
        let id = browser.kept().first().unwrap().id;
        assert!(browser.get("/").await.contains("1 draft"));
        let list = browser.get("/drafts").await;
        assert!(list.contains("Half a") && list.contains("To be written on"), "{list}");
        let form = browser.get(&format!("/compose?draft={id}")).await;
        assert!(form.contains("Half a</textarea>") && form.contains("value=\"Snow\""), "{form}");
        let number = id.to_string();
        let more = [("text", "Half a sentence"), ("as_draft", "yes"), ("draft", number.as_str())];
        browser.send("/compose", &more).await;
        assert_eq!((browser.kept().len(), browser.posts()), (1, 0), "the same one");
        browser.send("/compose", &[("text", "A whole sentence."), ("draft", number.as_str())]).await;
        assert_eq!((browser.kept().len(), browser.posts()), (0, 1));
        let again = browser.send("/compose", &[("text", "A whole sentence."), ("draft", number.as_str())]).await;
        assert_eq!((again.code.as_u16(), browser.posts()), (404, 1), "a button pressed twice");
    }

    #[actix_web::test]
    async fn a_post_waits_is_put_off_and_thrown_away_on_the_page() {
        let browser = TestBrowser::new();
        let now = browser.house.node.clock().now();
        let typed = |ahead: u64| now.plus(Duration::from_secs(ahead)).rfc3339().replace(":00Z", "");
        for (at, word) in [
            (typed(60), "at least five minutes"),
            ("soon".to_owned(), "A time is a date"),
            (now.minus(Duration::from_secs(3600)).rfc3339().replace(":00Z", ""), "has passed"),
        ] {
            let refused = browser.send("/compose", &[("text", "Too soon"), ("at", &at)]).await;
            assert!(refused.text().contains(word) && refused.text().contains("Too soon</textarea>"), "{at}");
        }
        assert_eq!((browser.kept().len(), browser.posts()), (0, 0));
        // An hour east of UTC it is an hour earlier.
        browser.send("/compose", &[("text", "Tomorrow"), ("at", &typed(7200)), ("zone", "60")]).await;
        let waiting = browser.kept().pop().unwrap();
        assert_eq!(waiting.due_at, Some(now.plus(Duration::from_secs(3600))));
        assert!(browser.get("/drafts").await.contains("In 1 hour"));
        browser.send(&format!("/drafts/{}/time", waiting.id), &[("at", &typed(86_400))]).await;
        assert_eq!(browser.kept().pop().unwrap().due_at, Some(now.plus(Duration::from_secs(86_400))));
        browser.send(&format!("/drafts/{}/delete", waiting.id), &[]).await;
        assert!(browser.kept().is_empty() && browser.get("/drafts").await.contains("nothing here"));
        let stranger = browser.house.get("/drafts", "text/html").await;
        assert_eq!(stranger.code.as_u16(), 303, "{}", stranger.text());
    }

    #[actix_web::test]
    async fn what_could_not_be_published_is_said_at_home_and_can_be_mended() {
        let browser = TestBrowser::new();
        let node = &browser.house.node;
        let parent = browser.house.post("Parent", crate::base::Audience::Public).id;
        let at = node.clock().now().plus(Duration::from_secs(3600)).rfc3339().replace(":00Z", "");
        let number = parent.to_string();
        browser.send("/compose", &[("text", "Answer"), ("at", &at), ("reply_to", &number)]).await;
        publish::delete(node, parent).unwrap();
        node.clock().advance(Duration::from_secs(3601));
        assert!(scheduling::publish_next_due(node).unwrap());
        assert!(browser.get("/").await.contains("1 scheduled post could not be published"));
        let id = browser.kept().pop().unwrap().id.to_string();
        assert!(browser.get("/drafts").await.contains("is not there any more"));
        let form = browser.get(&format!("/compose?draft={id}")).await;
        assert!(form.contains("Answer</textarea>") && !form.contains("name=\"reply_to\""), "{form}");
        browser.send("/compose", &[("text", "On its own"), ("draft", &id)]).await;
        assert_eq!((browser.kept().len(), browser.posts()), (0, 1));
    }
}
