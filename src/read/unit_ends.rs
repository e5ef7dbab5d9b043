//! How often systemd has started a unit again, by its own messages in the journal.

use super::quoted::{Secrets, quoted};
use super::raised::parted;
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

/// Reads `journalctl -o short-unix`. None where it did not start it again.
pub fn read(journal: &str) -> Option<Ended> {
    let (mut times, mut stamps) = (0, Vec::new());
    // The first of what it says of an end is its reason; what follows is how.
    let (mut last, mut open) = (None, true);
    for (at, text) in journal.lines().map(parted) {
        if text.contains(AGAIN) {
            times += 1;
            stamps.extend(at);
            open = true;
        } else if open && WHY.iter().any(|why| text.contains(why)) {
            (last, open) = (Some(text), false);
        }
    }
    let why = quoted(last?, &Secrets::default(), &[]);
    let between = u64::try_from(stamps.len()).unwrap_or(u64::MAX).saturating_sub(1);
    let span = stamps.last()?.saturating_sub(*stamps.first()?);
    (times > 0).then(|| Ended { times, why, apart: span.checked_div(between).unwrap_or(0) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_restarts_are_counted_and_the_last_reason_is_told() {
        let once = |at: u64| {
            let line = |text: &str| format!("{at}.000001 client systemd[1]: {text}\n");
            [
                "clippy-worker.service: Watchdog timeout (limit 8s)!",
                "clippy-worker.service: Killing process 41 (celery) with signal SIGABRT.",
                "clippy-worker.service: Main process exited, code=killed, status=6/ABRT",
                "clippy-worker.service: Failed with result 'watchdog'.",
                "clippy-worker.service: Scheduled restart job, restart counter is at 1.",
                "Stopped clippy-worker.service.",
                "Started clippy-worker.service.",
            ]
            .map(line)
            .concat()
        };
        let found = read(&[1000, 1010, 1018].map(once).concat()).expect("restarts");
        assert_eq!((found.times, found.why.as_str()), (3, "clippy-worker.service: Watchdog timeout (limit 8s)!"));
        assert_eq!(found.apart, 9);
        assert_eq!(read("1000.000001 client systemd[1]: Started clippy-worker.service.\n"), None);
    }
}
