//! What a look saw, in lines that a person can check.

use std::rc::Rc;

/// The lines of one look, and who answered.
pub(super) type Lines = (Rc<[Rc<str>]>, Rc<str>);

/// So many lines of one look are shown at most.
const LINES: usize = 64;

pub(super) fn bounded(mut lines: Vec<String>) -> Vec<Rc<str>> {
    let more = lines.len().saturating_sub(LINES);
    if more > 0 {
        lines.truncate(LINES);
        lines.push(format!("… and {more} more"));
    }
    lines.into_iter().map(Rc::from).collect()
}
