//! Keeps an unread chunked request body alive until the response is sent; otherwise actix would drain it without limit.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_web::HttpMessage as _;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::error::PayloadError;
use actix_web::http::header;
use actix_web::web::Bytes;
use futures_util::Stream;

/// A shared request body, kept alive while its request is handled.
pub struct UnreadBody(Rc<RefCell<Payload>>);

impl Stream for UnreadBody {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut *self.0.borrow_mut()).poll_next(cx)
    }
}

/// Keeps a chunked body alive until the response is sent. If it were dropped unread, actix would drain it without
/// limit; as it is alive, actix closes the connection instead.
pub fn keep_unread_body(request: &mut ServiceRequest) -> Option<UnreadBody> {
    request.headers().get(header::TRANSFER_ENCODING)?;
    let shared = Rc::new(RefCell::new(request.take_payload()));
    request.set_payload(Payload::Stream { payload: Box::pin(UnreadBody(shared.clone())) });
    Some(UnreadBody(shared))
}

/// The response, which drops the kept request body when it has been sent.
pub fn release_after_response(hold: Option<UnreadBody>, answer: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
    match hold {
        Some(hold) => {
            answer.map_body(|_, answer| BoxBody::new(BodyKeepingResponse { body: answer, _request_body: hold }))
        }
        None => answer,
    }
}

/// A response body together with the kept request body.
struct BodyKeepingResponse {
    body: BoxBody,
    _request_body: UnreadBody,
}

impl MessageBody for BodyKeepingResponse {
    type Error = Box<dyn std::error::Error>;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.body).poll_next(cx)
    }
}
