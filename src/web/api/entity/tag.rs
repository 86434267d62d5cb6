//! Tag and FeaturedTag.

use serde::Serialize;

use super::{ApiViewer, date};
use crate::base::Time;
use crate::store::posts::pins;
use crate::store::timelines::tags::{self, OwnTagUse, TagDay};
use crate::text::compose;

/// A hashtag.
#[derive(Debug, Clone, Serialize)]
pub struct TagEntity {
    id: String,
    name: String,
    url: String,
    history: Vec<TagHistoryEntity>,
    #[serde(skip_serializing_if = "Option::is_none")]
    following: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    featuring: Option<bool>,
}

/// One day of it; numbers as texts, as Mastodon has them.
#[derive(Debug, Clone, Serialize)]
struct TagHistoryEntity {
    day: String,
    uses: String,
    accounts: String,
}

/// How the owner stands to a hashtag.
#[derive(Debug, Clone, Copy, Default)]
pub struct OwnTagState {
    /// They follow it.
    pub following: bool,
    /// It stands on their profile.
    pub featuring: bool,
}

/// The number clients know a hashtag by, made of its name: a hashtag is no row of ours. Below 2^53, never 0.
pub fn id(name: &str) -> i64 {
    // FNV-1a, 64 bits.
    let hash = name
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
    i64::try_from(hash >> 11).unwrap_or(i64::MAX) | 1
}

/// A hashtag with its last days, today first. What is the owner's own is said to their token alone.
pub fn tag(view: &ApiViewer<'_>, name: &str, shown: &str, history: &[TagDay], mine: OwnTagState) -> TagEntity {
    let today = tags::day_number(view.now);
    let day = |(back, day): (i64, &TagDay)| TagHistoryEntity {
        day: ((today - back) * 86_400).to_string(),
        uses: day.posts.to_string(),
        accounts: day.people.to_string(),
    };
    TagEntity {
        id: id(name).to_string(),
        name: shown.to_owned(),
        url: compose::tag_url(&view.links.here("/tags/"), name),
        history: (0..).zip(history).map(day).collect(),
        following: view.as_owner.then_some(mine.following),
        featuring: view.as_owner.then_some(mine.featuring),
    }
}

/// A hashtag on a profile.
#[derive(Debug, Clone, Serialize)]
pub struct FeaturedTagEntity {
    id: String,
    name: String,
    url: String,
    statuses_count: String,
    last_status_at: Option<String>,
}

/// A hashtag on a profile; how much it is used is known of the owner's.
pub fn featured(view: &ApiViewer<'_>, tag: &pins::FeaturedHashtag, uses: &[OwnTagUse]) -> FeaturedTagEntity {
    let used = uses.iter().find(|used| used.name == tag.name);
    FeaturedTagEntity {
        id: id(&tag.name).to_string(),
        name: tag.shown.clone(),
        url: tag.url.clone().unwrap_or_else(|| compose::tag_url(&view.links.here("/tags/"), &tag.name)),
        statuses_count: used.map_or(0, |used| used.posts).to_string(),
        last_status_at: used.map(|used| date(Time::from_ms(used.last.0 >> 16))),
    }
}
