//! One server, the peers its documents come from, and the owner before their page.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use hytte::base::Audience;
use hytte::base::id::{ActorId, PostId};
use hytte::federation::{
    owner::{login, publish},
    remote::resolve,
};
use hytte::sig::{self, Knock, OutgoingRequest, Signer};
use hytte::store;
use hytte::text::plain_text;
use serde_json::{Value, json};

use super::Software;
use super::table::{self, Act, Step};
use crate::harness::{Answer, Peer, Server, World, request};

const ACTORS: [&str; 5] = ["Person", "Group", "Service", "Application", "Organization"];

/// Everything a story needs.
pub struct Stage {
    world: World,
    pub server: Server,
    peers: HashMap<String, Peer>,
    documents: BTreeMap<String, String>,
    knock: Knock,
    cookie: String,
    /// The owner's last post; `OWNER_POST` in documents.
    post: Option<PostId>,
}

/// What was there before a step.
struct Before {
    notifications: Vec<(String, String)>,
    sent: HashMap<String, usize>,
    asked: usize,
}

impl Stage {
    pub fn open(software: &Software) -> Self {
        let world = World::new();
        let server = world.server("hytte.example");
        let documents = table::documents(software.folder);
        let cookie = login::open_session(&server.node.store, "a test").unwrap();
        let knock = if software.modern { Knock::Rfc9421 } else { Knock::Cavage };
        let mut stage = Self { world, server, peers: HashMap::new(), documents, knock, cookie, post: None };
        stage.third_party();
        let names: Vec<String> = stage.documents.keys().cloned().collect();
        for name in names {
            let raw: Value = serde_json::from_str(&stage.documents[&name]).unwrap_or_else(|e| panic!("{name}: {e}"));
            let host = host_of(raw["id"].as_str().unwrap_or_default());
            if !host.is_empty() && host != "hytte.example" && !stage.peers.contains_key(&host) {
                let peer = stage.world.peer(&host);
                stage.peers.insert(host, peer);
            }
            let document = stage.document(&name);
            let known = stage.shown(document["id"].as_str().unwrap_or_default());
            if is_actor(&document) && !known {
                stage.serve(&document);
            }
        }
        stage
    }

    /// Somebody elsewhere whose posts are boosted and answered: carol of third.example, and her note.
    fn third_party(&mut self) {
        let third = self.world.peer("third.example");
        third.person("carol");
        let note = third.note("carol", "/notes/1", "<p>Carol’s words</p>");
        third.serve("/notes/1", &note);
        let mut private = third.note("carol", "/notes/private", "<p>Carol’s secret</p>");
        private["to"] = json!([format!("{}/followers", third.actor("carol"))]);
        private["cc"] = json!([]);
        third.serve("/notes/private", &private);
        self.peers.insert("third.example".into(), third);
    }

    pub fn shown(&self, id: &str) -> bool {
        let Some(peer) = self.peers.get(&host_of(id)) else { return false };
        peer.serves(path_of(id))
    }

    /// A document as this world has it: http, the owner's ids and the peer's key put in.
    pub fn document(&self, name: &str) -> Value {
        let text = self.documents.get(name).unwrap_or_else(|| panic!("there is no {name}.json"));
        let mut text = plain_http(text);
        if let Some(post) = self.post {
            text = text.replace("OWNER_POST", &self.server.uri(post));
        }
        let mut document: Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{name}: {e}"));
        let host = host_of(document["id"].as_str().unwrap_or_default());
        if let Some(peer) = self.peers.get(&host) {
            if let Some(follow) = peer.got_type("Follow").pop() {
                text = text.replace("OUR_FOLLOW", follow["id"].as_str().unwrap());
                document = serde_json::from_str(&text).unwrap();
            }
            let pem = peer.signer("x").key.public_pem();
            set_pem(&mut document, &pem);
        }
        document
    }

    fn serve(&self, document: &Value) {
        let id = document["id"].as_str().unwrap();
        let peer = &self.peers[&host_of(id)];
        peer.serve(path_of(id), document);
        if let Some(name) = document["preferredUsername"].as_str().filter(|_| is_actor(document)) {
            let jrd = json!({ "subject": format!("acct:{name}@{}", peer.domain),
                "links": [{ "rel": "self", "type": "application/activity+json", "href": id }] });
            let path = format!("/.well-known/webfinger?resource=acct:{name}@{}", peer.domain);
            peer.serve_as(&path, 200, "application/jrd+json", jrd.to_string().into_bytes());
        }
    }

    fn asked(&self) -> usize {
        self.peers.values().map(|peer| peer.asked().len()).sum()
    }

    /// Does one step; returns what came otherwise than written.
    pub fn play(&mut self, step: &Step) -> Vec<String> {
        self.server.advance(Duration::from_secs(2));
        let before = Before {
            notifications: self.server.notifications(),
            sent: self.peers.iter().map(|(host, peer)| (host.clone(), peer.got().len())).collect(),
            asked: self.asked(),
        };
        let mut wrong = Vec::new();
        let about = match &step.act {
            Act::Deliver { doc, code, personally, knock } => {
                let document = self.document(doc);
                let answer = self.deliver(&document, *personally, knock.unwrap_or(self.knock));
                if answer.code != *code {
                    wrong.push(format!("{} instead of {code}: {}", answer.code, answer.text()));
                }
                about(&document)
            }
            Act::Fetch(doc) => {
                let document = self.document(doc);
                self.serve(&document);
                let id = document["id"].as_str().unwrap().to_owned();
                let found = resolve::find(&self.server.node, &id);
                if let (Err(error), false) = (found, step.checks.iter().any(|check| check == "unknown")) {
                    wrong.push(format!("not found: {error}"));
                }
                id
            }
            Act::Serve(doc) => {
                let document = self.document(doc);
                self.serve(&document);
                about(&document)
            }
            _ => self.owner_does(&step.act),
        };
        self.settle();
        for check in &step.checks {
            if let Err(complaint) = self.check(check, &about, &before) {
                wrong.push(format!("{check}: {complaint}"));
            }
        }
        wrong
    }

    fn owner_does(&mut self, act: &Act) -> String {
        let node = self.server.node.clone();
        match act {
            Act::Posts(audience, text) => {
                self.post = Some(self.server.post(text, *audience));
                self.server.uri(self.post.unwrap())
            }
            Act::Answers(doc, text) => {
                let parent = self.post_of(doc);
                self.post = Some(self.server.reply(text, parent));
                self.server.uri(self.post.unwrap())
            }
            Act::After(hours) => {
                self.server.advance(Duration::from_secs(hours * 3600));
                String::new()
            }
            Act::Owner(verb, doc) => {
                match verb.as_str() {
                    "follows" => publish::follow(&node, self.person_of(doc)).unwrap(),
                    "unfollows" => publish::unfollow(&node, self.person_of(doc)).unwrap(),
                    "likes" => publish::like(&node, self.post_of(doc)).unwrap(),
                    "unlikes" => publish::unlike(&node, self.post_of(doc)).unwrap(),
                    "boosts" => drop(publish::boost(&node, self.post_of(doc)).unwrap()),
                    "unboosts" => publish::unboost(&node, self.post_of(doc)).unwrap(),
                    "deletes" => publish::delete(&node, self.post.unwrap()).unwrap(),
                    other => panic!("the owner cannot {other}"),
                }
                String::new()
            }
            _ => unreachable!(),
        }
    }

    fn person_of(&self, doc: &str) -> ActorId {
        self.server.find_actor(self.document(doc)["id"].as_str().unwrap())
    }

    fn post_of(&self, doc: &str) -> PostId {
        let uri = about(&self.document(doc));
        self.server.by_uri(&uri).unwrap_or_else(|| panic!("{uri} is not here")).post.id
    }

    fn deliver(&self, document: &Value, personally: bool, knock: Knock) -> Answer {
        self.keep_true(document);
        let target = if personally { "/users/alice/inbox" } else { "/inbox" };
        self.post(&id_of(&document["actor"]), target, knock, document)
    }

    /// Hands in a document signed by the actor of another one.
    pub fn deliver_as(&self, original: &Value, document: &Value) -> Answer {
        self.post(&id_of(&original["actor"]), "/inbox", self.knock, document)
    }

    pub fn settle(&self) {
        self.world.settle(&[&self.server]);
    }

    pub fn owner_name(&self) -> String {
        self.person(&self.server.actor()).unwrap().name
    }

    fn post(&self, actor: &str, target: &str, knock: Knock, document: &Value) -> Answer {
        let key_id = self.key_of(actor);
        let body = document.to_string();
        let key = self.peers[&host_of(actor)].signer("x").key;
        let outgoing = OutgoingRequest {
            method: "POST",
            scheme: "http",
            host: &self.server.domain,
            target,
            body: Some(("application/activity+json", body.as_bytes())),
            extra: &[],
        };
        let mut headers = sig::sign(&Signer { key_id, key }, knock, &outgoing, self.server.clock.now()).unwrap();
        headers.push(("host".into(), self.server.domain.clone()));
        request(self.server.address, "POST", target, &headers, body.as_bytes())
    }

    /// The id of an actor's key, as their document has it.
    fn key_of(&self, actor: &str) -> String {
        let documents = self.documents.keys().map(|name| self.document(name));
        let mine = documents.into_iter().find(|d| is_actor(d) && d["id"] == *actor);
        let keys = mine.map(|d| d["publicKey"].clone()).unwrap_or_default();
        let key = keys.as_array().and_then(|list| list.first()).cloned().unwrap_or(keys);
        key["id"].as_str().map_or_else(|| format!("{actor}#main-key"), str::to_owned)
    }

    /// The peer serves what it says: the object of a Create or Update, and 410 for what it deleted.
    fn keep_true(&self, activity: &Value) {
        let object = &activity["object"];
        let own = |id: &str| host_of(id) == host_of(&id_of(&activity["actor"]));
        match activity["type"].as_str() {
            Some("Create" | "Update") if object["id"].as_str().is_some_and(own) => {
                let mut whole = object.clone();
                whole["@context"] = activity["@context"].clone();
                self.serve(&whole);
            }
            Some("Delete") if own(&id_of(object)) => {
                let id = id_of(object);
                self.peers[&host_of(&id)].gone(path_of(&id));
            }
            // A group passes on what somebody did.
            Some("Announce") if object["object"] != Value::Null => self.keep_true(object),
            _ => {}
        }
    }

    pub fn page(&self, path: &str) -> String {
        let cookie = format!("{}={}", hytte::web::auth::SESSION_COOKIE, self.cookie);
        let headers = [("Host", "hytte.example"), ("Accept", "text/html"), ("Cookie", cookie.as_str())];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let answer = request(self.server.address, "GET", path, &headers, b"");
        assert_eq!(answer.code, 200, "{path}: {}", answer.text());
        answer.text()
    }

    fn thread_page(&self, uri: &str) -> Result<String, String> {
        let card = self.server.by_uri(uri).ok_or("the post is not here")?;
        Ok(self.page(&format!("/post/{}", card.post.id)))
    }

    fn person(&self, uri: &str) -> Result<store::actors::Actor, String> {
        let known = self.server.node.store.read(|r| store::actors::by_uri(r, uri)).unwrap();
        known.ok_or_else(|| format!("{uri} is not known"))
    }

    fn newest_report(&self) -> Result<String, String> {
        let reports = self.server.node.store.read(|r| store::moderation::reports::page(r, None, 1)).unwrap();
        reports.into_iter().next().map(|report| report.comment).ok_or_else(|| "there is none".to_owned())
    }

    fn check(&self, check: &str, about: &str, before: &Before) -> Result<(), String> {
        let (word, rest) = check.split_once(' ').unwrap_or((check, ""));
        match word {
            "home" => says(&self.page("/"), rest),
            "page" => says(&self.thread_page(about)?, rest),
            "thread" => says(&self.thread_page(&self.server.uri(self.post.unwrap()))?, rest),
            "person" => says(&self.page(&format!("/people/{}", self.person(about)?.id)), rest),
            "reports" => says(&self.newest_report()?, rest),
            "notices" => says(&self.page("/notifications"), rest),
            "handle" => same(&self.person(about)?.handle(), rest),
            "name" => same(&self.person(about)?.name, rest),
            "gone" if self.person(about).is_ok() => same(&self.person(about)?.gone_at.is_some(), true),
            "gone" | "unknown" => same(&self.server.by_uri(about).is_none(), true),
            "notified" => self.notified(rest, before),
            "sent" => self.sent(rest, before),
            "asked" => same(&(self.asked() - before.asked).to_string(), rest),
            "followers" => same(&self.server.follows().0.to_string(), rest),
            "following" => same(&self.server.follows().1.to_string(), rest),
            _ => self.check_post(word, rest, about),
        }
    }

    fn check_post(&self, word: &str, rest: &str, about: &str) -> Result<(), String> {
        if let "likes" | "boosts" | "replies" = word {
            let card = self.server.card(self.post.ok_or("the owner has written nothing")?);
            let n = match word {
                "likes" => card.likes,
                "boosts" => card.boosts,
                _ => card.replies,
            };
            return same(&n.to_string(), rest);
        }
        let card = self.server.by_uri(about).ok_or("the post is not here")?;
        match word {
            "kept" => Ok(()),
            "audience" => same(&card.post.audience, rest.parse::<Audience>().unwrap()),
            "by" => same(&card.author.handle(), rest),
            "text" => same(&plain_text::from_html(&card.post.content), rest),
            "title" => same(&card.post.title.clone().unwrap_or_default(), rest),
            "warning" => same(&card.post.warning.clone().unwrap_or_default(), rest),
            "language" => same(&card.post.language.clone().unwrap_or_default(), rest),
            "link" => same(&card.post.html_url(), plain_http(rest).as_str()),
            "files" => same(&card.attachments.len().to_string(), rest),
            "alt" => same(&card.attachments.iter().any(|a| a.alt == rest), true),
            "mention" => same(&card.mentions.iter().any(|m| m.handle == rest), true),
            "tag" => same(&card.hashtags.iter().any(|t| t.display_name == rest), true),
            "emoji" => same(&card.post.emoji.iter().any(|e| e.code == rest), true),
            "edited" => same(&card.post.edited_at.is_some(), true),
            "sensitive" => same(&card.post.sensitive, true),
            "answers" => match rest {
                "the-owner" => same(&card.post.reply_to, self.post),
                "something" => same(&card.post.reply_to_uri.is_some(), true),
                _ => same(&card.post.reply_to_uri.clone().unwrap_or_default(), plain_http(rest)),
            },
            "likes-there" => same(&card.likes.to_string(), rest),
            other => panic!("no such check: {other}"),
        }
    }

    fn notified(&self, wanted: &str, before: &Before) -> Result<(), String> {
        let mut new = self.server.notifications();
        for old in &before.notifications {
            if let Some(at) = new.iter().position(|n| n == old) {
                new.remove(at);
            }
        }
        let kinds: Vec<&str> = new.iter().map(|(kind, _)| kind.as_str()).collect();
        let fine = if wanted == "nothing" { kinds.is_empty() } else { kinds.contains(&wanted) };
        if fine { Ok(()) } else { Err(format!("{kinds:?}")) }
    }

    fn sent(&self, wanted: &str, before: &Before) -> Result<(), String> {
        let new = |(host, peer): (&String, &Peer)| peer.got().split_off(before.sent.get(host).copied().unwrap_or(0));
        let new = self.peers.iter().flat_map(new).map(|got| got.json());
        let kinds: Vec<String> = new.filter_map(|activity| activity["type"].as_str().map(str::to_owned)).collect();
        let fine = if wanted == "nothing" { kinds.is_empty() } else { kinds.iter().any(|kind| kind == wanted) };
        if fine { Ok(()) } else { Err(format!("{kinds:?}")) }
    }
}

/// `TEXT` is on the page, or `without TEXT` is not; in its markup, or as read.
fn says(page: &str, wanted: &str) -> Result<(), String> {
    let read = plain_text::from_html(page);
    let has = |text: &str| page.contains(text) || read.contains(text);
    match wanted.strip_prefix("without ") {
        Some(text) if has(text) => Err("it is there".into()),
        None if !has(wanted) => Err(format!("not in: {}", read.split_whitespace().collect::<Vec<_>>().join(" "))),
        _ => Ok(()),
    }
}

fn same<T: PartialEq<U> + std::fmt::Debug, U: std::fmt::Debug>(is: &T, wanted: U) -> Result<(), String> {
    if *is == wanted { Ok(()) } else { Err(format!("it is {is:?}")) }
}

/// https becomes http for every made-up host; the tests' world has no certificates.
pub fn plain_http(text: &str) -> String {
    let mut parts = text.split("https://");
    let mut out = parts.next().unwrap().to_owned();
    for part in parts {
        let end = part.find(|c: char| !(c.is_ascii_alphanumeric() || c == '.' || c == '-')).unwrap_or(part.len());
        out.push_str(if part[..end].ends_with(".example") { "http://" } else { "https://" });
        out.push_str(part);
    }
    out
}

pub fn host_of(url: &str) -> String {
    let rest = url.split_once("://").map_or("", |(_, rest)| rest);
    rest.split(['/', '#', '?']).next().unwrap().to_owned()
}

/// What is asked for at the host of `url`.
fn path_of(url: &str) -> &str {
    let rest = url.split_once("://").unwrap().1;
    rest.find('/').map_or("/", |at| &rest[at..]).split('#').next().unwrap()
}

fn is_actor(document: &Value) -> bool {
    let types = document["type"].as_array().cloned().unwrap_or_else(|| vec![document["type"].clone()]);
    types.iter().any(|t| ACTORS.iter().any(|actor| t == actor)) && document["inbox"].is_string()
}

fn id_of(value: &Value) -> String {
    value.as_str().or_else(|| value["id"].as_str()).unwrap_or_default().to_owned()
}

/// What an activity is about, or the document itself.
fn about(document: &Value) -> String {
    let object = &document["object"];
    let inner = if object.is_array() { &object[0] } else { object };
    // A group passes an activity on: it is about that one's object.
    if document["type"] == "Announce" && inner["object"] != Value::Null {
        return id_of(&inner["object"]);
    }
    let id = id_of(inner);
    if id.is_empty() { document["id"].as_str().unwrap_or_default().to_owned() } else { id }
}

fn set_pem(value: &mut Value, pem: &str) {
    match value {
        Value::String(text) if text == "PUBLIC_KEY" => pem.clone_into(text),
        Value::Array(list) => list.iter_mut().for_each(|item| set_pem(item, pem)),
        Value::Object(map) => map.values_mut().for_each(|item| set_pem(item, pem)),
        _ => {}
    }
}
