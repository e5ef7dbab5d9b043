//! Where a thread cannot take another user's ids, PostgreSQL's administrator is not asked.

use crate::fact::Unseen;

/// Nobody.
pub(super) struct Administrator;

impl Administrator {
    pub(super) fn find(_port: &str) -> Result<Self, Unseen> {
        Err(Unseen::NoTool("PostgreSQL can only be queried as its administrator on Linux".to_owned()))
    }

    pub(super) fn inside(_contained: &crate::probe::containers::Contained) -> Result<Self, Unseen> {
        Self::find("")
    }

    #[expect(clippy::unused_async, clippy::unused_self, reason = "as on Linux")]
    pub(super) async fn session<T>(
        &self,
        _database: &str,
        _talk: impl AsyncFnOnce(&Session) -> Result<T, Unseen>,
    ) -> Result<T, Unseen> {
        Self::find("").and_then(|_| Err(Unseen::Crashed))
    }
}

/// None is ever opened.
pub(super) struct Session;

impl Session {
    #[expect(clippy::unused_async, clippy::unused_self, reason = "as on Linux")]
    pub(super) async fn ask(&self, _query: &str) -> Result<String, Unseen> {
        Err(Unseen::Crashed)
    }
}

pub(super) fn touches() -> Vec<crate::fact::touch::Touch> {
    Vec::new()
}

pub(super) fn inside_touches() -> Vec<crate::fact::touch::Touch> {
    Vec::new()
}
