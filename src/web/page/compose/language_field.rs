//! The language field of the compose form and settings.

use maud::{Markup, html};

use crate::base::{Error, Result};
use crate::text::language::{LANGUAGES, name, read};

/// The field with its label; `value` is a tag or what was typed.
pub fn field(label: &str, value: &str) -> Markup {
    html! {
        label for="language" { (label) }
        input #language type="text" name="language" value=(value) maxlength="40" list="languages" placeholder="English, or a code such as nb or pt-BR"
            autocapitalize="off" autocomplete="off" spellcheck="false";
        datalist #languages { @for (tag, english, own) in LANGUAGES { option value=(tag) { (english) @if english != own { " · " (own) } } } }
    }
}

/// The drawer of the compose form in which it is chosen, its summary the language as it is.
pub fn compose_field(value: &str) -> Markup {
    let shown = read(value).unwrap_or_default();
    html! {
        details.tool open[shown.is_empty() && !value.trim().is_empty()] {
            summary title={ "Language: " @if shown.is_empty() { "not said" } @else { (name(&shown)) } } {
                span.hidden { "Language: " }
                span.tongue { @if shown.is_empty() { "Aa" } @else { (shown) } }
            }
            div.drawer { (field("Language", value)) p.note { "For those who translate, filter or listen. The settings say what new posts start with." } }
        }
    }
}

/// The tag of a setting that was sent; empty for none.
pub fn setting(text: &str) -> Result<String> {
    match text.trim() {
        "" => Ok(String::new()),
        text => {
            read(text).ok_or_else(|| Error::invalid("a language has a name, or a short code such as en, nb or pt-BR"))
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use actix_web::http::StatusCode;
    use actix_web::test::TestRequest;

    use crate::base::Audience;
    use crate::federation::owner::login;
    use crate::federation::owner::publish::{self, NewPost};
    use crate::web::auth;
    use crate::web::page::tests::sample;
    use crate::web::test_support::{TestResponse, TestServer};

    fn said(reply: &TestResponse) -> String {
        String::from_utf8_lossy(&reply.body).into_owned()
    }

    #[actix_web::test]
    async fn the_language_is_chosen_by_name_and_said_to_peers_and_readers() {
        let house = TestServer::new();
        let value = login::open_session(&house.node.store, "a test").unwrap();
        let csrf = auth::csrf_token(&house.node, &login::token_hash(&value));
        let cookie = ("Cookie", format!("{}={value}", auth::SESSION_COOKIE));
        let send = async |language: &str| {
            let form =
                [("csrf", csrf.as_str()), ("text", "God morgen"), ("audience", "public"), ("language", language)];
            house.call(TestRequest::post().uri("/compose").insert_header(cookie.clone()).set_form(form)).await
        };
        let refused = send("Klingonese").await;
        assert_eq!(refused.code, StatusCode::BAD_REQUEST);
        let html = said(&refused);
        assert!(html.contains("God morgen</textarea>") && html.contains("value=\"Klingonese\""), "{html}");
        let done = send("norwegian bokmål").await;
        let id = done.header("location").strip_prefix("/post/").unwrap().to_owned();
        let path = format!("/@ann/{id}");
        let document = house.get(&path, "application/activity+json").await.json();
        assert_eq!(document["contentMap"], serde_json::json!({"nb": document["content"]}));
        let page = said(&house.get(&path, "text/html").await);
        assert!(page.contains("<div class=\"words e-content\" lang=\"nb\" dir=\"auto\">"), "{page}");
        let feed = said(&house.get("/@ann/feed.atom", "*/*").await);
        assert!(feed.contains("<entry xml:lang=\"nb\">"), "{feed}");

        let bo = sample::person(&house.node, "bo", "bo.example", "Bo");
        for (language, start) in [("nb", "value=\"nb\""), ("fr", "value=\"en\"")] {
            let post = sample::post(&house.node, bo, "<p>Hei</p>", move |post| post.language = Some(language.into()));
            let answer = TestRequest::get().uri(&format!("/compose?reply_to={post}")).insert_header(cookie.clone());
            let html = said(&house.call(answer).await);
            assert!(html.contains(&format!("name=\"language\" {start}")), "{language}: {html}");
        }
        let draft = NewPost { language: Some("no such".into()), ..NewPost::new("x", Audience::Public) };
        assert!(publish::post(&house.node, draft).is_err());
    }
}
