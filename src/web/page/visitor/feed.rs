//! `/@NAME/feed.atom`: the owner's public posts as an Atom feed (RFC 4287). No boosts.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};

use crate::base::config::{SOFTWARE, VERSION};
use crate::base::{Result, Time};
use crate::federation::Node;
use crate::store::actors::Actor;
use crate::store::posts::post_views::{self, PostView};
use crate::store::posts::quotes::QuoteState;
use crate::store::posts::{self, PostPage, Viewer};
use crate::text::{escape, plain_text};
use crate::web::blocking::{PageError, run_blocking};
use crate::web::page::{
    post::{poll, thread},
    timeline::home,
};

/// Posts and boosts looked at; the boosts among them are left out.
const MAX_FEED_POSTS: u32 = 40;
/// Graphemes of a title.
const MAX_TITLE_GRAPHEMES: usize = 80;
/// How long a reader or cache may use the feed without asking again.
const CACHE_CONTROL: &str = "public, max-age=300";

/// `GET /@{name}/feed.atom`.
pub async fn show(
    node: web::Data<Node>,
    name: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, PageError> {
    let name = name.into_inner();
    let (xml, updated) = run_blocking(&node, move |node| {
        node.store.read(|r| {
            let owner = thread::owned_by(r, &name)?;
            let ids = posts::by_actor(r, owner.id, Viewer::Stranger, PostPage::first(MAX_FEED_POSTS))?;
            let cards = home::public_only(post_views::post_views(r, &ids)?);
            let own: Vec<PostView> = cards.into_iter().filter(|card| card.boost.is_none()).collect();
            let changed = own.iter().map(|card| card.post.edited_at.unwrap_or(card.post.published_at)).max();
            let updated = changed.unwrap_or(owner.created_at);
            Ok((feed(node, &owner, &own, updated), updated))
        })
    })
    .await?;
    let tag = format!("\"{}\"", URL_SAFE_NO_PAD.encode(digest(&SHA256, xml.as_bytes())));
    let known = is_known(&request, &tag, updated);
    let mut response = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response
        .insert_header((header::ETAG, tag))
        .insert_header((header::LAST_MODIFIED, updated.http_date()))
        .insert_header((header::CACHE_CONTROL, CACHE_CONTROL))
        .insert_header((header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"))
        .content_type("application/atom+xml; charset=utf-8");
    Ok(if known { response.finish() } else { response.body(xml) })
}

/// Whether the reader has this very feed. An ETag, where it was sent, is the better witness (RFC 9110 §13.2.2).
fn is_known(request: &HttpRequest, tag: &str, updated: Time) -> bool {
    let header = |name: header::HeaderName| request.headers().get(name).and_then(|value| value.to_str().ok());
    match header(header::IF_NONE_MATCH) {
        Some(tags) => tags == "*" || tags.split(',').any(|one| one.trim().trim_start_matches("W/") == tag),
        None => header(header::IF_MODIFIED_SINCE)
            .and_then(Time::parse_http)
            .is_some_and(|since| since.secs() >= updated.secs()),
    }
}

fn feed(node: &Node, owner: &Actor, cards: &[PostView], updated: Time) -> String {
    let origin = &node.facts.origin;
    let page = origin.url(&format!("/@{}", owner.username));
    let mut xml =
        String::from("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\">\n");
    let mut line = |text: String| {
        xml.push_str(&text);
        xml.push('\n');
    };
    line(format!("<id>{}</id>", xml_text(&page)));
    line(format!("<title>{}</title>", xml_text(&owner.name)));
    line(format!("<subtitle>@{}</subtitle>", xml_text(&owner.handle())));
    line(format!("<updated>{}</updated>", updated.rfc3339()));
    line(format!("<link rel=\"alternate\" type=\"text/html\" href=\"{}\"/>", xml_text(&page)));
    line(format!("<link rel=\"self\" type=\"application/atom+xml\" href=\"{}/feed.atom\"/>", xml_text(&page)));
    if let Some(icon) = &owner.icon {
        line(format!("<icon>{}</icon>", xml_text(&origin.url(&format!("/media/{icon}")))));
    }
    line(format!("<author><name>{}</name><uri>{}</uri></author>", xml_text(&owner.name), xml_text(&page)));
    line(format!("<generator version=\"{VERSION}\">{SOFTWARE}</generator>"));
    for card in cards {
        line(entry(node, &page, card));
    }
    line("</feed>".to_owned());
    xml
}

fn entry(node: &Node, page: &str, card: &PostView) -> String {
    let post = &card.post;
    let updated = post.edited_at.unwrap_or(post.published_at);
    let language = post.language.as_ref().map(|tag| format!(" xml:lang=\"{}\"", xml_text(tag))).unwrap_or_default();
    let mut xml = format!(
        "<entry{language}>\n<id>{}</id>\n<title>{}</title>\n<published>{}</published>\n<updated>{}</updated>\n<link rel=\"alternate\" type=\"text/html\" href=\"{}/{}\"/>\n",
        xml_text(&post.uri),
        xml_text(&title(card)),
        post.published_at.rfc3339(),
        updated.rfc3339(),
        xml_text(page),
        post.id
    );
    for tag in &card.hashtags {
        xml.push_str(&format!("<category term=\"{}\"/>\n", xml_text(&tag.display_name)));
    }
    for file in card.attachments.iter() {
        if let Some(name) = &file.file {
            let url = node.facts.origin.url(&format!("/media/{name}"));
            xml.push_str(&format!(
                "<link rel=\"enclosure\" type=\"{}\" href=\"{}\" title=\"{}\"/>\n",
                xml_text(&file.media_type),
                xml_text(&url),
                xml_text(&file.alt)
            ));
        }
    }
    if let Some(warning) = &post.warning {
        xml.push_str(&format!("<summary>{}</summary>\n", xml_text(warning)));
    }
    xml.push_str(&format!("<content type=\"html\">{}</content>\n</entry>", xml_text(&content(node, card))));
    xml
}

fn title(card: &PostView) -> String {
    let text = match (&card.post.title, &card.post.warning) {
        (Some(title), _) => title.clone(),
        (None, Some(warning)) => warning.clone(),
        (None, None) => plain_text::from_html(&card.post.content).split_whitespace().collect::<Vec<_>>().join(" "),
    };
    let text = plain_text::excerpt(&text, MAX_TITLE_GRAPHEMES);
    if text.is_empty() { "An image".to_owned() } else { text }
}

/// The post's HTML with its images, its warning before it.
fn content(node: &Node, card: &PostView) -> String {
    let mut html = String::new();
    if let Some(warning) = &card.post.warning {
        html.push_str(&format!("<p><strong>{}</strong></p><hr/>", escape(warning)));
    }
    html.push_str(&card.post.content);
    html.push_str(&poll::for_feed(card));
    html.push_str(&quoted(card));
    let covered = card.post.sensitive || card.post.warning.is_some();
    for file in card.attachments.iter().filter(|file| !covered && file.media_type.starts_with("image/")) {
        if let Some(name) = &file.file {
            let url = node.facts.origin.url(&format!("/media/{name}"));
            html.push_str(&format!("<p><img src=\"{}\" alt=\"{}\"/></p>", escape(&url), escape(&file.alt)));
        }
    }
    html
}

/// The quoted post where it is public and approved; else its URL.
fn quoted(card: &PostView) -> String {
    let Some(quoted) = &card.quote else { return String::new() };
    let inner = quoted.view.as_deref().filter(|inner| inner.post.audience.is_open() && inner.post.warning.is_none());
    match inner.filter(|_| quoted.quote.state == QuoteState::Accepted) {
        Some(inner) => format!(
            "<blockquote cite=\"{0}\"><p><a href=\"{0}\">{1}</a></p>{2}</blockquote>",
            escape(inner.post.html_url()),
            escape(&inner.author.name),
            inner.post.content
        ),
        None => {
            let address = quoted.view.as_ref().map_or(quoted.quote.quoted_uri.as_str(), |inner| inner.post.html_url());
            format!("<p>RE: <a href=\"{0}\">{0}</a></p>", escape(address))
        }
    }
}

/// Escaped for XML, without the characters that XML has no way to write.
fn xml_text(text: &str) -> String {
    let fine = |c: &char| matches!(c, '\t' | '\n' | '\r') || (*c >= ' ' && !matches!(c, '\u{fffe}' | '\u{ffff}'));
    escape(&text.chars().filter(fine).collect::<String>())
}
