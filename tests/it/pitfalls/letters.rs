//! Signed requests written by hand, in dialects our own signer does not speak.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hytte::sig::Signer;
use ring::digest;

/// `SHA-256=` and the digest of the body.
pub fn digest_of(body: &[u8]) -> String {
    format!("SHA-256={}", STANDARD.encode(digest::digest(&digest::SHA256, body)))
}

fn sha512(body: &[u8]) -> String {
    STANDARD.encode(digest::digest(&digest::SHA512, body))
}

/// A POST signed by draft-cavage: `cover` names each signed line and its value, in order; those in brackets are no headers.
/// `params` goes into the Signature header before the rest.
pub fn cavage(signer: &Signer, cover: &[(&str, &str)], params: &str) -> Vec<(String, String)> {
    let base = cover.iter().map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>().join("\n");
    let names = cover.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(" ");
    let signature = STANDARD.encode(signer.key.sign(base.as_bytes()).unwrap());
    let value = format!("keyId=\"{}\",{params}headers=\"{names}\",signature=\"{signature}\"", signer.key_id);
    let mut headers: Vec<(String, String)> = cover
        .iter()
        .filter(|(name, _)| !name.starts_with('('))
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    headers.push(("signature".into(), value));
    headers.push(("content-type".into(), "application/activity+json".into()));
    headers
}

/// A POST to `http://host/inbox?query` signed by RFC 9421 as Mitra writes it: `@path` and `@query` apart, SHA-512.
pub fn modern(signer: &Signer, host: &str, query: &str, body: &[u8], created: i64) -> Vec<(String, String)> {
    let content = format!("sha-512=:{}:", sha512(body));
    let params = format!(
        "(\"@method\" \"@authority\" \"@path\" \"@query\" \"content-digest\");created={created};keyid=\"{}\";tag=\"x\"",
        signer.key_id
    );
    let base = format!(
        "\"@method\": POST\n\"@authority\": {host}\n\"@path\": /inbox\n\"@query\": ?{query}\n\"content-digest\": \
         {content}\n\"@signature-params\": {params}"
    );
    let signature = STANDARD.encode(signer.key.sign(base.as_bytes()).unwrap());
    [
        ("host", host.to_owned()),
        ("content-type", "application/activity+json".to_owned()),
        ("content-digest", content),
        ("signature-input", format!("sig1={params}")),
        ("signature", format!("sig1=:{signature}:")),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .to_vec()
}
