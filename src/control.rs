//! The commands' way to the one process that writes. `serve` holds the folder's lock and answers on `DATA/hytte.sock`; a
//! command asks there, or with no server takes the lock itself and acts the same way: there is never a second writer.
//!
//! One line of JSON goes in, one comes out, then the connection closes. Only the folder's owner can reach the socket.

mod handlers;
mod socket;

pub mod blocks;
mod view;

pub use handlers::handle;
pub use socket::{ControlSocket, send_command};
pub use view::{
    AttachmentView, FetchedView, PersonView, QueueView, SetAsideView, ShownPostView, StatsView, UnreachableHostView,
    WaitingHostView,
};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::base::id::MediaId;

/// The socket's name in the data folder.
pub const SOCKET_NAME: &str = "hytte.sock";
/// The longest request or answer, in bytes of JSON: a video of 40 MiB in base64, and room for words.
pub const MAX_LINE_BYTES: usize = 56 << 20;
/// The biggest file `hytte post --media` takes.
pub const MAX_FILE_BYTES: u64 = crate::media::MAX_AUDIO_VIDEO_BYTES as u64;

/// What a command asks for.
#[derive(Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum CommandRequest {
    /// A one-time login link.
    LoginLink {},
    /// A new API token.
    Token {
        /// What it is for, as the owner sees it in the list of apps.
        name: String,
        /// Space-separated.
        scopes: String,
    },
    /// Sets the owner's password.
    Password {
        /// In the clear; the socket never leaves this machine.
        password: String,
    },
    /// Keeps an image, video or audio for a post to come.
    Upload {
        /// The file.
        bytes: Base64Bytes,
        /// For those who do not see it.
        alt: String,
    },
    /// Publishes a post.
    Post(PostRequest),
    /// The queue of deliveries.
    Queue {},
    /// Finds a post or a person by URL or handle.
    Fetch {
        /// As typed.
        what: String,
    },
    /// A few numbers.
    Stats {},
    /// Servers blocked.
    Block {
        /// What to do.
        act: blocks::BlockRequest,
    },
}

/// A post to publish.
#[derive(Serialize, Deserialize, Default)]
pub struct PostRequest {
    /// Plain text.
    pub text: String,
    /// Content warning.
    pub warning: Option<String>,
    /// A word of [`crate::base::Audience`].
    pub audience: String,
    /// URL of the post it replies to.
    pub reply_to: Option<String>,
    /// From earlier uploads, in order.
    pub media: Vec<MediaId>,
    /// BCP 47; None takes the setting's.
    pub language: Option<String>,
    /// A title makes it an article.
    #[serde(default)]
    pub title: Option<String>,
    /// What an article says of itself.
    #[serde(default)]
    pub summary: Option<String>,
    /// The text is Markdown; None takes the setting's.
    #[serde(default)]
    pub markdown: Option<bool>,
}

/// What the server says to that.
#[derive(Serialize, Deserialize, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum CommandResponse {
    /// It is done, and on the disk.
    Done,
    /// A one-time login link or a post's URL.
    Url(String),
    /// A new token; it cannot be shown again.
    Token(String),
    /// The image's number.
    Media(MediaId),
    /// The queue.
    Queue(QueueView),
    /// What was found.
    Shown(FetchedView),
    /// The numbers.
    Stats(StatsView),
    /// The servers blocked by hand.
    Kept(Vec<blocks::BlockRule>),
    /// Whom a rule cuts, or would cut.
    Cut(blocks::AffectedFollows),
    /// A file.
    Text(String),
    /// It is not done; the sentence says why.
    Error(String),
}

/// Bytes as base64 text.
pub struct Base64Bytes(pub Vec<u8>);

impl Serialize for Base64Bytes {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&BASE64_STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Base64Bytes {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        BASE64_STANDARD.decode(text).map(Self).map_err(serde::de::Error::custom)
    }
}
