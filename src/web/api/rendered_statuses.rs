//! Renders statuses by way of the [`StatusCache`].

use std::collections::BTreeSet;

use serde_json::value::to_raw_value;

use super::entity::ApiViewer;
use super::entity::status::status;
use super::status_cache::{CachedStatus, StatusCache};
use crate::base::id::PostId;
use crate::base::{Error, Result};
use crate::store::{Read, posts::post_views};

impl StatusCache {
    /// The statuses of these posts and boosts, in this order; deleted and blocked ones are left out.
    pub fn of(&self, r: &Read<'_>, view: &ApiViewer<'_>, ids: &[PostId]) -> Result<Vec<CachedStatus>> {
        let mut found = self.cached(r, view.viewer_key(), ids);
        let missing: BTreeSet<PostId> = ids.iter().filter(|id| !found.contains_key(id)).copied().collect();
        if !missing.is_empty() {
            let made = rendered(r, view, &missing.into_iter().collect::<Vec<_>>())?;
            self.insert(r, view.viewer_key(), &made);
            found.extend(made.into_iter().map(|piece| (piece.id, piece)));
        }
        Ok(ids.iter().filter_map(|id| found.get(id).cloned()).collect())
    }
}

/// Renders statuses without the cache.
pub fn rendered(r: &Read<'_>, view: &ApiViewer<'_>, ids: &[PostId]) -> Result<Vec<CachedStatus>> {
    let piece = |card: &post_views::PostView| {
        let text = to_raw_value(&status(view, card)).map_err(Error::internal)?;
        let open = card.post.audience.is_open();
        Ok(CachedStatus { id: card.id, author: card.author.clone(), open, text: text.into() })
    };
    post_views::post_views(r, ids)?.iter().map(piece).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use serde_json::Value;

    use std::sync::Arc;

    use super::*;
    use crate::base::Audience;
    use crate::store::posts::{self, bookmarks};
    use crate::web::api::status_cache;
    use crate::web::api::status_cache::RESPONSE_TTL;
    use crate::web::test_support::TestServer;

    /// Who asks for statuses.
    #[derive(Clone, Copy, PartialEq, Eq)]
    enum StatusVariant {
        Owner,
        OwnerOfBlur,
        Stranger,
    }

    fn asked(house: &TestServer, pieces: &StatusCache, by: StatusVariant, ids: &[PostId]) -> Vec<CachedStatus> {
        let look = |r: &Read<'_>| {
            let mut view = match by {
                StatusVariant::Stranger => ApiViewer::for_anyone(&house.node, r)?,
                _ => ApiViewer::for_owner(&house.node, r)?,
            };
            view.knows_blur = by == StatusVariant::OwnerOfBlur;
            pieces.of(r, &view, ids)
        };
        house.node.store.read(look).unwrap()
    }

    fn is_same(one: &[CachedStatus], other: &[CachedStatus]) -> bool {
        Arc::ptr_eq(&one[0].text, &other[0].text)
    }

    fn json(piece: &CachedStatus) -> Value {
        serde_json::to_value(piece).unwrap()
    }

    #[test]
    fn a_status_is_kept_until_something_is_written_and_for_a_second_at_most() {
        let house = TestServer::new();
        let (pieces, id) = (StatusCache::default(), house.post("news", Audience::Public).id);
        let ask = || asked(&house, &pieces, StatusVariant::Owner, &[id]);
        let first = ask();
        assert!(is_same(&first, &ask()));
        house.node.store.write(move |w| bookmarks::add(w, id)).unwrap();
        let second = ask();
        assert_eq!(
            (json(&first[0])["bookmarked"].clone(), json(&second[0])["bookmarked"].clone()),
            (false.into(), true.into())
        );
        assert!(is_same(&second, &ask()));
        house.node.clock().advance(RESPONSE_TTL);
        assert!(!is_same(&second, &ask()));
    }

    #[test]
    fn what_is_kept_for_one_caller_is_not_given_to_one_who_sees_something_else() {
        let house = TestServer::new();
        let (pieces, id) = (StatusCache::default(), house.post("news", Audience::Public).id);
        let all = [StatusVariant::Owner, StatusVariant::OwnerOfBlur, StatusVariant::Stranger];
        let before = all.map(|by| asked(&house, &pieces, by, &[id]));
        assert!(json(&before[0][0]).get("bookmarked").is_some() && json(&before[2][0]).get("bookmarked").is_none());
        for (n, by) in all.into_iter().enumerate() {
            let after = asked(&house, &pieces, by, &[id]);
            let same: Vec<bool> = before.iter().map(|one| is_same(one, &after)).collect();
            assert_eq!(same, (0..all.len()).map(|m| m == n).collect::<Vec<_>>());
        }
    }

    #[test]
    fn statuses_come_in_the_order_asked_for_and_those_that_are_gone_not_at_all() {
        let house = TestServer::new();
        let [a, b, c] = ["a", "b", "c"].map(|text| house.post(text, Audience::Public).id);
        house.node.store.write(move |w| posts::delete(w, b)).unwrap();
        let pieces = StatusCache::default();
        asked(&house, &pieces, StatusVariant::Owner, &[c]);
        let shown = asked(&house, &pieces, StatusVariant::Owner, &[c, b, a, c]);
        assert_eq!(shown.iter().map(|piece| piece.id).collect::<Vec<_>>(), [c, a, c]);
        let fresh = asked(&house, &StatusCache::default(), StatusVariant::Owner, &[c, a, c]);
        assert_eq!(shown.iter().map(json).collect::<Vec<_>>(), fresh.iter().map(json).collect::<Vec<_>>());
    }

    #[test]
    fn an_act_that_writes_neither_leaves_nor_finds_anything() {
        let house = TestServer::new();
        let (pieces, id) = (Arc::new(StatusCache::default()), house.post("news", Audience::Public).id);
        let twice = |_| {
            let (kept, node) = (pieces.clone(), house.node.clone());
            house.node.store.write(move |w| kept.of(w, &ApiViewer::for_owner(&node, w)?, &[id])).unwrap()
        };
        let [one, other] = [0, 1].map(twice);
        assert!(!is_same(&one, &other) && !is_same(&one, &asked(&house, &pieces, StatusVariant::Owner, &[id])));
    }

    #[test]
    fn only_so_much_is_kept() {
        let house = TestServer::new();
        let long = "x".repeat(crate::text::MAX_NOTE_CHARS);
        let ids: Vec<PostId> =
            (0..=status_cache::MAX_CACHE_BYTES / long.len()).map(|_| house.post(&long, Audience::Public).id).collect();
        let pieces = StatusCache::default();
        assert_eq!(asked(&house, &pieces, StatusVariant::Owner, &ids).len(), ids.len());
        let shelf = pieces.0.lock().unwrap();
        let kept: usize = shelf.texts.values().map(|piece| piece.text.get().len()).sum();
        assert_eq!(kept, shelf.bytes);
        assert!(kept <= status_cache::MAX_CACHE_BYTES && kept > status_cache::MAX_CACHE_BYTES / 2, "{kept}");
    }
}
