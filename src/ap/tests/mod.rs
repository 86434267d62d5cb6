//! Tests of reading and writing documents.

#[cfg(test)]
pub(super) mod mutations;
#[cfg(test)]
pub(super) mod peer_shapes;
#[cfg(test)]
pub(super) mod written_documents;
