//! StatusEdit: what a status said, edition by edition.

use serde_json::{Value, json};

use super::account::account;
use super::media::{MediaAttachment, attachment};
use super::{View, content, emojis, quote, stamp};
use crate::store::attachments::Attachment;
use crate::store::cards::Card;
use crate::store::editions::Edition;

/// All editions, oldest first; the last is what the post says now.
pub fn history(view: &View<'_>, card: &Card, before: &[Edition]) -> Vec<Value> {
    let post = &card.post;
    let now = shown(
        view,
        card,
        &Shown {
            html: content::content(view, card),
            warning: post.warning.as_deref(),
            at: stamp(post.edited_at.unwrap_or(post.published_at)),
            files: card
                .attachments
                .iter()
                .filter(|file| !content::is_link(file))
                .map(|f| attachment(view, f))
                .collect(),
        },
    );
    before.iter().map(|edition| earlier(view, card, edition)).chain([now]).collect()
}

fn earlier(view: &View<'_>, card: &Card, edition: &Edition) -> Value {
    let mut then = card.clone();
    then.post.title.clone_from(&edition.title);
    then.post.content.clone_from(&edition.content);
    shown(
        view,
        card,
        &Shown {
            html: content::content(view, &then),
            warning: edition.warning.as_deref(),
            at: stamp(edition.written_at),
            files: files(view, card, edition),
        },
    )
}

/// One edition.
struct Shown<'c> {
    html: String,
    warning: Option<&'c str>,
    at: String,
    files: Vec<MediaAttachment>,
}

fn shown(view: &View<'_>, card: &Card, one: &Shown<'_>) -> Value {
    let post = &card.post;
    let mut value = json!({
        "content": one.html,
        "spoiler_text": one.warning.unwrap_or_default(),
        "sensitive": post.sensitive || one.warning.is_some(),
        "created_at": one.at,
        "account": account(view, &card.author),
        "media_attachments": one.files,
        "emojis": emojis(view, &post.emoji),
        "quote": quote::whole(view, card),
    });
    if let (Some(poll), Value::Object(map)) = (&card.poll, &mut value) {
        let options: Vec<Value> = poll.options.iter().map(|option| json!({ "title": option.text })).collect();
        map.insert("poll".to_owned(), json!({ "options": options }));
    }
    value
}

/// The files of an edition as far as the post still has them, described as they were then: only their types and
/// descriptions are kept.
fn files(view: &View<'_>, card: &Card, edition: &Edition) -> Vec<MediaAttachment> {
    let mut left: Vec<&Attachment> = card.attachments.iter().filter(|file| !content::is_link(file)).collect();
    let mut found = Vec::new();
    for (media_type, alt) in &edition.media {
        let same = left.iter().position(|file| file.media_type == *media_type && file.alt == *alt);
        let place = same.or_else(|| left.iter().position(|file| file.media_type == *media_type));
        if let Some(place) = place {
            let file = left.remove(place);
            found.push(attachment(view, &Attachment { alt: alt.clone(), ..file.clone() }));
        }
    }
    found
}
