//! Subscriptions of Web Push.

use serde_json::json;

use super::ApiClient;
use crate::sig::push::tests::TestReceiver;

#[actix_web::test]
async fn an_app_subscribes_changes_its_mind_and_leaves() {
    let client = ApiClient::with("read push");
    let (p256dh, auth) = TestReceiver::new().keys();
    let path = "/api/v1/push/subscription";
    assert_eq!(client.get(path).await.code.as_u16(), 404);
    assert_eq!(client.form("PUT", path, &[("data[alerts][follow]", "1")]).await.code.as_u16(), 404);
    let form = [
        ("subscription[endpoint]", "https://push.example/to/1"),
        ("subscription[keys][p256dh]", p256dh.as_str()),
        ("subscription[keys][auth]", auth.as_str()),
        ("data[alerts][mention]", "true"),
        ("data[alerts][favourite]", "1"),
        ("data[alerts][nonsense]", "1"),
        ("data[policy]", "followed"),
    ];
    let made = client.post(path, &form).await;
    assert_eq!(made.code.as_u16(), 200, "{}", made.text());
    let mut made = made.json();
    let instance = client.get("/api/v2/instance").await.json();
    assert_eq!(made["server_key"], instance["configuration"]["vapid"]["public_key"]);
    assert_eq!(made["server_key"].as_str().map(str::len), Some(88));
    let alerts = made["alerts"].take();
    assert!(alerts["mention"] == true && alerts["favourite"] == true && alerts["admin.report"] == false);
    assert_eq!(alerts["nonsense"], json!(null));
    made.as_object_mut().map(|map| (map.remove("alerts"), map.remove("server_key")));
    let expected = json!({ "id": 1, "endpoint": "https://push.example/to/1", "standard": false, "policy": "followed" });
    assert_eq!(made, expected);
    let changed = client.form("PUT", path, &[("data[alerts][follow]", "1"), ("policy", "all")]).await.json();
    assert_eq!((&changed["alerts"]["follow"], &changed["alerts"]["mention"]), (&json!(true), &json!(false)));
    assert_eq!(changed["policy"], "all");
    for _ in 0..2 {
        let left = client.form("DELETE", path, &[]).await;
        assert_eq!((left.code.as_u16(), left.text().as_str()), (200, "{}"));
    }
    assert_eq!(client.get(path).await.code.as_u16(), 404);
}

#[actix_web::test]
async fn wrong_addresses_and_keys_are_refused_and_nothing_is_kept() {
    let client = ApiClient::with("push");
    let (p256dh, auth) = TestReceiver::new().keys();
    let long = format!("https://push.example/{}", "x".repeat(3_000));
    for (endpoint, p256dh, auth) in [
        ("http://push.example/", p256dh.as_str(), auth.as_str()),
        ("file:///etc/passwd", &p256dh, &auth),
        (&long, &p256dh, &auth),
        ("https://push.example/", "AAAA", &auth),
        ("https://push.example/", &p256dh, ""),
        ("", &p256dh, &auth),
    ] {
        let form = [
            ("subscription[endpoint]", endpoint),
            ("subscription[keys][p256dh]", p256dh),
            ("subscription[keys][auth]", auth),
        ];
        let refused = client.post("/api/v1/push/subscription", &form).await;
        assert_eq!(refused.code.as_u16(), 422, "{endpoint:.40} {}", refused.text());
        assert!(refused.text().contains("Validation failed"), "{}", refused.text());
    }
    assert_eq!(client.get("/api/v1/push/subscription").await.code.as_u16(), 404);
    let empty = client.post("/api/v1/push/subscription", &[("data[alerts][mention]", "1")]).await;
    let said = json!({"error": "param is missing or the value is empty: subscription"});
    assert_eq!((empty.code.as_u16(), empty.json()), (400, said));
    let without = ApiClient::with("read write");
    assert_eq!(without.get("/api/v1/push/subscription").await.code.as_u16(), 403);
}

#[actix_web::test]
async fn an_address_that_nothing_would_be_sent_to_is_refused_at_once_with_the_reason() {
    let client = ApiClient::with("push");
    let (p256dh, auth) = TestReceiver::new().keys();
    let subscribe = async |endpoint: &str| {
        let form = [
            ("subscription[endpoint]", endpoint),
            ("subscription[keys][p256dh]", p256dh.as_str()),
            ("subscription[keys][auth]", auth.as_str()),
        ];
        client.post("/api/v1/push/subscription", &form).await
    };
    for (endpoint, reason) in [
        ("https://10.0.0.1/x", "not a public one"),
        ("https://127.0.0.1/x", "not a public one"),
        ("https://[::1]:8443/x", "not a public one"),
        ("https://u:p@push.example/x", "password"),
        ("http://push.example/x", "not https"),
    ] {
        let refused = subscribe(endpoint).await;
        let said = refused.json()["error"].as_str().unwrap_or_default().to_owned();
        assert_eq!(refused.code.as_u16(), 422, "{endpoint}");
        assert!(said.starts_with("Validation failed: Endpoint") && said.contains(reason), "{endpoint}: {said}");
    }
    // Who runs a push server at home has it on any port.
    for endpoint in ["https://ntfy.example.org:8443/up", "https://push.example/x"] {
        let made = subscribe(endpoint).await;
        assert_eq!((made.code.as_u16(), made.json()["endpoint"].as_str()), (200, Some(endpoint)), "{}", made.text());
    }
}
