//! `<head>` metadata for machines: OpenGraph, links to the ActivityPub document and the feed.

use maud::{Markup, html};

use crate::store::actors::Actor;
use crate::store::posts::post_views::PostView;
use crate::text::plain_text;
use crate::web::page::layout::PageContext;
use crate::web::page::post::poll;

/// Graphemes of a description.
const MAX_DESCRIPTION_GRAPHEMES: usize = 200;
/// The media type of the document behind a page.
const ACTIVITY_TYPE: &str = "application/activity+json";

/// The `Link` header of a page with a document behind it.
pub fn alternate(uri: &str) -> String {
    format!("<{uri}>; rel=\"alternate\"; type=\"{ACTIVITY_TYPE}\"")
}

/// For the owner's profile.
pub fn of_profile(ctx: &PageContext<'_>, owner: &Actor) -> Markup {
    let bio = plain_text::excerpt(&one_line(&owner.bio), MAX_DESCRIPTION_GRAPHEMES);
    let title = format!("{} (@{})", owner.name, owner.handle());
    html! {
        (common_tags(ctx, owner, &owner.uri, &title, &bio))
        link rel="canonical" href=(ctx.node.facts.origin.url(&ctx.profile_path()));
        meta property="og:url" content=(ctx.node.facts.origin.url(&ctx.profile_path()));
        meta property="og:type" content="profile";
        meta property="profile:username" content=(owner.handle());
        @if let Some(icon) = &owner.icon { meta property="og:image" content=(ctx.node.facts.origin.url(&format!("/media/{icon}"))); }
        @if !owner.indexable { meta name="robots" content="noindex"; }
    }
}

/// For a post of the owner's, without what is behind a content warning.
pub fn of_post(ctx: &PageContext<'_>, card: &PostView) -> Markup {
    let post = &card.post;
    let words = match &post.warning {
        Some(warning) => format!("Content warning: {warning}"),
        None => match &post.metadata.summary {
            Some(summary) => plain_text::excerpt(summary, MAX_DESCRIPTION_GRAPHEMES),
            None => {
                plain_text::excerpt(&(one_line(&post.content) + &poll::result_text(card)), MAX_DESCRIPTION_GRAPHEMES)
            }
        },
    };
    let covered = post.sensitive || post.warning.is_some();
    let shown = card.attachments.iter().find(|file| file.media_type.starts_with("image/") && !covered);
    let picture =
        shown.and_then(|file| file.preview.as_ref().or(file.file.as_ref()).map(|name| (name, file.alt.as_str())));
    let title = match &post.title {
        Some(title) => title.clone(),
        None => format!("{} (@{})", card.author.name, card.author.handle()),
    };
    let here = ctx.node.facts.origin.url(&format!("{}/{}", ctx.profile_path(), post.id));
    html! {
        (common_tags(ctx, &card.author, &post.uri, &title, &words))
        link rel="canonical" href=(here);
        meta property="og:url" content=(here);
        meta property="og:type" content="article";
        meta property="article:published_time" content=(post.published_at.rfc3339());
        @match (picture, &card.author.icon) {
            (Some((name, alt)), _) => {
                meta property="og:image" content=(ctx.node.facts.origin.url(&format!("/media/{name}")));
                @if !alt.is_empty() { meta property="og:image:alt" content=(alt); }
                meta name="twitter:card" content="summary_large_image";
            }
            (None, Some(icon)) => { meta property="og:image" content=(ctx.node.facts.origin.url(&format!("/media/{icon}"))); }
            (None, None) => { meta property="og:image" content=(ctx.node.facts.origin.url("/assets/cabin.png")); }
        }
        @if !card.author.indexable || !matches!(post.audience, crate::base::Audience::Public) { meta name="robots" content="noindex"; }
    }
}

fn common_tags(ctx: &PageContext<'_>, owner: &Actor, uri: &str, title: &str, words: &str) -> Markup {
    html! {
        link rel="alternate" type=(ACTIVITY_TYPE) href=(uri);
        link rel="alternate" type="application/atom+xml" title={ "Posts by " (owner.name) } href={ (ctx.profile_path()) "/feed.atom" };
        meta property="og:site_name" content=(ctx.node.facts.origin.domain);
        meta property="og:title" content=(title);
        meta property="og:description" content=(words);
        meta name="description" content=(words);
        meta name="fediverse:creator" content={ "@" (owner.handle()) };
    }
}

fn one_line(html: &str) -> String {
    plain_text::from_html(html).split_whitespace().collect::<Vec<_>>().join(" ")
}
