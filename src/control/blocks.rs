//! `hytte block`: blocked servers and a preview of the follows that a block would end.

use serde::{Deserialize, Serialize};

use super::CommandResponse;
use crate::base::id::ActorId;
use crate::base::{Error, Result};
use crate::federation::{Node, owner::host_block_import};
use crate::social::moderation::host_block::{self, BlockPreview};
use crate::store::moderation::host_blocks::{self, HostBlockRule, MANUAL_LIST, Severity};
use crate::store::{Read, actors};

/// Rules listed at most.
const MAX_LISTED_RULES: u32 = 20_000;

/// What to do.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BlockRequest {
    /// Lists the owner's own rules.
    List,
    /// Shows what a block would cut, and changes nothing.
    Preview {
        /// The server.
        host: String,
    },
    /// Sets a rule.
    Set {
        /// The server.
        host: String,
        /// block, limit or allow.
        severity: String,
        /// Its images are not shown.
        no_media: bool,
        /// Its reports are not taken.
        no_reports: bool,
        /// Why.
        comment: String,
    },
    /// Takes a rule back.
    Remove {
        /// The server.
        host: String,
    },
    /// The rules as Mastodon's CSV.
    Export,
    /// Shows what the rules of a CSV would cut, and changes nothing.
    PreviewList {
        /// The file.
        text: String,
    },
    /// Takes over the rules of a CSV.
    Import {
        /// The file.
        text: String,
    },
}

/// A rule of the owner's.
#[derive(Serialize, Deserialize, Debug, PartialEq, Eq)]
pub struct BlockRule {
    /// The server; its subdomains are meant, too.
    pub host: String,
    /// block, limit or allow.
    pub severity: String,
    /// Its images are not shown.
    pub no_media: bool,
    /// Its reports are not taken.
    pub no_reports: bool,
    /// Why.
    pub comment: String,
    /// Since when, RFC 3339.
    pub since: String,
}

/// Whom rules cut, by handle, and how many posts are hidden.
#[derive(Serialize, Deserialize, Debug, PartialEq, Eq)]
pub struct AffectedFollows {
    /// People the owner follows.
    pub following: Vec<String>,
    /// People who follow the owner.
    pub followers: Vec<String>,
    /// Posts that are not shown any more.
    pub posts: u32,
}

/// Does it. When this returns Ok, it is on the disk.
pub(super) fn handle_block(node: &Node, act: BlockRequest) -> Result<CommandResponse> {
    match act {
        BlockRequest::List => node.store.read(block_rule).map(CommandResponse::Kept),
        BlockRequest::Preview { host } => {
            preview(node, &host_block_import::parse_host_name(&host)?).map(CommandResponse::Cut)
        }
        BlockRequest::Set { host, severity, no_media, no_reports, comment } => {
            let host = host_block_import::parse_host_name(&host)?;
            let severity = Severity::from_word(&severity);
            let severity = severity.ok_or_else(|| Error::invalid("a server can be block, limit or allow"))?;
            let cut = if severity == Severity::Block { preview(node, &host)? } else { empty() };
            host_block_import::set_rule(
                node,
                HostBlockRule { no_media, no_reports, ..HostBlockRule::manual(&host, severity, comment.trim()) },
            )?;
            Ok(CommandResponse::Cut(cut))
        }
        BlockRequest::Remove { host } => {
            let host = host_block_import::parse_host_name(&host)?;
            node.store.write(move |w| host_block::remove(w, &host)).map(|_| CommandResponse::Done)
        }
        BlockRequest::Export => node.store.read(host_block_import::export_csv).map(CommandResponse::Text),
        BlockRequest::PreviewList { text } => {
            let id = host_block_import::upload(node, &text)?;
            let cut = node.store.read(|r| named_hosts(r, &host_block::preview_list(r, id)?));
            host_block_import::remove_list(node, id)?;
            cut.map(CommandResponse::Cut)
        }
        BlockRequest::Import { text } => {
            let id = host_block_import::upload(node, &text)?;
            let cut = node.store.read(|r| named_hosts(r, &host_block::preview_list(r, id)?))?;
            host_block_import::apply_list(node, id, Vec::new())?;
            Ok(CommandResponse::Cut(cut))
        }
    }
}

fn empty() -> AffectedFollows {
    AffectedFollows { following: Vec::new(), followers: Vec::new(), posts: 0 }
}

fn preview(node: &Node, host: &str) -> Result<AffectedFollows> {
    node.store.read(|r| named_hosts(r, &host_block::preview_host(r, host)?))
}

fn named_hosts(r: &Read<'_>, preview: &BlockPreview) -> Result<AffectedFollows> {
    let handles = |list: &[(ActorId, String)]| -> Result<Vec<String>> {
        let people = list.iter().map(|(id, _)| Ok(actors::by_id(r, *id)?.handle()));
        people.collect()
    };
    Ok(AffectedFollows {
        following: handles(&preview.following)?,
        followers: handles(&preview.followers)?,
        posts: preview.posts,
    })
}

fn block_rule(r: &Read<'_>) -> Result<Vec<BlockRule>> {
    let rules = host_blocks::of_list(r, MANUAL_LIST, "", MAX_LISTED_RULES)?;
    let kept = |rule: HostBlockRule| BlockRule {
        host: rule.host,
        severity: rule.severity.word().to_owned(),
        no_media: rule.no_media,
        no_reports: rule.no_reports,
        comment: rule.comment,
        since: rule.created_at.rfc3339(),
    };
    Ok(rules.into_iter().map(kept).collect())
}
