//! The sentences that a worker's log is known to end with. Of a log nothing is kept but which sentence it was, and names of
//! commands and modules: the rest may hold secrets.

use serde::{Deserialize, Serialize};

/// What a worker's log ends with, where it is one of the sentences that are known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LastWords {
    /// kombu 5.7 and later refuse redis-py 5.0.1, and requirements.txt pins only the latter.
    KombuTooNew,
    /// No DATABASE_URL, with version 0.11 or later.
    NoDatabase,
    /// `postgres://`.
    NoDialect,
    /// A broker's URL that names no transport: quotation marks, or no scheme.
    NoTransport,
    /// A URL that its library cannot take apart: its port is no number, its brackets do not fit.
    NoUrl,
    /// kombu: what stands behind the last slash of the broker's URL is no number of a database.
    NoIndex,
    /// Redis: there is no database of that number.
    NoSuchIndex,
    /// Redis does not know a command; its name.
    RedisCommand(String),
    /// Redis: the user may not run a command; its name.
    RedisMayNotRun(String),
    /// Redis: the user may not use a key.
    RedisMayNotUseKey,
    /// Redis: the user may not use a channel.
    RedisMayNotUseChannel,
    /// Redis wants another password, or one at all.
    RedisPassword,
    /// PostgreSQL refuses the password.
    PostgresPassword,
    /// Celery does not understand its command line.
    CommandLine,
    /// Python has no such module; its name.
    Module(String),
    /// A module or a program is not in the image.
    NotInImage,
    /// The disk is full.
    DiskFull,
    /// Python got no memory.
    NoMemory,
    /// The processor does not know an instruction: the image is for a newer one.
    Instruction,
}

impl LastWords {
    /// Each with a part of the sentence, as the programs write it.
    const KNOWN: [(Self, &'static str); 29] = [
        (Self::KombuTooNew, "Redis transport requires redis-py versions"),
        (Self::NoDatabase, "'SQLALCHEMY_DATABASE_URI' or 'SQLALCHEMY_BINDS' must be set"),
        (Self::NoDialect, "Can't load plugin: sqlalchemy.dialects:postgres"),
        (Self::NoTransport, "No such transport:"),
        // urllib.parse and SQLAlchemy
        (Self::NoUrl, "ValueError: Port could not be cast to integer"),
        (Self::NoUrl, "ValueError: Port out of range"),
        (Self::NoUrl, "ValueError: Invalid IPv6 URL"),
        (Self::NoUrl, "Could not parse SQLAlchemy URL from"),
        // kombu/transport/redis.py
        (Self::NoIndex, "Database is int between 0 and limit - 1"),
        // Redis: db.c, acl.c; redis-py takes the code off and puts the rest behind its exception's name
        (Self::NoSuchIndex, "DB index is out of range"),
        (Self::RedisMayNotUseKey, "no permissions to access one of the keys"),
        (Self::RedisMayNotUseKey, "No permissions to access a key"),
        (Self::RedisMayNotUseChannel, "no permissions to access one of the channels"),
        (Self::RedisMayNotUseChannel, "No permissions to access a channel"),
        (Self::RedisPassword, "invalid username-password pair"),
        (Self::RedisPassword, "without any password configured for the default user"),
        (Self::RedisPassword, "Error: Authentication required."),
        (Self::PostgresPassword, "FATAL:  password authentication failed for user"),
        // celery/bin/worker.py and click
        (Self::CommandLine, "Unable to parse extra configuration from command line"),
        (Self::CommandLine, "Error: No such option"),
        (Self::CommandLine, "Error: No such command"),
        (Self::CommandLine, "Error: Got unexpected extra argument"),
        (Self::CommandLine, "Error: Invalid value for"),
        (Self::DiskFull, "No space left on device"),
        (Self::NoMemory, "MemoryError"),
        (Self::Instruction, "Illegal instruction"),
        (Self::NotInImage, "executable file not found"),
        (Self::NotInImage, "can't open file"),
        (Self::NotInImage, "not found"),
    ];

    /// The last of the known sentences in a log.
    pub fn read(log: &str) -> Option<Self> {
        log.lines().rev().find_map(Self::of)
    }

    fn of(line: &str) -> Option<Self> {
        if let Some(name) = quoted(line, "ModuleNotFoundError: No module named ") {
            return Some(Self::Module(name));
        }
        if let Some(name) = quoted(line, "unknown command ") {
            return Some(Self::RedisCommand(name.to_ascii_uppercase()));
        }
        if let Some(name) = quoted(line, "no permissions to run the ") {
            return Some(Self::RedisMayNotRun(name.to_ascii_uppercase()));
        }
        Self::KNOWN.iter().find(|(_, part)| line.contains(part)).map(|(it, _)| it.clone())
    }

    /// What it means.
    pub fn words(&self) -> String {
        let plain = match self {
            Self::KombuTooNew => "its kombu is too new for its redis-py: rebuild the image with `kombu<5.7`",
            Self::NoDatabase => "it has no DATABASE_URL",
            Self::NoDialect => "DATABASE_URL begins with postgres://, but SQLAlchemy needs postgresql://",
            Self::NoTransport => {
                "CELERY_BROKER_URL has no valid transport: it contains quotation marks, or has no scheme"
            }
            Self::NoUrl => "one of its URLs cannot be parsed",
            Self::NoIndex => "CELERY_BROKER_URL does not end with the number of a database",
            Self::NoSuchIndex => "Redis has no database with the number in the URL",
            Self::RedisCommand(name) => return format!("Redis does not know the command {name}"),
            Self::RedisMayNotRun(name) => return format!("Redis does not permit the URL's user to run {name}"),
            Self::RedisMayNotUseKey => "Redis does not permit the URL's user to use one of the keys",
            Self::RedisMayNotUseChannel => "Redis does not permit the URL's user to use one of the channels",
            Self::RedisPassword => "Redis rejects the URL's password, or requires one",
            Self::PostgresPassword => "PostgreSQL rejects the URL's password",
            Self::CommandLine => "Celery does not understand its command line",
            Self::Module(name) => return format!("the Python module {name} is not in the image"),
            Self::NotInImage => "a program or a module is not in the image",
            Self::DiskFull => "the disk is full",
            Self::NoMemory => "it ran out of memory",
            Self::Instruction => "the CPU does not support one of its instructions",
        };
        plain.to_owned()
    }

    /// Whether Redis keeps it from its work.
    pub fn is_of_redis(&self) -> bool {
        matches!(
            self,
            Self::RedisCommand(_) | Self::RedisMayNotRun(_) | Self::RedisMayNotUseKey | Self::RedisMayNotUseChannel
        )
    }
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
        assert_eq!(LastWords::read(log), Some(LastWords::KombuTooNew));
        assert_eq!(LastWords::read("all is well\n"), None);
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
            assert_eq!(LastWords::read(line), Some(known), "{line}");
        }
        let kept = LastWords::read("ValueError: Port could not be cast to integer value as 's3cret'");
        assert!(!format!("{kept:?}").contains("s3cret"));
    }
}
