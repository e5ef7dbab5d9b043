//! Debian's further Redis servers on one machine: `redis-server@NAME.service` with /etc/redis/redis-NAME.conf
//! (README.Debian of redis-server).

use super::conf_files::{settings, started_by};
use crate::probe::{ProbeContext, host};
use crate::read::redis_command::Command;

/// Where their files are.
pub(super) const FOLDER: &str = "/etc/redis";

/// Their unit, for every name.
pub(super) const UNIT: &str = "redis-server@.service";

/// More than one machine has.
const MOST: usize = 20;

/// One of them.
pub(super) struct Instance {
    pub(super) unit: String,
    pub(super) file: String,
    /// What the unit gives it besides the file.
    pub(super) command: Command,
}

/// All of them, whether they run or not.
pub(super) fn all() -> Vec<Instance> {
    let names = host::list(FOLDER).ok().flatten().unwrap_or_default();
    let of = |file: String| {
        let name = file.strip_prefix("redis-")?.strip_suffix(".conf")?;
        let command = started_by(UNIT).ok().flatten().unwrap_or_default();
        Some(Instance {
            unit: UNIT.replace("@.", &format!("@{name}.")),
            command: Command { file: None, ..command },
            file: format!("{FOLDER}/{file}"),
        })
    };
    names.into_iter().filter_map(of).take(MOST).collect()
}

/// The port of the deployment's Redis, as far as it is known.
pub(super) fn port_of(context: &ProbeContext) -> Option<u16> {
    let settled = context.addresses.as_ref().map(|addresses| addresses.redis_port.value);
    context.profile.redis_port.or(settled)
}

/// The unit of the one that has the deployment's port; none where that is the usual server's.
pub(in crate::probe) fn unit(context: &ProbeContext) -> Option<String> {
    let others = all();
    // The usual server's file tells nothing where it is the only one.
    let (path, _) = (!others.is_empty()).then(|| settings(context).ok())??;
    others.into_iter().find(|it| it.file == path).map(|it| it.unit)
}
