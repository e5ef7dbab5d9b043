//! Who has WireGuard's port is looked at on Linux alone.

use crate::fact::touch::Touch;

pub(super) fn touches() -> Vec<Touch> {
    Vec::new()
}
