//! `hytte init`: creates the data folder, its keys and its owner. Asks nothing; can be run again after an interruption.

use std::path::Path;

use clap::Args;
use hytte::base::config::Origin;
use hytte::base::{Clock, Error, Result};
use hytte::federation::owner::{identity, login};
use hytte::store::{self, Store};
use hytte::text::handle;

use super::{data_folder, print_json, print_text};

/// The flags of `init`.
#[derive(Args)]
pub struct InitFlags {
    /// Your name on the fediverse, for ever: alice@example.org
    #[arg(value_name = "NAME@DOMAIN")]
    name: String,
    /// Where the server answers, when that is not DOMAIN itself: social.example.org
    #[arg(long, env = "HYTTE_HOST")]
    host: Option<String>,
    /// How the server is reached; http is for tests only
    #[arg(long, env = "HYTTE_SCHEME", default_value = "https", value_parser = ["https", "http"])]
    scheme: String,
    /// Print JSON
    #[arg(long, env = "HYTTE_JSON", value_parser = clap::builder::FalseyValueParser::new())]
    json: bool,
    #[command(flatten)]
    home: data_folder::DataFolder,
}

/// Makes the folder.
pub fn init(args: InitFlags) -> Result<()> {
    let (name, origin) = parse(&args.name, args.host.as_deref(), &args.scheme)?;
    let data = &args.home.data;
    let store = open_new(data)?;
    create_owner(&store, &origin, &name, data)?;
    let link = login::make_login_link(&store, &origin)?;
    let who = format!("@{name}@{}", origin.domain);
    if args.json {
        return print_json(
            &serde_json::json!({ "handle": who, "url": origin.url(&format!("/@{name}")), "login": link }),
        );
    }
    eprintln!(
        "{who} is yours, in {}.\nThis name is permanent: other servers remember it, and this server answers at {} from now on.\n",
        data.display(),
        origin.url("/")
    );
    eprintln!("Serve it:       hytte serve --data {}", data.display());
    print_text(&format!("Log in, once:   {link}"))
}

/// The owner's name and where the server is found. Says what is wrong with either.
fn parse(text: &str, host: Option<&str>, scheme: &str) -> Result<(String, Origin)> {
    let bad = || Error::invalid(format!("{text:?} is not of the form NAME@DOMAIN: write it like alice@example.org"));
    let (name, domain) = text.strip_prefix('@').unwrap_or(text).split_once('@').ok_or_else(bad)?;
    if name.is_empty() || name.len() > 30 || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
        return Err(Error::invalid(format!(
            "{name:?} cannot be a name: take 1 to 30 letters without accents, digits or underscores"
        )));
    }
    let normal = |host: &str| {
        handle::normal_host(host)
            .ok_or_else(|| Error::invalid(format!("{host:?} is not a domain name: write it like example.org")))
    };
    let domain = normal(domain)?;
    let host = host.map_or_else(|| Ok(domain.clone()), normal)?;
    if scheme == "https" && !host.contains('.') {
        return Err(Error::invalid(format!("{host:?} is no name on the internet: write it like example.org")));
    }
    Ok((name.to_owned(), Origin { scheme: scheme.to_owned(), host, domain }))
}

/// Opens the store of a folder that is new, empty, or left half made.
fn open_new(data: &Path) -> Result<Store> {
    if data_folder::is_trial(data) {
        return Err(Error::invalid(format!("{} is a trial: choose another folder with --data", data.display())));
    }
    if data_folder::is_in_use(data)? && !data.join("hytte.db").is_file() {
        return Err(Error::invalid(format!(
            "{} is not empty: choose a new or empty folder with --data",
            data.display()
        )));
    }
    data_folder::owned(data)?;
    Store::open(data, Clock::system())
}

/// Founds the server and names the owner, as far as that is not done yet.
fn create_owner(store: &Store, origin: &Origin, name: &str, data: &Path) -> Result<()> {
    match store.read(store::node::get) {
        Err(Error::NotFound) => identity::create_node(store, origin)?,
        Ok(node) if node.owner.is_none() && node.origin == *origin => {}
        Ok(node) => {
            return Err(Error::Conflict(format!(
                "{} is already the home of {}: serve it, or choose another folder with --data",
                data.display(),
                node.origin.url("/")
            )));
        }
        Err(error) => return Err(error),
    }
    identity::name_owner(store, name)?;
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn names_and_domains_are_checked_before_anything_is_made() {
        let (name, origin) = parse("alice@Example.ORG", Some("social.example.org"), "https").unwrap();
        assert_eq!((name.as_str(), origin.url("/").as_str()), ("alice", "https://social.example.org/"));
        assert_eq!(origin.domain, "example.org");
        assert_eq!(parse("@a@b.test:9001", None, "http").unwrap().1.host, "b.test:9001");
        for bad in
            ["alice", "alice@", "@example.org", "al ice@b.test", "ålice@b.test", "a@b@c", "a@b.test/x", "a@localhost"]
        {
            assert!(matches!(parse(bad, None, "https"), Err(Error::Invalid(_))), "{bad}");
        }
    }
}
