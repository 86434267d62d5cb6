//! One WebSocket: frames in, frames out, all in the body of its answer, so that an idle one costs no task and no timer. It is
//! read only as fast as it is written to.

use std::pin::Pin;
use std::task::{Context, Poll};

use actix_http::ws::{CloseCode, OpCode, Parser, ProtocolError};
use actix_web::body::{BodySize, MessageBody};
use actix_web::dev::Payload;
use actix_web::web::{Bytes, BytesMut};
use futures_util::Stream;
use serde_json::Value;

use super::channel::StreamChannel;
use super::frames::{closing, error_frame};
use super::hub::ListenerSlot;
use crate::web::api::params::text_of;

/// Maximum size of a message from an app: apps only subscribe and unsubscribe.
const MAX_MESSAGE_BYTES: usize = 8 * 1024;

/// Bytes of a frame's head at most.
const MAX_FRAME_HEADER_BYTES: usize = 14;

/// The response body of a WebSocket.
pub struct WebSocketBody {
    place: ListenerSlot,
    payload: Payload,
    /// Read, not yet understood.
    buffer: BytesMut,
    /// The beginning of a message that comes in pieces.
    pieces: Option<BytesMut>,
}

impl WebSocketBody {
    /// A socket whose request was read completely.
    pub fn new(place: ListenerSlot, payload: Payload) -> Self {
        Self { place, payload, buffer: BytesMut::new(), pieces: None }
    }

    /// Parses the received bytes.
    fn digest(&mut self) {
        loop {
            match Parser::parse(&mut self.buffer, true, MAX_MESSAGE_BYTES) {
                Ok(Some((is_last, code, payload))) => {
                    if let Err(close) = self.frame(is_last, code, payload.unwrap_or_default()) {
                        return self.place.member.end(Some(close));
                    }
                }
                // The parser would wait for the whole of it.
                Ok(None) if self.buffer.len() > MAX_MESSAGE_BYTES + MAX_FRAME_HEADER_BYTES => {
                    return self.place.member.end(Some(closing(CloseCode::Size)));
                }
                Ok(None) => break,
                Err(ProtocolError::Overflow) => return self.place.member.end(Some(closing(CloseCode::Size))),
                Err(_) => return self.place.member.end(Some(closing(CloseCode::Protocol))),
            }
        }
        if self.buffer.is_empty() {
            self.buffer = BytesMut::new();
        }
    }

    /// One frame; Err with the last word when it ends the connection.
    fn frame(&mut self, is_last: bool, code: OpCode, payload: BytesMut) -> Result<(), Bytes> {
        match code {
            OpCode::Text | OpCode::Continue => {
                let begun = self.pieces.take();
                if begun.is_some() != (code == OpCode::Continue) {
                    return Err(closing(CloseCode::Protocol));
                }
                let mut whole = begun.unwrap_or_default();
                whole.extend_from_slice(&payload);
                if whole.len() > MAX_MESSAGE_BYTES {
                    return Err(closing(CloseCode::Size));
                }
                if is_last {
                    self.message(&whole);
                } else {
                    self.pieces = Some(whole);
                }
            }
            OpCode::Binary => return Err(closing(CloseCode::Unsupported)),
            OpCode::Ping => {
                let mut pong = BytesMut::new();
                Parser::write_message(&mut pong, &payload, OpCode::Pong, true, false);
                self.place.member.send(pong.freeze());
            }
            OpCode::Pong => {}
            OpCode::Close => return Err(closing(CloseCode::Normal)),
            OpCode::Bad => return Err(closing(CloseCode::Protocol)),
        }
        Ok(())
    }

    /// Handles a message: subscribe or unsubscribe. Anything else is ignored, as in Mastodon.
    fn message(&self, message: &[u8]) {
        let Ok(Value::Object(said)) = serde_json::from_slice(message) else { return };
        let word = |name: &str| said.get(name).and_then(text_of);
        let kind = word("type").unwrap_or_default();
        if !matches!(kind.as_str(), "subscribe" | "unsubscribe") {
            return;
        }
        let (name, tag, list) = (word("stream").unwrap_or_default(), word("tag"), word("list"));
        let done = match StreamChannel::parse(&name, tag.as_deref(), list.as_deref()) {
            Err(unknown) => Err((unknown, 400)),
            Ok(channel) if kind == "subscribe" => self.place.subscribe(channel),
            Ok(channel) => {
                self.place.member.unsubscribe(&channel);
                Ok(())
            }
        };
        if let Err((sentence, code)) = done {
            self.place.member.send(error_frame(sentence, code));
        }
    }
}

impl MessageBody for WebSocketBody {
    type Error = std::convert::Infallible;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        while let Poll::Ready(chunk) = Pin::new(&mut self.payload).poll_next(cx) {
            // Gone, however it went.
            let Some(Ok(chunk)) = chunk else { return Poll::Ready(None) };
            self.place.member.acknowledge();
            self.buffer.extend_from_slice(&chunk);
            self.digest();
        }
        self.place.member.poll_next(cx).map(|bytes| bytes.map(Ok))
    }
}
