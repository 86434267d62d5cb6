//! Status: a post, or a boost round one.

use serde::Serialize;
use serde_json::{Value, json};

use super::account::{AccountEntity, account};
use super::media::{MediaAttachmentEntity, attachment};
use super::poll::poll;
use super::quote::{self, QuoteApprovalEntity, QuoteEntity};
use super::{ApiViewer, CustomEmojiEntity, content, emojis, filter, timestamp};
use crate::base::id::ActorId;
use crate::store::actors::Actor;
use crate::store::posts::post_views::PostView;
use crate::store::posts::{Post, PostMention};
use crate::text::scan::tag_key;
use crate::text::{compose, escape, plain_text, unescape};
use crate::web::api::call::percent_decoded;

/// A status.
#[derive(Debug, Clone, Serialize)]
pub struct StatusEntity {
    id: String,
    created_at: String,
    in_reply_to_id: Option<String>,
    in_reply_to_account_id: Option<String>,
    sensitive: bool,
    spoiler_text: String,
    visibility: &'static str,
    language: Option<String>,
    uri: String,
    url: Option<String>,
    replies_count: u32,
    reblogs_count: u32,
    favourites_count: u32,
    quotes_count: u32,
    edited_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    reblog: Option<Box<StatusEntity>>,
    account: AccountEntity,
    media_attachments: Vec<MediaAttachmentEntity>,
    mentions: Vec<MentionEntity>,
    tags: Vec<StatusTagEntity>,
    emojis: Vec<CustomEmojiEntity>,
    card: Option<Value>,
    poll: Option<Value>,
    quote: Option<QuoteEntity>,
    quote_approval: QuoteApprovalEntity,
    #[serde(skip_serializing_if = "Option::is_none")]
    application: Option<Option<Value>>,
    #[serde(flatten)]
    marks: Option<StatusMarks>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pinned: Option<bool>,
}

/// The owner's marks.
#[derive(Debug, Clone, Serialize)]
struct StatusMarks {
    favourited: bool,
    reblogged: bool,
    muted: bool,
    bookmarked: bool,
    filtered: Vec<Value>,
}

#[derive(Debug, Clone, Serialize)]
struct MentionEntity {
    id: String,
    username: String,
    url: String,
    acct: String,
}

#[derive(Debug, Clone, Serialize)]
struct StatusTagEntity {
    name: String,
    url: String,
}

/// The Status entity: the boost with the post inside when it is there because of a boost.
pub fn status(view: &ApiViewer<'_>, card: &PostView) -> StatusEntity {
    let original = boosted(view, card);
    let Some((boost, booster)) = &card.boost else { return original };
    boost_status(view, boost, booster, original)
}

/// The boost has its own id, date and author, and repeats the rest.
fn boost_status(view: &ApiViewer<'_>, boost: &Post, booster: &Actor, original: StatusEntity) -> StatusEntity {
    StatusEntity {
        id: boost.id.to_string(),
        created_at: timestamp(boost.published_at),
        // A boost is no reply, or Tusky hides boosts of replies together with replies.
        in_reply_to_id: None,
        in_reply_to_account_id: None,
        visibility: super::visibility::visibility(boost.audience),
        uri: boost.uri.clone(),
        url: original.url.clone(),
        account: account(view, booster),
        edited_at: None,
        application: None,
        pinned: None,
        reblog: Some(Box::new(original.clone())),
        ..original
    }
}

/// The post itself.
fn boosted(view: &ApiViewer<'_>, card: &PostView) -> StatusEntity {
    StatusEntity { quote: quote::quote(view, card), ..boosted_status(view, card) }
}

/// A boosted or quoted status.
pub fn boosted_status(view: &ApiViewer<'_>, card: &PostView) -> StatusEntity {
    let post = &card.post;
    let parent = card.parent_author.as_ref().and_then(|author| Some((post.reply_to?, author.id)));
    let own = view.is_owner(&card.author);
    let marks = view.as_owner.then(|| StatusMarks {
        favourited: card.liked,
        reblogged: card.boosted,
        muted: card.thread_muted,
        bookmarked: card.bookmarked,
        filtered: filter::results(view, card),
    });
    StatusEntity {
        id: post.id.to_string(),
        created_at: timestamp(post.published_at),
        in_reply_to_id: parent.map(|(id, _)| id.to_string()),
        in_reply_to_account_id: parent.map(|(_, author)| author.to_string()),
        sensitive: post.sensitive || post.warning.is_some(),
        spoiler_text: post.warning.clone().unwrap_or_default(),
        visibility: super::visibility::visibility(post.audience),
        language: post.language.clone(),
        uri: post.uri.clone(),
        url: Some(post.html_url().to_owned()),
        replies_count: card.replies,
        reblogs_count: card.boosts,
        favourites_count: card.likes,
        quotes_count: card.quotes,
        edited_at: post.edited_at.map(timestamp),
        content: Some(content::content(view, card)),
        text: None,
        reblog: None,
        account: account(view, &card.author),
        media_attachments: files(view, card),
        mentions: mentions(view, card),
        tags: card.hashtags.iter().map(|tag| self::tag(view, post, &tag.name)).collect(),
        emojis: emojis(view, &post.emoji),
        card: content::link(card),
        poll: card.poll.as_ref().map(|poll| self::poll(view, poll, &post.emoji, own)),
        quote: quote::shallow_quote(card),
        quote_approval: quote::approval(view, card),
        application: (own && view.as_owner).then(|| application(post)),
        marks,
        pinned: (own && view.as_owner).then_some(card.pinned),
    }
}

/// The files of a post; links are no files.
fn files(view: &ApiViewer<'_>, card: &PostView) -> Vec<MediaAttachmentEntity> {
    card.attachments.iter().filter(|file| !content::is_link(file)).map(|file| attachment(view, file)).collect()
}

/// The app the post was written with; null for the built-in page.
fn application(post: &Post) -> Option<Value> {
    post.metadata.app.as_ref().map(|(name, website)| json!({ "name": name, "website": website }))
}

/// Mentions in the order of the text. Clients find the account by its id, so unknown actors are left out. Actors an
/// edit of the owner's no longer mentions remain readers, but are left out, too.
fn mentions(view: &ApiViewer<'_>, card: &PostView) -> Vec<MentionEntity> {
    let content = &card.post.content;
    let place = |url: &str| content.find(&format!("href=\"{}\"", escape(url)));
    let silent = card.post.source.is_some() && card.post.edited_at.is_some();
    let known = card.mentions.iter().zip(&card.mentioned_actors).filter_map(|(mention, id)| Some((mention, (*id)?)));
    let placed = known.filter_map(|(mention, id)| {
        let found = [&mention.url, &mention.uri].into_iter().find_map(|url| Some((place(url)?, url)));
        let (at, url) = found.or((!silent).then_some((usize::MAX, &mention.url)))?;
        Some((at, shown(view, mention, url, id)))
    });
    let mut placed: Vec<_> = placed.collect();
    placed.sort_by_key(|(at, _)| *at);
    placed.into_iter().map(|(_, mention)| mention).collect()
}

fn shown(view: &ApiViewer<'_>, mention: &PostMention, url: &str, id: ActorId) -> MentionEntity {
    let (username, host) = mention.handle.split_once('@').unwrap_or((&mention.handle, ""));
    let local = host.eq_ignore_ascii_case(view.domain);
    MentionEntity {
        id: id.to_string(),
        username: username.to_owned(),
        url: url.to_owned(),
        acct: if local { username.to_owned() } else { mention.handle.clone() },
    }
}

/// A hashtag with the URL used in the text: Mammoth compares it.
fn tag(view: &ApiViewer<'_>, post: &Post, name: &str) -> StatusTagEntity {
    let hrefs = post.content.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
    let last = |url: &str| {
        let part = url.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        percent_decoded(part).map(|part| tag_key(&part)).unwrap_or_default()
    };
    let found = hrefs.filter(|url| url.contains("/tag")).map(unescape).find(|url| last(url) == name);
    let url = found.unwrap_or_else(|| compose::tag_url(&view.links.here("/tags/"), name));
    StatusTagEntity { name: name.to_owned(), url }
}

/// The response to `DELETE`: with the source text, for redrafting. A boost has none.
pub fn deleted(view: &ApiViewer<'_>, card: &PostView) -> StatusEntity {
    if let (Some((boost, booster)), shown) = (&card.boost, boosted(view, card)) {
        return StatusEntity { content: None, text: Some(String::new()), ..boost_status(view, boost, booster, shown) };
    }
    let text = card.post.source.clone().unwrap_or_else(|| plain_text::from_html(&card.post.content));
    StatusEntity { content: None, text: Some(text), ..boosted(view, card) }
}
