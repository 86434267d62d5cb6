//! A post on a page: author, time, content, attachments, actions.

use maud::{Markup, html};

use crate::base::Audience;
use crate::store::posts::post_views::PostView;
use crate::store::timelines::filters::FilterAction;
use crate::text::{plain_text, rewrite};
use crate::web::page::layout::{PageContext, icon};
use crate::web::page::{
    formatting,
    moderation::interaction_requests,
    people::actor_widgets,
    post::{attachments, filter_result, history, poll, post_actions, post_metadata, quoted_post, reactions},
};
use crate::web::{files, media_streams};

/// How a post stands on the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CardPlacement {
    /// One of a list.
    List,
    /// The one the page is about.
    Focus,
    /// The parent above a reply form: without actions.
    Above,
}

/// A list of posts.
pub fn post_list(ctx: &PageContext<'_>, cards: &[PostView]) -> Markup {
    html! { div.posts.h-feed { @for one in cards { (card(ctx, one, CardPlacement::List)) } } }
}

/// A post card, subject to the owner's filters. A hidden post is collapsed where it is the subject of the page.
pub fn card(ctx: &PageContext<'_>, card: &PostView, place: CardPlacement) -> Markup {
    match filter_result::filter_result(ctx, card) {
        Some((FilterAction::Hide, _)) if place == CardPlacement::List => html! {},
        Some((FilterAction::Hide | FilterAction::Warn, title)) => {
            filter_result::collapsed(&title, &full_card(ctx, card, place))
        }
        _ => full_card(ctx, card, place),
    }
}

fn full_card(ctx: &PageContext<'_>, card: &PostView, place: CardPlacement) -> Markup {
    let class = match place {
        CardPlacement::List => "post h-entry",
        CardPlacement::Focus => "post focus h-entry",
        CardPlacement::Above => "post above h-entry",
    };
    html! {
        article class=(class) id={ "p" (card.id) } aria-label={ "Post by " (card.author.name) } {
            @if let Some((_, booster)) = &card.boost {
                p.why { (icon("boost")) span { (actor_widgets::mention(ctx, booster)) " boosted" } }
            }
            @if let Some(group) = &card.group {
                p.why { (icon("people")) span { "in " (actor_widgets::mention(ctx, group)) } }
            }
            (header(ctx, card, place))
            div.inside {
                @if card.post.reply_to_uri.is_some() && place != CardPlacement::Focus { (reply_line(ctx, card)) }
                (content(ctx, card, place))
                (quoted_post::of(ctx, card))
                (interaction_requests::request_note(ctx, card))
                @if place == CardPlacement::Focus { (metadata_section(ctx, card)) }
                @if place == CardPlacement::Focus || card.reactions.iter().any(|count| count.by_owner) { (reactions::reaction_row(ctx, card)) }
                @if place != CardPlacement::Above && ctx.session.is_some() { (post_actions::action_row(ctx, card)) }
            }
        }
        hr.text-only;
    }
}

fn header(ctx: &PageContext<'_>, card: &PostView, place: CardPlacement) -> Markup {
    let author = &card.author;
    html! {
        header.by {
            a href=(actor_widgets::path(ctx, author)) tabindex="-1" aria-hidden="true" { (actor_widgets::avatar(ctx, author)) }
            div.who.p-author.h-card {
                a.name.u-url.p-name href=(actor_widgets::path(ctx, author)) { (actor_widgets::name(ctx, author)) }
                (actor_widgets::handle(author))
            }
            @if place != CardPlacement::Focus {
                div.moment {
                    a.when.u-url href=(path(ctx, card)) { (audience_mark(card.post.audience)) (formatting::relative_time(card.post.published_at, ctx.now)) }
                    @if let Some(history) = history::path(ctx, card) { a.when.edited href=(history) title="What it said before" { "edited" } }
                }
            }
        }
    }
}

/// The path of the post's page for this viewer.
pub fn path(ctx: &PageContext<'_>, card: &PostView) -> String {
    let id = card.post.id;
    if ctx.session.is_some() {
        format!("/post/{id}")
    } else if ctx.is_owner(&card.author) {
        format!("{}/{id}", ctx.profile_path())
    } else {
        actor_widgets::remote_link(card.post.html_url()).to_owned()
    }
}

fn reply_line(ctx: &PageContext<'_>, card: &PostView) -> Markup {
    html! {
        p.answers {
            (icon("reply"))
            @match &card.parent_author {
                Some(parent) if parent.id == card.author.id => span { "continues their own post" },
                Some(parent) => span { "replying to " (actor_widgets::mention(ctx, parent)) },
                None => span { "replies to a post that is not here" },
            }
        }
    }
}

/// The icon of a non-public audience, with text for screen readers.
pub fn audience_mark(audience: Audience) -> Markup {
    html! {
        @if audience != Audience::Public {
            span.audience title=(audience_text(audience)) { (icon(audience.as_word())) span.hidden { (audience_text(audience)) ", " } }
        }
    }
}

/// The audience as text.
pub fn audience_text(audience: Audience) -> &'static str {
    match audience {
        Audience::Public => "Public",
        Audience::Quiet => "Quiet public",
        Audience::Followers => "Followers",
        Audience::Mentioned => "Private mention",
    }
}

/// Title, text and attachments; behind the content warning if there is one.
pub fn content(ctx: &PageContext<'_>, card: &PostView, place: CardPlacement) -> Markup {
    let post = &card.post;
    let inner = html! { (post_metadata::metadata(ctx, card, place)) (poll::of(ctx, card)) };
    let warning = post.warning.as_deref().map(str::trim).filter(|warning| !warning.is_empty());
    html! {
        @if let Some(warning) = warning {
            details.warning {
                summary { (icon("warning")) span.p-summary lang=[post.language.as_deref()] { bdi { (maud::PreEscaped(actor_widgets::emoji(ctx, &crate::text::escape(warning), &post.emoji))) } } }
                (inner)
                (attachments::of(ctx, card))
            }
        } @else {
            (inner)
            @if post.sensitive && !card.attachments.is_empty() {
                details.cover {
                    summary { (icon("hidden")) span { "Sensitive " (attachments::nouns(&card.attachments)) ". Show" } }
                    (attachments::of(ctx, card))
                }
            } @else if let Some(title) = filter_result::is_blurred(ctx, card) {
                details.cover {
                    summary { (icon("hidden")) span { "Filtered: " bdi { (title) } ". Show" } }
                    (attachments::of(ctx, card))
                }
            } @else { (attachments::of(ctx, card)) }
        }
        @if card.withheld_attachments > 0 {
            p.note { (formatting::short_count(card.withheld_attachments as u64, "attachment")) " not shown: you reject media from " (card.author.host) ". "
                a href=(actor_widgets::remote_link(post.html_url())) rel="noopener noreferrer" { "See it there" } }
        }
    }
}

/// Stored safe HTML, with images, videos and emoji by way of the proxy; for visitors videos are links.
pub fn body(ctx: &PageContext<'_>, card: &PostView, html: &str) -> String {
    let with_emoji = |html: &str| actor_widgets::emoji(ctx, html, &card.post.emoji);
    if !html.contains("src=") && !html.contains("poster=") {
        return with_emoji(html);
    }
    let led = |tag: &str, attribute: &str, url: &str| match (tag, attribute) {
        ("video" | "audio" | "source", "src") => media_streams::stream_path(ctx.node, url),
        _ => files::proxied(ctx.node, url),
    };
    let html = if ctx.session.is_some() { html.to_owned() } else { rewrite::without_players(html) };
    with_emoji(&rewrite::sources(&html, led))
}

/// Below the main post of a page: full date, audience, edit mark, counts.
fn metadata_section(ctx: &PageContext<'_>, card: &PostView) -> Markup {
    let post = &card.post;
    html! {
        p.particulars {
            a.u-url href=(path(ctx, card)) { time.dt-published datetime=(post.published_at.rfc3339()) { (formatting::full_date(post.published_at)) } }
            @if let Some(edited) = post.edited_at { span {
                @if let Some(history) = history::path(ctx, card) { a href=(history) title="What it said before" { "edited " (formatting::relative_time(edited, ctx.now)) } }
                @else { "edited " (formatting::relative_time(edited, ctx.now)) }
            } }
            span { (icon(post.audience.as_word())) " " (audience_text(post.audience)) }
            @if card.likes > 0 { span { (formatting::short_count(card.likes.into(), "like")) } }
            @if card.boosts > 0 { span { (formatting::short_count(card.boosts.into(), "boost")) } }
        }
    }
}

/// A post in one line of this many graphemes: its content warning, its text, or the number of its images.
pub fn quoted_post(card: &PostView, most: usize) -> String {
    let text = match &card.post.warning {
        Some(warning) => warning.clone(),
        None => plain_text::from_html(&card.post.content).split_whitespace().collect::<Vec<_>>().join(" "),
    };
    match (text.is_empty(), card.attachments.len()) {
        (true, 0) => "A post without text".to_owned(),
        (true, n) => formatting::short_count(n as u64, "picture"),
        _ => plain_text::excerpt(&text, most),
    }
}
