//! Pictures and other files of a post: each with its description in reach, none fetched from another server by the
//! reader's browser.

use maud::{Markup, html};

use super::layout::{House, icon};
use super::person::outside;
use crate::media::PREVIEW_SIDE;
use crate::store::attachments::Attachment;
use crate::store::cards::Card;
use crate::web::files;

/// Shown of one post at most; the rest is on its own page.
const SHOWN: usize = 16;

/// All files of a post.
pub fn of(house: &House<'_>, card: &Card) -> Markup {
    let (pictures, others): (Vec<_>, Vec<_>) = card.attachments.iter().take(SHOWN).partition(|file| is_picture(file));
    html! {
        @if !pictures.is_empty() {
            div class={ "pictures n" (pictures.len().min(4)) } { @for file in pictures { (picture(house, file)) } }
        }
        @for file in others { (other(file)) }
    }
}

fn is_picture(file: &Attachment) -> bool {
    file.media_type.starts_with("image/")
}

/// (what is shown, what a click opens)
fn places(house: &House<'_>, file: &Attachment) -> (String, String) {
    match (&file.file, &file.url) {
        (Some(name), _) => {
            let whole = format!("/media/{name}");
            (file.preview.as_ref().map_or_else(|| whole.clone(), |name| format!("/media/{name}")), whole)
        }
        (None, Some(url)) => {
            let led = files::proxied(house.node, url);
            (led.clone(), led)
        }
        (None, None) => (String::new(), String::new()),
    }
}

/// Both sizes of a picture of ours with their widths, for screens with fine dots.
fn sizes(file: &Attachment) -> Option<String> {
    let (name, preview) = (file.file.as_ref()?, file.preview.as_ref()?);
    let (width, height) = (file.width?, file.height?);
    let small = u64::from(width) * u64::from(PREVIEW_SIDE) / u64::from(width.max(height).max(1));
    Some(format!("/media/{preview} {small}w, /media/{name} {width}w"))
}

fn picture(house: &House<'_>, file: &Attachment) -> Markup {
    let (shown, whole) = places(house, file);
    let alt = file.alt.trim();
    html! {
        figure {
            a href=(whole) {
                img.u-photo src=(shown) alt=(if alt.is_empty() { "A picture without a description" } else { alt })
                    srcset=[sizes(file)] sizes="(max-width: 42rem) 100vw, 40rem" width=[file.width] height=[file.height] loading="lazy" decoding="async";
            }
            @if !alt.is_empty() {
                details.alt { summary title="Description" { "Alt" } p { bdi { (alt) } } }
            }
        }
    }
}

fn other(file: &Attachment) -> Markup {
    let alt = file.alt.trim();
    let kind = file.media_type.split('/').next().unwrap_or_default();
    let noun = match kind {
        "video" => "Video",
        "audio" => "Recording",
        _ => "File",
    };
    html! {
        @match (&file.file, &file.url) {
            (Some(name), _) if kind == "video" => {
                video.film controls preload="none" src={ "/media/" (name) } aria-label=(if alt.is_empty() { noun } else { alt }) {}
            }
            (Some(name), _) if kind == "audio" => {
                audio.film controls preload="none" src={ "/media/" (name) } aria-label=(if alt.is_empty() { noun } else { alt }) {}
            }
            (_, Some(url)) => {
                p.file { (icon("file")) a href=(outside(url)) rel="nofollow noopener noreferrer" { (noun) " on " (host(url)) } @if !alt.is_empty() { span { bdi { (alt) } } } }
            }
            _ => {}
        }
    }
}

fn host(url: &str) -> &str {
    url.split_once("://").map_or(url, |(_, rest)| rest).split(['/', '?', '#']).next().unwrap_or_default()
}
