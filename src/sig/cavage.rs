//! draft-cavage-http-signatures-12, the format every peer speaks: strict in what we send, lenient in what we read.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::keys::Algorithm;
use super::received::{MAX_KEY_ID, ReceivedRequest, SignatureCandidate, check_digests, check_expiry, check_time};
use super::structured_fields::{MAX_LENGTH, MAX_MEMBERS};
use super::{OutgoingRequest, SignatureError, Signer, digest};
use crate::base::{Result, Time};

/// Signs `(request-target) host date`, and for a body `digest content-type`, then the extra headers.
pub(super) fn sign(signer: &Signer, request: &OutgoingRequest<'_>, now: Time) -> Result<Vec<(String, String)>> {
    let mut headers = vec![("date".to_owned(), now.http_date())];
    if let Some((content_type, body)) = request.body {
        headers.push(("digest".to_owned(), digest::header(body)));
        headers.push(("content-type".to_owned(), content_type.to_owned()));
    }
    headers.extend(request.extra.iter().cloned());

    let method = request.method.to_ascii_lowercase();
    let mut names = String::from("(request-target) host");
    let mut base = format!("(request-target): {method} {}\nhost: {}", request.target, request.host);
    for (name, value) in &headers {
        names.push(' ');
        names.push_str(name);
        base.push_str(&format!("\n{name}: {value}"));
    }
    let signature = STANDARD.encode(signer.key.sign(base.as_bytes())?);
    let key_id = &signer.key_id;
    headers.push((
        "signature".to_owned(),
        format!(r#"keyId="{key_id}",algorithm="rsa-sha256",headers="{names}",signature="{signature}""#),
    ));
    Ok(headers)
}

/// Reads and checks the Signature header of a received request.
pub(super) fn candidate(received: &ReceivedRequest<'_>, now: Time) -> Result<SignatureCandidate, SignatureError> {
    let params = parameters(received)?;
    let key_id = params.get("keyid").filter(|id| !id.is_empty() && id.len() <= MAX_KEY_ID);
    let key_id = key_id.ok_or_else(|| SignatureError::malformed("it has no usable keyId"))?;
    let signature = params.get("signature").and_then(|text| STANDARD.decode(text).ok());
    let signature = signature.ok_or_else(|| SignatureError::malformed("its signature is not base64"))?;
    let algorithms = algorithms(params.get("algorithm").unwrap_or("hs2019"))?;
    // the draft's default: the date alone, which is never enough here
    let covered: Vec<String> =
        params.get("headers").unwrap_or("date").split_ascii_whitespace().map(str::to_ascii_lowercase).collect();
    if covered.len() > MAX_MEMBERS {
        return Err(SignatureError::malformed("it covers too many headers"));
    }
    check_cover(received, &covered)?;
    let signed_at = check_times(received, &params, &covered, now)?;
    check_digests(received, &covered, &["digest", "content-digest"])?;

    let mut targets = vec![received.target];
    // Mastodon before 4.3, Misskey and Friendica sign without the query, GoToSocial with it
    if let (path, Some(_)) = received.path_and_query() {
        targets.push(path);
    }
    let mut bases = Vec::new();
    for target in targets {
        for host in received.hosts() {
            bases.push(base(received, &params, &covered, target, host)?);
        }
    }
    Ok(SignatureCandidate { key_id: key_id.to_owned(), algorithms, bases, signature, covered, signed_at })
}

/// The parameters of a Signature header, names in lower case.
struct SignatureParameters(Vec<(String, String)>);

impl SignatureParameters {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// A time in whole seconds; Lemmy writes it without quotes, the draft allows a fraction.
    fn seconds(&self, name: &str) -> Result<Option<i64>, SignatureError> {
        let Some(text) = self.get(name) else { return Ok(None) };
        let whole = text.split_once('.').map_or(text, |(whole, _)| whole);
        whole.parse().map(Some).map_err(|_| SignatureError::malformed(format!("its {name} is not a number of seconds")))
    }
}

fn parameters(received: &ReceivedRequest<'_>) -> Result<SignatureParameters, SignatureError> {
    let mut values = received.headers.iter().filter(|(name, _)| name == "signature").map(|(_, value)| value.trim());
    let text = values.next().unwrap_or_default();
    if values.next().is_some() {
        return Err(SignatureError::Duplicate("the Signature header".into()));
    }
    if text.len() > MAX_LENGTH {
        return Err(SignatureError::malformed("it is too long"));
    }
    // old PeerTube wrote the scheme of an Authorization header in front
    let mut rest = match text.split_once(' ') {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("signature") => rest.trim_start(),
        _ => text,
    };
    let mut params = Vec::new();
    while !rest.is_empty() {
        let (name, after) =
            rest.split_once('=').ok_or_else(|| SignatureError::malformed("a parameter has no value"))?;
        let name = name.trim().to_ascii_lowercase();
        let (value, after) = value(after.trim_start())?;
        if params.iter().any(|(known, _)| *known == name) {
            return Err(SignatureError::Duplicate(name));
        }
        if params.len() >= MAX_MEMBERS {
            return Err(SignatureError::malformed("it has too many parameters"));
        }
        params.push((name, value));
        let after = after.trim_start();
        rest = match after.strip_prefix(',') {
            Some(after) => after.trim_start(),
            None if after.is_empty() => after,
            None => return Err(SignatureError::malformed("a comma is missing between two parameters")),
        };
    }
    Ok(SignatureParameters(params))
}

/// The quoted or bare value at the front, and what follows it.
fn value(text: &str) -> Result<(String, &str), SignatureError> {
    if let Some(quoted) = text.strip_prefix('"') {
        let (value, rest) =
            quoted.split_once('"').ok_or_else(|| SignatureError::malformed("a quoted value does not end"))?;
        return Ok((value.to_owned(), rest));
    }
    let end = text.find(',').unwrap_or(text.len());
    let (value, rest) = text.split_at_checked(end).unwrap_or((text, ""));
    Ok((value.trim_end().to_owned(), rest))
}

/// What an algorithm name may mean. `hs2019` says nothing: the key decides, and GoToSocial and Lemmy mean SHA-256.
fn algorithms(name: &str) -> Result<Vec<Algorithm>, SignatureError> {
    match name.to_ascii_lowercase().as_str() {
        "hs2019" => Ok(vec![Algorithm::RsaSha256, Algorithm::RsaSha512, Algorithm::Ed25519]),
        "rsa-sha256" => Ok(vec![Algorithm::RsaSha256]),
        "rsa-sha512" => Ok(vec![Algorithm::RsaSha512]),
        "ed25519" => Ok(vec![Algorithm::Ed25519]),
        other => Err(SignatureError::Algorithm(other.chars().take(40).collect())),
    }
}

fn check_cover(received: &ReceivedRequest<'_>, covered: &[String]) -> Result<(), SignatureError> {
    let has = |name: &str| covered.iter().any(|known| known == name);
    if !has("(request-target)") {
        return Err(SignatureError::NotCovered("(request-target)"));
    }
    if !has("host") {
        return Err(SignatureError::NotCovered("the host"));
    }
    if !has("date") && !has("(created)") {
        return Err(SignatureError::NotCovered("the date"));
    }
    if received.needs_digest() && !has("digest") && !has("content-digest") {
        return Err(SignatureError::NotCovered("the digest of the body"));
    }
    Ok(())
}

/// When it was signed: the time that is covered.
fn check_times(
    received: &ReceivedRequest<'_>,
    params: &SignatureParameters,
    covered: &[String],
    now: Time,
) -> Result<Time, SignatureError> {
    let has = |name: &str| covered.iter().any(|known| known == name);
    let mut date = None;
    if has("date") {
        let said = Time::parse_http(&received.joined("date")?).ok_or(SignatureError::NoDate)?;
        check_time("Date header", said, now)?;
        date = Some(said);
    }
    let created = params.seconds("created")?.map(Time::from_secs);
    if let Some(created) = created {
        check_time("time of signing", created, now)?;
    }
    check_expiry(params.seconds("expires")?, now)?;
    date.or(created).ok_or_else(|| SignatureError::Missing("(created)".to_owned()))
}

/// The text that was signed, if the sender saw this target and host.
fn base(
    received: &ReceivedRequest<'_>,
    params: &SignatureParameters,
    covered: &[String],
    target: &str,
    host: &str,
) -> Result<String, SignatureError> {
    let mut lines = Vec::with_capacity(covered.len());
    for name in covered {
        let value = match name.as_str() {
            "(request-target)" => format!("{} {target}", received.method.to_ascii_lowercase()),
            "host" => host.to_owned(),
            "(created)" => params.get("created").ok_or_else(|| SignatureError::Missing(name.clone()))?.to_owned(),
            "(expires)" => params.get("expires").ok_or_else(|| SignatureError::Missing(name.clone()))?.to_owned(),
            _ => received.joined(name)?,
        };
        lines.push(format!("{name}: {value}"));
    }
    Ok(lines.join("\n"))
}
