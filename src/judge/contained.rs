//! A service in a container: whether the container runs, publishes the port at the tunnel's address, and has somebody
//! listening behind it; and whether Docker starts it again after the next boot.

use super::boot::{self, Start};
use crate::case::Seat;
use crate::check::cause::{PostgresAfterBoot, PostgresListens, RedisAfterBoot, RedisListens, causes_of};
use crate::check::{Finding, Judged, broken, holds, not_applicable};
use crate::fact::containers::{Published, Publisher};
use crate::fact::docker::{self, State};
use crate::fact::{Service, Unseen};

/// What can be wrong with it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Contained {
    ContainerStopped,
    ContainerTooEarly,
    PublishedElsewhere,
    ContainerLoopback,
}

causes_of!(Contained as RedisListens: ContainerStopped, ContainerTooEarly, PublishedElsewhere, ContainerLoopback);
causes_of!(Contained as PostgresListens: ContainerStopped, ContainerTooEarly, PublishedElsewhere, ContainerLoopback);

/// What Linux says of a bind to an address that is not there (yet).
const NOT_THERE: &str = "cannot assign requested address";

/// By Docker's own words, and by what the kernel tells of the sockets inside.
pub(super) fn listens(seat: &Seat<'_>, service: Service, container: &Publisher) -> Judged<Contained> {
    let (server, port) = seat.meets(service);
    let finding = |cause| broken(cause).with("container", &container.name).with("port", port);
    if !container.runs() {
        return Ok(stopped(container, finding).into());
    }
    if container.host_program.is_some() {
        return Ok(holds());
    }
    let leads = |it: &&Published| it.address == server || it.address.is_unspecified();
    let Some(published) = container.on(port).find(leads) else {
        let found: Vec<String> = container.on(port).map(|it| it.address.to_string()).collect();
        return Ok(finding(Contained::PublishedElsewhere).with("found", found.join(", ")).into());
    };
    let Some(inside) = &container.inside else { return Ok(holds()) };
    let mut there = inside.iter().filter(|it| it.port() == published.inner).peekable();
    if there.peek().is_none() {
        let others: Vec<String> = inside.iter().map(ToString::to_string).collect();
        let others = if others.is_empty() { "nothing".to_owned() } else { others.join(", ") };
        return Err(Unseen::Undecided(format!(
            "the container {} publishes its port {}, and inside {others} listens at the moment; `docker logs {}` shows what it does",
            container.name, published.inner, container.name
        )));
    }
    if there.clone().any(|it| !it.ip().is_loopback()) {
        return Ok(holds());
    }
    let found: Vec<String> = there.map(ToString::to_string).collect();
    let finding = finding(Contained::ContainerLoopback).with("found", found.join(", "));
    Ok(match &container.bind {
        Some(bind) => finding.at(&bind.path, bind.line),
        None => finding.with("line", "").with("file", ""),
    }
    .into())
}

fn stopped(container: &Publisher, finding: impl Fn(Contained) -> Finding<Contained>) -> Finding<Contained> {
    let said = container.said.as_ref();
    let words = said.map_or_else(String::new, |said| format!(": {}", said.told()));
    let early = container.state != State::Restarting && said.is_some_and(|said| said.text.contains(NOT_THERE));
    finding(if early { Contained::ContainerTooEarly } else { Contained::ContainerStopped })
        .with("state", container.state.label())
        .with("code", container.exit_code)
        .with("words", words)
}

/// What the next boot can bring.
#[derive(Debug, Clone, Copy)]
pub(super) enum AfterBoot {
    ContainerStays,
    EngineDisabled,
    EngineBeforeTunnel,
}

causes_of!(AfterBoot as RedisAfterBoot: ContainerStays, EngineDisabled, EngineBeforeTunnel);
causes_of!(AfterBoot as PostgresAfterBoot: ContainerStays, EngineDisabled, EngineBeforeTunnel);

/// By the container's restart policy and the engine's own unit.
pub(super) fn after_boot(seat: &Seat<'_>, service: Service, container: &Publisher) -> Judged<AfterBoot> {
    let (server, port) = seat.meets(service);
    let name = &container.name;
    let not_told = || Unseen::NotKnown(format!("the restart policy of the container {name} was not looked at"));
    let policy = container.restart.as_deref().ok_or_else(not_told)?;
    if !docker::STARTED.contains(&policy) {
        return Ok(broken(AfterBoot::ContainerStays).with("container", name).with("policy", policy).into());
    }
    let engine = seat.docker_unit()?;
    if !engine.known {
        return Err(Unseen::NotKnown("Docker's engine is not the unit docker.service here".to_owned()));
    }
    boot::told(&engine.name, &engine.at_boot)?;
    if !boot::starts(engine) {
        return Ok(broken(AfterBoot::EngineDisabled).with("container", name).with("unit", &engine.name).into());
    }
    // In this machine's own network it is started again and again until the address is there.
    if !container.on(port).any(|it| it.address == server) {
        return Ok(holds());
    }
    Ok(match boot::start(seat, engine)? {
        Start::AfterTunnel => holds(),
        Start::Open(why) => not_applicable(why),
        Start::BeforeTunnel => {
            broken(AfterBoot::EngineBeforeTunnel).with("container", name).with("unit", &engine.name).into()
        }
    })
}
