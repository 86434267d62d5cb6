//! The command line. Its words are in `cli/`, one file per group of commands; what they do is in the library.

mod cli;

fn main() -> std::process::ExitCode {
    cli::run()
}
