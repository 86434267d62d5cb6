//! The inbox endpoints. They read bodies within limits, and respond with 202 only to what is stored.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::json;

use super::SignedRequest;
use crate::base::{Error, Result};
use crate::federation::incoming::verify::SignatureRejection;
use crate::federation::{Node, incoming::inbox};
use crate::store;
use crate::web::blocking;
use crate::web::rate_limit::{self, InboxRateLimiter};
use crate::web::request_body::{self, BodyError, BodyPermit, BodySender, MAX_INBOX_BODY_BYTES};

/// The signature we prefer for deliveries (RFC 9421 §5.1); Fedify reads it from a 401.
const INBOX_ACCEPT_SIGNATURE: &str = r#"sig1=("@method" "@target-uri" "@authority" "content-digest");created"#;

/// Maximum length of an unverified key id in the log.
const MAX_LOGGED_KEY_ID_CHARS: usize = 200;

/// A response other than 202: its code and reason.
type InboxError = (StatusCode, String);

/// `POST` to one of our inboxes.
pub async fn receive(
    request: HttpRequest,
    body: web::Payload,
    node: web::Data<Node>,
    limiter: web::Data<InboxRateLimiter>,
) -> HttpResponse {
    let from = rate_limit::client_address(&request, &node.config.trusted_proxies);
    let now = node.clock().now();
    if !limiter.admit(from, now) {
        return error_response(StatusCode::TOO_MANY_REQUESTS, "too many requests, try again later");
    }
    match read_and_receive(&request, body, &node).await {
        Ok(()) => HttpResponse::Accepted().finish(),
        Err((code, why)) => {
            if code.is_client_error() {
                limiter.count_rejection(from, now);
            }
            if limiter.may_log_rejection(now) {
                let key_id = claimed_key_id(&request);
                let host = crate::federation::host_of(&key_id);
                let address = from.map(|from| from.to_string()).unwrap_or_default();
                tracing::info!(host, key_id, address, code = code.as_u16(), reason = why, "inbox delivery rejected");
            }
            error_response(code, &why)
        }
    }
}

/// The key id in the signature headers of a rejected request, unverified and cut to length: for the log only. Not by
/// [`crate::sig::claim`], because what that cannot parse is logged, too.
fn claimed_key_id(request: &HttpRequest) -> String {
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (old, new) = (header("signature"), header("signature-input"));
    let after = |text: &str, mark: &str| {
        let start = text.find(mark).and_then(|at| text.get(at + mark.len()..))?;
        start.split('"').next().map(|id| id.chars().filter(|c| !c.is_control()).take(MAX_LOGGED_KEY_ID_CHARS).collect())
    };
    after(old, "keyId=\"").or_else(|| after(new, "keyid=\"")).unwrap_or_default()
}

async fn read_and_receive(request: &HttpRequest, body: web::Payload, node: &web::Data<Node>) -> Result<(), InboxError> {
    check_content_type(request)?;
    let (body, place) = read_body(request, body).await?;
    let signed = SignedRequest::of(request, body);
    let verdict = blocking::run_blocking(node, move |node| {
        let _place = place;
        if !is_inbox(node, &signed.path)? {
            return Ok(Err(InboxRejection::UnknownInbox));
        }
        Ok(inbox::receive(node, &signed.as_received(node), signed.client_address).map_err(InboxRejection::Signature))
    });
    verdict.await.map_err(internal_error)?.map_err(|verdict| match verdict {
        InboxRejection::UnknownInbox => (StatusCode::NOT_FOUND, "there is no such inbox".to_owned()),
        InboxRejection::Signature(rejection) => response_to_rejection(rejection),
    })
}

enum InboxRejection {
    UnknownInbox,
    Signature(SignatureRejection),
}

/// Whether this is the path of the shared inbox or of an inbox of our own actors, by their stored URIs.
fn is_inbox(node: &Node, path: &str) -> Result<bool> {
    let url = node.facts.origin.url(path);
    node.store.read(|r| {
        let mut ours = vec![node.facts.service];
        ours.extend(store::node::owner(r).ok());
        let actors = store::actors::by_ids(r, &ours)?;
        Ok(actors.iter().any(|actor| actor.inbox == url || actor.shared_inbox.as_ref() == Some(&url)))
    })
}

/// Checks the content type. Parameters and plain JSON are accepted, because some bots send them.
fn check_content_type(request: &HttpRequest) -> Result<(), InboxError> {
    let value = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let name = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match name.as_str() {
        "application/activity+json" | "application/ld+json" | "application/json" => Ok(()),
        _ => Err((
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "send application/activity+json, or application/ld+json with the ActivityStreams profile".to_owned(),
        )),
    }
}

async fn read_body(request: &HttpRequest, payload: web::Payload) -> Result<(web::Bytes, BodyPermit), InboxError> {
    let refused = |stopped| match stopped {
        BodyError::Slow => (StatusCode::REQUEST_TIMEOUT, "the request body took too long".to_owned()),
        BodyError::Full => internal_error(Error::Busy),
        BodyError::TooLarge => {
            (StatusCode::PAYLOAD_TOO_LARGE, format!("an activity can have at most {MAX_INBOX_BODY_BYTES} bytes"))
        }
        BodyError::Broken => (StatusCode::BAD_REQUEST, "the request body is incomplete or malformed".to_owned()),
    };
    let body = request_body::of(request, payload.into_inner(), BodySender::Peer).map_err(refused)?;
    let place = body.permit();
    Ok((body.read_all(MAX_INBOX_BODY_BYTES).await.map_err(refused)?.into(), place))
}

/// The response to an internal error: 503 and never 500, because peers retry a 503, but some treat a 500 as final.
fn internal_error(error: Error) -> InboxError {
    if let Error::Internal(source) = &error {
        tracing::error!(%source, "an inbox request failed because of an internal error");
    }
    (StatusCode::SERVICE_UNAVAILABLE, blocking::error_sentence(&Error::Busy))
}

fn response_to_rejection(rejection: SignatureRejection) -> InboxError {
    match rejection {
        SignatureRejection::Malformed(why) => (StatusCode::BAD_REQUEST, why),
        SignatureRejection::Unauthorised(why) => (StatusCode::UNAUTHORIZED, why),
        SignatureRejection::Forbidden(why) => (StatusCode::FORBIDDEN, why),
        SignatureRejection::Gone => (StatusCode::GONE, blocking::error_sentence(&Error::Gone)),
        SignatureRejection::Unavailable(why) => (StatusCode::SERVICE_UNAVAILABLE, why),
    }
}

fn error_response(code: StatusCode, why: &str) -> HttpResponse {
    let mut response = HttpResponse::build(code);
    match code {
        StatusCode::UNAUTHORIZED => {
            response.insert_header(("accept-signature", INBOX_ACCEPT_SIGNATURE));
        }
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
            response.insert_header((header::RETRY_AFTER, blocking::RETRY_AFTER_SECONDS));
        }
        _ => {}
    }
    response.json(json!({ "error": why }))
}

#[cfg(test)]
mod tests {
    use actix_web::http::StatusCode;
    use actix_web::test::TestRequest;

    use super::*;
    use crate::sig::Knock;
    use crate::web::test_support::{RemoteBob, TestServer};

    const LIKE: &str = r#"{"@context":"https://www.w3.org/ns/activitystreams","id":"https://a.example/1","type":"Like",
        "actor":"https://a.example/bob","object":"https://social.example.org/users/ann/statuses/1"}"#;

    #[actix_web::test]
    async fn bad_input_is_refused_with_a_reason_and_never_a_500() {
        let house = TestServer::new();
        let activity = ("content-type", "application/activity+json");
        let post = |path: &str| TestRequest::post().uri(path).insert_header(activity);
        let signature = r#"keyId="https://a.example/bob#main-key",headers="date",signature="AAAA""#;
        let mut long = LIKE.as_bytes().to_vec();
        long.resize(MAX_INBOX_BODY_BYTES + 1, b' ');
        let table: Vec<(&str, TestRequest, u16)> = vec![
            ("unsigned", post("/inbox").set_payload(LIKE), 401),
            ("unsigned, personal", post("/users/ann/inbox").set_payload(LIKE), 401),
            ("unsigned, instance actor", post("/actor/inbox").set_payload(LIKE), 401),
            ("nobody's", post("/users/bob/inbox").set_payload(LIKE), 404),
            ("half signed", post("/inbox").insert_header(("signature", signature)).set_payload(LIKE), 401),
            ("junk signature", post("/inbox").insert_header(("signature", "\"")).set_payload(LIKE), 400),
            ("not JSON", post("/inbox").set_payload("{"), 400),
            ("not UTF-8", post("/inbox").set_payload(&b"{\"a\":\"\xff\"}"[..]), 400),
            ("empty", post("/inbox").set_payload(""), 400),
            ("a list", post("/inbox").set_payload("[]"), 400),
            ("too long", post("/inbox").set_payload(long), 413),
            ("said to be too long", post("/inbox").insert_header(("content-length", "99999999")), 413),
            ("no type", TestRequest::post().uri("/inbox").set_payload(LIKE), 415),
            ("a form", TestRequest::post().uri("/inbox").insert_header(("content-type", "text/html")), 415),
            ("wrong method", TestRequest::put().uri("/inbox"), 405),
        ];
        for (name, request, code) in table {
            let reply = house.call(request).await;
            assert_eq!(reply.code.as_u16(), code, "{name}: {}", reply.text());
            if code != 405 {
                assert!(reply.json().get("error").is_some_and(|why| why.as_str().is_some()), "{name}");
            }
            assert_eq!(!reply.header("accept-signature").is_empty(), code == 401, "{name}");
        }
    }

    #[actix_web::test]
    async fn all_content_types_of_peers_are_read() {
        let house = TestServer::new();
        for name in [
            "application/activity+json; charset=utf-8",
            "application/ld+json; profile=\"https://www.w3.org/ns/activitystreams\"",
            "application/ld+json",
            "Application/JSON;charset=utf-8",
        ] {
            let request = TestRequest::post().uri("/inbox").insert_header(("content-type", name)).set_payload(LIKE);
            assert_eq!(house.call(request).await.code, StatusCode::UNAUTHORIZED, "{name}");
        }
    }

    #[actix_web::test]
    async fn a_delete_of_somebody_unknown_costs_nothing() {
        let house = TestServer::new();
        let delete = r#"{"@context":"https://www.w3.org/ns/activitystreams","id":"https://a.example/1","type":"Delete",
            "actor":"https://a.example/bob","object":"https://a.example/bob"}"#;
        let request = TestRequest::post().uri("/inbox").insert_header(("content-type", "application/activity+json"));
        let reply = house.call(request.set_payload(delete)).await;
        assert_eq!((reply.code, reply.body.len()), (StatusCode::ACCEPTED, 0));
    }

    #[actix_web::test]
    async fn signed_activities_are_taken_in_both_formats_and_only_as_signed() {
        let house = TestServer::new();
        let bob = RemoteBob::known_to(&house);
        let follow = |n: u32, actor: &str| {
            format!(
                r#"{{"@context":"https://www.w3.org/ns/activitystreams","id":"https://b.example/follows/{n}",
                "type":"Follow","actor":"{actor}","object":"https://social.example.org/users/ann"}}"#
            )
        };
        for (n, knock) in [(1, Knock::Cavage), (2, Knock::Rfc9421)] {
            for path in ["/inbox", "/users/ann/inbox", "/inbox?x=1"] {
                let body = follow(n, RemoteBob::URI);
                let reply = house.call(bob.signed(&house, path, Some(&body), knock, 0)).await;
                assert_eq!((reply.code, reply.body.len()), (StatusCode::ACCEPTED, 0), "{path}: {}", reply.text());
            }
            let body = follow(3, RemoteBob::URI);
            let signed = |path: &str, ago| bob.signed(&house, path, Some(&body), knock, ago);
            let table = [
                ("another body", signed("/inbox", 0).set_payload(follow(4, RemoteBob::URI)), 401),
                ("another inbox", signed("/users/ann/inbox", 0).uri("/inbox"), 401),
                ("yesterday", signed("/inbox", 24 * 3600), 401),
                ("an hour ago", signed("/inbox", 3600), 202),
                (
                    "not the actor",
                    {
                        let body = follow(5, "https://b.example/users/eve");
                        bob.signed(&house, "/inbox", Some(&body), knock, 0)
                    },
                    401,
                ),
            ];
            for (name, request, code) in table {
                let reply = house.call(request).await;
                // A key that does not match is fetched again once, and bob's server is unreachable: then 503.
                let code = if reply.text().contains("just now") { 503 } else { code };
                assert_eq!(reply.code.as_u16(), code, "{name}: {}", reply.text());
            }
        }
    }
}
