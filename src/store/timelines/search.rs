//! Full-text search of posts, and search of actors by name: two full-text indexes without a copy of the text.

use rusqlite::{ToSql, named_params, params};

use crate::base::Result;
use crate::base::id::{ActorId, PostId, first_at};
use crate::store::posts::{Post, PostPage, Viewer};
use crate::store::{Read, Write, column, node};
use crate::text::search::{self, ParsedQuery, PostTrait, TermSign};

/// Maximum matching posts checked for conditions that are not in the index (files, polls, languages).
const MAX_POSTS_INSPECTED: u32 = 2_000;
/// Maximum matching actors ranked.
const MAX_ACTORS_INSPECTED: u32 = 500;
/// Maximum terms of a name search.
const MAX_NAME_TERMS: usize = 6;

/// Indexes a post's text, replacing its old entry. Boosts have none.
pub(in crate::store) fn index_post(w: &Write<'_>, post: &Post) -> Result<()> {
    if post.boost_of.is_some() {
        return Ok(());
    }
    let beside: Vec<&str> = [&post.title, &post.warning].into_iter().flatten().map(String::as_str).collect();
    let words = search::words(&post.content, &beside);
    let mut marks = author_mark(post.actor_id);
    if post.reply_to_uri.is_some() {
        marks.push_str(REPLY_MARK);
    }
    if words.link {
        marks.push_str(LINK_MARK);
    }
    w.conn.prepare_cached("DELETE FROM post_text WHERE rowid = ?1")?.execute([post.id])?;
    w.conn
        .prepare_cached("INSERT INTO post_text (rowid, words, marks) VALUES (?1, ?2, ?3)")?
        .execute(params![post.id, words.text, marks])?;
    Ok(())
}

/// Marks stored in the index beside the text, so that these conditions need no other table.
const REPLY_MARK: &str = " r";
const LINK_MARK: &str = " l";

fn author_mark(id: ActorId) -> String {
    format!("a{id}")
}

/// A query with its authors resolved.
#[derive(Debug, Clone, Default)]
pub struct SearchQuery {
    /// The parsed query.
    pub parsed: ParsedQuery,
    /// Authors the results must have, or must not have.
    pub authors: Vec<(TermSign, ActorId)>,
}

impl SearchQuery {
    /// The FTS5 expression; None when there is nothing to search for. Every term is quoted, and none contains a quote,
    /// so that nothing typed is interpreted as syntax.
    fn fts_expression(&self) -> Option<String> {
        let mut parts: Vec<(TermSign, String)> = Vec::new();
        parts.extend(self.parsed.terms.iter().map(|(sign, term)| (*sign, format!("words : \"{term}\""))));
        let mark = |text: &str| format!("marks : \"{}\"", text.trim());
        parts.extend(self.authors.iter().map(|(sign, id)| (*sign, mark(&author_mark(*id)))));
        for (sign, kind) in &self.parsed.traits {
            match kind {
                PostTrait::Reply => parts.push((*sign, mark(REPLY_MARK))),
                PostTrait::Link => parts.push((*sign, mark(LINK_MARK))),
                _ => {}
            }
        }
        let of = |wanted: TermSign| -> Vec<&str> {
            parts.iter().filter(|(sign, _)| *sign == wanted).map(|(_, part)| part.as_str()).collect()
        };
        let (with, without) = (of(TermSign::With), of(TermSign::Without));
        match (with.is_empty() || self.parsed.never, without.is_empty()) {
            (true, _) => None,
            (false, true) => Some(with.join(" AND ")),
            (false, false) => Some(format!("({}) NOT ({})", with.join(" AND "), without.join(" OR "))),
        }
    }

    /// Conditions that are not in the index.
    fn unindexed_conditions_sql(&self) -> (String, Vec<(String, String)>) {
        let (mut sql, mut values) = (String::new(), Vec::new());
        for (n, (sign, kind)) in self.parsed.traits.iter().enumerate() {
            let condition = match kind {
                PostTrait::Media => "EXISTS (SELECT 1 FROM attachment f WHERE f.post_id = p.id)".to_owned(),
                PostTrait::Poll => "EXISTS (SELECT 1 FROM poll q WHERE q.post_id = p.id)".to_owned(),
                PostTrait::Sensitive => "(p.sensitive <> 0 OR p.warning IS NOT NULL)".to_owned(),
                PostTrait::Language(tag) => {
                    values.push((format!(":language{n}"), tag.clone()));
                    format!("ifnull(lower(p.language), '') = :language{n}")
                }
                _ => continue,
            };
            sql.push_str(if *sign == TermSign::With { " AND " } else { " AND NOT " });
            sql.push_str(&condition);
        }
        (sql, values)
    }
}

/// Matching posts that `viewer` may see, newest first: for the owner all but those of blocked or muted actors, for a
/// stranger the owner's public ones.
pub fn search_posts(
    r: &Read<'_>,
    wanted: &SearchQuery,
    viewer: Viewer,
    page: PostPage,
    offset: u32,
) -> Result<Vec<PostId>> {
    let mut wanted = wanted.clone();
    if viewer == Viewer::Stranger {
        let Some(owner) = node::get(r)?.owner else { return Ok(Vec::new()) };
        wanted.authors.push((TermSign::With, owner));
    }
    let Some(expression) = wanted.fts_expression() else { return Ok(Vec::new()) };
    let (conditions, values) = wanted.unindexed_conditions_sql();
    let seen = match viewer {
        Viewer::Owner => crate::store::timelines::public_timelines::NOT_BLOCKED_OR_MUTED_SQL,
        Viewer::Stranger => "AND p.audience = 0",
    };
    let order = if page.after.is_some() { "ASC" } else { "DESC" };
    let sql = format!(
        "SELECT p.id AS id FROM (
           SELECT rowid AS id FROM post_text WHERE post_text MATCH :words AND rowid < :before AND rowid > :after
           ORDER BY rowid {order} LIMIT :most) t
         CROSS JOIN post p ON p.id = t.id WHERE TRUE {conditions} {seen}
         ORDER BY t.id {order} LIMIT :limit OFFSET :offset"
    );
    let asked = &wanted.parsed;
    let before = page.before.map_or(i64::MAX, |id| id.0).min(asked.before.map_or(i64::MAX, first_at));
    let after = page.after.map_or(0, |id| id.0).max(asked.since.map_or(0, |at| first_at(at) - 1));
    let mut statement = r.conn.prepare_cached(&sql)?;
    let usual = named_params! {
        ":words": expression, ":before": before, ":after": after, ":most": MAX_POSTS_INSPECTED, ":limit": page.limit,
        ":offset": offset, ":now": r.now,
    };
    let mut bound: Vec<(&str, &dyn ToSql)> = Vec::new();
    for (name, value) in
        usual.iter().copied().chain(values.iter().map(|(name, tag)| (name.as_str(), tag as &dyn ToSql)))
    {
        if statement.parameter_index(name)?.is_some() {
            bound.push((name, value));
        }
    }
    let rows = statement.query_map(bound.as_slice(), |row| column(row, "id"))?;
    let mut ids: Vec<PostId> = rows.collect::<rusqlite::Result<_>>()?;
    ids.sort_unstable_by(|a, b| b.cmp(a));
    Ok(ids)
}

/// Which actors are searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PeopleScope {
    /// Everyone, those the owner follows first.
    All,
    /// Those the owner follows.
    Followed,
    /// Only the owner: strangers can find no other actor.
    Owner,
}

/// Actors whose name or handle has words with the typed prefixes; `name@host` matches both parts. Followed accounts
/// first, then the most recently stored.
pub fn search_actors(r: &Read<'_>, typed: &str, whom: PeopleScope, limit: u32, offset: u32) -> Result<Vec<ActorId>> {
    let (Some(expression), Some(owner)) = (name_expression(typed), node::get(r)?.owner) else { return Ok(Vec::new()) };
    if whom == PeopleScope::Owner {
        let mut statement = r
            .conn
            .prepare_cached("SELECT rowid AS id FROM actor_text WHERE actor_text MATCH ?1 AND rowid = ?2 LIMIT ?3")?;
        let found = statement.query_map(params![expression, owner, limit], |row| column(row, "id"))?;
        return Ok(found.skip(offset as usize).collect::<rusqlite::Result<_>>()?);
    }
    let exact = typed.trim().trim_start_matches('@').split('@').next().unwrap_or_default().to_owned();
    let mut statement = r.conn.prepare_cached(
        "SELECT t.rowid AS id FROM actor_text t CROSS JOIN actor a ON a.id = t.rowid
         WHERE actor_text MATCH ?1 AND a.gone_at IS NULL
           AND +t.rowid IN (SELECT followed_id FROM follow WHERE follower_id = ?2 UNION SELECT ?2)
         ORDER BY a.username = ?3 COLLATE NOCASE DESC, a.username LIMIT ?4",
    )?;
    let rows = statement.query_map(params![expression, owner, exact, MAX_ACTORS_INSPECTED], |row| column(row, "id"))?;
    let mut found: Vec<ActorId> = rows.collect::<rusqlite::Result<_>>()?;
    if whom == PeopleScope::Followed {
        found.retain(|id| *id != owner);
    } else {
        let mut statement = r.conn.prepare_cached(
            "SELECT a.id AS id FROM (SELECT rowid AS id FROM actor_text WHERE actor_text MATCH ?1
               ORDER BY rowid DESC LIMIT ?2) t CROSS JOIN actor a ON a.id = t.id
             WHERE a.gone_at IS NULL AND a.id <> (SELECT service_id FROM node)
             ORDER BY a.username = ?3 COLLATE NOCASE DESC, t.id DESC LIMIT ?2",
        )?;
        let rows = statement
            .query_map(params![expression, MAX_ACTORS_INSPECTED, exact], |row| column::<ActorId>(row, "id"))?;
        for id in rows {
            let id = id?;
            if !found.contains(&id) {
                found.push(id);
            }
        }
    }
    Ok(found.into_iter().skip(offset as usize).take(limit as usize).collect())
}

/// The FTS5 expression of a name search; None when there is nothing to search for.
fn name_expression(typed: &str) -> Option<String> {
    let typed = crate::text::cut(typed.trim().trim_start_matches('@'), 200);
    let begins = |text: &str| -> Option<String> {
        let words = text.split_whitespace().filter_map(|word| {
            let word: String = word.chars().filter(|c| !matches!(c, '"' | '\0')).collect();
            word.chars().any(char::is_alphanumeric).then(|| format!("\"{word}\" *"))
        });
        let all = words.take(MAX_NAME_TERMS).collect::<Vec<_>>().join(" AND ");
        (!all.is_empty()).then_some(all)
    };
    match typed.split_once('@') {
        Some((name, host)) if !typed.contains(char::is_whitespace) => {
            let name = format!("username : ({})", begins(name)?);
            Some(begins(host).map_or(name.clone(), |host| format!("{name} AND host : ({host})")))
        }
        _ => begins(typed).map(|words| format!("{{username name}} : ({words})")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::store::test_support::TestStore;

    #[test]
    fn what_goes_leaves_nothing_in_the_indexes() {
        let s = TestStore::new();
        let count = |table: &'static str| {
            let sql = format!("SELECT count(*) FROM {table}");
            s.store.read(move |r| Ok(r.conn.query_row(&sql, [], |row| row.get::<_, u32>(0))?)).unwrap()
        };
        s.store
            .write(|w| {
                w.conn.execute_batch(
                    "INSERT INTO actor (id, uri, kind, username, host, name, bio, url, inbox, created_at, fetched_at)
                       VALUES (1, 'x', 'Person', 'xi', 'x.example', 'Xi', '', '', '', 0, 0),
                              (2, 'y', 'Person', '', '', '', '', '', '', 0, 0);
                     UPDATE actor SET username = 'yo', host = 'y.example', name = 'Yo' WHERE id = 2;
                     UPDATE actor SET name = 'Yolanda' WHERE id = 2;
                     UPDATE actor SET fetched_at = 1;
                     INSERT INTO post (id, uri, actor_id, kind, audience, published_at, received_at)
                       VALUES (1, 'p', 1, 'Note', 0, 0, 0), (2, 'q', 1, 'Note', 0, 0, 0);
                     INSERT INTO post_text (rowid, words, marks) VALUES (1, 'a gull', 'a1'), (2, 'a cat', 'a1');
                     INSERT INTO post (id, uri, actor_id, kind, boost_of, audience, published_at, received_at)
                       VALUES (3, 'r', 2, 'Announce', 2, 0, 0, 0)",
                )?;
                Ok(())
            })
            .unwrap();
        assert_eq!((count("post_text"), count("actor_text")), (2, 2));
        s.store.write(|w| Ok(w.conn.execute_batch("DELETE FROM post WHERE id = 1")?)).unwrap();
        assert_eq!((count("post_text"), count("post")), (1, 2));
        s.store.write(|w| Ok(w.conn.execute_batch("DELETE FROM post; DELETE FROM actor")?)).unwrap();
        assert_eq!((count("post_text"), count("actor_text")), (0, 0));
    }

    #[test]
    fn every_question_to_the_index_stands_in_quotes() {
        let of = |text: &str| SearchQuery { parsed: ParsedQuery::read(text), authors: Vec::new() }.fts_expression();
        assert_eq!(
            of("a -b \"c d\" is:reply").unwrap(),
            r#"(words : "a" AND words : "c d" AND marks : "r") NOT (words : "b")"#
        );
        assert_eq!(of("x) OR y*").unwrap(), r#"words : "x)" AND words : "OR" AND words : "y*""#);
        assert_eq!((of("-a"), of(""), of("has:media")), (None, None, None));
        assert_eq!(name_expression("@ann@b.ex").unwrap(), r#"username : ("ann" *) AND host : ("b.ex" *)"#);
        assert_eq!((name_expression("\"*\""), name_expression("@")), (None, None));
    }
}
