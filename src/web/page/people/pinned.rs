//! Pinned posts and featured hashtags of a profile, and the form to choose hashtags.

use maud::{Markup, html};

use crate::base::Result;
use crate::base::id::PostId;
use crate::store::Read;
use crate::store::actors::Actor;
use crate::store::posts::Viewer;
use crate::store::posts::pins::{self, FeaturedHashtag};
use crate::store::posts::post_views::{self, PostView};
use crate::web::page::layout::{PageContext, icon};
use crate::web::page::{people::actor_widgets, post::post_card, timeline::home};

/// The pinned section; empty on later pages of a profile.
pub struct PinnedSection {
    posts: Vec<PostView>,
    tags: Vec<FeaturedHashtag>,
}

impl PinnedSection {
    /// Loads it, as far as `viewer` may see it.
    pub fn load(r: &Read<'_>, actor: &Actor, viewer: Viewer, page: Option<PostId>) -> Result<Self> {
        let posts = match page {
            None => post_views::post_views(r, &pins::of_actor(r, actor.id, viewer)?)?,
            Some(_) => Vec::new(),
        };
        let posts = if viewer == Viewer::Stranger { home::public_only(posts) } else { posts };
        Ok(Self { posts, tags: pins::tags(r, actor.id)? })
    }

    /// True for a pinned post.
    pub fn has(&self, card: &PostView) -> bool {
        card.boost.is_none() && self.posts.iter().any(|pinned| pinned.post.id == card.post.id)
    }

    /// True without pinned posts.
    pub fn is_empty(&self) -> bool {
        self.posts.is_empty()
    }

    /// The pinned posts.
    pub fn posts(&self, ctx: &PageContext<'_>) -> Markup {
        html! {
            @if !self.posts.is_empty() {
                section.pinned aria-label="Pinned posts" {
                    h2.why { (icon("pin")) "Pinned" }
                    (post_card::post_list(ctx, &self.posts))
                }
            }
        }
    }

    /// The hashtags, as links.
    pub fn tags(&self) -> Markup {
        html! {
            @if !self.tags.is_empty() {
                p.tallies.topics aria-label="Featured hashtags" {
                    @for tag in &self.tags { (link(tag)) }
                }
            }
        }
    }
}

fn link(tag: &FeaturedHashtag) -> Markup {
    html! {
        @match &tag.url {
            Some(url) => a rel="tag nofollow noopener noreferrer" href=(actor_widgets::remote_link(url)) { bdi { "#" (tag.display_name) } },
            None => a rel="tag" href={ "/tags/" (crate::web::page::post::thread::thread_query(&tag.name)) } { bdi { "#" (tag.display_name) } },
        }
    }
}

/// The section of the settings page.
pub fn settings(ctx: &PageContext<'_>, r: &Read<'_>, owner: &Actor) -> Result<Markup> {
    let tags = pins::tags(r, owner.id)?;
    Ok(html! {
        section.section {
            h2 { "Hashtags on your profile" }
            @if !tags.is_empty() {
                ul.rows {
                    @for tag in &tags {
                        li.line {
                            div { (link(tag)) }
                            form method="post" action="/settings/untag" {
                                (ctx.token(""))
                                input type="hidden" name="tag" value=(tag.name);
                                button.quiet type="submit" aria-label={ "Take off #" (tag.display_name) } { "Take off" }
                            }
                        }
                    }
                }
            }
            @if tags.len() < pins::MAX_FEATURED_HASHTAGS as usize {
                form.stack method="post" action="/settings/tag" {
                    (ctx.token(""))
                    label for="tag" { "What you write about" }
                    input #tag type="text" name="tag" maxlength="100" placeholder="#knitting" autocapitalize="off" spellcheck="false" required;
                    p.note { "Visitors find your posts with these hashtags at the top of your profile." }
                    button type="submit" { "Add" }
                }
            }
        }
    })
}
