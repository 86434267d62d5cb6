//! Limits on documents from other servers, in one place. Text and lists over their limit are cut; ids and usernames
//! over theirs are refused (Mastodon GHSA-gg8q-rcg7-p79g: unbounded properties filled servers' disks).

/// Bytes of one JSON document, after decompression.
pub const DOCUMENT_BYTES: usize = 1024 * 1024;
/// Nesting depth of objects and arrays.
pub const DOCUMENT_DEPTH: usize = 64;
/// Values in one document. One megabyte of `[],[],…` would otherwise take twenty in memory.
pub const DOCUMENT_VALUES: usize = 100_000;

/// Bytes of an id or URL; longer ones are refused.
pub const URI: usize = 2048;
/// Bytes of a username; a longer one makes the actor unusable.
pub const USERNAME: usize = 128;
/// Bytes of a display name, title or option.
pub const NAME: usize = 2048;
/// Bytes of an actor's bio.
pub const BIO: usize = 20_480;
/// Profile fields of an actor.
pub const FIELDS: usize = 50;
/// Bytes of a profile field's name or value.
pub const FIELD: usize = 2047;
/// Aliases of an actor.
pub const ALIASES: usize = 256;
/// Keys of each kind (`publicKey`, `assertionMethod`) per actor (Mastodon keeps ten of each).
pub const KEYS: usize = 10;
/// Bytes of a published key.
pub const KEY: usize = 8192;
/// URLs in an actor's `generator.implements` (FEP-844e).
pub const IMPLEMENTS: usize = 32;

/// Bytes of a post's content.
pub const CONTENT: usize = 262_144;
/// Bytes of a summary or content warning.
pub const SUMMARY: usize = 20_480;
/// Members of `attributedTo`, `actor`, `inReplyTo` and other lists of which only one is used.
pub const ALTERNATIVES: usize = 16;
/// Members of `to` or `cc`.
pub const ADDRESSEES: usize = 512;
/// Members of `tag`.
pub const TAGS: usize = 512;
/// Mentions of one post.
pub const MENTIONS: usize = 256;
/// Hashtags of one post or actor.
pub const HASHTAGS: usize = 128;
/// Custom emoji of one post or actor.
pub const EMOJI: usize = 128;
/// Bytes of an emoji's shortcode or a hashtag.
pub const TAG_NAME: usize = 2048;
/// Files of one post.
pub const ATTACHMENTS: usize = 32;
/// Characters of a media description.
pub const ALT: usize = 10_000;
/// Bytes of a media type, language tag, relation or type name.
pub const WORD: usize = 256;
/// Links in one `url`.
pub const LINKS: usize = 64;
/// Options of a poll.
pub const OPTIONS: usize = 500;
/// Bytes of a poll option.
pub const OPTION: usize = 500;
/// The largest count accepted (likes, votes, members): what clients with 32-bit integers can show.
pub const COUNT: u64 = 2_147_483_647;
/// The largest width or height accepted, in pixels.
pub const PIXELS: u64 = 65_535;
/// Objects of one report or one Create (GoToSocial sends all votes in one Create).
pub const OBJECTS: usize = 256;
/// Bytes of a report's comment.
pub const REPORT: usize = 5000;
/// Items of one collection page.
pub const ITEMS: usize = 30_000;
/// Bytes of the shortcode of a reaction.
pub const SHORTCODE: usize = 100;
