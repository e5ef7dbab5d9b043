//! What the worker itself says of the last minutes.

use crate::case::Seat;
use crate::check::cause::WorkerLog;
use crate::check::{Judged, broken, holds};

/// It reports no error.
pub(crate) fn worker_log(seat: &Seat<'_>) -> Judged<WorkerLog> {
    let log = seat.worker_log()?;
    let Some(said) = &log.said else { return Ok(holds()) };
    let cause = if log.discards { WorkerLog::Discards } else { WorkerLog::Error };
    Ok(broken(cause).with("said", said.told()).into())
}
