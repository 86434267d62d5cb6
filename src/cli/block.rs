//! `hytte block`: blocks servers by name or from a CSV file, with a preview of the follows that would end.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::FalseyValueParser;
use hytte::base::{Error, Result};
use hytte::control::blocks::{AffectedFollows, BlockRequest, BlockRule};
use hytte::control::{CommandRequest, CommandResponse};

use super::{data_folder, is_other_build, print_json, print_text};

/// Bytes of a list at most.
const MAX_LIST_BYTES: u64 = hytte::federation::owner::host_block_import::MAX_LIST_BYTES as u64;

/// The flags of `block`.
#[derive(Args)]
pub struct BlockFlags {
    /// The server, subdomains included; without one the servers blocked are shown
    #[arg(value_name = "HOST")]
    host: Option<String>,
    /// Only limit it: people you follow are shown, without images
    #[arg(long, env = "HYTTE_LIMIT", value_parser = FalseyValueParser::new(), conflicts_with = "allow")]
    limit: bool,
    /// Let no list count for it
    #[arg(long, env = "HYTTE_ALLOW", value_parser = FalseyValueParser::new())]
    allow: bool,
    /// Do not show its images
    #[arg(long, env = "HYTTE_NO_MEDIA", value_parser = FalseyValueParser::new())]
    no_media: bool,
    /// Take no reports from it
    #[arg(long, env = "HYTTE_NO_REPORTS", value_parser = FalseyValueParser::new())]
    no_reports: bool,
    /// Why
    #[arg(long, env = "HYTTE_COMMENT", value_name = "TEXT")]
    comment: Option<String>,
    /// Take the rule for it back; follows it has ended come back
    #[arg(long, env = "HYTTE_LIFT", value_parser = FalseyValueParser::new(), requires = "host")]
    lift: bool,
    /// Only show what a block, or a file, would cut
    #[arg(long, env = "HYTTE_LOOK", value_parser = FalseyValueParser::new())]
    look: bool,
    /// Take over the rules of a CSV file in Mastodon's format, or of a plain list of names
    #[arg(long, env = "HYTTE_IMPORT", value_name = "FILE", conflicts_with = "host")]
    import: Option<PathBuf>,
    /// Print the rules as a CSV file in Mastodon's format, which has no word for servers that are always let in
    #[arg(long, env = "HYTTE_EXPORT", value_parser = FalseyValueParser::new(), conflicts_with_all = ["host", "import"])]
    export: bool,
    /// Print JSON
    #[arg(long, env = "HYTTE_JSON", value_parser = FalseyValueParser::new())]
    json: bool,
    #[command(flatten)]
    home: data_folder::DataFolder,
}

/// Does it and says what it cut.
pub fn block(args: BlockFlags) -> Result<()> {
    let changes = !args.look;
    let (json, home) = (args.json, args.home.clone());
    let act = run_block(args)?;
    match home.request(CommandRequest::Block { act })? {
        CommandResponse::Kept(kept) if json => print_json(&kept),
        CommandResponse::Kept(kept) => print_text(&format_rules(&kept)),
        CommandResponse::Cut(cut) if json => print_json(&cut),
        CommandResponse::Cut(cut) => print_text(&format_affected(&cut, changes)),
        CommandResponse::Text(text) => print_text(&text),
        CommandResponse::Done => print_text("The server is no longer blocked by your own rule."),
        _ => Err(is_other_build()),
    }
}

fn run_block(args: BlockFlags) -> Result<BlockRequest> {
    if args.export {
        return Ok(BlockRequest::Export);
    }
    if let Some(file) = &args.import {
        let text = read(file)?;
        return Ok(if args.look { BlockRequest::PreviewList { text } } else { BlockRequest::Import { text } });
    }
    let severity = if args.limit {
        "limit"
    } else if args.allow {
        "allow"
    } else {
        "block"
    };
    Ok(match args.host {
        None => BlockRequest::List,
        Some(host) if args.lift => BlockRequest::Remove { host },
        Some(host) if args.look => BlockRequest::Preview { host },
        Some(host) => BlockRequest::Set {
            host,
            severity: severity.to_owned(),
            no_media: args.no_media,
            no_reports: args.no_reports,
            comment: args.comment.unwrap_or_default(),
        },
    })
}

fn read(file: &Path) -> Result<String> {
    let unreadable = |error| Error::invalid(format!("{} cannot be read: {error}", file.display()));
    if fs::metadata(file).map_err(unreadable)?.len() > MAX_LIST_BYTES {
        return Err(Error::invalid(format!("{} is bigger than {} MB", file.display(), MAX_LIST_BYTES >> 20)));
    }
    let bytes = fs::read(file).map_err(unreadable)?;
    String::from_utf8(bytes).map_err(|_| Error::invalid("the file is not UTF-8: convert it first"))
}

fn format_rules(kept: &[BlockRule]) -> String {
    if kept.is_empty() {
        return "No servers are blocked by your own rules.".to_owned();
    }
    let line = |rule: &BlockRule| {
        let media = if rule.no_media { ", no media" } else { "" };
        let reports = if rule.no_reports { ", no reports" } else { "" };
        let why = if rule.comment.is_empty() { String::new() } else { format!("  ({})", rule.comment) };
        format!("{:<6} {}{media}{reports}{why}", rule.severity, rule.host)
    };
    kept.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn format_affected(cut: &AffectedFollows, changes: bool) -> String {
    let (ends, hides) = if changes { ("Ended", "hidden") } else { ("Would end", "would be hidden") };
    let mut lines = Vec::new();
    for (list, whose) in [(&cut.following, "you follow"), (&cut.followers, "they follow you")] {
        lines.extend(list.iter().map(|handle| format!("{ends}: @{handle} ({whose})")));
    }
    if lines.is_empty() {
        let nobody = if changes { "Done; it ended" } else { "It would end" };
        lines.push(format!("{nobody} no follows."));
    }
    if cut.posts > 0 {
        lines.push(format!("Posts {hides}: {}", cut.posts));
    }
    lines.join("\n")
}
