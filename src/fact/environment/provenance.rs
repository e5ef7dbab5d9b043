//! How a container was made: which lines of which files gave it its variables.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::encoding::Encoding;
use super::{Ignored, Origin, Setting};

/// A name that `${…}` asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interpolation {
    /// The name; empty for a bare `$name` without a value, which may be a piece of a password.
    pub name: String,
    /// The line that has its value; none where no file of the project has one.
    pub at: Option<(String, u32)>,
    /// Whether it had a value at all.
    pub known: bool,
    /// Whether the whole text is this one name, so that its line is the one to change.
    pub whole: bool,
    /// Whether a `$` in its value had none itself.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub blank: bool,
}

/// One line, or the image, that sets a variable for the container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Where.
    pub origin: Origin,
    /// To what; none for a bare name that compose knew no value of.
    pub setting: Option<Setting>,
    /// What `${…}` in it asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub via: Vec<Interpolation>,
    /// Whether a `$` in it had no value, and compose put nothing in its place.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub blank: bool,
    /// Why it sets nothing, where it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ignored: Option<Ignored>,
    /// Whether the container has this very value. Compared where it is read; only the answer is kept.
    pub agrees: bool,
}

impl Source {
    /// Whether compose lost a piece of the value: at a `$` for which it had nothing.
    pub fn is_cut(&self) -> bool {
        self.blank || self.via.iter().any(|via| via.blank)
    }

    /// The line to change, if it stands in a file.
    pub fn line(&self) -> Option<(&str, u32)> {
        if let [Interpolation { at: Some((path, line)), whole: true, .. }] = self.via.as_slice() {
            return Some((path, *line));
        }
        self.origin.place()
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.origin)?;
        for (index, via) in self.via.iter().filter(|via| !via.name.is_empty()).enumerate() {
            let lead = if index == 0 { ", where" } else { " and" };
            match &via.at {
                Some((path, line)) => write!(f, "{lead} ${{{}}} is {path}:{line}", via.name)?,
                None if via.known => write!(f, "{lead} ${{{}}} is from the shell", via.name)?,
                None => write!(f, "{lead} ${{{}}} is set in no file", via.name)?,
            }
        }
        Ok(())
    }
}

/// A file that takes part, and when it was last changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ingredient {
    /// Where it lies.
    pub path: String,
    /// Seconds since the epoch.
    pub changed_at: u64,
}

/// A name that the container's hosts file was given an address of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostLine {
    /// The name.
    pub name: String,
    /// Its address.
    pub address: IpAddr,
    /// The line of a compose file's `extra_hosts`; none where the container has it from elsewhere.
    pub at: Option<(String, u32)>,
}

impl fmt::Display for HostLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.at {
            Some((path, line)) => write!(f, "`extra_hosts` at {path}:{line} sets it to {}", self.address),
            None => write!(f, "`--add-host {}:{}` of the container", self.name, self.address),
        }
    }
}

/// A worker that the host runs without Docker.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ByHost {
    /// Its process; none where it does not run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
    /// The systemd unit that starts it; none where it is started by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Whether systemd must first read the unit's files again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reload: bool,
    /// The file whose lines are meant to set its variables, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The line of its own code that takes MEDIA_BASE_URL, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media: Option<(String, u32)>,
    /// A file of its variables that is in no encoding that a shell or systemd reads, and in which it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding: Option<(String, Encoding)>,
    /// A file of its variables that its unit or its script names, and that is not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gone: Option<String>,
}

impl ByHost {
    /// The command that starts it anew, as it is now written; none where it is started by hand.
    pub fn restart(&self) -> Option<String> {
        let unit = self.unit()?;
        Some(if self.reload {
            format!("sudo sh -c 'systemctl daemon-reload && systemctl restart {unit}'")
        } else {
            format!("sudo systemctl restart {unit}")
        })
    }

    /// The unit, by a name that can be typed as it is.
    pub fn unit(&self) -> Option<&str> {
        let plain = |name: &&String| name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.@:".contains(c));
        Some(self.unit.as_ref().filter(plain)?.trim_end_matches(".service"))
    }
}

/// How the container was made, as far as Docker and the files tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContainerProvenance {
    /// When the container was made, in seconds since the epoch.
    pub created_at: u64,
    /// The compose service, where compose made it.
    pub service: Option<String>,
    /// The folder that compose was run in.
    pub folder: Option<String>,
    /// The compose files.
    pub files: Vec<String>,
    /// The compose project's name, where it is not the folder's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// What compose was told to read in place of the folder's `.env`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dotenv: Vec<String>,
    /// The line of the service's name.
    pub place: Option<(String, u32)>,
    /// The line of the service's `command`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<(String, u32)>,
    /// All files that take part.
    pub ingredients: Vec<Ingredient>,
    /// What could not be read or followed.
    pub unread: Vec<String>,
    /// What its hosts file was given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<HostLine>,
    /// Set where the worker is in no container: then it was made when its process was started, and of what that read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<ByHost>,
    /// By variable, strongest first; the image's own value last.
    pub sources: BTreeMap<String, Vec<Source>>,
}

impl ContainerProvenance {
    /// The source whose value the container has.
    pub fn source(&self, variable: &str) -> Option<&Source> {
        self.sources.get(variable)?.iter().find(|source| source.agrees)
    }

    /// The line that is meant to set a variable, and that the program that reads it ignores.
    pub fn ignored(&self, variable: &str) -> Option<(&Source, Ignored)> {
        self.sources.get(variable)?.iter().find_map(|source| Some((source, source.ignored?)))
    }

    /// The strongest source, where the container has another value than it says.
    pub fn differs(&self, variable: &str) -> Option<&Source> {
        let first = self.sources.get(variable)?.first().filter(|source| source.ignored.is_none())?;
        let told = match &self.host {
            // That another value was given by hand is nobody's mistake; that a file was changed since is to be seen.
            Some(_) => self.is_newer(first),
            None => self.service.is_some(),
        };
        (!first.agrees && told).then_some(first)
    }

    /// Whether the file that a source's value stands in was changed after the container was made.
    pub fn is_newer(&self, source: &Source) -> bool {
        if self.host.is_some() {
            // Where a line was taken out, the next weaker place speaks.
            return self.ingredients.iter().any(|file| file.changed_at > self.created_at);
        }
        let files = source.via.iter().filter_map(|via| via.at.as_ref()).map(|(path, _)| path.as_str());
        let mut files = files.chain(source.origin.place().map(|(path, _)| path));
        files.any(|path| self.ingredients.iter().any(|file| file.path == path && file.changed_at > self.created_at))
    }

    /// The command that recreates the container, or restarts the worker without one; none where nothing tells how it was made.
    pub fn recreate(&self) -> Option<String> {
        if let Some(host) = &self.host {
            return host.restart();
        }
        let service = self.service.as_ref()?;
        let folder = self.folder.iter().map(|folder| format!("--project-directory {} ", quoted(folder)));
        let files = self.files.iter().map(|file| format!("-f {} ", quoted(file)));
        // Without these compose would fill in other values, or make a second project.
        let dotenv = self.dotenv.iter().map(|file| format!("--env-file {} ", quoted(file)));
        let project = self.project.iter().map(|name| format!("-p {} ", quoted(name)));
        let options: String = folder.chain(files).chain(dotenv).chain(project).collect();
        Some(format!("docker compose {options}up -d --force-recreate {service}"))
    }
}

/// The project's name that compose makes of a folder (compose-go, loader: NormalizeProjectName).
pub fn project_of(folder: &str) -> String {
    let name = folder.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_lowercase();
    let kept: String = name.chars().filter(|c| c.is_ascii_alphanumeric() || "_-".contains(*c)).collect();
    kept.trim_start_matches(['_', '-']).to_owned()
}

/// As a shell takes it for one word.
fn quoted(path: &str) -> String {
    let plain = path.chars().all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c));
    if plain { path.to_owned() } else { format!("'{}'", path.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compose_is_told_what_it_was_told() {
        let mut provenance = ContainerProvenance {
            created_at: 0,
            service: Some("worker".to_owned()),
            folder: Some("/srv/w".to_owned()),
            files: vec!["/srv/w/gpu worker.yaml".to_owned()],
            project: None,
            dotenv: Vec::new(),
            place: None,
            command: None,
            ingredients: Vec::new(),
            unread: Vec::new(),
            hosts: Vec::new(),
            host: None,
            sources: BTreeMap::new(),
        };
        let plain = "docker compose --project-directory /srv/w -f '/srv/w/gpu worker.yaml' ";
        assert_eq!(provenance.recreate().as_deref(), Some(format!("{plain}up -d --force-recreate worker").as_str()));
        provenance.project = Some("gpu".to_owned());
        provenance.dotenv = vec!["/srv/w/prod.env".to_owned()];
        let told = format!("{plain}--env-file /srv/w/prod.env -p gpu up -d --force-recreate worker");
        assert_eq!(provenance.recreate(), Some(told));
        assert_eq!(project_of("/srv/_My Stack.2/"), "mystack2");
    }
}
