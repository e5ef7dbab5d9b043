//! Finds and reads `pg_hba.conf` with every file that it names.

use std::path::{Path, PathBuf};

use super::{conf, state};
use crate::fact::limits::Budget;
use crate::fact::postgres::hba::{HbaLine, HbaName, HbaSaid, PgHba};
use crate::fact::{Fact, Service, Unseen};
use crate::probe::containers;
use crate::probe::host::Files;
use crate::probe::{ProbeContext, ProbeResult};
use crate::read::pg_hba::{line, token};

/// PostgreSQL's own limit (`CONF_FILE_MAX_DEPTH`).
const DEEPEST: u32 = 10;

/// From this version on the file may include others.
const INCLUDES_SINCE: u32 = 16;

/// Reads the rules of the deployment's cluster.
pub(in crate::probe) fn hba(context: &ProbeContext) -> ProbeResult {
    match conf::chosen(context) {
        (path, Err(why)) => ProbeResult::new(path, Err(why)),
        (_, Ok(conf)) => {
            let version = conf.cluster.split(['/', '.']).next().and_then(|version| version.parse().ok());
            let read = read(Files::default(), &conf.hba_path, version.unwrap_or(INCLUDES_SINCE));
            ProbeResult::new(conf.hba_path, read.map(Fact::PgHba))
        }
    }
}

/// Reads the rules of a PostgreSQL in a container: the file that it was told to read, else the one beside its data.
pub(in crate::probe) async fn hba_inside(context: &ProbeContext) -> ProbeResult {
    let contained = match containers::of_service(Service::Postgres, context).await {
        Ok(contained) => contained,
        Err(why) => return ProbeResult::new("docker inspect", Err(why)),
    };
    let name = contained.found.container.name.clone();
    let told = state::files_inside(&contained).await;
    let path = told.as_ref().map_or_else(
        |_| contained.found.data.as_ref().map(|data| format!("{}/pg_hba.conf", data.trim_end_matches('/'))),
        |(_, path)| Some(path.clone()),
    );
    let version = told.as_ref().map_or(INCLUDES_SINCE, |(version, _)| version / 10_000);
    let read = match (path, told) {
        (Some(path), _) => read(contained.files, &path, version).map(|hba| Fact::PgHba(hba.inside(&name))),
        (None, Err(why)) => Err(why),
        (None, Ok(_)) => Err(Unseen::Crashed),
    };
    ProbeResult::new(format!("pg_hba.conf in the container {name}"), read)
}

/// Reads a file and what it names.
pub(super) fn read(files: Files, path: &str, version: u32) -> Result<PgHba, Unseen> {
    let includes = version >= INCLUDES_SINCE;
    let mut reader = Reader { files, includes, lines: Vec::new(), changed_at: 0, budget: Budget::default() };
    let text = reader.text(Path::new(path))?;
    reader.file(Path::new(path), &text, 0)?;
    Ok(PgHba { path: path.to_owned(), container: None, changed_at: reader.changed_at, lines: reader.lines })
}

struct Reader {
    files: Files,
    includes: bool,
    lines: Vec<HbaLine>,
    changed_at: u64,
    budget: Budget,
}

impl Reader {
    fn text(&mut self, path: &Path) -> Result<String, Unseen> {
        let text = self.files.read_or_unseen(path)?;
        self.changed_at = self.changed_at.max(self.files.stat(path)?.map_or(0, |stat| stat.changed_at));
        Ok(text)
    }

    /// The text of a file that another one names.
    fn named(&mut self, path: &Path) -> Result<String, Unseen> {
        let text = self.text(path)?;
        let too_much = || Unseen::Unreadable(format!("{}: too many nested includes, or too much text", path.display()));
        self.budget.file(&text).ok_or_else(too_much)?;
        Ok(text)
    }

    fn file(&mut self, path: &Path, text: &str, depth: u32) -> Result<(), Unseen> {
        let mut unseen = None;
        let lines = token::lines(text, &mut |name| self.words(path, name, depth, &mut unseen));
        if let Some(why) = unseen {
            return Err(why);
        }
        for it in lines {
            let said = match it.error {
                Some(why) => HbaSaid::Bad(why),
                None => match it.fields.as_slice() {
                    [word, rest @ ..] if self.includes && is_include(word) => {
                        match self.include(path, &word[0].text, rest, depth)? {
                            Ok(()) => continue,
                            Err(why) => HbaSaid::Bad(why),
                        }
                    }
                    fields => line::read(fields).map_or_else(HbaSaid::Bad, HbaSaid::Rule),
                },
            };
            self.lines.push(HbaLine { path: path.display().to_string(), line: it.number, said });
        }
        Ok(())
    }

    /// The words of a file that `@name` means. What may not be read leaves the whole file unseen.
    fn words(
        &mut self,
        from: &Path,
        name: &str,
        depth: u32,
        unseen: &mut Option<Unseen>,
    ) -> Result<Vec<HbaName>, String> {
        if depth > DEEPEST {
            return Err("too many nested includes".to_owned());
        }
        let path = beside(from, name);
        // What is unseen stays so, whatever else is named.
        if unseen.is_some() {
            return Ok(Vec::new());
        }
        let text = match self.named(&path) {
            Ok(text) => text,
            Err(Unseen::NotKnown(_)) => return Err("an included file does not exist".to_owned()),
            Err(why) => {
                unseen.get_or_insert(why);
                return Ok(Vec::new());
            }
        };
        let lines = token::lines(&text, &mut |name| self.words(&path, name, depth + 1, unseen));
        let mut words = Vec::new();
        for line in lines {
            if let Some(why) = line.error {
                return Err(why);
            }
            words.extend(line.fields.into_iter().flatten());
        }
        Ok(words)
    }

    /// Takes in another file, or all `*.conf` of a folder, where the line stands.
    fn include(
        &mut self,
        from: &Path,
        word: &str,
        rest: &[Vec<HbaName>],
        depth: u32,
    ) -> Result<Result<(), String>, Unseen> {
        let [name] = rest else { return Ok(Err("an include names one file".to_owned())) };
        let [name] = name.as_slice() else { return Ok(Err("an include names one file".to_owned())) };
        if depth >= DEEPEST {
            return Ok(Err("too many nested includes".to_owned()));
        }
        let path = beside(from, &name.text);
        let files: Vec<PathBuf> = if word == "include_dir" {
            let Some(names) = self.files.list(&path)? else {
                return Ok(Err("its directory does not exist".to_owned()));
            };
            let is_conf =
                |name: &str| !name.starts_with('.') && Path::new(name).extension().is_some_and(|end| end == "conf");
            names.into_iter().filter(|name| is_conf(name)).map(|name| path.join(name)).collect()
        } else {
            vec![path]
        };
        for file in files {
            match self.named(&file) {
                Ok(text) => self.file(&file, &text, depth + 1)?,
                Err(Unseen::NotKnown(_)) if word == "include_if_exists" => {}
                Err(Unseen::NotKnown(_)) => return Ok(Err("an included file does not exist".to_owned())),
                Err(why) => return Err(why),
            }
        }
        Ok(Ok(()))
    }
}

fn is_include(field: &[HbaName]) -> bool {
    matches!(field, [word] if ["include", "include_if_exists", "include_dir"].contains(&word.text.as_str()))
}

/// A relative name is meant from the folder of the file that holds it.
fn beside(file: &Path, name: &str) -> PathBuf {
    file.parent().unwrap_or(Path::new("/")).join(name)
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "the files under test are written here")]

    use super::*;

    #[test]
    fn files_that_are_named_are_followed() {
        let root = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| std::fs::write(root.path().join(name), text).expect("written");
        std::fs::create_dir(root.path().join("more")).expect("made");
        write("roles", "alice, bob # and\n@others\n");
        write("others", "\"carol\"\n");
        write("more/b.conf", "host all all all reject\n");
        write("more/a.conf", "host one all all md5\n");
        write("more/a.conf.old", "nonsense\n");
        write(
            "pg_hba.conf",
            "host all @roles all md5\ninclude_dir more\ninclude_if_exists none\ninclude none\nhost all @none all md5\n",
        );
        let path = root.path().join("pg_hba.conf").display().to_string();
        let shown = |version| {
            let read = read(Files::default(), &path, version).expect("readable");
            let line = |line: &HbaLine| match &line.said {
                HbaSaid::Rule(rule) => rule.to_string(),
                HbaSaid::Bad(_) => format!("{} bad", line.line),
            };
            read.lines.iter().map(line).collect::<Vec<_>>()
        };
        let first = "host all alice,bob,\"carol\" all md5";
        assert_eq!(shown(16), [first, "host one all all md5", "host all all all reject", "4 bad", "5 bad"]);
        assert_eq!(shown(15), [first, "2 bad", "3 bad", "4 bad", "5 bad"]);
    }

    #[test]
    fn a_file_that_names_itself_again_and_again_is_unseen() {
        let root = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| std::fs::write(root.path().join(name), text).expect("written");
        let path = root.path().join("pg_hba.conf").display().to_string();
        write("x", &"@x\n".repeat(5));
        write("y", &"include y\n".repeat(5));
        for text in ["host @x all all md5\n", "include y\n"] {
            write("pg_hba.conf", text);
            assert!(matches!(read(Files::default(), &path, 16), Err(Unseen::Unreadable(_))), "{text}");
        }
    }
}
