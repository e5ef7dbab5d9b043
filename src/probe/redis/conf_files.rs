//! Finds and reads redis.conf with what it includes.

use std::path::Path;

use crate::fact::redis::conf::{self, Settings};
use crate::fact::{Fact, Unseen};
use crate::probe::{Looked, host};

/// Debian's place, then Red Hat's.
const FILES: [&str; 2] = ["/etc/redis/redis.conf", "/etc/redis.conf"];

/// Includes may name each other.
const MOST_FILES: u32 = 32;

/// Reads redis.conf and what it includes.
pub(in crate::probe) fn conf() -> Looked {
    for path in FILES {
        match host::read(path) {
            host::Text::Missing => {}
            host::Text::Read(_) | host::Text::Forbidden | host::Text::Failed(_) => return conf_at(path),
        }
    }
    Looked::new(FILES[0], Err(Unseen::NotKnown(format!("there is neither {} nor {}", FILES[0], FILES[1]))))
}

fn conf_at(path: &str) -> Looked {
    let mut reader = Reader { settings: Settings::default(), folder: "/".to_owned(), files: 0 };
    let sight =
        reader.file(path).and_then(|()| reader.acl_file()).map(|()| Fact::RedisConf(reader.settings.finish(path)));
    Looked::new(path, sight)
}

/// Follows a configuration through its files.
struct Reader {
    settings: Settings,
    /// Relative names are resolved against the working directory: `/` under systemd, until `dir` changes it, which
    /// Redis does at once on reading the line.
    folder: String,
    files: u32,
}

impl Reader {
    fn file(&mut self, path: &str) -> Result<(), Unseen> {
        self.files += 1;
        if self.files > MOST_FILES {
            return Err(Unseen::Unreadable(format!("{path}: more than {MOST_FILES} files include each other")));
        }
        let changed_at = host::stat(path)?.map_or(0, |stat| stat.changed_at);
        self.settings.changed_at = self.settings.changed_at.max(changed_at);
        for line in conf::lines(&host::read_or_unseen(path)?) {
            let argument = line.arguments.first().map_or("", String::as_str);
            match line.name.as_str() {
                "include" => {
                    for file in matching(&self.resolved(argument)) {
                        self.file(&file)?;
                    }
                }
                "dir" => self.folder = self.resolved(argument),
                _ => self.settings.add(path, &line),
            }
        }
        Ok(())
    }

    fn acl_file(&mut self) -> Result<(), Unseen> {
        let Some(path) = self.settings.acl_file.clone().map(|file| self.resolved(&file)) else { return Ok(()) };
        for line in conf::lines(&host::read_or_unseen(&path)?) {
            self.settings.add(&path, &line);
        }
        Ok(())
    }

    fn resolved(&self, name: &str) -> String {
        Path::new(&self.folder).join(name).to_string_lossy().into_owned()
    }
}

/// The files that a pattern of `include` means (Redis 7 and later). Patterns stand in the file's name in life, never
/// in a folder's; a name without any is taken as it is.
fn matching(pattern: &str) -> Vec<String> {
    let Some((folder, name)) = pattern.rsplit_once('/').filter(|(_, name)| name.contains(['*', '?', '['])) else {
        return vec![pattern.to_owned()];
    };
    let names = host::list(if folder.is_empty() { "/" } else { folder }).unwrap_or_default();
    // As glob(3), no pattern means a hidden file.
    names
        .into_iter()
        .filter(|file| !file.starts_with('.') && conf::matches(name, file))
        .map(|file| format!("{folder}/{file}"))
        .collect()
}
