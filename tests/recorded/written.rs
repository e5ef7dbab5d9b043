//! The states of the lab as they are written down: a file of `fixtures/faults/` has a table for each fault that the check of
//! its name names, one of `fixtures/healthy/` a table for each healthy variant. `tests/lab.d/fault.py` reads the same for
//! the lab.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;

use super::root;

/// Where the faults stand, below the top.
pub const FAULTS: &str = "fixtures/faults";

/// Where the healthy variants stand.
pub const VARIANTS: &str = "fixtures/healthy";

/// One state, and where it is written.
pub struct Written<T> {
    pub id: String,
    pub state: T,
    pub file: File,
}

/// A file of several states.
#[derive(Clone)]
pub struct File {
    /// Below the top.
    pub path: String,
    pub text: std::rc::Rc<str>,
}

impl File {
    /// The name without its ending: of a file of faults, the check's.
    pub fn stem(&self) -> &str {
        self.path.rsplit('/').next().and_then(|name| name.strip_suffix(".toml")).unwrap_or_default()
    }

    /// The line, counted from 1, in which the table of this state has this word.
    pub fn line_of(&self, id: &str, word: &str) -> usize {
        let head = format!("[{id}]");
        let start = self.text.lines().position(|line| line.trim_end() == head).unwrap_or_default();
        let found = self.text.lines().skip(start).position(|line| line.contains(word));
        start + found.unwrap_or_default() + 1
    }
}

/// All states of a folder, by name. An error names file and line.
pub fn all<T: DeserializeOwned>(folder: &str) -> Result<Vec<Written<T>>, String> {
    let mut found: BTreeMap<String, Written<T>> = BTreeMap::new();
    for path in files(folder)? {
        let text = std::fs::read_to_string(root().join(&path)).map_err(|error| format!("{path}: {}", error.kind()))?;
        let states: BTreeMap<String, T> = toml::from_str(&text).map_err(|error| {
            let before = error.span().and_then(|span| text.get(..span.start));
            let line = before.map_or(1, |before| before.matches('\n').count() + 1);
            format!("{path}:{line}: {}", error.message().replace('\n', " "))
        })?;
        let file = File { path, text: text.into() };
        for (id, state) in states {
            let new = Written { id: id.clone(), state, file: file.clone() };
            if let Some(other) = found.insert(id.clone(), new) {
                let line = file.line_of(&id, "");
                return Err(format!("{}:{line}: `{id}` stands in {} as well", file.path, other.file.path));
            }
        }
    }
    Ok(found.into_values().collect())
}

fn files(folder: &str) -> Result<Vec<String>, String> {
    let entries = std::fs::read_dir(root().join(folder)).map_err(|error| format!("{folder}: {}", error.kind()))?;
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut found: Vec<String> =
        names.filter(|name| name.ends_with(".toml")).map(|name| format!("{folder}/{name}")).collect();
    found.sort();
    Ok(found)
}
