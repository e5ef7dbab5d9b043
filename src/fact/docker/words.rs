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
    /// Celery cannot load what `-A` names.
    AppNotLoaded,
    /// The code asks for a key that is not there: a variable, mostly; its name.
    KeyError(String),
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
    /// Whether the log's last line tells more of why.
    pub fn leaves_open(&self) -> bool {
        matches!(self, Self::AppNotLoaded)
    }

    /// What it means.
    pub fn words(&self) -> String {
        let plain = match self {
            Self::KombuTooNew => "its kombu is too new for its redis-py: rebuild the image with `kombu<5.7`",
            Self::NoDatabase => "it has no URL of a database",
            Self::NoDialect => "the URL of its database begins with postgres://, but SQLAlchemy needs postgresql://",
            Self::NoTransport => {
                "the broker's URL has no valid transport: it contains quotation marks, or has no scheme"
            }
            Self::NoUrl => "one of its URLs cannot be parsed",
            Self::NoIndex => "the broker's URL does not end with the number of a database",
            Self::NoSuchIndex => "Redis has no database with the number in the URL",
            Self::RedisCommand(name) => return format!("Redis does not know the command {name}"),
            Self::RedisMayNotRun(name) => return format!("Redis does not permit the URL's user to run {name}"),
            Self::RedisMayNotUseKey => "Redis does not permit the URL's user to use one of the keys",
            Self::RedisMayNotUseChannel => "Redis does not permit the URL's user to use one of the channels",
            Self::RedisPassword => "Redis rejects the URL's password, or requires one",
            Self::PostgresPassword => "PostgreSQL rejects the URL's password",
            Self::CommandLine => "Celery does not understand its command line",
            Self::AppNotLoaded => "Celery cannot load the app that its command names",
            Self::KeyError(name) => return format!("its code ends with KeyError '{name}'"),
            Self::Module(name) => return format!("Python finds no module {name}"),
            Self::NotInImage => "a program or a module is not found",
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
