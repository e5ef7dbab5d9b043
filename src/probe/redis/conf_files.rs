//! Finds and reads redis.conf with what it includes, and the command line that goes before it.

use std::collections::BTreeMap;
use std::path::Path;

use super::instances::{self, Instance};
use crate::fact::limits::Budget;
use crate::fact::redis::RedisConf;
use crate::fact::touch::{Touch, only, reads, reads_in};
use crate::fact::{Fact, Service, Unseen};
use crate::probe::containers::{self, Contained};
use crate::probe::host::Files;
use crate::probe::{ProbeContext, ProbeResult, host};
use crate::read::glob;
use crate::read::redis_command::{self, Command};
use crate::read::redis_conf::{self, Settings};

/// Debian's place, then Red Hat's.
const FILES: [&str; 2] = ["/etc/redis/redis.conf", "/etc/redis.conf"];

/// Debian's unit, then Red Hat's.
const UNITS: [&str; 2] = ["redis-server.service", "redis.service"];

/// Where systemd looks for units and drop-ins, the first before the others (systemd.unit(5), table 1).
const UNIT_FOLDERS: [&str; 4] =
    ["/etc/systemd/system", "/run/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system"];

/// Reads the command that starts Redis, the file it names or the usual one, and what that file includes.
pub(in crate::probe) fn conf(context: &ProbeContext) -> ProbeResult {
    match settings(context) {
        Ok((path, settings)) => {
            let conf = settings.map(|settings| {
                let disk = settings.folder.as_deref().and_then(host::shut);
                Fact::RedisConf(RedisConf { disk, ..settings.finish(&path) })
            });
            ProbeResult::new(path, conf)
        }
        Err((unit, why)) => ProbeResult::new(unit, Err(why)),
    }
}

/// The file that it logs to, if it does not log to standard output.
pub(in crate::probe) fn log_file(context: &ProbeContext) -> Option<String> {
    let (_, settings) = settings(context).ok()?;
    let settings = settings.ok()?;
    let file = settings.log_file.clone()?;
    Some(resolved(&settings, &file))
}

/// The files that it is set up by, with their texts, in the order in which they are read.
pub(in crate::probe) fn texts(context: &ProbeContext) -> Vec<(String, String)> {
    let mut reader = Reader::default();
    if let Ok((path, _)) = settings(context)
        && let Ok(text) = host::read_or_unseen(&path)
    {
        // What stands before a file that cannot be read counts, too.
        let _ = reader.file(&path, &text);
    }
    reader.texts
}

/// The last `user` line for this user, with what follows the name. Holds its passwords.
pub(super) fn user_line(context: &ProbeContext, user: &str) -> Option<((String, u32), Vec<String>)> {
    let mut files = texts(context);
    if let Ok((_, Ok(settings))) = settings(context)
        && let Some(path) = settings.acl_file.as_ref().map(|file| resolved(&settings, file))
    {
        files.push((path.clone(), host::read_if_there(&path).ok()??));
    }
    let lines = files.iter().flat_map(|(path, text)| redis_conf::lines(text).into_iter().map(move |line| (path, line)));
    let of_user = |(path, line): (&String, redis_conf::Line)| {
        let (name, rules) = line.arguments.split_first().filter(|_| line.name == "user")?;
        (name == user).then(|| ((path.clone(), line.number), rules.to_vec()))
    };
    lines.filter_map(of_user).last()
}

/// The file that is read first, and what it amounts to; or the unit that could not be read, and why.
pub(super) type Found = Result<(String, Result<Settings, Unseen>), (&'static str, Unseen)>;

/// Of the usual server and of Debian's further ones the one that is to listen on the deployment's port; else the usual one.
pub(super) fn settings(context: &ProbeContext) -> Found {
    let usual = usual();
    match (&usual, instances::port_of(context)) {
        (Ok((_, Ok(settings))), Some(port)) if settings.port() != port.to_string() => {
            let of = |it: Instance| {
                let found = settings_at(&it.file, &it.command).ok().filter(|found| found.port() == port.to_string())?;
                Some((it.file, Ok(found)))
            };
            instances::all().into_iter().find_map(of).map_or(usual, Ok)
        }
        _ => usual,
    }
}

/// Reads what belongs to the package's own unit.
fn usual() -> Found {
    let mut command = None;
    for unit in UNITS {
        command = command.or(started_by(unit).map_err(|why| (unit, why))?);
    }
    let command = command.unwrap_or_default();
    let there = FILES.into_iter().find(|path| !matches!(host::stat(path), Ok(None)));
    match command.file.as_deref().or(there) {
        Some(path) => Ok((path.to_owned(), settings_at(path, &command))),
        None => Err((FILES[0], Unseen::NotKnown(format!("there is neither {} nor {}", FILES[0], FILES[1])))),
    }
}

fn settings_at(path: &str, command: &Command) -> Result<Settings, Unseen> {
    let mut reader = Reader::default();
    reader.file(path, &host::read_or_unseen(path)?)?;
    reader.command(command)?;
    reader.acl_file()?;
    Ok(reader.settings)
}

/// Reads the command of a container that has Redis' port, the file that it names there, and what that file includes.
pub(in crate::probe) async fn conf_inside(context: &ProbeContext) -> ProbeResult {
    match containers::of_service(Service::Redis, context).await {
        Ok(contained) => {
            let source = format!("the container {}", contained.found.container.name);
            ProbeResult::new(source, inside(contained).map(Fact::RedisConf))
        }
        Err(why) => ProbeResult::new("docker inspect", Err(why)),
    }
}

fn inside(contained: Contained) -> Result<RedisConf, Unseen> {
    let name = contained.found.container.name;
    let command = contained.found.redis.ok_or_else(|| {
        Unseen::NotKnown(format!(
            "the command of the container {name} does not tell which settings Redis is started with"
        ))
    })?;
    let mut reader = Reader { files: contained.files, ..Reader::default() };
    let path = match &command.file {
        Some(file) => {
            let text = reader.files.read_or_unseen(file)?;
            reader.file(file, &text)?;
            reader.files.shown(file)
        }
        None => command.path.clone(),
    };
    // A container's command is as old as the container: no file changes it.
    reader.settings.add_command(&command);
    reader.acl_file()?;
    let acl_file = reader.settings.acl_file.as_ref().map(|file| reader.files.shown(reader.resolved(file)));
    Ok(RedisConf { container: Some(name), acl_file, ..reader.settings.finish(&path) })
}

/// The command of a unit of systemd's, if there is the unit.
pub(super) fn started_by(unit: &str) -> Result<Option<Command>, Unseen> {
    let read = |path: String| Ok(host::read_if_there(&path)?.map(|text| (path, text)));
    let mut files = Vec::new();
    for folder in UNIT_FOLDERS {
        if files.is_empty() {
            files.extend(read(format!("{folder}/{unit}"))?);
        }
    }
    if files.is_empty() {
        return Ok(None);
    }
    // By their names, whichever folder they stand in; of one name, the first folder's counts.
    let mut drop_ins = BTreeMap::new();
    for folder in UNIT_FOLDERS {
        let folder = format!("{folder}/{unit}.d");
        for name in host::list(&folder)?.unwrap_or_default().into_iter().filter(|name| glob::fits("*.conf", name)) {
            drop_ins.entry(name.clone()).or_insert_with(|| format!("{folder}/{name}"));
        }
    }
    for path in drop_ins.into_values() {
        files.extend(read(path)?);
    }
    Ok(redis_command::read(&files))
}

/// Follows a configuration through its files.
#[derive(Default)]
struct Reader {
    files: Files,
    settings: Settings,
    texts: Vec<(String, String)>,
    budget: Budget,
}

impl Reader {
    fn file(&mut self, path: &str, text: &str) -> Result<(), Unseen> {
        self.changed(path)?;
        self.texts.push((path.to_owned(), text.to_owned()));
        let shown = self.files.shown(path);
        for line in redis_conf::lines(text) {
            let argument = line.arguments.first().map_or("", String::as_str);
            match line.name.as_str() {
                "include" => {
                    for file in matching(&self.files, &self.resolved(argument))? {
                        let text = self.files.read_or_unseen(&file)?;
                        // Redis itself goes no deeper than it has room for.
                        self.budget.file(&text).and_then(|()| self.budget.enter()).ok_or_else(|| too_much(&file))?;
                        self.file(&file, &text)?;
                        self.budget.leave();
                    }
                }
                _ => self.settings.add(&shown, &line),
            }
        }
        Ok(())
    }

    /// Its file counts only where it says something: every unit has a command.
    fn command(&mut self, command: &Command) -> Result<(), Unseen> {
        let before = self.settings.clone();
        self.settings.add_command(command);
        if self.settings != before {
            self.changed(&command.path)?;
        }
        Ok(())
    }

    fn changed(&mut self, path: &str) -> Result<(), Unseen> {
        let changed_at = self.files.stat(path)?.map_or(0, |stat| stat.changed_at);
        self.settings.changed_at = self.settings.changed_at.max(changed_at);
        Ok(())
    }

    fn acl_file(&mut self) -> Result<(), Unseen> {
        let Some(path) = self.settings.acl_file.clone().map(|file| self.resolved(&file)) else { return Ok(()) };
        let shown = self.files.shown(&path);
        for line in redis_conf::lines(&self.files.read_or_unseen(&path)?) {
            self.settings.add(&shown, &line);
        }
        Ok(())
    }

    /// Relative names are resolved against the working directory: `/` under systemd, until `dir` changes it, which
    /// Redis does at once on reading the line.
    fn resolved(&self, name: &str) -> String {
        resolved(&self.settings, name)
    }
}

fn resolved(settings: &Settings, name: &str) -> String {
    Path::new(settings.folder.as_deref().unwrap_or("/")).join(name).to_string_lossy().into_owned()
}

fn too_much(path: &str) -> Unseen {
    Unseen::Unreadable(format!("{path}: too many nested includes, or too much text"))
}

/// The files that a pattern of `include` means (Redis 7 and later). Patterns stand in the file's name in life, never
/// in a folder's; a name without any is taken as it is.
fn matching(files: &Files, pattern: &str) -> Result<Vec<String>, Unseen> {
    let Some((folder, name)) = pattern.rsplit_once('/').filter(|(_, name)| name.contains(['*', '?', '['])) else {
        return Ok(vec![pattern.to_owned()]);
    };
    let names = files.list(if folder.is_empty() { "/" } else { folder })?.unwrap_or_default();
    // As glob(3), no pattern means a hidden file.
    let fitting = names.into_iter().filter(|file| !file.starts_with('.') && glob::fits(name, file));
    Ok(fitting.map(|file| format!("{folder}/{file}")).collect())
}

/// What [`conf`] does.
pub(in crate::probe) fn touches() -> Vec<Touch> {
    let mut found = reads(&FILES);
    for unit in UNITS.into_iter().chain([instances::UNIT]) {
        found.extend(reads_in(
            &UNIT_FOLDERS.map(|it| format!("{it}/{unit}.d")).each_ref().map(String::as_str),
            &["*.conf"],
        ));
        found.extend(UNIT_FOLDERS.iter().flat_map(|folder| reads(&[&format!("{folder}/{unit}")])));
    }
    found.extend(reads_in(&[instances::FOLDER], &["redis-*.conf"]));
    [found, host::shut_touches(&["/var/lib/redis"]), only("where Redis is set up so", reads(&["{included}"]))].concat()
}

/// What [`conf_inside`] does.
pub(in crate::probe) fn inside_touches() -> Vec<Touch> {
    let files = only("where a container has Redis' port", reads(&["/proc/{pid}/root/**"]));
    [containers::service_touches(), files].concat()
}
