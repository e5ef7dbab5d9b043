//! How often systemd has started a unit again, by its own messages in the journal.

use super::quoted::{Secrets, quoted};
use crate::fact::host_worker::Ended;

/// It starts the unit again by itself (`Restart=`).
const AGAIN: &str = "Scheduled restart job, restart counter is at ";

/// Why it ended (src/core/service.c, src/core/unit.c).
const WHY: [&str; 7] = [
    ": Service reached runtime time limit",
    ": Watchdog timeout",
    ": start operation timed out",
    ": State 'stop-sigterm' timed out",
    ": A process of this unit has been killed by the OOM killer",
    ": Main process exited",
    ": Control process exited",
];

/// None where it did not start it again.
pub fn read(journal: &str) -> Option<Ended> {
    let times = journal.lines().filter(|line| line.contains(AGAIN)).count();
    // The first of what it says of an end is its reason; what follows is how.
    let end = |line: &&str| WHY.iter().any(|why| line.contains(why));
    let mut last = None;
    let mut open = true;
    for line in journal.lines() {
        if line.contains(AGAIN) {
            open = true;
        } else if open && end(&line) {
            (last, open) = (Some(line), false);
        }
    }
    let why = quoted(last?, &Secrets::default(), &[]);
    (times > 0).then(|| Ended { times: u32::try_from(times).unwrap_or(u32::MAX), why })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_restarts_are_counted_and_the_last_reason_is_told() {
        let once = "clippy-worker.service: Watchdog timeout (limit 8s)!\n\
            clippy-worker.service: Killing process 41 (celery) with signal SIGABRT.\n\
            clippy-worker.service: Main process exited, code=killed, status=6/ABRT\n\
            clippy-worker.service: Failed with result 'watchdog'.\n\
            clippy-worker.service: Scheduled restart job, restart counter is at 1.\n\
            Stopped clippy-worker.service.\nStarted clippy-worker.service.\n";
        let found = read(&once.repeat(3)).expect("restarts");
        assert_eq!((found.times, found.why.as_str()), (3, "clippy-worker.service: Watchdog timeout (limit 8s)!"));
        assert_eq!(read("Started clippy-worker.service.\n"), None);
    }
}
