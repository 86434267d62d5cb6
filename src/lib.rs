//! **hytte**: a home of one's own on the fediverse. One binary serves one person: HTTP in, HTML and documents out, a SQLite
//! store, and a queue of deliveries that survives everything but the loss of the disk.
//!
//! # The map
//!
//! Imports point down; modules on one layer may import each other without a circle. `tests/it/layers.rs` reads the source
//! and fails on a breach.
//!
//! | layer | room | is for | and never |
//! | --- | --- | --- | --- |
//! | 7 | `main.rs`, `cli/` | the command line, one file per group of commands | does what the library should |
//! | 7 | [`control`] | the commands' way to a running server: one socket, one writer | starts a second writer |
//! | 6 | [`web`] | HTTP in: `page/` for people, `ap/` for peers, `api/` for Mastodon's client apps, over the same modules below | lets one face import another |
//! | 5 | [`app`] | a node and its threads: open, start, stop | knows HTTP in |
//! | 4 | [`federation`] | where network, rules and store meet: acts of the owner go out, acts of others come in | waits inside a write |
//! | 3 | [`social`] | what acts mean: one file per act, both directions | asks the network |
//! | 3 | [`net`] | outgoing HTTP: guarded addresses, limits, signatures, proven documents | reads the database |
//! | 2 | [`store`] | all SQL, the one writer thread, media on disk | knows a rule or a peer |
//! | 2 | [`ap`] | ActivityStreams documents, read leniently and written exactly | reads anything but its input |
//! | 2 | [`sig`] | HTTP signatures (draft-cavage-12, RFC 9421) and integrity proofs (FEP-8b32) | reads anything but its input |
//! | 2 | [`text`] | other people's HTML made safe, our own text made HTML | trusts its input |
//! | 2 | [`media`] | images made small, upright and anonymous; video and audio freed of metadata | keeps metadata |
//! | 1 | [`base`] | words all layers share: ids, time, audience, errors, configuration | knows what is built on it |
//!
//! # Four trips
//!
//! 1. *A post of the owner's*: a form or `hytte post` → [`federation::owner::publish`] finds whom it names (network) → one write:
//!    the post, its place at home, one activity, one delivery per inbox → the commit rings → `federation/workers.rs` sends in
//!    hands that claim, sign, send and settle ([`federation::outgoing::delivery`]).
//! 2. *An activity from a peer*: `web/ap/inbox.rs` checks size, digest, date and signature ([`federation::incoming::verify`]) → kept →
//!    202 → [`federation::incoming::inbox`] fetches what it needs, and one write applies it ([`social`]).
//! 3. *A page*: one read snapshot → a fixed number of queries ([`store::posts::post_views`]) → maud.
//! 4. *Somebody we do not know*: [`federation::remote::resolve`] → WebFinger → a signed, guarded fetch → kept.
//!
//! # Who does what
//!
//! | what | rules | store | page |
//! | --- | --- | --- | --- |
//! | posts, edits, answers | `social/post`, `arrival`, `revision` | `posts`, `editions` | `compose`, `edit`, `thread`, `history` |
//! | drafts, posts for later | [`federation::owner::scheduling`] | `drafts` | `drafts`, `later` |
//! | lists of people | `list` | `lists` | `lists` |
//! | filters | `filter`; `text/keywords` | `filters` | `filters`, `sifted` |
//! | likes, boosts, reactions, own emoji | `like`, `boost`, `react`, `emoji` | `likes`, `reactions`, `own_emoji` | `acts`, `reactions`, `own_emoji` |
//! | bookmarks, muted threads, private threads, read so far | | `bookmarks`, `thread_mutes`, `conversations`, `markers` | `kept`, `acts` |
//! | polls | `poll`, `vote` | `polls` | `poll` |
//! | quotes and their stamps | `quote`, `consent`; [`federation::remote::quote_refresh`] | `quotes` | `quoted` |
//! | who may reply, like, boost, quote | `approval` (asked by others), `asking` (asking others) | `policies`, `requests`, `asked` | `approvals` |
//! | followed hashtags; everyone's posts | `tag` | `tags`, `feeds` | `tags` |
//! | finding words and people | [`federation::owner::search`]; `text/search` | `search` | `find` |
//! | groups, relays | `group`, `relay` | `groups`, `relays` | `people`, `relays`, `around` |
//! | pins, featured hashtags | `pin` | `pins` | `top` |
//! | people and servers blocked, reports, notes | `block`, `host_block`, `report` | `blocks`, `mutes`, `host_blocks`, `shield`, `reports`, `notes` | `distance`, `walls`, `fences`, `hosts`, `reports` |
//! | telling apps as it happens (`web/api/streaming`) | | `events` | |
//! | telling apps (Web Push) | [`federation::outgoing::push_notifications`], [`sig::push`] | `push` | |
//! | notifications, the owner's rules for them | | `notifications`, `notification_groups`, `notification_policy`, `notification_requests` | `notifications`, `kept_back` |
//! | whom strangers may see | | `company` | |
//! | those who move | `mover`; [`federation::remote::move_discovery`] | `moves` | `moving`, `people` |
//! | proofs, passing on | `forward`, `outbox`; `sig/proof` | `deliveries` | |
//! | comparing followers, coming back | [`federation::outgoing::follower_sync`], [`federation::outgoing::outage_recovery`], [`federation::remote::backfill`] | `follows`, `absence` | |
//!
//! # What holds everywhere
//!
//! - An answer is a promise: 2xx, a redirect after a form, or a command's exit code 0 mean that it is on the disk.
//! - Everything from outside has a named limit, and every id, key and owner is checked against its origin.
//! - SQL lives in `store/`, outgoing HTTP in `net/`, actix in `web/`, the clock in `base/time.rs`, threads in
//!   `federation/workers.rs` and `store/writer.rs`.
//! - The body of a request is read in `web/request_body.rs`, within a time and a room: strangers, peers and the owner have one each.
//! - A new thing has its place. An activity type: a file in `social/`, a variant in `ap/activity.rs`, an arm in
//!   `social/mod.rs`. A page: a file in `web/page/`, a line in `web/mod.rs`. A call of the client API: a function in
//!   `web/api/`, a line in `web/api/routes.rs`. A table: a block in `schema.sql`, once a version is released a step in
//!   `store/migrations.rs`, a file in `store/`. A chore: a function and a line in `federation/upkeep.rs`. A command: an
//!   entry in `cli/mod.rs`, a request in [`control`]. A setting: a field of [`store::node::Settings`].

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
