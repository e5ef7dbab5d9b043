//! redis.conf, read as Redis reads it: one directive per line, `#` only at the start of a line, sdssplitargs' quotes,
//! an `include` taken in where it stands, the last directive of a name winning.

use std::collections::BTreeMap;

use super::cursor::Cursor;
use super::redis_command::Command;
use crate::fact::Presence;
use crate::fact::redis::{Directive, RedisConf};

/// Where nothing sets it (redis.conf).
const DEFAULT_PORT: &str = "6379";

/// One directive as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// From 1.
    pub number: u32,
    /// In lower case, as Redis compares it.
    pub name: String,
    /// Its arguments without their quotes. May hold a password: never kept in a fact.
    pub arguments: Vec<String>,
}

/// The directives of one file; lines with unbalanced quotes, on which Redis stops, are passed over.
pub fn lines(text: &str) -> Vec<Line> {
    let mut found = Vec::new();
    for (number, line) in (1..).zip(text.split('\n')) {
        let line = line.trim_matches([' ', '\t', '\r']);
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let Some(mut words) = words(line).filter(|words| !words.is_empty()) else { continue };
        let name = words.remove(0).to_ascii_lowercase();
        found.push(Line { number, name, arguments: words });
    }
    found
}

/// Splits a line as sdssplitargs does; none if a quote does not end, or does not end a word.
fn words(line: &str) -> Option<Vec<String>> {
    Some(placed_words(line)?.into_iter().map(|(_, word)| word).collect())
}

/// The same for several lines in one: each word with the line, from 1, in which it begins.
pub(super) fn placed_words(text: &str) -> Option<Vec<(u32, String)>> {
    let mut words = Vec::new();
    let mut rest = Cursor::new(text);
    loop {
        rest.until(|c| !c.is_ascii_whitespace());
        if rest.peek().is_none() {
            return Some(words);
        }
        let mut word = String::new();
        let line = rest.line();
        while let Some(c) = rest.peek().filter(|c| !c.is_ascii_whitespace()) {
            rest.next();
            if c == '"' || c == '\'' {
                quoted(c, &mut rest, &mut word)?;
                if rest.peek().is_some_and(|after| !after.is_ascii_whitespace()) {
                    return None;
                }
            } else {
                word.push(c);
            }
        }
        words.push((line, word));
    }
}

fn quoted(quote: char, rest: &mut Cursor<'_>, word: &mut String) -> Option<()> {
    loop {
        let c = rest.next()?;
        if c == quote {
            return Some(());
        }
        if c != '\\' {
            word.push(c);
        } else if quote == '\'' {
            // Between single quotes, only `\'` is an escape.
            word.push(if rest.eat('\'') { '\'' } else { '\\' });
        } else {
            // `\xHH` may give any byte; no name, port or address needs it, so its digits stay as they are.
            word.push(match rest.next()? {
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                other => other,
            });
        }
    }
}

/// What the directives amount to, added in the order in which Redis meets them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    bind: Option<Directive>,
    port: Option<Directive>,
    protected_mode: Option<Directive>,
    save: Option<Directive>,
    append_only: Option<Directive>,
    certificate: Option<Directive>,
    min_replicas: Option<Directive>,
    cluster: Option<Directive>,
    limits: BTreeMap<String, Directive>,
    renamed: Vec<Directive>,
    users: Vec<Directive>,
    copies: Option<Directive>,
    /// When the youngest of the files last changed.
    pub changed_at: u64,
    /// The folder it works in, where that is known.
    pub folder: Option<String>,
    dump_name: Option<String>,
    requirepass: bool,
    default_user: Option<bool>,
    /// The file named by `logfile`; none where it logs to standard output.
    pub log_file: Option<String>,
    /// The file named by `aclfile`, whose `user` lines count too.
    pub acl_file: Option<String>,
}

impl Settings {
    /// The port that it is to listen on, as written.
    pub fn port(&self) -> &str {
        self.port.as_ref().map_or(DEFAULT_PORT, |port| &port.value)
    }

    /// Takes in one directive of the file `path`.
    pub fn add(&mut self, path: &str, line: &Line) {
        self.take(path, line, false);
    }

    /// Takes in the command line, which goes before the file.
    pub fn add_command(&mut self, command: &Command) {
        for line in &command.lines {
            self.take(&command.path, line, true);
        }
    }

    fn take(&mut self, path: &str, line: &Line, argument: bool) {
        let place = |value: String| Directive { value, path: path.to_owned(), line: line.number, argument };
        let directive = || Some(place(line.arguments.join(" ")));
        match line.name.as_str() {
            "bind" => self.bind = directive(),
            "port" => self.port = directive(),
            "protected-mode" => self.protected_mode = directive(),
            "save" => self.save = directive(),
            "appendonly" => self.append_only = directive(),
            "cluster-enabled" => self.cluster = directive().filter(|it| it.value.eq_ignore_ascii_case("yes")),
            "tls-cert-file" => self.certificate = directive(),
            "min-replicas-to-write" | "min-slaves-to-write" => self.min_replicas = directive(),
            "maxmemory" | "maxmemory-policy" | "maxclients" => {
                self.limits.insert(line.name.clone(), place(line.arguments.join(" ")));
            }
            // Its old name; `no one` takes it back.
            "replicaof" | "slaveof" => match line.arguments.as_slice() {
                [no, one] if no.eq_ignore_ascii_case("no") && one.eq_ignore_ascii_case("one") => self.copies = None,
                _ => self.copies = directive(),
            },
            // Relative to a folder that may be anything: systemd starts it in `/`, or in WorkingDirectory.
            "dir" => match (line.arguments.first(), &self.folder) {
                (Some(dir), _) if dir.starts_with('/') => self.folder = Some(dir.clone()),
                (Some(dir), Some(_)) => self.folder.iter_mut().for_each(|folder| folder.extend(["/", dir])),
                (Some(_), None) | (None, _) => {}
            },
            "logfile" => self.log_file = line.arguments.first().filter(|name| !name.is_empty()).cloned(),
            "dbfilename" => self.dump_name = line.arguments.first().filter(|name| !name.contains('/')).cloned(),
            "requirepass" => self.requirepass = line.arguments.first().is_some_and(|password| !password.is_empty()),
            "aclfile" => self.acl_file = line.arguments.first().filter(|file| !file.is_empty()).cloned(),
            "rename-command" => self.renamed.extend(line.arguments.first().and_then(|name| {
                let plain = name.len() <= 32 && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_|.".contains(c));
                plain.then(|| place(name.to_ascii_lowercase()))
            })),
            "user" => {
                let whose = line.arguments.first().filter(|name| *name == "default").map_or("another", |_| "default");
                self.users.push(place(whose.to_owned()));
                self.user(&line.arguments);
            }
            _ => {}
        }
    }

    /// A `user` line begins from nothing: switched off, without password. It beats `requirepass`, as Redis loads it
    /// after all else.
    fn user(&mut self, arguments: &[String]) {
        let Some((name, rules)) = arguments.split_first() else { return };
        if name != "default" {
            return;
        }
        let (mut on, mut open) = (false, false);
        for rule in rules {
            match rule.as_str() {
                "on" => on = true,
                "off" => on = false,
                "nopass" => open = true,
                "resetpass" => open = false,
                "reset" => (on, open) = (false, false),
                password if password.starts_with(['>', '#']) => open = false,
                _ => {}
            }
        }
        self.default_user = Some(!(on && open));
    }

    /// The fact.
    pub fn finish(self, path: &str) -> RedisConf {
        RedisConf {
            path: path.to_owned(),
            container: None,
            bind: self.bind,
            port: self.port,
            protected_mode: self.protected_mode,
            save: self.save,
            append_only: self.append_only,
            certificate: self.certificate,
            min_replicas: self.min_replicas,
            cluster: self.cluster,
            limits: self.limits,
            copies: self.copies,
            renamed: self.renamed,
            users: self.users,
            acl_file: self.acl_file,
            changed_at: self.changed_at,
            // redis.conf's own default.
            dump: self.folder.map(|folder| format!("{folder}/{}", self.dump_name.as_deref().unwrap_or("dump.rdb"))),
            disk: None,
            password: Presence::of(self.default_user.unwrap_or(self.requirepass)),
        }
    }
}

#[cfg(test)]
#[path = "redis_conf_tests.rs"]
mod tests;
