//! Our reading of `pg_hba.conf` against PostgreSQL's own: every line of generated files against `pg_hba_file_rules`,
//! and our first match against real log-ins from several addresses.
//!
//! `cargo test --test differential_hba -- --ignored --nocapture` prints how many agreed, and every disagreement.
//! `CLIPCHECK_SEED` takes other files than usual, `CLIPCHECK_CASES` more of them.
#![allow(clippy::string_slice, reason = "cuts what it made or keeps itself")]
#![expect(unreachable_pub, reason = "the test is one program in several files")]
#![allow(clippy::disallowed_methods, clippy::print_stdout, reason = "raises a PostgreSQL and tells what it compared")]

use std::net::IpAddr;

use clipcheck::fact::postgres::hba::first::{First, Guest};
use clipcheck::fact::postgres::hba::{HbaFrom, HbaLine, HbaName, HbaRule, HbaSaid, PgHba};
use clipcheck::read::pg_hba::{line, token};
use ipnet::IpNet;

mod differential_hba {
    pub(super) mod cluster;
    pub(super) mod login;
    pub(super) mod made;
}

use differential_hba::cluster::{Cluster, Row};
use differential_hba::login::{Outcome, log_in};
use differential_hba::made::Maker;

/// The clients: all of them are this machine.
const CLIENTS: [&str; 6] = ["127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.1.2", "127.8.0.2", "::1"];

/// Which groups a role is in, as `cluster::ROLES` makes them.
fn groups(role: &str) -> Vec<String> {
    match role {
        "u1" => vec!["g1".to_owned(), "g2".to_owned()],
        "u2" => vec!["g2".to_owned()],
        _ => Vec::new(),
    }
}

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(otherwise)
}

/// What the files of `@name` hold, as `cluster` writes them.
fn named(name: &str) -> Result<Vec<HbaName>, String> {
    let text = differential_hba::cluster::FILES
        .iter()
        .find(|(file, _)| *file == name)
        .map(|(_, text)| text)
        .ok_or_else(|| "no such file".to_owned())?;
    let lines = token::lines(text, &mut named);
    Ok(lines.into_iter().flat_map(|line| line.fields).flatten().collect())
}

fn ours(text: &str) -> PgHba {
    let said = |it: token::Line| match it.error {
        Some(why) => HbaSaid::Bad(why),
        None => line::read(&it.fields).map_or_else(HbaSaid::Bad, HbaSaid::Rule),
    };
    let line = |it: token::Line| HbaLine { path: "pg_hba.conf".to_owned(), line: it.number, said: said(it) };
    PgHba {
        path: "pg_hba.conf".to_owned(),
        container: None,
        changed_at: 0,
        lines: token::lines(text, &mut named).into_iter().map(line).collect(),
    }
}

/// A rule as `pg_hba_file_rules` shows it.
fn shown(line: u32, rule: &HbaRule) -> Row {
    let names = |names: &[HbaName]| names.iter().map(|name| name.text.clone()).collect();
    let (address, mask) = match &rule.from {
        None => (None, None),
        Some(HbaFrom::All) => (Some("all".to_owned()), None),
        Some(HbaFrom::SameHost) => (Some("samehost".to_owned()), None),
        Some(HbaFrom::SameNet) => (Some("samenet".to_owned()), None),
        Some(HbaFrom::Name(name)) => (Some(name.clone()), None),
        Some(HbaFrom::Net { address, mask }) => (Some(address.to_string()), Some(mask.to_string())),
    };
    Row {
        line_number: line,
        r#type: Some(rule.kind.word().to_owned()),
        database: Some(names(&rule.databases)),
        user_name: Some(names(&rule.roles)),
        address,
        netmask: mask,
        auth_method: Some(rule.method.clone()),
        bad: false,
        silent: false,
    }
}

/// Compares line by line; returns how many agree.
fn compare(text: &str, hba: &PgHba, rows: &[Row], disagreements: &mut Vec<String>) -> usize {
    let mut agreed = 0;
    for index in 0..hba.lines.len().max(rows.len()) {
        let mine = hba.lines.get(index).map(|it| match &it.said {
            HbaSaid::Rule(rule) => shown(it.line, rule),
            HbaSaid::Bad(_) => Row::bad(it.line),
        });
        let theirs = rows.get(index).map(Row::plain);
        if mine == theirs {
            agreed += 1;
        } else {
            let number = rows.get(index).map_or(0, |row| row.line_number);
            let line = at(text, number);
            disagreements.push(format!("line {line:?}: ours {mine:?}, PostgreSQL's {theirs:?}"));
        }
    }
    agreed
}

/// What a client must meet, if the first match is right.
fn expected(first: &First<'_>) -> Option<Outcome> {
    Some(match first {
        First::None => Outcome::NoLine,
        First::Line(_, rule) => match rule.method.as_str() {
            "trust" => Outcome::LetIn,
            "reject" => Outcome::Rejected,
            "password" => Outcome::AsksPassword,
            "md5" => Outcome::AsksMd5,
            "scram-sha-256" => Outcome::AsksScram,
            _ => return None,
        },
        First::Open(_) | First::Bad(_) => return None,
    })
}

#[test]
#[ignore = "needs an installed PostgreSQL, and root or the user postgres; takes minutes"]
fn our_pg_hba_conf_is_postgresqls() {
    let Some(cluster) = Cluster::start() else {
        println!("skipped: no PostgreSQL can be started here");
        return;
    };
    let own = networks(&Cluster::addresses());
    let (files, seed) = (number("CLIPCHECK_CASES", 400), number("CLIPCHECK_SEED", 1));
    let mut maker = Maker::new(seed);
    let mut disagreements = Vec::new();
    let mut silent = Vec::new();
    let (mut lines, mut lines_agree, mut bad, mut logins, mut logins_agree, mut open, mut places) =
        (0, 0, 0, 0, 0, 0, 0);
    for _ in 0..files {
        let text = maker.file();
        let rows = cluster.rows(&text);
        let hba = ours(&text);
        lines += rows.len();
        bad += rows.iter().filter(|row| row.bad).count();
        silent.extend(rows.iter().filter(|row| row.silent).map(|row| at(&text, row.line_number)));
        lines_agree += compare(&text, &hba, &rows, &mut disagreements);

        // What PostgreSQL cannot read it does not load: log-ins are tried with the good lines only.
        let good = without_bad(&text, &rows);
        let hba = ours(&good);
        let loaded = cluster.load(&good);
        if !loaded {
            disagreements.push(format!("PostgreSQL did not load what it had called good:\n{good}"));
            continue;
        }
        for _ in 0..8 {
            let (from, role, database, ssl) = (
                maker.one(&CLIENTS),
                maker.one(&["u1", "u2", "all"]),
                maker.one(&["d1", "u1", "g1", "all"]),
                maker.chance(2),
            );
            let address: IpAddr = from.parse().expect("an address");
            let groups = groups(role);
            let guest = Guest { from: address, role, database, ssl, groups: Some(&groups), own: Some(&own) };
            let first = hba.first(&guest);
            let Some(wanted) = expected(&first) else {
                open += 1;
                continue;
            };
            logins += 1;
            let met = log_in(cluster.port, address, role, database, ssl);
            let who = format!("{role}@{database} from {from}, ssl {ssl}");
            match met {
                Ok((outcome, line)) if outcome == wanted => {
                    logins_agree += 1;
                    if let (Some(there), First::Line(here, _)) = (line.then(|| cluster.last_line()).flatten(), &first) {
                        places += 1;
                        if there != here.line {
                            disagreements.push(format!("{who}: ours line {}, PostgreSQL's {there}\n{good}", here.line));
                        }
                    }
                }
                other => disagreements.push(format!("{who}: ours {first:?}, met {other:?}\n{good}")),
            }
        }
    }
    println!(
        "pg_hba.conf: {files} files (seed {seed}); {lines_agree} of {lines} lines agree, {bad} of them not readable; \
         {logins_agree} of {logins} log-ins agree, {places} of them to the line; {open} not decided by us"
    );
    println!("{} lines PostgreSQL refuses without giving a reason in pg_hba_file_rules", silent.len());
    if let Some(line) = silent.first() {
        println!("    such as {line}");
    }
    for disagreement in &disagreements {
        println!("DISAGREE {disagreement}");
    }
    assert!(disagreements.is_empty(), "{} disagreements", disagreements.len());
    let many = |count: Result<u64, _>, least: u64| count.is_ok_and(|count: u64| count > least);
    let enough = many(u64::try_from(lines), files * 3) && many(u64::try_from(bad), files / 4);
    assert!(enough && u64::try_from(logins).is_ok_and(|logins| logins > files * 3), "too little was compared");
}

/// Blanks the lines that PostgreSQL cannot read, with their continuations.
fn without_bad(text: &str, rows: &[Row]) -> String {
    let mut out = String::new();
    let mut dropping = false;
    let mut continued = false;
    for (number, line) in (1..).zip(text.lines()) {
        if !continued {
            dropping = rows.iter().any(|row| row.bad && row.line_number == number);
        }
        continued = line.ends_with('\\');
        out.push_str(if dropping { "" } else { line });
        out.push('\n');
    }
    out
}

/// A line with what may continue it.
fn at(text: &str, number: u32) -> String {
    let lines: Vec<&str> = text.lines().skip(number.saturating_sub(1) as usize).take(4).collect();
    format!("{lines:?}")
}

/// Networks of this machine, as `samehost` and `samenet` mean them.
fn networks(text: &str) -> Vec<IpNet> {
    text.split_whitespace().filter_map(|word| word.parse().ok()).collect()
}
