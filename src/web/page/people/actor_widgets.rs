//! Actors on a page: avatar, name, handle, link. Names are plain text; the server is always shown.

use maud::{Markup, PreEscaped, html};

use crate::store::actors::{Actor, CustomEmoji};
use crate::text::{escape, plain_text};
use crate::web::page::layout::PageContext;

/// Muted colours of letter images; the style sheet knows them as `h0` to `h5`.
const AVATAR_COLORS: u64 = 6;

/// The page of an actor: ours for the owner, their own for visitors.
pub fn path(ctx: &PageContext<'_>, actor: &Actor) -> String {
    if ctx.session.is_some() {
        format!("/people/{}", actor.id)
    } else if ctx.is_owner(actor) {
        ctx.profile_path()
    } else {
        remote_link(&actor.url).to_owned()
    }
}

/// A remote URL, if a browser may follow it.
pub fn remote_link(url: &str) -> &str {
    if url.starts_with("https://") || url.starts_with("http://") { url } else { "#" }
}

/// The avatar, or a coloured letter. Hidden from screen readers: the name is beside it.
pub fn avatar(ctx: &PageContext<'_>, actor: &Actor) -> Markup {
    html! {
        @if let Some(url) = ctx.owner_image(actor, actor.icon.as_deref()) {
            img.face.u-photo src=(url) alt="" width="48" height="48" loading="lazy" decoding="async";
        } @else {
            (letter_avatar(actor))
        }
    }
}

/// The first letter of the name on a colour that depends on the actor.
pub fn letter_avatar(actor: &Actor) -> Markup {
    let first = actor.name.chars().find(|c| c.is_alphanumeric()).unwrap_or('·');
    let sum = actor.username.bytes().fold(0u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)));
    html! { span class={ "face letter h" (sum % AVATAR_COLORS) } aria-hidden="true" { (first.to_uppercase()) } }
}

/// The display name with its images, on one line.
pub fn name(ctx: &PageContext<'_>, actor: &Actor) -> Markup {
    let name = plain_text::one_line(&actor.name);
    let name = if name.is_empty() { actor.username.clone() } else { name };
    html! { bdi { (PreEscaped(emoji(ctx, &escape(&name), &actor.emoji))) } }
}

/// `@user@host`, isolated in text direction.
pub fn handle(actor: &Actor) -> Markup {
    html! { bdi.handle translate="no" { "@" (actor.username) "@" (actor.host) } }
}

/// The name as a link with the handle as title, for sentences.
pub fn mention(ctx: &PageContext<'_>, actor: &Actor) -> Markup {
    html! { a.name href=(path(ctx, actor)) title={ "@" (actor.handle()) } { (name(ctx, actor)) } }
}

/// A row of a list of actors; `more` is added at its end.
pub fn row(ctx: &PageContext<'_>, actor: &Actor, more: &Markup) -> Markup {
    html! {
        li.person {
            a href=(path(ctx, actor)) tabindex="-1" aria-hidden="true" { (avatar(ctx, actor)) }
            div.who {
                a.name href=(path(ctx, actor)) { (name(ctx, actor)) }
                (handle(actor))
            }
            div.do { (more) }
        }
    }
}

/// A button that posts an action about an actor.
pub fn action_button(ctx: &PageContext<'_>, actor: &Actor, act: &str, word: &str, class: &str) -> Markup {
    html! {
        form method="post" action={ "/people/" (actor.id) "/" (act) } {
            (ctx.token(""))
            button class=(class) type="submit" aria-label={ (word) ": " (actor.name) } { (word) }
        }
    }
}

/// Replaces custom emoji in safe HTML, outside its tags.
pub fn emoji(ctx: &PageContext<'_>, safe: &str, known: &[CustomEmoji]) -> String {
    if known.is_empty() || !safe.contains(':') {
        return safe.to_owned();
    }
    let picture = |code: &str| {
        let emoji = known.iter().find(|emoji| emoji.code == code)?;
        let ours = emoji.url.strip_prefix(&ctx.node.facts.origin.url("")).filter(|path| path.starts_with("/media/"));
        let url = ours.map_or_else(|| crate::web::files::proxied(ctx.node, &emoji.url), str::to_owned);
        let (url, code) = (escape(&url), escape(code));
        Some(format!(
            "<img class=\"emoji\" src=\"{url}\" alt=\":{code}:\" title=\":{code}:\" width=\"20\" height=\"20\" loading=\"lazy\">"
        ))
    };
    text_outside_tags(safe, |words| with_custom_emoji(words, picture))
}

/// Applies `change` to the text between tags; tags, quoted attributes included, stay as they are.
fn text_outside_tags(html: &str, change: impl Fn(&str) -> String) -> String {
    let mut out = String::with_capacity(html.len() * 2);
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        let (words, from_tag) = rest.split_at(start);
        out.push_str(&change(words));
        let mut quote = None;
        let end = from_tag.char_indices().find_map(|(at, c)| {
            match (quote, c) {
                (None, '"' | '\'') => quote = Some(c),
                (Some(open), _) if open == c => quote = None,
                (None, '>') => return Some(at + 1),
                _ => {}
            }
            None
        });
        let (tag, after) = from_tag.split_at(end.unwrap_or(from_tag.len()));
        out.push_str(tag);
        rest = after;
    }
    out.push_str(&change(rest));
    out
}

fn with_custom_emoji(words: &str, picture: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(words.len());
    let mut parts = words.split(':').peekable();
    out.push_str(parts.next().unwrap_or_default());
    while let Some(part) = parts.next() {
        match picture(part).filter(|_| parts.peek().is_some()) {
            Some(image) => {
                out.push_str(&image);
                out.push_str(parts.next().unwrap_or_default());
            }
            None => {
                out.push(':');
                out.push_str(part);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emoji_stand_in_words_but_never_in_tags() {
        let picture = |code: &str| (code == "hut").then(|| "[HUT]".to_owned());
        let change = |words: &str| with_custom_emoji(words, picture);
        let said = text_outside_tags("a :hut: at 10:30 <a href=\"x:hut:y>z\">:hut::hut:</a> :no: :hut", change);
        assert_eq!(said, "a [HUT] at 10:30 <a href=\"x:hut:y>z\">[HUT][HUT]</a> :no: :hut");
    }

    #[test]
    fn only_web_links_lead_outside() {
        assert_eq!(remote_link("https://example.org/@a"), "https://example.org/@a");
        assert_eq!(remote_link("javascript:alert(1)"), "#");
    }
}
