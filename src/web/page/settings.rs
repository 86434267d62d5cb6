//! `/settings`: profile, defaults for new posts, password, sessions.

pub mod apps;
pub mod own_emoji;
pub mod queue;
pub mod relays;

use actix_web::{HttpRequest, HttpResponse, web};
use maud::{Markup, html};
use serde::Deserialize;

use super::form::{FormFields, OwnerForm};
use super::layout::{self, NavigationEntry, PageContext, PageFrame, icon};
use super::login::capitalized;
use super::{
    compose::{self, language_field},
    formatting, login as login_page,
    moderation::interaction_requests,
    notifications::filtered,
    people::{actor_widgets, pinned},
};
use crate::base::interaction_policy::PolicyChoice;
use crate::base::{Audience, Error, Result};
use crate::federation::owner::identity::{self, ProfileChange};
use crate::federation::{
    Node,
    owner::{login, publish},
};
use crate::media::ImagePurpose;
use crate::store::access::sessions::BrowserSession;
use crate::store::actors::ActorField;
use crate::store::node::Settings;
use crate::store::{self, Read, access::sessions, queue::deliveries};
use crate::text::{self, plain_text};
use crate::web::auth::{Owner, see_other};
use crate::web::blocking::{PageError, error_sentence, run_blocking};

/// Fields of a profile.
const MAX_PROFILE_FIELDS: usize = 8;
/// Minimum number of field rows offered.
const MIN_FIELD_ROWS: usize = 4;
/// Characters of a contact.
const MAX_CONTACT_CHARS: usize = 300;

/// The query: what was saved.
#[derive(Debug, Deserialize)]
pub struct SettingsQuery {
    saved: Option<String>,
}

impl SettingsQuery {
    /// True right after saving.
    pub fn is_set(&self) -> bool {
        self.saved.is_some()
    }
}

/// `GET /settings`.
pub async fn show(
    node: web::Data<Node>,
    owner: Owner,
    saved: web::Query<SettingsQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, PageError> {
    let here = request.uri().path().to_owned();
    let saved = saved.into_inner().saved;
    let markup = run_blocking(&node, move |node| page(node, &owner, &here, saved.as_deref(), None));
    Ok(layout::private(markup.await?))
}

fn page(node: &Node, owner: &Owner, here: &str, saved: Option<&str>, problem: Option<&str>) -> Result<String> {
    node.store.read(|r| {
        let ctx = PageContext::load(node, r, Some(owner), here)?;
        let settings = store::node::settings(r)?;
        let waiting = deliveries::count(r)?;
        let body = html! {
            h1 { "Settings" }
            @if let Some(problem) = problem { p.problem role="alert" { (problem) } }
            @if saved.is_some() { p.done role="status" { (icon("check")) " Saved." } }
            (pages(waiting))
            (profile(&ctx))
            @if let Some(owner) = &ctx.owner { (pinned::settings(&ctx, r, owner)?) }
            (posting(&ctx, &settings))
            (filtered::settings(&ctx, settings.notices))
            (vacation_section(&ctx, &settings))
            (password(&ctx, r)?)
            (sessions_section(&ctx, owner, &sessions::all(r)?))
        };
        Ok(layout::document(&ctx, &PageFrame::new("Settings", NavigationEntry::Settings, body)).into_string())
    })
}

/// Links to further settings pages.
fn pages(waiting: u32) -> Markup {
    let deliveries = match waiting {
        0 => "everything has arrived".to_owned(),
        n => format!("{} on their way", formatting::number(n.into())),
    };
    let pages = [
        ("/bookmarks", "Bookmarks and likes", "posts you have bookmarked or liked"),
        ("/blocks", "Muted and blocked", "people you mute or block, servers, and reports"),
        ("/filters", "Filters", "hide posts with certain words"),
        ("/settings/emoji", "Your own emoji", "for your name, posts and reactions"),
        ("/moving", "Moving here", "bring your followers from another account"),
        ("/settings/relays", "Relays", "see posts of more servers, and be seen there"),
        ("/settings/apps", "Apps", "which apps may act for you"),
        ("/texts", "Texts", "the about page, the rules and the privacy policy"),
        ("/queue", "Deliveries", deliveries.as_str()),
    ];
    html! {
        nav aria-label="More settings" {
            ul.ways { @for (path, name, what) in pages { li { a href=(path) { (name) } " " span.note { (what) } } } }
        }
    }
}

fn profile(ctx: &PageContext<'_>) -> Markup {
    let Some(owner) = &ctx.owner else { return html! {} };
    let bio = owner.bio_source.clone().unwrap_or_else(|| plain_text::from_html(&owner.bio));
    let banner = ctx.owner_image(owner, owner.image.as_deref());
    html! {
        section.section {
            h2 { "Profile" }
            form.stack method="post" action="/settings/profile" enctype="multipart/form-data" {
                (ctx.token(""))
                label for="name" { "Name" }
                input #name type="text" name="name" value=(owner.name) maxlength="100" autocomplete="name";
                label for="bio" { "About you" }
                textarea #bio name="bio" rows="4" maxlength=(text::MAX_OWN_BIO_CHARS) dir="auto" { (bio) }
                label for="icon" { "Avatar" }
                div.uploaded { (actor_widgets::avatar(ctx, owner)) input #icon type="file" name="icon" accept="image/jpeg,image/png,image/gif,image/webp"; }
                label for="image" { "Header image" }
                div.uploaded {
                    @if let Some(url) = banner { img src=(url) alt="The current header image" height="72"; }
                    input #image type="file" name="image" accept="image/jpeg,image/png,image/gif,image/webp";
                }
                fieldset {
                    legend { "Fields" }
                    p.note { "A few facts: a place, a web page, how to address you." }
                    div.pairs { @for n in 0..(owner.fields.len() + 1).clamp(MIN_FIELD_ROWS, MAX_PROFILE_FIELDS) { (pair(n, owner.fields.get(n))) } }
                }
                p.note { a href="/settings/emoji" { "Your own emoji" } " can be used in your name, bio and fields, and in posts." }
                label.check { input type="checkbox" name="approves_followers" value="yes" checked[owner.approves_followers]; " I let followers in one by one" }
                label.check { input type="checkbox" name="discoverable" value="yes" checked[owner.discoverable]; " My profile may be listed and recommended on other servers" }
                label.check { input type="checkbox" name="indexable" value="yes" checked[owner.indexable]; " My public posts may be found by search engines and searches on other servers" }
                button.main type="submit" { "Save the profile" }
            }
        }
    }
}

fn pair(n: usize, field: Option<&ActorField>) -> Markup {
    let value = field.map(|field| field.source.clone().unwrap_or_else(|| plain_text::from_html(&field.value)));
    html! {
        div {
            input type="text" name="field_name" value=[field.map(|field| &field.name)] aria-label={ "Field " (n + 1) ": name" } placeholder="Name" maxlength="255";
            input type="text" name="field_value" value=[value] aria-label={ "Field " (n + 1) ": value" } placeholder="Value" maxlength="1000";
        }
    }
}

fn posting(ctx: &PageContext<'_>, settings: &Settings) -> Markup {
    html! {
        section.section {
            h2 { "Posts and privacy" }
            form.stack method="post" action="/settings/posting" {
                (ctx.token(""))
                label for="audience" { "Who may read new posts" }
                (compose::audience_choice(settings.audience.parse().unwrap_or(Audience::Public)))
                (interaction_requests::choose(settings.choices()))
                (language_field::field("Language of new posts", &settings.language))
                label.check { input type="checkbox" name="markdown" value="yes" checked[settings.markdown]; " I write in Markdown" }
                label for="contact" { "Contact" }
                input #contact type="text" name="contact" value=(settings.contact) maxlength=(MAX_CONTACT_CHARS) placeholder="you@example.org";
                p.note { "Shown on the about page, for people who must reach a human." }
                label.check { input type="checkbox" name="show_follows" value="yes" checked[settings.show_follows]; " Others may see whom I follow and who follows me" }
                label.check { input type="checkbox" name="signed_fetch" value="yes" checked[settings.signed_fetch]; " Other servers must say who they are before they are shown my posts" }
                p.note { "Keeps blocked servers from reading along. Some small servers will not see your posts until you write to them; the pages stay open to browsers." }
                button.main type="submit" { "Save" }
            }
        }
    }
}

fn vacation_section(ctx: &PageContext<'_>, settings: &Settings) -> Markup {
    html! {
        section.section {
            h2 { "Blocks and moves" }
            form.stack method="post" action="/settings/away" {
                (ctx.token(""))
                label.check { input type="checkbox" name="tell_blocked" value="yes" checked[settings.tell_blocked]; " Tell blocked people's servers, so that they hide me from them" }
                label.check { input type="checkbox" name="follow_moves" value="yes" checked[settings.follow_moves]; " When people I follow move to another server, I follow them there" }
                button.main type="submit" { "Save" }
            }
        }
    }
}

fn password(ctx: &PageContext<'_>, r: &Read<'_>) -> Result<Markup> {
    let known = store::node::password(r)?.is_some();
    Ok(html! {
        section.section {
            h2 { "Password" }
            @if !known { p { "None is set: you can log in only with a link from the command line." } }
            form.stack method="post" action="/settings/password" {
                (ctx.token(""))
                input hidden type="text" name="username" autocomplete="username" readonly
                    value=(ctx.owner.as_ref().map_or("owner", |owner| owner.username.as_str()));
                label for="password" { "New password" }
                input #password type="password" name="password" autocomplete="new-password" required minlength=(login::MIN_PASSWORD_CHARS) maxlength=(login::MAX_PASSWORD_BYTES);
                label for="again" { "Once more" }
                input #again type="password" name="again" autocomplete="new-password" required minlength=(login::MIN_PASSWORD_CHARS) maxlength=(login::MAX_PASSWORD_BYTES);
                p.note { "All other browsers are logged out." }
                button type="submit" { "Set the password" }
            }
        }
    })
}

fn sessions_section(ctx: &PageContext<'_>, owner: &Owner, open: &[BrowserSession]) -> Markup {
    html! {
        section.section {
            h2 { "Logged in" }
            ul.rows {
                @for session in open {
                    li.line {
                        div {
                            p { (session_row(&session.agent)) @if session.hash == owner.hash { " " span.mark { "this one" } } }
                            p.note { "since " (formatting::relative_time(session.created_at, ctx.now)) ", last seen " (formatting::relative_time(session.used_at, ctx.now)) }
                        }
                        @if session.hash != owner.hash {
                            form method="post" action="/settings/session" {
                                (ctx.token(""))
                                input type="hidden" name="session" value=(hex(&session.hash));
                                button.quiet type="submit" { "End" }
                            }
                        } @else { (login_page::logout(ctx)) }
                    }
                }
            }
        }
    }
}

/// "Firefox on Linux": the two words of a User-Agent that tell a person something.
fn session_row(agent: &str) -> String {
    let first =
        |known: &[(&str, &'static str)]| known.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| *name);
    let name = first(&[
        ("Firefox/", "Firefox"),
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Vivaldi", "Vivaldi"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
        ("Lynx", "Lynx"),
        ("w3m", "w3m"),
        ("Links", "Links"),
        ("curl", "curl"),
    ]);
    let system = first(&[
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS X", "Mac"),
        ("Linux", "Linux"),
        ("BSD", "BSD"),
    ]);
    match (name, system) {
        (Some(name), Some(system)) => format!("{name} on {system}"),
        (Some(name), None) => name.to_owned(),
        _ => plain_text::excerpt(agent, 60),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// `POST /settings/{what}`: profile, posting, notices, away, password, session.
pub async fn save(node: web::Data<Node>, what: web::Path<String>, sent: OwnerForm) -> Result<HttpResponse, PageError> {
    let (what, OwnerForm { owner, mut fields }) = (what.into_inner(), sent);
    let refused = run_blocking(&node, move |node| {
        let saved = match what.as_str() {
            "profile" => save_profile(node, &mut fields),
            "posting" => save_posting(node, &fields),
            "away" => save_away(node, &fields),
            "notices" => filtered::save_settings(node, &fields),
            "tag" => publish::feature_tag(node, fields.line("tag")),
            "untag" => publish::unfeature_tag(node, fields.line("tag")),
            "password" => save_password(node, &owner, &fields),
            "session" => end_session(node, &fields),
            _ => Err(Error::NotFound),
        };
        match saved {
            Ok(()) => Ok(None),
            Err(problem @ (Error::Internal(_) | Error::NotFound)) => Err(problem),
            Err(problem) => {
                page(node, &owner, "/settings", None, Some(&capitalized(&error_sentence(&problem)))).map(Some)
            }
        }
    });
    Ok(match refused.await? {
        None => see_other("/settings?saved=yes"),
        Some(markup) => layout::refused(markup),
    })
}

fn save_profile(node: &Node, fields: &mut FormFields) -> Result<()> {
    let mut picture = |name: &str, purpose| {
        let file = fields.take_file(name);
        file.map(|bytes| crate::federation::media::store_profile_image(node, &bytes, purpose)).transpose()
    };
    let (icon, image) = (picture("icon", ImagePurpose::Avatar)?, picture("image", ImagePurpose::Header)?);
    let automated = node.store.read(|r| store::actors::by_id(r, store::node::owner(r)?))?.kind == "Service";
    let pairs = fields.all("field_name").zip(fields.all("field_value"));
    let profile = ProfileChange {
        name: fields.line("name"),
        bio: fields.text("bio").trim().to_owned(),
        fields: pairs
            .take(MAX_PROFILE_FIELDS)
            .map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
            .collect(),
        icon,
        image,
        approves_followers: fields.has("approves_followers"),
        discoverable: fields.has("discoverable"),
        indexable: fields.has("indexable"),
        automated,
    };
    identity::set_profile(node, profile)
}

fn save_posting(node: &Node, fields: &FormFields) -> Result<()> {
    let audience: Audience = fields.text("audience").parse()?;
    let language = language_field::setting(fields.text("language"))?;
    let contact: String = fields.line("contact").chars().take(MAX_CONTACT_CHARS).collect();
    let [show_follows, signed_fetch, markdown] =
        ["show_follows", "signed_fetch", "markdown"].map(|name| fields.has(name));
    let choices = interaction_requests::chosen(fields);
    node.store.write(move |w| {
        let settings = store::node::settings(w)?;
        let choices = choices.unwrap_or_else(|| settings.choices());
        let word = |choice: PolicyChoice| choice.word().to_owned();
        let (who_replies, who_quotes) = (word(choices.reply), word(choices.quote));
        let (who_likes, who_boosts) = (word(choices.like), word(choices.boost));
        let settings = Settings { who_replies, who_quotes, who_likes, who_boosts, ..settings };
        let audience = audience.as_word().to_owned();
        let settings = Settings { audience, language, contact, show_follows, signed_fetch, markdown, ..settings };
        store::node::set_settings(w, &settings)
    })
}

fn save_away(node: &Node, fields: &FormFields) -> Result<()> {
    let (tell_blocked, follow_moves) = (fields.has("tell_blocked"), fields.has("follow_moves"));
    node.store.write(move |w| {
        let settings = store::node::settings(w)?;
        store::node::set_settings(w, &Settings { tell_blocked, follow_moves, ..settings })
    })
}

fn save_password(node: &Node, owner: &Owner, fields: &FormFields) -> Result<()> {
    if fields.text("password") != fields.text("again") {
        return Err(Error::invalid("the two passwords are not the same"));
    }
    login::change_password(&node.store, fields.text("password"), &owner.hash)
}

fn end_session(node: &Node, fields: &FormFields) -> Result<()> {
    let wanted = fields.text("session").to_owned();
    node.store.write(move |w| {
        let open = sessions::all(w)?;
        let session = open.iter().find(|session| hex(&session.hash) == wanted).ok_or(Error::NotFound)?;
        sessions::close(w, &session.hash)
    })
}

#[cfg(test)]
mod tests {
    use super::session_row;

    #[test]
    fn browsers_are_called_by_their_names() {
        let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
        let safari = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605 Version/18.0 Mobile/15E148 Safari/604.1";
        assert_eq!(session_row(firefox), "Firefox on Linux");
        assert_eq!(session_row(safari), "Safari on iPhone");
        assert_eq!(session_row("something of my own"), "something of my own");
    }
}
