//! `hytte token`, `login-link`, `password`: the owner's credentials.

use std::io::{BufRead as _, IsTerminal as _};

use clap::Args;
use clap::builder::FalseyValueParser;
use hytte::base::{Error, Result};
use hytte::control::{CommandRequest, CommandResponse};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use serde_json::json;

use super::{data_folder, is_other_build, print_json, print_text};

/// The longest line read as a password, in bytes; the server has its own, shorter limit.
const MAX_PASSWORD_LINE_BYTES: u64 = 8 * 1024;

/// The flags of `token`.
#[derive(Args)]
pub struct TokenFlags {
    /// What it may do, separated by spaces: read write follow push
    #[arg(long, env = "HYTTE_SCOPES", default_value = "read write follow push")]
    scopes: String,
    /// What it is for, as your list of apps shows it
    #[arg(long, env = "HYTTE_NAME", default_value = "command line")]
    name: String,
    /// Print JSON
    #[arg(long, env = "HYTTE_JSON", value_parser = FalseyValueParser::new())]
    json: bool,
    #[command(flatten)]
    home: data_folder::DataFolder,
}

/// Makes a token and prints it.
pub fn token(args: TokenFlags) -> Result<()> {
    let scopes = args.scopes.clone();
    match args.home.request(CommandRequest::Token { name: args.name, scopes: args.scopes })? {
        CommandResponse::Token(token) if args.json => print_json(&json!({ "token": token, "scopes": scopes })),
        CommandResponse::Token(token) => {
            eprintln!("Keep it safe: it is shown only now, and may {scopes}.");
            print_text(&token)
        }
        _ => Err(is_other_build()),
    }
}

/// The flags of `login-link`.
#[derive(Args)]
pub struct LoginLinkFlags {
    /// Print JSON
    #[arg(long, env = "HYTTE_JSON", value_parser = FalseyValueParser::new())]
    json: bool,
    #[command(flatten)]
    home: data_folder::DataFolder,
}

/// Makes a link and prints it.
pub fn login_link(args: &LoginLinkFlags) -> Result<()> {
    match args.home.request(CommandRequest::LoginLink {})? {
        CommandResponse::Url(login) if args.json => print_json(&json!({ "login": login })),
        CommandResponse::Url(link) => {
            eprintln!("Open this once, within a day:");
            print_text(&link)
        }
        _ => Err(is_other_build()),
    }
}

/// The flags of `password`.
#[derive(Args)]
pub struct PasswordFlags {
    #[command(flatten)]
    home: data_folder::DataFolder,
}

/// Sets the password: typed twice without being shown, or the first line of standard input.
pub fn password(args: &PasswordFlags) -> Result<()> {
    let password = if std::io::stdin().is_terminal() { read_password_twice()? } else { read_line()? };
    match args.home.request(CommandRequest::Password { password })? {
        CommandResponse::Done => {
            eprintln!("The password is set, and all browsers are logged out.");
            Ok(())
        }
        _ => Err(is_other_build()),
    }
}

fn read_password_twice() -> Result<String> {
    let hidden = HiddenTerminal::start()?;
    eprint!("New password: ");
    let first = read_line()?;
    eprint!("\nThe same again: ");
    let second = read_line()?;
    eprintln!();
    drop(hidden);
    if first == second { Ok(first) } else { Err(Error::invalid("the two passwords differ: nothing was changed")) }
}

fn read_line() -> Result<String> {
    use std::io::Read as _;
    let mut text = String::new();
    std::io::stdin().lock().take(MAX_PASSWORD_LINE_BYTES).read_line(&mut text)?;
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() {
        Err(Error::invalid("no password was given: nothing was changed"))
    } else {
        Ok(text.to_owned())
    }
}

/// A terminal that shows nothing of what is typed, until this is dropped.
struct HiddenTerminal {
    before: Termios,
}

impl HiddenTerminal {
    fn start() -> Result<Self> {
        let before = tcgetattr(std::io::stdin()).map_err(Error::internal)?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        tcsetattr(std::io::stdin(), OptionalActions::Flush, &silent).map_err(Error::internal)?;
        Ok(Self { before })
    }
}

impl Drop for HiddenTerminal {
    fn drop(&mut self) {
        if let Err(error) = tcsetattr(std::io::stdin(), OptionalActions::Flush, &self.before) {
            tracing::warn!(%error, "the terminal stays silent: type `stty echo`");
        }
    }
}
