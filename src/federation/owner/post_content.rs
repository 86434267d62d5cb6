//! The owner's words on their way to HTML: plain text or Markdown, short or long, with everyone they name looked up. Asks
//! the network; writes nothing.

use crate::base::{Error, Result};
use crate::federation::owner::draft::Edit;
use crate::federation::owner::publish::PICTURES;
use crate::federation::{Node, media, remote::resolve};
use crate::social::document;
use crate::social::poll::Revised;
use crate::social::post::Words;
use crate::store::actors;
use crate::store::posts::attachments::Described;
use crate::store::posts::{Hashtag, Mention};
use crate::text::markdown::{self, Length};
use crate::text::{self, Composed, Handle, Person, post_length};

/// People one post names at most.
const MENTIONS: usize = 50;

/// How a text is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::federation) enum Form {
    /// As typed.
    Plain,
    /// Markdown, made for a note or an article.
    Markdown(Length),
}

/// What a text is measured by.
#[derive(Debug, Clone, Copy)]
pub(in crate::federation) struct Measure {
    /// An article may be long.
    pub(in crate::federation) length: Length,
    /// It quotes: that alone says something.
    pub(in crate::federation) quotes: bool,
}

/// Checks what is to be said, resolves whom it names, and makes it HTML.
pub(in crate::federation) fn words(node: &Node, edit: Edit, form: Form, measure: Measure) -> Result<Words> {
    let source = edit.text.trim().to_owned();
    if source.is_empty() && edit.media.is_empty() && !measure.quotes {
        return Err(Error::invalid("there is nothing in this post yet"));
    }
    let warning = edit.warning.map(|w| text::plain_text::line(&w, usize::MAX)).filter(|w| !w.is_empty());
    if warning.as_ref().is_some_and(|w| w.chars().count() > text::WARNING_CHARS) {
        return Err(Error::invalid(format!("a content warning has {} characters at most", text::WARNING_CHARS)));
    }
    fits(&source, warning.as_deref().unwrap_or_default(), measure.length)?;
    if edit.media.len() > PICTURES {
        return Err(Error::invalid(format!("a post has {PICTURES} pictures or other files at most")));
    }
    let anew = |one: Described| Ok(Described { alt: media::description(&one.alt)?, ..one });
    let described = edit.described.into_iter().map(anew).collect::<Result<_>>()?;
    let language = edit.language.map(|said| text::language::read(&said).ok_or(said)).transpose();
    let language = language.map_err(|said| {
        Error::invalid(format!("{said} is no language we know: name it, or use a code such as en, nb or pt-BR"))
    })?;
    let summary = edit.summary.map(|summary| line(&summary, text::SUMMARY_CHARS, "a summary")).transpose()?;
    let (composed, mentions) = compose(node, &source, form)?;
    Ok(Words {
        html: composed.html,
        sensitive: edit.sensitive || warning.is_some(),
        warning,
        language,
        mentions,
        hashtags: composed.tags.into_iter().map(|name| Hashtag { shown: name.clone(), name }).collect(),
        media: edit.media,
        described,
        summary,
        markdown: form != Form::Plain,
        poll: None,
        revised: Revised::Kept,
        quote: None,
        app: None,
        choices: edit.choices,
        source,
        title: None,
        group: None,
    })
}

/// Whether a text is short enough for what it is.
fn fits(source: &str, warning: &str, length: Length) -> Result<()> {
    if source.chars().count() > text::POST_CHARS {
        return Err(Error::invalid(format!("a post has {} characters at most", text::POST_CHARS)));
    }
    if length == Length::Note && post_length::of(source) + post_length::of(warning) > text::NOTE_CHARS {
        let most = text::NOTE_CHARS;
        return Err(Error::invalid(format!(
            "a post has {most} characters at most; with a title it is an article and may be longer"
        )));
    }
    Ok(())
}

/// The HTML of a text, its hashtags, and whom it names.
pub(in crate::federation) fn compose(node: &Node, source: &str, form: Form) -> Result<(Composed, Vec<Mention>)> {
    let named = match form {
        Form::Plain => text::mentions_in(source),
        Form::Markdown(_) => markdown::mentions_in(source),
    };
    let (people, mentions) = people(node, named)?;
    let tags = document::tag_base(&node.facts.origin);
    let composed = match form {
        Form::Plain => text::to_html(source, &people, &tags),
        Form::Markdown(length) => markdown::to_html(source, &people, &tags, length),
    };
    Ok((composed, mentions))
}

/// A line of the owner's, such as a title, within its limit of characters; None when it is blank.
pub(in crate::federation) fn line(text: &str, most: usize, what: &str) -> Result<Option<String>> {
    let line = text::plain_text::line(text, usize::MAX);
    match line.chars().count() {
        0 => Ok(None),
        n if n <= most => Ok(Some(line)),
        _ => Err(Error::invalid(format!("{what} has {most} characters at most"))),
    }
}

/// Whom a text names, as far as they can be found. Who cannot be found stays text: a post is not lost for a typing error.
fn people(node: &Node, named: Vec<Handle>) -> Result<(Vec<Person>, Vec<Mention>)> {
    let mut people = Vec::new();
    let mut mentions: Vec<Mention> = Vec::new();
    for handle in named.into_iter().take(MENTIONS) {
        let id = match resolve::by_handle(node, &handle) {
            Ok(id) => id,
            Err(Error::Internal(error)) => return Err(Error::Internal(error)),
            Err(error) => {
                tracing::info!(%error, %handle, "a mention was not found");
                continue;
            }
        };
        let actor = node.store.read(|r| actors::by_id(r, id))?;
        people.push(Person { handle, url: actor.url.clone() });
        if !mentions.iter().any(|m| m.uri == actor.uri) {
            mentions.push(Mention { handle: actor.handle(), uri: actor.uri, url: actor.url });
        }
    }
    Ok((people, mentions))
}
