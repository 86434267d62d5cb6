//! Tests of signatures and proofs.

#[cfg(test)]
pub(super) mod hostile;
#[cfg(test)]
pub(super) mod vectors;
