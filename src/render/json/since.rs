//! The part of the JSON report that compares with an earlier one.

use serde::Serialize;

use crate::report::{Change, Now};

/// What became of a root of before.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "Change"))]
pub(super) struct ChangeV2<'a> {
    seat: &'a str,
    /// The cause as it was named then; of a new one, as it is now.
    code: &'a str,
    #[cfg_attr(test, schemars(extend("enum" = ["fixed", "same", "other-cause", "not-seen", "new"])))]
    now: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    more: Option<String>,
}

pub(super) fn change(change: &Change) -> ChangeV2<'_> {
    let more = match &change.now {
        Now::Fixed | Now::Still => None,
        Now::Otherwise(more) | Now::Unseen(more) | Now::New(more) => Some(more.clone()),
        Now::Explained(by) => Some(by.join(", ")),
    };
    ChangeV2 { seat: &change.seat, code: &change.code, now: change.now.key(), more }
}
