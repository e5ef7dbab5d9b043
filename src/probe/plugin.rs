//! Runs a monitoring plug-in that a check file names: never through a shell, never where others could choose what is run, and
//! with no more rights than it needs.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use super::{ProbeContext, ProbeResult, host};
use crate::fact::plugin::{Ended, PluginRun, Program};
use crate::fact::touch::{Touch, only, reads, runs};
use crate::fact::{Fact, Unseen};
use crate::read::plugin::{complaint, output, secrets};
use crate::snapshot::Rights;

/// What the check files say, by the check's id.
pub type Plugins = BTreeMap<String, Program>;

/// Of what it prints one line counts, and a few numbers.
const LONGEST: u64 = 1 << 20;

/// Debian's for root (login(1), `ENV_SUPATH`): whoever started this program chooses none of them.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Who has no rights of its own.
const NOBODY: &str = "nobody";

pub(super) async fn look(check: &str, context: &ProbeContext) -> ProbeResult {
    let Some(program) = context.plugins.get(check) else {
        let why = format!("no check file here has a plug-in for `{check}`");
        return ProbeResult::new("", Err(Unseen::NotKnown(why)));
    };
    ProbeResult::new(program.path.clone(), run(program).await.map(Fact::Plugin))
}

async fn run(program: &Program) -> Result<PluginRun, Unseen> {
    // Who can write the file chooses the program.
    for path in [&program.file, &program.path] {
        host::only_ours(Path::new(path))?;
    }
    let user = user(program)?;
    let arguments: Vec<&str> = program.arguments.0.iter().map(String::as_str).collect();
    let own = || host::variable("HOME").filter(|home| home.starts_with('/')).unwrap_or_else(|| "/".to_owned());
    let home = user.as_ref().map_or_else(own, |user| user.home.clone());
    let variables = [("PATH", PATH), ("LANG", "C.UTF-8"), ("HOME", home.as_str())];
    let given = host::Given {
        variables: variables.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
        user: user.as_ref().map(|user| (user.uid, user.gid)),
        longest: Some(LONGEST),
        unknown: true,
        ..host::Given::default()
    };
    let started = host::clock();
    let deadline = Duration::from_secs(program.timeout);
    let said = host::run_given(&program.path, &arguments, given, deadline).await.map_err(|why| match (why, &user) {
        (Unseen::NeedsRights(_), Some(user)) => Unseen::NoTool(format!(
            "the user {} has no permission to run `{}`; `user` in {} names another one",
            user.name, program.path, program.file
        )),
        (why, _) => why,
    })?;
    let secrets = secrets(&program.arguments.0);
    let read = output(&said.out, &secrets);
    let ended = match (said.code, said.signal) {
        (Some(code), _) => Ended::Exit(code),
        (None, Some(number)) => Ended::Signal(number),
        (None, None) => return Err(Unseen::NoTool(format!("how `{}` ended is not known", program.path))),
    };
    Ok(PluginRun {
        program: program.path.clone(),
        user: user.map(|user| user.name),
        ended,
        complaint: if read.line.is_empty() { complaint(&said.err, &secrets) } else { None },
        line: read.line,
        measures: read.measures,
        took_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
    })
}

/// A user of this machine (passwd(5)).
struct User {
    name: String,
    uid: u32,
    gid: u32,
    home: String,
}

/// Whom it runs as: where we are root, nobody, unless its file names another one. Without root it can only be ourselves.
fn user(program: &Program) -> Result<Option<User>, Unseen> {
    let root = host::rights() == Rights::Root;
    if !root && program.user.is_none() {
        return Ok(None);
    }
    let name = program.user.as_deref().unwrap_or(NOBODY);
    let found = find(&host::read_or_unseen("/etc/passwd")?, name).ok_or_else(|| {
        Unseen::NotKnown(format!(
            "there is no user `{name}` in /etc/passwd; `user` in {} names another one",
            program.file
        ))
    })?;
    if !root && !host::is_user(found.uid) {
        return Err(Unseen::NeedsRights(format!("run as root to run {} as {name}", program.path)));
    }
    Ok(Some(found).filter(|_| root))
}

fn find(passwd: &str, wanted: &str) -> Option<User> {
    passwd.lines().find_map(|line| {
        let fields: Vec<&str> = line.split(':').collect();
        let [name, _, uid, gid, _, home, ..] = fields.as_slice() else { return None };
        (*name == wanted).then_some(())?;
        let home = if home.starts_with('/') { (*home).to_owned() } else { "/".to_owned() };
        Some(User { name: wanted.to_owned(), uid: uid.parse().ok()?, gid: gid.parse().ok()?, home })
    })
}

/// What running a program of your own does, as far as this program does it.
pub(super) fn touches(program: Option<&Program>) -> Vec<Touch> {
    let Some(program) = program else { return Vec::new() };
    // Its arguments may hold secrets.
    let line = if program.arguments.0.is_empty() { program.path.clone() } else { format!("{} **", program.path) };
    let mut found = runs(&[&line]);
    for path in [&program.file, &program.path] {
        let folders = path.match_indices('/').skip(1).filter_map(|(at, _)| path.get(..at));
        found.extend(["/", path.as_str()].into_iter().chain(folders).flat_map(|part| reads(&[part])));
    }
    [found, only("as root, or where its file names a user", reads(&["/etc/passwd"]))].concat()
}
