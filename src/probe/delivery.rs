//! The delivery sidecar, seen from the Docker host: its container, the files that are mounted into it, and the SSH of the
//! host that it delivers to. Nobody logs in and nothing is delivered.

use secrecy::zeroize::Zeroize;

use super::{ProbeResult, dial, docker, environment, host};
use crate::fact::delivery::known_hosts::KnownHosts;
use crate::fact::delivery::ssh::{self, SshOutcome, SshSaid};
use crate::fact::delivery::{Delivery, Found, SecretFile, Sidecar, VARIABLES};
use crate::fact::dial::Endpoint;
use crate::fact::docker::State;
use crate::fact::order::InOrder;
use crate::fact::touch::{Touch, connects, only, reads, runs};
use crate::fact::{Fact, Unseen};
use crate::read::inspect::Container;
use crate::read::{known_hosts, ssh_key, variable};

mod exchange;

/// The service in the project's compose.worker.yaml, and a part of every name that its container has there.
const SERVICE: &str = "artifact-sync";

/// The worker and the sidecar in one container (docker/docker-compose.gpu-worker-sync.yml).
const COMBINED: &str = "clippy-gpu-worker-sync";

/// Where Docker puts secrets, and where the scripts look unless they are told otherwise.
const SECRETS: &str = "/run/secrets/";

pub(super) async fn look() -> ProbeResult {
    ProbeResult::new("docker inspect, the mounted files, SSH's greeting", seen().await.map(Fact::Delivery))
}

async fn seen() -> Result<Delivery, Unseen> {
    let mut found = docker::containers().await?;
    found.retain(is_sidecar);
    found.in_order_of(|it| (!it.running, it.name.clone()));
    let sidecar = match found.into_iter().next() {
        Some(container) => sidecar(&container).await.map(Box::new),
        None => None,
    };
    Ok(Delivery { sidecar })
}

/// The worker is handed the same `.env`, so that it has an INGEST_HOST is no sign.
fn is_sidecar(container: &Container) -> bool {
    let has = |name: &str| container.variables.iter().any(|(own, value)| own == name && !value.is_empty());
    let service = container.labels.get("com.docker.compose.service").is_some_and(|service| service == SERVICE);
    service
        || container.name.contains(SERVICE)
        || (container.name == COMBINED && has("INGEST_HOST"))
        || has("RSYNC_KEY_FILE")
}

async fn sidecar(container: &Container) -> Option<Sidecar> {
    let state = State::read(&container.status)?;
    let image = docker::image(&container.image_id).await;
    let given =
        |name: &str| container.variables.iter().rev().find(|(own, _)| own == name).map(|(_, value)| value.as_str());
    let place = |variable: &str, file: &str| match given(variable) {
        // `${RSYNC_KEY_FILE:-…}` in the scripts: an empty one counts as none.
        None | Some("") => format!("{SECRETS}{file}"),
        Some(path) => path.to_owned(),
    };
    let values = VARIABLES.iter().filter_map(|name| Some(((*name).to_owned(), variable::sidecars(given(name)?))));
    let mut sidecar = Sidecar {
        name: container.name.clone(),
        state,
        host_network: container.networks.iter().any(|network| network == "host"),
        values: values.collect(),
        provenance: environment::provenance(container, image.as_ref(), &VARIABLES, None),
        key: file(container, place("RSYNC_KEY_FILE", "rsync_key"), |text| {
            let kind = ssh_key::read(text);
            text.zeroize();
            kind
        }),
        known_hosts: file(container, place("KNOWN_HOSTS_FILE", "known_hosts"), |_| KnownHosts {
            lines: 0,
            host: Vec::new(),
        }),
        ssh: None,
    };
    let Some(endpoint) = endpoint(&sidecar) else { return Some(sidecar) };
    sidecar.known_hosts =
        file(container, sidecar.known_hosts.inside, |text| known_hosts::read(text, &endpoint.host, endpoint.port));
    sidecar.ssh = Some(ask(endpoint, &sidecar.known_hosts).await);
    Some(sidecar)
}

/// Where the sidecar connects to, where that can mean the same from here.
fn endpoint(sidecar: &Sidecar) -> Option<Endpoint> {
    let host = sidecar.text("INGEST_HOST")?.trim();
    let name = host.chars().all(|c| c.is_ascii_alphanumeric() || "._-:".contains(c));
    let endpoint = Endpoint { host: host.to_owned(), port: sidecar.port()? };
    (name && (sidecar.host_network || !ssh::is_local(host))).then_some(endpoint)
}

async fn ask(endpoint: Endpoint, known: &SecretFile<KnownHosts>) -> SshOutcome {
    let address = match dial::resolve(&endpoint).await {
        Ok(found) => found.first().map(std::net::SocketAddr::ip),
        Err(how) => return SshOutcome { endpoint, address: None, said: SshSaid::Unreached(how) },
    };
    let kinds: Vec<&str> = match &known.found {
        Found::File { holds, .. } => holds.kinds().collect(),
        Found::Missing | Found::Folder | Found::Empty | Found::Hidden(_) => Vec::new(),
    };
    let said = match dial::connect(&endpoint).await {
        Ok(stream) => exchange::greet(stream, &kinds).await,
        Err(how) => SshSaid::Unreached(how),
    };
    SshOutcome { endpoint, address, said }
}

/// A file of the container's, found by its mounts. As the scripts do, a folder stands for the file of its own name in
/// it, else for the first file.
fn file<T>(container: &Container, inside: String, read: impl FnOnce(&mut String) -> T) -> SecretFile<T> {
    let covers = |destination: &str| {
        inside.strip_prefix(destination.trim_end_matches('/')).filter(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let mount = container.mounts.iter().filter_map(|mount| Some((mount, covers(&mount.destination)?)));
    let Some((mount, rest)) = mount.min_by_key(|(_, rest)| rest.len()) else {
        // Nothing but Docker puts files there; elsewhere the image may have brought one.
        let found = if inside.starts_with(SECRETS) {
            Found::Missing
        } else {
            Found::Hidden(format!("nothing from this machine is mounted at {inside}"))
        };
        return SecretFile { inside, outside: None, found };
    };
    let outside = format!("{}{rest}", mount.source);
    let found = if matches!(host::stat(&mount.source), Ok(None)) {
        // Docker Desktop's engine sees this machine's files under other names, and a container keeps what was removed.
        Found::Hidden(format!("{} is not on this machine", mount.source))
    } else {
        at(&outside, read)
    };
    SecretFile { inside, outside: Some(outside), found }
}

fn at<T>(path: &str, read: impl FnOnce(&mut String) -> T) -> Found<T> {
    let stat = match host::stat(path) {
        Ok(None) => return Found::Missing,
        Ok(Some(stat)) => stat,
        Err(why) => return Found::Hidden(why.to_string()),
    };
    if stat.is_file {
        return match host::read_or_unseen(path) {
            Ok(text) if text.is_empty() => Found::Empty,
            Ok(mut text) => Found::File { mode: stat.mode, owner: stat.owner, holds: read(&mut text) },
            Err(why) => Found::Hidden(why.to_string()),
        };
    }
    let names = match host::list(path) {
        Ok(names) => names.unwrap_or_default(),
        Err(why) => return Found::Hidden(why.to_string()),
    };
    let own = path.rsplit('/').next().unwrap_or_default();
    let is_file =
        |name: &&String| host::stat(format!("{path}/{name}")).is_ok_and(|stat| stat.is_some_and(|it| it.is_file));
    let mut files = names.iter().filter(|name| !name.starts_with('.')).filter(is_file);
    let first = names.iter().find(|name| *name == own).filter(is_file).or_else(|| files.next());
    first.map_or(Found::Folder, |name| at(&format!("{path}/{name}"), read))
}

/// What [`look`] does.
pub(super) fn touches() -> Vec<Touch> {
    let image = runs(&["docker image inspect -- {image}"]);
    let image = only("where the engine's socket does not answer, or you chose another engine", image);
    let of_sidecar = [image, reads(&["{mounted}", "{compose}"]), connects(&["tcp {ssh-target}"])].concat();
    [docker::touches(), only("where there is a delivery sidecar", of_sidecar)].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::inspect;

    fn container(name: &str, variables: &str) -> Container {
        let json = format!(
            r#"[{{"Name": "/{name}", "Config": {{"Env": [{variables}]}},
            "Mounts": [{{"Source": "/nowhere/x", "Destination": "/secrets"}}]}}]"#
        );
        inspect::read(&json).expect("reads").remove(0)
    }

    #[test]
    fn a_sidecar_is_known_by_its_name_or_its_key() {
        for (name, variables, is) in [
            ("clippy-artifact-sync", "", true),
            ("clippyfront-worker-artifact-sync-1", "", true),
            ("clippy-gpu-worker-sync", "\"INGEST_HOST=a\"", true),
            ("mine", "\"RSYNC_KEY_FILE=/k\"", true),
            ("clippy-gpu-worker-sync", "", false),
            ("clippy-worker", "\"INGEST_HOST=a\"", false),
        ] {
            assert_eq!(is_sidecar(&container(name, variables)), is, "{name} {variables}");
        }
    }

    #[test]
    fn what_is_not_on_this_machine_is_not_called_missing() {
        let here = container("x", "");
        let found = |path: &str| file(&here, path.to_owned(), |_| ()).found;
        assert!(matches!(found("/secrets/rsync_key"), Found::Hidden(_)));
        assert!(matches!(found("/opt/key"), Found::Hidden(_)));
        assert_eq!(found("/run/secrets/rsync_key"), Found::Missing);
    }
}
