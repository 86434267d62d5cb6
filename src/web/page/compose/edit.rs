//! `/post/{id}/edit`: edits a post. The audience stays.

use actix_web::{HttpRequest, HttpResponse, web};
use maud::{Markup, html};

use crate::base::id::PostId;
use crate::base::interaction_policy::{Interaction, PolicyChoice, PolicyChoices};
use crate::base::{Error, Result};
use crate::federation::Node;
use crate::federation::owner::publish::{self, MAX_ATTACHMENTS, PostChange};
use crate::store::posts::post_views::{self, PostView};
use crate::text::{MAX_ARTICLE_CHARS, MAX_CONTENT_WARNING_CHARS, plain_text};
use crate::web::auth::{Owner, see_other};
use crate::web::blocking::{PageError, error_sentence, run_blocking};
use crate::web::page::compose::language_field;
use crate::web::page::compose::{ComposeOutcome, some_text};
use crate::web::page::compose::{article_fields, uploads};
use crate::web::page::form::{FormFields, OwnerForm};
use crate::web::page::layout::{self, NavigationEntry, PageContext, PageFrame};
use crate::web::page::login::capitalized;
use crate::web::page::moderation::interaction_requests;

/// The contents of the form.
struct EditFields {
    text: String,
    warning: String,
    language: String,
    sensitive: bool,
    long: article_fields::ArticleFields,
    problem: Option<String>,
}

impl EditFields {
    fn of(card: &PostView) -> Self {
        let post = &card.post;
        Self {
            text: post.source.clone().unwrap_or_else(|| plain_text::from_html(&post.content)),
            warning: post.warning.clone().unwrap_or_default(),
            language: post.language.clone().unwrap_or_default(),
            sensitive: post.sensitive,
            long: article_fields::ArticleFields::of(post),
            problem: None,
        }
    }

    fn from(fields: &FormFields) -> Self {
        Self {
            text: fields.text("text").to_owned(),
            warning: fields.line("warning"),
            language: fields.line("language"),
            sensitive: fields.has("sensitive"),
            long: article_fields::ArticleFields::from(fields),
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
    let markup = run_blocking(&node, move |node| page(node, &owner, id, &here, None));
    Ok(layout::private(markup.await?))
}

fn page(node: &Node, owner: &Owner, id: PostId, here: &str, filled: Option<&EditFields>) -> Result<String> {
    node.store.read(|r| {
        let ctx = PageContext::load(node, r, Some(owner), here)?;
        let card = post_views::single_view(r, id)?;
        if card.author.id != owner.actor || card.boost.is_some() {
            return Err(Error::NotFound);
        }
        let fresh = EditFields::of(&card);
        let body = form(&ctx, &card, filled.unwrap_or(&fresh));
        Ok(layout::document(&ctx, &PageFrame::new("Edit", NavigationEntry::Elsewhere, body)).into_string())
    })
}

fn form(ctx: &PageContext<'_>, card: &PostView, filled: &EditFields) -> Markup {
    html! {
        h1.quiet { "Edit" }
        form.compose method="post" action={ "/post/" (card.post.id) "/edit" } enctype="multipart/form-data" {
            (ctx.token(""))
            @if let Some(problem) = &filled.problem { p.problem role="alert" { (problem) } }
            label.hidden for="text" { "Your text" }
            textarea #text name="text" rows="6" maxlength=(MAX_ARTICLE_CHARS) dir="auto" autofocus { (filled.text) }
            div.drawer {
                label for="warning" { "Content warning" }
                input #warning type="text" name="warning" value=(filled.warning) maxlength=(MAX_CONTENT_WARNING_CHARS);
                (language_field::field("Language", &filled.language))
                @if card.post.audience.is_open() { (interaction_requests::choose(choices(card))) }
                (article_fields::edit(&filled.long, &card.post))
                @if card.post.kind != "Question" {
                    label.check { input type="checkbox" name="sensitive" value="yes" checked[filled.sensitive]; " Hide images and videos behind the warning" }
                    (uploads::existing_file(&card.attachments))
                    @if card.attachments.len() < MAX_ATTACHMENTS { (uploads::upload_slots(MAX_ATTACHMENTS - card.attachments.len())) }
                }
            }
            div.tools {
                span.count #count aria-live="polite" {}
                a.button href={ "/post/" (card.post.id) } { "Cancel" }
                button.main type="submit" { "Save" }
            }
        }
        p.note {
            "Everybody who has the post gets the new version; earlier versions stay readable in its history."
            @if card.poll.is_some() { " The poll stays as it is." }
        }
    }
}

/// `POST /post/{id}/edit`.
pub async fn send(node: web::Data<Node>, id: web::Path<PostId>, sent: OwnerForm) -> Result<HttpResponse, PageError> {
    let (id, OwnerForm { owner, mut fields }) = (id.into_inner(), sent);
    let outcome = run_blocking(&node, move |node| {
        let mut filled = EditFields::from(&fields);
        match save(node, &owner, id, &filled, &mut fields) {
            Ok(()) => Ok(ComposeOutcome::Done(format!("/post/{id}"))),
            Err(problem @ (Error::Internal(_) | Error::NotFound)) => Err(problem),
            Err(problem) => {
                filled.problem = Some(capitalized(&error_sentence(&problem)));
                page(node, &owner, id, &format!("/post/{id}/edit"), Some(&filled)).map(ComposeOutcome::ShowAgain)
            }
        }
    });
    Ok(match outcome.await? {
        ComposeOutcome::Done(path) => see_other(&path),
        ComposeOutcome::ShowAgain(markup) => layout::refused(markup),
    })
}

/// Sends the words and files of the form: those ticked stay, only ones of this post, and new ones come behind them.
/// What was chosen for the post; what was never chosen is for everyone.
fn choices(card: &PostView) -> PolicyChoices {
    let of = |interaction| PolicyChoice::of(card.permission.policy.get(interaction)).unwrap_or_default();
    PolicyChoices {
        reply: of(Interaction::Reply),
        quote: of(Interaction::Quote),
        like: of(Interaction::Like),
        boost: of(Interaction::Boost),
    }
}

fn save(node: &Node, owner: &Owner, id: PostId, filled: &EditFields, fields: &mut FormFields) -> Result<()> {
    let card = node.store.read(|r| post_views::single_view(r, id))?;
    if card.author.id != owner.actor {
        return Err(Error::NotFound);
    }
    let (mut media, described) = uploads::changed_attachments(&card.attachments, fields);
    media.extend(uploads::store_uploads(node, fields, MAX_ATTACHMENTS.saturating_sub(media.len()))?);
    let has_title = card.post.title.is_some();
    let edit = PostChange {
        text: filled.text.clone(),
        warning: some_text(&filled.warning),
        media,
        changed_alt_texts: described,
        language: some_text(&filled.language),
        sensitive: filled.sensitive,
        title: has_title.then(|| filled.long.title.clone()),
        summary: (card.post.kind == "Article").then(|| filled.long.summary.clone()),
        markdown: Some(filled.long.markdown),
        policy_choices: interaction_requests::chosen(fields),
        ..PostChange::default()
    };
    publish::edit(node, id, edit)
}
