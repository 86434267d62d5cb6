//! The HTTP server: all routes and limits. Three front ends (`page`, `api`, `ap`) share the modules in this folder.

pub mod blocking;
pub mod media_streams;
mod middleware;
mod rate_limit;
mod request_body;
#[cfg(test)]
pub(crate) mod test_support;
mod unread_body;

pub mod ap;
pub mod api;
pub mod auth;
pub mod files;
pub mod page;

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::{Server, Service};
use actix_web::guard::{self, GuardContext};
use actix_web::http::{Method, header};
use actix_web::middleware::{DefaultHeaders, from_fn};
use actix_web::{App, HttpServer, Route, web};

use crate::federation::{Node, owner::login};

/// Threads that run request handlers.
const WORKER_THREADS: usize = 2;
/// Threads per worker for handlers that wait for the disk or another server.
const BLOCKING_THREADS_PER_WORKER: usize = 16;
/// Maximum number of open connections per worker.
const MAX_CONNECTIONS_PER_WORKER: usize = 4_096;
/// Maximum number of connections waiting to be accepted.
const ACCEPT_BACKLOG: u32 = 1_024;
/// Maximum time for receiving the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(15);
/// How long the rest of a request body is read and dropped after the response, so that the client can read the response
/// before the connection is closed. Longer than actix's default of one second: actix starts this timer late under load,
/// and waits without limit for a timer that has already expired.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);
/// How long an idle connection stays open.
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(60);
/// How long sent data may stay unacknowledged before the connection is closed: a client that does not read occupies our
/// memory.
const WRITE_TIMEOUT: Duration = Duration::from_mins(5);
/// How long open requests may take after the server was told to stop.
const SHUTDOWN_TIMEOUT_SECONDS: u64 = 10;

/// Serves all front ends on `listener`. The future ends after the server was stopped and open requests are answered.
/// Signals are handled by the caller.
pub fn serve(node: Arc<Node>, listener: TcpListener) -> std::io::Result<Server> {
    set_write_timeouts(&listener);
    let configure = configure_app(node);
    let server = HttpServer::new(move || {
        App::new()
            .wrap(DefaultHeaders::new().add((header::X_CONTENT_TYPE_OPTIONS, "nosniff")))
            .wrap_fn(|mut request, service| {
                let hold = unread_body::keep_unread_body(&mut request);
                let answered = service.call(request);
                async move { answered.await.map(|answer| unread_body::release_after_response(hold, answer)) }
            })
            .wrap(from_fn(middleware::collapse_slashes))
            .wrap(from_fn(middleware::request_log))
            .configure(configure.clone())
    })
    .disable_signals()
    .workers(WORKER_THREADS)
    .worker_max_blocking_threads(BLOCKING_THREADS_PER_WORKER)
    .max_connections(MAX_CONNECTIONS_PER_WORKER)
    .backlog(ACCEPT_BACKLOG)
    .client_request_timeout(HEAD_TIMEOUT)
    .client_disconnect_timeout(DRAIN_TIMEOUT)
    .keep_alive(KEEP_ALIVE_TIMEOUT)
    .shutdown_timeout(SHUTDOWN_TIMEOUT_SECONDS)
    .listen(listener)?;
    Ok(server.run())
}

/// Makes the kernel close connections whose client is gone or does not read; accepted connections inherit the option.
fn set_write_timeouts(listener: &TcpListener) {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::net::sockopt::set_tcp_user_timeout(listener, WRITE_TIMEOUT.as_millis() as u32) {
        tracing::debug!(%error, "cannot limit how long unread connections stay open");
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (listener, WRITE_TIMEOUT);
}

/// The configuration of an actix `App`: shared state and all routes. All clones share one state.
pub fn configure_app(node: Arc<Node>) -> impl Fn(&mut web::ServiceConfig) + Clone + Send + 'static {
    configure_app_with(node, web::Data::default())
}

fn configure_app_with(
    node: Arc<Node>,
    hub: web::Data<api::streaming::StreamHub>,
) -> impl Fn(&mut web::ServiceConfig) + Clone + Send + 'static {
    let node = web::Data::from(node);
    let limiter = web::Data::new(rate_limit::InboxRateLimiter::default());
    let budgets = web::Data::new(request_body::BodyBudgets::default());
    let patience = web::Data::new(page::visitor::remote_follow::RemoteFollowLimiter::default());
    let gate = web::Data::new(login::LoginGuard::default());
    let turns = web::Data::new(files::ImageFetchPermits::default());
    let pieces = web::Data::new(media_streams::StreamPermits::default());
    let rates = web::Data::new(api::ApiRateLimits::default());
    let again = web::Data::new(api::ResponseCache::default());
    move |cfg| {
        cfg.app_data(node.clone()).app_data(limiter.clone()).app_data(budgets.clone()).app_data(gate.clone());
        cfg.app_data(turns.clone()).app_data(patience.clone()).app_data(pieces.clone()).app_data(rates.clone());
        cfg.app_data(hub.clone()).app_data(again.clone());
        cfg.app_data(web::PathConfig::default().error_handler(|_, request| blocking::unreadable_path(request)));
        cfg.app_data(web::QueryConfig::default().error_handler(|_, request| blocking::unreadable_query(request)));
        routes(cfg);
    }
}

fn routes(cfg: &mut web::ServiceConfig) {
    // Routes are tried in order, so the most frequent ones come first.
    api_routes(cfg);
    page_and_ap_routes(cfg);
    ap_routes(cfg);
    page_routes(cfg);
    media_routes(cfg);
    oauth_routes(cfg);
    cfg.default_service(web::to(page::missing));
}

/// URLs with two front ends: peers get a document, browsers a page.
#[rustfmt::skip]
fn page_and_ap_routes(cfg: &mut web::ServiceConfig) {
    // Before `/@{name}/{id}`, which would match them as posts.
    cfg.service(web::resource("/@{name}/feed.atom").route(read_route().to(page::visitor::feed::show)));
    cfg.service(web::resource("/@{name}/{id}/history").route(read_route().to(page::post::history::show)));
    cfg.service(web::resource("/@{name}/follow").route(web::post().to(page::visitor::remote_follow::send)));
    let vary = || cors_headers().add((header::VARY, "Accept"));
    cfg.service(web::resource("/@{name}").wrap(vary()).route(peer_route().to(ap::actor::show)).route(read_route().to(page::visitor::profile::show)));
    cfg.service(web::resource("/@{name}/{id}").wrap(vary()).route(peer_route().to(ap::posts::show_at_page_url)).route(read_route().to(page::post::thread::show)));
    cfg.service(web::resource("/users/{name}").wrap(vary()).route(peer_route().to(ap::actor::show)).route(read_route().to(ap::actor::redirect_to_page)));
    cfg.service(web::resource("/users/{name}/statuses/{id}").wrap(vary()).route(peer_route().to(ap::posts::show)).route(read_route().to(ap::posts::redirect_to_page)));
}

/// Files, readable by everyone.
#[rustfmt::skip]
fn media_routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/assets/{path:.*}").wrap(cors_headers()).route(cors_preflight_route()).route(read_route().to(files::asset)));
    cfg.service(web::resource("/media/{name}").wrap(cors_headers()).route(cors_preflight_route()).route(read_route().to(files::own_file)));
    cfg.service(web::resource("/proxy/{mac}/{url}").wrap(cors_headers()).route(cors_preflight_route()).route(read_route().to(files::remote_image)));
    cfg.service(web::resource("/stream/{mac}/{url}").wrap(cors_headers()).route(cors_preflight_route()).route(read_route().to(media_streams::remote_media)));
    cfg.service(web::resource("/favicon.ico").route(read_route().to(files::favicon)));
    cfg.service(web::resource("/health").route(read_route().to(files::health)));
    cfg.service(web::resource("/robots.txt").route(read_route().to(files::robots)));
}

/// Routes of ActivityPub only.
#[rustfmt::skip]
fn ap_routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/.well-known/webfinger").wrap(cors_headers()).route(cors_preflight_route()).route(read_route().to(ap::discovery::webfinger)));
    cfg.service(web::resource("/.well-known/host-meta").wrap(cors_headers()).route(cors_preflight_route()).route(read_route().to(ap::discovery::host_meta)));
    cfg.service(web::resource("/.well-known/host-meta.json").wrap(cors_headers()).route(cors_preflight_route()).route(read_route().to(ap::discovery::host_meta_json)));
    cfg.service(web::resource("/.well-known/nodeinfo").wrap(cors_headers()).route(cors_preflight_route()).route(read_route().to(ap::discovery::nodeinfo)));
    cfg.service(web::resource("/nodeinfo/{version}").wrap(cors_headers()).route(cors_preflight_route()).route(read_route().to(ap::discovery::nodeinfo_document)));
    cfg.service(web::resource("/actor").route(read_route().to(ap::actor::instance_actor)));
    cfg.service(web::resource("/actor/activities/{id}").route(read_route().to(ap::activities::show)));
    cfg.service(web::resource("/emojis/{id}").route(read_route().to(ap::emoji::show)));
    cfg.service(web::resource("/actor/outbox").route(read_route().to(ap::collections::show)));
    cfg.service(web::resource("/users/{name}/outbox").route(read_route().to(ap::collections::show)));
    cfg.service(web::resource("/users/{name}/followers").route(read_route().to(ap::collections::show)));
    cfg.service(web::resource("/users/{name}/followers_synchronization").route(read_route().to(ap::synchronisation::show)));
    cfg.service(web::resource("/users/{name}/following").route(read_route().to(ap::collections::show)));
    cfg.service(web::resource("/users/{name}/collections/{list}").route(read_route().to(ap::collections::show)));
    cfg.service(web::resource("/users/{name}/activities/{id}").route(read_route().to(ap::activities::show)));
    cfg.service(web::resource("/users/{name}/authorizations/{id}").route(read_route().to(ap::authorizations::show)));
    cfg.service(web::resource("/users/{name}/statuses/{id}/context").route(read_route().to(ap::posts::context)));
    cfg.service(web::resource("/users/{name}/statuses/{id}/activity").route(read_route().to(ap::posts::create)));
    cfg.service(web::resource("/users/{name}/statuses/{id}/replies").route(read_route().to(ap::posts::replies)));
    cfg.service(web::resource("/users/{name}/statuses/{id}/likes").route(read_route().to(ap::posts::likes)));
    cfg.service(web::resource("/users/{name}/statuses/{id}/shares").route(read_route().to(ap::posts::shares)));
    for inbox in ["/inbox", "/actor/inbox", "/users/{name}/inbox"] {
        cfg.service(web::resource(inbox).route(web::post().to(ap::inbox::receive)));
    }
}

/// Routes of pages only. The handlers are in `web/page/`.
#[rustfmt::skip]
fn page_routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/").route(read_route().to(page::timeline::home::show)));
    cfg.service(web::resource("/compose").route(read_route().to(page::compose::show)).route(web::post().to(page::compose::send)));
    cfg.service(web::resource("/drafts").route(read_route().to(page::compose::draft_list::show)));
    cfg.service(web::resource("/drafts/{id}/{act}").route(web::post().to(page::compose::draft_list::apply_action)));
    cfg.service(web::resource("/post/{id}").route(read_route().to(page::post::thread::for_owner)));
    cfg.service(web::resource("/post/{id}/edit").route(read_route().to(page::compose::edit::show)).route(web::post().to(page::compose::edit::send)));
    cfg.service(web::resource("/post/{id}/history").route(read_route().to(page::post::history::for_owner)));
    cfg.service(web::resource("/post/{id}/{act}").route(web::post().to(page::post::post_actions::perform)));
    cfg.service(web::resource("/people/{id}").route(read_route().to(page::people::show)));
    cfg.service(web::resource("/people/{id}/report").route(read_route().to(page::moderation::reports::report_form)).route(web::post().to(page::moderation::reports::send)));
    cfg.service(web::resource("/people/{id}/{act}").route(web::post().to(page::people::apply_action)));
    cfg.service(web::resource("/following").route(read_route().to(page::people::following)));
    cfg.service(web::resource("/followers").route(read_route().to(page::people::followers)));
    cfg.service(web::resource("/requests").route(read_route().to(page::people::requests)));
    cfg.service(web::resource("/blocks").route(read_route().to(page::moderation::blocks::show)));
    cfg.service(web::resource("/servers").route(read_route().to(page::moderation::hosts::show)));
    cfg.service(web::resource("/servers/check").route(read_route().to(page::moderation::hosts::check)));
    cfg.service(web::resource("/servers/domain_blocks.csv").route(read_route().to(page::moderation::hosts::export)));
    cfg.service(web::resource("/servers/list/{id}").route(read_route().to(page::moderation::hosts::list)));
    cfg.service(web::resource("/servers/{what}").route(web::post().to(page::moderation::hosts::save)));
    cfg.service(web::resource("/reports").route(read_route().to(page::moderation::reports::show)).route(web::post().to(page::moderation::reports::close)));
    cfg.service(web::resource("/requests/{id}/{act}").route(web::post().to(page::moderation::interaction_requests::apply_action)));
    cfg.service(web::resource("/lists").route(read_route().to(page::timeline::lists::all)).route(web::post().to(page::timeline::lists::create)));
    cfg.service(web::resource("/lists/{id}").route(read_route().to(page::timeline::lists::read)));
    cfg.service(web::resource("/lists/{id}/edit").route(read_route().to(page::timeline::lists::edit)).route(web::post().to(page::timeline::lists::save)));
    cfg.service(web::resource("/filters").route(read_route().to(page::moderation::filters::all)).route(web::post().to(page::moderation::filters::create)));
    cfg.service(web::resource("/filters/{id}").route(read_route().to(page::moderation::filters::show)).route(web::post().to(page::moderation::filters::save)));
    cfg.service(web::resource("/find").route(read_route().to(page::timeline::search::show)));
    cfg.service(web::resource("/notifications").route(read_route().to(page::notifications::show)));
    cfg.service(web::resource("/notifications/kept-back").route(read_route().to(page::notifications::filtered::show)));
    cfg.service(web::resource("/notifications/kept-back/{id}/{act}").route(web::post().to(page::notifications::filtered::apply_action)));
    cfg.service(web::resource("/bookmarks").route(read_route().to(page::timeline::bookmarks::bookmarks)));
    cfg.service(web::resource("/likes").route(read_route().to(page::timeline::bookmarks::likes)));
    cfg.service(web::resource("/queue").route(read_route().to(page::settings::queue::show)));
    cfg.service(web::resource("/around").route(read_route().to(page::timeline::federated_timeline::show)));
    cfg.service(web::resource("/settings/relays").route(read_route().to(page::settings::relays::show)).route(web::post().to(page::settings::relays::save)));
    cfg.service(web::resource("/settings").route(read_route().to(page::settings::show)));
    cfg.service(web::resource("/settings/emoji").route(read_route().to(page::settings::own_emoji::show)));
    cfg.service(web::resource("/settings/emoji/{act}").route(web::post().to(page::settings::own_emoji::save)));
    // One terminal client requests it with a trailing slash.
    cfg.service(web::resource(["/oauth/authorize", "/oauth/authorize/"]).wrap(from_fn(middleware::remove_opener_policy)).route(read_route().to(page::authorize::show)).route(web::post().to(page::authorize::decide)));
    cfg.service(web::resource("/settings/apps").route(read_route().to(page::settings::apps::show)).route(web::post().to(page::settings::apps::end)));
    cfg.service(web::resource("/settings/{what}").route(web::post().to(page::settings::save)));
    cfg.service(web::resource("/moving").route(read_route().to(page::people::moving::show)).route(web::post().to(page::people::moving::save)));
    cfg.service(web::resource("/texts").route(read_route().to(page::visitor::about::texts)).route(web::post().to(page::visitor::about::save_texts)));
    cfg.service(web::resource("/about").route(read_route().to(page::visitor::about::show)));
    cfg.service(web::resource("/privacy-policy").route(read_route().to(page::visitor::about::privacy)));
    cfg.service(web::resource("/tags").route(read_route().to(page::timeline::tags::followed)));
    cfg.service(web::resource("/tags/{name}").route(read_route().to(page::timeline::tags::show)));
    cfg.service(web::resource("/tags/{name}/{act}").route(web::post().to(page::timeline::tags::follow_or_unfollow)));
    cfg.service(web::resource("/authorize_interaction").route(read_route().to(page::login::interaction)));
    cfg.service(web::resource("/login").wrap(from_fn(middleware::remove_opener_policy)).route(read_route().to(page::login::show)).route(web::post().to(page::login::sign_in)));
    // Only GET: a HEAD request (link preview) must not use up the link.
    cfg.service(web::resource("/login/link/{token}").wrap(from_fn(middleware::remove_opener_policy)).route(web::get().to(page::login::by_link)));
    cfg.service(web::resource("/logout").route(web::post().to(page::login::sign_out)));
    cfg.service(web::resource("/welcome").route(read_route().to(page::login::welcome)).route(web::post().to(page::login::name)));
}

/// Routes of the client API only; they are listed in `web/api/routes.rs`.
#[rustfmt::skip]
fn api_routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource(["/api/v1/streaming", "/api/v1/streaming/{tail:.*}"]).route(web::to(api::streaming::serve)));
    cfg.service(web::resource("/api/{tail:.*}").route(web::to(api::serve)));
}

/// OAuth endpoints of the client API; the consent page is a page.
fn oauth_routes(cfg: &mut web::ServiceConfig) {
    let metadata = ["/.well-known/oauth-authorization-server", "/.well-known/oauth-authorization-server/"];
    for path in ["/oauth/{tail:.*}"].into_iter().chain(metadata) {
        cfg.service(web::resource(path).route(web::to(api::serve)));
    }
}

/// CORS header for resources that scripts of any origin may read, errors included.
fn cors_headers() -> DefaultHeaders {
    DefaultHeaders::new().add((header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
}

/// Answers a CORS preflight.
fn cors_preflight_route() -> Route {
    web::method(Method::OPTIONS).to(api::allowed)
}

/// A route for GET, and for HEAD, which gets no body.
fn read_route() -> Route {
    web::route().guard(guard::fn_guard(is_get_or_head))
}

/// A route for peers: GET and HEAD requests whose `Accept` prefers ActivityPub to HTML.
fn peer_route() -> Route {
    web::route().guard(guard::fn_guard(|ctx| is_get_or_head(ctx) && wants_document(ctx)))
}

fn is_get_or_head(ctx: &GuardContext<'_>) -> bool {
    matches!(ctx.head().method, Method::GET | Method::HEAD)
}

fn wants_document(ctx: &GuardContext<'_>) -> bool {
    let accepts = ctx.head().headers.get_all(header::ACCEPT).filter_map(|value| value.to_str().ok());
    blocking::prefers_activity(accepts)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::io::{Read as _, Write as _};
    use std::net::{SocketAddr, TcpStream};

    use actix_web::test::TestRequest;

    use super::*;
    use crate::web::test_support::TestServer;

    /// Sends a request over a real connection and returns the response.
    async fn ask(address: SocketAddr, request: Vec<u8>) -> String {
        let asked = web::block(move || {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
            // The server may respond and close before it has read everything.
            drop(stream.write_all(&request));
            let mut answer = Vec::new();
            let end = stream.read_to_end(&mut answer);
            let end = end.err().map(|error| error.kind());
            assert_ne!(
                end,
                Some(std::io::ErrorKind::WouldBlock),
                "the connection stays open after {:?}: {:?}",
                String::from_utf8_lossy(&request).lines().next(),
                String::from_utf8_lossy(&answer)
            );
            String::from_utf8_lossy(&answer).into_owned()
        });
        asked.await.unwrap()
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn connections_inherit_the_time_that_answers_may_lie_untaken() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        set_write_timeouts(&listener);
        let _asks = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (accepted, _) = listener.accept().unwrap();
        let limit = rustix::net::sockopt::tcp_user_timeout(&accepted).unwrap();
        assert_eq!(Duration::from_millis(limit.into()), WRITE_TIMEOUT);
    }

    #[actix_web::test]
    async fn addresses_that_cannot_be_read_get_the_answers_of_their_face() {
        let house = TestServer::new();
        let session = login::open_session(&house.node.store, "a test").unwrap();
        let cookie = format!("{}={session}", auth::SESSION_COOKIE);
        let browser = async |path: &str| {
            let request = TestRequest::get().uri(path).insert_header((header::COOKIE, cookie.clone()));
            house.call(request.insert_header((header::ACCEPT, "text/html,*/*;q=0.8"))).await
        };
        for (path, code) in [
            ("/oauth/authorize?response_type=code&response_type=code&client_id=x", 400),
            ("/login?next=/a&next=/b", 400),
            ("/?before=x", 400),
            ("/?before=1&before=2", 400),
            ("/@ann?before=x", 400),
            ("/find?q=a&q=b", 400),
            ("/tags/snow?before=-", 400),
            ("/bookmarks?before=x", 400),
            ("/notifications?before=x", 400),
            ("/authorize_interaction?uri=a&uri=b", 400),
            ("/post/x", 404),
            ("/post/%ff", 404),
            ("/people/99999999999999999999", 404),
            ("/lists/x", 404),
            ("/@ann/x", 404),
            ("/assets/%ff", 404),
        ] {
            let reply = browser(path).await;
            assert_eq!(reply.code.as_u16(), code, "{path}: {}", reply.text());
            assert!(reply.header("content-type").starts_with("text/html"), "{path}: {}", reply.text());
            assert!(reply.text().contains("To the front page") && !reply.text().contains("deserialize"), "{path}");
        }
        for (path, code) in [
            ("/.well-known/webfinger?resource=a&resource=b", 400),
            ("/users/ann/outbox?page=true&before=x", 400),
            ("/emojis/x", 404),
            ("/users/ann/authorizations/x", 404),
        ] {
            for accept in ["application/activity+json", "application/jrd+json, application/json"] {
                let reply = house.get(path, accept).await;
                assert_eq!(reply.code.as_u16(), code, "{path}");
                assert!(reply.json().get("error").is_some(), "{path}: {}", reply.text());
            }
        }
    }

    #[actix_web::test]
    async fn a_real_server_answers_head_without_body_and_reads_no_more_than_it_must() {
        let house = TestServer::new();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = serve(house.node.clone(), listener).unwrap();
        let handle = server.handle();
        actix_web::rt::spawn(server);

        let head =
            "HEAD /users/ann HTTP/1.1\r\nHost: x\r\nAccept: application/activity+json\r\nConnection: close\r\n\r\n";
        let reply = ask(address, head.into()).await;
        assert!(reply.starts_with("HTTP/1.1 200"), "{reply}");
        assert!(reply.contains("content-type: application/activity+json") && reply.ends_with("\r\n\r\n"), "{reply}");
        assert!(reply.contains("x-content-type-options: nosniff"), "{reply}");

        let mut long = b"POST /inbox HTTP/1.1\r\nHost: x\r\nContent-Type: application/activity+json\r\n\
            Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
            .to_vec();
        for _ in 0..40 {
            long.extend(b"8000\r\n");
            long.resize(long.len() + 0x8000, b' ');
            long.extend(b"\r\n");
        }
        long.extend(b"0\r\n\r\n");
        let reply = ask(address, long).await;
        assert!(reply.is_empty() || reply.starts_with("HTTP/1.1 413"), "{reply}");

        // Bodies that are not permitted or not read are not waited for, and the connection is closed.
        let bad = "Authorization: Bearer nonsense\r\n";
        let asked = [
            ("POST /api/v1/statuses", "Content-Length: 1048576\r\n", 401),
            ("POST /api/v1/statuses", &format!("{bad}Content-Length: 9\r\n"), 401),
            ("POST /api/v1/media", &format!("{bad}Transfer-Encoding: chunked\r\n"), 401),
            ("POST /login", "Content-Length: 261120\r\n", 400),
            ("POST /nothing", "Content-Length: 9\r\n", 404),
            ("POST /nothing", "Transfer-Encoding: chunked\r\n", 404),
            ("GET /health", "Transfer-Encoding: chunked\r\n", 200),
        ];
        let asked = asked.map(async |(line, more, code)| {
            let reply = ask(address, format!("{line} HTTP/1.1\r\nHost: x\r\n{more}\r\n").into()).await;
            assert!(reply.starts_with(&format!("HTTP/1.1 {code}")), "{line} {more}: {reply}");
        });
        futures_util::future::join_all(asked).await;
        handle.stop(true).await;
    }
}
