//! Proof of fix, on recordings of what nobody mended: a look from one vantage that is compared with the report of all of
//! them must not call a root fixed.

use super::fault::Set;
use super::judged::verdicts;

/// The roots that are called fixed although nothing was done.
pub fn called_fixed(set: &Set) -> Result<Vec<String>, String> {
    let mut wrong = Vec::new();
    for fault in &set.faults {
        let called = &verdicts(&fault.id, &fault.blind)?.called_fixed;
        wrong.extend(called.iter().map(|change| format!("{}: {change}", fault.id)));
    }
    Ok(wrong)
}
