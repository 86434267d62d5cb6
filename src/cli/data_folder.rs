//! Which data folder a command means, and how it is opened. Never creates a folder that was not asked for.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::FalseyValueParser;
use hytte::base::{Clock, Config, Error, Result};
use hytte::control::{self, CommandRequest, CommandResponse};
use hytte::federation::Node;
use hytte::net::NameSource;
use hytte::store::Store;

/// Marks a folder made by `hytte try`: whatever opens it sends nothing to anyone.
const TRIAL_FILE: &str = "trial";
const TRIAL_FILE_TEXT: &str = "This folder is a trial made by `hytte try`: nothing in it is sent to anyone.\n";

/// The folder.
#[derive(Args, Clone)]
pub struct DataFolder {
    /// The data folder
    #[arg(long, env = "HYTTE_DATA", value_name = "DIR")]
    pub data: PathBuf,
}

/// How far outgoing requests reach.
#[derive(Args)]
pub struct NetworkFlags {
    /// Let outgoing requests reach loopback and private addresses (for tests and closed networks)
    #[arg(long, env = "HYTTE_ALLOW_PRIVATE", value_parser = FalseyValueParser::new())]
    pub allow_private: bool,
}

impl DataFolder {
    /// Has the server of this folder do it, or does it here when none runs.
    pub fn request(&self, request: CommandRequest) -> Result<CommandResponse> {
        self.request_with_network(&NetworkFlags { allow_private: false }, request)
    }

    /// Like [`Home::ask`], for what may need the network.
    pub fn request_with_network(&self, reach: &NetworkFlags, request: CommandRequest) -> Result<CommandResponse> {
        let config = config(&self.data, reach);
        control::send_command(&self.data, request, || open(config.clone()))
    }
}

/// The configuration of a process on this folder.
pub fn config(data: &Path, reach: &NetworkFlags) -> Config {
    Config {
        data: data.to_owned(),
        allow_private: reach.allow_private,
        trial: is_trial(data),
        trusted_proxies: Vec::new(),
    }
}

/// Opens a folder that has been founded and named, or is a trial.
pub fn open(config: Config) -> Result<Node> {
    let data = config.data.clone();
    let missing = || {
        Error::invalid(format!(
            "there is no hytte in {0} yet: make one with `hytte init NAME@DOMAIN --data {0}`",
            data.display()
        ))
    };
    if !data.join("hytte.db").is_file() {
        return Err(missing());
    }
    owned(&data)?;
    let store = Store::open(&data, Clock::system())?;
    let node = Node::open(config, store, NameSource::System).map_err(|error| match error {
        Error::NotFound => missing(),
        other => other,
    })?;
    if node.facts.owner.is_none() && !node.config.trial {
        return Err(missing());
    }
    Ok(node)
}

/// Invalid when the folder is another actor's: what we wrote there, its server could not read.
pub fn owned(data: &Path) -> Result<()> {
    let (Ok(folder), Ok(me)) = (fs::metadata(data), fs::metadata("/proc/self")) else { return Ok(()) };
    if folder.uid() == me.uid() {
        return Ok(());
    }
    let owner = user_name(folder.uid());
    Err(Error::invalid(format!(
        "{} belongs to the user {owner}: run this as that user (`sudo -u {owner} hytte …`)",
        data.display()
    )))
}

/// The name of a user, from the one file every machine has; else the number as sudo reads it.
fn user_name(uid: u32) -> String {
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let of_uid = |line: &str| {
        let mut parts = line.split(':');
        let name = parts.next()?;
        (parts.nth(1)? == uid.to_string()).then(|| name.to_owned())
    };
    users.lines().find_map(of_uid).unwrap_or_else(|| format!("#{uid}"))
}

/// Whether this folder is a trial.
pub fn is_trial(data: &Path) -> bool {
    data.join(TRIAL_FILE).is_file()
}

/// Marks a folder as a trial, making it if need be.
pub fn mark_trial(data: &Path) -> Result<()> {
    fs::create_dir_all(data)?;
    Ok(fs::write(data.join(TRIAL_FILE), TRIAL_FILE_TEXT)?)
}

/// Whether anything but an empty file system is in the folder; false when there is no folder.
pub fn is_in_use(data: &Path) -> Result<bool> {
    let entries = match fs::read_dir(data) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        Err(error) => {
            return Err(Error::invalid(format!("{} cannot be used as a data folder: {error}", data.display())));
        }
    };
    let mut names = entries.filter_map(|entry| entry.ok().map(|entry| entry.file_name()));
    Ok(names.any(|name| name != "lost+found" && name != "hytte.lock"))
}
