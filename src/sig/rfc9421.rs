//! HTTP Message Signatures (RFC 9421), tried first by Fedify, Ghost and WordPress. We write one form of the RFC's many
//! and read those that peers send.

use super::keys::Algorithm;
use super::received::{MAX_KEY_ID, ReceivedRequest, SignatureCandidate, check_digests, check_expiry, check_time};
use super::structured_fields::{self, BareItem, DictionaryMember, FieldError, FieldItem, Parameters};
use super::{OutgoingRequest, SignatureError, Signer, digest};
use crate::base::{Result, Time};

/// The most signatures on one request that we look at.
pub const MAX_SIGNATURES: usize = 4;

/// The `Accept-Signature` header of an inbox that refused a signature: Fedify signs again as it asks (RFC 9421 §5). Not for a
/// key that does not belong to the actor.
pub const ACCEPT_SIGNATURE: &str = r#"sig1=("@method" "@target-uri" "@authority" "content-digest");created"#;

/// Signs `@method @target-uri @authority`, and for a body `content-digest`, then the extra headers, under `sig1`.
pub(super) fn sign(signer: &Signer, request: &OutgoingRequest<'_>, now: Time) -> Result<Vec<(String, String)>> {
    let OutgoingRequest { method, scheme, host, target, .. } = request;
    let mut headers = Vec::new();
    if let Some((_, body)) = request.body {
        headers.push(("content-digest".to_owned(), digest::content_header(body)));
    }
    headers.extend(request.extra.iter().cloned());

    let mut base =
        format!("\"@method\": {method}\n\"@target-uri\": {scheme}://{host}{target}\n\"@authority\": {host}\n");
    let mut names = String::from(r#""@method" "@target-uri" "@authority""#);
    for (name, value) in &headers {
        names.push_str(&format!(" \"{name}\""));
        base.push_str(&format!("\"{name}\": {value}\n"));
    }
    let (created, key_id) = (now.secs(), structured_fields::quoted(&signer.key_id));
    let params = format!(r#"({names});created={created};keyid={key_id};alg="rsa-v1_5-sha256""#);
    base.push_str(&format!("\"@signature-params\": {params}"));
    let signature = structured_fields::write_item(&FieldItem {
        bare: BareItem::Bytes(signer.key.sign(base.as_bytes())?),
        params: vec![],
    });

    if let Some((content_type, _)) = request.body {
        headers.push(("content-type".to_owned(), content_type.to_owned()));
    }
    headers.push(("date".to_owned(), now.http_date()));
    headers.push(("signature-input".to_owned(), format!("sig1={params}")));
    headers.push(("signature".to_owned(), format!("sig1={signature}")));
    Ok(headers)
}

/// Reads the signatures of a received request: those that satisfy all rules, or the first one's refusal.
pub(super) fn candidates(received: &ReceivedRequest<'_>, now: Time) -> Result<Vec<SignatureCandidate>, SignatureError> {
    let inputs = structured_fields::dictionary(&received.joined("signature-input")?).map_err(refusal)?;
    let mut signatures = structured_fields::dictionary(&received.joined("signature")?).map_err(refusal)?;
    if inputs.len() > MAX_SIGNATURES {
        return Err(SignatureError::malformed("there are too many signatures"));
    }
    let mut sound = Vec::new();
    let mut first_refusal = SignatureError::Unsigned;
    for (label, input) in inputs {
        let signature = signatures.iter().position(|(known, _)| *known == label).map(|at| signatures.swap_remove(at).1);
        match candidate(received, input, signature, now) {
            Ok(candidate) => sound.push(candidate),
            Err(refusal) if first_refusal == SignatureError::Unsigned => first_refusal = refusal,
            Err(_) => {}
        }
    }
    if sound.is_empty() { Err(first_refusal) } else { Ok(sound) }
}

fn refusal(error: FieldError) -> SignatureError {
    match error {
        FieldError::Syntax(why) => SignatureError::malformed(why),
        FieldError::Duplicate(what) => SignatureError::Duplicate(what),
    }
}

fn candidate(
    received: &ReceivedRequest<'_>,
    input: DictionaryMember,
    signature: Option<DictionaryMember>,
    now: Time,
) -> Result<SignatureCandidate, SignatureError> {
    let DictionaryMember::List(components, params) = input else {
        return Err(SignatureError::malformed("Signature-Input must name lists of components"));
    };
    let Some(BareItem::Bytes(signature)) = signature.and_then(DictionaryMember::into_bare) else {
        return Err(SignatureError::malformed("Signature-Input names a signature that is not there"));
    };
    let covered = check_cover(received, &components)?;
    let created = seconds(&params, "created")?.ok_or(SignatureError::NotCovered("the time it was created"))?;
    let signed_at = Time::from_secs(created);
    check_time("time of signing", signed_at, now)?;
    check_expiry(seconds(&params, "expires")?, now)?;
    check_digests(received, &covered, &["content-digest"])?;
    let key_id = text(&params, "keyid")?.filter(|id| !id.is_empty() && id.len() <= MAX_KEY_ID);
    let key_id = key_id.ok_or_else(|| SignatureError::malformed("it has no usable keyid"))?.to_owned();
    let algorithms = algorithms(text(&params, "alg")?)?;
    let mut bases = Vec::new();
    for host in received.hosts() {
        bases.push(base(received, &components, &params, host)?);
    }
    Ok(SignatureCandidate { key_id, algorithms, bases, signature, covered, signed_at })
}

fn param<'a>(params: &'a Parameters, name: &str) -> Option<&'a BareItem> {
    params.iter().find(|(known, _)| known == name).map(|(_, value)| value)
}

fn seconds(params: &Parameters, name: &str) -> Result<Option<i64>, SignatureError> {
    match param(params, name) {
        None => Ok(None),
        Some(BareItem::Integer(secs)) => Ok(Some(*secs)),
        Some(_) => Err(SignatureError::malformed(format!("its {name} is not a number of seconds"))),
    }
}

fn text<'a>(params: &'a Parameters, name: &str) -> Result<Option<&'a str>, SignatureError> {
    match param(params, name) {
        None => Ok(None),
        Some(BareItem::Text(text)) => Ok(Some(text)),
        Some(_) => Err(SignatureError::malformed(format!("its {name} is not a text in quotes"))),
    }
}

/// The algorithms an `alg` parameter allows; without one the key decides.
fn algorithms(alg: Option<&str>) -> Result<Vec<Algorithm>, SignatureError> {
    match alg {
        None => Ok(vec![Algorithm::RsaSha256, Algorithm::RsaPssSha512, Algorithm::Ed25519]),
        Some("rsa-v1_5-sha256") => Ok(vec![Algorithm::RsaSha256]),
        Some("rsa-pss-sha512") => Ok(vec![Algorithm::RsaPssSha512]),
        Some("ed25519") => Ok(vec![Algorithm::Ed25519]),
        Some(other) => Err(SignatureError::Algorithm(other.chars().take(40).collect())),
    }
}

/// The names of the components, if they say enough about where the request goes and what is in it.
fn check_cover(received: &ReceivedRequest<'_>, components: &[FieldItem]) -> Result<Vec<String>, SignatureError> {
    let mut covered: Vec<String> = Vec::new();
    for (at, item) in components.iter().enumerate() {
        let BareItem::Text(name) = &item.bare else {
            return Err(SignatureError::malformed("a component is not a text in quotes"));
        };
        if components.iter().take(at).any(|earlier| earlier == item) {
            return Err(SignatureError::Duplicate(name.clone()));
        }
        // a query parameter is not the query
        if item.params.is_empty() {
            covered.push(name.clone());
        }
    }
    let has = |name: &str| covered.iter().any(|known| known == name);
    if !has("@method") {
        return Err(SignatureError::NotCovered("@method"));
    }
    let query = received.path_and_query().1.is_none() || has("@query");
    let by_parts = has("@authority") && (has("@request-target") || (has("@path") && query));
    if !has("@target-uri") && !by_parts {
        return Err(SignatureError::NotCovered("@target-uri"));
    }
    if received.needs_digest() && !has("content-digest") {
        return Err(SignatureError::NotCovered("content-digest"));
    }
    Ok(covered)
}

/// The signature base (RFC 9421 §2.5): what was signed, if the sender spelled our host so.
pub(super) fn base(
    received: &ReceivedRequest<'_>,
    components: &[FieldItem],
    params: &Parameters,
    host: &str,
) -> Result<String, SignatureError> {
    let mut base = String::new();
    for item in components {
        let value = component(received, item, host)?;
        base.push_str(&format!("{}: {value}\n", structured_fields::write_item(item)));
    }
    base.push_str(&format!("\"@signature-params\": {}", structured_fields::write_list(components, params)));
    Ok(base)
}

/// The value of one component of this request.
fn component(received: &ReceivedRequest<'_>, item: &FieldItem, host: &str) -> Result<String, SignatureError> {
    let unknown = || SignatureError::Component(structured_fields::write_item(item).chars().take(60).collect());
    let BareItem::Text(name) = &item.bare else { return Err(unknown()) };
    let (path, query) = received.path_and_query();
    match (name.as_str(), item.params.as_slice()) {
        ("@query-param", [(key, BareItem::Text(wanted))]) if key == "name" => {
            query_param(query.unwrap_or_default(), wanted).ok_or_else(unknown)
        }
        (_, [_, ..]) => Err(unknown()),
        ("@method", []) => Ok(received.method.to_owned()),
        ("@target-uri", []) => Ok(format!("{}://{}{}", received.scheme, received.host, received.target)),
        ("@authority", []) => Ok(received.host.to_owned()),
        ("@scheme", []) => Ok(received.scheme.to_owned()),
        ("@request-target", []) => Ok(received.target.to_owned()),
        ("@path", []) => Ok(path.to_owned()),
        ("@query", []) => Ok(format!("?{}", query.unwrap_or_default())),
        ("host", []) => Ok(host.to_owned()),
        (special, []) if special.starts_with('@') => Err(unknown()),
        (header, []) if header.bytes().any(|b| b.is_ascii_uppercase()) => Err(unknown()),
        (header, []) => received.joined(header),
    }
}

/// The one value of a query parameter, encoded as RFC 9421 §2.2.8 wants it; None when absent or repeated.
fn query_param(query: &str, wanted: &str) -> Option<String> {
    let encode = |text: &str| -> String {
        url::form_urlencoded::byte_serialize(text.as_bytes()).map(|part| part.replace('+', "%20")).collect()
    };
    let mut found = url::form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| encode(name) == wanted);
    let (_, value) = found.next()?;
    found.next().is_none().then(|| encode(&value))
}
