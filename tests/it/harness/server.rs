//! A whole server on loopback: its own folder, domain and clock; its workers are stepped by the test.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use hytte::base::config::Origin;
use hytte::base::id::{ActorId, PostId};
use hytte::base::{Audience, Clock, Config, Time};
use hytte::federation::owner::publish::NewPost;
use hytte::federation::remote::resolve::Resolved;
use hytte::federation::{
    Node,
    incoming::inbox,
    outgoing::delivery,
    owner::{identity, login, publish},
    remote::{quote_refresh, resolve},
};
use hytte::net::NameSource;
use hytte::store::posts::PostPage;
use hytte::store::posts::post_views::{self, PostView};
use hytte::store::{self, Store};
use hytte::{social, web};

use super::{World, request};

static FOLDERS: AtomicU32 = AtomicU32::new(0);

/// A running server; stopped, checked for forgotten work and removed when dropped.
pub struct Server {
    pub node: Arc<Node>,
    pub clock: Clock,
    pub domain: String,
    pub address: SocketAddr,
    /// Leave undelivered or unapplied rows without failing.
    pub may_leave_work: bool,
    folder: PathBuf,
    handle: ServerHandle,
    thread: Option<JoinHandle<()>>,
}

/// An empty folder of this test's own.
pub fn folder() -> PathBuf {
    let n = FOLDERS.fetch_add(1, Ordering::SeqCst);
    let folder = std::env::temp_dir().join(format!("hytte-it-{}-{n}", std::process::id()));
    drop(std::fs::remove_dir_all(&folder));
    folder
}

impl Server {
    pub(super) fn start(world: &World, domain: &str, now: Time) -> Self {
        Self::configured(world, domain, now, Config::default())
    }

    pub(super) fn configured(world: &World, domain: &str, now: Time, config: Config) -> Self {
        let folder = folder();
        let clock = Clock::manual(now);
        let store = Store::open(&folder, clock.clone()).unwrap();
        let origin = Origin { scheme: "http".into(), host: domain.into(), domain: domain.into() };
        identity::create_node(&store, &origin).unwrap();
        identity::name_owner(&store, "alice").unwrap();
        let config = Config { data: folder.clone(), ..config };
        let node = Arc::new(Node::open(config, store, NameSource::Test(world.names.clone())).unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        world.names.write().unwrap().insert(domain.to_owned(), address);
        let (handle, thread) = serve(node.clone(), listener);
        Self {
            node,
            clock,
            domain: domain.into(),
            address,
            may_leave_work: false,
            folder,
            handle,
            thread: Some(thread),
        }
    }

    /// One round of every worker; how much was done.
    pub fn step(&self) -> usize {
        let mut done = 0;
        while inbox::step(&self.node).unwrap() > 0 {
            done += 1;
        }
        while quote_refresh::step(&self.node).unwrap() {
            done += 1;
        }
        while matches!(delivery::step(&self.node).unwrap(), delivery::DeliveryStep::Done) {
            done += 1;
        }
        done
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.domain)
    }

    /// The owner's actor id.
    pub fn actor(&self) -> String {
        self.url("/users/alice")
    }

    pub fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }

    /// The owner posts.
    pub fn post(&self, text: &str, audience: Audience) -> PostId {
        self.say(NewPost { audience, ..draft(text) })
    }

    pub fn reply(&self, text: &str, to: PostId) -> PostId {
        self.say(NewPost { reply_to: Some(to), ..draft(text) })
    }

    pub fn say(&self, draft: NewPost) -> PostId {
        // Ids and edits tell moments apart.
        self.advance(Duration::from_secs(1));
        publish::post(&self.node, draft).unwrap()
    }

    /// The owner looks somebody up.
    pub fn find(&self, text: &str) -> Resolved {
        resolve::find(&self.node, text).unwrap()
    }

    pub fn find_actor(&self, text: &str) -> ActorId {
        match self.find(text) {
            Resolved::Actor(id) => id,
            Resolved::Post(_) => panic!("{text} is a post"),
        }
    }

    /// The owner's home timeline, newest first.
    pub fn home(&self) -> Vec<PostView> {
        self.node
            .store
            .read(|r| post_views::post_views(r, &store::timelines::home_timeline::page(r, PostPage::first(50))?))
            .unwrap()
    }

    /// What the home timeline says, tags stripped.
    pub fn home_texts(&self) -> Vec<String> {
        self.home().iter().map(|card| hytte::text::plain_text::from_html(&card.post.content)).collect()
    }

    /// (kind, handle) of all notifications, newest first.
    pub fn notifications(&self) -> Vec<(String, String)> {
        self.node
            .store
            .read(|r| {
                let rows = store::notifications::page(r, None, 100)?;
                rows.iter()
                    .map(|n| Ok((n.kind.word().to_owned(), store::actors::by_id(r, n.actor_id)?.handle())))
                    .collect()
            })
            .unwrap()
    }

    pub fn card(&self, id: PostId) -> PostView {
        self.node.store.read(|r| post_views::single_view(r, id)).unwrap()
    }

    /// The post with this uri, if this server has it.
    pub fn by_uri(&self, uri: &str) -> Option<PostView> {
        self.node
            .store
            .read(|r| store::posts::by_uri(r, uri)?.map(|post| post_views::single_view(r, post.id)).transpose())
            .unwrap()
    }

    pub fn uri(&self, id: PostId) -> String {
        self.card(id).post.uri.clone()
    }

    /// (accepted followers, accepted follows) of the owner.
    pub fn follows(&self) -> (u32, u32) {
        use store::actors::follows::{FollowList, count};
        let owner = self.node.owner().unwrap();
        self.node
            .store
            .read(|r| Ok((count(r, owner, FollowList::Followers)?, count(r, owner, FollowList::Following)?)))
            .unwrap()
    }

    /// A page as the owner's browser gets it.
    pub fn page(&self, path: &str) -> String {
        let session = login::open_session(&self.node.store, "a test").unwrap();
        let cookie = format!("{}={session}", web::auth::SESSION_COOKIE);
        let headers = [("Host".to_owned(), self.domain.clone()), ("Cookie".to_owned(), cookie)];
        let answer = request(self.address, "GET", path, &headers, b"");
        assert_eq!(answer.code, 200, "{path}: {}", answer.text());
        answer.text()
    }

    /// Deliveries waiting.
    pub fn waiting(&self) -> u32 {
        self.node.store.read(store::queue::deliveries::count).unwrap()
    }

    /// Changes the owner's row in place (a setting of the profile).
    pub fn set_owner(&self, change: impl FnOnce(&mut store::actors::Actor) + Send + 'static) {
        self.node
            .store
            .write(move |w| {
                let mut owner = store::actors::by_id(w, store::node::owner(w)?)?;
                change(&mut owner);
                store::actors::upsert(w, &owner)?;
                social::profile::announce_to_followers(w, &owner)
            })
            .unwrap();
    }
}

pub fn draft(text: &str) -> NewPost {
    NewPost::new(text, Audience::Public)
}

fn serve(node: Arc<Node>, listener: TcpListener) -> (ServerHandle, JoinHandle<()>) {
    let (tell, handle) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let server = web::serve(node, listener).unwrap();
            tell.send(server.handle()).unwrap();
            server.await.unwrap();
        });
    });
    (handle.recv().unwrap(), thread)
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
        let left = self.node.store.read(|r| Ok((store::queue::deliveries::count(r)?, store::queue::inbox::count(r)?)));
        drop(std::fs::remove_dir_all(&self.folder));
        if !std::thread::panicking() && !self.may_leave_work {
            assert_eq!(left.unwrap(), (0, 0), "{} still has deliveries or activities to work on", self.domain);
        }
    }
}
