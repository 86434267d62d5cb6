//! Streaming: WebSocket and server-sent events.

mod channel;
mod frames;
mod hub;
mod member;
mod news;
mod socket;
#[cfg(test)]
mod tests;

pub use hub::StreamHub;

use std::pin::Pin;
use std::task::{Context, Poll};

use actix_http::ws::{hash_key, verify_handshake};
use actix_web::body::{BodySize, MessageBody};
use actix_web::http::{Method, header};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::json;

use super::call::ApiResponse;
use super::error::ApiError;
use super::params::RequestParams;
use crate::federation::Node;
use crate::federation::owner::login::token_hash;
use crate::store::access::apps::AccessToken;
use crate::store::timelines::public_timelines::MediaFilter;
use crate::web::blocking::run_blocking;
use channel::StreamChannel;
use hub::ListenerSlot;
use member::{StreamMember, Transport};
use socket::WebSocketBody;

/// The first line of server-sent events.
const FIRST_LINE: &[u8] = b":)\n";

/// Handles `GET /api/v1/streaming`, with or without a trailing slash, and everything below.
pub async fn serve(
    node: web::Data<Node>,
    hub: web::Data<StreamHub>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    if request.method() == Method::OPTIONS {
        return super::preflight(&request);
    }
    let path = request.path().trim_start_matches("/api/v1/streaming").trim_matches('/');
    let asks_for_socket = path.is_empty() && request.headers().contains_key(header::UPGRADE);
    let answer = match (request.method(), path) {
        (&Method::GET, _) if asks_for_socket => open_socket(&node, &hub, &request, payload).await,
        (&Method::GET, "health") => return HttpResponse::Ok().content_type("text/plain").body("OK"),
        (&Method::GET, _) => open_events(&node, &hub, &request, path).await,
        _ => Err(ApiError::NoRoute),
    };
    answer.unwrap_or_else(|fault| super::error_response(fault.answer(), false))
}

/// Query and token of a streaming request.
struct StreamRequest {
    params: RequestParams,
    token: AccessToken,
    hash: Vec<u8>,
    /// The token sent as sub-protocol: it must be echoed, or a browser disconnects.
    protocol: Option<String>,
}

async fn asked(node: &web::Data<Node>, request: &HttpRequest) -> Result<StreamRequest, ApiError> {
    let params = RequestParams::from_query(request)?;
    let protocol = request.headers().get(header::SEC_WEBSOCKET_PROTOCOL).and_then(|value| value.to_str().ok());
    let protocol = protocol.and_then(|list| list.split(',').next()).map(str::trim).filter(|word| !word.is_empty());
    let (bearer, _) = super::credentials(request, &params);
    let bearer = bearer.or_else(|| protocol.map(str::to_owned)).ok_or(ApiError::NoToken)?;
    let hash = token_hash(&bearer).to_vec();
    let found = run_blocking(node, move |node| Ok(super::bearer(node, &bearer))).await?;
    let token = found?;
    if !token.speaks_for_owner {
        return Err(ApiError::NoToken);
    }
    Ok(StreamRequest { params, token, hash, protocol: protocol.map(str::to_owned) })
}

async fn open_socket(
    node: &web::Data<Node>,
    hub: &web::Data<StreamHub>,
    request: &HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, ApiError> {
    let asked = asked(node, request).await?;
    verify_handshake(request.head()).map_err(|error| ApiError::BadRequest(error.to_string()))?;
    let key =
        request.headers().get(header::SEC_WEBSOCKET_KEY).ok_or_else(|| ApiError::BadRequest("no key".to_owned()))?;
    let accept = hash_key(key.as_bytes());
    let member = StreamMember::new(Transport::Socket, &asked.token);
    let (tag, list) = (asked.params.given("tag"), asked.params.given("list"));
    let mut channels = Vec::new();
    for name in asked.params.list("stream") {
        match StreamChannel::parse(&name, tag.as_deref(), list.as_deref()) {
            Ok(channel) => channels.push(channel),
            Err(unknown) => member.send(frames::error_frame(unknown, 400)),
        }
    }
    let place = hub::join(hub, node, member, asked.hash, channels).await?;
    let mut response = HttpResponse::SwitchingProtocols();
    response.upgrade("websocket");
    response.insert_header((header::SEC_WEBSOCKET_ACCEPT, &accept[..]));
    if let Some(protocol) = asked.protocol {
        response.insert_header((header::SEC_WEBSOCKET_PROTOCOL, protocol));
    }
    response
        .message_body(WebSocketBody::new(place, payload.into_inner()))
        .map(HttpResponse::map_into_boxed_body)
        .map_err(|error| {
            tracing::warn!(%error, "a WebSocket could not be opened");
            ApiError::BadRequest("the request cannot become a WebSocket".to_owned())
        })
}

async fn open_events(
    node: &web::Data<Node>,
    hub: &web::Data<StreamHub>,
    request: &HttpRequest,
    path: &str,
) -> Result<HttpResponse, ApiError> {
    let params = RequestParams::from_query(request)?;
    let media = if params.flag("only_media") == Some(true) { MediaFilter::Only } else { MediaFilter::Any };
    let channel =
        StreamChannel::channel_at(path, media, params.given("tag").as_deref(), params.given("list").as_deref())
            .map_err(|unknown| ApiError::BadRequest(unknown.to_owned()))?;
    let asked = asked(node, request).await?;
    let member = StreamMember::new(Transport::Events, &asked.token);
    if !member.may(channel.scope()) {
        let refusal = json!({ "error": "Access token does not have the required scopes" });
        return Ok(super::error_response(ApiResponse::with(401, &refusal), false));
    }
    member.send(Bytes::from_static(FIRST_LINE));
    let place = hub::join(hub, node, member, asked.hash, vec![channel]).await?;
    let mut response = HttpResponse::Ok();
    response.insert_header((header::CONTENT_TYPE, "text/event-stream"));
    response.insert_header((header::CACHE_CONTROL, "private, no-store"));
    response.insert_header((header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"));
    // nginx would keep it all until the end.
    response.insert_header(("X-Accel-Buffering", "no"));
    Ok(response.body(EventStreamBody { place }))
}

/// The body of server-sent events.
struct EventStreamBody {
    place: ListenerSlot,
}

impl MessageBody for EventStreamBody {
    type Error = std::convert::Infallible;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        self.place.member.poll_next(cx).map(|bytes| bytes.map(Ok))
    }
}
