//! What a Redis error reply means.

use std::sync::LazyLock;

use super::sentences::{REDIS, Sentences};
use crate::fact::redis::RedisSaid;
use crate::fact::redis::rights::{Rights, note};

static REPLY: LazyLock<Sentences> = LazyLock::new(|| Sentences::of("reply", &[REDIS]));

/// Reads the first line that came back on a bare connection; none if it is no reply of Redis' protocol to a PING.
pub fn first_line(line: &str) -> Option<RedisSaid> {
    let line = line.trim_end_matches(['\r', '\n']);
    if line == "+PONG" {
        return Some(RedisSaid::Pong);
    }
    let (code, detail) = line.strip_prefix('-').map(|error| error.split_once(' ').unwrap_or((error, "")))?;
    let is_code = !code.is_empty() && code.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    is_code.then(|| refusal(code, detail))
}

/// Reads an error reply: its code and what follows.
pub fn refusal(code: &str, detail: &str) -> RedisSaid {
    REPLY.meaning(&format!("{code} {detail}")).unwrap_or(RedisSaid::Refused)
}

/// Redis before 6.0 takes a password alone. redis-py then tries again without the user, and so must we.
pub fn wants_no_user(code: &str, detail: &str) -> bool {
    code == "ERR" && detail.contains("wrong number of arguments for 'auth'")
}

/// Takes in what `ACL DRYRUN` says of a command of the list: `… has no permissions to run the 'brpop' command`, `… to
/// access the 'gpu' key`, `… the '/0.celery.pidbox' channel` (Redis 7, acl.c: getAclErrorMessage).
pub fn dry_run(rights: &mut Rights, command: &[String], said: &str) {
    let Some(name) = command.first() else { return };
    if !said.contains("no permissions") {
        return;
    }
    let what = command.get(1).unwrap_or(name);
    if said.ends_with(" channel") {
        note(&mut rights.channels, what);
    } else if said.ends_with(" key") {
        note(&mut rights.keys, what);
    } else {
        note(&mut rights.barred, name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_are_told_apart() {
        for (line, said) in [
            ("+PONG\r\n", Some(RedisSaid::Pong)),
            ("-DENIED Redis is running in protected mode because", Some(RedisSaid::Denied)),
            ("-NOAUTH Authentication required.\r\n", Some(RedisSaid::NoAuth)),
            ("-LOADING Redis is loading the dataset in memory\r\n", Some(RedisSaid::Loading)),
            ("-NOPERM this user has no permissions to run the 'ping' command\r\n", Some(RedisSaid::NotPermitted)),
            ("-ERR max number of clients reached\r\n", Some(RedisSaid::TooManyClients)),
            ("-ERR max number of clients + cluster connections reached\r\n", Some(RedisSaid::TooManyClients)),
            ("-MISCONF Redis is configured to save RDB snapshots, but", Some(RedisSaid::CannotSave)),
            ("-MASTERDOWN Link with MASTER is down\r\n", Some(RedisSaid::Refused)),
            ("-ERR something else\r\n", Some(RedisSaid::Refused)),
            ("HTTP/1.1 400 Bad Request\r\n", None),
            ("SSH-2.0-OpenSSH_9.2\r\n", None),
            ("-err small letters", None),
            ("220 mail ESMTP", None),
            ("", None),
        ] {
            assert_eq!(first_line(line), said, "{line:?}");
        }
    }

    #[test]
    fn refusals_of_old_servers_are_known() {
        assert_eq!(refusal("ERR", "invalid password"), RedisSaid::WrongPassword);
        assert_eq!(refusal("ERR", "Client sent AUTH, but no password is set"), RedisSaid::PasswordNotWanted);
        assert!(wants_no_user("ERR", "wrong number of arguments for 'auth' command"));
    }

    #[test]
    fn what_a_user_lacks_is_told_by_kind() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let mut rights = Rights::default();
        dry_run(&mut rights, &words("brpop gpu 1"), "This user has no permissions to run the 'brpop' command");
        dry_run(&mut rights, &words("llen gpu"), "User x has no permissions to access the 'gpu' key");
        dry_run(&mut rights, &words("del gpu"), "User x has no permissions to access the 'gpu' key");
        dry_run(&mut rights, &words("publish /0.c x"), "This user has no permissions to access the '/0.c' channel");
        dry_run(&mut rights, &words("multi"), "OK");
        assert_eq!(rights.lack().expect("much"), "run brpop; use the keys gpu; use the channels /0.c");
        assert_eq!(rights.grant(), "+brpop '~*' '&*'");
        assert_eq!(Rights::default().lack(), None);
    }
}
