//! Codes and secrets: what an app must show to get a token, and to end one.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use actix_web::test::TestRequest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::ApiClient;
use crate::federation::owner::oauth::{self, AppRegistration, AuthorizationRequest};
use crate::sig::push::tests::TestReceiver;
use crate::store::access::apps::OAuthApp;
use crate::web::test_support::{TestResponse, TestServer};

const REDIRECT: &str = "https://elk.zone/api/host/oauth/https%3A%2F%2Felk.zone";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

fn app(house: &TestServer) -> (OAuthApp, String) {
    let asked = AppRegistration {
        name: "Elk".into(),
        redirects: vec![REDIRECT.into()],
        scopes: "read follow push crypto admin:read".into(),
        website: None,
    };
    oauth::register_app(&house.node, asked).unwrap()
}

fn code(house: &TestServer, app: &OAuthApp, challenge: Option<&str>) -> String {
    let asked = oauth::check_authorization_request(&house.node, &app.client_id, REDIRECT, "read").unwrap();
    oauth::issue_code(&house.node, &AuthorizationRequest { challenge: challenge.map(str::to_owned), ..asked }).unwrap()
}

async fn exchange(house: &TestServer, pairs: &[(&str, &str)]) -> TestResponse {
    house.call(TestRequest::post().uri("/oauth/token").set_form(pairs)).await
}

fn fault(reply: &TestResponse) -> (u16, Value) {
    (reply.code.as_u16(), reply.json()["error"].clone())
}

#[actix_web::test]
async fn a_code_needs_the_secret_or_the_verifier_of_its_challenge() {
    let house = TestServer::new();
    let (app, secret) = app(&house);
    assert_eq!(app.scopes, "read follow push", "words nobody knows are dropped");
    let id = app.client_id.as_str();
    let challenge = URL_SAFE_NO_PAD.encode(ring::digest::digest(&ring::digest::SHA256, VERIFIER.as_bytes()));
    let with = |code: &str, more: &[(&'static str, &'static str)]| {
        let mut pairs = vec![("grant_type", "authorization_code".to_owned()), ("redirect_uri", REDIRECT.to_owned())];
        pairs.extend([("code", code.to_owned()), ("client_id", id.to_owned())]);
        pairs.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
        pairs
    };
    let send = async |pairs: Vec<(&'static str, String)>| {
        let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (*name, value.as_str())).collect();
        exchange(&house, &pairs).await
    };
    let bare = code(&house, &app, None);
    assert_eq!(fault(&send(with(&bare, &[])).await), (401, "invalid_client".into()));
    let guessed = send(with(&bare, &[("code_verifier", "anything")])).await;
    assert_eq!(fault(&guessed), (400, "invalid_grant".into()), "a verifier of nothing proves nothing");
    let wrong = code(&house, &app, Some(&challenge));
    assert_eq!(fault(&send(with(&wrong, &[("code_verifier", "wrong")])).await), (400, "invalid_grant".into()));
    let right = code(&house, &app, Some(&challenge));
    let token = send(with(&right, &[("code_verifier", VERIFIER)])).await;
    assert_eq!(token.code.as_u16(), 200, "{}", token.text());
    assert_eq!(fault(&send(with(&right, &[("code_verifier", VERIFIER)])).await), (400, "invalid_grant".into()));
    let missing = code(&house, &app, Some(&challenge));
    let mut pairs = with(&missing, &[]);
    pairs.push(("client_secret", secret.clone()));
    assert_eq!(fault(&send(pairs).await), (400, "invalid_grant".into()), "who has set a challenge must meet it");
    let elsewhere = code(&house, &app, None);
    let decoded = REDIRECT.replace("%3A", ":").replace("%2F", "/");
    let pairs = [
        ("grant_type", "authorization_code"),
        ("code", &elsewhere),
        ("client_id", id),
        ("client_secret", &secret),
        ("redirect_uri", &decoded),
    ];
    assert_eq!(fault(&exchange(&house, &pairs).await), (400, "invalid_grant".into()), "byte for byte");
}

#[actix_web::test]
async fn without_a_secret_there_is_no_token_of_an_app_and_no_end_of_one() {
    let house = TestServer::new();
    let (app, secret) = app(&house);
    let id = app.client_id.as_str();
    let bare = [("grant_type", "client_credentials"), ("client_id", id), ("code_verifier", "x")];
    assert_eq!(fault(&exchange(&house, &bare).await), (401, "invalid_client".into()));
    let good = [("grant_type", "client_credentials"), ("client_id", id), ("client_secret", &secret)];
    let token = exchange(&house, &good).await.json()["access_token"].as_str().unwrap().to_owned();
    let end = async |pairs: &[(&str, &str)]| {
        house.call(TestRequest::post().uri("/oauth/revoke").set_form(pairs)).await.code.as_u16()
    };
    assert_eq!(end(&[("client_id", id), ("code_verifier", "x"), ("token", &token)]).await, 401);
    let (other, others) = super::secrets::app(&house);
    let theirs = [("client_id", other.client_id.as_str()), ("client_secret", others.as_str()), ("token", &token)];
    assert_eq!(end(&theirs).await, 403);
    let own = [("client_id", id), ("client_secret", secret.as_str()), ("token", token.as_str())];
    assert_eq!((end(&own).await, end(&own).await), (200, 200), "ended once is ended");
    let unknown = [("grant_type", "client_credentials"), ("client_id", "of-before-the-wipe"), ("client_secret", "x")];
    assert_eq!(fault(&exchange(&house, &unknown).await), (401, "invalid_client".into()));
    let strange = [("grant_type", "password"), ("client_id", id), ("client_secret", &secret)];
    assert_eq!(fault(&exchange(&house, &strange).await), (400, "unsupported_grant_type".into()));
}

#[actix_web::test]
async fn an_address_with_a_fragment_is_no_way_back() {
    let house = TestServer::new();
    let register = async |redirect: &str| {
        let form = [("client_name", "App"), ("redirect_uris", redirect)];
        house.call(TestRequest::post().uri("/api/v1/apps").set_form(form)).await
    };
    for redirect in ["myapp://cb#frag", "https://app.example/#", "https://app.example/ https://app.example/#x"] {
        let refused = register(redirect).await;
        assert_eq!(refused.code.as_u16(), 422, "{redirect} {}", refused.text());
        assert!(refused.text().contains("Redirect URI"), "{}", refused.text());
    }
    assert_eq!(register("https://app.example/%23").await.code.as_u16(), 200);
}

#[actix_web::test]
async fn a_verifier_without_a_challenge_is_refused_even_with_the_secret() {
    let house = TestServer::new();
    let (app, secret) = app(&house);
    let with = async |verifier: Option<&str>| {
        let code = code(&house, &app, None);
        let mut pairs = vec![("grant_type", "authorization_code"), ("redirect_uri", REDIRECT), ("code", &code)];
        pairs.extend([("client_id", app.client_id.as_str()), ("client_secret", &secret)]);
        pairs.extend(verifier.map(|verifier| ("code_verifier", verifier)));
        exchange(&house, &pairs).await
    };
    // Somebody on the way has taken the challenge out of what the app asked (RFC 9700, 2.1.1).
    assert_eq!(fault(&with(Some(VERIFIER)).await), (400, "invalid_grant".into()));
    for none in [None, Some("")] {
        assert_eq!(with(none).await.code.as_u16(), 200, "{none:?}");
    }
}

#[actix_web::test]
async fn a_code_that_comes_a_second_time_ends_the_token_it_became() {
    let client = ApiClient::with("read");
    let house = &client.server;
    let (app, secret) = app(house);
    let send = async |code: &str, secret: &str| {
        let usual = [("grant_type", "authorization_code"), ("redirect_uri", REDIRECT), ("code", code)];
        exchange(house, &[&usual[..], &[("client_id", &app.client_id), ("client_secret", secret)]].concat()).await
    };
    let granted = || {
        let asked = oauth::check_authorization_request(&house.node, &app.client_id, REDIRECT, "read push").unwrap();
        oauth::issue_code(&house.node, &asked).unwrap()
    };
    let (first, second) = (granted(), granted());
    let token = |reply: TestResponse| reply.json()["access_token"].as_str().unwrap().to_owned();
    let (ended, kept) = (token(send(&first, &secret).await), token(send(&second, &secret).await));
    let (p256dh, auth) = TestReceiver::new().keys();
    let form = [
        ("subscription[endpoint]", "https://push.example/1"),
        ("subscription[keys][p256dh]", p256dh.as_str()),
        ("subscription[keys][auth]", auth.as_str()),
    ];
    let told = TestRequest::post().uri("/api/v1/push/subscription").set_form(form);
    let told = house.call(told.insert_header(("Authorization", format!("Bearer {ended}")))).await;
    assert_eq!(told.code.as_u16(), 200, "{}", told.text());
    let pushes = || house.node.store.read(|r| crate::store::access::apps::count_all(r, "push_subscription")).unwrap();
    let works = async |token: &str| {
        let asked = TestRequest::get().uri("/api/v1/apps/verify_credentials");
        house.call(asked.insert_header(("Authorization", format!("Bearer {token}")))).await.code.as_u16() == 200
    };
    // Without the secret nobody can end it.
    assert_eq!(fault(&send(&first, "wrong").await), (401, "invalid_client".into()));
    assert!(works(&ended).await && pushes() == 1);
    assert_eq!(fault(&send(&first, &secret).await), (400, "invalid_grant".into()));
    assert!(!works(&ended).await && pushes() == 0, "whoever had the code has the token");
    assert!(works(&kept).await, "another's code is another matter");
    assert_eq!(fault(&send(&first, &secret).await), (400, "invalid_grant".into()), "and nothing is left to end");
    let codes = || house.node.store.read(|r| crate::store::access::apps::count_all(r, "grant_code")).unwrap();
    house.node.clock().advance(std::time::Duration::from_secs(11 * 60));
    granted();
    assert_eq!(codes(), 1, "codes are remembered for minutes");
    assert!(works(&kept).await);
}
