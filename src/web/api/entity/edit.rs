//! StatusEdit: what a status said, version by version.

use std::sync::Arc;

use serde_json::{Value, json};

use super::account::account;
use super::media::{MediaAttachmentEntity, attachment};
use super::{ApiViewer, content, emojis, quote, timestamp};
use crate::store::posts::Post;
use crate::store::posts::post_edits::{self, PostEdit};
use crate::store::posts::post_views::PostView;

/// All versions, oldest first; the last is the current one.
pub fn history(view: &ApiViewer<'_>, card: &PostView, before: &[PostEdit]) -> Vec<Value> {
    before.iter().chain([&post_edits::current_version(card)]).map(|edition| shown(view, card, edition)).collect()
}

fn shown(view: &ApiViewer<'_>, card: &PostView, edition: &PostEdit) -> Value {
    let (title, content) = (edition.title.clone(), edition.content.clone());
    let then = PostView { post: Arc::new(Post { title, content, ..Post::clone(&card.post) }), ..card.clone() };
    let files = edition.media.iter().filter(|file| !content::is_link(file));
    let files: Vec<MediaAttachmentEntity> = files.map(|file| attachment(view, file)).collect();
    let mut value = json!({
        "content": content::content(view, &then),
        "spoiler_text": edition.warning.as_deref().unwrap_or_default(),
        "sensitive": edition.sensitive || edition.warning.is_some(),
        "created_at": timestamp(edition.written_at),
        "account": account(view, &card.author),
        "media_attachments": files,
        "emojis": emojis(view, &card.post.emoji),
        "quote": quote::quote(view, card),
    });
    if let (false, Value::Object(map)) = (edition.poll.is_empty(), &mut value) {
        let options: Vec<Value> = edition.poll.iter().map(|option| json!({ "title": option })).collect();
        map.insert("poll".to_owned(), json!({ "options": options }));
    }
    value
}
