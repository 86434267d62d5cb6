//! What each command request does. The same code runs in a running server and in a command that holds the folder's lock
//! itself.

use super::{CommandRequest, CommandResponse, PostRequest, blocks, view};
use crate::base::{Error, Result};
use crate::federation::owner::publish::NewPost;
use crate::federation::remote::resolve::{self, Resolved};
use crate::federation::{
    Node, media,
    owner::{login, oauth, publish},
};
use crate::store::{
    actors,
    posts::{self, post_views},
};

/// Does what is asked. When this returns Ok, it is on the disk.
pub fn handle(node: &Node, request: CommandRequest) -> Result<CommandResponse> {
    match request {
        CommandRequest::LoginLink {} => {
            login::make_login_link(&node.store, &node.facts.origin).map(CommandResponse::Url)
        }
        CommandRequest::Token { name, scopes } => {
            oauth::create_personal_token(node, &name, &scopes).map(CommandResponse::Token)
        }
        CommandRequest::Password { password } => {
            login::set_password(&node.store, &password).map(|()| CommandResponse::Done)
        }
        CommandRequest::Upload { bytes, alt } => media::store_image(node, &bytes.0, &alt).map(CommandResponse::Media),
        CommandRequest::Post(post) => publish_post(node, post).map(CommandResponse::Url),
        CommandRequest::Queue {} => node.store.read(view::queue).map(CommandResponse::Queue),
        CommandRequest::Fetch { what } => fetch(node, &what),
        CommandRequest::Stats {} => view::stats(node).map(CommandResponse::Stats),
        CommandRequest::Block { act } => blocks::handle_block(node, act),
    }
}

fn publish_post(node: &Node, post: PostRequest) -> Result<String> {
    let reply_to = post.reply_to.map(|url| match resolve::find(node, &url)? {
        Resolved::Post(id) => Ok(id),
        Resolved::Actor(_) => Err(Error::invalid(format!("{url} is a person; only a post can be answered"))),
    });
    let draft = NewPost {
        warning: post.warning.filter(|warning| !warning.trim().is_empty()),
        reply_to: reply_to.transpose()?,
        media: post.media,
        language: post.language,
        title: post.title,
        summary: post.summary,
        markdown: post.markdown,
        ..NewPost::new(post.text, post.audience.parse()?)
    };
    let id = publish::post(node, draft)?;
    node.store.read(|r| Ok(posts::by_id(r, id)?.html_url().to_owned()))
}

fn fetch(node: &Node, what: &str) -> Result<CommandResponse> {
    let shown = match resolve::find(node, what.trim())? {
        Resolved::Actor(id) => view::person(node.store.read(|r| actors::by_id(r, id))?),
        Resolved::Post(id) => view::post(node.store.read(|r| post_views::single_view(r, id))?),
    };
    Ok(CommandResponse::Shown(shown))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_known_words_each_once() {
        assert_eq!(oauth::parse_scopes(" read  write read:lists read").unwrap(), "read write read:lists");
        for bad in ["", "  ", "admin", "read:", "READ", "write:a b$", "read,write"] {
            assert!(matches!(oauth::parse_scopes(bad), Err(Error::Invalid(_))), "{bad:?}");
        }
    }
}
