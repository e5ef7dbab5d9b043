//! A program by the convention of monitoring plug-ins (monitoring-plugins.org/doc/guidelines.html): it ends with 0 (OK),
//! 1 (warning), 2 (critical) or 3 (unknown), and prints one line, with performance data behind a stroke.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::fact::words::words;

/// What a check file says of such a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// Its full path.
    pub path: String,
    /// What it is given.
    pub arguments: Arguments,
    /// How long it may take, in seconds.
    pub timeout: u64,
    /// The user that it runs as, if the file names one.
    pub user: Option<String>,
    /// The check file.
    pub file: String,
}

/// May hold secrets, and is never shown.
#[derive(Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(transparent)]
pub struct Arguments(pub Vec<String>);

impl fmt::Debug for Arguments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} arguments", self.0.len())
    }
}

/// What one run of it brought.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginRun {
    /// Its full path.
    pub program: String,
    /// The user that it ran as, where that is another one than clipcheck's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// How it ended.
    pub ended: Ended,
    /// Its first line, without what may be a secret and without the performance data. Empty where it printed none.
    pub line: String,
    /// The performance data, as it gave them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub measures: Vec<Measure>,
    /// Where it printed no line: the last line of its standard error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub complaint: Option<String>,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
}

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ended {
    /// By itself, with this exit code.
    Exit(i32),
    /// By this signal.
    Signal(i32),
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exit(code) => write!(f, "exit code {code}"),
            Self::Signal(number) => write!(f, "signal {number}"),
        }
    }
}

/// One value of the performance data: `'label'=value[unit];[warning];[critical];[least];[most]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measure {
    /// What was measured.
    pub label: String,
    /// The number with its unit.
    pub value: String,
    /// The range outside of which the plug-in warns; empty where it does not tell.
    pub warning: String,
    /// The range outside of which it is critical; empty where it does not tell.
    pub critical: String,
}

/// So many values are shown in a line.
const SHOWN: usize = 8;

impl PluginRun {
    words! {
        pub(crate) fn label(&self) of self.ended => {
            Ended::Signal(_) => "ended-by-signal",
            Ended::Exit(0..=3) if self.line.is_empty() => "silent",
            Ended::Exit(0) => "ok",
            Ended::Exit(1) => "warning",
            Ended::Exit(2) => "critical",
            Ended::Exit(3) => "unknown",
            Ended::Exit(_) => "other-exit-code",
        }
    }

    pub(crate) fn summary(&self) -> Vec<String> {
        let Self { ended, line, complaint, took_ms, .. } = self;
        let user = self.user.as_ref().map_or_else(String::new, |user| format!(", as {user}"));
        let said = match (line.as_str(), complaint) {
            ("", Some(complaint)) => format!("no line; standard error ends with: {complaint}"),
            ("", None) => "no line".to_owned(),
            (line, _) => line.to_owned(),
        };
        let run = format!("{ended} after {took_ms} ms{user}: {said}");
        let shown: Vec<String> = self.measures.iter().take(SHOWN).map(ToString::to_string).collect();
        let more = self.measures.len().saturating_sub(SHOWN);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let measured = (!shown.is_empty()).then(|| format!("performance data: {}{more}", shown.join(", ")));
        std::iter::once(run).chain(measured).collect()
    }
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { label, value, warning, critical } = self;
        write!(f, "{label} {value}")?;
        let limits: Vec<String> = [("warning", warning), ("critical", critical)]
            .into_iter()
            .filter(|(_, limit)| !limit.is_empty())
            .map(|(name, limit)| format!("{name} {limit}"))
            .collect();
        if limits.is_empty() { Ok(()) } else { write!(f, " ({})", limits.join(", ")) }
    }
}
