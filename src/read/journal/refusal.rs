//! What PostgreSQL and Redis say when they do not start. Their texts are kept only as far as they name a file, a line
//! or a setting: a line that cannot be read is quoted in them, and may hold a password.

use crate::fact::service::FailReason;

/// What stands before the path of a file that may not be read. PostgreSQL from 16 on has the second of pg_hba.conf. (A
/// key or a certificate that may not be read is another matter: its folder may be shut, and it may be others' too.)
const NO_ACCESS: [&str; 3] = ["could not open configuration file ", "could not open file ", "can't open config file "];

/// The reason that one line gives: PostgreSQL's `guc-file.l`, `hba.c`, `miscinit.c`, `be-secure-common.c`,
/// `sysv_shmem.c` and `postmaster.c`; Redis' `config.c` and `rdb.c`.
pub(super) fn reason(line: &str) -> Option<FailReason> {
    let has = |words: &str| line.contains(words);
    let file = |before: &str| line.split_once(before).and_then(|(_, rest)| path(rest));
    if let Some((_, rest)) = line.split_once("syntax error in file ") {
        return located(rest);
    }
    if has("unrecognized configuration parameter ") {
        return located(line.split_once(" in file ")?.1);
    }
    // Debian's pg_ctlcluster reads the file first.
    if let Some((_, rest)) = line.split_once("Error: invalid line ") {
        let path =
            rest.split_once(" in ")?.1.split(':').next().filter(|path| path.starts_with('/') && is_plain(path))?;
        return Some(FailReason::ConfLine(path.to_owned(), number(rest)?));
    }
    if let Some((_, rest)) = line.split_once("Reading the configuration file, at line ") {
        return Some(FailReason::ConfLine(String::new(), number(rest)?));
    }
    for before in ["invalid value for parameter \"", "invalid list syntax in parameter \""] {
        if let Some((_, rest)) = line.split_once(before) {
            let name = rest
                .split('"')
                .next()
                .filter(|name| name.chars().all(|c| c.is_ascii_alphanumeric() || "_.".contains(c)));
            return Some(FailReason::BadValue(name?.to_owned()));
        }
    }
    if has(" has group or world access") || has("\" must be owned by the database user or root") {
        return Some(FailReason::KeyMode(file("private key file ")?));
    }
    if has(" has invalid permissions") || has(" has wrong ownership") {
        return Some(FailReason::FolderMode(file("data directory ")?));
    }
    if has("could not map anonymous shared memory: Cannot allocate memory") {
        return Some(FailReason::NoMemory);
    }
    if has("ermission denied") {
        let found = NO_ACCESS.iter().find_map(|before| file(before));
        // Up to 7.0 Redis names no file, and from 7.2 on one without its folder.
        let data = || (has("Fatal error loading the DB") || has("can't open the RDB file ")).then(String::new);
        return found.or_else(data).map(FailReason::NoAccess);
    }
    None
}

/// `"FILE" line N`.
fn located(text: &str) -> Option<FailReason> {
    Some(FailReason::ConfLine(path(text)?, number(text.split_once("\" line ")?.1)?))
}

fn number(text: &str) -> Option<u32> {
    text.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// A path in quotation marks.
fn path(text: &str) -> Option<String> {
    let quoted = |quote: char| text.strip_prefix(quote)?.split(quote).next();
    let path = quoted('"').or_else(|| quoted('\''))?;
    (path.starts_with('/') && is_plain(path)).then(|| path.to_owned())
}

fn is_plain(path: &str) -> bool {
    path.len() <= 256 && path.chars().all(|c| c.is_ascii_alphanumeric() || "/._-+@".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn their_words_are_known() {
        let file = || "/etc/postgresql/15/main/x".to_owned();
        for (line, expected) in [
            (
                "LOG:  syntax error in file \"/etc/postgresql/15/main/x\" line 60, near token \"s3cret\"",
                FailReason::ConfLine(file(), 60),
            ),
            (
                "LOG:  unrecognized configuration parameter \"s3cret\" in file \"/etc/postgresql/15/main/x\" line 7",
                FailReason::ConfLine(file(), 7),
            ),
            ("Reading the configuration file, at line 87", FailReason::ConfLine(String::new(), 87)),
            ("LOG:  invalid value for parameter \"work_mem\": \"8megs\"", FailReason::BadValue("work_mem".to_owned())),
            (
                "FATAL:  invalid list syntax in parameter \"listen_addresses\"",
                FailReason::BadValue("listen_addresses".to_owned()),
            ),
            (
                "FATAL:  private key file \"/etc/postgresql/15/main/x\" has group or world access",
                FailReason::KeyMode(file()),
            ),
            (
                "FATAL:  data directory \"/etc/postgresql/15/main/x\" has invalid permissions",
                FailReason::FolderMode(file()),
            ),
            (
                "LOG:  could not open configuration file \"/etc/postgresql/15/main/x\": Permission denied",
                FailReason::NoAccess(file()),
            ),
            (
                "123:M 1 Jan 2026 00:00:00.000 # Fatal error: can't open the RDB file dump.rdb for reading: Permission denied",
                FailReason::NoAccess(String::new()),
            ),
            (
                "234:M 23 Nov 2026 # Fatal error loading the DB: Permission denied. Exiting.",
                FailReason::NoAccess(String::new()),
            ),
            (
                "Error: invalid line 60 in /etc/postgresql/15/main/x: password = 's3cret",
                FailReason::ConfLine(file(), 60),
            ),
            ("FATAL:  could not map anonymous shared memory: Cannot allocate memory", FailReason::NoMemory),
        ] {
            assert_eq!(reason(line), Some(expected), "{line}");
        }
    }

    #[test]
    fn what_is_quoted_is_not_kept() {
        for line in [
            ">>> 'requirepass s3cret more'",
            "LOG:  invalid value for parameter \"a s3cret\": \"x\"",
            "LOG:  syntax error in file \"s3cret\" line 3, near token \"x\"",
            "DETAIL:  Permissions should be u=rwx (0700) or u=rwx,g=rx (0750).",
        ] {
            assert_eq!(reason(line), None, "{line}");
        }
    }
}
