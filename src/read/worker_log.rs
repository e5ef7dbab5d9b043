//! How a worker's log ends: the last of the sentences that are known. Of its text nothing is kept but names of commands
//! and modules.

use crate::fact::docker::words::LastWords;

/// Each with a part of the sentence, as the programs write it.
const KNOWN: [(LastWords, &str); 29] = [
    (LastWords::KombuTooNew, "Redis transport requires redis-py versions"),
    (LastWords::NoDatabase, "'SQLALCHEMY_DATABASE_URI' or 'SQLALCHEMY_BINDS' must be set"),
    (LastWords::NoDialect, "Can't load plugin: sqlalchemy.dialects:postgres"),
    (LastWords::NoTransport, "No such transport:"),
    // urllib.parse and SQLAlchemy
    (LastWords::NoUrl, "ValueError: Port could not be cast to integer"),
    (LastWords::NoUrl, "ValueError: Port out of range"),
    (LastWords::NoUrl, "ValueError: Invalid IPv6 URL"),
    (LastWords::NoUrl, "Could not parse SQLAlchemy URL from"),
    // kombu/transport/redis.py
    (LastWords::NoIndex, "Database is int between 0 and limit - 1"),
    // Redis: db.c, acl.c; redis-py takes the code off and puts the rest behind its exception's name
    (LastWords::NoSuchIndex, "DB index is out of range"),
    (LastWords::RedisMayNotUseKey, "no permissions to access one of the keys"),
    (LastWords::RedisMayNotUseKey, "No permissions to access a key"),
    (LastWords::RedisMayNotUseChannel, "no permissions to access one of the channels"),
    (LastWords::RedisMayNotUseChannel, "No permissions to access a channel"),
    (LastWords::RedisPassword, "invalid username-password pair"),
    (LastWords::RedisPassword, "without any password configured for the default user"),
    (LastWords::RedisPassword, "Error: Authentication required."),
    (LastWords::PostgresPassword, "FATAL:  password authentication failed for user"),
    // celery/bin/worker.py and click
    (LastWords::CommandLine, "Unable to parse extra configuration from command line"),
    (LastWords::CommandLine, "Error: No such option"),
    (LastWords::CommandLine, "Error: No such command"),
    (LastWords::CommandLine, "Error: Got unexpected extra argument"),
    (LastWords::CommandLine, "Error: Invalid value for"),
    (LastWords::DiskFull, "No space left on device"),
    (LastWords::NoMemory, "MemoryError"),
    (LastWords::Instruction, "Illegal instruction"),
    (LastWords::NotInImage, "executable file not found"),
    (LastWords::NotInImage, "can't open file"),
    (LastWords::NotInImage, "not found"),
];

/// The last of the known sentences in a log.
pub fn read(log: &str) -> Option<LastWords> {
    log.lines().rev().find_map(of)
}

fn of(line: &str) -> Option<LastWords> {
    if let Some(name) = quoted(line, "ModuleNotFoundError: No module named ") {
        return Some(LastWords::Module(name));
    }
    if let Some(name) = quoted(line, "unknown command ") {
        return Some(LastWords::RedisCommand(name.to_ascii_uppercase()));
    }
    if let Some(name) = quoted(line, "no permissions to run the ") {
        return Some(LastWords::RedisMayNotRun(name.to_ascii_uppercase()));
    }
    KNOWN.iter().find(|(_, part)| line.contains(part)).map(|(it, _)| it.clone())
}

/// The name in quotes behind these words, if it is a plain one.
fn quoted(line: &str, before: &str) -> Option<String> {
    let (_, rest) = line.split_once(before)?;
    let (name, _) = rest.strip_prefix(['\'', '`'])?.split_once(['\'', '`'])?;
    let plain = (1..=64).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric() || "_.|-".contains(c));
    plain.then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_known_sentence_of_a_log_counts() {
        let log = "starting\nModuleNotFoundError: No module named 'x'\nkombu.exceptions.VersionMismatch: Redis transport \
                   requires redis-py versions 6.1.0 or later. You have 5.0.1\nbye\n";
        assert_eq!(read(log), Some(LastWords::KombuTooNew));
        assert_eq!(read("all is well\n"), None);
    }

    #[test]
    fn names_are_kept_and_values_are_not() {
        for (line, known) in [
            (
                "redis.exceptions.ResponseError: unknown command 'BRPOP', with args beginning with: 's3cret'",
                LastWords::RedisCommand("BRPOP".to_owned()),
            ),
            (
                "redis.exceptions.NoPermissionError: this user has no permissions to run the 'brpop' command",
                LastWords::RedisMayNotRun("BRPOP".to_owned()),
            ),
            (
                "OperationalError: this user has no permissions to access one of the channels used as arguments",
                LastWords::RedisMayNotUseChannel,
            ),
            ("ValueError: Database is int between 0 and limit - 1, not s3cret", LastWords::NoIndex),
            ("ModuleNotFoundError: No module named 'app.tasks'", LastWords::Module("app.tasks".to_owned())),
            ("Error: Unable to parse extra configuration from command line.", LastWords::CommandLine),
        ] {
            assert_eq!(read(line), Some(known), "{line}");
        }
        let kept = read("ValueError: Port could not be cast to integer value as 's3cret'");
        assert!(!format!("{kept:?}").contains("s3cret"));
    }
}
