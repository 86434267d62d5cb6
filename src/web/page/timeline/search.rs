//! `/find?q=`: search; a handle, address or hashtag leads to what it names.

use actix_web::{HttpRequest, HttpResponse, web};
use maud::{Markup, html};
use serde::Deserialize;

use crate::base::id::PostId;
use crate::base::{Error, Result};
use crate::federation::owner::search::{self, SearchInput};
use crate::federation::remote::resolve::{self, Resolved};
use crate::federation::{Node, remote::backfill};
use crate::store::posts::Viewer;
use crate::store::timelines::search::{PeopleScope, search_actors};
use crate::store::{Read, actors, posts::post_views, timelines::tags};
use crate::text::scan;
use crate::web::auth::{Owner, see_other};
use crate::web::blocking::{PageError, error_sentence, run_blocking};
use crate::web::page::layout::{self, NavigationEntry, PageContext, PageFrame, icon};
use crate::web::page::login::capitalized;
use crate::web::page::post::thread::thread_query;
use crate::web::page::timeline::home::{TimelineQuery, pager_of};
use crate::web::page::{people::actor_widgets, post::post_card};

/// Maximum length of a query: the longest URL we store.
const MAX_QUERY_BYTES: usize = 2048;

/// People and hashtags shown of those that were found.
const MAX_ACTORS_SHOWN: u32 = 8;

/// The query.
#[derive(Debug, Deserialize)]
pub struct SearchPageQuery {
    q: Option<String>,
    before: Option<PostId>,
    after: Option<PostId>,
}

/// The result of a search.
enum SearchOutcome {
    Go(String),
    Show(String),
}

/// `GET /find`.
pub async fn show(
    node: web::Data<Node>,
    owner: Owner,
    asked: web::Query<SearchPageQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, PageError> {
    let here = request.uri().to_string();
    let asked = asked.into_inner();
    let window = TimelineQuery { before: asked.before, after: asked.after };
    let asked = asked.q.unwrap_or_default();
    let outcome = run_blocking(&node, move |node| {
        let asked = asked.trim();
        let problem = match run_search(node, asked) {
            Ok(Some(path)) => return Ok(SearchOutcome::Go(path)),
            Ok(None) => None,
            Err(problem @ Error::Internal(_)) => return Err(problem),
            Err(problem) => Some(problem),
        };
        node.store.read(|r| {
            let ctx = PageContext::load(node, r, Some(&owner), &here)?;
            let below = match &problem {
                Some(problem) => html! { p.problem role="alert" { (result_text(asked, problem)) } },
                None if asked.is_empty() => search_hints(),
                None => results(&ctx, r, asked, window)?,
            };
            let page = PageFrame::new("Find", NavigationEntry::Find, html! { (form(asked)) (below) });
            Ok(SearchOutcome::Show(layout::document(&ctx, &page).into_string()))
        })
    });
    Ok(match outcome.await? {
        SearchOutcome::Go(path) => see_other(&path),
        SearchOutcome::Show(markup) => layout::private(markup),
    })
}

/// The page that a hashtag, handle or URL names; None for free text.
fn run_search(node: &Node, asked: &str) -> Result<Option<String>> {
    if asked.len() > MAX_QUERY_BYTES {
        return Err(Error::invalid("that is too long to be a handle or an address"));
    }
    if let Some(tag) = asked.strip_prefix('#').filter(|tag| !tag.is_empty() && !tag.contains(char::is_whitespace)) {
        return Ok(Some(format!("/tags/{}", thread_query(tag))));
    }
    if matches!(SearchInput::parse(asked), SearchInput::Text(_)) {
        return Ok(None);
    }
    Ok(Some(match resolve::find(node, asked)? {
        Resolved::Actor(id) => {
            // The first view of an actor fetches their newest posts.
            backfill::fetch_profile(node, id)?;
            format!("/people/{id}")
        }
        Resolved::Post(id) => format!("/post/{id}"),
    }))
}

fn form(asked: &str) -> Markup {
    html! {
        h1 { "Find" }
        search {
            form.search method="get" action="/find" role="search" {
                label.hidden for="q" { "Text, name, handle or URL" }
                input #q type="search" name="q" value=(asked) placeholder="Text, handle, URL or #hashtag" maxlength=(MAX_QUERY_BYTES)
                    autocapitalize="off" autocomplete="off" spellcheck="false" autofocus[asked.is_empty()];
                button.main type="submit" { (icon("find")) "Find" }
            }
        }
    }
}

fn search_hints() -> Markup {
    html! {
        div.note {
            p { "Type a handle such as " code { "@name@example.org" } ", paste the address of somebody’s page or of a post from any server, or a "
                code { "#hashtag" } ". Text is searched in all posts stored here, your own and others, and in names of people." }
            p { "All words must match; " code { "\"two words\"" } " matches a phrase, and " code { "-word" }
                " must not. " code { "from:me" } ", " code { "from:@name@example.org" } ", " code { "has:media" } ", " code { "has:poll" } ", "
                code { "has:link" } ", " code { "is:reply" } ", " code { "before:2026-01-31" } " and " code { "after:2026-01-31" } " narrow it down." }
            p { "Or look " a href="/around" { "around" } ": the public posts that came by here. Or at the "
                a href="/tags" { "hashtags you follow" } "." }
            p { "Nothing is searched beyond that: there is no list of everybody on the fediverse, and yours is not sent anywhere." }
        }
    }
}

/// Matching actors, hashtags and posts; on later pages posts only.
fn results(ctx: &PageContext<'_>, r: &Read<'_>, asked: &str, window: TimelineQuery) -> Result<Markup> {
    let first = window.before.is_none() && window.after.is_none();
    let mut ids = search::posts(ctx.node, r, asked, None, Viewer::Owner, window.page(), 0)?;
    let beyond = window.without_extra_row(&mut ids);
    let cards = post_views::post_views(r, &ids)?;
    let people = if first { search_actors(r, asked, PeopleScope::All, MAX_ACTORS_SHOWN, 0)? } else { Vec::new() };
    let tag = scan::whole_tag(asked).filter(|_| first);
    let tags = tag.map(|(name, _)| tags::starting_with(r, &name, MAX_ACTORS_SHOWN)).transpose()?.unwrap_or_default();
    let mut actors = actors::by_ids(r, &people)?;
    actors.sort_by_key(|actor| people.iter().position(|id| *id == actor.id));
    Ok(html! {
        @if actors.is_empty() && tags.is_empty() && cards.is_empty() {
            div.empty { p { "Nothing was found for “" (asked) "”." } }
        }
        @if !actors.is_empty() {
            section aria-label="People" { ul.people { @for actor in &actors { (actor_widgets::row(ctx, actor, &html! {})) } } }
        }
        @if !tags.is_empty() {
            p.note aria-label="Hashtags" { @for tag in &tags { a rel="tag" href={ "/tags/" (thread_query(tag)) } { bdi { "#" (tag) } } " " } }
        }
        @if !cards.is_empty() { (post_card::post_list(ctx, &cards)) }
        (pager_of(&format!("/find?q={}", thread_query(asked)), &ids, beyond))
    })
}

fn result_text(asked: &str, problem: &Error) -> String {
    match problem {
        Error::NotFound => {
            format!("No results for “{asked}”. Is there a typo in it? A handle has two parts: @name@example.org.")
        }
        Error::Gone => "That was deleted where it lived.".to_owned(),
        other => capitalized(&error_sentence(other)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::time::Duration;

    use actix_web::http::StatusCode;
    use actix_web::test::TestRequest;

    use crate::base::Audience;
    use crate::federation::owner::login;
    use crate::web::auth;
    use crate::web::page::tests::sample;
    use crate::web::test_support::TestServer;

    struct SearchBrowser {
        house: TestServer,
        cookie: String,
        csrf: String,
    }

    impl SearchBrowser {
        fn new() -> Self {
            let house = TestServer::new();
            let value = login::open_session(&house.node.store, "a test").unwrap();
            let csrf = auth::csrf_token(&house.node, &login::token_hash(&value));
            Self { house, cookie: format!("{}={value}", auth::SESSION_COOKIE), csrf }
        }

        async fn get(&self, path: &str) -> String {
            let request = TestRequest::get().uri(path).insert_header(("Cookie", self.cookie.as_str()));
            let reply = self.house.call(request).await;
            assert_eq!(reply.code, StatusCode::OK, "{path}");
            reply.text()
        }

        async fn press(&self, path: &str) {
            let form = [("csrf", self.csrf.as_str()), ("back", "/tags/stove")];
            let request = TestRequest::post().uri(path).insert_header(("Cookie", self.cookie.as_str())).set_form(form);
            let reply = self.house.call(request).await;
            assert_eq!((reply.code, reply.header("location")), (StatusCode::SEE_OTHER, "/tags/stove"));
        }
    }

    #[actix_web::test]
    async fn words_lead_to_posts_people_and_hashtags() {
        let desk = SearchBrowser::new();
        let bo = sample::person(&desk.house.node, "bo", "there.example", "Bo Stovemaker");
        sample::post(&desk.house.node, bo, "<p>A warm <b>stove</b> at last</p>", |_| {});
        desk.house.test_store.clock.advance(Duration::from_secs(60));
        desk.house.post("secretly by the #stove", Audience::Followers);
        let page = desk.get("/find?q=stove").await;
        assert!(page.contains("at last") && page.contains("secretly by the"), "{page}");
        assert!(page.contains("href=\"/tags/stove\""), "{page}");
        assert!(desk.get("/find?q=stovem").await.contains("bo@there.example"));
        let none = desk.get("/find?q=%3Cb%3Enothing%22").await;
        assert!(none.contains("Nothing was found") && none.contains("&lt;b&gt;nothing"), "{none}");
        for n in 0..21 {
            desk.house.post(&format!("kettle {n}"), Audience::Public);
        }
        let first = desk.get("/find?q=%22kettle%22").await;
        let next = first.split("href=\"").find(|part| part.starts_with("/find?q=%22kettle%22&amp;before=")).unwrap();
        let next = next.split('"').next().unwrap().replace("&amp;", "&");
        let second = desk.get(&next).await;
        assert!(second.contains("kettle 0") && !second.contains("kettle 1<"), "{second}");
        let stranger = desk.house.get("/find?q=stove", "text/html").await;
        assert_eq!((stranger.code, stranger.text().contains("stove at")), (StatusCode::SEE_OTHER, false));
    }

    #[actix_web::test]
    async fn a_hashtag_is_followed_on_its_page() {
        let desk = SearchBrowser::new();
        assert!(desk.get("/tags").await.contains("None so far"));
        assert!(desk.get("/tags/stove").await.contains("action=\"/tags/stove/follow\""));
        desk.press("/tags/Stove/follow").await;
        let page = desk.get("/tags/stove").await;
        assert!(page.contains("You follow this hashtag") && page.contains("action=\"/tags/stove/unfollow\""));
        assert!(desk.get("/tags").await.contains("#Stove"));
        let stranger = desk.house.get("/tags/stove", "text/html").await;
        assert!(!stranger.text().contains("follow this hashtag"), "{}", stranger.text());
        desk.press("/tags/stove/unfollow").await;
        assert!(desk.get("/tags").await.contains("None so far"));
    }
}
