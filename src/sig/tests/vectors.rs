//! Test vectors of RFC 9421 (appendix B) and of draft-cavage-http-signatures (appendix C).
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use crate::base::Time;
use crate::sig::keys::Algorithm::{self, Ed25519, RsaPssSha512};
use crate::sig::received::ReceivedRequest;
use crate::sig::structured_fields::{self, BareItem, DictionaryMember};
use crate::sig::{PublicKey, SignatureError, claim, rfc9421};

/// RFC 9421 B.1.2.
pub const RSA_PSS_PEM: &str = "-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAr4tmm3r20Wd/PbqvP1s2
+QEtvpuRaV8Yq40gjUR8y2Rjxa6dpG2GXHbPfvMs8ct+Lh1GH45x28Rw3Ry53mm+
oAXjyQ86OnDkZ5N8lYbggD4O3w6M6pAvLkhk95AndTrifbIFPNU8PPMO7OyrFAHq
gDsznjPFmTOtCEcN2Z1FpWgchwuYLPL+Wokqltd11nqqzi+bJ9cvSKADYdUAAN5W
Utzdpiy6LbTgSxP7ociU4Tn0g5I6aDZJ7A8Lzo0KSyZYoA485mqcO0GVAdVw9lq4
aOT9v6d+nb4bnNkQVklLQ3fVAvJm+xdDOp9LCNCN48V2pnDOkFV6+U9nV5oyc6XI
2wIDAQAB
-----END PUBLIC KEY-----
";
/// RFC 9421 B.1.1.
pub const RSA_PKCS1_PEM: &str = "-----BEGIN RSA PUBLIC KEY-----
MIIBCgKCAQEAhAKYdtoeoy8zcAcR874L8cnZxKzAGwd7v36APp7Pv6Q2jdsPBRrw
WEBnez6d0UDKDwGbc6nxfEXAy5mbhgajzrw3MOEt8uA5txSKobBpKDeBLOsdJKFq
MGmXCQvEG7YemcxDTRPxAleIAgYYRjTSd/QBwVW9OwNFhekro3RtlinV0a75jfZg
kne/YiktSvLG34lw2zqXBDTC5NHROUqGTlML4PlNZS5Ri2U4aCNx2rUPRcKIlE0P
uKxI4T+HIaFpv8+rdV6eUgOrB2xeI1dSFFn/nnv5OoZJEIB+VmuKn3DCUcCZSFlQ
PSXSfBDiUGhwOw76WuSSsf1D4b/vLoJ10wIDAQAB
-----END RSA PUBLIC KEY-----
";
/// RFC 9421 B.1.3.
pub const P256_PEM: &str = "-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEqIVYZVLCrPZHGHjP17CTW0/+D9Lf
w0EkjqF7xB4FivAxzic30tMM4GF+hR6Dxh71Z50VGGdldkkDXZCnTNnoXQ==
-----END PUBLIC KEY-----
";
/// RFC 9421 B.1.4.
pub const ED25519_PEM: &str = "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAJrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=
-----END PUBLIC KEY-----
";
/// The cavage draft's key: 1024 bits, which we do not accept from peers.
pub const SHORT_RSA_PEM: &str = "-----BEGIN PUBLIC KEY-----
MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDCFENGw33yGihy92pDjZQhl0C3
6rPJj+CvfSC8+q28hxA161QFNUd13wuCTUcq0Qd2qsBe/2hFyc2DCJJg0h1L78+6
Z4UMR7EOcpfdUE9Hf3m/hs+FUR45uBJeDK1HSFHD8bHKD6kv8FPGfJTotc+2xjJw
oYi+1hqp1fIekaxsyQIDAQAB
-----END PUBLIC KEY-----
";

const BODY: &[u8] = br#"{"hello": "world"}"#;
const CONTENT_DIGEST: &str =
    "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:";

const B21: (&str, &str) = (
    r#"sig-b21=();created=1618884473;keyid="test-key-rsa-pss";nonce="b3k2pp5k7z-50gnwp.yemd""#,
    "sig-b21=:d2pmTvmbncD3xQm8E9ZV2828BjQWGgiwAaw5bAkgibUopemLJcWDy/lkbbHAve4cRAtx31Iq786U7it++wgGxbtRxf8Udx7zFZsckzXaJM\
     kA7ChG52eSkFxykJeNqsrWH5S+oxNFlD4dzVuwe8DhTSja8xxbR/Z2cOGdCbzR72rgFWhzx2VjBqJzsPLMIQKhO4DGezXehhWwE56YCE+O6c0mKZ\
     sfxVrogUvA4HELjVKWmAvtl6UnCh8jYzuVG5WSb/QEVPnP5TmcAnLH1g+s++v6d4s8m0gCw1fV5/SITLq9mhho8K3+7EPYTU8IU1bLhdxO5Nyt8C\
     8ssinQ98Xw9Q==:",
);
const B22: (&str, &str) = (
    r#"sig-b22=("@authority" "content-digest" "@query-param";name="Pet");created=1618884473;keyid="test-key-rsa-pss";tag="header-example""#,
    "sig-b22=:LjbtqUbfmvjj5C5kr1Ugj4PmLYvx9wVjZvD9GsTT4F7GrcQEdJzgI9qHxICagShLRiLMlAJjtq6N4CDfKtjvuJyE5qH7KT8UCMkSowOB4+\
     ECxCmT8rtAmj/0PIXxi0A0nxKyB09RNrCQibbUjsLS/2YyFYXEu4TRJQzRw1rLEuEfY17SARYhpTlaqwZVtR8NV7+4UKkjqpcAoFqWFQh62s7Cl+\
     H2fjBSpqfZUJcsIk4N6wiKYd4je2U/lankenQ99PZfB4jY3I5rSV2DSBVkSFsURIjYErOs0tFTQosMTAoxk//0RoKUqiYY8Bh0aaUEb0rQl3/XaV\
     e4bXTugEjHSw==:",
);
const B23: (&str, &str) = (
    r#"sig-b23=("date" "@method" "@path" "@query" "@authority" "content-type" "content-digest" "content-length");created=1618884473;keyid="test-key-rsa-pss""#,
    "sig-b23=:bbN8oArOxYoyylQQUU6QYwrTuaxLwjAC9fbY2F6SVWvh0yBiMIRGOnMYwZ/5MR6fb0Kh1rIRASVxFkeGt683+qRpRRU5p2voTp768ZrCUb\
     38K0fUxN0O0iC59DzYx8DFll5GmydPxSmme9v6ULbMFkl+V5B1TP/yPViV7KsLNmvKiLJH1pFkh/aYA2HXXZzNBXmIkoQoLd7YfW91kE9o/CCoC1\
     xMy7JA1ipwvKvfrs65ldmlu9bpG6A9BmzhuzF8Eim5f8ui9eH8LZH896+QIF61ka39VBrohr9iyMUJpvRX2Zbhl5ZJzSRxpJyoEZAFL2FUo5fTIz\
     tsDZKEgM4cUA==:",
);
const B25: (&str, &str) = (
    r#"sig-b25=("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret""#,
    "sig-b25=:pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=:",
);
const B26: (&str, &str) = (
    r#"sig-b26=("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519""#,
    "sig-b26=:wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==:",
);

fn pairs(headers: &[(&str, &str)]) -> Vec<(String, String)> {
    headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// The test request of RFC 9421 B.2.
fn headers(signature: (&str, &str)) -> Vec<(String, String)> {
    pairs(&[
        ("host", "example.com"),
        ("date", "Tue, 20 Apr 2021 02:07:55 GMT"),
        ("content-type", "application/json"),
        ("content-digest", CONTENT_DIGEST),
        ("content-length", "18"),
        ("signature-input", signature.0),
        ("signature", signature.1),
    ])
}

fn received(headers: &[(String, String)]) -> ReceivedRequest<'_> {
    let (method, scheme, host) = ("POST", "https", "example.com");
    ReceivedRequest { method, scheme, host, target: "/foo?param=Value&Pet=dog", headers, body: BODY }
}

/// Signature base and signature of a vector, without the rules of our inbox.
fn base_of(signature: (&str, &str)) -> (String, Vec<u8>) {
    let headers = headers(signature);
    let DictionaryMember::List(components, params) = structured_fields::dictionary(signature.0).unwrap().remove(0).1
    else {
        panic!()
    };
    let Some(BareItem::Bytes(bytes)) = structured_fields::dictionary(signature.1).unwrap().remove(0).1.into_bare()
    else {
        panic!()
    };
    (rfc9421::base(&received(&headers), &components, &params, "example.com").unwrap(), bytes)
}

fn check(pem: &str, algorithm: Algorithm, vector: (&str, &str)) -> Result<(), SignatureError> {
    let (base, signature) = base_of(vector);
    PublicKey::from_pem(pem).unwrap().verify(algorithm, base.as_bytes(), &signature)
}

#[test]
fn rfc_9421_signatures_verify() {
    assert_eq!(check(RSA_PSS_PEM, RsaPssSha512, B21), Ok(()), "B.2.1");
    assert_eq!(check(RSA_PSS_PEM, RsaPssSha512, B22), Ok(()), "B.2.2");
    assert_eq!(check(RSA_PSS_PEM, RsaPssSha512, B23), Ok(()), "B.2.3");
    assert_eq!(check(ED25519_PEM, Ed25519, B26), Ok(()), "B.2.6");
    assert_eq!(check(RSA_PSS_PEM, Algorithm::RsaSha256, B21), Err(SignatureError::Wrong));
    assert_eq!(check(RSA_PKCS1_PEM, RsaPssSha512, B23), Err(SignatureError::Wrong));
}

#[test]
fn rfc_9421_bases_are_as_printed() {
    assert_eq!(
        base_of(B22).0,
        format!(
            "\"@authority\": example.com\n\"content-digest\": {CONTENT_DIGEST}\n\"@query-param\";name=\"Pet\": dog\n\
             \"@signature-params\": (\"@authority\" \"content-digest\" \"@query-param\";name=\"Pet\");created=1618884473;\
             keyid=\"test-key-rsa-pss\";tag=\"header-example\""
        )
    );
    assert!(base_of(B23).0.contains("\"@path\": /foo\n\"@query\": ?param=Value&Pet=dog\n"));
}

#[test]
fn the_inbox_takes_the_one_vector_that_covers_enough() {
    let now = Time::from_secs(1_618_884_473);
    let key = PublicKey::from_pem(RSA_PSS_PEM).unwrap();
    let full = headers(B23);
    let claimed = claim(&received(&full), now).unwrap();
    assert_eq!(claimed.key_ids(), ["test-key-rsa-pss"]);
    assert_eq!(claimed.verify(&key), Ok(()));
    assert!(claimed.covers("content-type") && !claimed.covers("@scheme"));

    assert_eq!(claim(&received(&headers(B21)), now), Err(SignatureError::NotCovered("@method")));
    assert_eq!(claim(&received(&headers(B22)), now), Err(SignatureError::NotCovered("@method")));
    assert_eq!(claim(&received(&headers(B25)), now), Err(SignatureError::NotCovered("@method")));
    // B.2.6 leaves the query and the digest out
    assert_eq!(claim(&received(&headers(B26)), now), Err(SignatureError::NotCovered("@target-uri")));
}

#[test]
fn unsupported_algorithms_are_named() {
    let now = Time::from_secs(1_618_884_473);
    for alg in ["hmac-sha256", "ecdsa-p256-sha256", "ecdsa-p384-sha384", "rsa-v1_5-sha512", "none"] {
        let input = format!(
            r#"s=("@method" "@target-uri" "content-digest");created=1618884473;keyid="https://a.example/k";alg="{alg}""#
        );
        let headers = headers((&input, "s=:AAAA:"));
        let refusal = claim(&received(&headers), now).unwrap_err();
        assert_eq!(refusal, SignatureError::Algorithm(alg.to_owned()));
        assert_eq!(refusal.code(), 401);
    }
    assert!(PublicKey::from_pem(P256_PEM).is_err(), "the key of B.2.4");
}

/// Draft-cavage C.2 and C.3: the signing strings are rebuilt by the inbound half and checked with the draft's short key,
/// which only this test accepts.
#[test]
fn cavage_vectors_verify() {
    use base64::Engine as _;
    let c2 = r#"keyId="Test",algorithm="rsa-sha256",headers="(request-target) host date",signature="qdx+H7PHHDZgy4y/Ahn9Tny9V3GP6YgBPyUXMmoxWtLbHpUnXS2mg2+SbrQDMCJypxBLSPQR2aAjn7ndmw2iicw3HMbe8VfEdKFYRqzic+efkb3nndiv/x1xSHDJWeSWkx3ButlYSuBskLu6kd9Fswtemr3lgdDEmn04swr2Os0=""#;
    let c3 = r#"keyId="Test",algorithm="rsa-sha256",headers="(request-target) host date content-type digest content-length",signature="vSdrb+dS3EceC9bcwHSo4MlyKS59iFIrhgYkz8+oVLEEzmYZZvRs8rgOp+63LEM3v+MFHB32NfpB2bEKBIvB1q52LaEUHFv120V01IL+TAD48XaERZFukWgHoBTLMhYS2Gb51gWxpeIq8knRmPnYePbF5MOkR0Zkly4zKH7s1dE=""#;
    let spki: String = SHORT_RSA_PEM.lines().filter(|line| !line.starts_with('-')).collect();
    let spki = base64::engine::general_purpose::STANDARD.decode(spki).unwrap();
    // the PKCS#1 key stands at the end of the SPKI structure, after 22 bytes of wrapping
    let key = ring::signature::UnparsedPublicKey::new(
        &ring::signature::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
        &spki[22..],
    );
    let now = Time::parse_http("Sun, 05 Jan 2014 21:31:40 GMT").unwrap();
    let request = |signature: &str| {
        pairs(&[
            ("host", "example.com"),
            ("date", "Sun, 05 Jan 2014 21:31:40 GMT"),
            ("content-type", "application/json"),
            ("digest", "SHA-256=X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE="),
            ("content-length", "18"),
            ("signature", signature),
        ])
    };
    let headers = request(c3);
    let full = ReceivedRequest { target: "/foo?param=value&pet=dog", ..received(&headers) };
    let candidate = crate::sig::cavage::candidate(&full, now).unwrap();
    key.verify(candidate.bases[0].as_bytes(), &candidate.signature).unwrap();

    let headers = request(c2);
    let basic = ReceivedRequest { target: "/foo?param=value&pet=dog", ..received(&headers) };
    assert_eq!(claim(&basic, now), Err(SignatureError::NotCovered("the digest of the body")));
    // the signed text names POST, which may not come without a digest here: rebuild it by hand
    let text =
        "(request-target): post /foo?param=value&pet=dog\nhost: example.com\ndate: Sun, 05 Jan 2014 21:31:40 GMT";
    let (_, signature) = c2.rsplit_once("signature=\"").unwrap();
    let signature = base64::engine::general_purpose::STANDARD.decode(signature.trim_end_matches('"')).unwrap();
    key.verify(text.as_bytes(), &signature).unwrap();
}
