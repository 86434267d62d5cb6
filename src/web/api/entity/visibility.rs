//! Audiences in Mastodon's words.

use crate::base::Audience;

/// Mastodon's word for an audience.
pub fn visibility(audience: Audience) -> &'static str {
    match audience {
        Audience::Public => "public",
        Audience::Quiet => "unlisted",
        Audience::Followers => "private",
        Audience::Mentioned => "direct",
    }
}

/// The audience of Mastodon's word.
pub fn audience(visibility: &str) -> Option<Audience> {
    Audience::ALL.into_iter().find(|audience| self::visibility(*audience) == visibility)
}
