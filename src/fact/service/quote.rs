//! What a program wrote itself.

use serde::{Deserialize, Serialize};

/// A program's own words, without what may be a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    /// What it wrote; of several lines that belong together, with a stroke between them.
    pub text: String,
    /// Where that stands: a file, `journalctl -u UNIT`, `docker logs NAME`.
    pub source: String,
    /// When it was written or, where the line itself does not tell, when the unit ended or the file was last written to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<u64>,
    /// The file and the line of the program's own settings that hold what it names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub named: Option<(String, u32)>,
}

impl Quote {
    /// The words and where they stand, for a sentence.
    pub fn told(&self) -> String {
        format!("`{}` ({})", self.text, self.source)
    }

    pub(crate) fn summary(&self) -> String {
        let at = self.at.and_then(|at| jiff::Timestamp::from_second(i64::try_from(at).ok()?).ok());
        let at = at.map_or_else(String::new, |at| format!(", {}", at.strftime("%Y-%m-%d %H:%M:%S UTC")));
        let named =
            self.named.as_ref().map_or_else(String::new, |(path, line)| format!("; it is named at {path}:{line}"));
        format!("{}{at}: {}{named}", self.source, self.text)
    }
}
