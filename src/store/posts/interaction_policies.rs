//! Interaction policies of posts: who may reply, like, boost, quote.

use std::collections::HashMap;

use rusqlite::{OptionalExtension, params};

use crate::base::Result;
use crate::base::id::PostId;
use crate::base::interaction_policy::{AuthorRelation, Interaction, InteractionPolicy, Permission};
use crate::store::{Read, Write, column};

/// The policy of a post, and the owner's relation to its author.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PostPermission {
    /// The policy as the author stated it.
    pub policy: InteractionPolicy,
    /// The owner's ties to the author.
    pub relation: AuthorRelation,
}

impl PostPermission {
    /// What the owner may do; None where the policy has no rule.
    pub fn permission(&self, interaction: Interaction) -> Option<Permission> {
        self.policy.get(interaction).map(|rule| rule.permission(self.relation))
    }
}

/// Stores the policy of a post; None removes it.
pub fn set(w: &Write<'_>, post: PostId, rules: Option<InteractionPolicy>) -> Result<()> {
    match rules {
        Some(rules) => w
            .conn
            .prepare_cached("INSERT INTO policy (post_id, bits) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET bits = ?2")?
            .execute(params![post, rules.bits()])?,
        None => w.conn.prepare_cached("DELETE FROM policy WHERE post_id = ?1")?.execute([post])?,
    };
    Ok(())
}

/// The policy of a post, if its author stated one.
pub fn get(r: &Read<'_>, post: PostId) -> Result<Option<InteractionPolicy>> {
    let mut statement = r.conn.prepare_cached("SELECT bits FROM policy WHERE post_id = ?1")?;
    Ok(statement.query_one([post], |row| column(row, "bits")).optional()?.map(InteractionPolicy::from_bits))
}

/// What the owner may do with one post; the default when there is no policy.
pub fn permission_of(r: &Read<'_>, post: PostId) -> Result<PostPermission> {
    Ok(of_posts(r, &[post])?.remove(&post).unwrap_or_default())
}

/// What the owner may do with these posts, for those with a policy.
pub fn of_posts(r: &Read<'_>, ids: &[PostId]) -> Result<HashMap<PostId, PostPermission>> {
    let mut statement = r.conn.prepare_cached(
        "SELECT y.post_id, y.bits,
           EXISTS (SELECT 1 FROM follow f WHERE f.followed_id = p.actor_id AND f.follower_id = n.owner_id
             AND f.accepted_at IS NOT NULL) AS follows,
           EXISTS (SELECT 1 FROM follow f WHERE f.followed_id = n.owner_id AND f.follower_id = p.actor_id
             AND f.accepted_at IS NOT NULL) AS followed
         FROM json_each(?1) j JOIN policy y ON y.post_id = j.value JOIN post p ON p.id = y.post_id, node n LIMIT 1000",
    )?;
    let rows = statement.query_map([crate::store::id_list(ids.iter().map(|id| id.0))], |row| {
        let ties = AuthorRelation { follows: column(row, "follows")?, followed: column(row, "followed")? };
        Ok((
            column(row, "post_id")?,
            PostPermission { policy: InteractionPolicy::from_bits(column(row, "bits")?), relation: ties },
        ))
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
