//! Parses the command line and reports the outcome: results on standard output, everything else on standard error, a
//! failure as one sentence that says what to do.

mod credentials;
mod data_folder;
mod inspect;

mod block;
mod init;
mod post;
mod serve;

use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use hytte::base::{Error, Result};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::prelude::*;

/// A home of one's own on the fediverse: one binary, one folder, one person.
#[derive(Parser)]
#[command(name = "hytte", version, max_term_width = 100, after_help = FIRST_STEPS)]
struct Cli {
    /// What to log on standard error: error, warn, info, debug, trace, or a filter such as `hytte=debug`
    #[arg(long, env = "HYTTE_LOG", global = true, value_name = "LEVEL")]
    log: Option<String>,
    /// How log lines are written: as text, or as one JSON object per line
    #[arg(long, env = "HYTTE_LOG_FORMAT", global = true, value_name = "FORMAT", default_value = "text")]
    log_format: LogFormat,
    #[command(subcommand)]
    command: Command,
}

/// How log lines are written.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum LogFormat {
    Text,
    Json,
}

const FIRST_STEPS: &str = "To look around:   hytte try\n\
    For real:         hytte init NAME@DOMAIN --data DIR && hytte serve --data DIR\n\
    Every flag can also be set in the environment, as HYTTE_ and its name: HYTTE_DATA, HYTTE_LISTEN.";

#[derive(Subcommand)]
enum Command {
    /// Open a private trial on this machine; nothing leaves it
    Try(serve::TryFlags),
    /// Make the data folder, the keys and the owner
    Init(init::InitFlags),
    /// Serve the folder until it is told to stop
    Serve(serve::ServeFlags),
    /// Make an access token for an app or script; the last word printed is the token
    Token(credentials::TokenFlags),
    /// Make a link that logs a browser in, once
    LoginLink(credentials::LoginLinkFlags),
    /// Set the password, typed or on standard input
    Password(credentials::PasswordFlags),
    /// Post the text on standard input
    Post(post::PostFlags),
    /// Show what waits to be delivered, and why
    Queue(inspect::QueueFlags),
    /// Keep a server away, take that back, or show what is blocked
    Block(block::BlockFlags),
    /// Show a post or person as this server sees them
    Fetch(inspect::FetchFlags),
    /// Show a few numbers
    Stats(inspect::StatsFlags),
}

/// Reads the command line and runs it.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let quiet = !matches!(cli.command, Command::Serve(_));
    init_logging(cli.log, cli.log_format, if quiet { LevelFilter::WARN } else { LevelFilter::INFO });
    match execute(cli.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("hytte: {}", sentence(&error));
            ExitCode::FAILURE
        }
    }
}

fn execute(command: Command) -> Result<()> {
    match command {
        Command::Try(args) => serve::run_trial(args),
        Command::Init(args) => init::init(args),
        Command::Serve(args) => serve::serve(args),
        Command::Token(args) => credentials::token(args),
        Command::LoginLink(args) => credentials::login_link(&args),
        Command::Password(args) => credentials::password(&args),
        Command::Post(args) => post::post(args),
        Command::Queue(args) => inspect::queue(&args),
        Command::Block(args) => block::block(args),
        Command::Fetch(args) => inspect::fetch(args),
        Command::Stats(args) => inspect::stats(&args),
    }
}

/// Logs go to standard error; as text without our own times where systemd adds them.
fn init_logging(asked: Option<String>, format: LogFormat, usual: LevelFilter) {
    let filter = asked.or_else(|| std::env::var("RUST_LOG").ok()).filter(|text| !text.trim().is_empty());
    // actix_http calls every malformed request of a stranger an error: they must not fill the log.
    let filter = filter.unwrap_or_else(|| format!("{usual},actix_server=warn,actix_http=off"));
    let parsed = filter.parse().unwrap_or_else(|error| {
        eprintln!("hytte: the log filter {filter:?} is not understood ({error}); logging as usual");
        Targets::new().with_default(usual)
    });
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_target(false)
        .with_ansi(std::io::stderr().is_terminal());
    let wanted = tracing_subscriber::registry().with(parsed);
    if format == LogFormat::Json {
        wanted.with(tracing_subscriber::fmt::layer().json().with_writer(std::io::stderr)).init()
    } else if std::env::var_os("JOURNAL_STREAM").is_some() {
        wanted.with(lines.without_time()).init()
    } else {
        wanted.with(lines).init()
    }
    std::panic::set_hook(Box::new(|panic| {
        let thread = std::thread::current();
        tracing::error!(thread = thread.name().unwrap_or("unnamed"), "a thread panicked: {panic}");
    }));
}

/// An error as one sentence for the person at the keyboard.
fn sentence(error: &Error) -> String {
    match error {
        Error::NotFound => "there is nothing there; check the address".to_owned(),
        Error::Gone => "it was deleted for good".to_owned(),
        Error::Internal(source) => format!("this went wrong: {source}"),
        other => other.to_string(),
    }
}

/// Prints a result. A reader that went away (`| head`) is no error of ours.
fn print_text(text: &str) -> Result<()> {
    match writeln!(std::io::stdout().lock(), "{}", text.trim_end()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// Prints a result for a script.
fn print_json(value: &impl serde::Serialize) -> Result<()> {
    print_text(&serde_json::to_string_pretty(value).map_err(Error::internal)?)
}

/// The answer was not one to this question: another build answers.
fn is_other_build() -> Error {
    Error::invalid("the running server is another build: restart it, then try again")
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::Cli;

    #[test]
    fn every_flag_has_its_twin_in_the_environment() {
        let cli = Cli::command();
        cli.clone().debug_assert();
        for command in cli.get_subcommands() {
            for arg in command.get_arguments().filter(|arg| !arg.is_positional()) {
                let Some(flag) = arg.get_long().filter(|flag| !["help", "version"].contains(flag)) else { continue };
                let twin = format!("HYTTE_{}", flag.replace('-', "_").to_uppercase());
                let env = arg.get_env().and_then(|env| env.to_str());
                assert_eq!(env, Some(twin.as_str()), "hytte {} --{flag}", command.get_name());
            }
        }
    }

    #[test]
    fn every_command_takes_a_data_folder() {
        for command in Cli::command().get_subcommands() {
            assert!(command.get_arguments().any(|arg| arg.get_long() == Some("data")), "{}", command.get_name());
        }
    }
}
