//! Tests: what is signed here verifies here, what was tampered with does not, and nothing in a header makes the parser
//! panic.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use proptest::prelude::*;

use crate::base::Time;
use crate::sig::{
    Knock, OutgoingRequest, PrivateKey, PublicKey, ReceivedRequest, SignatureClaim, SignatureError, Signer, claim, sign,
};

const KEY_ID: &str = "https://there.example/users/a#main-key";
const BODY: &[u8] = br#"{"type":"Like"}"#;

fn now() -> Time {
    Time::from_secs(1_763_884_800)
}

static SIGNER: LazyLock<Signer> =
    LazyLock::new(|| Signer { key_id: KEY_ID.into(), key: Arc::new(PrivateKey::generate().unwrap()) });
static KEY: LazyLock<PublicKey> = LazyLock::new(|| SIGNER.key.public_key().unwrap());

/// A signed request that can be tampered with before it is received.
#[derive(Clone)]
struct SignedLetter {
    method: &'static str,
    host: &'static str,
    target: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl SignedLetter {
    fn post(knock: Knock) -> Self {
        Self::signed(knock, "POST", "/inbox", &[])
    }

    fn signed(knock: Knock, method: &'static str, target: &str, extra: &[(String, String)]) -> Self {
        let body = (method == "POST").then_some(("application/activity+json", BODY));
        let host = "here.example";
        let outgoing = OutgoingRequest { method, scheme: "https", host, target, body, extra };
        let mut headers = vec![("host".to_owned(), host.to_owned())];
        headers.extend(sign(&SIGNER, knock, &outgoing, now()).unwrap());
        let body = body.map(|(_, bytes)| bytes.to_vec()).unwrap_or_default();
        Self { method, host, target: target.to_owned(), headers, body }
    }

    fn header(&self, name: &str) -> String {
        self.headers.iter().find(|(known, _)| known == name).unwrap().1.clone()
    }

    fn set(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self
    }

    /// Rewrites a header's text.
    fn edit(self, name: &str, from: &str, to: &str) -> Self {
        let value = self.header(name);
        assert!(value.contains(from), "{value} has no {from}");
        self.set(name, &value.replacen(from, to, 1))
    }

    fn claim_at(&self, now: Time) -> Result<SignatureClaim, SignatureError> {
        let Self { method, host, target, headers, body } = self;
        claim(&ReceivedRequest { method, scheme: "https", host, target, headers, body }, now)
    }

    fn verify_at(&self, now: Time) -> Result<(), SignatureError> {
        self.claim_at(now)?.verify(&KEY)
    }

    fn verify(&self) -> Result<(), SignatureError> {
        self.verify_at(now())
    }
}

const BOTH: [Knock; 2] = [Knock::Cavage, Knock::Rfc9421];

#[test]
fn what_we_sign_verifies() {
    let extra = [("collection-synchronization".to_owned(), r#"collectionId="x", digest="y""#.to_owned())];
    for knock in BOTH {
        for letter in [
            SignedLetter::post(knock),
            SignedLetter::signed(knock, "GET", "/users/b?page=1&x=%20", &[]),
            SignedLetter::signed(knock, "GET", "/", &[]),
            SignedLetter::signed(knock, "POST", "/inbox", &extra),
        ] {
            assert_eq!(letter.verify(), Ok(()), "{knock:?} {} {}", letter.method, letter.target);
            assert_eq!(letter.claim_at(now()).unwrap().key_ids(), [KEY_ID]);
        }
        assert!(SignedLetter::signed(knock, "POST", "/inbox", &extra).claim_at(now()).unwrap().covers(&extra[0].0));
        assert!(!SignedLetter::post(knock).claim_at(now()).unwrap().covers(&extra[0].0));
    }
}

#[test]
fn headers_are_written_as_the_pickiest_peers_read_them() {
    let post = SignedLetter::post(Knock::Cavage);
    let text = post.header("signature");
    let start = r#"keyId="https://there.example/users/a#main-key",algorithm="rsa-sha256",headers="(request-target) host date digest content-type",signature=""#;
    assert!(text.starts_with(start), "{text}");
    assert!(post.header("digest").starts_with("SHA-256="), "Threads needs upper case");
    assert_eq!(post.header("date"), "Sun, 23 Nov 2025 08:00:00 GMT");
    let get = SignedLetter::signed(Knock::Cavage, "GET", "/x", &[]).header("signature");
    assert!(get.contains(r#"headers="(request-target) host date","#), "{get}");

    let post = SignedLetter::post(Knock::Rfc9421);
    assert_eq!(
        post.header("signature-input"),
        r#"sig1=("@method" "@target-uri" "@authority" "content-digest");created=1763884800;keyid="https://there.example/users/a#main-key";alg="rsa-v1_5-sha256""#
    );
    assert!(post.header("content-digest").starts_with("sha-256=:"));
    assert!(post.header("signature").starts_with("sig1=:"));
    let get = SignedLetter::signed(Knock::Rfc9421, "GET", "/x", &[]).header("signature-input");
    assert!(get.starts_with(r#"sig1=("@method" "@target-uri" "@authority");created="#), "{get}");
}

#[test]
fn the_clock_may_be_an_hour_off_and_no_more() {
    let minutes = |n: u64| Duration::from_secs(60 * n);
    for knock in BOTH {
        let letter = SignedLetter::post(knock);
        for fine in [now().plus(minutes(64)), now().minus(minutes(64))] {
            assert_eq!(letter.verify_at(fine), Ok(()));
        }
        let old = letter.verify_at(now().plus(minutes(66))).unwrap_err();
        let new = letter.verify_at(now().minus(minutes(180))).unwrap_err();
        assert!(matches!(old, SignatureError::Stale(..)) && old.code() == 401, "{old}");
        assert!(
            matches!(new, SignatureError::Future(..)) && new.to_string().contains("3 hours in the future"),
            "{new}"
        );
    }
}

#[test]
fn anything_changed_on_the_way_is_noticed() {
    for knock in BOTH {
        let letter = SignedLetter::post(knock);
        let (digest, list) = match knock {
            Knock::Cavage => ("digest", "signature"),
            Knock::Rfc9421 => ("content-digest", "signature-input"),
        };
        let changed = SignedLetter { body: b"{}".to_vec(), ..letter.clone() };
        assert!(matches!(changed.verify(), Err(SignatureError::Digest(_))));
        let no_body = SignedLetter { body: vec![], ..letter.clone() };
        assert!(matches!(no_body.verify(), Err(SignatureError::Digest(_))));
        let other_path = SignedLetter { target: "/users/b/inbox".into(), ..letter.clone() };
        assert_eq!(other_path.verify(), Err(SignatureError::Wrong), "replayed to another inbox");
        let with_query = SignedLetter { target: "/inbox?x".into(), ..letter.clone() };
        let lenient = knock == Knock::Cavage; // old peers leave the query out
        assert_eq!(with_query.verify().is_ok(), lenient);
        let other_method = SignedLetter { method: "PUT", ..letter.clone() };
        assert_eq!(other_method.verify(), Err(SignatureError::Wrong));
        // sent to another server and replayed to us
        let replayed = SignedLetter { host: "victim.example", ..letter.clone() };
        assert_eq!(replayed.verify(), Err(SignatureError::WrongHost("victim.example".into())));
        let disguised = SignedLetter { host: "victim.example", ..letter.clone() }.set("host", "victim.example");
        assert_eq!(disguised.verify(), Err(SignatureError::Wrong));
        // half signed
        assert_eq!(letter.clone().without(digest).verify(), Err(SignatureError::Missing(digest.into())));
        let uncovered =
            letter.clone().edit(list, if knock == Knock::Cavage { " digest" } else { r#" "content-digest""# }, "");
        assert!(matches!(uncovered.verify(), Err(SignatureError::NotCovered(_))));
        assert_eq!(
            letter.clone().without("signature").without("signature-input").verify(),
            Err(SignatureError::Unsigned)
        );
        assert_eq!(letter.clone().without("signature").verify().unwrap_err().code(), 401);
        assert_eq!(letter.claim_at(now()).unwrap().verify(&PublicKey::Ed25519([7; 32])).unwrap_err().code(), 401);
        let stranger = PrivateKey::generate().unwrap().public_key().unwrap();
        assert_eq!(letter.claim_at(now()).unwrap().verify(&stranger), Err(SignatureError::Wrong));
    }
}

#[test]
fn a_proxy_may_spell_the_host_its_own_way() {
    for knock in BOTH {
        for host in ["HERE.example", "here.example:443", "127.0.0.1:8080"] {
            assert_eq!(SignedLetter::post(knock).set("host", host).verify(), Ok(()), "{host}");
        }
    }
}

#[test]
fn cavage_dialects_are_understood() {
    let letter = || SignedLetter::post(Knock::Cavage);
    let text = letter().header("signature");
    for dialect in [
        letter().set("signature", &format!("Signature {text}")),
        letter().edit("signature", "rsa-sha256", "hs2019"),
        letter().edit("signature", r#"algorithm="rsa-sha256","#, ""),
        letter().edit("signature", r#"algorithm="rsa-sha256""#, "algorithm=rsa-sha256"),
        letter().edit("signature", ",headers", " , headers"),
        letter().edit("signature", "keyId", "keyid"),
        letter().edit("signature", ",headers", ",created=1763884800,expires=1763884900,headers"),
        letter().edit("signature", ",headers", r#",version="2.1",headers"#),
        SignedLetter { target: "/inbox?id=1".into(), ..letter() },
    ] {
        assert_eq!(dialect.verify(), Ok(()), "{}", dialect.header("signature"));
    }
    // Mastodon before 4.3 signs the path alone
    let get = SignedLetter {
        target: "/users/b?page=1".into(),
        ..SignedLetter::signed(Knock::Cavage, "GET", "/users/b", &[])
    };
    assert_eq!(get.verify(), Ok(()));
}

#[test]
fn created_and_expires_are_signed_as_lemmy_writes_them() {
    use base64::Engine as _;
    let base = format!(
        "(request-target): get /x\n(created): {}\n(expires): {}\nhost: here.example",
        now().secs(),
        now().secs() + 10
    );
    let signature = base64::engine::general_purpose::STANDARD.encode(SIGNER.key.sign(base.as_bytes()).unwrap());
    let letter = SignedLetter::signed(Knock::Cavage, "GET", "/x", &[]).without("date").set(
        "signature",
        &format!(
            r#"keyId="k",algorithm="hs2019",created={},expires={},headers="(request-target) (created) (expires) host",signature="{signature}""#,
            now().secs(),
            now().secs() + 10
        ),
    );
    assert_eq!(letter.verify(), Ok(()));
    assert_eq!(letter.verify_at(now().plus(Duration::from_secs(600))), Ok(()), "clocks differ");
    let later = letter.clone().edit("signature", &format!("created={}", now().secs()), "created=1763880000");
    assert!(matches!(later.verify(), Err(SignatureError::Stale(..))));
    let expired = letter.clone().edit("signature", &format!("expires={}", now().secs() + 10), "expires=1763800000");
    assert!(matches!(expired.verify(), Err(SignatureError::Expired(_))));
    let longer = letter.clone().edit("signature", &format!("expires={}", now().secs() + 10), "expires=1763900000");
    assert_eq!(longer.verify(), Err(SignatureError::Wrong), "it is signed too");
    assert_eq!(letter.edit("signature", "created=", "x=").verify(), Err(SignatureError::Missing("(created)".into())));
}

#[test]
fn bad_cavage_headers_get_a_reason() {
    let letter = || SignedLetter::post(Knock::Cavage);
    let text = letter().header("signature");
    for (code, bad) in [
        (401, letter().edit("signature", ",headers", r#",keyId="b",headers"#)),
        (401, letter().edit("signature", ",headers", r#",keyid="b",headers"#)),
        (401, letter().edit("signature", ",headers", r#",headers="(request-target) host date digest",headers"#)),
        (401, letter().edit("signature", "rsa-sha256", "hmac-sha256")),
        (401, letter().edit("signature", "rsa-sha256", "none")),
        (401, letter().edit("signature", "rsa-sha256", "ed25519")),
        (401, letter().edit("signature", "(request-target) ", "")),
        (401, letter().edit("signature", "host ", "")),
        (401, letter().edit("signature", "date ", "")),
        (401, letter().edit("signature", "content-type", "content-type x-missing")),
        (401, letter().edit("signature", r#"headers="(request-target) host date digest content-type","#, "")),
        (401, letter().set("date", "yesterday")),
        (401, letter().set("date", "")),
        (401, letter().without("date")),
        (401, letter().set("digest", "MD5=AAAA")),
        (401, letter().set("content-type", "text/plain")),
        (401, {
            let mut l = letter();
            l.headers.push(("signature".into(), text.clone()));
            l
        }),
        (400, letter().edit("signature", "keyId", "k")),
        (400, letter().edit("signature", "signature=\"", "signature=\"%%")),
        (400, letter().edit("signature", ",headers", ",created=soon,headers")),
        (400, letter().set("signature", "")),
        (400, letter().set("signature", "Bearer")),
        (400, letter().set("signature", "keyId=\"a")),
        (400, letter().set("signature", &format!("{text}{}", " ".repeat(9000)).replace("  ", ",,"))),
        (400, letter().set("signature", &(0..60).map(|n| format!("p{n}=b,")).collect::<String>())),
    ] {
        let refusal = bad.verify().unwrap_err();
        assert_eq!(refusal.code(), code, "{refusal}: {}", bad.header("signature"));
        assert!(!refusal.to_string().is_empty());
    }
}

#[test]
fn bad_rfc_9421_headers_get_a_reason() {
    let letter = || SignedLetter::post(Knock::Rfc9421);
    let edit = |from: &str, to: &str| letter().edit("signature-input", from, to);
    for (code, bad) in [
        (401, edit(";created=1763884800", "")),
        (401, edit(";created=1763884800", ";created=1763884800;created=1763884800")),
        (401, edit("rsa-v1_5-sha256", "ed25519")),
        (401, edit("rsa-v1_5-sha256", "hmac-sha256")),
        (401, edit("\"@method\" ", "")),
        (401, edit("\"@target-uri\" ", "")),
        (401, edit("\"@method\"", "\"@method\" \"@method\"")),
        (401, edit("\"@method\"", "\"@method\" \"@status\"")),
        (401, edit("\"@method\"", "\"@method\" \"date\";req")),
        (401, edit("\"@method\"", "\"@method\" \"date\";sf")),
        (401, edit("\"@method\"", "\"@method\" \"X-Upper\"")),
        (401, edit("\"@method\"", "\"@method\" \"x-missing\"")),
        (401, edit("\"content-digest\"", "\"content-digest\";bs")),
        (401, edit(";alg", ";expires=1763800000;alg")),
        (401, letter().set("content-digest", "sha-256=:AAAA:")),
        (401, letter().set("content-digest", "sha-1=:AAAA:")),
        (401, letter().set("signature", "sig1=:AAAA:")),
        (400, letter().set("signature", "sig2=:AAAA:")),
        (400, letter().set("signature", "sig1=AAAA")),
        (400, letter().set("signature", r#"keyId="a""#)),
        (400, letter().set("signature-input", "sig1")),
        (400, letter().set("signature-input", "sig1=(@method)")),
        (400, letter().set("signature-input", "sig1=(method);created=1")),
        (400, edit("keyid", "kid")),
        (400, edit("created=1763884800", "created=\"1763884800\"")),
    ] {
        let refusal = bad.verify().unwrap_err();
        assert_eq!(refusal.code(), code, "{refusal}: {}", bad.header("signature-input"));
    }
}

#[test]
fn one_good_signature_among_several_is_enough() {
    let letter = SignedLetter::post(Knock::Rfc9421);
    let input = format!(r#"proxy=("@method");created=1;keyid="p", {};tag="x""#, letter.header("signature-input"));
    let signature = format!("proxy=:AAAA:, {}", letter.header("signature"));
    let both = letter.clone().set("signature-input", &input).set("signature", &signature);
    assert_eq!(both.verify(), Err(SignatureError::Wrong), "an added parameter is signed too");
    let both = both.edit("signature-input", ";tag=\"x\"", "");
    assert_eq!(both.claim_at(now()).unwrap().key_ids(), [KEY_ID]);
    assert_eq!(both.verify(), Ok(()));
    let mut lines =
        letter.set("signature-input", r#"proxy=("@method");created=1;keyid="p""#).set("signature", "proxy=:AA==:");
    let original = SignedLetter::post(Knock::Rfc9421);
    lines.headers.push(("signature-input".into(), original.header("signature-input")));
    lines.headers.push(("signature".into(), original.header("signature")));
    assert_eq!(lines.verify(), Ok(()), "on two lines");
    let many: Vec<String> = (0..5).map(|n| format!("s{n}=()")).collect();
    assert_eq!(
        SignedLetter::post(Knock::Rfc9421).set("signature-input", &many.join(",")).verify().unwrap_err().code(),
        400
    );
}

#[test]
fn the_dialects_of_rfc_9421_are_understood() {
    use base64::Engine as _;
    // Fedify (and so Ghost and Hollo) adds host and date; others spell the target in parts
    for components in [
        r#""@method" "@target-uri" "@authority" "host" "date" "content-digest""#,
        r#""@method" "@path" "@query" "@authority" "content-digest""#,
        r#""@method" "@request-target" "@authority" "@scheme" "content-digest""#,
    ] {
        let letter = SignedLetter { target: "/inbox?a=b".into(), ..SignedLetter::post(Knock::Rfc9421) };
        let values = [
            ("@method", "POST".to_owned()),
            ("@target-uri", "https://here.example/inbox?a=b".to_owned()),
            ("@request-target", "/inbox?a=b".to_owned()),
            ("@path", "/inbox".to_owned()),
            ("@query", "?a=b".to_owned()),
            ("@authority", "here.example".to_owned()),
            ("@scheme", "https".to_owned()),
            ("host", "here.example".to_owned()),
            ("date", letter.header("date")),
            ("content-digest", letter.header("content-digest")),
        ];
        let params = format!(r#"({components});alg="rsa-v1_5-sha256";keyid="{KEY_ID}";created=1763884800"#);
        let mut base = String::new();
        for name in components.split(' ') {
            let value = &values.iter().find(|(known, _)| *known == name.trim_matches('"')).unwrap().1;
            base.push_str(&format!("{name}: {value}\n"));
        }
        base.push_str(&format!("\"@signature-params\": {params}"));
        let signature = base64::engine::general_purpose::STANDARD.encode(SIGNER.key.sign(base.as_bytes()).unwrap());
        let letter =
            letter.set("signature-input", &format!("wp={params}")).set("signature", &format!("wp=:{signature}:"));
        assert_eq!(letter.verify(), Ok(()), "{components}");
    }
}

proptest! {
    #[test]
    fn no_header_makes_us_panic(signature in "\\PC*", input in "\\PC*", date in "\\PC*", digest in "\\PC*") {
        let letter = SignedLetter::post(Knock::Cavage).set("signature", &signature).set("date", &date).set("digest", &digest);
        let _ = letter.verify();
        let _ = letter.set("signature-input", &input).set("content-digest", &digest).verify();
        let _ = PublicKey::from_pem(&signature);
        let _ = PublicKey::from_multibase(&input);
    }

    #[test]
    fn no_near_miss_makes_us_panic(
        input in r#"[a-z]{0,2}=\(("[@a-z-]{0,8}"(;[a-z]=?)? ?){0,4}\)?(;[a-z]{1,7}=["?:0-9a-z.]{0,6}){0,4},?"#,
        signature in r#"([a-zA-Z]{0,9}=?"?[a-z():/ +=]{0,12}"?[, ]?){0,6}"#,
        at in 0usize..200,
    ) {
        let letter = SignedLetter::post(Knock::Rfc9421);
        let _ = letter.clone().set("signature-input", &input).verify();
        let _ = letter.clone().set("signature-input", &input).set("signature", &signature).verify();
        let _ = SignedLetter::post(Knock::Cavage).set("signature", &signature).verify();
        let cut: String = letter.header("signature-input").chars().take(at).collect();
        let refused = at < letter.header("signature-input").len();
        prop_assert_eq!(letter.set("signature-input", &cut).verify().is_err(), refused);
    }
}
