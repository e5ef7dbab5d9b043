//! What the worker itself says of the last minutes.

use crate::case::Seat;
use crate::check::cause::WorkerLog;
use crate::check::{Judged, broken, holds, not_applicable};
use crate::fact::docker::State;

/// It reports no error.
pub(crate) fn worker_log(seat: &Seat<'_>) -> Judged<WorkerLog> {
    if let (Ok(docker), Ok(worker)) = (seat.docker(), seat.host_worker())
        && worker.process.is_none()
        && !docker.workers.iter().any(|it| it.state == State::Running)
    {
        return Ok(not_applicable("no worker runs here"));
    }
    let log = seat.worker_log()?;
    let Some(said) = &log.said else { return Ok(holds()) };
    if log.unconnected {
        super::libraries::still_loading(seat)?;
    }
    let cause = match (log.discards, log.unconnected) {
        (true, _) => WorkerLog::Discards,
        (false, true) => WorkerLog::Unconnected,
        (false, false) => WorkerLog::Error,
    };
    Ok(broken(cause).with("said", said.told()).into())
}
