//! `/post/{id}/edit`: the owner's own words once more, to be said better. The audience stays.

use actix_web::{HttpRequest, HttpResponse, web};
use maud::{Markup, html};

use super::compose::{Outcome, some};
use super::form::{Fields, Sent};
use super::language;
use super::layout::{self, Here, House, Page};
use super::login::capital;
use crate::base::id::{MediaId, PostId};
use crate::base::{Error, Result};
use crate::federation::Node;
use crate::federation::publish::{self, Edit};
use crate::store::attachments::Attachment;
use crate::store::cards::{self, Card};
use crate::text::{POST_CHARS, WARNING_CHARS, plain};
use crate::web::auth::{Owner, see_other};
use crate::web::edge::{PageError, blocking, sentence};

/// What stands in the form.
struct Filled {
    text: String,
    warning: String,
    language: String,
    sensitive: bool,
    problem: Option<String>,
}

impl Filled {
    fn of(card: &Card) -> Self {
        let post = &card.post;
        Self {
            text: post.source.clone().unwrap_or_else(|| plain::from_html(&post.content)),
            warning: post.warning.clone().unwrap_or_default(),
            language: post.language.clone().unwrap_or_default(),
            sensitive: post.sensitive,
            problem: None,
        }
    }

    fn from(fields: &Fields) -> Self {
        Self {
            text: fields.text("text").to_owned(),
            warning: fields.line("warning"),
            language: fields.line("language"),
            sensitive: fields.has("sensitive"),
            problem: None,
        }
    }
}

/// `GET /post/{id}/edit`.
pub async fn show(
    node: web::Data<Node>,
    owner: Owner,
    id: web::Path<PostId>,
    request: HttpRequest,
) -> Result<HttpResponse, PageError> {
    let (id, here) = (id.into_inner(), request.uri().path().to_owned());
    let markup = blocking(&node, move |node| page(node, &owner, id, &here, None));
    Ok(layout::private(markup.await?))
}

fn page(node: &Node, owner: &Owner, id: PostId, here: &str, filled: Option<&Filled>) -> Result<String> {
    node.store.read(|r| {
        let house = House::load(node, r, Some(owner), here)?;
        let card = cards::one(r, id)?;
        if card.author.id != owner.actor || card.boost.is_some() {
            return Err(Error::NotFound);
        }
        let fresh = Filled::of(&card);
        let body = form(&house, &card, filled.unwrap_or(&fresh));
        Ok(layout::document(&house, &Page::new("Edit", Here::Elsewhere, body)).into_string())
    })
}

fn form(house: &House<'_>, card: &Card, filled: &Filled) -> Markup {
    html! {
        h1.quiet { "Edit" }
        form.compose method="post" action={ "/post/" (card.post.id) "/edit" } {
            (house.token(""))
            @if let Some(problem) = &filled.problem { p.problem role="alert" { (problem) } }
            label.hidden for="text" { "Your words" }
            textarea #text name="text" rows="6" maxlength=(POST_CHARS) dir="auto" autofocus { (filled.text) }
            div.drawer {
                label for="warning" { "Content warning" }
                input #warning type="text" name="warning" value=(filled.warning) maxlength=(WARNING_CHARS);
                (language::field("Language", &filled.language))
                @if !card.attachments.is_empty() {
                    label.check { input type="checkbox" name="sensitive" value="yes" checked[filled.sensitive]; " Cover the pictures" }
                    @for file in &card.attachments { (kept(file)) }
                }
            }
            div.tools {
                span.count #count aria-live="polite" {}
                a.button href={ "/post/" (card.post.id) } { "Cancel" }
                button.main type="submit" { "Save" }
            }
        }
        p.note { "Everybody who has the post is sent the new words." @if card.poll.is_some() { " The poll stays as it is." } }
    }
}

fn kept(file: &Attachment) -> Markup {
    let shown = file.preview.as_ref().or(file.file.as_ref());
    html! {
        label.check.uploaded {
            input type="checkbox" name="keep" value=(file.id) checked;
            @if let Some(name) = shown { img src={ "/media/" (name) } alt=(file.alt) height="72"; }
            span { "Keep this picture" @if !file.alt.is_empty() { ": " bdi { (file.alt) } } }
        }
    }
}

/// `POST /post/{id}/edit`.
pub async fn send(node: web::Data<Node>, id: web::Path<PostId>, sent: Sent) -> Result<HttpResponse, PageError> {
    let (id, Sent { owner, fields }) = (id.into_inner(), sent);
    let outcome = blocking(&node, move |node| {
        let mut filled = Filled::from(&fields);
        let edit = Edit {
            text: filled.text.clone(),
            warning: some(&filled.warning),
            media: media(node, &owner, id, &fields)?,
            language: some(&filled.language),
            sensitive: filled.sensitive,
        };
        match publish::edit(node, id, edit) {
            Ok(()) => Ok(Outcome::Done(format!("/post/{id}"))),
            Err(problem @ (Error::Internal(_) | Error::NotFound)) => Err(problem),
            Err(problem) => {
                filled.problem = Some(capital(&sentence(&problem)));
                page(node, &owner, id, &format!("/post/{id}/edit"), Some(&filled)).map(Outcome::Again)
            }
        }
    });
    Ok(match outcome.await? {
        Outcome::Done(path) => see_other(&path),
        Outcome::Again(markup) => layout::refused(markup),
    })
}

/// The pictures that stay: those ticked, and only ones of this post.
fn media(node: &Node, owner: &Owner, id: PostId, fields: &Fields) -> Result<Vec<MediaId>> {
    let card = node.store.read(|r| cards::one(r, id))?;
    if card.author.id != owner.actor {
        return Err(Error::NotFound);
    }
    let ticked: Vec<MediaId> = fields.all("keep").filter_map(|id| id.parse().ok()).collect();
    Ok(card.attachments.iter().map(|file| file.id).filter(|id| ticked.contains(id)).collect())
}
