//! systemd units and files.

use at_boot::AtBoot;
use filter::AddressFilter;
use holder::PortHolder;
use quote::Quote;
use serde::{Deserialize, Serialize};

use crate::fact::words::words;

pub mod at_boot;
pub mod filter;
pub mod holder;
pub mod quote;
pub mod sandbox;

/// A systemd unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitState {
    /// Its full name.
    pub name: String,
    /// Whether systemd knows it.
    pub known: bool,
    /// `ActiveState`: active, inactive, failed, activating …
    pub active: String,
    /// `UnitFileState`: enabled, disabled, masked, static … or empty.
    pub enabled: String,
    /// When it became active, in seconds since the epoch.
    pub since: Option<u64>,
    /// Units it is ordered after (`After=`), in alphabetic order.
    pub after: Vec<String>,
    /// What starts it at the next boot.
    #[serde(default, skip_serializing_if = "AtBoot::is_plain")]
    pub at_boot: AtBoot,
    /// Why it failed, where its journal says so in words we know.
    pub reason: Option<FailReason>,
    /// How its last run ended, where its first process did not end by itself (`Result`): signal, oom-kill, core-dump …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<String>,
    /// What it said last itself, where it does not run although it was to be started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<Quote>,
    /// Who has its UDP port, where that is why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<PortHolder>,
    /// That systemd has started it, and still waits for its word that it is ready.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starting: Option<Starting>,
    /// systemd's own packet filter of it.
    #[serde(default, skip_serializing_if = "AddressFilter::is_empty")]
    pub filter: AddressFilter,
}

/// A start that has not come to its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Starting {
    /// When it began, in seconds since the epoch.
    pub since: u64,
    /// `Type`: what systemd waits for (systemd.service(5)): notify, forking …
    pub kind: String,
    /// `TimeoutStartUSec`, in seconds; none where it waits for ever.
    pub limit: Option<u64>,
}

/// Why a unit failed, in words that are known here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailReason {
    /// `resolvconf: command not found`: the file has a `DNS =` line and no resolvconf is installed.
    NoResolvconf,
    /// `Key is not the correct length or format`.
    KeyMalformed,
    /// `Line unrecognized`; holds the name before the `=`, empty where that is no plain word.
    LineUnrecognized(String),
    /// `Name or service not known` or `Temporary failure in name resolution`: of an Endpoint, or of an address to bind.
    NameNotKnown,
    /// `Unable to find port of endpoint`.
    EndpointWithoutPort,
    /// `Unknown device type` or `Protocol not supported`: no WireGuard in this kernel.
    NoWireGuard,
    /// `Cannot assign requested address`: a bind to an address that did not exist yet.
    AddressNotThere,
    /// `Address already in use`.
    AddressInUse,
    /// `already exists`: the interface was there before the unit started.
    InterfaceExists,
    /// The command of a `PreUp`, `PostUp`, `PreDown` or `PostDown` line of the tunnel's file failed; holds which of
    /// these names, and the line. The command itself is not kept.
    Hook(String, u32),
    /// A command of wg-quick's own failed; holds its beginning, which is always the same.
    Step(String),
    /// A command failed that is neither wg-quick's own nor in the file (any more).
    OldHook,
    /// A line of the service's configuration cannot be read; holds the file, empty where it is not named, and the line.
    ConfLine(String, u32),
    /// A setting has a value that the service does not take; holds its name.
    BadValue(String),
    /// A file may not be read by the service's user; holds its path, empty for a data file that is not named.
    NoAccess(String),
    /// The data folder has the wrong mode or owner; holds its path.
    FolderMode(String),
    /// The file of a private key can be read by others, or is another's; holds its path.
    KeyMode(String),
    /// systemd did not start it, since a condition of its own is not met; holds the file and the line.
    Condition(String, u32),
    /// No memory for what is shared between the service's processes.
    NoMemory,
}

impl FailReason {
    /// What the journal says, in its own words where they hold no secret.
    pub fn words(&self) -> String {
        match self {
            Self::NoResolvconf => "`resolvconf: command not found`".to_owned(),
            Self::KeyMalformed => "`Key is not the correct length or format`".to_owned(),
            Self::LineUnrecognized(name) if name.is_empty() => "`Line unrecognized`".to_owned(),
            Self::LineUnrecognized(name) => format!("`Line unrecognized: {name}=`"),
            Self::NameNotKnown => "`Name or service not known`".to_owned(),
            Self::EndpointWithoutPort => "`Unable to find port of endpoint`".to_owned(),
            Self::NoWireGuard => "this kernel has no WireGuard".to_owned(),
            Self::AddressNotThere => "`Cannot assign requested address`".to_owned(),
            Self::AddressInUse => "`Address already in use`".to_owned(),
            Self::InterfaceExists => "the interface existed already".to_owned(),
            Self::Hook(name, line) => format!("the command of {name} (line {line} of the tunnel's file) failed"),
            Self::Step(step) => format!("wg-quick's own `{step}` failed"),
            Self::OldHook => "a command failed that is not in the tunnel's file any more".to_owned(),
            Self::ConfLine(path, line) if path.is_empty() => format!("line {line} of the configuration cannot be read"),
            Self::ConfLine(path, line) => format!("{path}:{line} cannot be read"),
            Self::BadValue(name) => format!("the value of `{name}` is not taken"),
            Self::NoAccess(path) if path.is_empty() => "its data: `Permission denied`".to_owned(),
            Self::NoAccess(path) => format!("{path}: `Permission denied`"),
            Self::FolderMode(path) => format!("the data directory {path} has the wrong mode or owner"),
            Self::KeyMode(path) => format!("the private key {path} has the wrong mode or owner"),
            Self::Condition(path, line) => format!("skipped, since the condition at {path}:{line} was not met"),
            Self::NoMemory => "`could not map anonymous shared memory`".to_owned(),
        }
    }
}

impl UnitState {
    /// Whether nothing can start it (`systemctl mask`).
    pub fn is_masked(&self) -> bool {
        matches!(self.enabled.as_str(), "masked" | "masked-runtime")
    }

    words! {
        pub(crate) fn label(&self) of self.active.as_str() => {
                _ if !self.known => "unknown",
                "active" => "active",
                "failed" => "failed",
                "activating" => "activating",
                _ => "inactive",
        }
    }

    pub(crate) fn summary(&self) -> Vec<String> {
        let reason = self.reason.as_ref().map_or_else(String::new, |reason| format!(", journal: {}", reason.words()));
        let state = format!(
            "unit {}: {}, {}{reason}{}",
            self.name,
            self.label(),
            if self.enabled.is_empty() { "not enabled" } else { &self.enabled },
            self.filter.summary()
        );
        let holder = self.holder.iter().map(PortHolder::summary);
        std::iter::once(state).chain(self.said.iter().map(Quote::summary)).chain(holder).collect()
    }
}

/// A file's owner and mode.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileState {
    /// Its full path.
    pub path: String,
    /// Permission bits and owner's user id; none if there is no such file.
    pub found: Option<(u32, u32)>,
}

impl FileState {
    words! {
        pub(crate) fn label(&self) of self.found => {
                None => "missing",
                Some((mode, _)) if mode & 0o077 == 0 => "private",
                Some((mode, _)) if mode & 0o007 == 0 => "group",
                Some(_) => "others",
        }
    }

    pub(crate) fn summary(&self) -> String {
        match self.found {
            None => format!("{}: no such file", self.path),
            Some((mode, owner)) => format!("{}: mode {mode:04o}, owner {owner}", self.path),
        }
    }
}
