//! The compose form, on home and as a page for replies. Keeps the text when something is wrong with it.

pub(super) mod article_fields;
pub mod draft_list;
pub mod edit;
pub(super) mod language_field;
pub(super) mod scheduled;
pub(super) mod uploads;

use actix_web::{HttpRequest, HttpResponse, web};
use maud::{Markup, html};
use serde::Deserialize;

use super::form::{FormFields, OwnerForm};
use super::layout::{self, NavigationEntry, PageContext, PageFrame, icon};
use super::login::capitalized;
use super::post::post_card::{self, CardPlacement};
use super::{moderation::interaction_requests, people::actor_widgets, post::poll};
use crate::base::id::{ActorId, DraftId, PostId};
use crate::base::interaction_policy::{Interaction, PolicyChoices};
use crate::base::{Audience, Error, Result};
use crate::federation::owner::publish::{self, MAX_ATTACHMENTS, NewPost};
use crate::federation::{Node, owner::scheduling};
use crate::store::posts::attachments::{self, PostAttachment};
use crate::store::posts::post_views::{self, PostView};
use crate::store::{
    self, Read, actors,
    posts::{self, drafts},
};
use crate::text::MAX_ARTICLE_CHARS;
use crate::web::auth::{Owner, see_other};
use crate::web::blocking::{PageError, error_sentence, run_blocking};
use article_fields::TitleField;

/// The contents of the form.
#[derive(Debug, Clone, Default)]
pub struct ComposeFields {
    /// The text.
    pub text: String,
    /// The content warning so far.
    pub warning: String,
    /// Who may read it.
    pub audience: Option<Audience>,
    /// BCP 47.
    pub language: String,
    /// Images start covered.
    pub sensitive: bool,
    /// The poll so far.
    pub poll: poll::PollFields,
    /// The post it replies to.
    pub reply_to: Option<PostId>,
    /// The group it is posted to.
    pub group: Option<ActorId>,
    /// Title and Markdown: a title begins a thread in a group and makes an article elsewhere.
    pub long: article_fields::ArticleFields,
    /// The post it quotes.
    pub quote: Option<PostId>,
    /// The interaction policy; None is the settings'.
    pub choices: Option<PolicyChoices>,
    /// Draft or schedule.
    pub later: scheduled::ScheduleFields,
    /// The files it has already.
    pub files: Vec<PostAttachment>,
    /// A hint about the post being replied to or quoted.
    pub hint: Option<String>,
    /// The error to show.
    pub problem: Option<String>,
    /// Its name on the button.
    pub button: Option<&'static str>,
}

impl ComposeFields {
    /// An empty form with the owner's settings.
    pub fn for_new_post(r: &Read<'_>) -> Result<Self> {
        let settings = store::node::settings(r)?;
        let audience = settings.audience.parse().unwrap_or(Audience::Public);
        let choices = Some(settings.choices());
        let long =
            article_fields::ArticleFields { markdown: settings.markdown, ..article_fields::ArticleFields::default() };
        Ok(Self { audience: Some(audience), choices, language: settings.language, long, ..Self::default() })
    }

    /// A reply form: mentions, content warning and audience taken from the parent.
    pub fn for_reply(r: &Read<'_>, ctx: &PageContext<'_>, parent: &PostView) -> Result<Self> {
        let fresh = Self::for_new_post(r)?;
        let mut names: Vec<String> = Vec::new();
        if !ctx.is_owner(&parent.author) {
            names.push(parent.author.handle());
        }
        let own = ctx.owner.as_ref().map(|owner| owner.uri.as_str());
        for mention in parent.mentions.iter().filter(|mention| Some(mention.uri.as_str()) != own) {
            if !names.contains(&mention.handle) {
                names.push(mention.handle.clone());
            }
        }
        Ok(Self {
            text: names.iter().map(|name| format!("@{name} ")).collect(),
            warning: parent.post.warning.clone().unwrap_or_default(),
            audience: fresh.audience.max(Some(parent.post.audience)),
            language: for_reply_in(r, parent, &fresh.language)?,
            reply_to: Some(parent.post.id),
            hint: interaction_requests::hint(ctx, parent, Interaction::Reply),
            button: Some("Reply"),
            ..fresh
        })
    }

    /// The form for a draft. Its parent or quoted post may be gone.
    fn from_draft(r: &Read<'_>, id: DraftId) -> Result<Self> {
        let kept = drafts::get(r, id)?;
        let (draft, fresh) = (scheduling::to_new_post(&kept), Self::for_new_post(r)?);
        let here = |id: Option<PostId>| id.filter(|id| post_views::single_view(r, *id).is_ok());
        let (reply_to, quote) = (here(draft.reply_to), here(draft.quote));
        let lost = reply_to != draft.reply_to || quote != draft.quote;
        let text = |text: Option<String>| text.unwrap_or_default();
        Ok(Self {
            text: draft.text,
            warning: text(draft.warning),
            audience: Some(draft.audience),
            language: draft.language.unwrap_or(fresh.language),
            sensitive: draft.sensitive,
            poll: draft.poll.as_ref().map(poll::PollFields::of).unwrap_or_default(),
            reply_to,
            quote,
            group: draft.group,
            long: article_fields::ArticleFields {
                title: text(draft.title),
                summary: text(draft.summary),
                markdown: draft.markdown.unwrap_or(fresh.long.markdown),
            },
            choices: draft.choices.or(fresh.choices),
            files: attachments::by_ids(r, &draft.media)?,
            later: scheduled::ScheduleFields::of(&kept),
            hint: lost.then(|| "The post it replied to or quoted is not there any more.".to_owned()),
            ..Self::default()
        })
    }

    fn from(fields: &FormFields) -> Self {
        Self {
            text: fields.text("text").to_owned(),
            warning: fields.line("warning"),
            audience: fields.text("audience").parse().ok(),
            language: fields.line("language"),
            sensitive: fields.has("sensitive"),
            poll: poll::PollFields::from(fields),
            reply_to: fields.text("reply_to").parse().ok(),
            quote: fields.text("quote").parse().ok(),
            choices: interaction_requests::chosen(fields),
            group: fields.text("group").parse().ok(),
            long: article_fields::ArticleFields::from(fields),
            later: scheduled::ScheduleFields::from(fields),
            ..Self::default()
        }
    }
}

/// The initial language of a reply: the parent's when the owner writes in it, too.
fn for_reply_in(r: &Read<'_>, parent: &PostView, usual: &str) -> Result<String> {
    let spoken = parent.post.language.as_deref().filter(|tag| *tag != usual);
    let Some(spoken) = spoken else { return Ok(usual.to_owned()) };
    let own = posts::recent_languages(r, store::node::owner(r)?)?;
    Ok(if own.iter().any(|tag| tag == spoken) { spoken } else { usual }.to_owned())
}

/// The form.
pub fn form(ctx: &PageContext<'_>, filled: &ComposeFields) -> Markup {
    let reply = filled.reply_to.is_some();
    let hint = if reply { "Your reply" } else { "What’s going on?" };
    html! {
        form.compose method="post" action="/compose" enctype="multipart/form-data" aria-label="Write a post" {
            (ctx.token(""))
            @if let Some(id) = filled.reply_to { input type="hidden" name="reply_to" value=(id); }
            @if let Some(id) = filled.quote { input type="hidden" name="quote" value=(id); }
            @if let Some(hint) = &filled.hint { p.note role="note" { (hint) } }
            @if let Some(problem) = &filled.problem { p.problem role="alert" { (problem) } }
            @if let Some(group) = filled.group {
                input type="hidden" name="group" value=(group);
                label for="title" { "Title" }
                input #title type="text" name="title" value=(filled.long.title) maxlength=(publish::MAX_TITLE_CHARS) dir="auto";
                p.note { "A title begins a thread; on Mastodon it is all that is seen, with a link. Leave it empty for a short post." }
            }
            label.hidden for="text" { (hint) }
            textarea #text name="text" rows="3" placeholder=(hint) maxlength=(MAX_ARTICLE_CHARS) data-count="count" dir="auto" { (filled.text) }
            @if !filled.files.is_empty() { div.drawer { (uploads::existing_file(&filled.files)) } }
            div.tools {
                (uploads::upload_fields())
                @if filled.group.is_none() { (poll::compose_fields(&filled.poll)) }
                (article_fields::compose_fields(&filled.long, if reply || filled.group.is_some() { TitleField::Absent } else { TitleField::Editable }))
                (content_warning_field(filled))
                (language_field::compose_field(&filled.language))
                (policy_fields(filled))
                (scheduled::schedule_fields(&filled.later))
                span.count #count aria-live="polite" {}
                (audience_choice(filled.audience.unwrap_or(Audience::Public)))
                button.main type="submit" { (filled.button.unwrap_or("Post")) }
            }
        }
    }
}

fn content_warning_field(filled: &ComposeFields) -> Markup {
    html! {
        details.tool open[!filled.warning.is_empty() || filled.sensitive] {
            summary title="Content warning" { (icon("warning")) span.label { "Warning" } }
            div.drawer {
                label for="warning" { "Content warning" }
                input #warning type="text" name="warning" value=(filled.warning) maxlength=(crate::text::MAX_CONTENT_WARNING_CHARS)
                    placeholder="What it is about, shown before the rest";
                label.check { input type="checkbox" name="sensitive" value="yes" checked[filled.sensitive]; " Hide images and videos behind the warning" }
            }
        }
    }
}

fn policy_fields(filled: &ComposeFields) -> Markup {
    html! {
        details.tool {
            summary title="Who may reply, quote, like and boost" { (icon("people")) span.label { "Who may reply" } }
            div.drawer { (interaction_requests::choose(filled.choices.unwrap_or_default())) }
        }
    }
}

/// The audience field.
pub fn audience_choice(chosen: Audience) -> Markup {
    html! {
        label.hidden for="audience" { "Who may read it" }
        select #audience name="audience" title="Who may read it" {
            @for audience in Audience::ALL {
                option value=(audience.as_word()) selected[audience == chosen] { (post_card::audience_text(audience)) }
            }
        }
    }
}

/// The query of `GET /compose`.
#[derive(Debug, Deserialize)]
pub struct ComposeQuery {
    reply_to: Option<PostId>,
    quote: Option<PostId>,
    group: Option<ActorId>,
    draft: Option<DraftId>,
    text: Option<String>,
}

/// `GET /compose`: the form as a page, below the parent of a reply, or with the text of a draft.
pub async fn show(
    node: web::Data<Node>,
    owner: Owner,
    asked: web::Query<ComposeQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, PageError> {
    let here = request.uri().to_string();
    let asked = asked.into_inner();
    let markup = run_blocking(&node, move |node| {
        node.store.read(|r| {
            let ctx = PageContext::load(node, r, Some(&owner), &here)?;
            if let Some(draft) = asked.draft {
                let filled = ComposeFields::from_draft(r, draft)?;
                let parent = filled.reply_to.map(|id| post_views::single_view(r, id)).transpose()?;
                return page(r, &ctx, parent.as_ref(), &filled);
            }
            let parent = asked.reply_to.map(|id| post_views::single_view(r, id)).transpose()?;
            let mut filled = match &parent {
                Some(parent) => ComposeFields::for_reply(r, &ctx, parent)?,
                None => ComposeFields::for_new_post(r)?,
            };
            let quoted = asked.quote.map(|id| post_views::single_view(r, id)).transpose()?;
            if let Some(quoted) = &quoted {
                filled.quote = Some(quoted.post.id);
                filled.hint = filled.hint.or_else(|| interaction_requests::hint(&ctx, quoted, Interaction::Quote));
            }
            filled.text.push_str(asked.text.as_deref().unwrap_or_default());
            filled.group = asked.group.filter(|_| parent.is_none());
            page(r, &ctx, parent.as_ref(), &filled)
        })
    });
    Ok(layout::private(markup.await?))
}

fn page(r: &Read<'_>, ctx: &PageContext<'_>, parent: Option<&PostView>, filled: &ComposeFields) -> Result<String> {
    let title = if parent.is_some() { "Reply" } else { "Write" };
    let group = filled.group.map(|id| actors::by_id(r, id)).transpose()?;
    let quoted = filled.quote.map(|id| post_views::single_view(r, id)).transpose()?;
    let body = html! {
        h1.quiet { (title) @if let Some(group) = &group { " in " (actor_widgets::mention(ctx, group)) } }
        @if let Some(parent) = parent { (post_card::card(ctx, parent, CardPlacement::Above)) }
        (form(ctx, filled))
        @if let Some(quoted) = &quoted { (post_card::card(ctx, quoted, CardPlacement::Above)) }
    };
    Ok(layout::document(ctx, &PageFrame::new(title, NavigationEntry::Elsewhere, body)).into_string())
}

/// `POST /compose`: publishes and leads to the post, or stores a draft or scheduled post and leads to the drafts. An
/// error is shown above the form with its text.
pub async fn send(node: web::Data<Node>, sent: OwnerForm) -> Result<HttpResponse, PageError> {
    let OwnerForm { owner, mut fields } = sent;
    let answer = run_blocking(&node, move |node| {
        let mut filled = ComposeFields::from(&fields);
        match publish(node, &filled, &mut fields) {
            Ok(path) => Ok(ComposeOutcome::Done(path)),
            Err(problem @ (Error::Internal(_) | Error::NotFound)) => Err(problem),
            Err(problem) => {
                filled.problem = Some(capitalized(&error_sentence(&problem)));
                show_again(node, &owner, &filled).map(ComposeOutcome::ShowAgain)
            }
        }
    });
    Ok(match answer.await? {
        ComposeOutcome::Done(path) => see_other(&path),
        ComposeOutcome::ShowAgain(markup) => layout::refused(markup),
    })
}

/// The result of a form.
pub enum ComposeOutcome {
    /// A path.
    Done(String),
    /// A document.
    ShowAgain(String),
}

fn publish(node: &Node, filled: &ComposeFields, fields: &mut FormFields) -> Result<String> {
    let audience = filled.audience.ok_or_else(|| Error::invalid("Choose who may read it."))?;
    let due = filled.later.due(node.clock().now())?;
    let kept = filled.later.draft.map(|id| node.store.read(|r| drafts::get(r, id))).transpose()?;
    let (mut media, described) = match &kept {
        Some(kept) => {
            let files = node.store.read(|r| attachments::by_ids(r, &scheduling::to_new_post(kept).media))?;
            uploads::changed_attachments(&files, fields)
        }
        None => (Vec::new(), Vec::new()),
    };
    media.extend(uploads::store_uploads(node, fields, MAX_ATTACHMENTS.saturating_sub(media.len()))?);
    if filled.text.trim().is_empty() && media.is_empty() && filled.quote.is_none() {
        return Err(Error::invalid("The post is empty: write something or add an image."));
    }
    node.store.write(move |w| attachments::update_unattached_descriptions(w, &described))?;
    let draft = NewPost {
        warning: some_text(&filled.warning),
        reply_to: filled.reply_to,
        media,
        language: some_text(&filled.language),
        sensitive: filled.sensitive,
        group: filled.group,
        title: some_text(&filled.long.title),
        summary: some_text(&filled.long.summary),
        markdown: Some(filled.long.markdown),
        poll: filled.poll.poll(),
        quote: filled.quote,
        choices: filled.choices,
        from: filled.later.draft,
        ..NewPost::new(filled.text.clone(), audience)
    };
    if filled.later.keep {
        return scheduling::save_draft(node, draft).map(|id| format!("/drafts#d{id}"));
    }
    match due {
        Some(due) => scheduling::schedule(node, draft, due).map(|id| format!("/drafts#d{id}")),
        None => publish::post(node, draft).map(|id| format!("/post/{id}")),
    }
}

/// A text, unless it is blank.
pub fn some_text(text: &str) -> Option<String> {
    Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned)
}

fn show_again(node: &Node, owner: &Owner, filled: &ComposeFields) -> Result<String> {
    node.store.read(|r| {
        let ctx = PageContext::load(node, r, Some(owner), "/compose")?;
        let parent = filled.reply_to.and_then(|id| post_views::single_view(r, id).ok());
        let kept = filled.later.draft.and_then(|id| drafts::get(r, id).ok());
        let files = kept.map(|kept| attachments::by_ids(r, &scheduling::to_new_post(&kept).media)).transpose()?;
        page(r, &ctx, parent.as_ref(), &ComposeFields { files: files.unwrap_or_default(), ..filled.clone() })
    })
}
