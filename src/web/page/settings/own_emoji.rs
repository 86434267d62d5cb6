//! `/settings/emoji`: the owner's custom emoji.

use actix_web::{HttpRequest, HttpResponse, web};
use maud::{Markup, html};

use crate::base::{Error, Result};
use crate::federation::{Node, owner::own_emoji as acts};
use crate::store::own_emoji::{self, OwnEmoji};
use crate::web::auth::{Owner, see_other};
use crate::web::blocking::{PageError, error_sentence, run_blocking};
use crate::web::page::form::{FormFields, OwnerForm};
use crate::web::page::layout::{self, NavigationEntry, PageContext, PageFrame};
use crate::web::page::login::capitalized;

/// `GET /settings/emoji`.
pub async fn show(node: web::Data<Node>, owner: Owner, request: HttpRequest) -> Result<HttpResponse, PageError> {
    let here = request.uri().path().to_owned();
    let markup = run_blocking(&node, move |node| page(node, &owner, &here, None));
    Ok(layout::private(markup.await?))
}

fn page(node: &Node, owner: &Owner, here: &str, problem: Option<&str>) -> Result<String> {
    node.store.read(|r| {
        let ctx = PageContext::load(node, r, Some(owner), here)?;
        let emoji = own_emoji::all(r)?;
        let body = html! {
            h1 { "Your own emoji" }
            @if let Some(problem) = problem { p.problem role="alert" { (problem) } }
            p { "Write their name between colons in posts, in your profile or as a reaction, like " code { ":cabin:" } "." }
            @if !emoji.is_empty() { ul.rows.emojis { @for one in &emoji { (row(&ctx, one)) } } }
            section.section {
                h2 { "Add one" }
                form.stack method="post" action="/settings/emoji/add" enctype="multipart/form-data" {
                    (ctx.token(""))
                    label for="picture" { "Image" }
                    input #picture type="file" name="picture" accept="image/png,image/gif,image/webp,image/jpeg" required;
                    label for="code" { "Name" }
                    input.short #code type="text" name="code" maxlength="42" placeholder="cabin" autocapitalize="off" spellcheck="false" required;
                    p.note { "It is made small, 128 pixels at most; an animated GIF of up to 256 KB keeps moving." }
                    button.main type="submit" { "Add" }
                }
            }
        };
        Ok(layout::document(&ctx, &PageFrame::new("Your own emoji", NavigationEntry::Settings, body)).into_string())
    })
}

fn row(ctx: &PageContext<'_>, emoji: &OwnEmoji) -> Markup {
    html! {
        li.line {
            img.emoji src={ "/media/" (emoji.file) } alt="" width="32" height="32";
            form method="post" action={ "/settings/emoji/rename" } {
                (ctx.token(""))
                input type="hidden" name="id" value=(emoji.id);
                input.short type="text" name="code" value=(emoji.code) aria-label={ "Name of " (emoji.code) } maxlength="42" autocapitalize="off" spellcheck="false";
                button.quiet type="submit" { "Rename" }
            }
            form method="post" action={ "/settings/emoji/remove" } {
                (ctx.token(""))
                input type="hidden" name="id" value=(emoji.id);
                button.quiet type="submit" aria-label={ "Remove " (emoji.code) } { "Remove" }
            }
        }
    }
}

/// `POST /settings/emoji/{act}`: add, rename, remove.
pub async fn save(node: web::Data<Node>, act: web::Path<String>, sent: OwnerForm) -> Result<HttpResponse, PageError> {
    let (act, OwnerForm { owner, mut fields }) = (act.into_inner(), sent);
    let refused = run_blocking(&node, move |node| match apply_action(node, &act, &mut fields) {
        Ok(()) => Ok(None),
        Err(problem @ (Error::Internal(_) | Error::NotFound)) => Err(problem),
        Err(problem) => page(node, &owner, "/settings/emoji", Some(&capitalized(&error_sentence(&problem)))).map(Some),
    });
    Ok(match refused.await? {
        None => see_other("/settings/emoji"),
        Some(markup) => layout::refused(markup),
    })
}

fn apply_action(node: &Node, act: &str, fields: &mut FormFields) -> Result<()> {
    let id = || fields.text("id").parse::<i64>().map_err(|_| Error::NotFound);
    match act {
        "add" => {
            let code = fields.line("code");
            let picture = fields.take_file("picture").ok_or_else(|| Error::invalid("choose an image first"))?;
            acts::add(node, &code, &picture)
        }
        "rename" => acts::rename(node, id()?, &fields.line("code")),
        "remove" => acts::remove(node, id()?),
        _ => Err(Error::NotFound),
    }
}
