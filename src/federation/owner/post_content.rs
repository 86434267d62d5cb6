//! Renders and validates the content of the owner's posts: plain text or Markdown to HTML, mentions resolved over the
//! network. Writes nothing.

use crate::base::{Error, Result};
use crate::federation::owner::draft::MAX_ATTACHMENTS;
use crate::federation::owner::draft::PostChange;
use crate::federation::{Node, media, remote::resolve};
use crate::social::document;
use crate::social::poll::PollRevision;
use crate::social::post::RenderedPost;
use crate::store::actors;
use crate::store::posts::attachments::AttachmentChange;
use crate::store::posts::{PostHashtag, PostMention};
use crate::text::markdown::{self, MarkdownProfile};
use crate::text::{self, Handle, RenderedText, ResolvedMention, post_length};

/// Maximum number of mentioned actors per post.
const MAX_MENTIONS: usize = 50;

/// The markup of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::federation) enum TextMarkup {
    /// Plain text.
    Plain,
    /// Markdown, with the profile for a note or an article.
    Markdown(MarkdownProfile),
}

/// What limits the length of a text.
#[derive(Debug, Clone, Copy)]
pub(in crate::federation) struct LengthLimit {
    /// An article may be long.
    pub(in crate::federation) profile: MarkdownProfile,
    /// It quotes a post: it may be empty.
    pub(in crate::federation) is_quote: bool,
}

/// Validates a text, resolves its mentions, and renders it as HTML.
pub(in crate::federation) fn render_post(
    node: &Node,
    edit: PostChange,
    form: TextMarkup,
    measure: LengthLimit,
) -> Result<RenderedPost> {
    let source = edit.text.trim().to_owned();
    if source.is_empty() && edit.media.is_empty() && !measure.is_quote {
        return Err(Error::invalid("this post is empty"));
    }
    let warning = edit.warning.map(|w| text::plain_text::line(&w, usize::MAX)).filter(|w| !w.is_empty());
    if warning.as_ref().is_some_and(|w| w.chars().count() > text::MAX_CONTENT_WARNING_CHARS) {
        return Err(Error::invalid(format!(
            "a content warning has {} characters at most",
            text::MAX_CONTENT_WARNING_CHARS
        )));
    }
    check_length(&source, warning.as_deref().unwrap_or_default(), measure.profile)?;
    if edit.media.len() > MAX_ATTACHMENTS {
        return Err(Error::invalid(format!("a post can have {MAX_ATTACHMENTS} attachments at most")));
    }
    let anew = |one: AttachmentChange| Ok(AttachmentChange { alt: media::check_alt_text(&one.alt)?, ..one });
    let described = edit.changed_alt_texts.into_iter().map(anew).collect::<Result<_>>()?;
    let language = edit.language.map(|said| text::language::read(&said).ok_or(said)).transpose();
    let language = language.map_err(|said| {
        Error::invalid(format!("{said} is not a known language: use its name, or a code such as en, nb or pt-BR"))
    })?;
    let summary =
        edit.summary.map(|summary| check_plain_line(&summary, text::MAX_ABSTRACT_CHARS, "a summary")).transpose()?;
    let (composed, mentions) = render_text(node, &source, form)?;
    Ok(RenderedPost {
        html: composed.html,
        sensitive: edit.sensitive || warning.is_some(),
        warning,
        language,
        mentions,
        hashtags: composed.tags.into_iter().map(|name| PostHashtag { display_name: name.clone(), name }).collect(),
        media: edit.media,
        changed_alt_texts: described,
        summary,
        markdown: form != TextMarkup::Plain,
        poll: None,
        poll_revision: PollRevision::Unchanged,
        quote: None,
        app: None,
        policy_choices: edit.policy_choices,
        source,
        title: None,
        group: None,
    })
}

/// Checks the length of a text.
fn check_length(source: &str, warning: &str, length: MarkdownProfile) -> Result<()> {
    if source.chars().count() > text::MAX_ARTICLE_CHARS {
        return Err(Error::invalid(format!("a post has {} characters at most", text::MAX_ARTICLE_CHARS)));
    }
    if length == MarkdownProfile::Note && post_length::of(source) + post_length::of(warning) > text::MAX_NOTE_CHARS {
        let most = text::MAX_NOTE_CHARS;
        return Err(Error::invalid(format!(
            "a post has {most} characters at most; with a title it is an article and may be longer"
        )));
    }
    Ok(())
}

/// The HTML of a text, its hashtags, and its mentions.
pub(in crate::federation) fn render_text(
    node: &Node,
    source: &str,
    form: TextMarkup,
) -> Result<(RenderedText, Vec<PostMention>)> {
    let named = match form {
        TextMarkup::Plain => text::mentions_in(source),
        TextMarkup::Markdown(_) => markdown::mentions_in(source),
    };
    let (people, mentions) = mentioned_actors(node, named)?;
    let tags = document::hashtag_base_url(&node.facts.origin);
    let composed = match form {
        TextMarkup::Plain => text::to_html(source, &people, &tags),
        TextMarkup::Markdown(length) => markdown::to_html(source, &people, &tags, length),
    };
    Ok((composed, mentions))
}

/// A one-line text such as a title, within its limit; None when it is blank.
pub(in crate::federation) fn check_plain_line(text: &str, most: usize, what: &str) -> Result<Option<String>> {
    let line = text::plain_text::line(text, usize::MAX);
    match line.chars().count() {
        0 => Ok(None),
        n if n <= most => Ok(Some(line)),
        _ => Err(Error::invalid(format!("{what} has {most} characters at most"))),
    }
}

/// The mentioned actors that can be found. An unknown one stays plain text, so that a typo does not prevent the post.
fn mentioned_actors(node: &Node, named: Vec<Handle>) -> Result<(Vec<ResolvedMention>, Vec<PostMention>)> {
    let mut people = Vec::new();
    let mut mentions: Vec<PostMention> = Vec::new();
    for handle in named.into_iter().take(MAX_MENTIONS) {
        let id = match resolve::by_handle(node, &handle) {
            Ok(id) => id,
            Err(Error::Internal(error)) => return Err(Error::Internal(error)),
            Err(error) => {
                tracing::info!(%error, %handle, "a mention was not found");
                continue;
            }
        };
        let actor = node.store.read(|r| actors::by_id(r, id))?;
        people.push(ResolvedMention { handle, url: actor.url.clone() });
        if !mentions.iter().any(|m| m.uri == actor.uri) {
            mentions.push(PostMention { handle: actor.handle(), uri: actor.uri, url: actor.url });
        }
    }
    Ok((people, mentions))
}
