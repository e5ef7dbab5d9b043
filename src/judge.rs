//! Runs every check over a case. Judges are pure: their only input is a [`Seat`], their only clock is when the
//! snapshot was taken.

use crate::case::{Case, Seat};
use crate::check::{Check, CheckId, Judged, Rule, Verdict, broken, holds};
use crate::fact::dial::Dial;
use crate::fact::firewall::{Knock, Protocol};
use crate::fact::network::Listener;
use crate::fact::{FactKey, Service, Unseen, Vantage};

pub mod firewall;
pub mod postgres;
pub mod redis;
pub mod tunnel;
pub mod worker;

/// One check's answer at one vantage.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Which check.
    pub check: CheckId,
    /// Where it was judged.
    pub vantage: Vantage,
    /// The answer.
    pub judged: Judged,
    /// What the judge read, in order.
    pub read: Vec<(Vantage, FactKey)>,
}

/// The cause of a plain check whose look brought a word that the file does not know.
pub const UNEXPECTED: &str = "unexpected";

/// Judges every check at every vantage of the case that it speaks of, in the order of the catalogue.
pub fn judge(case: &Case, checks: &[Check]) -> Vec<Answer> {
    let mut answers = Vec::new();
    for check in checks {
        for (&vantage, keys) in &check.looks {
            let Ok(seat) = case.seat(vantage) else { continue };
            case.take_read();
            let judged = match &check.rule {
                Rule::Judge(judge) => judge(&seat),
                Rule::Expect(words) => keys.first().map_or(Ok(holds()), |key| plain(check, words, key, &seat)),
            };
            answers.push(Answer { check: check.id.clone(), vantage, judged, read: case.take_read() });
        }
    }
    answers
}

fn plain(check: &Check, expected: &[String], key: &FactKey, seat: &Seat<'_>) -> Judged {
    let label = seat.fact(key)?.label();
    if expected.iter().any(|word| word == label) {
        return Ok(holds());
    }
    let cause = if check.causes.contains_key(label) { label } else { UNEXPECTED };
    Ok(Verdict::from(broken(cause).with("seen", label)))
}

/// Whether a service can be reached around the tunnel. Seen from the client or outside by dialling; on the server
/// by its sockets and ufw, which is a warning at most: another firewall may stand in front.
fn exposed(seat: &Seat<'_>, service: Service) -> Judged {
    if seat.vantage() != Vantage::Server {
        let tcp = seat.tcp_public(service)?;
        return Ok(match tcp.how {
            Dial::Open => broken("open-outside").with("endpoint", &tcp.endpoint).into(),
            Dial::Refused | Dial::Timeout | Dial::Reset | Dial::HostUnreachable => holds(),
            Dial::NoRoute | Dial::Forbidden | Dial::NoSuchName | Dial::ResolverFailed | Dial::Other(_) => {
                return Err(Unseen::Undecided(format!(
                    "{} could not be dialled from here ({})",
                    tcp.endpoint,
                    tcp.how.label()
                )));
            }
        });
    }
    let addresses = seat.addresses();
    let port = match service {
        Service::Redis => addresses.redis_port.value,
        Service::Postgres => addresses.postgres_port.value,
    };
    let wide: Vec<&Listener> = seat
        .listeners()?
        .on(port)
        .filter(|listener| !listener.address.ip().is_loopback() && listener.address.ip() != addresses.server.value)
        .collect();
    if wide.is_empty() {
        return Ok(holds());
    }
    // A port that Docker publishes never meets ufw's rules.
    let published = wide.iter().any(|listener| listener.program.as_deref() == Some("docker-proxy"));
    let knock = Knock {
        interface: firewall::ANY_INTERFACE,
        from: firewall::STRANGER,
        to: firewall::STRANGER,
        protocol: Protocol::Tcp,
        port,
    };
    let ufw = seat.ufw()?;
    if ufw.enabled && !published && !ufw.admits(&knock) {
        return Ok(holds());
    }
    let wide = wide.iter().map(|listener| listener.address.ip().to_string()).collect::<Vec<_>>().join(", ");
    let finding = match ufw.first_match(&knock).filter(|rule| ufw.enabled && rule.action.admits()) {
        Some(rule) => broken("let-in").with("number", rule.number).at(&ufw.path, rule.line),
        None => broken("listens-widely"),
    };
    Ok(finding.with("wide", wide).with("port", port).into())
}
