//! Test support: a server with an owner in a temporary folder, requests without a network, and a signing peer.
#![allow(clippy::unwrap_used)]

#[path = "../../tests/strict/mod.rs"]
pub(crate) mod strict;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, RwLock};

use actix_web::body::to_bytes;
use actix_web::http::{StatusCode, header};
use actix_web::middleware::from_fn;
use actix_web::test::{TestRequest, call_service, init_service};
use actix_web::{App, web};
use serde_json::{Value, json};

use crate::base::config::Origin;
use crate::base::{Audience, Config, Result};
use crate::federation::{
    Node,
    owner::{identity, publish},
};
use crate::net::NameSource;
use crate::sig::{self, Knock, OutgoingRequest, PrivateKey, Signer};
use crate::social::profile;
use crate::store::posts::{self, Post};
use crate::store::test_support::TestStore;
use crate::store::{
    actors::{self, follows},
    node,
};

/// The server of `ann@example.org` on `social.example.org`.
pub(crate) struct TestServer {
    pub(crate) test_store: TestStore,
    pub(crate) node: Arc<Node>,
}

/// A response.
pub(crate) struct TestResponse {
    pub(crate) code: StatusCode,
    pub(crate) headers: header::HeaderMap,
    pub(crate) body: web::Bytes,
}

impl TestServer {
    pub(crate) fn new() -> Self {
        Self::with_hosts(&[])
    }

    /// A server whose outgoing requests reach these test domains.
    pub(crate) fn with_hosts(world: &[(&str, SocketAddr)]) -> Self {
        let test_store = TestStore::new();
        let (host, domain) = ("social.example.org".to_owned(), "example.org".to_owned());
        let origin = Origin { scheme: "https".to_owned(), host, domain };
        identity::create_node(&test_store.store, &origin).expect("the store is empty");
        identity::name_owner(&test_store.store, "ann").expect("there is no owner yet");
        let world: HashMap<String, SocketAddr> = world.iter().map(|(name, at)| ((*name).to_owned(), *at)).collect();
        let names = NameSource::Test(Arc::new(RwLock::new(world)));
        let node =
            Node::open(Config::default(), test_store.store.clone(), names).expect("the server was created above");
        Self { test_store, node: Arc::new(node) }
    }

    /// Publishes a post by ann.
    pub(crate) fn post(&self, text: &str, audience: Audience) -> Post {
        let id = publish::post(&self.node, publish::NewPost::new(text, audience)).expect("a plain text can be posted");
        self.node.store.read(|r| posts::by_id(r, id)).expect("it was just written")
    }

    pub(crate) async fn call(&self, request: TestRequest) -> TestResponse {
        let app = App::new()
            .wrap(from_fn(super::middleware::collapse_slashes))
            .configure(super::configure_app(self.node.clone()));
        let app = init_service(app).await;
        let request = request.to_request();
        let target = super::middleware::with_collapsed_slashes(request.uri()).unwrap_or_else(|| request.uri().clone());
        let (method, target) = (request.method().to_string(), target.to_string());
        let response = call_service(&app, request).await;
        let (code, headers) = (response.status(), response.headers().clone());
        let body = to_bytes(response.into_body()).await.unwrap_or_default();
        let reply = TestResponse { code, headers, body };
        strict::demand(&method, &target, code.as_u16(), |name| reply.header(name).to_owned(), &reply.body);
        reply
    }

    pub(crate) async fn get(&self, path: &str, accept: &str) -> TestResponse {
        self.call(TestRequest::get().uri(path).insert_header((header::ACCEPT, accept))).await
    }

    /// A GET as Mastodon sends it for documents.
    pub(crate) async fn peer_get(&self, path: &str) -> TestResponse {
        self.get(path, "application/activity+json, application/ld+json").await
    }
}

impl TestResponse {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// Bob of `b.example`, whose actor and key the server knows.
pub(crate) struct RemoteBob {
    signer: Signer,
}

impl RemoteBob {
    pub(crate) const URI: &'static str = "https://b.example/users/bob";

    pub(crate) fn known_to(house: &TestServer) -> Self {
        let key = PrivateKey::generate().unwrap();
        let (uri, key_id) = (Self::URI, format!("{}#main-key", Self::URI));
        let document = json!({"@context": "https://www.w3.org/ns/activitystreams", "type": "Person", "id": uri,
            "preferredUsername": "bob", "inbox": format!("{uri}/inbox"), "followers": format!("{uri}/followers"),
            "publicKey": {"id": key_id, "owner": uri, "publicKeyPem": key.public_pem()}});
        let document = crate::ap::ReceivedActor::read(&document).unwrap();
        house.node.store.write(move |w| profile::store_actor(w, &document)).unwrap();
        Self { signer: Signer { key_id, key: Arc::new(key) } }
    }

    /// A request to `path` with bob's signature, made `ago` seconds ago.
    pub(crate) fn signed(
        &self,
        house: &TestServer,
        path: &str,
        body: Option<&str>,
        knock: Knock,
        ago: u64,
    ) -> TestRequest {
        let outgoing = OutgoingRequest {
            method: if body.is_some() { "POST" } else { "GET" },
            scheme: "https",
            host: "social.example.org",
            target: path,
            body: body.map(|body| ("application/activity+json", body.as_bytes())),
            extra: &[],
        };
        let at = house.node.clock().now().minus(std::time::Duration::from_secs(ago));
        let mut request = if body.is_some() { TestRequest::post() } else { TestRequest::get() }.uri(path);
        request = request.insert_header((header::HOST, "social.example.org"));
        for (name, value) in sig::sign(&self.signer, knock, &outgoing, at).unwrap() {
            request = request.insert_header((name, value));
        }
        request.set_payload(body.unwrap_or_default().to_owned())
    }

    pub(crate) async fn get(&self, house: &TestServer, path: &str) -> TestResponse {
        let request = self.signed(house, path, None, Knock::Cavage, 0);
        house.call(request.insert_header((header::ACCEPT, "application/activity+json"))).await
    }

    pub(crate) fn follows(&self, house: &TestServer) {
        let accepted = house.node.store.write(|w| -> Result<()> {
            let (bob, ann) = (actors::id_by_uri(w, Self::URI)?.unwrap(), node::owner(w)?);
            follows::upsert(w, bob, ann, "https://b.example/follows/1", None)?;
            follows::accept(w, bob, ann).map(drop)
        });
        accepted.unwrap();
    }
}
