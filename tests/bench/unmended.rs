//! Proof of fix, on recordings of what nobody mended: a look from one vantage that is compared with the report of all of
//! them must not call a root fixed.

use clipcheck::check::Check;
use clipcheck::report::{Before, Now, since};

use super::fault::Set;
use super::judged::{Snapshots, judged, read};

/// The roots that are called fixed although nothing was done.
pub fn called_fixed(set: &Set, checks: &[Check]) -> Result<Vec<String>, String> {
    let mut wrong = Vec::new();
    for fault in &set.faults {
        let together = read(&fault.id, &fault.blind)?;
        let before = Before::from(&judged(&together, checks)?.report);
        for (vantage, snapshot) in &together {
            let alone = Snapshots::from([(*vantage, snapshot.clone())]);
            let report = judged(&alone, checks)?.report;
            let fixed = since(&report, &before, checks).into_iter().filter(|change| change.now == Now::Fixed);
            wrong.extend(fixed.map(|change| {
                format!("{}: {} ({}) is called fixed from the {vantage} alone", fault.id, change.code, change.vantage)
            }));
        }
    }
    Ok(wrong)
}
