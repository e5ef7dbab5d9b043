//! The architecture itself: the rules of `src/lib.rs`, `checks/README.md` and the README, kept by reading the
//! files. A rule that no test reads is a wish.
//!
//! - `house::modules`: who may import whom, who may touch the world, how large a file may be, what lies where.
//! - `house::checks`: check files, the guide's steps and the table of docs/checks.md say the same.
//!
//! What the checks make of every recording is asked in `tests/faults.rs`, where they are judged anyhow (`bench::rules`).
#![allow(clippy::string_slice, reason = "cuts what it made or keeps itself")]
#![allow(clippy::disallowed_methods, reason = "reads the repository")]
#![allow(clippy::print_stderr, reason = "tells which exceptions are in force")]

use std::collections::BTreeSet;
use std::fmt::Display;
use std::path::{Path, PathBuf};

mod recorded;
mod sentences;

mod house {
    mod checks;
    mod docs;
    mod modules;
    mod source;
    mod touches;
    mod windows;
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every file below a folder of the repository, by its path from the top, sorted. What git does not keep is not
/// looked at.
fn files(below: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![root().join(below)];
    while let Some(folder) = open.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for entry in entries {
            let path = entry.expect("a folder can be listed").path();
            let name = relative(&path);
            if path.is_dir() && !matches!(name.as_str(), "target" | "tests/fuzz/target" | ".git") {
                open.push(path);
            } else if path.is_file() && name != ".git" {
                found.push(name);
            }
        }
    }
    found.sort();
    found
}

fn relative(path: &Path) -> String {
    let path: PathBuf = path.strip_prefix(root()).expect("below the top").to_owned();
    path.components().map(|part| part.as_os_str().to_string_lossy().into_owned()).collect::<Vec<_>>().join("/")
}

fn files_named(below: &str, ending: &str) -> Vec<String> {
    files(below).into_iter().filter(|name| name.ends_with(ending)).collect()
}

/// Fails with everything that is wrong, not with the first of it.
fn none<T: Display>(rule: &str, wrong: impl IntoIterator<Item = T>) {
    let wrong: Vec<String> = wrong.into_iter().map(|it| format!("  - {it}")).collect();
    assert!(wrong.is_empty(), "{rule}:\n{}\n", wrong.join("\n"));
}

/// What only one of two sets has, in words.
fn differences<T: Ord + Display>(
    left: &BTreeSet<T>,
    only_left: &str,
    right: &BTreeSet<T>,
    only_right: &str,
) -> Vec<String> {
    let left_only = left.difference(right).map(|it| format!("{it}: {only_left}"));
    let right_only = right.difference(left).map(|it| format!("{it}: {only_right}"));
    left_only.chain(right_only).collect()
}
