//! The owner's numbers are exact, whatever happens.
#![allow(clippy::unwrap_used)]

use crate::base::id::ActorId;
use crate::base::{Audience, Result};
use crate::federation::owner::publish;
use crate::store::actors::follows::{self, FollowList};
use crate::store::actors::own_counts::{self, OwnCounts};
use crate::store::posts::{self, Viewer};
use crate::store::{Read, actors, node};
use crate::web::test_support::{RemoteBob, TestServer};

/// The numbers, and the same counted one by one.
fn both(house: &TestServer) -> (OwnCounts, OwnCounts) {
    let counted = |r: &Read<'_>| -> Result<(OwnCounts, OwnCounts)> {
        let owner = node::owner(r)?;
        let newest = posts::by_actor(r, owner, Viewer::Stranger, posts::PostPage::first(1))?.first().copied();
        let slow = OwnCounts {
            posts: posts::count_by_actor(r, owner, Viewer::Stranger)?,
            newest_post: newest,
            followers: follows::count(r, owner, FollowList::Followers)?,
            following: follows::count(r, owner, FollowList::Following)?,
        };
        Ok((own_counts::get(r)?, slow))
    };
    house.node.store.read(counted).unwrap()
}

#[test]
fn the_numbers_follow_every_change() {
    let house = TestServer::new();
    let check = |wanted: (u32, u32, u32), when: &str| {
        let (kept, counted) = both(&house);
        assert_eq!(kept, counted, "{when}");
        assert_eq!((kept.posts, kept.followers, kept.following), wanted, "{when}");
    };
    check((0, 0, 0), "a new house");
    let (first, second) = (house.post("one", Audience::Public), house.post("two", Audience::Quiet));
    house.post("for a few", Audience::Followers);
    publish::boost(&house.node, first.id).unwrap();
    check((3, 0, 0), "what is private does not count");
    publish::delete(&house.node, second.id).unwrap();
    check((2, 0, 0), "deleted");
    publish::delete(&house.node, first.id).unwrap();
    check((0, 0, 0), "the boost goes with its post");
    RemoteBob::known_to(&house).follows(&house);
    check((0, 1, 0), "a follower");
    let bob = house.node.store.read(|r| Ok(actors::id_by_uri(r, RemoteBob::URI)?.unwrap())).unwrap();
    let write = |act: fn(&crate::store::Write<'_>, ActorId, ActorId) -> Result<()>| {
        house.node.store.write(move |w| act(w, node::owner(w)?, bob)).unwrap();
    };
    write(|w, ann, bob| follows::upsert(w, ann, bob, "https://example.org/1", None));
    check((0, 1, 0), "asked");
    write(|w, ann, bob| follows::accept(w, ann, bob).map(drop));
    check((0, 1, 1), "accepted");
    write(|w, ann, bob| follows::delete(w, ann, bob).map(drop));
    write(|w, _, bob| actors::mark_gone(w, bob));
    check((0, 0, 0), "gone");
}
