//! What a worker's Python library said, and its name.

use super::quoted::{Secrets, answered};
use crate::fact::libraries::LibrarySaid;

/// So many characters of a library's name and version.
const NAME: usize = 60;

/// Reads what the script printed: `connected`, `silent`, or an error.
pub fn read(said: &str, secrets: &Secrets) -> LibrarySaid {
    match said {
        "connected" => LibrarySaid::Connected,
        "silent" => LibrarySaid::Silent,
        error => LibrarySaid::Refused(answered(error, secrets)),
    }
}

/// A library's name and version.
pub fn name(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_graphic() || *c == ' ').take(NAME).collect()
}
