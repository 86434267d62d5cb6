//! Tests of the pages, and a server with made-up content for looking at.

#[cfg(test)]
pub(super) mod blocking;
#[cfg(test)]
pub(super) mod filters;
#[cfg(test)]
pub(super) mod sample;
#[cfg(test)]
pub(super) mod visibility;
