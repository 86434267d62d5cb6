//! The binary, as a new owner and a packager use it.
