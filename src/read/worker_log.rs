//! How a worker's log ends: the last of the sentences that are known. Of its text nothing is kept but names of commands
//! and modules.

use std::sync::LazyLock;

use super::sentences::{Sentences, WORKER};
use crate::fact::docker::words::LastWords;

static LAST: LazyLock<Sentences> = LazyLock::new(|| Sentences::of("last", &[WORKER]));

/// The last of the known sentences in a log.
pub fn read(log: &str) -> Option<LastWords> {
    log.lines().rev().find_map(|line| LAST.meaning(line))
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
            ("Error: Invalid value for '-c' / '--concurrency': 'x' is not valid.", LastWords::CommandLine),
            ("Unable to load celery application.", LastWords::AppNotLoaded),
            ("KeyError: 'RESULT_URL'", LastWords::KeyError("RESULT_URL".to_owned())),
        ] {
            assert_eq!(read(line), Some(known), "{line}");
        }
        let kept = read("ValueError: Port could not be cast to integer value as 's3cret'");
        assert!(!format!("{kept:?}").contains("s3cret"));
    }
}
