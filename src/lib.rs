//! **hytte**: a home of one's own on the fediverse. One binary serves one person: HTTP in, HTML and documents out, a SQLite
//! store, and a delivery queue that survives everything but the loss of the disk.
//!
//! # Modules
//!
//! Imports point to lower layers; modules of one layer may import each other without a cycle. `tests/it/layers.rs` reads the
//! source and fails on a violation, also on import cycles between files.
//!
//! | layer | module | is for | and never |
//! | --- | --- | --- | --- |
//! | 7 | `main.rs`, `cli/` | the command line, one file per group of commands | does what the library should |
//! | 7 | [`control`] | the control socket: how commands reach a running server | starts a second writer |
//! | 6 | [`web`] | HTTP in: `page/` for people, `ap/` for peers, `api/` for Mastodon's client apps | lets one front end import another |
//! | 5 | [`app`] | a node and its threads: open, start, stop | knows HTTP in |
//! | 4 | [`federation`] | where network, rules and store meet: `owner/`, `incoming/`, `outgoing/`, `remote/` | waits inside a write |
//! | 3 | [`social`] | what activities mean: one file per activity, both directions | uses the network |
//! | 3 | [`net`] | outgoing HTTP: checked addresses, limits, signatures | reads the database |
//! | 2 | [`store`] | all SQL, the single writer thread, media files | knows a rule or a peer |
//! | 2 | [`ap`] | ActivityStreams documents, read leniently and written exactly | reads anything but its input |
//! | 2 | [`sig`] | HTTP signatures (draft-cavage-12, RFC 9421) and integrity proofs (FEP-8b32) | reads anything but its input |
//! | 2 | [`text`] | untrusted HTML sanitized, our own text to HTML | trusts its input |
//! | 2 | [`media`] | images decoded and encoded again, audio and video freed of metadata | keeps metadata |
//! | 1 | [`base`] | types that all layers share: ids, time, audience, errors, configuration | imports another module |
//!
//! # Four paths
//!
//! 1. *A post of the owner's*: a form, an app or `hytte post` → [`federation::owner::publish`] resolves mentions (network) → one
//!    write: the post, its place on the home timeline, one activity, one delivery per inbox → the commit wakes
//!    `federation/workers.rs`, whose workers claim, sign, send and settle ([`federation::outgoing::delivery`]).
//! 2. *An activity from a peer*: `web/ap/inbox.rs` checks size, digest, date and signature ([`federation::incoming::verify`]) →
//!    stored → 202 → [`federation::incoming::inbox`] fetches what it needs, and one write applies it ([`social`]).
//! 3. *A page or an API response*: one read snapshot → a fixed number of queries ([`store::posts::post_views`]) → maud or JSON.
//! 4. *An unknown actor or post*: [`federation::remote::resolve`] → WebFinger → a signed, checked fetch → stored.
//!
//! # Where to find what
//!
//! | what | rules (`social/`) | network (`federation/`) | storage (`store/`) | page (`web/page/`) |
//! | --- | --- | --- | --- | --- |
//! | posts, edits, replies | `post`, `remote_post`, `post_edit` | `owner/publish`, `owner/post_content` | `posts`, `posts/post_edits` | `compose/`, `post/thread`, `post/history` |
//! | drafts, scheduled posts | | `owner/scheduling` | `posts/drafts` | `compose/draft_list`, `compose/scheduled` |
//! | lists, filters | `list`, `moderation/filter` | | `timelines/lists`, `timelines/filters` | `timeline/lists`, `moderation/filters` |
//! | likes, boosts, reactions, custom emoji | `like`, `boost`, `react`, `emoji` | `owner/own_emoji` | `posts/likes`, `posts/reactions`, `own_emoji` | `post/post_actions`, `post/reactions` |
//! | polls | `poll`, `vote` | `remote/poll_refresh` | `posts/polls` | `post/poll` |
//! | quotes and their authorizations | `quote`, `interaction/documents` | `remote/quote_refresh` | `posts/quotes` | `post/quoted_post` |
//! | interaction policies and requests | `interaction/` | | `posts/interaction_*` | `moderation/interaction_requests` |
//! | hashtags, public timelines, search | `tag_follow` | `owner/tags`, `owner/search` | `timelines/` | `timeline/` |
//! | groups, relays | `group`, `relay` | `relays` | `posts/groups`, `peers/relays` | `settings/relays` |
//! | blocks, mutes, blocked servers, reports | `moderation/` | `owner/host_block_import` | `moderation/`, `actors/severed_follows` | `moderation/` |
//! | notifications | | `outgoing/push_notifications` | `notifications/` | `notifications/` |
//! | which actors strangers may see | | | `actors/visibility` | |
//! | account moves | `account_move` | `remote/move_discovery` | `actors/moves` | `people/moving` |
//! | deliveries, inbox queue, hosts | `outbox`, `inbox_forwarding` | `outgoing/delivery`, `incoming/inbox` | `queue/`, `peers/` | `settings/queue` |
//! | limits of key fetches | | `incoming/key_fetch_limits` | | |
//! | retention of remote data | | `upkeep` | `retention` | |
//! | follower synchronization, outages, backfill | | `outgoing/follower_sync`, `outgoing/outage_recovery`, `remote/backfill` | `actors/follows`, `peers/outages` | |
//! | sign-in, OAuth | | `owner/login`, `owner/oauth` | `access/` | `login`, `authorize`, `settings/apps` |
//!
//! The client API (`web/api/`) is grouped by the same nouns; its caches are `web/api/response_cache.rs` and `status_cache.rs`.
//!
//! # Terms of our own
//!
//! - *Knock*: a signature format tried on a host (double-knocking). *Stamp*: an authorization document of FEP-044f.
//! - *Set aside*: a received activity that could not be applied and waits for the owner. *Stranger*: a caller who is not signed in.
//!
//! # What holds everywhere
//!
//! - A response is a promise: 2xx, a redirect after a form, or a command's exit code 0 mean that it is on disk.
//! - Everything from outside has a named limit, and every id, key and owner is checked against its origin.
//! - SQL lives in `store/`, outgoing HTTP in `net/`, actix in `web/`, the clock in `base/time.rs`, threads in
//!   `federation/workers.rs` and `store/writer.rs`. Request bodies are read in `web/request_body.rs`.
//! - How to add a setting, an activity, an endpoint or a column: `CONTRIBUTING.md`.

pub mod ap;
pub mod app;
pub mod base;
pub mod control;
pub mod federation;
pub mod media;
pub mod net;
pub mod sig;
pub mod social;
pub mod store;
pub mod text;
pub mod web;
