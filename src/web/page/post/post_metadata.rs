//! Type-specific metadata on a post card: event time and place, rating, article length, original page.

use maud::{Markup, PreEscaped, html};

use crate::base::Time;
use crate::store::posts::post_views::PostView;
use crate::text::plain_text;
use crate::web::files;
use crate::web::page::layout::{PageContext, icon};
use crate::web::page::people::actor_widgets::remote_link;
use crate::web::page::post::post_card::{self, CardPlacement};
use crate::web::page::{formatting, post::attachments};

/// Bytes of HTML from which on a post in a list is shown by its beginning.
const LONG_POST_BYTES: usize = 4_000;
/// The same for a post with a title, which is meant to be opened.
const LONG_ARTICLE_BYTES: usize = 1_200;
/// Graphemes shown of a long post in a list.
const EXCERPT_GRAPHEMES: usize = 420;

/// Title, metadata and text; attachments follow separately.
pub fn metadata(ctx: &PageContext<'_>, card: &PostView, place: CardPlacement) -> Markup {
    let post = &card.post;
    let whole = place == CardPlacement::Focus || !is_long(card);
    html! {
        @if let Some(title) = &post.title {
            h2.title.p-name lang=[post.language.as_deref()] {
                @if place == CardPlacement::List { a.u-url href=(post_card::path(ctx, card)) { bdi { (title) } } } @else { bdi { (title) } }
            }
        }
        (book(card))
        (event(card))
        @if !whole || place == CardPlacement::Focus { (header(ctx, card)) }
        @if whole {
            @if let Some(summary) = post.metadata.summary.as_deref().filter(|_| place == CardPlacement::Focus) { p.abstract.p-summary { bdi { (summary) } } }
            @if !post.content.is_empty() {
                div.words.e-content lang=[post.language.as_deref()] dir="auto" { (PreEscaped(post_card::body(ctx, card, &post.content))) }
            }
        } @else { (excerpt(ctx, card)) }
        (original_link(ctx, card))
    }
}

/// Whether a post is shown by its beginning in a list.
fn is_long(card: &PostView) -> bool {
    card.post.content.len() > if card.post.title.is_some() { LONG_ARTICLE_BYTES } else { LONG_POST_BYTES }
}

/// The abstract or the beginning of a long post, and a link to the whole.
fn excerpt(ctx: &PageContext<'_>, card: &PostView) -> Markup {
    let text = plain_text::from_html(&card.post.content);
    let count = text.split_whitespace().count();
    let start = match &card.post.metadata.summary {
        Some(summary) => plain_text::excerpt(summary, EXCERPT_GRAPHEMES),
        None => plain_text::excerpt(&text.split_whitespace().collect::<Vec<_>>().join(" "), EXCERPT_GRAPHEMES),
    };
    html! {
        div.words.p-summary lang=[card.post.language.as_deref()] dir="auto" { p { (start) } }
        p.whole { a href=(post_card::path(ctx, card)) { "Read it all" } " " span { (formatting::short_count(u64::try_from(count).unwrap_or(0), "word")) } }
    }
}

/// The header image of a long text, unless it is in the text.
fn header(ctx: &PageContext<'_>, card: &PostView) -> Markup {
    let image = card.post.metadata.image.as_deref().filter(|url| {
        let inside = card.post.content.contains(&format!("src=\"{}\"", crate::text::escape(url)));
        !inside && !card.post.sensitive && card.attachments.iter().all(|file| !attachments::is_picture(file))
    });
    html! { @if let Some(url) = image { img.header-picture src=(files::proxied(ctx.node, url)) alt="" loading="lazy" decoding="async"; } }
}

/// Stars and book of a review, and the passage it quotes.
fn book(card: &PostView) -> Markup {
    let extra = &card.post.metadata;
    html! {
        @if extra.half_stars.is_some() || extra.about.is_some() {
            p.book {
                @if let Some(n) = extra.half_stars {
                    span.stars role="img" aria-label={ (duration_text(n)) " of 5 stars" } { (stars(n)) } " "
                }
                @if let Some(url) = extra.about.as_deref() {
                    a href=(remote_link(url)) rel="nofollow noopener noreferrer" { "The book on " (attachments::host(url)) }
                }
            }
        }
        @if let Some(passage) = &extra.passage { blockquote.passage dir="auto" { p { (passage) } } }
    }
}

/// `★★★½☆` for seven half stars.
fn stars(half: u8) -> String {
    let (full, rest) = (usize::from(half.min(10) / 2), half % 2 == 1 && half < 10);
    let mut out = "★".repeat(full);
    if rest {
        out.push('½');
    }
    out.push_str(&"☆".repeat(5 - full - usize::from(rest)));
    out
}

fn duration_text(half: u8) -> String {
    let half = half.min(10);
    if half % 2 == 1 { format!("{}.5", half / 2) } else { (half / 2).to_string() }
}

/// When and where something takes place.
fn event(card: &PostView) -> Markup {
    let extra = &card.post.metadata;
    let moment = |ms: i64, class: &str| {
        let at = Time::from_ms(ms);
        html! { time class=(class) datetime=(at.rfc3339()) { (formatting::at_offset(at, extra.offset.unwrap_or(0))) } }
    };
    html! {
        @if extra.starts.is_some() || extra.place.is_some() {
            dl.event.h-event {
                @if extra.cancelled { dt { (icon("cross")) } dd { strong { "Called off" } } }
                @if let Some(starts) = extra.starts {
                    dt { (icon("clock")) span.hidden { "When" } }
                    dd { (moment(starts, "dt-start")) @if let Some(ends) = extra.ends { " until " (moment(ends, "dt-end")) } }
                }
                @if let Some(place) = &extra.place {
                    dt { (icon("place")) span.hidden { "Where" } }
                    dd.p-location { bdi { (place) } }
                }
            }
        }
    }
}

/// A link to the original page of other types than notes, which may have more than we can show.
fn original_link(ctx: &PageContext<'_>, card: &PostView) -> Markup {
    let post = &card.post;
    let says = match post.kind.as_str() {
        "Note" | "Question" | "ChatMessage" => return html! {},
        "Article" | "Review" | "Quotation" | "Comment" | "Rating" => "Read on",
        "Page" => "Discuss on",
        "Video" => "Watch on",
        "Audio" => "Listen on",
        "Event" => "The event on",
        _ => "See it on",
    };
    html! {
        @if !ctx.is_owner(&card.author) {
            p.origin {
                a href=(remote_link(post.html_url())) rel="nofollow noopener noreferrer" { (says) " " (attachments::host(post.html_url())) }
                @if let Some(seconds) = post.metadata.seconds { " " span { (reading_time(seconds)) } }
            }
        }
    }
}

/// `1:02:03`, `4:05`.
pub fn reading_time(seconds: u32) -> String {
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_and_lengths_as_a_reader_counts_them() {
        assert_eq!(
            (stars(7), stars(10), stars(1), stars(4)),
            ("★★★½☆".into(), "★★★★★".into(), "½☆☆☆☆".into(), "★★☆☆☆".into())
        );
        assert_eq!((duration_text(7), duration_text(4)), ("3.5".into(), "2".into()));
        assert_eq!(
            (reading_time(5), reading_time(245), reading_time(3723)),
            ("0:05".into(), "4:05".into(), "1:02:03".into())
        );
    }
}
