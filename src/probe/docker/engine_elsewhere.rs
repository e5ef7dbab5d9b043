//! Where the engine's socket is another one (Windows): Docker's client knows it.
#![expect(clippy::unused_async, reason = "they are async on Unix")]

use crate::fact::touch::Touch;

pub(super) async fn containers() -> Option<String> {
    None
}

pub(super) async fn is_absent() -> bool {
    false
}

pub(super) async fn container(_name: &str) -> Option<String> {
    None
}

pub(super) async fn logs(_name: &str, _since: Option<u64>, _tail: &str) -> Option<(String, String)> {
    None
}

pub(super) async fn image(_name: &str) -> Option<String> {
    None
}

pub(super) async fn network(_name: &str) -> Option<String> {
    None
}

pub(super) fn touches() -> Vec<Touch> {
    Vec::new()
}
