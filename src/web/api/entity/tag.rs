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

/// The use on one day; numbers as strings, as in Mastodon.
#[derive(Debug, Clone, Serialize)]
struct TagHistoryEntity {
    day: String,
    uses: String,
    accounts: String,
}

/// The owner's relation to a hashtag.
#[derive(Debug, Clone, Copy, Default)]
pub struct OwnTagState {
    /// They follow it.
    pub following: bool,
    /// It is featured on the profile.
    pub featuring: bool,
}

/// The id of a hashtag, derived from its name because hashtags have no rows. Below 2^53, never 0.
pub fn id(name: &str) -> i64 {
    // FNV-1a, 64 bits.
    let hash = name
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
    i64::try_from(hash >> 11).unwrap_or(i64::MAX) | 1
}

/// The Tag entity with its recent history, today first. The owner's relation is included for the owner's token only.
pub fn tag(view: &ApiViewer<'_>, name: &str, shown: &str, history: &[TagDay], mine: OwnTagState) -> TagEntity {
    let today = tags::day_number(view.now);
    let day = |(back, day): (i64, &TagDay)| TagHistoryEntity {
        day: ((today - back) * 86_400).to_string(),
        uses: day.posts.to_string(),
        accounts: day.authors.to_string(),
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

/// The FeaturedTag entity; its counts are known for the owner only.
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
        name: tag.display_name.clone(),
        url: tag.url.clone().unwrap_or_else(|| compose::tag_url(&view.links.here("/tags/"), &tag.name)),
        statuses_count: used.map_or(0, |used| used.posts).to_string(),
        last_status_at: used.map(|used| date(Time::from_ms(used.newest_post.0 >> 16))),
    }
}
