//! Poll.

use serde_json::{Value, json};

use super::{ApiViewer, emojis, timestamp};
use crate::store::actors::CustomEmoji;
use crate::store::posts::polls::StoredPoll;

/// The Poll entity with the custom emoji it uses. `own_votes` is always a list, which Tusky and Mastodon's Android app
/// require.
pub fn poll(view: &ApiViewer<'_>, poll: &StoredPoll, emoji: &[CustomEmoji], own: bool) -> Value {
    let used = |one: &&CustomEmoji| poll.options.iter().any(|option| option.text.contains(&format!(":{}:", one.code)));
    let used: Vec<CustomEmoji> = emoji.iter().filter(used).cloned().collect();
    let told = |votes: u64| (!poll.hides_counts || poll.is_over(view.now)).then_some(votes);
    let options: Vec<Value> =
        poll.options.iter().map(|option| json!({ "title": option.text, "votes_count": told(option.votes) })).collect();
    let mut shown = json!({
        "id": poll.post_id.to_string(),
        "expires_at": poll.end_at.map(timestamp),
        "expired": poll.is_over(view.now),
        "multiple": poll.multiple,
        "votes_count": poll.votes(),
        "voters_count": poll.voters,
        "options": options,
        "emojis": emojis(view, &used),
    });
    if let (Value::Object(map), true) = (&mut shown, view.as_owner) {
        map.insert("voted".to_owned(), json!(own || !poll.own_choices.is_empty()));
        map.insert("own_votes".to_owned(), json!(poll.own_choices));
    }
    shown
}
