//! What means nothing on a server of one person: the answer that every client takes well.

use super::call::{Answer, Call, Reply};
use super::fault::Fault;
use crate::base::Error;
use crate::federation::Node;

/// There are none: `[]`.
pub fn list(_: &Node, _: &Call) -> Reply {
    Ok(Answer::none())
}

/// Nothing to say: `{}`.
pub fn object(_: &Node, _: &Call) -> Reply {
    Ok(Answer::done())
}

/// Done, for there was nothing to do: `{}`.
pub fn done(_: &Node, _: &Call) -> Reply {
    Ok(Answer::done())
}

/// 404.
pub fn missing(_: &Node, _: &Call) -> Reply {
    Err(Error::NotFound.into())
}

/// 403: nobody else moves in here.
pub fn forbidden(_: &Node, _: &Call) -> Reply {
    Err(Fault::NotAllowed)
}
