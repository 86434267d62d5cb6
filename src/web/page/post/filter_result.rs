//! Effect of the owner's filters on a post card: hidden, or collapsed behind the filter's title.

use maud::{Markup, html};

use crate::store::posts::post_views::PostView;
use crate::store::timelines::filters::FilterAction;
use crate::web::page::layout::{PageContext, icon};

/// The effect of the filters on a post, and the filter.
pub fn filter_result(ctx: &PageContext<'_>, card: &PostView) -> Option<(FilterAction, String)> {
    if ctx.session.is_none() || ctx.is_owner(&card.author) { None } else { ctx.sieve.strictest_action(card) }
}

/// Whether a post is not shown here at all.
pub fn is_hidden(ctx: &PageContext<'_>, card: &PostView) -> bool {
    matches!(filter_result(ctx, card), Some((FilterAction::Hide, _)))
}

/// The filter that folds the images of a post, and nothing else of it.
pub fn is_blurred(ctx: &PageContext<'_>, card: &PostView) -> Option<String> {
    match filter_result(ctx, card) {
        Some((FilterAction::Blur, title)) if !card.attachments.is_empty() => Some(title),
        _ => None,
    }
}

/// Anything behind the title of a filter.
pub fn collapsed(title: &str, inner: &Markup) -> Markup {
    html! {
        details.warning.sifted {
            summary { (icon("hidden")) span { "Filtered: " bdi { (title) } } }
            (inner)
        }
    }
}
