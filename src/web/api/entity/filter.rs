//! Filter, FilterResult, and the older form of filters.

use serde_json::{Value, json};

use super::{ApiViewer, timestamp};
use crate::social::moderation::filter::FilterMatch;
use crate::store::posts::post_views::PostView;
use crate::store::timelines::filters::{Filter, FilterAction, FilterContext, FilterKeyword, FilteredPost};

/// Apps that know the action `blur`. Ice Cubes cannot read a status with an action other than warn and hide; all others
/// get warn, which reveals no more.
const BLUR_CLIENTS: [&str; 2] = ["Tusky", "Phanpy"];

/// Whether an app can read the action `blur`.
pub fn knows_blur(app: &str) -> bool {
    BLUR_CLIENTS.iter().any(|known| app.starts_with(known))
}

/// The Filter entity with its keywords and posts.
pub fn filter(filter: &Filter, keywords: &[FilterKeyword], posts: &[FilteredPost]) -> Value {
    let own = keywords.iter().filter(|one| one.filter_id == filter.id).map(keyword).collect();
    let chosen = posts.iter().filter(|one| one.filter_id == filter.id).map(filtered).collect();
    let mut shown = filter_without_details(filter, filter.action);
    if let Value::Object(shown) = &mut shown {
        shown.insert("keywords".to_owned(), own);
        shown.insert("statuses".to_owned(), chosen);
    }
    shown
}

fn filter_without_details(filter: &Filter, action: FilterAction) -> Value {
    json!({
        "id": filter.id.to_string(),
        "title": filter.title,
        "context": filter.contexts.each().map(FilterContext::word).collect::<Vec<_>>(),
        "expires_at": filter.until_at.map(timestamp),
        "filter_action": action.word(),
    })
}

/// A word of a filter.
pub fn keyword(keyword: &FilterKeyword) -> Value {
    json!({ "id": keyword.id.to_string(), "keyword": keyword.keyword, "whole_word": keyword.whole })
}

/// A post under a filter.
pub fn filtered(one: &FilteredPost) -> Value {
    json!({ "id": one.id.to_string(), "status_id": one.post_id.to_string() })
}

/// The filters a status matches. Lists are never null, which Mammoth requires.
pub fn results(view: &ApiViewer<'_>, card: &PostView) -> Vec<Value> {
    let result = |hit: FilterMatch<'_>| {
        let action = match hit.filter.action {
            FilterAction::Blur if !view.knows_blur => FilterAction::Warn,
            action => action,
        };
        json!({
            "filter": filter_without_details(hit.filter, action),
            "keyword_matches": hit.keyword.into_iter().collect::<Vec<_>>(),
            "status_matches": hit.posts.iter().map(ToString::to_string).collect::<Vec<_>>(),
        })
    };
    view.sieve.matches(card).into_iter().map(result).collect()
}

/// The older form: one entry for each word.
pub fn filter_v1(filter: &Filter, keyword: &FilterKeyword) -> Value {
    json!({
        "id": keyword.id.to_string(),
        "phrase": keyword.keyword,
        "context": filter.contexts.each().map(FilterContext::word).collect::<Vec<_>>(),
        "whole_word": keyword.whole,
        "expires_at": filter.until_at.map(timestamp),
        "irreversible": filter.action == FilterAction::Hide,
    })
}
