-- The whole of hytte's database, as a new one is made. src/store/migrations.rs brings older ones here, step by step.
-- Times are milliseconds since 1970 UTC (columns end in _at). Ids of actors and posts are milliseconds << 16 | n.
-- Every index names the query it is for; every query of a list has a LIMIT.

-- Who we are: one row. Fixed at init, but for the owner's password and settings.
CREATE TABLE node (
  one          INTEGER PRIMARY KEY CHECK (one = 1),
  scheme       TEXT    NOT NULL,                -- https; http in tests and trials
  host         TEXT    NOT NULL,                -- where the server answers, with :port if unusual
  domain       TEXT    NOT NULL,                -- the right half of the owner's handle
  owner_id     INTEGER REFERENCES actor (id),   -- NULL until a trial's owner has picked a name
  service_id   INTEGER NOT NULL REFERENCES actor (id),  -- the instance actor: signs our fetches
  secret       BLOB    NOT NULL,                -- 32 bytes: CSRF tokens, proxy links
  password     TEXT,                            -- argon2id, PHC string
  settings     TEXT    NOT NULL DEFAULT '{}',   -- store/node.rs: Settings, as JSON
  seen_notification INTEGER NOT NULL DEFAULT 0, -- newest notification the owner has looked at
  created_at   INTEGER NOT NULL,
  alive_at     INTEGER NOT NULL,                -- last sign of life, to notice an outage
  away_since_at INTEGER,                        -- an outage is being made up for: when it began
  poked        TEXT    NOT NULL DEFAULT '',     -- of the hosts, the last that was told we are back
  caught_up    INTEGER NOT NULL DEFAULT 0       -- of those the owner follows, the last whose gap was filled
) STRICT;

-- Private keys of our own actors. An old key stays published until retired_at.
CREATE TABLE own_key (
  uri          TEXT    PRIMARY KEY,
  actor_id     INTEGER NOT NULL REFERENCES actor (id),
  kind         TEXT    NOT NULL,                -- rsa: requests; ed25519: integrity proofs; p256: Web Push (VAPID)
  private      BLOB    NOT NULL,                -- PKCS#8, RSA-2048, Ed25519 or P-256
  public       TEXT    NOT NULL,                -- as published: PEM, multibase (Ed25519) or base64url (P-256)
  created_at   INTEGER NOT NULL,
  retired_at   INTEGER
) STRICT;

-- Everyone we know of, ourselves included.
CREATE TABLE actor (
  id           INTEGER PRIMARY KEY,
  uri          TEXT    NOT NULL UNIQUE,
  kind         TEXT    NOT NULL,                -- Person, Service, Application, Group, Organization
  username     TEXT    NOT NULL,
  host         TEXT    NOT NULL,                -- of the handle, confirmed by WebFinger; else of the uri
  name         TEXT    NOT NULL,                -- plain text, one line
  bio          TEXT    NOT NULL,                -- safe HTML
  bio_source   TEXT,                            -- as the owner typed it
  url          TEXT    NOT NULL,                -- page for people
  inbox        TEXT    NOT NULL,
  shared_inbox TEXT,
  outbox       TEXT,
  followers    TEXT,
  following    TEXT,
  featured     TEXT,
  featured_tags TEXT,
  icon         TEXT,                            -- remote URL; a name in media/ for our own
  image        TEXT,
  fields       TEXT    NOT NULL DEFAULT '[]',   -- [[name, safe HTML, source], …]
  emoji        TEXT    NOT NULL DEFAULT '[]',   -- [[shortcode, URL], …]
  also_known_as TEXT   NOT NULL DEFAULT '[]',
  moved_to     TEXT,
  approves_followers INTEGER NOT NULL DEFAULT 0,
  discoverable INTEGER NOT NULL DEFAULT 0,
  indexable    INTEGER NOT NULL DEFAULT 0,
  published_at INTEGER,                         -- when they say they joined
  created_at   INTEGER NOT NULL,                -- when we met
  fetched_at   INTEGER NOT NULL,                -- last good look at the document
  failed_at    INTEGER,                         -- last failed look since
  confirmed_at INTEGER,                         -- when WebFinger was asked about the handle
  gone_at      INTEGER,                         -- 410 or Delete: kept as a name only
  posts        INTEGER,                         -- how many, as their server says; NULL: never asked
  followers_n  INTEGER,
  following_n  INTEGER,
  counted_at   INTEGER                          -- when it was asked last, whatever it said
) STRICT;
CREATE INDEX actor_handle ON actor (username COLLATE NOCASE, host);   -- find by handle
CREATE INDEX actor_stale  ON actor (fetched_at);                      -- upkeep: refresh in slices
CREATE INDEX actor_host   ON actor (host, created_at);                -- a server's people; since when it is known

-- The names of people, only to be found by.
CREATE VIRTUAL TABLE actor_text USING fts5 (
  username, host, name, content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2');
CREATE TRIGGER actor_found AFTER INSERT ON actor WHEN new.username <> '' BEGIN
  INSERT INTO actor_text (rowid, username, host, name) VALUES (new.id, new.username, new.host, new.name);
END;
CREATE TRIGGER actor_renamed AFTER UPDATE OF username, host, name ON actor
  WHEN (old.username, old.host, old.name) IS NOT (new.username, new.host, new.name) BEGIN
  DELETE FROM actor_text WHERE rowid = old.id;
  INSERT INTO actor_text (rowid, username, host, name) VALUES (new.id, new.username, new.host, new.name);
END;
CREATE TRIGGER actor_unfound AFTER DELETE ON actor BEGIN
  DELETE FROM actor_text WHERE rowid = old.id;
END;

-- Public keys as peers publish them, by key id.
CREATE TABLE actor_key (
  uri          TEXT    PRIMARY KEY,
  actor_id     INTEGER NOT NULL REFERENCES actor (id) ON DELETE CASCADE,
  value        TEXT    NOT NULL,                -- PEM, or multibase (Ed25519)
  proves       INTEGER NOT NULL DEFAULT 0,      -- 1: an assertionMethod, may sign integrity proofs
  fetched_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX actor_key_owner ON actor_key (actor_id);                 -- replace an actor's keys

-- Posts and boosts, ours and remote. A boost is a row with boost_of and no content.
CREATE TABLE post (
  id           INTEGER PRIMARY KEY,
  uri          TEXT    NOT NULL UNIQUE,
  actor_id     INTEGER NOT NULL REFERENCES actor (id),
  kind         TEXT    NOT NULL,                -- Note, Article, …; Announce for a boost
  boost_of     INTEGER REFERENCES post (id) ON DELETE CASCADE,
  audience     INTEGER NOT NULL,                -- 0 public, 1 quiet, 2 followers, 3 mentioned
  reply_to     INTEGER REFERENCES post (id) ON DELETE SET NULL,
  reply_to_uri TEXT,                            -- kept also while the parent is unknown
  context_uri  TEXT,                            -- FEP-7888
  title        TEXT,
  warning      TEXT,                            -- content warning, plain text
  content      TEXT    NOT NULL DEFAULT '',     -- safe HTML
  source       TEXT,                            -- as the owner typed it
  language     TEXT,
  sensitive    INTEGER NOT NULL DEFAULT 0,
  url          TEXT,                            -- page for people; NULL when it equals uri
  emoji        TEXT,                            -- [[shortcode, URL], …]
  extra        TEXT,                            -- store/posts/post_metadata.rs: a film's length, an event's time and place, …, as JSON
  published_at INTEGER NOT NULL,
  edited_at    INTEGER,
  received_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX post_by_actor ON post (actor_id, id);                    -- profile, outbox, feed
CREATE INDEX post_replies  ON post (reply_to) WHERE reply_to IS NOT NULL;            -- thread below
CREATE INDEX post_boosts   ON post (boost_of, actor_id) WHERE boost_of IS NOT NULL;  -- counts, my boost
CREATE INDEX post_around   ON post (id)                               -- what this server has seen
  WHERE audience = 0 AND boost_of IS NULL AND reply_to_uri IS NULL;
CREATE INDEX post_own     ON post (id) WHERE source IS NOT NULL;     -- the owner's posts alone: the local timelines
CREATE INDEX post_orphans  ON post (reply_to_uri)                     -- a parent that arrives late
  WHERE reply_to IS NULL AND reply_to_uri IS NOT NULL;

-- The words of posts, only to be found by: no copy of the text. marks: a and the author's id, r for an answer, l for a
-- link. src/store/timelines/search.rs writes it with each post and edit.
CREATE VIRTUAL TABLE post_text USING fts5 (
  words, marks, content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2');
CREATE TRIGGER post_unfound AFTER DELETE ON post WHEN old.boost_of IS NULL BEGIN
  DELETE FROM post_text WHERE rowid = old.id;
END;

-- What posts said before they were edited: at most 20 editions and 256 KB for each post.
CREATE TABLE edition (
  post_id      INTEGER NOT NULL REFERENCES post (id) ON DELETE CASCADE,
  written_at   INTEGER NOT NULL,                -- since when it said this
  title        TEXT,
  warning      TEXT,
  content      TEXT    NOT NULL,                -- safe HTML
  sensitive    INTEGER NOT NULL,
  poll         TEXT,                            -- the answers to choose from: [text, …]
  media        TEXT,                            -- its files as they were: [store/posts/attachments.rs: Attachment, …]
  kept_at      INTEGER NOT NULL,                -- when it was replaced
  PRIMARY KEY (post_id, written_at)
) STRICT, WITHOUT ROWID;
CREATE INDEX edition_age ON edition (kept_at);                        -- upkeep: prune those of remote posts

-- Who a post names; for a private post of ours these are its readers.
CREATE TABLE mention (
  post_id      INTEGER NOT NULL REFERENCES post (id) ON DELETE CASCADE,
  uri          TEXT    NOT NULL,                -- actor id
  handle       TEXT    NOT NULL,                -- user@host, as shown
  url          TEXT    NOT NULL,                -- the link in the text
  ours         INTEGER NOT NULL,                -- 1: of a post of the owner's
  PRIMARY KEY (post_id, uri)
) STRICT, WITHOUT ROWID;
CREATE INDEX mention_ours ON mention (uri) WHERE ours = 1;            -- whom the owner names: strangers may see them

CREATE TABLE hashtag (
  name         TEXT    NOT NULL,                -- lower case, without #
  post_id      INTEGER NOT NULL REFERENCES post (id) ON DELETE CASCADE,
  shown        TEXT    NOT NULL,                -- as written
  author_id    INTEGER NOT NULL,                -- of the post
  PRIMARY KEY (name, post_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX hashtag_by_author ON hashtag (author_id, name, post_id); -- a profile's posts with a hashtag
CREATE INDEX hashtag_of_post ON hashtag (post_id);                    -- a page of posts

-- Pictures and other files of posts; a fresh upload has no post yet.
CREATE TABLE attachment (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  post_id      INTEGER REFERENCES post (id) ON DELETE CASCADE,
  author_id    INTEGER,                         -- of the post
  position     INTEGER NOT NULL DEFAULT 0,
  media_type   TEXT    NOT NULL,
  url          TEXT,                            -- remote original
  file         TEXT,                            -- our own: a name in media/
  preview      TEXT,                            -- our own: a name in media/, a smaller picture or a film's cover
  alt          TEXT    NOT NULL DEFAULT '',
  width        INTEGER,
  height       INTEGER,
  blurhash     TEXT,
  focus        TEXT,                            -- "x,y" from -1 to 1
  still        TEXT,                            -- remote: the cover of a film or song
  seconds      INTEGER,                         -- how long a film or recording is
  created_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX attachment_of_post ON attachment (post_id, position);    -- a page of posts
CREATE INDEX attachment_by_author ON attachment (author_id, post_id) WHERE post_id IS NOT NULL;  -- posts with pictures
CREATE INDEX attachment_file ON attachment (file) WHERE file IS NOT NULL;          -- may this file be served
CREATE INDEX attachment_preview ON attachment (preview) WHERE preview IS NOT NULL;
CREATE INDEX attachment_loose ON attachment (created_at) WHERE post_id IS NULL;  -- upkeep: forgotten uploads

-- What client apps call a post they send, so that the same request twice makes one post; kept for an hour.
CREATE TABLE post_once (
  key          TEXT    PRIMARY KEY,
  post_id      INTEGER NOT NULL REFERENCES post (id) ON DELETE CASCADE,
  created_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX post_once_post ON post_once (post_id);                   -- cascade

-- What the owner has written and not published yet: drafts, and posts that wait for their time.
CREATE TABLE draft (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  words        TEXT    NOT NULL,                -- federation/owner/draft.rs: Draft, as JSON
  due_at       INTEGER,                         -- when it is to be published; NULL: a draft
  error        TEXT,                            -- why it could not be; then it waits for the owner
  once         TEXT,                            -- as in post_once
  reply_to     INTEGER REFERENCES post (id) ON DELETE SET NULL,  -- what it answers; held for it
  quote        INTEGER REFERENCES post (id) ON DELETE SET NULL,  -- what it quotes; held for it
  created_at   INTEGER NOT NULL,
  changed_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX draft_due ON draft (due_at) WHERE due_at IS NOT NULL AND error IS NULL;  -- what is published next
CREATE INDEX draft_once ON draft (once) WHERE once IS NOT NULL;       -- the same request again
CREATE INDEX draft_reply ON draft (reply_to) WHERE reply_to IS NOT NULL;              -- cascade
CREATE INDEX draft_quote ON draft (quote) WHERE quote IS NOT NULL;    -- cascade

-- Uploads that drafts hold: no post takes them, and they do not go.
CREATE TABLE draft_file (
  media_id     INTEGER PRIMARY KEY REFERENCES attachment (id) ON DELETE CASCADE,
  draft_id     INTEGER NOT NULL REFERENCES draft (id) ON DELETE CASCADE
) STRICT;
CREATE INDEX draft_file_draft ON draft_file (draft_id);               -- a draft's files; cascade

CREATE TABLE post_like (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,  -- counts up: the order in which posts were liked
  post_id      INTEGER NOT NULL REFERENCES post (id) ON DELETE CASCADE,
  actor_id     INTEGER NOT NULL REFERENCES actor (id) ON DELETE CASCADE,
  uri          TEXT    NOT NULL,                -- of the Like activity, for Undo
  created_at   INTEGER NOT NULL,
  UNIQUE (actor_id, post_id)
) STRICT;
CREATE INDEX post_like_uri ON post_like (uri);                        -- Undo by id
CREATE INDEX post_like_post ON post_like (post_id);                   -- who likes it, by id; counts
CREATE INDEX post_like_actor ON post_like (actor_id);                 -- what the owner liked, by id

-- Posts the owner has put by to read again. Nobody is told.
CREATE TABLE bookmark (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  post_id      INTEGER NOT NULL UNIQUE REFERENCES post (id) ON DELETE CASCADE
) STRICT;

-- Threads the owner wants no notifications of, each by the first of its posts that is here.
CREATE TABLE thread_mute (
  post_id      INTEGER PRIMARY KEY REFERENCES post (id) ON DELETE CASCADE,
  created_at   INTEGER NOT NULL
) STRICT;
-- When the first post goes, its answers are the first ones.
CREATE TRIGGER thread_mute_beheaded BEFORE DELETE ON post WHEN EXISTS (SELECT 1 FROM thread_mute WHERE post_id = OLD.id)
BEGIN
  INSERT OR IGNORE INTO thread_mute (post_id, created_at)
    SELECT p.id, m.created_at FROM thread_mute m JOIN post p ON p.reply_to = m.post_id WHERE m.post_id = OLD.id;
END;

-- Private threads, one row for each set of people who read them (store/posts/conversations.rs).
CREATE TABLE conversation (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  thread       INTEGER NOT NULL,                -- id of the thread's first post, which may be gone
  people       TEXT    NOT NULL,                -- JSON: uris of everyone in it but the owner, sorted
  newest_id    INTEGER NOT NULL,                -- its newest post, kept by the trigger below
  unread       INTEGER NOT NULL
) STRICT;
CREATE INDEX conversation_newest ON conversation (newest_id);         -- the list
CREATE INDEX conversation_thread ON conversation (thread);            -- where a new post belongs

-- The posts of conversations.
CREATE TABLE conversation_post (
  post_id      INTEGER PRIMARY KEY REFERENCES post (id) ON DELETE CASCADE,
  conversation_id INTEGER NOT NULL REFERENCES conversation (id) ON DELETE CASCADE
) STRICT;
CREATE INDEX conversation_post_of ON conversation_post (conversation_id, post_id);  -- its newest post; cascade
CREATE TRIGGER conversation_shrinks AFTER DELETE ON conversation_post
BEGIN
  DELETE FROM conversation WHERE id = OLD.conversation_id
    AND NOT EXISTS (SELECT 1 FROM conversation_post WHERE conversation_id = OLD.conversation_id);
  UPDATE conversation SET newest_id = (SELECT max(post_id) FROM conversation_post WHERE conversation_id = OLD.conversation_id)
    WHERE id = OLD.conversation_id AND newest_id = OLD.post_id;
END;

-- How far the owner has read, as client apps tell each other.
CREATE TABLE marker (
  list         TEXT    PRIMARY KEY,             -- home, notifications
  last_id      INTEGER NOT NULL,
  version      INTEGER NOT NULL,                -- counts up with every change
  updated_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The poll of a Question. Of somebody else's the counts are what its author's server said last; of ours they are
-- counted from `vote` as it grows.
CREATE TABLE poll (
  post_id      INTEGER PRIMARY KEY REFERENCES post (id) ON DELETE CASCADE,
  options      TEXT    NOT NULL,                -- [[text, votes], …]
  multiple     INTEGER NOT NULL,                -- 1: several may be chosen
  voters       INTEGER,                         -- how many people voted; NULL: not said
  hides        INTEGER NOT NULL DEFAULT 0,      -- 1: of ours; how it stands is not told before its end
  end_at       INTEGER,                         -- when voting ends or ended; NULL: no end
  checked_at   INTEGER NOT NULL,                -- when its author's server last spoke of it
  look_at      INTEGER                          -- upkeep: tell the news of ours, ask for theirs; NULL: nothing to do
) STRICT;
CREATE INDEX poll_due ON poll (look_at) WHERE look_at IS NOT NULL;    -- upkeep: polls with news or at their end

-- Who chose what: everybody's votes in our polls, the owner's in those of others. Never shown to anyone.
CREATE TABLE vote (
  post_id      INTEGER NOT NULL REFERENCES post (id) ON DELETE CASCADE,
  actor_id     INTEGER NOT NULL REFERENCES actor (id) ON DELETE CASCADE,
  choice       INTEGER NOT NULL,                -- place in poll.options, from 0
  PRIMARY KEY (post_id, actor_id, choice)
) STRICT, WITHOUT ROWID;
CREATE INDEX vote_by_actor ON vote (actor_id);                        -- cascade

-- Who may answer, like, boost and quote a post (GoToSocial's interaction policies): only where its author says so.
CREATE TABLE policy (
  post_id      INTEGER PRIMARY KEY REFERENCES post (id) ON DELETE CASCADE,
  bits         INTEGER NOT NULL                 -- base/interaction_policy.rs: Rules
) STRICT;

-- Posts that quote another, ours and remote (FEP-044f and the older ways).
CREATE TABLE quote (
  post_id      INTEGER PRIMARY KEY REFERENCES post (id) ON DELETE CASCADE,  -- the one that quotes
  quoted_id    INTEGER REFERENCES post (id) ON DELETE SET NULL,             -- once it is here
  quoted_uri   TEXT    NOT NULL,                -- as it was named, canonical once it is here
  consent      INTEGER NOT NULL,                -- 1: FEP-044f, shown only with the quoted author's word
  state        TEXT    NOT NULL,                -- waiting, granted, refused, revoked, gone
  stamp        TEXT,                            -- the quoted author's word: a document on their server
  request_uri  TEXT,                            -- our own QuoteRequest
  tries        INTEGER NOT NULL DEFAULT 0,      -- failed looks in a row
  check_at     INTEGER                          -- when to look at the quoted post and the stamp (again)
) STRICT;
CREATE INDEX quote_of_post ON quote (quoted_id) WHERE quoted_id IS NOT NULL;      -- who quotes it; cascade
CREATE INDEX quote_orphans ON quote (quoted_uri) WHERE quoted_id IS NULL;         -- a quoted post that arrives late
CREATE INDEX quote_stamp ON quote (stamp) WHERE stamp IS NOT NULL;                -- Delete of a stamp
CREATE INDEX quote_request ON quote (request_uri) WHERE request_uri IS NOT NULL;  -- Accept, Reject
CREATE INDEX quote_due ON quote (check_at) WHERE check_at IS NOT NULL;            -- federation/remote/quote_refresh.rs

-- Others asking to answer, like, boost or quote a post of the owner's, and what became of it. A granted one is a stamp.
CREATE TABLE request (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  deed         TEXT    NOT NULL,                -- reply, like, boost, quote
  actor_id     INTEGER NOT NULL REFERENCES actor (id) ON DELETE CASCADE,
  target_id    INTEGER NOT NULL REFERENCES post (id) ON DELETE CASCADE,     -- the owner's post
  object_uri   TEXT    NOT NULL,                -- their post, Like or Announce
  post_id      INTEGER REFERENCES post (id) ON DELETE CASCADE,              -- their post
  request_uri  TEXT,                            -- of their ReplyRequest, …; NULL: they just did it
  state        TEXT    NOT NULL,                -- waiting, granted, refused
  created_at   INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX request_once ON request (object_uri, deed, target_id);
CREATE INDEX request_waiting ON request (id) WHERE state = 'waiting'; -- the requests page
CREATE INDEX request_actor ON request (actor_id);                     -- cascade
CREATE INDEX request_target ON request (target_id);                   -- cascade
CREATE INDEX request_post ON request (post_id) WHERE post_id IS NOT NULL; -- cascade

-- The owner's own replies, likes and boosts of posts whose authors want to be asked.
CREATE TABLE asked (
  object_uri   TEXT    PRIMARY KEY,             -- our post, Like or Announce
  deed         TEXT    NOT NULL,                -- reply, like, boost
  target_id    INTEGER NOT NULL REFERENCES post (id) ON DELETE CASCADE,     -- their post
  made_id      INTEGER REFERENCES post (id) ON DELETE CASCADE,              -- our reply or boost
  request_uri  TEXT,                            -- our ReplyRequest, …; NULL: asked by doing (GoToSocial before 0.20)
  state        TEXT    NOT NULL,                -- waiting, granted, refused
  stamp        TEXT,                            -- their word; kept with a refusal that took it back
  created_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX asked_request ON asked (request_uri) WHERE request_uri IS NOT NULL;  -- Accept, Reject
CREATE INDEX asked_stamp ON asked (stamp) WHERE stamp IS NOT NULL;    -- Delete of a stamp
CREATE INDEX asked_target ON asked (target_id);                       -- a page of posts; cascade
CREATE INDEX asked_made ON asked (made_id) WHERE made_id IS NOT NULL; -- a page of posts; cascade

-- Reactions with an emoji. A plain like is in post_like; what an actor does twice with one emoji counts once.
CREATE TABLE reaction (
  post_id      INTEGER NOT NULL REFERENCES post (id) ON DELETE CASCADE,
  actor_id     INTEGER NOT NULL REFERENCES actor (id) ON DELETE CASCADE,
  emoji        TEXT    NOT NULL,                -- of Unicode, or :shortcode:
  url          TEXT,                            -- of the shortcode's picture
  uri          TEXT    NOT NULL,                -- of the activity, for Undo
  created_at   INTEGER NOT NULL,
  PRIMARY KEY (post_id, actor_id, emoji)
) STRICT, WITHOUT ROWID;
CREATE INDEX reaction_uri ON reaction (uri);                          -- Undo by id
CREATE INDEX reaction_actor ON reaction (actor_id);                   -- somebody is gone; cascade

-- Posts at the top of a profile: the owner's and those of others, as their collections say.
CREATE TABLE pin (
  actor_id     INTEGER NOT NULL REFERENCES actor (id) ON DELETE CASCADE,  -- whose profile
  post_id      INTEGER NOT NULL REFERENCES post (id) ON DELETE CASCADE,
  rank         INTEGER NOT NULL,                -- the highest stands first
  PRIMARY KEY (actor_id, post_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX pin_post ON pin (post_id);                               -- a page of posts; cascade

-- Hashtags shown on a profile, the owner's and others'.
CREATE TABLE featured_tag (
  actor_id     INTEGER NOT NULL REFERENCES actor (id) ON DELETE CASCADE,
  name         TEXT    NOT NULL,                -- lower case, without #
  shown        TEXT    NOT NULL,                -- as written
  url          TEXT,                            -- their page; NULL for ours
  rank         INTEGER NOT NULL,                -- the lowest stands first
  PRIMARY KEY (actor_id, name)
) STRICT, WITHOUT ROWID;

-- Hashtags the owner follows: public posts with them come home, whoever wrote them.
CREATE TABLE followed_tag (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  name         TEXT    NOT NULL UNIQUE,         -- lower case, without #
  shown        TEXT    NOT NULL,                -- as written
  created_at   INTEGER NOT NULL
) STRICT;

-- The owner's own emoji.
CREATE TABLE own_emoji (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  code         TEXT    NOT NULL UNIQUE,         -- without colons
  file         TEXT    NOT NULL,                -- a name in media/
  updated_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX own_emoji_file ON own_emoji (file);                      -- may this file be served

-- Who follows whom; one side is always us.
CREATE TABLE follow (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,   -- by which lists of people are paged, newest asking first
  follower_id  INTEGER NOT NULL REFERENCES actor (id) ON DELETE CASCADE,
  followed_id  INTEGER NOT NULL REFERENCES actor (id) ON DELETE CASCADE,
  uri          TEXT    NOT NULL,                -- of the Follow activity
  document     TEXT,                            -- the Follow as received: Accept embeds it whole
  accepted_at  INTEGER,                         -- NULL: asked, not answered
  boosts       INTEGER NOT NULL DEFAULT 1,      -- of ours: 0: what they boost is not shown at home
  notify       INTEGER NOT NULL DEFAULT 0,      -- of ours: 1: each of their posts is told
  languages    TEXT    NOT NULL DEFAULT '[]',   -- of ours: JSON: only posts in these are shown at home; none: all
  endorsed     INTEGER NOT NULL DEFAULT 0,      -- of ours: 1: recommended on the owner's profile
  created_at   INTEGER NOT NULL,
  UNIQUE (followed_id, follower_id)
) STRICT;
CREATE INDEX follow_by_follower ON follow (follower_id, followed_id); -- whom we follow
CREATE INDEX follow_of_follower ON follow (follower_id, id);          -- whom we follow, newest first
CREATE INDEX follow_of_followed ON follow (followed_id, id);          -- who follows us, newest first
CREATE INDEX follow_waiting ON follow (followed_id, id) WHERE accepted_at IS NULL; -- requests, newest first
CREATE INDEX follow_endorsed ON follow (id) WHERE endorsed = 1;       -- whom the owner recommends
CREATE INDEX follow_uri ON follow (uri);                              -- Accept, Reject, Undo by id

-- The owner's own numbers: one row, kept by triggers, because counting a million posts for an answer takes long.
CREATE TABLE own_count (
  one          INTEGER PRIMARY KEY CHECK (one = 1),
  posts        INTEGER NOT NULL DEFAULT 0,      -- open ones and boosts
  newest_id    INTEGER,                         -- of these
  followers    INTEGER NOT NULL DEFAULT 0,      -- accepted ones
  following    INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO own_count (one) VALUES (1);
CREATE TRIGGER own_count_post AFTER INSERT ON post
  WHEN NEW.audience <= 1 AND NEW.actor_id = (SELECT owner_id FROM node)
BEGIN
  UPDATE own_count SET posts = posts + 1, newest_id = max(ifnull(newest_id, 0), NEW.id);
END;
CREATE TRIGGER own_count_narrowed AFTER UPDATE OF audience ON post
  WHEN OLD.audience <= 1 AND NEW.audience > 1 AND NEW.actor_id = (SELECT owner_id FROM node)
BEGIN
  UPDATE own_count SET posts = posts - 1, newest_id = iif(newest_id = OLD.id, (SELECT id FROM post
    WHERE actor_id = OLD.actor_id AND audience <= 1 ORDER BY id DESC LIMIT 1), newest_id);
END;
CREATE TRIGGER own_count_gone AFTER DELETE ON post
  WHEN OLD.audience <= 1 AND OLD.actor_id = (SELECT owner_id FROM node)
BEGIN
  UPDATE own_count SET posts = posts - 1, newest_id = iif(newest_id = OLD.id, (SELECT id FROM post
    WHERE actor_id = OLD.actor_id AND audience <= 1 ORDER BY id DESC LIMIT 1), newest_id);
END;
CREATE TRIGGER own_count_follow AFTER INSERT ON follow WHEN NEW.accepted_at IS NOT NULL
BEGIN
  UPDATE own_count SET followers = followers + (SELECT owner_id IS NEW.followed_id FROM node),
    following = following + (SELECT owner_id IS NEW.follower_id FROM node);
END;
CREATE TRIGGER own_count_accepted AFTER UPDATE OF accepted_at ON follow
  WHEN (OLD.accepted_at IS NULL) <> (NEW.accepted_at IS NULL)
BEGIN
  UPDATE own_count SET
    followers = followers + iif(NEW.accepted_at IS NULL, -1, 1) * (SELECT owner_id IS NEW.followed_id FROM node),
    following = following + iif(NEW.accepted_at IS NULL, -1, 1) * (SELECT owner_id IS NEW.follower_id FROM node);
END;
CREATE TRIGGER own_count_ended AFTER DELETE ON follow WHEN OLD.accepted_at IS NOT NULL
BEGIN
  UPDATE own_count SET followers = followers - (SELECT owner_id IS OLD.followed_id FROM node),
    following = following - (SELECT owner_id IS OLD.follower_id FROM node);
END;
CREATE TRIGGER own_count_named AFTER UPDATE OF owner_id ON node
BEGIN
  UPDATE own_count SET
    posts = (SELECT count(*) FROM post WHERE actor_id = NEW.owner_id AND audience <= 1),
    newest_id = (SELECT id FROM post WHERE actor_id = NEW.owner_id AND audience <= 1 ORDER BY id DESC LIMIT 1),
    followers = (SELECT count(*) FROM follow WHERE followed_id = NEW.owner_id AND accepted_at IS NOT NULL),
    following = (SELECT count(*) FROM follow WHERE follower_id = NEW.owner_id AND accepted_at IS NOT NULL);
END;

-- The owner's home timeline: posts and boosts of the followed, our own, and replies among them.
CREATE TABLE home (
  post_id      INTEGER PRIMARY KEY REFERENCES post (id) ON DELETE CASCADE
) STRICT;

-- The owner's lists of people.
CREATE TABLE list (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  title        TEXT    NOT NULL,
  replies      TEXT    NOT NULL,                -- which answers to others are shown: followed, list, none
  exclusive    INTEGER NOT NULL                 -- 1: what its members bring stays off the home timeline
) STRICT;

-- Who is in a list: people the owner follows or has asked to, and the owner.
CREATE TABLE list_member (
  list_id      INTEGER NOT NULL REFERENCES list (id) ON DELETE CASCADE,
  actor_id     INTEGER NOT NULL REFERENCES actor (id) ON DELETE CASCADE,
  PRIMARY KEY (list_id, actor_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX list_member_actor ON list_member (actor_id);             -- somebody's lists; cascade

-- The timelines of lists: what their members wrote, boosted or, as groups, passed on.
CREATE TABLE list_post (
  list_id      INTEGER NOT NULL REFERENCES list (id) ON DELETE CASCADE,
  post_id      INTEGER NOT NULL REFERENCES post (id) ON DELETE CASCADE,
  answers      INTEGER,                         -- whose post it answers; NULL: nobody's, its author's or the owner's
  PRIMARY KEY (list_id, post_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX list_post_post ON list_post (post_id);                   -- which lists a post is in; cascade

-- The owner's filters: words and posts they do not want to see, or only behind a fold.
CREATE TABLE filter (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  title        TEXT    NOT NULL,
  contexts     INTEGER NOT NULL,                -- where it counts: bits, see store/timelines/filters.rs
  action       TEXT    NOT NULL,                -- warn, hide, blur
  until_at     INTEGER,                         -- NULL: for good
  created_at   INTEGER NOT NULL
) STRICT;

CREATE TABLE filter_keyword (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  filter_id    INTEGER NOT NULL REFERENCES filter (id) ON DELETE CASCADE,
  keyword      TEXT    NOT NULL,                -- as typed
  whole        INTEGER NOT NULL                 -- 1: not inside of a longer word
) STRICT;
CREATE INDEX filter_keyword_of ON filter_keyword (filter_id);         -- a filter's words; cascade

-- Posts the owner put under a filter by hand.
CREATE TABLE filter_post (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  filter_id    INTEGER NOT NULL REFERENCES filter (id) ON DELETE CASCADE,
  post_id      INTEGER NOT NULL REFERENCES post (id) ON DELETE CASCADE
) STRICT;
CREATE UNIQUE INDEX filter_post_of ON filter_post (filter_id, post_id); -- a filter's posts; cascade
CREATE INDEX filter_post_post ON filter_post (post_id);               -- cascade

-- Which posts stand in which groups (communities, magazines, categories, channels).
CREATE TABLE post_group (
  group_id     INTEGER NOT NULL REFERENCES actor (id) ON DELETE CASCADE,
  post_id      INTEGER NOT NULL REFERENCES post (id) ON DELETE CASCADE,
  announced    INTEGER NOT NULL,                -- 1: the group passed it on; 0: only its author says so
  PRIMARY KEY (group_id, post_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX post_group_post ON post_group (post_id, announced, group_id);  -- a page of posts; cascade

-- Votes for posts of the owner's that a group has counted, by the voters' ids.
CREATE TABLE post_vote (
  post_id      INTEGER NOT NULL REFERENCES post (id) ON DELETE CASCADE,
  voter        TEXT    NOT NULL,
  PRIMARY KEY (post_id, voter)
) STRICT, WITHOUT ROWID;

-- Relays the owner has subscribed to: they pass public posts on between servers that do not know each other.
CREATE TABLE relay (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  inbox        TEXT    NOT NULL UNIQUE,         -- where we send
  style        TEXT    NOT NULL,                -- mastodon: Public is followed at an inbox; litepub: an actor is
  actor_id     INTEGER REFERENCES actor (id) ON DELETE SET NULL,  -- who it is, once known
  follow_uri   TEXT    NOT NULL,                -- of our Follow
  state        TEXT    NOT NULL,                -- asked, accepted, refused
  asked_at     INTEGER NOT NULL,
  answered_at  INTEGER
) STRICT;
CREATE INDEX relay_actor ON relay (actor_id) WHERE actor_id IS NOT NULL;  -- is this sender one

-- Posts that a relay has brought: they stay for a shorter time.
CREATE TABLE relayed (
  post_id      INTEGER PRIMARY KEY REFERENCES post (id) ON DELETE CASCADE
) STRICT;

-- What the owner should hear of: each event once. Likes, boosts and follows of twelve hours make a group, in front of which
-- its newest row stands; pages of any kinds of notification are read from the front ones alone.
CREATE TABLE notification (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  kind         TEXT    NOT NULL,                -- mention, follow, follow_request, like, boost, …
  actor_id     INTEGER NOT NULL REFERENCES actor (id) ON DELETE CASCADE,
  post_id      INTEGER REFERENCES post (id) ON DELETE CASCADE,
  hour         INTEGER,                         -- since 1970, in which its group began; NULL: stands alone
  place        INTEGER NOT NULL,                -- 0: kept back by the owner's rules; 1: behind a newer one of its group; 2: in front
  created_at   INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX notification_once ON notification (actor_id, kind, ifnull(post_id, 0)); -- an effect happens once
CREATE INDEX notification_of_post ON notification (post_id) WHERE post_id IS NOT NULL;      -- cascade
CREATE INDEX notification_list ON notification (kind, place, id);     -- a page of some kinds
CREATE INDEX notification_actor ON notification (actor_id, place, id);  -- a page of one person's; those kept back
CREATE INDEX notification_group ON notification (kind, post_id, hour, id, actor_id) WHERE hour IS NOT NULL;  -- who is in a group
-- When the front row of a group goes, the next one stands in front.
CREATE TRIGGER notification_heir AFTER DELETE ON notification WHEN OLD.place = 2 AND OLD.hour IS NOT NULL
BEGIN
  UPDATE notification SET place = 2 WHERE id = (
    SELECT id FROM notification WHERE kind = OLD.kind AND post_id IS OLD.post_id AND hour = OLD.hour ORDER BY id DESC LIMIT 1);
END;

-- People whose notifications were kept back, until the owner has said what becomes of them.
CREATE TABLE notification_request (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  actor_id     INTEGER NOT NULL UNIQUE REFERENCES actor (id) ON DELETE CASCADE,
  created_at   INTEGER NOT NULL
) STRICT;

-- People whose notifications come through whatever the rules say.
CREATE TABLE notification_permission (
  actor_id     INTEGER PRIMARY KEY REFERENCES actor (id) ON DELETE CASCADE,
  created_at   INTEGER NOT NULL
) STRICT;

-- What we say to peers: the JSON once, however many inboxes it goes to.
CREATE TABLE activity (
  id           INTEGER PRIMARY KEY,
  uri          TEXT    NOT NULL UNIQUE,
  object_uri   TEXT    NOT NULL,                -- what it is about: order matters per object
  audience     INTEGER NOT NULL,
  fleeting     INTEGER NOT NULL DEFAULT 0,      -- 1: an answer nobody will fetch: the next one replaces it
  signer       TEXT    NOT NULL,                -- key id in own_key
  document     TEXT    NOT NULL,
  author_id    INTEGER REFERENCES actor (id) ON DELETE CASCADE, -- somebody else's, passed on; NULL: our own
  created_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX activity_passed_on ON activity (author_id) WHERE author_id IS NOT NULL; -- cascade
CREATE INDEX activity_fleeting ON activity (object_uri) WHERE fleeting = 1; -- answers to one asker; upkeep

-- One activity on its way to one inbox. Only the first of each inbox's line is ready.
CREATE TABLE delivery (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  activity_id  INTEGER NOT NULL REFERENCES activity (id) ON DELETE CASCADE,
  object_uri   TEXT    NOT NULL,
  inbox        TEXT    NOT NULL,
  host         TEXT    NOT NULL,
  urgency      INTEGER NOT NULL,                -- 0 mentioned people, 1 everyone else, 2 retries
  ready        INTEGER NOT NULL,                -- 1: nothing before it in its inbox's line
  tries        INTEGER NOT NULL DEFAULT 0,
  server_errors INTEGER NOT NULL DEFAULT 0,     -- 5xx answers so far; after three, others pass it
  refusals     INTEGER NOT NULL DEFAULT 0,      -- 401, 403, 404 and their like so far
  next_at      INTEGER NOT NULL,
  lease_at     INTEGER,                         -- in flight until then; freed at start
  error        TEXT,                            -- the last failure, for the owner to read
  created_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX delivery_due   ON delivery (urgency, next_at, host, ready, lease_at)  -- claim, from the index alone
  WHERE ready = 1 AND lease_at IS NULL;
CREATE INDEX delivery_line  ON delivery (inbox, id);                  -- who is next in line
CREATE INDEX delivery_host  ON delivery (host) WHERE ready = 1;       -- breaker: hold or release a host's lines
CREATE INDEX delivery_flight ON delivery (host, urgency, lease_at)    -- four in flight per host
  WHERE lease_at IS NOT NULL;
CREATE INDEX delivery_of_activity ON delivery (activity_id);          -- forget an activity that has arrived

-- Received activities, verified but not yet applied. set_aside_at: poison, kept for the owner to see.
CREATE TABLE inbox (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  uri          TEXT    NOT NULL UNIQUE,
  signer_id    INTEGER NOT NULL REFERENCES actor (id) ON DELETE CASCADE,
  document     TEXT    NOT NULL,
  bytes        INTEGER NOT NULL,                -- of the document
  tries        INTEGER NOT NULL DEFAULT 0,
  next_at      INTEGER NOT NULL,
  lease_at     INTEGER,                         -- being applied until then; freed at start
  error        TEXT,
  set_aside_at INTEGER,
  received_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX inbox_due ON inbox (next_at) WHERE set_aside_at IS NULL AND lease_at IS NULL; -- step
CREATE INDEX inbox_signer ON inbox (signer_id, lease_at, bytes);      -- one worker per signer; cascade; how full it is
CREATE INDEX inbox_aside ON inbox (set_aside_at) WHERE set_aside_at IS NOT NULL; -- the queue page

-- Ids of activities applied or undone, so that effects happen once; pruned by age and number.
CREATE TABLE seen (
  uri          TEXT    PRIMARY KEY,
  seen_at      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX seen_age ON seen (seen_at);                              -- upkeep: prune

-- Deleted objects: ours answer 410 for ever, remote ones are remembered against a late Create.
CREATE TABLE tombstone (
  uri          TEXT    PRIMARY KEY,
  ours         INTEGER NOT NULL,
  deleted_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX tombstone_age ON tombstone (ours, deleted_at);           -- upkeep: prune the remote ones

-- What we know of each server: which signature it takes, whether it is reachable.
CREATE TABLE host (
  name         TEXT    PRIMARY KEY,             -- with :port if unusual
  knock        TEXT,                            -- cavage or rfc9421: what worked last
  failures     INTEGER NOT NULL DEFAULT 0,      -- in a row
  failing_since_at INTEGER,
  open_until_at INTEGER,                        -- breaker: nothing is sent before then
  heard_at     INTEGER,                         -- last verified inbound or good delivery
  error        TEXT,
  software     TEXT,
  software_version TEXT,
  software_at  INTEGER                          -- when NodeInfo was last asked for
) STRICT, WITHOUT ROWID;
CREATE INDEX host_failing ON host (failing_since_at) WHERE failing_since_at IS NOT NULL; -- the queue page

-- Browser sessions, one-time links and API tokens: only hashes (SHA-256).
CREATE TABLE session (
  hash         BLOB    PRIMARY KEY,
  agent        TEXT    NOT NULL,                -- the browser's own words, cut short
  created_at   INTEGER NOT NULL,
  used_at      INTEGER NOT NULL,
  expires_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE login_link (
  hash         BLOB    PRIMARY KEY,
  expires_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
-- What has just happened, for the streams of apps: a ring of the newest, written only while somebody listens.
CREATE TABLE event (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  kind         TEXT    NOT NULL,                -- home, open, edit, gone, notice, filters, talk, token
  subject      INTEGER NOT NULL,                -- a post's, notification's, conversation's or token's id
  open         INTEGER NOT NULL DEFAULT 0       -- gone: it was public
) STRICT;

-- Apps that asked to be known (POST /api/v1/apps); strangers make these rows, so only so many without a token are kept.
CREATE TABLE app (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  client_id    TEXT    NOT NULL UNIQUE,
  secret       BLOB    NOT NULL,                -- SHA-256
  name         TEXT    NOT NULL,
  website      TEXT,
  redirects    TEXT    NOT NULL,                -- one a line, compared byte for byte
  scopes       TEXT    NOT NULL,                -- the most it may ask for, space-separated
  created_at   INTEGER NOT NULL
) STRICT;
-- What the owner allowed an app, on its way to become a token: once, within minutes. So long it is remembered what it became:
-- a code that comes twice is in the wrong hands.
CREATE TABLE grant_code (
  hash         BLOB    PRIMARY KEY,
  app_id       INTEGER NOT NULL REFERENCES app (id) ON DELETE CASCADE,
  redirect     TEXT    NOT NULL,
  scopes       TEXT    NOT NULL,
  challenge    TEXT,                            -- PKCE, S256
  token_id     INTEGER REFERENCES token (id) ON DELETE CASCADE,       -- what it became; NULL: nothing yet
  expires_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX grant_code_app ON grant_code (app_id);                   -- cascade
CREATE INDEX grant_code_token ON grant_code (token_id) WHERE token_id IS NOT NULL;  -- cascade
CREATE TABLE token (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  hash         BLOB    NOT NULL UNIQUE,
  app_id       INTEGER REFERENCES app (id) ON DELETE CASCADE,         -- NULL: made by `hytte token`
  name         TEXT    NOT NULL,                -- the app's, as shown
  scopes       TEXT    NOT NULL,                -- space-separated
  speaks_for_owner INTEGER NOT NULL,            -- 0: a token of the app alone
  created_at   INTEGER NOT NULL,
  used_at      INTEGER
) STRICT;
CREATE INDEX token_app ON token (app_id);                             -- cascade; the list of apps

-- Where apps want to be told by Web Push: one address per token, gone with it.
CREATE TABLE push_subscription (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,                     -- below 2^31: apps read a small number
  token_id     INTEGER NOT NULL UNIQUE REFERENCES token (id) ON DELETE CASCADE,
  bearer       BLOB    NOT NULL,                -- the token itself, sealed with the node's secret: messages must carry it
  endpoint     TEXT    NOT NULL,                -- of the push service
  point        BLOB    NOT NULL,                -- the app's public key
  auth         BLOB    NOT NULL,                -- the secret it shares with us
  standard     INTEGER NOT NULL,                -- 1: RFC 8291; 0: the draft that older relays read
  alerts       TEXT    NOT NULL,                -- JSON: kind of notification -> the app's word for it
  policy       TEXT    NOT NULL,                -- whose: all, followed, follower, none
  created_at   INTEGER NOT NULL
) STRICT;
-- Messages on their way to push services; two days old at most.
CREATE TABLE push_message (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  subscription_id INTEGER NOT NULL REFERENCES push_subscription (id) ON DELETE CASCADE,
  notification_id INTEGER NOT NULL REFERENCES notification (id) ON DELETE CASCADE,
  tries        INTEGER NOT NULL DEFAULT 0,
  next_at      INTEGER NOT NULL,                -- when it is tried next; while in flight, when its lease ends
  created_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX push_message_due ON push_message (next_at);              -- claim
CREATE INDEX push_message_of ON push_message (subscription_id);       -- cascade; how many wait
CREATE INDEX push_message_about ON push_message (notification_id);    -- cascade

-- Remote pictures kept for our own page: a capped cache, least recently used goes first.
CREATE TABLE proxied (
  url          TEXT    PRIMARY KEY,
  file         TEXT    NOT NULL,                -- a name in media/
  media_type   TEXT    NOT NULL,
  bytes        INTEGER NOT NULL,
  used_at      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX proxied_age ON proxied (used_at);                        -- evict

-- People the owner has blocked.
CREATE TABLE block (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  actor_id     INTEGER NOT NULL UNIQUE REFERENCES actor (id) ON DELETE CASCADE,
  uri          TEXT,                            -- of our Block activity; NULL when they were not told
  created_at   INTEGER NOT NULL
) STRICT;

-- People who have told us that they block the owner.
CREATE TABLE blocked_by (
  actor_id     INTEGER PRIMARY KEY REFERENCES actor (id) ON DELETE CASCADE,
  uri          TEXT    NOT NULL,                -- of their Block activity, for Undo
  created_at   INTEGER NOT NULL
) STRICT;

-- People the owner does not want to hear of for a while; they are not told.
CREATE TABLE mute (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  actor_id     INTEGER NOT NULL UNIQUE REFERENCES actor (id) ON DELETE CASCADE,
  boosts_only  INTEGER NOT NULL,                -- 1: only what they boost is hidden
  notices      INTEGER NOT NULL,                -- 1: no notifications from them either
  until_at     INTEGER,                         -- NULL: for good
  created_at   INTEGER NOT NULL
) STRICT;

-- What the owner notes down about somebody, for themselves alone.
CREATE TABLE note (
  actor_id     INTEGER PRIMARY KEY REFERENCES actor (id) ON DELETE CASCADE,
  text         TEXT    NOT NULL,                -- plain text
  written_at   INTEGER NOT NULL
) STRICT;

-- Lists of servers to block that others publish. Nothing of a list counts before applied_at.
CREATE TABLE host_list (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  url          TEXT    NOT NULL UNIQUE,
  name         TEXT    NOT NULL,
  applied_at   INTEGER,                         -- NULL: only looked at so far
  fetched_at   INTEGER,
  failed_at    INTEGER,                         -- last failed look since
  error        TEXT,
  created_at   INTEGER NOT NULL
) STRICT;

-- Servers to keep away, each with its subdomains. What the owner set counts more than lists; of lists the strictest.
CREATE TABLE host_block (
  host         TEXT    NOT NULL,                -- lower case, punycode, no port
  list_id      INTEGER NOT NULL,                -- 0: set by the owner; else of host_list
  severity     TEXT    NOT NULL,                -- block, limit; allow: lists do not count for it (list_id 0 only)
  no_media     INTEGER NOT NULL DEFAULT 0,
  no_reports   INTEGER NOT NULL DEFAULT 0,
  comment      TEXT    NOT NULL DEFAULT '',
  obfuscate    INTEGER NOT NULL DEFAULT 0,      -- only kept for the export
  held         INTEGER NOT NULL DEFAULT 0,      -- 1: new on a list and would cut a follow: waits for the owner
  number       INTEGER,                         -- of the owner's own rules: counts up, by which they are paged
  created_at   INTEGER NOT NULL,
  PRIMARY KEY (host, list_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX host_block_own ON host_block (number) WHERE number IS NOT NULL; -- the owner's own, newest first
CREATE INDEX host_block_list ON host_block (list_id, host);           -- the page, the export, forgetting a list

-- Follows that a host block has ended, to be brought back when it is lifted.
CREATE TABLE cut_follow (
  actor_id     INTEGER NOT NULL REFERENCES actor (id) ON DELETE CASCADE,
  ours         INTEGER NOT NULL,                -- 1: the owner followed them; 0: they followed the owner
  uri          TEXT    NOT NULL,
  document     TEXT,
  accepted_at  INTEGER,
  cut_at       INTEGER NOT NULL,
  PRIMARY KEY (actor_id, ours)
) STRICT, WITHOUT ROWID;

-- Reports: of others about the owner's posts, and the owner's about others.
CREATE TABLE report (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  uri          TEXT    NOT NULL UNIQUE,         -- of the Flag
  actor_id     INTEGER NOT NULL REFERENCES actor (id) ON DELETE CASCADE,  -- who sent it; of ours: who it is about
  ours         INTEGER NOT NULL,                -- 1: sent by us
  about        TEXT    NOT NULL,                -- JSON: uris of actors and posts
  comment      TEXT    NOT NULL,                -- plain text
  category     TEXT    NOT NULL DEFAULT 'other',  -- of ours: spam, legal, violation, other
  rules        TEXT    NOT NULL DEFAULT '[]',   -- of ours: JSON: numbers of the rules that were broken
  forwarded    INTEGER NOT NULL DEFAULT 1,      -- of ours: 1: their server was told
  created_at   INTEGER NOT NULL,
  closed_at    INTEGER                          -- the owner has dealt with it
) STRICT;
CREATE INDEX report_actor ON report (actor_id);                       -- cascade
CREATE INDEX report_open ON report (ours, id) WHERE closed_at IS NULL; -- how many wait

-- People the owner follows who moved elsewhere.
CREATE TABLE move (
  old_id       INTEGER PRIMARY KEY REFERENCES actor (id) ON DELETE CASCADE,
  new_id       INTEGER NOT NULL REFERENCES actor (id) ON DELETE CASCADE,
  seen_at      INTEGER NOT NULL,                -- acted upon then; again after a week at the earliest
  done_at      INTEGER                          -- the new one has let us in, and the old one is not followed any more
) STRICT;
CREATE INDEX move_new ON move (new_id);                               -- an Accept from the new one; cascade
