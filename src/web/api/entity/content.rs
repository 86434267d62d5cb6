//! What a status says, as one piece of HTML: apps know nothing but words, so that titles, dates, stars and the way to an
//! original stand among them. Loads nothing from other servers: images in articles come by way of this one.

use maud::{PreEscaped, html};
use serde_json::{Value, json};

use super::ApiViewer;
use super::timestamp;
use crate::base::Time;
use crate::store::posts::Post;
use crate::store::posts::attachments::PostAttachment;
use crate::store::posts::post_views::PostView;
use crate::store::posts::quotes::QuoteState;
use crate::text::{compose, escape, rewrite};

/// The HTML of a post, with the quote fallback line for apps without quotes; other apps remove it.
pub fn content(view: &ApiViewer<'_>, card: &PostView) -> String {
    let post = &card.post;
    let quoted = card.quote.as_ref().filter(|quoted| quoted.quote.state != QuoteState::Deleted);
    let address = quoted.map(|quoted| match &quoted.view {
        Some(inner) => inner.post.html_url(),
        None => quoted.quote.quoted_uri.as_str(),
    });
    html! {
        @if let Some(address) = address { p.quote-inline { "RE: " (PreEscaped(compose::link_html(address))) } }
        @if let Some(title) = &post.title { p { strong { (title) } } }
        @if let Some(facts) = facts(post) { p { (facts) } }
        @if let Some(passage) = &post.metadata.passage { blockquote { p { (passage) } } }
        (PreEscaped(plain_words(view, &post.content)))
        @if let Some(page) = origin(view, card) { p { (PreEscaped(compose::link_html(page))) } }
    }
    .into_string()
}

/// The HTML of any version of a post, without additions.
pub fn plain_words(view: &ApiViewer<'_>, html: &str) -> String {
    if !html.contains("src=") && !html.contains("poster=") {
        return html.to_owned();
    }
    rewrite::sources(&rewrite::without_players(html), |_, _, url| view.links.proxied(url))
}

/// When and where something takes place, and how many stars a book got.
fn facts(post: &Post) -> Option<String> {
    let extra = &post.metadata;
    let moment = |ms: i64| {
        let at = Time::from_ms(ms + i64::from(extra.offset.unwrap_or(0)) * 60_000);
        at.civil().strftime("%-d %B %Y, %H:%M").to_string()
    };
    let starts = extra.starts.map(moment);
    let time = match (starts, extra.ends.map(moment)) {
        (Some(starts), Some(ends)) => Some(format!("{starts} – {ends}")),
        (starts, _) => starts,
    };
    let stars =
        extra.half_stars.map(|n| format!("{}{}", "★".repeat(usize::from(n / 2)), if n % 2 == 1 { "½" } else { "" }));
    let cancelled = extra.cancelled.then(|| "✗".to_owned());
    let parts: Vec<String> = [cancelled, time, extra.place.clone(), stars].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(" · "))
}

/// The original page of a remote post of another type than Note.
fn origin<'c>(view: &ApiViewer<'_>, card: &'c PostView) -> Option<&'c str> {
    let post = &card.post;
    let page = post.html_url();
    let note = matches!(post.kind.as_str(), "Note" | "Question" | "Announce");
    let named = || post.content.contains(&format!("href=\"{}\"", escape(page)));
    (!note && !view.is_owner(&card.author) && !named()).then_some(page)
}

/// The link a post is about (Lemmy, Mbin), as a preview card; fetches nothing.
pub fn link(card: &PostView) -> Option<Value> {
    let file = card.attachments.iter().find(|file| is_link(file))?;
    let url = file.url.as_deref()?;
    let host = url::Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
    let title = card.post.title.as_deref().filter(|title| !title.is_empty()).unwrap_or(url);
    Some(json!({
        "url": url, "title": title, "description": card.post.metadata.summary.as_deref().unwrap_or_default(),
        "type": "link", "language": null, "author_name": "", "author_url": "", "provider_name": host, "provider_url": "",
        "html": "", "width": 0, "height": 0, "image": null, "image_description": "", "embed_url": "", "blurhash": null,
        "published_at": timestamp(card.post.published_at), "authors": [],
    }))
}

/// Whether an attachment is a link and no file.
pub fn is_link(file: &PostAttachment) -> bool {
    file.file.is_none() && file.media_type == "text/html"
}
