//! The file of variables of a worker without Docker.

use super::native;
use crate::case::Seat;
use crate::check::cause::EnvFile;
use crate::check::{Judged, broken, holds, not_applicable};
use crate::fact::environment::Encoding;

/// Whoever starts the worker can read it.
pub(crate) fn env_file(seat: &Seat<'_>) -> Judged<EnvFile> {
    let env = seat.env()?;
    let Some(worker) = native(seat) else { return Ok(not_applicable("no worker without Docker is set up here")) };
    let Some((path, encoding)) = &worker.encoding else {
        // Some files are there only on some machines: it matters where what they would set is set by nothing else.
        let is_set = |name: &str| env.winner(name).is_some();
        let unset = !is_set(env.broker_variable()) && !env.database_variable().is_some_and(is_set);
        let gone = worker.gone.as_ref().filter(|_| unset && env.complete);
        return Ok(gone.map_or_else(holds, |path| broken(EnvFile::Gone).with("file", path).into()));
    };
    // What runs keeps what it was started with.
    let started = worker.pid.is_some() && env.winner(env.broker_variable()).is_some();
    let (wide, marked) = match encoding {
        Encoding::Utf16 => (path.as_str(), ""),
        Encoding::ByteOrderMark => ("", path.as_str()),
    };
    let finding = broken(EnvFile::Encoding).at(path, 1);
    let finding = finding
        .with("encoding", encoding.words())
        .with("lost", encoding.lost())
        .with("wide_file", wide)
        .with("marked_file", marked);
    Ok(if started { finding.for_later() } else { finding }.into())
}
