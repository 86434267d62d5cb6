//! WebSocket frames that the server sends besides events: errors and closing.

use actix_http::ws::{CloseCode, Parser};
use actix_web::web::{Bytes, BytesMut};
use serde_json::json;

use super::member::Transport;
use super::news::text;

/// A frame that says what is wrong with a subscription.
pub fn error_frame(sentence: &str, code: u16) -> Bytes {
    text(&json!({ "error": sentence, "status": code }).to_string())
}

/// The close frame for a client whose token is not valid any more.
pub fn close_frame(manner: Transport) -> Option<Bytes> {
    (manner == Transport::Socket).then(|| closing(CloseCode::Policy))
}

/// A close frame.
pub fn closing(code: CloseCode) -> Bytes {
    let mut bytes = BytesMut::new();
    Parser::write_close(&mut bytes, Some(code.into()), false);
    bytes.freeze()
}
