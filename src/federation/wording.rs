//! The owner's words on their way to HTML: plain text or Markdown, short or long, with everyone they name looked up. Asks
//! the network; writes nothing.

use super::{Node, resolve};
use crate::base::{Error, Result};
use crate::social::document;
use crate::store::actors;
use crate::store::posts::Mention;
use crate::text::markdown::{self, Length};
use crate::text::{self, Composed, Handle, Person};

/// People one post names at most.
const MENTIONS: usize = 50;

/// How a text is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// As typed.
    Plain,
    /// Markdown, made for a note or an article.
    Markdown(Length),
}

/// The HTML of a text, its hashtags, and whom it names.
pub(super) fn compose(node: &Node, source: &str, form: Form) -> Result<(Composed, Vec<Mention>)> {
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
pub(super) fn line(text: &str, most: usize, what: &str) -> Result<Option<String>> {
    let line = text::plain::line(text, usize::MAX);
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
