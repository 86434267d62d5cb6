//! `hytte queue`, `fetch`, `stats`: shows the state of the server as text or JSON.

use clap::Args;
use clap::builder::FalseyValueParser;
use hytte::base::{Clock, Result, Time};
use hytte::control::{self, CommandRequest, CommandResponse, FetchedView, PersonView, ShownPostView};

use super::{data_folder, is_other_build, print_json, print_text};

/// The flags of `queue` and `stats`.
#[derive(Args)]
pub struct InspectFlags {
    /// Print JSON
    #[arg(long, env = "HYTTE_JSON", value_parser = FalseyValueParser::new())]
    json: bool,
    #[command(flatten)]
    home: data_folder::DataFolder,
}

/// The flags of `queue`.
pub type QueueFlags = InspectFlags;
/// The flags of `stats`.
pub type StatsFlags = InspectFlags;

/// The flags of `fetch`.
#[derive(Args)]
pub struct FetchFlags {
    /// A handle (@user@example.org) or the address of a post or person
    #[arg(value_name = "URL")]
    what: String,
    /// Print JSON
    #[arg(long, env = "HYTTE_JSON", value_parser = FalseyValueParser::new())]
    json: bool,
    #[command(flatten)]
    reach: data_folder::NetworkFlags,
    #[command(flatten)]
    home: data_folder::DataFolder,
}

/// Shows the queue.
pub fn queue(args: &QueueFlags) -> Result<()> {
    match args.home.request(CommandRequest::Queue {})? {
        CommandResponse::Queue(queue) if args.json => print_json(&queue),
        CommandResponse::Queue(queue) => print_text(&format_queue(&queue, Clock::system().now())),
        _ => Err(is_other_build()),
    }
}

/// Shows a post or person.
pub fn fetch(args: FetchFlags) -> Result<()> {
    match args.home.request_with_network(&args.reach, CommandRequest::Fetch { what: args.what })? {
        CommandResponse::Shown(shown) if args.json => print_json(&shown),
        CommandResponse::Shown(FetchedView::Person(person)) => print_text(&format_person(&person)),
        CommandResponse::Shown(FetchedView::Post(post)) => print_text(&format_post(&post)),
        _ => Err(is_other_build()),
    }
}

/// Shows the numbers.
pub fn stats(args: &StatsFlags) -> Result<()> {
    match args.home.request(CommandRequest::Stats {})? {
        CommandResponse::Stats(stats) if args.json => print_json(&stats),
        CommandResponse::Stats(stats) => {
            let owner = stats.owner.map_or_else(|| "nobody yet".to_owned(), |handle| format!("@{handle}"));
            print_text(&format!(
                "{owner}: {}, {}, following {}\n{} waiting to be delivered\nThe database takes {:.1} MB. This is hytte {}.",
                count(stats.posts, "post"),
                count(stats.followers, "follower"),
                stats.following,
                stats.deliveries,
                stats.database_bytes as f64 / 1e6,
                stats.version
            ))
        }
        _ => Err(is_other_build()),
    }
}

fn format_queue(queue: &control::QueueView, now: Time) -> String {
    let mut out = String::new();
    match queue.total {
        0 => line(&mut out, "Nothing waits to be delivered."),
        total => line(&mut out, &format!("{} on the way:", count(total, "delivery"))),
    }
    for row in &queue.deliveries {
        let mut words =
            format!("  {}: {}, since {}", row.host, count(row.deliveries, "delivery"), format_ago(&row.oldest_at, now));
        if row.tries > 0 {
            let next = format_ahead(&row.next_at, now);
            words.push_str(&format!(", tried {}, next try {next}", count(row.tries, "time")));
        }
        if let Some(error) = &row.error {
            words.push_str(&format!(" ({error})"));
        }
        line(&mut out, &words);
    }
    if queue.received > 0 {
        line(&mut out, &format!("{} received, still to be worked in.", count(queue.received, "activity")));
    }
    for host in &queue.unreachable {
        let why = host.error.as_ref().map_or_else(String::new, |error| format!(" ({error})"));
        line(&mut out, &format!("{} has not answered since {}{why}", host.host, format_ago(&host.since_at, now)));
    }
    for row in &queue.set_aside {
        let why = row.error.as_deref().unwrap_or("no reason known");
        line(&mut out, &format!("Set aside: {} ({why})", row.uri));
    }
    out
}

fn format_person(person: &PersonView) -> String {
    let mut out = String::new();
    line(&mut out, &format!("{} (@{})\n{}", person.name, person.handle, person.url));
    if person.kind != "Person" {
        line(&mut out, &format!("Kind: {}", person.kind));
    }
    if let Some(moved_to) = &person.moved_to {
        line(&mut out, &format!("Moved to {moved_to}"));
    }
    if person.approves_followers {
        line(&mut out, "Approves followers one by one");
    }
    if !person.bio.is_empty() {
        line(&mut out, &format!("\n{}", person.bio));
    }
    for (name, value) in &person.fields {
        line(&mut out, &format!("{name}: {value}"));
    }
    out
}

fn format_post(post: &ShownPostView) -> String {
    let mut out = String::new();
    let edited = post.edited_at.as_ref().map_or_else(String::new, |at| format!(", edited {at}"));
    let (name, author) = (&post.author_name, &post.author);
    line(&mut out, &format!("{name} (@{author}), {}{edited}, {}", post.published_at, post.audience));
    if let Some(reply_to) = &post.reply_to {
        line(&mut out, &format!("In reply to {reply_to}"));
    }
    if let Some(warning) = &post.warning {
        line(&mut out, &format!("Content warning: {warning}"));
    }
    out.push('\n');
    if let Some(title) = &post.title {
        line(&mut out, &format!("{title}\n"));
    }
    if !post.text.is_empty() {
        line(&mut out, &post.text);
    }
    for picture in &post.pictures {
        let alt = if picture.alt.is_empty() { "no description" } else { &picture.alt };
        line(&mut out, &format!("[{}: {alt}] {}", picture.media_type, picture.url));
    }
    let (likes, boosts, replies) = post.counts;
    let counts = [count(likes, "like"), count(boosts, "boost"), count(replies, "reply")].join(", ");
    line(&mut out, &format!("\n{counts}\n{}", post.url));
    out
}

/// Adds a line. What others wrote cannot steer the terminal: control characters but line breaks are left out.
fn line(out: &mut String, text: &str) {
    out.extend(text.chars().filter(|c| !c.is_control() || *c == '\n' || *c == '\t'));
    out.push('\n');
}

fn count(number: u32, noun: &str) -> String {
    match (number, noun.strip_suffix('y').filter(|stem| !stem.ends_with('a'))) {
        (1, _) => format!("1 {noun}"),
        (_, Some(stem)) => format!("{number} {stem}ies"),
        _ => format!("{number} {noun}s"),
    }
}

fn format_ago(at: &str, now: Time) -> String {
    Time::parse(at).map_or_else(|| at.to_owned(), |at| format!("{} ago", format_duration(now.since(at).as_secs())))
}

fn format_ahead(at: &str, now: Time) -> String {
    match Time::parse(at) {
        Some(at) if at > now => format!("in {}", format_duration(at.since(now).as_secs())),
        Some(_) => "now".to_owned(),
        None => at.to_owned(),
    }
}

fn format_duration(seconds: u64) -> String {
    let number = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
    match seconds {
        0..=59 => count(number(seconds), "second"),
        60..=3_599 => count(number(seconds / 60), "minute"),
        3_600..=86_399 => count(number(seconds / 3_600), "hour"),
        _ => count(number(seconds / 86_400), "day"),
    }
}
