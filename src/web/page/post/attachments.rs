//! Attachments of a post, with their descriptions. The reader's browser fetches nothing from other servers.

use maud::{Markup, html};

use crate::media::PREVIEW_SIDE;
use crate::store::posts::attachments::PostAttachment;
use crate::store::posts::post_views::PostView;
use crate::web::page::layout::{PageContext, icon};
use crate::web::page::people::actor_widgets::remote_link;
use crate::web::page::{compose::uploads, post::post_metadata};
use crate::web::{files, media_streams};

/// Shown of one post at most; the rest is on its own page.
const MAX_ATTACHMENTS_SHOWN: usize = 16;

/// Graphemes shown of an address.
const MAX_LINK_GRAPHEMES: usize = 60;

/// All files of a post.
pub fn of(ctx: &PageContext<'_>, card: &PostView) -> Markup {
    let (pictures, others): (Vec<_>, Vec<_>) =
        card.attachments.iter().take(MAX_ATTACHMENTS_SHOWN).partition(|file| is_picture(file));
    html! {
        @if !pictures.is_empty() {
            div class={ "pictures n" (pictures.len().min(4)) } { @for file in pictures { (image(ctx, file)) } }
        }
        @for file in others { (other_file(ctx, file)) }
    }
}

/// Whether a file is shown as an image.
pub fn is_picture(file: &PostAttachment) -> bool {
    file.media_type.starts_with("image/")
}

/// (the shown URL, the linked URL)
fn attachment_slots(ctx: &PageContext<'_>, file: &PostAttachment) -> (String, String) {
    match (&file.file, &file.url) {
        (Some(name), _) => {
            let whole = format!("/media/{name}");
            (file.preview.as_ref().map_or_else(|| whole.clone(), |name| format!("/media/{name}")), whole)
        }
        (None, Some(url)) => {
            let led = files::proxied(ctx.node, url);
            (led.clone(), led)
        }
        (None, None) => (String::new(), String::new()),
    }
}

/// `srcset` of an own image.
fn sizes(file: &PostAttachment) -> Option<String> {
    let (name, preview) = (file.file.as_ref()?, file.preview.as_ref()?);
    let (width, height) = (file.width?, file.height?);
    let small = u64::from(width) * u64::from(PREVIEW_SIDE) / u64::from(width.max(height).max(1));
    Some(format!("/media/{preview} {small}w, /media/{name} {width}w"))
}

fn image(ctx: &PageContext<'_>, file: &PostAttachment) -> Markup {
    let (shown, whole) = attachment_slots(ctx, file);
    let alt = file.alt.trim();
    html! {
        figure {
            a href=(whole) {
                img class={ "u-photo " (uploads::focal_point_field(file.focus.as_deref()).unwrap_or_default()) } src=(shown) alt=(if alt.is_empty() { "An image without a description" } else { alt })
                    srcset=[sizes(file)] sizes="(max-width: 42rem) 100vw, 40rem" width=[file.width] height=[file.height] loading="lazy" decoding="async";
            }
            @if !alt.is_empty() {
                details.alt { summary title="Description" { "Alt" } p { bdi { (alt) } } }
            }
        }
    }
}

/// A video, a audio file, a link or another file. What plays plays here, by way of this server; whoever is not the owner is
/// led to the server it comes from.
fn other_file(ctx: &PageContext<'_>, file: &PostAttachment) -> Markup {
    let alt = file.alt.trim();
    let label = if alt.is_empty() { noun(&file.media_type) } else { alt };
    let source = match (&file.file, &file.url) {
        (Some(name), _) => Some(format!("/media/{name}")),
        (None, Some(url)) if ctx.session.is_some() && is_playable(file) => {
            Some(media_streams::stream_path(ctx.node, url))
        }
        _ => None,
    };
    let cover = match (&file.preview, &file.still) {
        (Some(name), _) => Some(format!("/media/{name}")),
        (None, Some(url)) => Some(files::proxied(ctx.node, url)),
        (None, None) => None,
    };
    let is_film = file.media_type.starts_with("video/");
    html! {
        @match &source {
            Some(source) if is_film => video.film controls preload="none" src=(source) poster=[cover.as_deref()] width=[file.width] height=[file.height] aria-label=(label) {},
            Some(source) if file.media_type.starts_with("audio/") => {
                @if let Some(cover) = &cover { img.song-cover src=(cover) alt="" loading="lazy" decoding="async"; }
                audio.film controls preload="none" src=(source) aria-label=(label) {}
            },
            _ => @if let Some(cover) = &cover { img.header-picture src=(cover) alt="" loading="lazy" decoding="async"; },
        }
        (caption(file, source.is_some()))
    }
}

/// The caption: type, duration, description, origin.
fn caption(file: &PostAttachment, shown: bool) -> Markup {
    let alt = file.alt.trim();
    let is_link = file.media_type == "text/html";
    html! {
        @if let Some(url) = &file.url {
            p.file {
                (icon(if is_link { "out" } else { "file" }))
                a href=(remote_link(url)) rel="nofollow noopener noreferrer" {
                    @if is_link && !alt.is_empty() { bdi { (alt) } " (" (host(url)) ")" }
                    @else if is_link { (short(url)) }
                    @else { (noun(&file.media_type)) " on " (host(url)) }
                }
                @if let Some(seconds) = file.seconds { span { (post_metadata::reading_time(seconds)) } }
                @if !is_link && !alt.is_empty() { span { bdi { (alt) } } }
            }
        } @else if shown && (!alt.is_empty() || file.seconds.is_some()) {
            p.file { @if let Some(seconds) = file.seconds { span { (post_metadata::reading_time(seconds)) } } span { bdi { (alt) } } }
        }
    }
}

/// Whether a browser can play a file piece by piece; a playlist cannot be.
fn is_playable(file: &PostAttachment) -> bool {
    let sort = file.media_type.split('/').next().unwrap_or_default();
    matches!(sort, "video" | "audio") && !file.media_type.ends_with("mpegurl")
}

/// The name of a media type.
pub fn noun(media_type: &str) -> &'static str {
    match media_type.split('/').next().unwrap_or_default() {
        "image" => "Image",
        "video" => "Video",
        "audio" => "Audio",
        _ if media_type == "text/html" => "Link",
        _ => "File",
    }
}

/// The plural noun for several files.
pub fn nouns(files: &[PostAttachment]) -> &'static str {
    let all = |sort: &str| files.iter().all(|file| file.media_type.starts_with(sort));
    match files.len() {
        1 if all("image/") => "picture",
        1 if all("video/") => "film",
        1 if all("audio/") => "recording",
        _ if all("image/") => "images",
        _ => "media",
    }
}

/// The host of an address, for reading.
pub fn host(url: &str) -> &str {
    url.split_once("://").map_or(url, |(_, rest)| rest).split(['/', '?', '#']).next().unwrap_or_default()
}

/// A shortened URL.
fn short(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    crate::text::plain_text::excerpt(rest.trim_start_matches("www.").trim_end_matches('/'), MAX_LINK_GRAPHEMES)
}
