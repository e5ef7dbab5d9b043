//! To another host over the system's `ssh`: this very program is copied there, looks, and is gone again. Only where the
//! user asked for it. Nobody is asked for a password, a host whose key is not known is refused, and nothing of the user's
//! own (~/.ssh/known_hosts) is changed.

use std::fmt::Write as _;
use std::time::Duration;

use super::carried::{self, Program};
use super::{host, inside};
use crate::fact::touch::{Touch, reads, runs};
use crate::profile::Profile;
use crate::read::ssh_error::{self, SshSaid};

/// What the other host's shell does with what it is sent.
const SCRIPT: &str = include_str!("ssh.sh");

/// What a line of the script begins with; whatever a login shell prints before is not read.
const SAYS: &str = "clipcheck-there: ";

/// How long connecting and copying may take, beyond the deadline of the looks.
pub const REACH: Duration = Duration::from_secs(30);

/// What helps where the copy cannot be used.
const BY_HAND: &str = "run `clipcheck snapshot > FILE` there and judge with `--with FILE`";

/// Each as ssh_config(5) has it. What is not asked for there, is not done: no question, no new known host, no forwarding,
/// no connection that stays.
const OPTIONS: [&str; 9] = [
    "BatchMode=yes",
    "StrictHostKeyChecking=yes",
    "UpdateHostKeys=no",
    "ConnectTimeout=10",
    "ClearAllForwardings=yes",
    "PermitLocalCommand=no",
    "RemoteCommand=none",
    "ControlMaster=no",
    "Compression=yes",
];

/// Where to look, and how.
#[derive(Debug, Clone)]
pub struct There {
    /// What ssh is given: `user@host`, a name of ~/.ssh/config, `ssh://user@host:port`.
    pub destination: String,
    /// As root, by `sudo -n`.
    pub sudo: bool,
}

/// What the program says on that host: the text of a snapshot. The error says what was in the way.
///
/// It has ended by the deadline and what [`REACH`] adds to it.
pub async fn snapshot(there: &There, profile: &Profile, deadline: Duration) -> Result<String, String> {
    let program = match carried::program().map_err(|why| format!("{why}; {BY_HAND}"))? {
        Program::Own(own) => host::read_program(&own)?,
        Program::Carried(bytes) => bytes.to_vec(),
    };
    let mut input = format!("{}\n{}\n{}\n", system(), program.len(), words(profile, deadline)).into_bytes();
    input.extend(program);
    let given = host::Given { input, ..host::Given::default() };
    let sudo = if there.sudo { " sudo" } else { "" };
    // The other host's login shell reads it first, whichever that is.
    let command = format!("sh -c '{SCRIPT}' clipcheck{sudo}");
    let mut arguments = vec!["-T", "-a", "-x"];
    arguments.extend(OPTIONS.iter().flat_map(|option| ["-o", option]));
    arguments.extend(["--", there.destination.as_str(), command.as_str()]);
    let said = host::run_given("ssh", &arguments, given, deadline + REACH).await.map_err(|why| why.to_string())?;
    answer(&said, there)
}

/// The system that a program must be built for, as `uname -s -m` says it.
fn system() -> String {
    format!("Linux {}", carried::machine())
}

/// The arguments there. A name of one host's own interface is not another's.
fn words(profile: &Profile, deadline: Duration) -> String {
    let shared = Profile { interface: None, ..profile.clone() };
    let mut words = format!("--deadline={}", deadline.as_secs_f64());
    let more = [("--web-env", &shared.web_env), ("--container", &shared.container)];
    let more = more.into_iter().filter_map(|(flag, value)| Some(format!("{flag}={}", value.as_ref()?)));
    for word in shared.flags().into_iter().chain(more) {
        // A line is what is read there; nothing that is told has more than one.
        let _ = write!(words, " '{}'", word.replace('\'', r"'\''").replace(['\n', '\r'], " "));
    }
    words
}

/// What came of it.
fn answer(said: &host::Said, there: &There) -> Result<String, String> {
    let destination = &there.destination;
    let spoken = said.out.split_once(SAYS).filter(|(before, _)| before.is_empty() || before.ends_with('\n'));
    let Some((_, spoken)) = spoken else {
        return Err(match ssh_error::read(&said.err) {
            Some(why) => refused(why, destination),
            None => format!("`ssh` ran no command there; try `ssh {destination} true`"),
        });
    };
    let (word, rest) = spoken.split_once('\n').unwrap_or((spoken, ""));
    match word.trim_end().split_once(' ').unwrap_or((word.trim_end(), "")) {
        ("snapshot", _) if said.ok => Ok(rest.to_owned()),
        // The program's own word, which never quotes a secret.
        ("snapshot", _) => {
            let own = said.err.lines().find_map(|line| line.strip_prefix("clipcheck: "));
            Err(own.unwrap_or("the program did not end well there").chars().take(300).collect())
        }
        ("system", system) => Err(format!(
            "that host is `{}` and this program is built for `{}`; {BY_HAND}",
            system.chars().take(60).collect::<String>(),
            self::system()
        )),
        ("no-folder", _) => Err(format!(
            "no folder was found there in which a program may be stored and executed (/tmp, /var/tmp, the home directory, \
             /dev/shm); {BY_HAND}"
        )),
        ("incomplete", _) => Err("the program was not copied completely: the connection is too slow or broke off".to_owned()),
        ("does-not-start", _) => Err(format!("the program does not start there: {}", inside::STATIC_RUNS)),
        ("no-sudo", _) => Err(
            "`sudo -n` may not run it there without a password; allow it, log in as root, or leave out `--sudo` to see \
             what that user sees"
                .to_owned(),
        ),
        _ => Err(format!("what that host answered is not understood; {BY_HAND}")),
    }
}

/// Why ssh itself came to no end, and what to do.
fn refused(why: SshSaid, destination: &str) -> String {
    let whose = if host::variable("SUDO_USER").is_some() {
        " (by sudo it is root's `ssh`, with root's keys and known hosts)"
    } else {
        ""
    };
    match why {
        SshSaid::UnknownHostKey => format!(
            "`ssh` does not know its host key{whose}: connect once with `ssh {destination}` and compare the fingerprint"
        ),
        SshSaid::ChangedHostKey => format!(
            "`ssh` refuses its host key, which is not the one in known_hosts: find out why before you change that file, \
             and try `ssh {destination}`"
        ),
        SshSaid::NotLetIn => format!(
            "`ssh` could not log in without asking{whose}: `ssh -o BatchMode=yes {destination} true` must work first"
        ),
        SshSaid::NoName => "`ssh` cannot resolve its name".to_owned(),
        SshSaid::NotReached => format!("`ssh` could not connect; try `ssh {destination} true`"),
        SshSaid::BadConfig => format!("`ssh` rejects its own configuration; try `ssh {destination} true`"),
    }
}

/// What looking at other hosts does here; there this program runs as it does here.
pub fn touches() -> Vec<Touch> {
    let options = OPTIONS.map(|option| format!(" -o {option}")).concat();
    [reads(&["/proc/self/exe", "{own}"]), runs(&[&format!("ssh -T -a -x{options} -- {{host}} {{script}}")])].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_fits_between_single_quotes() {
        assert!(!SCRIPT.contains(['\'', '\\']), "it would end there");
    }

    #[test]
    fn what_is_told_stays_one_word_each() {
        let profile = Profile {
            web_env: Some("/srv/it's; rm -rf $HOME/.env".to_owned()),
            interface: Some("wg7".to_owned()),
            ..Profile::default()
        };
        let words = words(&profile, Duration::from_secs(6));
        assert_eq!(words, r"--deadline=6 '--web-env=/srv/it'\''s; rm -rf $HOME/.env'");
    }

    #[test]
    fn what_a_login_shell_prints_is_not_read() {
        let said = |ok, out: &str, err: &str| host::Said {
            ok,
            out: out.to_owned(),
            err: err.to_owned(),
            ..host::Said::default()
        };
        let there = There { destination: "srv".to_owned(), sudo: false };
        let answered = |said| answer(&said, &there);
        assert_eq!(answered(said(true, "Welcome!\nclipcheck-there: snapshot\n{}\n", "")), Ok("{}\n".to_owned()));
        for (out, err, word) in [
            (
                "",
                "No ED25519 host key is known for srv and …\nHost key verification failed.\n",
                "compare the fingerprint",
            ),
            ("", "Disallowed command\n", "`ssh srv true`"),
            ("This account is not available.\n", "", "`ssh srv true`"),
            ("clipcheck-there: system Linux riscv64\n", "", "`Linux riscv64`"),
            ("clipcheck-there: snapshot\n", "clipcheck: cannot determine which host this is\n", "cannot determine"),
            ("clipcheck-there: snapshot\n", "Segmentation fault\n", "did not end well"),
            ("clipcheck-there: moon\n", "", "not understood"),
        ] {
            let why = answered(said(false, out, err)).expect_err("no snapshot");
            assert!(why.contains(word), "{out:?} {err:?}: {why}");
        }
    }
}
