//! Where the engine's socket is another one (Windows): Docker's client knows it.
#![expect(clippy::unused_async, reason = "they are async on Unix")]

pub(super) async fn containers() -> Option<String> {
    None
}

pub(super) async fn container(_name: &str) -> Option<String> {
    None
}

pub(super) async fn image(_name: &str) -> Option<String> {
    None
}

pub(super) async fn network(_name: &str) -> Option<String> {
    None
}
