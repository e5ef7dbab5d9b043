//! What a program said last before it ended, in its own words: PostgreSQL, Redis, Debian's scripts around them, and
//! systemd; from a unit's journal, a log of the program's own, or a container's. Nothing is translated. What may be a secret
//! is left out ([`quoted`]).

use super::quoted::{Secrets, quoted};

mod log_line;
mod not_found;
mod recovery;
mod refused;

use log_line::Weight;
pub use not_found::not_found;
pub use recovery::{Recovery, recovery};
pub use refused::{is_in_other_words, refusals, statements};

/// So many lines at the end, where none of them is said to be fatal.
const LAST: usize = 3;

/// Lines that belong together.
const STROKE: &str = " / ";

/// The last words of the last start in a log; none where it says nothing.
pub fn read(log: &str) -> Option<String> {
    let lines: Vec<&str> = log.lines().collect();
    // systemd's word, Redis' and PostgreSQL's own in their logs.
    let begins = |line: &&str| {
        line.starts_with("Starting ")
            || line.contains("Redis is starting")
            || line.contains("LOG:  starting PostgreSQL")
    };
    let start = lines.iter().rposition(begins).unwrap_or(0);
    let said = log_line::all(lines.get(start..).unwrap_or_default());
    let chosen = match said.iter().rposition(|(weight, _)| *weight == Weight::Fatal) {
        Some(at) => fatal(&said, at),
        None => last(&said),
    };
    // Each further line for itself: where what is long is cut, the half that is needed may stand in the middle.
    let (further, first): (Vec<_>, Vec<_>) = chosen.iter().partition(|(weight, _)| *weight == Weight::Further);
    let first: Vec<&str> = first.iter().map(|(_, text)| text.as_str()).collect();
    let first = (!first.is_empty()).then(|| first.join(STROKE))?;
    let said = std::iter::once(first.as_str()).chain(further.iter().map(|(_, text)| text.as_str()));
    Some(said.map(|text| quoted(text, &Secrets::default(), &[])).collect::<Vec<_>>().join(STROKE))
}

/// The fatal line, the trouble told just before it, and what is added to it.
fn fatal(said: &[(Weight, String)], at: usize) -> &[(Weight, String)] {
    let from = match at.checked_sub(1).and_then(|before| said.get(before)) {
        Some((Weight::Trouble, _)) => at - 1,
        Some(_) | None => at,
    };
    let more =
        said.iter().skip(at + 1).take_while(|(weight, _)| matches!(weight, Weight::More | Weight::Further)).count();
    said.get(from..=at + more).unwrap_or_default()
}

/// The end of it, without what is said in passing.
fn last(said: &[(Weight, String)]) -> &[(Weight, String)] {
    // What is added to something said in passing is no word of its own.
    let weighs = |weight: Weight| matches!(weight, Weight::Plain | Weight::Trouble);
    let Some(end) = said.iter().rposition(|(weight, _)| weighs(*weight)) else { return &[] };
    let before = said.iter().take(end).rev().take(LAST - 1);
    let run = before.take_while(|(weight, _)| *weight != Weight::Quiet).count();
    said.get(end - run..=end).unwrap_or_default()
}

/// The same of a tunnel that wg-quick did not bring up. Commands of the file may print anything there: only what begins
/// as wg-quick, and the programs that it calls, complain is kept.
pub fn of_tunnel(journal: &str, interface: &str) -> Option<String> {
    const COMPLAINS: [&str; 10] = [
        "RTNETLINK answers: ",
        "Error: ",
        "wg-quick: ",
        "/usr/bin/wg-quick: ",
        "Unable to ",
        "Cannot ",
        "iptables-restore",
        "ip6tables-restore",
        "sysctl: ",
        "resolvconf: ",
    ];
    let lines: Vec<&str> = journal.lines().collect();
    let start = lines.iter().rposition(|line| line.starts_with("Starting ")).unwrap_or(0);
    let own = |line: &&&str| COMPLAINS.iter().any(|begin| line.starts_with(begin));
    // What comes while the interface is taken away again is not why.
    let tries = || lines.iter().skip(start).take_while(|line| !line.starts_with("[#] ip link delete "));
    // systemd's own word, where it could not start wg-quick at all.
    let complaints: Vec<&str> = tries().filter(own).copied().collect();
    let found = match complaints.as_slice() {
        // One program may say it in two lines.
        [.., first, second] if first.split(' ').next() == second.split(' ').next() => {
            format!("{first}{STROKE}{second}")
        }
        [.., last] => (*last).to_owned(),
        [] => (*tries().find(|line| line.contains(": Failed at step "))?).to_owned(),
    };
    // wg names the rest of a line that it cannot read, which may be half a key.
    (!found.contains("Unknown device type")).then(|| quoted(&found, &Secrets::default(), &[interface]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn postgresql_says_it_in_its_fatal_line() {
        let journal = "Starting postgresql@15-main.service - PostgreSQL Cluster 15-main...\n\
            Error: /usr/lib/postgresql/15/bin/pg_ctl /usr/lib/postgresql/15/bin/pg_ctl start -D /x exited with status 1:\n\
            2026-11-27 11:42:27.808 UTC [280] LOG:  listening on IPv4 address \"10.8.0.1\", port 5432\n\
            2026-11-27 11:42:27.809 UTC [280] LOG:  could not open configuration file \"/etc/hba.conf\": No such file or directory\n\
            2026-11-27 11:42:27.809 UTC [280] FATAL:  could not load pg_hba.conf\n\
            2026-11-27 11:42:27.811 UTC [280] LOG:  database system is shut down\n\
            pg_ctl: could not start server\nExamine the log output.\n\
            postgresql@15-main.service: Can't open PID file /run/postgresql/15-main.pid (yet?) after start: No such file or directory\n\
            postgresql@15-main.service: Failed with result 'protocol'.\n\
            Failed to start postgresql@15-main.service - PostgreSQL Cluster 15-main.\n";
        let said = "LOG: could not open configuration file \"/etc/hba.conf\": No such file or directory / FATAL: could not load pg_hba.conf";
        assert_eq!(read(journal).as_deref(), Some(said));
        let other = "2026-11-27 UTC [268] FATAL:  database files are incompatible with server\n\
            2026-11-27 UTC [268] DETAIL:  The data directory was initialized by PostgreSQL version 14, which is not compatible with this version 15.18.\n";
        let said = "FATAL: database files are incompatible with server / DETAIL: The data directory was initialized by PostgreSQL version 14, which is not compatible with this version 15.18.";
        assert_eq!(read(other).as_deref(), Some(said));
    }

    #[test]
    fn a_hint_is_told_with_all_its_lines_and_a_query_with_none() {
        let folder = "/var/lib/postgresql/15/main";
        let hint = format!(
            "Starting x\n1 LOG:  invalid checkpoint record\n1 FATAL:  could not locate required checkpoint record\n\
             1 HINT:  If you are restoring from a backup, touch \"{folder}/recovery.signal\" and add required recovery options.\n\
             \tIf you are not restoring from a backup, try removing the file \"{folder}/backup_label\".\n\
             \tBe careful: removing \"{folder}/backup_label\" will result in a corrupt cluster if restoring from a backup.\n\
             1 STATEMENT:  select\n\ts3cret\n1 LOG:  database system is shut down\npg_ctl: could not start server\n"
        );
        let said = read(&hint).expect("said");
        assert!(said.contains("If you are not restoring from a backup, try removing the file \""), "{said}");
        assert!(said.contains("/backup_label") && said.contains("Be careful: removing") && !said.contains("s3cret"));
        assert_eq!(read(&hint.replace('\t', "")), Some(said), "as journald keeps it");
        let query = "1 FATAL:  x\n1 QUERY:  select\n\ts3cret\n1 DETAIL:  y\n";
        assert!(read(query).is_some_and(|said| said.starts_with("FATAL: x") && !said.contains("s3cret")));
    }

    #[test]
    fn without_a_fatal_line_it_is_the_end() {
        let journal = "Starting x...\npostgres: could not find the database system\nExpected to find it in the directory \"/a/b\",\n\
            but could not open file \"/a/b/global/pg_control\": Permission denied\npg_ctl: could not start server\n";
        let said = "postgres: could not find the database system / Expected to find it in the directory \"/a/b\", / \
            but could not open file \"/a/b/global/pg_control\": Permission denied";
        assert_eq!(read(journal).as_deref(), Some(said));
        let perl = "Starting x\nUse of uninitialized value $d in concatenation (.) or string at /usr/share/perl5/PgCommon.pm line 285.\n\
            Error: Invalid data directory for cluster 15 main\nx.service: Failed with result 'protocol'.\n";
        assert_eq!(read(perl).as_deref(), Some("Error: Invalid data directory for cluster 15 main"));
        assert_eq!(read("Starting x\nx.service: Main process exited, code=exited, status=1/FAILURE\n"), None);
        assert_eq!(read("Starting x\n1 LOG:  redirecting log output\n1 HINT:  Future log output will appear.\n"), None);
    }

    #[test]
    fn redis_says_it_at_the_end_of_its_log() {
        let log = "229:C 27 Nov 2026 11:42:26.693 # oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo\n\
            229:M 27 Nov 2026 11:42:26.695 # Server initialized\n\
            229:M 27 Nov 2026 11:42:26.695 # WARNING Memory overcommit must be enabled!\n\
            229:M 27 Nov 2026 11:42:26.695 # Can't handle RDB format version 12\n\
            229:M 27 Nov 2026 11:42:26.695 # Fatal error loading the DB: Invalid argument. Exiting.\n";
        let said = "Can't handle RDB format version 12 / Fatal error loading the DB: Invalid argument. Exiting.";
        assert_eq!(read(log).as_deref(), Some(said));
        let journal = "Starting redis\n*** FATAL CONFIG FILE ERROR (Redis 7.0.15) ***\nReading the configuration file, at line 504\n\
            >>> 'requirepass s3cret more'\nBad directive or wrong number of arguments\n";
        let said = read(journal).expect("said");
        assert!(said.ends_with("at line 504 / Bad directive or wrong number of arguments") && !said.contains("s3cret"));
    }

    #[test]
    fn of_a_tunnel_only_what_its_own_programs_complain_of_is_kept() {
        let journal = "Starting wg\n[#] ip -4 route add 198.51.100.0/24 dev wg0\nRTNETLINK answers: File exists\n\
            [#] ip link delete dev wg0\n";
        assert_eq!(of_tunnel(journal, "wg0").as_deref(), Some("RTNETLINK answers: File exists"));
        let gone = "Starting wg\nwg-quick@wg0.service: Failed at step EXEC spawning /usr/bin/wg-quick: No such file or directory\n\
            wg-quick@wg0.service: Failed with result 'exit-code'.\n";
        assert!(
            of_tunnel(gone, "wg0").is_some_and(|said| said.ends_with("/usr/bin/wg-quick: No such file or directory"))
        );
        assert_eq!(
            of_tunnel("Starting wg\n[#] curl -H s3cret\ns3cret is wrong\nLine unrecognized: `s3cret'\n", "wg0"),
            None
        );
        let long = "Starting wg\nwg-quick: `clippyfront-tunnel\' does not exist\n";
        assert!(of_tunnel(long, "clippyfront-tunnel").is_some_and(|said| said.contains("clippyfront-tunnel")));
    }

    #[test]
    fn a_log_in_other_forms_says_the_same() {
        let json = r#"{"timestamp":"2026-11-27 11:42:28.992 UTC","pid":348,"error_severity":"FATAL","message":"could not access file \"pg_x\": No such file or directory"}"#;
        let said = "FATAL: could not access file \"pg_x\": No such file or directory";
        assert_eq!(read(json).as_deref(), Some(said));
        let csv = "2026-11-27 11:42:28.992 UTC,,,348,,6565.1,1,,2026-11-27 11:42:28 UTC,,0,FATAL,58P01,\"could not access file \"\"pg_x\"\": No such file or directory\",,,,,,,,,\"\",\"postmaster\",,0\n";
        assert_eq!(read(csv).as_deref(), Some(said));
    }
}
