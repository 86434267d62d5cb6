//! All routes of the client API: method, path, scope, endpoint.

use super::call::{ApiRequest, ApiResult, percent_decoded};
use super::notifications::{notification_groups, notification_policy};
use super::{
    access::{apps, oauth},
    compose::{self, media, scheduled},
    instance,
    moderation::{blocks_mutes, filters, filters_v1, reports},
    notifications::{self, push},
    oembed,
    people::{account_lists, accounts, profile, relationships},
    post::{bookmarks, edits, quotes, statuses},
    stubs,
    timeline::{conversations, lists, markers, search, tags, timelines},
};
use crate::federation::Node;

/// The access a route needs.
#[derive(Debug, Clone, Copy)]
pub enum RequiredAccess {
    /// Anyone, whatever token comes along.
    Nothing,
    /// Anyone; but a token that comes along must hold this scope.
    Optional(&'static str),
    /// Any good token, also an app's own.
    Any,
    /// The owner's token, whatever its scopes.
    Owner,
    /// The owner's token with this scope.
    Scope(&'static str),
    /// The owner's token with one of these.
    Scopes(&'static [&'static str]),
}

impl RequiredAccess {
    /// Whether a token is required.
    pub fn asks_for_token(self) -> bool {
        !matches!(self, Self::Nothing | Self::Optional(_))
    }
}

/// An endpoint: one request, one response; may wait for disk and network.
pub type Endpoint = fn(&Node, &ApiRequest) -> ApiResult;

/// One route.
pub struct Route {
    /// `GET` and so on.
    pub method: &'static str,
    /// `{}` matches one path segment.
    pub path: &'static str,
    /// Required access.
    pub need: RequiredAccess,
    /// The endpoint.
    pub run: Endpoint,
    /// It only reads, and may be given again while nothing is written (`again.rs`).
    pub again: bool,
}

const fn route(method: &'static str, path: &'static str, need: RequiredAccess, run: Endpoint) -> Route {
    Route { method, path, need, run, again: false }
}

const fn get(path: &'static str, need: RequiredAccess, run: Endpoint) -> Route {
    route("GET", path, need, run)
}

/// A GET whose response is cached: apps request it repeatedly.
const fn cached_get(path: &'static str, need: RequiredAccess, run: Endpoint) -> Route {
    Route { again: true, ..get(path, need, run) }
}

const fn post(path: &'static str, need: RequiredAccess, run: Endpoint) -> Route {
    route("POST", path, need, run)
}

const fn put(path: &'static str, need: RequiredAccess, run: Endpoint) -> Route {
    route("PUT", path, need, run)
}

const fn patch(path: &'static str, need: RequiredAccess, run: Endpoint) -> Route {
    route("PATCH", path, need, run)
}

const fn delete(path: &'static str, need: RequiredAccess, run: Endpoint) -> Route {
    route("DELETE", path, need, run)
}

use RequiredAccess::{Any, Nothing, Optional, Owner, Scope, Scopes};

const PROFILE_SCOPES: RequiredAccess = Scopes(&["profile", "read:accounts"]);

/// All routes. `{}` matches one path segment; where two match, the first wins.
#[rustfmt::skip]
pub static ROUTES: &[Route] = &[
    // Apps and OAuth (the consent page is a page)
    post("/api/v1/apps", Nothing, apps::register),
    get("/api/v1/apps/verify_credentials", Any, apps::verify),
    post("/oauth/token", Nothing, oauth::token),
    post("/oauth/revoke", Nothing, oauth::revoke),
    get("/oauth/userinfo", Scope("profile"), oauth::userinfo),
    post("/oauth/userinfo", Scope("profile"), oauth::userinfo),
    get("/.well-known/oauth-authorization-server", Nothing, oauth::metadata),
    // The server
    cached_get("/api/v1/instance", Nothing, instance::v1),
    cached_get("/api/v2/instance", Nothing, instance::v2),
    get("/api/v1/instance/peers", Nothing, stubs::list),
    get("/api/v1/instance/activity", Nothing, stubs::list),
    get("/api/v1/instance/rules", Nothing, instance::rules),
    get("/api/v1/instance/domain_blocks", Nothing, stubs::missing),
    get("/api/v1/instance/extended_description", Nothing, instance::description),
    get("/api/v1/instance/privacy_policy", Nothing, instance::privacy),
    get("/api/v1/instance/terms_of_service", Nothing, stubs::missing),
    get("/api/v1/instance/terms_of_service/{}", Nothing, stubs::missing),
    get("/api/v1/instance/translation_languages", Nothing, stubs::object),
    get("/api/v1/instance/languages", Nothing, instance::languages),
    get("/api/v1/custom_emojis", Nothing, instance::custom_emojis),
    get("/api/v1/directory", Nothing, stubs::list),
    get("/api/v1/peers/search", Nothing, stubs::list),
    get("/api/v1/announcements", Owner, stubs::list),
    post("/api/v1/announcements/{}/dismiss", Scope("write:accounts"), stubs::missing),
    put("/api/v1/announcements/{}/reactions/{}", Scope("write:favourites"), stubs::missing),
    delete("/api/v1/announcements/{}/reactions/{}", Scope("write:favourites"), stubs::missing),
    get("/api/v1/annual_reports", Scope("read:accounts"), stubs::years),
    get("/api/v1/annual_reports/{}", Scope("read:accounts"), stubs::missing),
    get("/api/v1/annual_reports/{}/state", Scope("read:accounts"), stubs::year),
    post("/api/v1/annual_reports/{}/read", Scope("write:accounts"), stubs::done),
    post("/api/v1/annual_reports/{}/generate", Scope("write:accounts"), stubs::done),
    get("/api/v1/donation_campaigns", Owner, stubs::missing),
    post("/api/v1/emails/confirmations", Scope("write:accounts"), stubs::forbidden),
    get("/api/v1/emails/check_confirmation", Scope("read:accounts"), stubs::confirmed),
    get("/api/oembed", Nothing, oembed::show),
    // The owner's own account
    get("/api/v1/accounts/verify_credentials", PROFILE_SCOPES, accounts::verify_credentials),
    patch("/api/v1/accounts/update_credentials", Scope("write:accounts"), profile::update),
    delete("/api/v1/profile/avatar", Scope("write:accounts"), profile::remove_avatar),
    delete("/api/v1/profile/header", Scope("write:accounts"), profile::remove_header),
    get("/api/v1/preferences", Scope("read:accounts"), profile::preferences),
    // Accounts
    post("/api/v1/accounts", Nothing, stubs::forbidden),
    get("/api/v1/accounts", Optional("read:accounts"), accounts::accounts),
    get("/api/v1/accounts/lookup", Optional("read:accounts"), accounts::lookup),
    cached_get("/api/v1/accounts/search", Scope("read:accounts"), search::of_accounts),
    get("/api/v1/accounts/relationships", Scope("read:follows"), relationships::relationships),
    get("/api/v1/accounts/familiar_followers", Scope("read:follows"), relationships::familiar_followers),
    get("/api/v1/accounts/{}", Optional("read:accounts"), accounts::show_account),
    cached_get("/api/v1/accounts/{}/statuses", Optional("read:statuses"), accounts::statuses),
    get("/api/v1/accounts/{}/followers", Optional("read:accounts"), account_lists::followers),
    get("/api/v1/accounts/{}/following", Optional("read:accounts"), account_lists::following),
    get("/api/v1/accounts/{}/identity_proofs", Owner, stubs::list),
    post("/api/v1/accounts/{}/email_subscriptions", Nothing, stubs::missing),
    post("/api/v1/accounts/{}/follow", Scope("write:follows"), relationships::follow),
    post("/api/v1/accounts/{}/unfollow", Scope("write:follows"), relationships::unfollow),
    post("/api/v1/accounts/{}/remove_from_followers", Scope("write:follows"), relationships::remove_follower),
    get("/api/v1/accounts/{}/endorsements", Optional("read:accounts"), account_lists::endorsed_by),
    get("/api/v1/endorsements", Scope("read:accounts"), account_lists::endorsements),
    post("/api/v1/accounts/{}/note", Scope("write:accounts"), relationships::note),
    post("/api/v1/accounts/{}/pin", Scope("write:accounts"), relationships::endorse),
    post("/api/v1/accounts/{}/unpin", Scope("write:accounts"), relationships::unendorse),
    post("/api/v1/accounts/{}/endorse", Scope("write:accounts"), relationships::endorse),
    post("/api/v1/accounts/{}/unendorse", Scope("write:accounts"), relationships::unendorse),
    post("/api/v1/accounts/{}/block", Scope("write:blocks"), blocks_mutes::block),
    post("/api/v1/accounts/{}/unblock", Scope("write:blocks"), blocks_mutes::unblock),
    post("/api/v1/accounts/{}/mute", Scope("write:mutes"), blocks_mutes::mute),
    post("/api/v1/accounts/{}/unmute", Scope("write:mutes"), blocks_mutes::unmute),
    get("/api/v1/blocks", Scope("read:blocks"), account_lists::blocked),
    get("/api/v1/mutes", Scope("read:mutes"), account_lists::muted),
    get("/api/v1/domain_blocks", Scope("read:blocks"), blocks_mutes::hosts),
    post("/api/v1/domain_blocks", Scope("write:blocks"), blocks_mutes::block_host),
    delete("/api/v1/domain_blocks", Scope("write:blocks"), blocks_mutes::unblock_host),
    get("/api/v1/domain_blocks/preview", Scope("write:blocks"), blocks_mutes::preview),
    get("/api/v1/follow_requests", Scope("read:follows"), account_lists::requests),
    post("/api/v1/follow_requests/{}/authorize", Scope("write:follows"), relationships::authorize),
    post("/api/v1/follow_requests/{}/reject", Scope("write:follows"), relationships::reject),
    get("/api/v1/suggestions", Scope("read:accounts"), stubs::list),
    get("/api/v2/suggestions", Scope("read:accounts"), stubs::list),
    delete("/api/v1/suggestions/{}", Scope("write:accounts"), stubs::done),
    // Timelines
    cached_get("/api/v1/timelines/home", Scope("read:statuses"), timelines::home),
    cached_get("/api/v1/timelines/public", Optional("read:statuses"), timelines::public),
    cached_get("/api/v1/timelines/tag/{}", Optional("read:statuses"), timelines::tag),
    get("/api/v1/timelines/link", Optional("read:statuses"), stubs::missing),
    get("/api/v1/timelines/direct", Nothing, stubs::missing),
    cached_get("/api/v1/timelines/list/{}", Scope("read:lists"), lists::timeline),
    // Lists
    get("/api/v1/lists", Scope("read:lists"), lists::all),
    post("/api/v1/lists", Scope("write:lists"), lists::create),
    get("/api/v1/lists/{}", Scope("read:lists"), lists::one),
    put("/api/v1/lists/{}", Scope("write:lists"), lists::change),
    patch("/api/v1/lists/{}", Scope("write:lists"), lists::change),
    delete("/api/v1/lists/{}", Scope("write:lists"), lists::remove),
    get("/api/v1/lists/{}/accounts", Scope("read:lists"), lists::members),
    post("/api/v1/lists/{}/accounts", Scope("write:lists"), lists::add_members),
    delete("/api/v1/lists/{}/accounts", Scope("write:lists"), lists::remove_members),
    get("/api/v1/accounts/{}/lists", Scope("read:lists"), lists::of_account),
    // Filters
    get("/api/v2/filters", Scope("read:filters"), filters::all),
    post("/api/v2/filters", Scope("write:filters"), filters::create),
    get("/api/v2/filters/{}", Scope("read:filters"), filters::one),
    put("/api/v2/filters/{}", Scope("write:filters"), filters::change),
    patch("/api/v2/filters/{}", Scope("write:filters"), filters::change),
    delete("/api/v2/filters/{}", Scope("write:filters"), filters::remove),
    get("/api/v2/filters/{}/keywords", Scope("read:filters"), filters::keywords),
    post("/api/v2/filters/{}/keywords", Scope("write:filters"), filters::add_keyword),
    get("/api/v2/filters/keywords/{}", Scope("read:filters"), filters::keyword),
    put("/api/v2/filters/keywords/{}", Scope("write:filters"), filters::set_keyword),
    patch("/api/v2/filters/keywords/{}", Scope("write:filters"), filters::set_keyword),
    delete("/api/v2/filters/keywords/{}", Scope("write:filters"), filters::remove_keyword),
    get("/api/v2/filters/{}/statuses", Scope("read:filters"), filters::posts),
    post("/api/v2/filters/{}/statuses", Scope("write:filters"), filters::add_post),
    get("/api/v2/filters/statuses/{}", Scope("read:filters"), filters::post),
    delete("/api/v2/filters/statuses/{}", Scope("write:filters"), filters::remove_post),
    get("/api/v1/filters", Scope("read:filters"), filters_v1::all),
    post("/api/v1/filters", Scope("write:filters"), filters_v1::create),
    get("/api/v1/filters/{}", Scope("read:filters"), filters_v1::one),
    put("/api/v1/filters/{}", Scope("write:filters"), filters_v1::change),
    patch("/api/v1/filters/{}", Scope("write:filters"), filters_v1::change),
    delete("/api/v1/filters/{}", Scope("write:filters"), filters_v1::remove),
    // Statuses
    get("/api/v1/statuses", Optional("read:statuses"), statuses::statuses),
    post("/api/v1/statuses", Scope("write:statuses"), compose::create),
    get("/api/v1/statuses/{}", Optional("read:statuses"), statuses::show_status),
    delete("/api/v1/statuses/{}", Scope("write:statuses"), statuses::delete),
    put("/api/v1/statuses/{}", Scope("write:statuses"), edits::update),
    patch("/api/v1/statuses/{}", Scope("write:statuses"), edits::update),
    get("/api/v1/statuses/{}/history", Optional("read:statuses"), edits::history),
    get("/api/v1/statuses/{}/quotes", Scope("read:statuses"), quotes::list),
    post("/api/v1/statuses/{}/quotes/{}/revoke", Scope("write:statuses"), quotes::revoke),
    put("/api/v1/statuses/{}/interaction_policy", Scope("write:statuses"), quotes::set_policy),
    get("/api/v1/scheduled_statuses", Scope("read:statuses"), scheduled::list),
    get("/api/v1/scheduled_statuses/{}", Scope("read:statuses"), scheduled::one),
    put("/api/v1/scheduled_statuses/{}", Scope("write:statuses"), scheduled::update),
    patch("/api/v1/scheduled_statuses/{}", Scope("write:statuses"), scheduled::update),
    delete("/api/v1/scheduled_statuses/{}", Scope("write:statuses"), scheduled::delete),
    cached_get("/api/v1/statuses/{}/context", Optional("read:statuses"), statuses::context),
    get("/api/v1/statuses/{}/source", Scope("read:statuses"), statuses::source),
    post("/api/v1/statuses/{}/favourite", Scope("write:favourites"), statuses::favourite),
    post("/api/v1/statuses/{}/unfavourite", Scope("write:favourites"), statuses::unfavourite),
    post("/api/v1/statuses/{}/reblog", Scope("write:statuses"), statuses::reblog),
    post("/api/v1/statuses/{}/unreblog", Scope("write:statuses"), statuses::unreblog),
    get("/api/v1/statuses/{}/favourited_by", Optional("read:accounts"), bookmarks::favourited_by),
    get("/api/v1/statuses/{}/reblogged_by", Optional("read:accounts"), bookmarks::reblogged_by),
    post("/api/v1/statuses/{}/bookmark", Scope("write:bookmarks"), bookmarks::bookmark),
    post("/api/v1/statuses/{}/unbookmark", Scope("write:bookmarks"), bookmarks::unbookmark),
    post("/api/v1/statuses/{}/mute", Scope("write:mutes"), bookmarks::mute),
    post("/api/v1/statuses/{}/unmute", Scope("write:mutes"), bookmarks::unmute),
    cached_get("/api/v1/bookmarks", Scope("read:bookmarks"), bookmarks::bookmarked),
    cached_get("/api/v1/favourites", Scope("read:favourites"), bookmarks::favourites),
    post("/api/v1/statuses/{}/translate", Scope("read:statuses"), stubs::missing),
    get("/api/v1/statuses/{}/card", Nothing, stubs::missing),
    post("/api/v1/statuses/{}/pin", Scope("write:accounts"), statuses::pin),
    post("/api/v1/statuses/{}/unpin", Scope("write:accounts"), statuses::unpin),
    get("/api/v1/polls/{}", Optional("read:statuses"), statuses::poll),
    post("/api/v1/polls/{}/votes", Scope("write:statuses"), statuses::vote),
    // Search
    cached_get("/api/v2/search", Optional("read:search"), search::v2),
    get("/api/v1/search", Nothing, stubs::missing),
    // Hashtags
    get("/api/v1/followed_tags", Scope("read:follows"), tags::followed),
    get("/api/v1/featured_tags", Scope("read:accounts"), tags::featured_list),
    post("/api/v1/featured_tags", Scope("write:accounts"), tags::add),
    get("/api/v1/featured_tags/suggestions", Scope("read:accounts"), stubs::list),
    delete("/api/v1/featured_tags/{}", Scope("write:accounts"), tags::remove),
    get("/api/v1/accounts/{}/featured_tags", Optional("read:accounts"), tags::of_account),
    get("/api/v1/tags/{}", Optional("read:follows"), tags::tag),
    post("/api/v1/tags/{}/follow", Scope("write:follows"), tags::follow),
    post("/api/v1/tags/{}/unfollow", Scope("write:follows"), tags::unfollow),
    post("/api/v1/tags/{}/feature", Scope("write:accounts"), tags::feature),
    post("/api/v1/tags/{}/unfeature", Scope("write:accounts"), tags::unfeature),
    // Media
    post("/api/v2/media", Scope("write:media"), media::upload),
    post("/api/v1/media", Scope("write:media"), media::upload),
    get("/api/v1/media/{}", Scope("write:media"), media::one),
    put("/api/v1/media/{}", Scope("write:media"), media::update),
    patch("/api/v1/media/{}", Scope("write:media"), media::update),
    delete("/api/v1/media/{}", Scope("write:media"), media::delete),
    // Conversations and markers
    cached_get("/api/v1/conversations", Scope("read:statuses"), conversations::list),
    delete("/api/v1/conversations/{}", Scope("write:conversations"), conversations::delete),
    post("/api/v1/conversations/{}/read", Scope("write:conversations"), conversations::read),
    post("/api/v1/conversations/{}/unread", Scope("write:conversations"), conversations::unread),
    get("/api/v1/markers", Scope("read:statuses"), markers::show),
    post("/api/v1/markers", Scope("write:statuses"), markers::set),
    // Notifications
    cached_get("/api/v1/notifications", Scope("read:notifications"), notifications::list),
    get("/api/v1/notifications/unread_count", Scope("read:notifications"), notifications::unread),
    post("/api/v1/notifications/clear", Scope("write:notifications"), notifications::clear),
    post("/api/v1/notifications/dismiss", Scope("write:notifications"), notifications::dismiss_named),
    get("/api/v1/notifications/policy", Scope("read:notifications"), notification_policy::show_v1),
    patch("/api/v1/notifications/policy", Scope("write:notifications"), notification_policy::change_v1),
    put("/api/v1/notifications/policy", Scope("write:notifications"), notification_policy::change_v1),
    get("/api/v1/notifications/requests", Scope("read:notifications"), notification_policy::list),
    get("/api/v1/notifications/requests/merged", Scope("read:notifications"), notification_policy::merged),
    post("/api/v1/notifications/requests/accept", Scope("write:notifications"), notification_policy::accept_all),
    post("/api/v1/notifications/requests/dismiss", Scope("write:notifications"), notification_policy::dismiss_all),
    get("/api/v1/notifications/requests/{}", Scope("read:notifications"), notification_policy::one),
    post("/api/v1/notifications/requests/{}/accept", Scope("write:notifications"), notification_policy::accept),
    post("/api/v1/notifications/requests/{}/dismiss", Scope("write:notifications"), notification_policy::dismiss),
    get("/api/v1/notifications/{}", Scope("read:notifications"), notifications::show),
    post("/api/v1/notifications/{}/dismiss", Scope("write:notifications"), notifications::dismiss),
    cached_get("/api/v2/notifications", Scope("read:notifications"), notification_groups::list),
    get("/api/v2/notifications/unread_count", Scope("read:notifications"), notification_groups::unread),
    get("/api/v2/notifications/policy", Scope("read:notifications"), notification_policy::show),
    patch("/api/v2/notifications/policy", Scope("write:notifications"), notification_policy::change),
    put("/api/v2/notifications/policy", Scope("write:notifications"), notification_policy::change),
    post("/api/v2/notifications/clear", Scope("write:notifications"), notifications::clear),
    get("/api/v2/notifications/{}", Scope("read:notifications"), notification_groups::one),
    post("/api/v2/notifications/{}/dismiss", Scope("write:notifications"), notification_groups::dismiss),
    get("/api/v2/notifications/{}/accounts", Scope("read:notifications"), notification_groups::accounts),
    // Push
    post("/api/v1/push/subscription", Scope("push"), push::create),
    get("/api/v1/push/subscription", Scope("push"), push::one),
    put("/api/v1/push/subscription", Scope("push"), push::update),
    patch("/api/v1/push/subscription", Scope("push"), push::update),
    delete("/api/v1/push/subscription", Scope("push"), push::delete),
    // Reports
    post("/api/v1/reports", Scope("write:reports"), reports::send),
    // Nothing here is trending, ever
    get("/api/v1/trends", Nothing, stubs::list),
    get("/api/v1/trends/tags", Nothing, stubs::list),
    get("/api/v1/trends/statuses", Nothing, stubs::list),
    get("/api/v1/trends/links", Nothing, stubs::list),
];

/// The route of a request and its path parameters. A trailing slash is ignored.
pub fn find(method: &str, path: &str) -> Option<(&'static Route, Vec<String>)> {
    let path = path.trim_end_matches('/');
    ROUTES.iter().filter(|route| route.method == method).find_map(|route| Some((route, fits(route.path, path)?)))
}

fn fits(pattern: &str, path: &str) -> Option<Vec<String>> {
    let mut captured = Vec::new();
    let mut parts = path.split('/');
    for wanted in pattern.split('/') {
        let part = parts.next()?;
        if wanted == "{}" {
            captured.push(percent_decoded(part)?);
        } else if wanted != part {
            return None;
        }
    }
    parts.next().is_none().then_some(captured)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn paths_find_their_routes_with_and_without_a_slash() {
        for (path, captured) in [
            ("/api/v1/accounts/verify_credentials", vec![]),
            ("/api/v1/accounts/verify_credentials/", vec![]),
            ("/api/v1/accounts/42", vec!["42"]),
            ("/api/v1/accounts/42/statuses", vec!["42"]),
        ] {
            assert_eq!(find("GET", path).map(|(_, captured)| captured).unwrap(), captured, "{path}");
        }
        for (method, path) in
            [("GET", "/api/v1/nonsense"), ("DELETE", "/api/v1/instance"), ("GET", "/api/v1/accounts//statuses")]
        {
            assert!(find(method, path).is_none(), "{method} {path}");
        }
        assert_eq!(percent_decoded("caf%C3%A9").as_deref(), Some("café"));
        assert_eq!((percent_decoded("%4"), percent_decoded("%zz"), percent_decoded("%ff")), (None, None, None));
    }

    #[test]
    fn no_route_stands_twice_and_none_hides_another() {
        for (n, route) in ROUTES.iter().enumerate() {
            let before = ROUTES.iter().take(n).find(|earlier| {
                earlier.method == route.method && fits(earlier.path, &route.path.replace("{}", "~")).is_some()
            });
            assert!(before.is_none(), "{} {} is never reached", route.method, route.path);
        }
    }
}
