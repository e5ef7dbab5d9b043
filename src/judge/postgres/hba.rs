//! Whom `pg_hba.conf` lets in: as written, and as the running server has it.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr};

use ipnet::IpNet;

use crate::case::Seat;
use crate::check::cause::{PostgresHbaAdmitsWorker, PostgresHbaParses};
use crate::check::{Finding, Judged, broken, holds, not_applicable};
use crate::fact::environment::{EnvUrl, Environment};
use crate::fact::postgres::hba::first::{First, Guest};
use crate::fact::postgres::hba::{HbaFrom, HbaLine, HbaRule, HbaSaid, PgHba};
use crate::fact::postgres::state::PgState;
use crate::fact::postgres::{PgOutcome, PgSaid};
use crate::fact::{Unseen, Vantage};
use crate::profile::Origin;

/// Methods that a worker with a user and a password in its URL cannot meet.
const NOT_BY_PASSWORD: [&str; 3] = ["ident", "gss", "cert"];

/// PostgreSQL can read every line. If not, it keeps the rules that it has, and does not start with these.
pub(crate) fn postgres_hba_parses(seat: &Seat<'_>) -> Judged<PostgresHbaParses> {
    let hba = rules(seat)?;
    let running = seat.pg_state().ok();
    let Some((line, why)) = hba.bad().next() else { return Ok(holds()) };
    if running.is_some_and(|state| state.bad_hba_lines.is_empty()) {
        return Err(Unseen::Undecided(format!(
            "clipcheck could not read {}:{}, but PostgreSQL can",
            line.path, line.line
        )));
    }
    Ok(broken(PostgresHbaParses::BadLine).with("why", why).at(&line.path, line.line).into())
}

/// The first line that fits the worker lets it try its password.
pub(crate) fn postgres_hba_admits_worker(seat: &Seat<'_>) -> Judged<PostgresHbaAdmitsWorker> {
    let worker = Worker::of(seat)?;
    let hba = &rules(seat)?;
    let running = seat.pg_state().ok();
    let changed = running.is_some_and(|state| hba.changed_at > state.loaded_at);
    let heard = |vantage| seat.at(vantage).and_then(|seat| seat.postgres());
    let met = |outcome: &&PgOutcome| !matches!(outcome.said, PgSaid::Unreached(_));
    let far: Vec<&PgOutcome> =
        [Vantage::Client, Vantage::Container].into_iter().filter_map(|at| heard(at).ok()).filter(met).collect();
    let verdict = match worker.meets(hba, running, worker.address) {
        Ok(verdict) => verdict,
        // Whom a name lets in is for PostgreSQL's resolver to say: what it told the worker is its answer.
        Err(why) => match worker.named(hba, running).filter(|_| !changed) {
            Some(_) if far.iter().copied().any(is_let_in) => return Ok(holds()),
            Some((line, name)) if far.iter().any(|outcome| outcome.said == PgSaid::NoHbaEntry) => {
                let finding =
                    broken(PostgresHbaAdmitsWorker::Name).with("name", name).marks(name).at(&line.path, line.line);
                return Ok(worker.words(finding, &hba.path).into());
            }
            Some(_) | None => return Err(why),
        },
    };
    // The web app's own log-in tells the same wherever the file means the same for it.
    let own = seat.postgres().ok().filter(|outcome| {
        worker.meets(hba, running, own_address(seat, outcome)).is_ok_and(|own| own.is_none() == verdict.is_none())
    });
    let certificate = |outcome: &PgOutcome| outcome.said == PgSaid::WantsCertificate;
    if far.iter().copied().any(certificate) || (far.is_empty() && own.is_some_and(certificate)) {
        return Ok(not_applicable("its line asks for a client certificate besides; postgres-answers reports it"));
    }
    let refused = far.iter().copied().any(is_refused) || (far.is_empty() && own.is_some_and(is_refused));
    let let_in = far.iter().copied().any(is_let_in) || (far.is_empty() && own.is_some_and(is_let_in));
    if hba.container.is_some() && verdict.is_some() && !changed {
        // Docker decides with which address a packet comes into the container.
        if far.iter().copied().any(is_let_in) {
            return Ok(holds());
        }
        let told = |outcome: &PgOutcome| outcome.said == PgSaid::NoHbaEntry;
        if far.iter().copied().any(told) || seat.postgres().is_ok_and(told) {
            return Ok(not_applicable(
                "PostgreSQL itself says which address it does not let in; postgres-answers reports it",
            ));
        }
        if !refused {
            return Err(Unseen::Undecided(
                "with which address the worker comes into PostgreSQL's container is not known; run clipcheck on the client"
                    .to_owned(),
            ));
        }
    }
    let finding = match verdict {
        Some(finding) if changed && let_in && !refused => {
            let until_reload = broken(PostgresHbaAdmitsWorker::UntilReload);
            match &finding.place {
                Some(place) => until_reload.at(&place.file, place.line),
                None => until_reload,
            }
        }
        Some(finding) => finding,
        None if !changed || let_in => return Ok(holds()),
        None if refused => broken(PostgresHbaAdmitsWorker::NotReloaded),
        None => {
            return Err(Unseen::Undecided(format!(
                "{} was changed after PostgreSQL last loaded it; the rules of the running server could not be seen",
                hba.path
            )));
        }
    };
    Ok(worker.words(finding, &hba.path).into())
}

/// From where the web app's log-in comes.
fn own_address(seat: &Seat<'_>, outcome: &PgOutcome) -> IpAddr {
    let local = outcome.endpoint.host.parse::<IpAddr>().map_or(true, |ip| ip.is_loopback());
    outcome.seen_as.unwrap_or(if local { Ipv4Addr::LOCALHOST.into() } else { seat.addresses().server.value })
}

fn is_refused(outcome: &PgOutcome) -> bool {
    matches!(outcome.said, PgSaid::NoHbaEntry | PgSaid::HbaRejects | PgSaid::OtherMethod)
}

/// Past `pg_hba.conf`, whatever came then.
fn is_let_in(outcome: &PgOutcome) -> bool {
    matches!(outcome.said, PgSaid::One | PgSaid::WrongPassword | PgSaid::NoSuchDatabase | PgSaid::NotPermitted)
}

/// pg_hba.conf as the running server reads it, where it could be asked; else as we do.
fn rules<'a>(seat: &Seat<'a>) -> Result<Cow<'a, PgHba>, Unseen> {
    let hba = seat.pg_hba()?;
    let otherwise = seat.pg_state().ok().filter(|state| !state.hba_otherwise.is_empty());
    Ok(otherwise.map_or(Cow::Borrowed(hba), |state| Cow::Owned(state.reads(hba))))
}

/// How the role of the worker proves who it is, as `pg_hba.conf` has it; none where that is open.
pub(super) fn method(seat: &Seat<'_>) -> Option<String> {
    let worker = Worker::of(seat).ok()?;
    let hba = rules(seat).ok()?;
    let running = seat.pg_state().ok();
    worker.attempts(running).into_iter().find_map(|ssl| match hba.first(&worker.guest(running, worker.address, ssl)) {
        First::Line(_, rule) if rule.method != "reject" => Some(rule.method.clone()),
        First::Line(..) | First::None | First::Open(_) | First::Bad(_) => None,
    })
}

/// Whether a line lets somebody in by a host's name.
pub(super) fn has_names(seat: &Seat<'_>) -> bool {
    let by_name = |line: &HbaLine| matches!(&line.said, HbaSaid::Rule(HbaRule { from: Some(HbaFrom::Name(_)), method, .. }) if method != "reject");
    rules(seat).is_ok_and(|hba| hba.lines.iter().any(by_name))
}

/// The one who is to be let in.
struct Worker<'a> {
    address: IpAddr,
    url: &'a EnvUrl,
    role: &'a str,
    database: &'a str,
    own: Option<Vec<IpNet>>,
}

impl<'a> Worker<'a> {
    /// By its own URL where its snapshot is at hand, else by the web app's, which names the same role and database.
    fn of(seat: &Seat<'a>) -> Result<Self, Unseen> {
        let addresses = seat.addresses();
        if addresses.client.origin == Origin::Assumed {
            return Err(Unseen::Undecided(
                "the client's address in the tunnel is not known; set it with `--client`".to_owned(),
            ));
        }
        let not_known =
            || Unseen::NotKnown("no DATABASE_URL with a role, its password and a database could be read".to_owned());
        let far = seat.at(Vantage::Client).and_then(|client| client.env());
        let near = seat.env();
        let named =
            |env: &'a Environment| env.database().into_url().filter(|url| url.is_postgres() && url.role.is_some());
        let (worker, web) = (far.ok().and_then(named), near.ok().and_then(named));
        let of_worker = worker.is_some();
        let url = worker.or(web).ok_or_else(not_known)?;
        // Who comes from the server itself may be a role of the web app's own.
        if url.is_local() && !of_worker {
            return Err(Unseen::Undecided(
                "the web app's DATABASE_URL stays on the server, and whether the worker has its role was not seen; `--with` the client's \
                 snapshot tells"
                    .to_owned(),
            ));
        }
        let role = url.role.as_deref().ok_or_else(not_known)?;
        // Without a name, server and libpq agree on the user's.
        let database = url.database.as_deref().unwrap_or(role);
        let own = seat.links().ok().map(|links| links.links.iter().flat_map(|link| link.addresses.clone()).collect());
        Ok(Self { address: addresses.client.value, url, role, database, own })
    }

    fn guest<'b>(&'b self, running: Option<&'b PgState>, from: IpAddr, ssl: bool) -> Guest<'b> {
        let groups = running
            .and_then(|state| state.role.as_ref())
            .filter(|role| role.name == self.role)
            .map(|role| role.found.as_ref().map_or(&[][..], |found| &found.groups));
        Guest { from, role: self.role, database: self.database, ssl, groups, own: self.own.as_deref() }
    }

    /// libpq's order of attempts, encrypted or not, as far as the server has encryption.
    fn attempts(&self, running: Option<&PgState>) -> Vec<bool> {
        let wanted: &[bool] = match self.url.sslmode.as_deref() {
            Some("disable") => &[false],
            Some("require" | "verify-ca" | "verify-full") => &[true],
            Some("allow") => &[false, true],
            Some(_) | None => &[true, false],
        };
        let off = running.is_some_and(|state| !state.ssl);
        wanted.iter().copied().filter(|ssl| !(off && *ssl)).collect()
    }

    /// The line that would let the worker in by a name, where that is the first one that may fit.
    fn named<'b>(&self, hba: &'b PgHba, running: Option<&PgState>) -> Option<(&'b HbaLine, &'b str)> {
        self.attempts(running).into_iter().find_map(|ssl| {
            let First::Open(line) = hba.first(&self.guest(running, self.address, ssl)) else { return None };
            let HbaSaid::Rule(HbaRule { from: Some(HbaFrom::Name(name)), .. }) = &line.said else { return None };
            Some((line, name.as_str()))
        })
    }

    /// What keeps somebody at this address out; none if he is let in.
    fn meets(
        &self,
        hba: &PgHba,
        running: Option<&PgState>,
        from: IpAddr,
    ) -> Result<Option<Finding<PostgresHbaAdmitsWorker>>, Unseen> {
        let mut found = None;
        let attempts = self.attempts(running);
        for ssl in &attempts {
            let finding = match hba.first(&self.guest(running, from, *ssl)) {
                First::Line(line, rule) => match obstacle(line, rule) {
                    None => return Ok(None),
                    Some(finding) => finding,
                },
                First::None => broken(PostgresHbaAdmitsWorker::NoLine),
                First::Open(line) => {
                    return Err(Unseen::Undecided(format!(
                        "whether {}:{} matches the worker depends on names or groups that are not known",
                        line.path, line.line
                    )));
                }
                First::Bad(line) => {
                    return Err(Unseen::Undecided(format!(
                        "PostgreSQL cannot read {}:{} and does not use the file",
                        line.path, line.line
                    )));
                }
            };
            found.get_or_insert(finding);
        }
        let Some(finding) = found else {
            return Err(Unseen::Undecided("the URL requires SSL, but PostgreSQL has it disabled".to_owned()));
        };
        if finding.cause == PostgresHbaAdmitsWorker::NoLine
            && let Some(other) = [true, false].into_iter().find(|ssl| !attempts.contains(ssl))
            && let First::Line(line, rule) = hba.first(&self.guest(running, from, other))
            && obstacle(line, rule).is_none()
        {
            let (word, only) = if other {
                ("hostssl", "SSL connections, which are not used here")
            } else {
                ("hostnossl", "connections without SSL, but the URL requires SSL")
            };
            return Ok(Some(
                broken(PostgresHbaAdmitsWorker::ConnectionType)
                    .with("type", word)
                    .with("only", only)
                    .marks(word)
                    .at(&line.path, line.line),
            ));
        }
        Ok(Some(finding))
    }

    fn words(&self, finding: Finding<PostgresHbaAdmitsWorker>, hba: &str) -> Finding<PostgresHbaAdmitsWorker> {
        finding.with("role", self.role).with("database", self.database).with("hba", hba)
    }
}

fn obstacle(line: &HbaLine, rule: &HbaRule) -> Option<Finding<PostgresHbaAdmitsWorker>> {
    if rule.method == "reject" {
        return Some(broken(PostgresHbaAdmitsWorker::Rejects).marks(&rule.method).at(&line.path, line.line));
    }
    NOT_BY_PASSWORD.contains(&rule.method.as_str()).then(|| {
        broken(PostgresHbaAdmitsWorker::WrongMethod)
            .with("method", &rule.method)
            .marks(&rule.method)
            .at(&line.path, line.line)
    })
}
