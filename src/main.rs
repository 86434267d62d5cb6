//! The command line. The commands are in `cli/`, one file per group; what they do is in the library.

mod cli;

/// glibc's allocator keeps what 90 password hashes needed (1.5 GB); jemalloc returns it within seconds. Its options are in
/// `.cargo/config.toml`.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> std::process::ExitCode {
    cli::run()
}
