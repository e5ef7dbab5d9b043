//! What `--fix-script` prints of every recorded report: scripts that a shell takes.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::{LazyLock, Mutex};

use clipcheck::fact::Vantage;
use clipcheck::render;
use clipcheck::report::fix_script;

use super::canon::without_digits;
use super::fault::Set;
use super::judged::{Seen, all};

/// What a shell sees of a script, files, edits and actions: what differs in comments or numbers alone is the same to it.
type ToShell = [Vec<String>; 3];

/// How many causes are mended, and each script with the name of its file: a state that has it, and the host.
#[derive(Default)]
struct Found {
    mended: usize,
    bodies: BTreeMap<ToShell, (String, String)>,
    wrong: Vec<String>,
}

static FOUND: LazyLock<Mutex<Found>> = LazyLock::new(Mutex::default);

/// Keeps the scripts of what all vantages together say of something broken.
pub fn look(seen: &Seen<'_>) {
    let Ok(mut found) = FOUND.lock() else { return };
    if !seen.is_broken() || !seen.is_together() {
        return;
    }
    for host in seen.report.hosts.iter().filter(|host| host.vantage != Vantage::Container) {
        let script = match fix_script(seen.report, Some(&host.seat)) {
            Ok(script) => script,
            Err(why) => {
                found.wrong.push(format!("{}: no script for {}: {why}", seen.state, host.seat));
                continue;
            }
        };
        found.mended += script.mended.len();
        if script.mended.is_empty() {
            continue;
        }
        let page = render::fix_script(&script);
        if !script.edits.iter().all(|edit| edit.contains("\"$new\"")) {
            found.wrong.push(format!("{}: {:?}", seen.state, script.edits));
        }
        let name = format!("{}-{}.sh", seen.state, host.vantage);
        let shape = |lines: &[String]| lines.iter().map(|line| without_digits(line)).collect();
        let to_shell = [&script.files, &script.edits, &script.actions].map(|lines| shape(lines));
        found.bodies.entry(to_shell).or_insert_with(|| (name, page.text().to_owned()));
    }
}

/// Says what is wrong with the scripts of a folder; nothing where the program is not installed.
fn wrong_by(program: &str, arguments: &[&str], scripts: &Path) -> Result<String, String> {
    let files = std::fs::read_dir(scripts).map_err(|error| error.to_string())?;
    let files: Vec<_> = files.filter_map(|it| Some(it.ok()?.path())).collect();
    let mut said = String::new();
    for files in files.chunks(if program == "bash" { 1 } else { 60 }) {
        match Command::new(program).args(arguments).args(files).output() {
            Ok(done) => said.push_str(&(String::from_utf8_lossy(&done.stdout) + String::from_utf8_lossy(&done.stderr))),
            Err(_) => println!("skipped: no {program}"),
        }
    }
    Ok(said)
}

/// What a shell says of them.
pub fn no_shell_takes(set: &Set) -> Result<Vec<String>, String> {
    all(set)?;
    let found = FOUND.lock().map_err(|_| "a script could not be made".to_owned())?;
    let mut wrong = found.wrong.clone();
    if found.mended <= 250 {
        wrong.push(format!("only {} are mended by scripts", found.mended));
    }
    if super::sight::is_asked_for_figures() {
        println!("{} causes are mended by scripts, of which {} are not alike", found.mended, found.bodies.len());
    }
    let scripts = tempfile::TempDir::new().map_err(|error| error.to_string())?;
    for (name, body) in found.bodies.values() {
        std::fs::write(scripts.path().join(name), body).map_err(|error| format!("{name}: {error}"))?;
    }
    // What the recordings give the same values may be a constant to it.
    let lints = ["-S", "warning", "-e", "SC2155,SC1111,SC2046", "-f", "gcc"];
    for (program, arguments) in [("bash", &["-n"][..]), ("shellcheck", &lints)] {
        wrong.extend(wrong_by(program, arguments, scripts.path())?.lines().map(str::to_owned));
    }
    Ok(wrong)
}
