//! Signed URLs of the media proxy: only we can make them, so nobody else can make this server fetch something.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;

use crate::base::{Error, Result};
use crate::federation::Node;

/// Label that separates proxy signatures from everything else signed with the node's secret.
const KEY_LABEL: &[u8] = b"proxy\n";

/// The path on this server that shows a remote image.
pub fn path(node: &Node, url: &str) -> String {
    let mac = hmac::sign(&key(node), &with_label(url));
    format!("/proxy/{}/{}", URL_SAFE_NO_PAD.encode(mac), URL_SAFE_NO_PAD.encode(url))
}

/// The URL in the two parts of a proxy path; NotFound when the signature is not ours.
pub fn url(node: &Node, mac: &str, url: &str) -> Result<String> {
    let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| Error::NotFound);
    let url = String::from_utf8(decode(url)?).map_err(|_| Error::NotFound)?;
    hmac::verify(&key(node), &with_label(&url), &decode(mac)?).map_err(|_| Error::NotFound)?;
    Ok(url)
}

fn key(node: &Node) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, &node.facts.secret)
}

fn with_label(url: &str) -> Vec<u8> {
    [KEY_LABEL, url.as_bytes()].concat()
}
