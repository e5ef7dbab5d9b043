//! Who has WireGuard's UDP port, where wg-quick could not have it.

use procfs::process::Process;

use crate::fact::service::holder::PortHolder;
use crate::fact::touch::{Touch, only, reads, runs};
use crate::fact::{Fact, FactKey};
use crate::probe::network::udp_of;
use crate::probe::{PROGRAM, ProbeContext, host};

/// None where nobody has it (any more), or the port is not known.
pub(super) async fn look(context: &ProbeContext) -> Option<PortHolder> {
    let Ok(Fact::WgConf(conf)) = context.fact(&FactKey::WgConf) else { return None };
    let (port, _) = conf.listen_port?;
    let (process, program) = udp_of(port)?;
    let unit = process.and_then(unit);
    let mut holder = PortHolder { port, program, process, unit, container: None };
    if holder.program.as_deref() == Some("docker-proxy") {
        let filter = format!("publish={port}/udp");
        let said = host::run("docker", &["ps", "--filter", &filter], PROGRAM).await;
        // Below its heading, with the name in the last column.
        let name = |out: &str| out.lines().nth(1)?.split_whitespace().last().map(str::to_owned);
        holder.container = said.ok().and_then(|said| name(&said.out));
    }
    Some(holder)
}

/// The service that a process belongs to, by the name of its control group.
fn unit(process: i32) -> Option<String> {
    let groups = Process::new(process).ok()?.cgroups().ok()?.0;
    let unit = |path: &str| path.rsplit('/').find(|part| part.ends_with(".service")).map(str::to_owned);
    groups.iter().find_map(|group| unit(&group.pathname)).filter(|unit| !unit.starts_with("user@"))
}

/// What it does.
pub(super) fn touches() -> Vec<Touch> {
    let sockets = ["/proc/net/udp", "/proc/net/udp6", "/proc", "/proc/{pid}", "/proc/{pid}/fd", "/proc/{pid}/fd/*"];
    let found = ["/proc/{pid}/stat", "/proc/{pid}/cgroup"];
    let docker = runs(&["docker ps --filter publish={port}/udp"]);
    only("where another program has WireGuard's port", [reads(&sockets), reads(&found), docker].concat())
}
