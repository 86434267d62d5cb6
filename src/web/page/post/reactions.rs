//! Emoji reactions below a post: counts, buttons, and the owner's custom emoji.

use maud::{Markup, PreEscaped, html};

use crate::base::Result;
use crate::base::id::PostId;
use crate::federation::{Node, owner::publish};
use crate::store::actors::CustomEmoji;
use crate::store::posts::post_views::PostView;
use crate::store::posts::reactions::{ReactionCount, ReactionEmoji};
use crate::text::escape;
use crate::web::page::form::FormFields;
use crate::web::page::layout::{PageContext, icon};
use crate::web::page::{formatting, people::actor_widgets};

/// Offered without typing.
const QUICK_REACTIONS: [&str; 6] = ["👍", "❤️", "😂", "🎉", "😮", "😢"];

/// The emoji, as text or as proxied image.
pub fn reaction_image(ctx: &PageContext<'_>, sign: &ReactionEmoji) -> Markup {
    let code = sign.name.trim_matches(':').to_owned();
    let known: Vec<CustomEmoji> =
        sign.url.iter().map(|url| CustomEmoji { code: code.clone(), url: url.clone() }).collect();
    html! { bdi { (PreEscaped(actor_widgets::emoji(ctx, &escape(&sign.name), &known))) } }
}

/// The reactions of a post. The owner adds or removes one by pressing it.
pub fn reaction_row(ctx: &PageContext<'_>, card: &PostView) -> Markup {
    html! {
        @if !card.reactions.is_empty() {
            div.reactions aria-label="Reactions" {
                @for count in &card.reactions {
                    @if ctx.session.is_some() { (is_available(ctx, card, count)) }
                    @else { span.reaction { (reaction_image(ctx, &count.emoji)) " " (formatting::number(count.count.into())) } }
                }
            }
        }
    }
}

fn is_available(ctx: &PageContext<'_>, card: &PostView, count: &ReactionCount) -> Markup {
    let (act, word) = if count.by_owner { ("unreact", "Remove reaction") } else { ("react", "React with") };
    html! {
        form method="post" action={ "/post/" (card.post.id) "/" (act) } {
            (ctx.token(&format!("#p{}", card.id)))
            input type="hidden" name="emoji" value=(count.emoji.name);
            @if let Some(url) = &count.emoji.url { input type="hidden" name="url" value=(url); }
            button.reaction type="submit" aria-pressed=(if count.by_owner { "true" } else { "false" })
                title={ (word) " " (count.emoji.name) } aria-label={ (word) " " (count.emoji.name) ", " (formatting::number(count.count.into())) } {
                (reaction_image(ctx, &count.emoji)) " " (formatting::number(count.count.into()))
            }
        }
    }
}

/// A choice of emoji and a field for any other, in the menu of a post.
pub fn emoji_choice(ctx: &PageContext<'_>, card: &PostView) -> Markup {
    html! {
        details {
            summary { (icon("smile")) "React…" }
            form.react method="post" action={ "/post/" (card.post.id) "/react" } {
                (ctx.token(&format!("#p{}", card.id)))
                div.line {
                    input type="text" name="typed" maxlength="60" aria-label="An emoji, or the :name: of one of yours" placeholder="🎉 or :name:" autocomplete="off" autocapitalize="off";
                    button type="submit" { "React" }
                }
                div.quick { @for emoji in QUICK_REACTIONS { button type="submit" name="emoji" value=(emoji) aria-label={ "React with " (emoji) } { (emoji) } } }
            }
        }
    }
}

/// A form of [`choice`] or of [`row`] was sent.
pub fn react(node: &Node, id: PostId, fields: &FormFields) -> Result<()> {
    let emoji = if fields.has("emoji") { fields.line("emoji") } else { fields.line("typed") };
    let url = fields.line("url");
    publish::react(node, id, emoji, Some(url).filter(|url| !url.is_empty()))
}
