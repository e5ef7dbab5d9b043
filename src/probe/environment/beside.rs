//! The worker that we are beside. In its processes (`docker run --pid container:NAME`), but with files of our own, its
//! environment and its files are those of the first process there. In its container (`docker exec`), they are those of the
//! worker's own process: an entrypoint may have set more than the container was created with, from a secret's file.

use std::collections::BTreeMap;

use super::{app_variables, host, native};
use crate::fact::app::App;
use crate::probe::workers;

/// Where its files are seen (proc(5), `root`).
const ROOT: &str = "/proc/1/root";

/// Its environment, and where its files are; none where the first process has our own files, or none of the app's
/// variables.
pub(super) fn worker(app: Option<&App>) -> Option<(BTreeMap<String, String>, &'static str)> {
    if !has_other_files() {
        return None;
    }
    let host::Text::Read(text) = host::read("/proc/1/environ") else { return None };
    let pairs = text.split_terminator('\0').filter_map(|pair| pair.split_once('='));
    let environment: BTreeMap<String, String> =
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    app_variables(app).any(|name| environment.contains_key(name)).then_some((environment, ROOT))
}

/// The environment of the worker that runs here; none where no worker does, or it may not be looked at. One with other files
/// is another container's, whose processes are seen here too.
pub(super) fn of_process(app: Option<&App>) -> Option<BTreeMap<String, String>> {
    let running = workers::found().ok()?.into_iter().filter(|it| has_our_files(it.worker.pid));
    // An entrypoint that goes on running has the worker's words in its own command, and not yet its variables.
    let mut environments = running.filter_map(|it| native::environ(it.worker.pid).ok());
    environments.find(|environment| app_variables(app).any(|name| environment.contains_key(name)))
}

/// Whether the files that we see are the worker's.
pub(in crate::probe) fn has_its_files() -> bool {
    !has_other_files()
}

/// The environment of this process.
pub(super) fn own() -> BTreeMap<String, String> {
    #[expect(clippy::disallowed_methods, reason = "here the environment becomes a fact")]
    let all = std::env::vars_os();
    all.filter_map(|(name, value)| Some((name.into_string().ok()?, value.to_string_lossy().into_owned()))).collect()
}

/// The first process has.
#[cfg(target_os = "linux")]
fn has_other_files() -> bool {
    use procfs::process::Process;

    matches!((mounts(Process::myself()), mounts(Process::new(1))), (Some(own), Some(first)) if own != first)
}

/// This process has.
#[cfg(target_os = "linux")]
fn has_our_files(pid: u32) -> bool {
    use procfs::process::Process;

    let its = i32::try_from(pid).ok().and_then(|pid| mounts(Process::new(pid)));
    its.is_some_and(|its| mounts(Process::myself()) == Some(its))
}

/// Which file systems a process sees (namespaces(7), `mnt`).
#[cfg(target_os = "linux")]
fn mounts(process: procfs::ProcResult<procfs::process::Process>) -> Option<u64> {
    process.ok()?.namespaces().ok()?.0.get(std::ffi::OsStr::new("mnt")).map(|namespace| namespace.identifier)
}

#[cfg(not(target_os = "linux"))]
fn has_other_files() -> bool {
    false
}

#[cfg(not(target_os = "linux"))]
fn has_our_files(_: u32) -> bool {
    false
}
