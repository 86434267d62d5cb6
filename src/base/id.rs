//! Typed ids: 64-bit numbers, one type per noun. In JSON they are decimal strings, because JavaScript loses digits
//! above 2^53.

use std::fmt;
use std::str::FromStr;

use rusqlite::types::{FromSql, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Error, Time};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = Error;

            fn from_str(text: &str) -> Result<Self, Error> {
                let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
                plain.then(|| text.parse().ok()).flatten().map(Self).ok_or(Error::NotFound)
            }
        }

        impl ToSql for $name {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                self.0.to_sql()
            }
        }

        impl FromSql for $name {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                i64::column_result(value).map(Self)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let text = String::deserialize(from)?;
                text.parse().map_err(|_| serde::de::Error::custom("an id is a string of digits"))
            }
        }
    )*};
}

ids! {
    /// A post or a boost; time-sortable, see [`first_at`].
    PostId;
    /// An actor, ours or remote; time-sortable by when we first knew it.
    ActorId;
    /// An image or other file attached to a post.
    MediaId;
    /// A notification; counts up from 1.
    NotificationId;
    /// A sender of filtered notifications.
    NotificationRequestId;
    /// One of our activities in the outbox.
    ActivityId;
    /// A delivery of one activity to one inbox.
    DeliveryId;
    /// A received activity waiting to be applied.
    InboxId;
    /// A published block list; 0 stands for the owner's own rules.
    HostListId;
    /// A report, sent or received.
    ReportId;
    /// A Web Push subscription; below 2^31.
    SubscriptionId;
    /// A queued push message.
    MessageId;
    /// A relay the owner has subscribed to.
    RelayId;
    /// An interaction request for a post of the owner's; also the number of its stamp once granted.
    RequestId;
    /// Something written and not published yet.
    DraftId;
    /// A registered client app.
    AppId;
    /// An access token.
    TokenId;
    /// A conversation: the posts of a private thread with the same participants; increases from 1.
    ConversationId;
    /// A list of people; counts up from 1.
    ListId;
    /// A filter; counts up from 1.
    FilterId;
    /// A word of a filter; counts up from 1.
    KeywordId;
    /// A post added to a filter; increases from 1.
    FilteredId;
}

/// The smallest id of a moment: `milliseconds << 16`. The store takes the next free one from there.
pub fn first_at(time: Time) -> i64 {
    time.ms() << 16
}
