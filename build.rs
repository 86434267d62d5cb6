//! Asks the linker for packed relocations (RELR) where the C library can read them. The half megabyte of plain relocations
//! is read once at the start and then stays resident, so an idle server would be larger without this.

use std::path::Path;
use std::{env, fs};

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    if glibc().is_some_and(|version| version >= (2, 36)) {
        println!("cargo:rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}

/// The version of the target's glibc, by its own headers; `None` for other C libraries.
fn glibc() -> Option<(u32, u32)> {
    if env::var("CARGO_CFG_TARGET_ENV").ok()? != "gnu" || env::var("CARGO_CFG_TARGET_OS").ok()? != "linux" {
        return None;
    }
    let file = Path::new(&env::var_os("OUT_DIR")?).join("glibc.c");
    fs::write(&file, "#include <features.h>\nglibc __GLIBC__ __GLIBC_MINOR__\n").ok()?;
    let text = String::from_utf8(cc::Build::new().file(&file).try_expand().ok()?).ok()?;
    // The compiler may put a `# line` of its own between any two words.
    let mut words = text.lines().filter(|line| !line.starts_with('#')).flat_map(str::split_whitespace);
    words.find(|word| *word == "glibc")?;
    Some((words.next()?.parse().ok()?, words.next()?.parse().ok()?))
}
