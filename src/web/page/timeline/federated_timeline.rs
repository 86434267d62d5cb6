//! `/around`: the federated timeline.

use actix_web::{HttpRequest, HttpResponse, web};
use maud::html;

use crate::base::Result;
use crate::federation::Node;
use crate::store::timelines::filters::FilterContext;
use crate::store::{peers::relays, posts::post_views};
use crate::web::auth::Owner;
use crate::web::blocking::{PageError, run_blocking};
use crate::web::page::layout::{self, NavigationEntry, PageContext, PageFrame};
use crate::web::page::post::post_card;
use crate::web::page::timeline::home::{TimelineQuery, pager};

/// `GET /around`.
pub async fn show(
    node: web::Data<Node>,
    owner: Owner,
    window: web::Query<TimelineQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, PageError> {
    let (window, here) = (window.into_inner(), request.uri().to_string());
    let markup = run_blocking(&node, move |node| {
        node.store.read(|r| {
            let ctx = PageContext::load(node, r, Some(&owner), &here)?.active_filters(r, FilterContext::Public)?;
            let mut ids = relays::relayed_posts(r, window.page())?;
            let beyond = window.without_extra_row(&mut ids);
            let cards = post_views::post_views(r, &ids)?;
            let body = html! {
                h1 { "Federated timeline" }
                p.note { "Public posts that came by here, from people you follow and from strangers. "
                    a href="/settings/relays" { "Relays" } " bring more of them." }
                @if cards.is_empty() { div.empty { p { "Nothing has come by yet." } } } @else { (post_card::post_list(&ctx, &cards)) }
                (pager("/around", &ids, beyond))
            };
            Ok(layout::document(&ctx, &PageFrame::new("Federated timeline", NavigationEntry::Find, body)).into_string())
        })
    });
    Ok(layout::private(markup.await?))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use actix_web::http::StatusCode;
    use actix_web::test::TestRequest;

    use crate::base::id::{ActorId, PostId};
    use crate::federation::owner::login;
    use crate::store::peers::relays::RelayStyle;
    use crate::store::posts::PostPage;
    use crate::store::{
        actors,
        peers::relays,
        posts::{groups, post_views},
        timelines::home_timeline,
    };
    use crate::web::auth;
    use crate::web::page::tests::sample;
    use crate::web::test_support::TestServer;

    struct TimelineBrowser {
        house: TestServer,
        cookie: String,
        csrf: String,
    }

    impl TimelineBrowser {
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
            String::from_utf8_lossy(&reply.body).into_owned()
        }

        async fn send(&self, path: &str, fields: &[(&str, &str)]) -> (StatusCode, String) {
            let mut all = vec![("csrf", self.csrf.as_str())];
            all.extend(fields);
            let request = TestRequest::post().uri(path).insert_header(("Cookie", self.cookie.as_str())).set_form(all);
            let reply = self.house.call(request).await;
            (reply.code, String::from_utf8_lossy(&reply.body).into_owned())
        }

        /// A group with a post of somebody's in it.
        fn group(&self) -> (ActorId, PostId) {
            let id = sample::person(&self.house.node, "cats", "lemmy.example", "Cats & co");
            let bo = sample::person(&self.house.node, "bo", "there.example", "Bo");
            let post = sample::post(&self.house.node, bo, "<p>A cat on a roof</p>", |_| {});
            let write = self.house.node.store.write(move |w| {
                let group = actors::Actor { kind: "Group".into(), ..actors::by_id(w, id)? };
                actors::upsert(w, &group)?;
                home_timeline::remove_actor(w, bo)?;
                groups::put(w, id, post, groups::GroupSource::Group)
            });
            write.unwrap();
            (id, post)
        }
    }

    #[actix_web::test]
    async fn what_came_by_is_shown_with_its_group_and_not_at_home() {
        let desk = TimelineBrowser::new();
        let (group, _) = desk.group();
        let around = desk.get("/around").await;
        assert!(around.contains("A cat on a roof") && around.contains("Cats &amp; co"), "{around}");
        assert!(!desk.get("/").await.contains("A cat on a roof"));
        let page = desk.get(&format!("/people/{group}")).await;
        assert!(page.contains("A cat on a roof"), "a group's page has its posts");
        assert!(page.contains(&format!("/compose?group={group}")));
    }

    #[actix_web::test]
    async fn a_thread_is_begun_from_the_page_of_a_group() {
        let desk = TimelineBrowser::new();
        let (group, _) = desk.group();
        let form = desk.get(&format!("/compose?group={group}")).await;
        assert!(form.contains("Cats &amp; co") && form.contains("name=\"title\""), "{form}");
        let id = group.to_string();
        let fields = [("group", id.as_str()), ("title", "Two cats"), ("text", "They like the stove.")];
        let (code, again) = desk.send("/compose", &[&fields[..], &[("audience", "followers")]].concat()).await;
        assert_eq!(code, StatusCode::BAD_REQUEST);
        assert!(again.contains("must be public") && again.contains("Two cats"), "nothing typed is lost: {again}");
        let (code, _) = desk.send("/compose", &[&fields[..], &[("audience", "public")]].concat()).await;
        assert_eq!(code, StatusCode::SEE_OTHER);
        let newest = desk
            .house
            .node
            .store
            .read(|r| post_views::post_views(r, &home_timeline::page(r, PostPage::first(1))?))
            .unwrap()
            .remove(0);
        assert_eq!((newest.post.kind.as_str(), newest.post.title.as_deref()), ("Page", Some("Two cats")));
        assert_eq!(newest.group.map(|group| group.id), Some(group));
    }

    #[actix_web::test]
    async fn relays_are_joined_and_left_on_their_page() {
        let desk = TimelineBrowser::new();
        let (code, said) = desk.send("/settings/relays", &[("act", "join"), ("address", "relay.example")]).await;
        assert_eq!(code, StatusCode::BAD_REQUEST);
        assert!(said.contains("https://relay.example/inbox"), "{said}");
        let join = [("act", "join"), ("address", "https://relay.example/inbox")];
        assert_eq!(desk.send("/settings/relays", &join).await.0, StatusCode::SEE_OTHER);
        assert!(desk.get("/settings/relays").await.contains("there is no response yet"));
        let all = desk.house.node.store.read(relays::all).unwrap();
        assert_eq!(all.iter().map(|relay| relay.style).collect::<Vec<_>>(), [RelayStyle::Mastodon]);
        let keep = [("act", "keep"), ("days", "3")];
        assert_eq!(desk.send("/settings/relays", &keep).await.0, StatusCode::SEE_OTHER);
        assert_eq!(desk.house.node.store.read(crate::store::node::settings).unwrap().relay_days, 3);
        let id = all.first().unwrap().id.to_string();
        let leave = [("act", "leave"), ("relay", id.as_str())];
        assert_eq!(desk.send("/settings/relays", &leave).await.0, StatusCode::SEE_OTHER);
        assert!(desk.house.node.store.read(relays::all).unwrap().is_empty());
    }
}
