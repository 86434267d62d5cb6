//! Article fields of the compose form: title, abstract, Markdown.

use maud::{Markup, html};

use crate::federation::owner::publish::MAX_TITLE_CHARS;
use crate::store::posts::Post;
use crate::text::MAX_ABSTRACT_CHARS;
use crate::web::page::form::FormFields;
use crate::web::page::layout::icon;

/// The contents of the fields.
#[derive(Debug, Clone, Default)]
pub struct ArticleFields {
    /// The title, which makes an article.
    pub title: String,
    /// The abstract.
    pub summary: String,
    /// The text is Markdown.
    pub markdown: bool,
}

impl ArticleFields {
    /// From a sent form.
    pub fn from(fields: &FormFields) -> Self {
        Self { title: fields.line("title"), summary: fields.line("abstract"), markdown: fields.has("markdown") }
    }

    /// From a post.
    pub fn of(post: &Post) -> Self {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        Self { title: text(&post.title), summary: text(&post.metadata.summary), markdown: post.metadata.markdown }
    }
}

/// The fields below a new post's text. A reply has no title.
pub fn compose_fields(filled: &ArticleFields, titled: TitleField) -> Markup {
    html! {
        details.tool open[!filled.title.is_empty()] {
            summary title="Title and Markdown" { (icon("file")) span.label { "Long" } }
            div.drawer {
                @if titled == TitleField::Editable {
                    label for="title" { "Title" }
                    input #title type="text" name="title" value=(filled.title) maxlength=(MAX_TITLE_CHARS) dir="auto";
                    p.note { "With a title it is an article. Mastodon shows the title, the summary and a link to the whole." }
                    (summary(filled))
                }
                (markdown(filled))
            }
        }
    }
}

/// How the title field is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TitleField {
    /// It may have one.
    Editable,
    /// It has none, or elsewhere.
    Absent,
}

/// The fields of the edit form: the type of the post stays.
pub fn edit(filled: &ArticleFields, post: &Post) -> Markup {
    html! {
        @if post.title.is_some() {
            label for="title" { "Title" }
            input #title type="text" name="title" value=(filled.title) maxlength=(MAX_TITLE_CHARS) required dir="auto";
            @if post.kind == "Article" { (summary(filled)) }
        }
        (markdown(filled))
    }
}

fn summary(filled: &ArticleFields) -> Markup {
    html! {
        // Not "summary": to many that is the content warning.
        label for="abstract" { "Summary" }
        input #abstract type="text" name="abstract" value=(filled.summary) maxlength=(MAX_ABSTRACT_CHARS) dir="auto" placeholder="What it is about, in a sentence or two";
    }
}

/// The choice of Markdown.
pub fn markdown(filled: &ArticleFields) -> Markup {
    html! {
        label.check { input type="checkbox" name="markdown" value="yes" checked[filled.markdown]; " Markdown: *emphasis*, lists, > quotes, `code`, [links](https://…)" }
    }
}
