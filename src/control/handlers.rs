//! What each request does: the same function in a running server and in a command that holds the folder itself.

use super::{Answer, Post, Request, blocks, view};
use crate::base::{Error, Result};
use crate::federation::owner::publish::Draft;
use crate::federation::remote::resolve::{self, Found};
use crate::federation::{
    Node, media,
    owner::{login, oauth, publish},
};
use crate::store::{
    actors,
    posts::{self, post_views},
};

/// Does what is asked. When this returns Ok, it is on the disk.
pub fn act(node: &Node, request: Request) -> Result<Answer> {
    match request {
        Request::LoginLink {} => login::make_link(&node.store, &node.facts.origin).map(Answer::Url),
        Request::Token { name, scopes } => oauth::own_token(node, &name, &scopes).map(Answer::Token),
        Request::Password { password } => login::set_password(&node.store, &password).map(|()| Answer::Done),
        Request::Upload { bytes, alt } => media::upload(node, &bytes.0, &alt).map(Answer::Media),
        Request::Post(post) => publish_post(node, post).map(Answer::Url),
        Request::Queue {} => node.store.read(view::queue).map(Answer::Queue),
        Request::Fetch { what } => fetch(node, &what),
        Request::Stats {} => view::stats(node).map(Answer::Stats),
        Request::Block { act } => blocks::act(node, act),
    }
}

fn publish_post(node: &Node, post: Post) -> Result<String> {
    let reply_to = post.reply_to.map(|url| match resolve::find(node, &url)? {
        Found::Post(id) => Ok(id),
        Found::Actor(_) => Err(Error::invalid(format!("{url} is a person; only a post can be answered"))),
    });
    let draft = Draft {
        warning: post.warning.filter(|warning| !warning.trim().is_empty()),
        reply_to: reply_to.transpose()?,
        media: post.media,
        language: post.language,
        title: post.title,
        summary: post.summary,
        markdown: post.markdown,
        ..Draft::new(post.text, post.audience.parse()?)
    };
    let id = publish::post(node, draft)?;
    node.store.read(|r| Ok(posts::by_id(r, id)?.page().to_owned()))
}

fn fetch(node: &Node, what: &str) -> Result<Answer> {
    let shown = match resolve::find(node, what.trim())? {
        Found::Actor(id) => view::person(node.store.read(|r| actors::by_id(r, id))?),
        Found::Post(id) => view::post(node.store.read(|r| post_views::one(r, id))?),
    };
    Ok(Answer::Shown(shown))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_known_words_each_once() {
        assert_eq!(oauth::exact_scopes(" read  write read:lists read").unwrap(), "read write read:lists");
        for bad in ["", "  ", "admin", "read:", "READ", "write:a b$", "read,write"] {
            assert!(matches!(oauth::exact_scopes(bad), Err(Error::Invalid(_))), "{bad:?}");
        }
    }
}
