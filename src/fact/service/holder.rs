//! Who has a UDP port that a unit could not have.

use serde::{Deserialize, Serialize};

/// A process with a socket on a port.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortHolder {
    /// The UDP port.
    pub port: u16,
    /// The program's name; none where that is not seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<String>,
    /// The process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process: Option<i32>,
    /// Its systemd unit, where it is a service's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// The container that publishes the port, where Docker has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
}

impl PortHolder {
    /// Who it is, in words.
    pub fn words(&self) -> String {
        let process = self.process.map_or_else(String::new, |process| format!(" (process {process})"));
        match (&self.container, &self.program, &self.unit) {
            (Some(container), ..) => format!("the container {container}"),
            (None, Some(program), Some(unit)) => format!("{program}{process} of {unit}"),
            (None, Some(program), None) => format!("{program}{process}"),
            (None, None, _) => "another socket".to_owned(),
        }
    }

    pub(super) fn summary(&self) -> String {
        format!("UDP port {}: {}", self.port, self.words())
    }
}
