//! The command line. The commands are in `cli/`, one file per group; what they do is in the library.

mod cli;

fn main() -> std::process::ExitCode {
    cli::run()
}
