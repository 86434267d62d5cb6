//! `/servers`: blocked servers, block lists, a preview of what a rule ends, import and export.

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use maud::{Markup, html};
use serde::Deserialize;

use crate::base::id::{ActorId, HostListId};
use crate::base::{Error, Result};
use crate::federation::{Node, owner::host_block_import};
use crate::social::moderation::host_block::{self, BlockPreview};
use crate::store::moderation::host_block_lists::{self, HostList};
use crate::store::moderation::host_blocks::{self, HostBlockRule, MANUAL_LIST, Severity};
use crate::store::{Read, actors};
use crate::text::cut;
use crate::web::auth::{Owner, see_other};
use crate::web::blocking::{PageError, error_sentence, run_blocking};
use crate::web::page::form::{FormFields, OwnerForm};
use crate::web::page::layout::{self, NavigationEntry, PageContext, PageFrame, icon};
use crate::web::page::login::capitalized;
use crate::web::page::{formatting, moderation::blocks, people::actor_widgets};

/// Rules on one page.
const RULES_PER_PAGE: u32 = 100;
/// People shown of those a rule would cut.
const MAX_AFFECTED_SHOWN: usize = 200;
/// Bytes of a comment.
const MAX_COMMENT_BYTES: usize = 500;

/// The query: which page.
#[derive(Debug, Deserialize)]
pub struct HostRulesQuery {
    after: Option<String>,
}

/// `GET /servers`.
pub async fn show(
    node: web::Data<Node>,
    owner: Owner,
    after: web::Query<HostRulesQuery>,
) -> Result<HttpResponse, PageError> {
    let after = after.into_inner().after.unwrap_or_default();
    let markup = run_blocking(&node, move |node| page(node, &owner, &after, None));
    Ok(layout::private(markup.await?))
}

fn page(node: &Node, owner: &Owner, after: &str, problem: Option<&str>) -> Result<String> {
    node.store.read(|r| {
        let ctx = PageContext::load(node, r, Some(owner), "/servers")?;
        let mut rules = host_blocks::of_list(r, MANUAL_LIST, after, RULES_PER_PAGE + 1)?;
        let more = rules.len() > RULES_PER_PAGE as usize;
        rules.truncate(RULES_PER_PAGE as usize);
        let body = html! {
            h1 { "Muted and blocked" }
            (blocks::tabs(r, "/servers")?)
            @if let Some(problem) = problem { p.problem role="alert" { (problem) } }
            form.search method="get" action="/servers/check" {
                input type="text" name="host" placeholder="example.org" required maxlength="253" aria-label="Server to block"
                    autocapitalize="off" spellcheck="false" inputmode="url";
                button.main type="submit" { "Check" }
            }
            @if rules.is_empty() { p.note { "No servers are blocked. The follows that a block would end are shown before it takes effect." } }
            ul.rows { @for rule in &rules { (row(&ctx, rule)) } }
            @if let (true, Some(last)) = (more, rules.last()) {
                nav.pager aria-label="More servers" { a rel="next" href={ "/servers?after=" (crate::web::page::post::thread::thread_query(&last.host)) } { "More" } }
            }
            (subscriptions(r, &ctx)?)
            (files(&ctx))
        };
        Ok(layout::document(&ctx, &PageFrame::new("Blocked servers", NavigationEntry::Settings, body)).into_string())
    })
}

fn row(ctx: &PageContext<'_>, rule: &HostBlockRule) -> Markup {
    html! {
        li.line {
            div {
                p { a href={ "/servers/check?host=" (crate::web::page::post::thread::thread_query(&rule.host)) } { strong { bdi { (rule.host) } } } " · " (severity_text(rule)) }
                @if !rule.comment.is_empty() { p.note { bdi { (rule.comment) } } }
            }
            (button(ctx, "lift", &rule.host, "Unblock"))
        }
    }
}

/// The effect of a rule in a few words.
fn severity_text(rule: &HostBlockRule) -> String {
    let base = match rule.severity {
        Severity::Allow => "lists do not count",
        Severity::Limit => "limited",
        Severity::Block => "blocked",
    };
    let media = if rule.no_media && rule.severity != Severity::Block { ", no media" } else { "" };
    let reports = if rule.no_reports && rule.severity != Severity::Block { ", no reports" } else { "" };
    format!("{base}{media}{reports}")
}

fn button(ctx: &PageContext<'_>, act: &str, name: &str, word: &str) -> Markup {
    html! {
        form method="post" action={ "/servers/" (act) } {
            (ctx.token(""))
            input type="hidden" name="host" value=(name);
            button.quiet type="submit" aria-label={ (word) ": " (name) } { (word) }
        }
    }
}

fn subscriptions(r: &Read<'_>, ctx: &PageContext<'_>) -> Result<Markup> {
    let all = host_block_lists::all(r)?;
    let mut rows = Vec::with_capacity(all.len());
    for list in all {
        let (rules, held) = host_blocks::count(r, list.id)?;
        rows.push(subscription(ctx, &list, rules, held));
    }
    Ok(html! {
        section.section {
            h2 { "Lists of others" }
            p.note { "Block lists that somebody publishes as a CSV file, updated every day. Later additions that would end a follow wait for your approval. Your own rules override every list." }
            ul.rows { @for row in &rows { (row) } }
            form.stack method="post" action="/servers/subscribe" {
                (ctx.token(""))
                label for="url" { "Address of a list" }
                input #url type="url" name="url" required maxlength="2000" placeholder="https://example.org/blocklist.csv";
                label for="name" { "What you call it" }
                input #name type="text" name="name" maxlength="100";
                button type="submit" { "See what it would do" }
            }
        }
    })
}

fn subscription(ctx: &PageContext<'_>, list: &HostList, rules: u32, held: u32) -> Markup {
    html! {
        li {
            p { a href={ "/servers/list/" (list.id) } { strong { bdi { (list.name) } } } " · " (formatting::short_count(rules.into(), "server"))
                @if list.applied_at.is_none() { " · " strong { "does not count yet" } }
                @if held > 0 { " · " strong { (formatting::short_count(held.into(), "new one")) " would end follows and " (if held == 1 { "waits" } else { "wait" }) " for you" } }
            }
            p.note {
                bdi { (list.url) }
                @if let Some(at) = list.fetched_at { ", fetched " (formatting::relative_time(at, ctx.now)) }
                @if let Some(error) = &list.error { "; the last update failed: " (error) }
            }
        }
    }
}

fn files(ctx: &PageContext<'_>) -> Markup {
    html! {
        section.section {
            h2 { "Files" }
            p { a href="/servers/domain_blocks.csv" download { "Your own rules as a CSV file" } ", which Mastodon and others read." }
            form.stack method="post" action="/servers/import" enctype="multipart/form-data" {
                (ctx.token(""))
                label for="file" { "Take over a CSV file" }
                input #file type="file" name="file" accept=".csv,text/csv,text/plain" required;
                button type="submit" { "See what it would do" }
            }
        }
    }
}

/// The query: which server.
#[derive(Debug, Deserialize)]
pub struct HostCheckQuery {
    host: String,
}

/// `GET /servers/check?host=…`: what is known, which follows a block would end, and the form that sets the rule.
pub async fn check(
    node: web::Data<Node>,
    owner: Owner,
    check: web::Query<HostCheckQuery>,
) -> Result<HttpResponse, PageError> {
    let host = check.into_inner().host;
    let markup = run_blocking(&node, move |node| {
        let host = host_block_import::parse_host_name(&host)?;
        node.store.read(|r| {
            let ctx = PageContext::load(node, r, Some(&owner), "/servers")?;
            let known = host_blocks::get(r, MANUAL_LIST, &host)?;
            let verdict = host_blocks::of_host(r, &host)?;
            let cut = host_block::preview_host(r, &host)?;
            let body = html! {
                h1 { bdi { (host) } }
                @if let (true, Some((rule, list))) = (verdict.severity.is_some(), &verdict.rule) {
                    p { (icon("door")) " It is blocked now, by " @if *list == MANUAL_LIST { "your rule for " } @else { "a list's rule for " } bdi { (rule) } "." }
                }
                (affected_list(r, &ctx, &cut, &html! {}, "A block")?)
                (rule_form(&ctx, &host, known.as_ref()))
            };
            Ok::<_, Error>(layout::document(&ctx, &PageFrame::new(host.clone(), NavigationEntry::Settings, body)).into_string())
        })
    });
    Ok(layout::private(markup.await?))
}

fn rule_form(ctx: &PageContext<'_>, host: &str, known: Option<&HostBlockRule>) -> Markup {
    let now = known.map_or(Severity::Block, |rule| rule.severity);
    let choices = [
        (Severity::Block, "Block: nothing comes from there, nothing goes there"),
        (
            Severity::Limit,
            "Limit: only people you follow are shown, without media; followers from there need your approval",
        ),
        (Severity::Allow, "Let it be: no list counts for it"),
    ];
    html! {
        form.stack method="post" action="/servers/set" {
            (ctx.token(""))
            input type="hidden" name="host" value=(host);
            fieldset {
                legend { "What to do with " bdi { (host) } " and its subdomains" }
                @for (severity, words) in choices {
                    label.check { input type="radio" name="severity" value=(severity.word()) checked[severity == now]; span { (words) } }
                }
            }
            label.check { input type="checkbox" name="no_media" value="yes" checked[known.is_some_and(|rule| rule.no_media)]; " Reject its media" }
            label.check { input type="checkbox" name="no_reports" value="yes" checked[known.is_some_and(|rule| rule.no_reports)]; " Take no reports from it" }
            label for="comment" { "Why" }
            input #comment type="text" name="comment" maxlength="300" value=[known.map(|rule| &rule.comment)];
            button.main type="submit" { "Set this" }
        }
    }
}

/// The affected followers and followed accounts. `keep` is added to each when it is not empty.
fn affected_list(r: &Read<'_>, ctx: &PageContext<'_>, cut: &BlockPreview, keep: &Markup, what: &str) -> Result<Markup> {
    let nobody = cut.following.is_empty() && cut.followers.is_empty();
    Ok(html! {
        @if nobody {
            p { (icon("check")) " " (what) " would end no follows." }
        } @else {
            p { (what) " would end " strong { (formatting::short_count(cut.following.len() as u64, "follow")) " of yours" } " and take "
                strong { (formatting::short_count(cut.followers.len() as u64, "follower")) } " from you. They come back when it is lifted." }
        }
        @if cut.posts > 0 { p.note { (formatting::short_count(cut.posts.into(), "post")) " you have from " (formatting::short_count(cut.hosts as u64, "server")) " would not be shown." } }
        (people(r, ctx, "You follow", &cut.following)?)
        (people(r, ctx, "They follow you", &cut.followers)?)
        (keep)
    })
}

fn people(r: &Read<'_>, ctx: &PageContext<'_>, title: &str, list: &[(ActorId, String)]) -> Result<Markup> {
    let ids: Vec<ActorId> = list.iter().map(|(id, _)| *id).take(MAX_AFFECTED_SHOWN).collect();
    let known = actors::by_ids(r, &ids)?;
    Ok(html! {
        @if !list.is_empty() {
            h2 { (title) }
            ul.people { @for actor in &known { (actor_widgets::row(ctx, actor, &html! {})) } }
            @if list.len() > MAX_AFFECTED_SHOWN { p.note { "And " (formatting::number((list.len() - MAX_AFFECTED_SHOWN) as u64)) " more." } }
        }
    })
}

/// `GET /servers/list/{id}`: the effect of a list.
pub async fn list(node: web::Data<Node>, owner: Owner, id: web::Path<HostListId>) -> Result<HttpResponse, PageError> {
    let id = id.into_inner();
    let markup = run_blocking(&node, move |node| {
        node.store.read(|r| {
            let here = format!("/servers/list/{id}");
            let ctx = PageContext::load(node, r, Some(&owner), &here)?;
            let list = host_block_lists::get(r, id)?;
            let (rules, held) = host_blocks::count(r, id)?;
            let cut = host_block::preview_list(r, id)?;
            let waits = list.applied_at.is_none() || held > 0;
            let body = html! {
                h1 { bdi { (list.name) } }
                p.note { bdi { (list.url) } " · " (formatting::short_count(rules.into(), "server")) }
                form.stack method="post" action="/servers/apply" {
                    (ctx.token(""))
                    input type="hidden" name="list" value=(id);
                    (affected_list(r, &ctx, &cut, &exceptions(&cut), if list.applied_at.is_some() { "What is new on it" } else { "This list" })?)
                    @if waits { button.main type="submit" { @if held > 0 { "Let the new ones count" } @else { "Let this list count" } } }
                    @else { p { (icon("check")) " This list counts since " @if let Some(at) = list.applied_at { (formatting::relative_time(at, ctx.now)) } "." } }
                }
                (rules_of(r, id)?)
                form method="post" action="/servers/forget" {
                    (ctx.token(""))
                    input type="hidden" name="list" value=(id);
                    p.note { "Removing it unblocks what only this list blocked, follows included." }
                    button.danger type="submit" { @if list.applied_at.is_some() { "Unsubscribe" } @else { "Discard" } }
                }
            };
            Ok::<_, Error>(layout::document(&ctx, &PageFrame::new(list.name.clone(), NavigationEntry::Settings, body)).into_string())
        })
    });
    Ok(layout::private(markup.await?))
}

/// A checkbox for each server of a list that would end a follow.
fn exceptions(cut: &BlockPreview) -> Markup {
    let mut hosts: Vec<&str> = cut.following.iter().chain(&cut.followers).map(|(_, host)| host.as_str()).collect();
    hosts.sort_unstable();
    hosts.dedup();
    html! {
        @if !hosts.is_empty() {
            fieldset {
                legend { "But not for" }
                @for host in hosts { label.check { input type="checkbox" name="except" value=(host); bdi { (host) } } }
            }
        }
    }
}

fn rules_of(r: &Read<'_>, id: HostListId) -> Result<Markup> {
    let rules = host_blocks::of_list(r, id, "", RULES_PER_PAGE)?;
    Ok(html! {
        details.words {
            summary.note { "The servers on it" @if rules.len() == RULES_PER_PAGE as usize { " (the first " (RULES_PER_PAGE) ")" } }
            ul.rows { @for rule in &rules { li { bdi { (rule.host) } " · " (severity_text(rule)) @if !rule.comment.is_empty() { " · " bdi { (rule.comment) } } } } }
        }
    })
}

/// `GET /servers/domain_blocks.csv`.
pub async fn export(node: web::Data<Node>, _owner: Owner) -> Result<HttpResponse, PageError> {
    let text = run_blocking(&node, |node| node.store.read(host_block_import::export_csv)).await?;
    Ok(HttpResponse::Ok()
        .content_type("text/csv; charset=utf-8")
        .insert_header((header::CONTENT_DISPOSITION, "attachment; filename=\"domain_blocks.csv\""))
        .insert_header((header::CACHE_CONTROL, "private, no-store"))
        .body(text))
}

/// `POST /servers/{what}`: set, lift, subscribe, import, apply, forget.
pub async fn save(node: web::Data<Node>, what: web::Path<String>, sent: OwnerForm) -> Result<HttpResponse, PageError> {
    let (what, OwnerForm { owner, mut fields }) = (what.into_inner(), sent);
    let done = run_blocking(&node, move |node| match change(node, &what, &mut fields) {
        Ok(next) => Ok(Ok(next)),
        Err(problem @ (Error::Internal(_) | Error::NotFound)) => Err(problem),
        Err(problem) => page(node, &owner, "", Some(&capitalized(&error_sentence(&problem)))).map(Err),
    });
    Ok(match done.await? {
        Ok(next) => see_other(&next),
        Err(markup) => layout::refused(markup),
    })
}

/// Applies a form; returns where it leads.
fn change(node: &Node, what: &str, fields: &mut FormFields) -> Result<String> {
    let list = |fields: &FormFields| fields.text("list").parse::<HostListId>();
    let overview = "/servers".to_owned();
    match what {
        "set" => {
            let severity = Severity::from_word(fields.text("severity"));
            let severity = severity.ok_or_else(|| Error::invalid("choose what to do with it"))?;
            let host = host_block_import::parse_host_name(fields.text("host"))?;
            let rule = HostBlockRule {
                no_media: fields.has("no_media"),
                no_reports: fields.has("no_reports"),
                ..HostBlockRule::manual(&host, severity, cut(&fields.line("comment"), MAX_COMMENT_BYTES))
            };
            host_block_import::set_rule(node, rule).map(|_| overview)
        }
        "lift" => {
            let host = fields.text("host").to_owned();
            node.store.write(move |w| host_block::remove(w, &host)).map(|_| overview)
        }
        "subscribe" => {
            let id = host_block_import::subscribe(node, fields.text("url"), fields.text("name"))?;
            Ok(format!("/servers/list/{id}"))
        }
        "import" => {
            let file = fields.take_file("file").ok_or_else(|| Error::invalid("choose a file first"))?;
            let id = host_block_import::upload(node, &String::from_utf8_lossy(&file))?;
            Ok(format!("/servers/list/{id}"))
        }
        "apply" => {
            let except: Vec<String> = fields.all("except").map(str::to_owned).collect();
            host_block_import::apply_list(node, list(fields)?, except).map(|_| overview)
        }
        "forget" => host_block_import::remove_list(node, list(fields)?).map(|_| overview),
        _ => Err(Error::NotFound),
    }
}
