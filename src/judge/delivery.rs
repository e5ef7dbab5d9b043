//! The delivery sidecar: what it was told, which files it has, and whether the ingest host lets it in as far as the log-in.

use std::net::IpAddr;

use crate::case::Seat;
use crate::check::cause::{DeliveryAnswers, DeliveryKey, DeliveryKnownHosts, DeliveryRuns, DeliverySet};
use crate::check::{Finding, Judged, broken, holds, not_applicable};
use crate::fact::Unseen;
use crate::fact::delivery::key::KeyKind;
use crate::fact::delivery::known_hosts::{KnownHosts, Names};
use crate::fact::delivery::ssh::{SshOutcome, SshSaid, is_local};
use crate::fact::delivery::{Found, REQUIRED, SecretFile, Sidecar, Value};
use crate::fact::dial::Dial;
use crate::fact::docker::State;

mod host_key;
mod server;

pub(crate) use host_key::delivery_host_key;
pub(crate) use server::{delivery_admitted, delivery_listens};

/// Why there is nothing to judge, mostly.
const NONE: &str = "there is no delivery sidecar here";

/// Why there is nothing to say of a host's answer.
const NO_HOST: &str = "no ingest host is set";

/// The sidecar, where there is one.
fn sidecar<'a>(seat: &Seat<'a>) -> Result<Option<&'a Sidecar>, Unseen> {
    match seat.delivery() {
        // It is a container, and where the worker does without Docker there need be none.
        Err(Unseen::NotInstalled(_)) if seat.is_native() => Ok(None),
        delivery => Ok(delivery?.sidecar.as_deref()),
    }
}

/// How the container is recreated, and what it is called.
fn of<C>(sidecar: &Sidecar, finding: Finding<C>) -> Finding<C> {
    finding.with("name", &sidecar.name).with("recreate", sidecar.provenance.recreate().unwrap_or_default())
}

/// Names the line that gives the sidecar a variable.
fn placed<C>(sidecar: &Sidecar, variable: &str, finding: Finding<C>) -> Finding<C> {
    match sidecar.provenance.source(variable).and_then(|source| source.line()) {
        Some((path, line)) => finding.at(path, line),
        None => finding.with("place", "the container's configuration"),
    }
}

/// INGEST_HOST, INGEST_USER and INGEST_PATH are set, and name a real host.
pub(crate) fn delivery_set(seat: &Seat<'_>) -> Judged<DeliverySet> {
    let Some(sidecar) = sidecar(seat)? else { return Ok(not_applicable(NONE)) };
    let said = |finding: Finding<_>, variable: &str| placed(sidecar, variable, of(sidecar, finding));
    let blank = REQUIRED.iter().filter(|name| matches!(sidecar.values.get(**name), None | Some(Value::Empty)));
    let blank: Vec<&str> = blank.copied().collect();
    if let Some(first) = blank.first() {
        return Ok(said(broken(DeliverySet::Missing), first).with("variables", blank.join(", ")).into());
    }
    for variable in REQUIRED {
        if let Some(value) = sidecar.text(variable).filter(|value| is_placeholder(value)) {
            let finding =
                broken(DeliverySet::WrongValue).with("which", "the value of the example file").with("value", value);
            return Ok(said(finding, variable).with("variable", variable).into());
        }
    }
    if let Some(host) = sidecar.text("INGEST_HOST").filter(|host| is_local(host) && !sidecar.host_network) {
        let which = "which inside the container is the container itself";
        let finding = broken(DeliverySet::WrongValue).with("which", which).with("value", host);
        return Ok(said(finding, "INGEST_HOST").with("variable", "INGEST_HOST").into());
    }
    match sidecar.port() {
        Some(_) => Ok(holds()),
        None => Ok(said(broken(DeliverySet::NoPort), "INGEST_PORT").into()),
    }
}

/// `your-ingest-host.com` of the project's .env.worker.example, `<HOST>`, and the names that stand for examples (RFC 2606).
fn is_placeholder(value: &str) -> bool {
    let value = value.to_ascii_lowercase();
    let example = ["example.com", "example.org", "example.net"];
    value.contains('<')
        || value.starts_with("your-")
        || example.iter().any(|name| value == *name || value.ends_with(&format!(".{name}")))
}

/// The sidecar's container runs.
pub(crate) fn delivery_runs(seat: &Seat<'_>) -> Judged<DeliveryRuns> {
    let Some(sidecar) = sidecar(seat)? else { return Ok(not_applicable(NONE)) };
    Ok(match sidecar.state {
        State::Running => holds(),
        State::Restarting | State::Exited | State::Created | State::Paused | State::Dead | State::Removing => {
            of(sidecar, broken(DeliveryRuns::Stopped)).with("state", sidecar.state.label()).into()
        }
    })
}

/// The private key is there, is one, and nobody else can read it.
pub(crate) fn delivery_key(seat: &Seat<'_>) -> Judged<DeliveryKey> {
    let Some(sidecar) = sidecar(seat)? else { return Ok(not_applicable(NONE)) };
    let finding = match &sidecar.key.found {
        Found::Hidden(why) => return Err(Unseen::NotKnown(why.clone())),
        Found::Missing => broken(DeliveryKey::Missing).with("state", "does not exist"),
        Found::Empty => broken(DeliveryKey::Missing).with("state", "is empty"),
        Found::Folder => broken(DeliveryKey::Folder),
        Found::File { holds: KeyKind::Openssh { locked: true, .. } | KeyKind::Pem { locked: true }, .. } => {
            broken(DeliveryKey::Locked)
        }
        Found::File { holds: KeyKind::Public, .. } => broken(DeliveryKey::NotAKey).with("kind", "a public key"),
        Found::File { holds: KeyKind::Putty, .. } => {
            broken(DeliveryKey::NotAKey).with("kind", "a key in PuTTY's format")
        }
        Found::File { holds: KeyKind::Other, .. } => {
            broken(DeliveryKey::NotAKey).with("kind", "no private key, or only a part of one")
        }
        Found::File { mode, .. } if mode & 0o044 != 0 => {
            broken(DeliveryKey::Readable).with("mode", format!("{mode:04o}"))
        }
        Found::File { .. } => return Ok(holds()),
    };
    Ok(of(sidecar, at_file(&sidecar.key, finding)).into())
}

fn at_file<T, C>(secret: &SecretFile<T>, finding: Finding<C>) -> Finding<C> {
    finding.with("file", secret.path()).with("inside", &secret.inside)
}

/// The host keys that the sidecar trusts are there, and one is the ingest host's.
pub(crate) fn delivery_known_hosts(seat: &Seat<'_>) -> Judged<DeliveryKnownHosts> {
    let Some(sidecar) = sidecar(seat)? else { return Ok(not_applicable(NONE)) };
    let secret = &sidecar.known_hosts;
    let finding = match &secret.found {
        Found::Hidden(why) => return Err(Unseen::NotKnown(why.clone())),
        Found::Missing => broken(DeliveryKnownHosts::Missing).with("state", "does not exist").with("folder", ""),
        Found::Empty => broken(DeliveryKnownHosts::Missing).with("state", "is empty").with("folder", ""),
        Found::Folder => {
            broken(DeliveryKnownHosts::Missing).with("state", "is an empty directory").with("folder", secret.path())
        }
        Found::File { holds: KnownHosts { lines: 0, .. }, .. } => {
            broken(DeliveryKnownHosts::Missing).with("state", "contains no host key").with("folder", "")
        }
        Found::File { holds: known, .. } => match unlisted(known) {
            None => return Ok(holds()),
            // Without a host there is nothing to look for.
            Some(_) if sidecar.ssh.is_none() => return Ok(not_applicable(NO_HOST)),
            Some(finding) => finding,
        },
    };
    Ok(named(sidecar, of(sidecar, at_file(secret, finding))).into())
}

fn unlisted(known: &KnownHosts) -> Option<Finding<DeliveryKnownHosts>> {
    let other = |names: Names| if let Names::OtherPort(port) = names { Some(port) } else { None };
    match known.host.first() {
        None => Some(broken(DeliveryKnownHosts::NotListed).with("lines", known.lines)),
        Some(_) if known.host.iter().any(|line| other(line.names).is_none()) => None,
        Some(line) => Some(
            broken(DeliveryKnownHosts::OtherPort)
                .with("number", line.line)
                .with("other", other(line.names).unwrap_or(0)),
        ),
    }
}

/// Fills the words for the ingest host.
fn named<C>(sidecar: &Sidecar, finding: Finding<C>) -> Finding<C> {
    let endpoint = sidecar.ssh.as_ref().map(|ssh| &ssh.endpoint);
    let host = endpoint.map_or_else(|| "HOST".to_owned(), |endpoint| endpoint.host.clone());
    finding.with("host", host).with("port", endpoint.map_or(0, |endpoint| endpoint.port))
}

/// The ingest host's SSH answers.
pub(crate) fn delivery_answers(seat: &Seat<'_>) -> Judged<DeliveryAnswers> {
    let Some(sidecar) = sidecar(seat)? else { return Ok(not_applicable(NONE)) };
    let Some(ssh) = &sidecar.ssh else { return Ok(not_applicable(NO_HOST)) };
    let finding = match &ssh.said {
        SshSaid::Speaks { .. } => return Ok(holds()),
        SshSaid::Unreached(Dial::Refused) => broken(DeliveryAnswers::Refused),
        SshSaid::Unreached(Dial::Timeout) => broken(DeliveryAnswers::Timeout),
        SshSaid::Unreached(Dial::NoSuchName | Dial::ResolverFailed) => {
            placed(sidecar, "INGEST_HOST", broken(DeliveryAnswers::NoSuchName))
        }
        SshSaid::Closed | SshSaid::Unreached(Dial::Reset) => {
            broken(DeliveryAnswers::Unanswered).with("does", "closes it at once")
        }
        SshSaid::Unreached(how) => {
            placed(sidecar, "INGEST_HOST", broken(DeliveryAnswers::NoWay).with("how", how.label()))
        }
        SshSaid::Silent => broken(DeliveryAnswers::Unanswered).with("does", "sends no answer"),
        SshSaid::NotSsh => placed(sidecar, "INGEST_PORT", broken(DeliveryAnswers::NotSsh)),
    };
    let finding = of(sidecar, finding).with("endpoint", &ssh.endpoint);
    Ok(named(sidecar, finding).with("whose", whose(seat, ssh)).into())
}

/// Which machine the ingest host is.
fn whose(seat: &Seat<'_>, ssh: &SshOutcome) -> &'static str {
    let addresses = seat.addresses();
    let is = |own: Option<IpAddr>| own.is_some() && ssh.address == own;
    if is(Some(addresses.server.value)) {
        "the server's address in the tunnel"
    } else if is(addresses.public) {
        "the server's address outside the tunnel"
    } else {
        "a machine other than the server"
    }
}
