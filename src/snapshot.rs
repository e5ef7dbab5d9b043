//! What one vantage saw, as a versioned file.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::fact::{Fact, FactKey, Observation, Observed, Vantage};
use crate::profile::Addresses;

mod windows;

pub use windows::WINDOWS;

/// The version of the file format that this program writes and reads.
pub const SCHEMA: u32 = 1;

/// The rights a snapshot was taken with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Rights {
    /// User id 0.
    Root,
    /// The same on Windows.
    Administrator,
    /// Anybody else.
    User,
}

/// All facts from one vantage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// [`SCHEMA`].
    pub schema: u32,
    /// The clipcheck that took it.
    pub version: String,
    /// Where it was taken.
    pub vantage: Vantage,
    /// How the vantage was known: "--as", or what gave it away.
    pub vantage_by: String,
    /// The machine's host name.
    pub host: String,
    /// For example `linux`.
    pub platform: String,
    /// The kernel's release, as `uname -r` prints it; empty where that is not known.
    #[serde(default)]
    pub kernel: String,
    /// Who looked.
    pub rights: Rights,
    /// In seconds since the epoch, by the machine's own clock. The judges' only clock.
    pub taken_at: u64,
    /// How long all looks took together, in microseconds.
    pub took_us: u64,
    /// The deployment's addresses as settled here.
    pub addresses: Addresses,
    /// What was looked at. Facts are of many sizes, and a map keeps room for more than it has.
    pub facts: BTreeMap<FactKey, Box<Observed>>,
}

/// Numbers and dots, as Cargo has them.
fn is_version(text: &str) -> bool {
    (1..=20).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric() || ".-+".contains(c))
}

impl Snapshot {
    /// Reads a snapshot; the error says what is wrong and where.
    pub fn parse(text: &str, path: &str) -> Result<Self, String> {
        /// The one field that is read first, whatever else the file holds.
        #[derive(Deserialize)]
        struct Head {
            schema: u32,
            #[serde(default)]
            version: String,
        }
        let place = |error: &serde_json::Error| {
            let message = error.to_string();
            // It quotes the file, which may hold anything.
            let message: String = message.split(" at line ").next().unwrap_or_default().escape_debug().collect();
            let message = message.replace("\\\"", "\"").replace("\\'", "'");
            format!("{path}:{}:{}: no snapshot: {message}", error.line(), error.column())
        };
        let head: Head = serde_json::from_str(text).map_err(|error| place(&error))?;
        if head.schema > SCHEMA {
            return Err(format!(
                "{path}: the snapshot has schema {}, this clipcheck reads up to {SCHEMA}; use the clipcheck that took it, or a newer one",
                head.schema
            ));
        }
        let own = env!("CARGO_PKG_VERSION");
        serde_json::from_str(text).map_err(|error| match head.version.as_str() {
            version if version == own || !is_version(version) => place(&error),
            version => format!("{} (clipcheck {version} took it, and this is {own})", place(&error)),
        })
    }

    /// What a look saw; none where it saw nothing, or was not made.
    pub fn fact(&self, key: &FactKey) -> Option<&Fact> {
        match &self.facts.get(key)?.observation {
            Observation::Seen(fact) => Some(fact),
            Observation::Unseen(_) => None,
        }
    }

    /// The public key of this end of the tunnel: the running interface's, else that of the file.
    pub fn public_key(&self) -> Option<String> {
        if let Some(Fact::Wg(state)) = self.fact(&FactKey::Wg)
            && let Some(interface) = state.interfaces.iter().find(|it| it.name == self.addresses.interface.value)
        {
            return interface.public_key.clone();
        }
        let Some(Fact::WgConf(conf)) = self.fact(&FactKey::WgConf) else { return None };
        conf.derived_public.clone()
    }

    /// Whether it was taken on Windows.
    pub fn on_windows(&self) -> bool {
        self.platform == WINDOWS
    }

    /// Whether the machine below is a Windows one, whose containers run on a Linux kernel of Microsoft's: its releases end
    /// in `-microsoft-standard-WSL2` (github.com/microsoft/WSL2-Linux-Kernel).
    pub fn above_windows(&self) -> bool {
        self.on_windows() || self.kernel.to_ascii_lowercase().contains("microsoft")
    }

    /// The file's text.
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }
}
