//! What the running program says of itself counts before what its file says, and before when that was changed.

#![allow(clippy::unwrap_used, reason = "a test")]

use clipcheck::case::Case;
use clipcheck::catalog::built_in;
use clipcheck::check::{Judged, Verdict, holds};
use clipcheck::fact::postgres::hba::{HbaLine, HbaSaid};
use clipcheck::fact::{Fact, FactKey, Observation, UnitTarget, Unseen, Vantage};
use clipcheck::judge::judge;
use clipcheck::plan::select;
use clipcheck::snapshot::Snapshot;

mod recorded;

fn server(state: &str) -> Snapshot {
    recorded::read(state).expect("a recording").remove(&Vantage::Server).expect("a server")
}

fn seen<'a>(snapshot: &'a mut Snapshot, key: &FactKey) -> &'a mut Fact {
    match &mut snapshot.facts.get_mut(key).expect("looked at").observation {
        Observation::Seen(fact) => fact,
        Observation::Unseen(why) => panic!("{key}: {why}"),
    }
}

fn said(snapshot: Snapshot, check: &str) -> Judged {
    let checks = built_in().expect("the files in checks/ are sound");
    let case = Case::new(vec![snapshot]).expect("a case");
    judge(&case, &select(checks, &[check.to_owned()]).expect("a check")).pop().expect("judged at the server").judged
}

fn cause(judged: &Judged) -> Option<&'static str> {
    match judged {
        Ok(Verdict::Broken(finding)) => Some(finding.cause),
        Ok(Verdict::Holds | Verdict::NotApplicable(_)) | Err(_) => None,
    }
}

/// A recording whose server reads the lines of pg_hba.conf that these pick as said.
fn read_otherwise(state: &str, picks: fn(&HbaLine) -> bool, said: &HbaSaid) -> Snapshot {
    let mut snapshot = server(state);
    let Fact::PgHba(hba) = seen(&mut snapshot, &FactKey::PgHba).clone() else { panic!("no pg_hba.conf") };
    let Fact::PgState(running) = seen(&mut snapshot, &FactKey::PgState) else { panic!("no answer") };
    let lines = hba.lines.into_iter().filter(picks);
    running.hba_otherwise = lines.map(|line| HbaLine { said: said.clone(), ..line }).collect();
    assert!(!running.hba_otherwise.is_empty());
    let bad = matches!(said, HbaSaid::Bad(_));
    running.bad_hba_lines = running.hba_otherwise.iter().filter(|_| bad).map(|line| line.line).collect();
    snapshot
}

#[test]
fn postgresql_knows_which_lines_of_pg_hba_conf_it_can_read() {
    let workers = |line: &HbaLine| matches!(&line.said, HbaSaid::Rule(rule) if rule.roles[0].text == "clippy_front");
    let bad = HbaSaid::Bad("PostgreSQL cannot read it".to_owned());
    assert_eq!(said(server("healthy"), "postgres-hba-parses"), Ok(holds()));
    assert_eq!(cause(&said(read_otherwise("healthy", workers, &bad), "postgres-hba-parses")), Some("bad-line"));
    let admits = said(read_otherwise("healthy", workers, &bad), "postgres-hba-admits-worker");
    assert!(matches!(admits, Err(Unseen::Undecided(_))), "{admits:?}");
    // A newer server reads what we do not.
    let Fact::PgHba(hba) = seen(&mut server("healthy"), &FactKey::PgHba).clone() else { panic!("no pg_hba.conf") };
    let rule = hba.lines.into_iter().find(workers).expect("the worker's line").said;
    let unknown = |line: &HbaLine| matches!(line.said, HbaSaid::Bad(_));
    assert_eq!(said(read_otherwise("postgres-hba-typo", unknown, &rule), "postgres-hba-parses"), Ok(holds()));
}

#[test]
fn postgresql_knows_what_it_was_started_with() {
    let listens = |in_force: Option<&str>, changed_since: bool| {
        let mut snapshot = server("postgres-too-early");
        let Fact::Unit(unit) = seen(&mut snapshot, &FactKey::Unit(UnitTarget::Postgres)) else { panic!("no unit") };
        let since = unit.since.expect("it runs");
        let Fact::PgConf(conf) = seen(&mut snapshot, &FactKey::PgConf) else { panic!("no postgresql.conf") };
        conf.changed_at = if changed_since { since + 1 } else { since - 1 };
        let Fact::PgState(running) = seen(&mut snapshot, &FactKey::PgState) else { panic!("no answer") };
        running.listen_addresses = in_force.map(str::to_owned);
        cause(&said(snapshot, "postgres-listens"))
    };
    for changed_since in [false, true] {
        assert_eq!(listens(Some("localhost, 10.8.0.1"), changed_since), Some("bound-too-early"));
        assert_eq!(listens(Some("localhost"), changed_since), Some("not-restarted"));
    }
    assert_eq!((listens(None, false), listens(None, true)), (Some("bound-too-early"), Some("not-restarted")));
}

#[test]
fn redis_knows_what_it_was_started_with() {
    let listens = |in_force: Option<&str>| {
        let mut snapshot = server("redis-went-without");
        let Fact::Unit(unit) = seen(&mut snapshot, &FactKey::Unit(UnitTarget::Redis)) else { panic!("no unit") };
        let since = unit.since.expect("it runs");
        let Fact::RedisConf(conf) = seen(&mut snapshot, &FactKey::RedisConf) else { panic!("no redis.conf") };
        // Something else of the file was changed.
        conf.changed_at = since + 1;
        let Fact::RedisState(running) = seen(&mut snapshot, &FactKey::RedisState) else { panic!("no answer") };
        running.bind = in_force.map(str::to_owned);
        cause(&said(snapshot, "redis-listens"))
    };
    assert_eq!(listens(Some("127.0.0.1 -10.8.0.1")), Some("went-without"));
    assert_eq!(listens(Some("127.0.0.1")), Some("not-restarted"));
    assert_eq!(listens(None), Some("not-restarted"));
}
