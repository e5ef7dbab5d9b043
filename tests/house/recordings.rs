//! What the checks make of reality: every snapshot in `fixtures/recorded/`, alone and with the others of its folder,
//! and every recording of Windows.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use clipcheck::blame::blame;
use clipcheck::case::Case;
use clipcheck::catalog::built_in;
use clipcheck::check::{Check, Verdict};
use clipcheck::fact::windows::Recording;
use clipcheck::fact::{FactKey, Vantage};
use clipcheck::judge::{Answer, judge};
use clipcheck::profile::Profile;
use clipcheck::report::{Answer as Shown, Report, Trouble, common_words, report};
use clipcheck::snapshot::Snapshot;

use super::checks::sentences;
use crate::{files_named, none, read};

/// Causes that no recording reaches, each with the reason.
const NOT_RECORDED: &[(&str, &str)] = &[
    ("tunnel-ping/no-peer", "only the kernel's WireGuard says ENOKEY; the lab's runs in userspace"),
    ("tunnel-ping/no-endpoint", "only the kernel's WireGuard says EDESTADDRREQ; the lab's runs in userspace"),
];

/// Looks that no recording brings a judge to, each with the reason.
const NOT_READ: &[(&str, &str)] = &[
    ("env-heeded@server: `env` of the client", "the web app's variables stand in a file of the server's own"),
    (
        "tunnel-subnet-free@server: `links`",
        "read only where another network of the server has the client's very address",
    ),
];

struct Judged {
    name: String,
    answers: Vec<Answer>,
    report: Report,
}

fn checks() -> Vec<Check> {
    built_in().expect("the files in checks/ are sound")
}

fn recordings() -> Vec<String> {
    let found = files_named("fixtures/recorded", ".json");
    assert!(!found.is_empty(), "no recordings in fixtures/recorded/: nothing was tested");
    found
}

/// Judged once for all tests.
static JUDGED: LazyLock<Vec<Judged>> = LazyLock::new(|| judge_all(&checks()));

fn judged() -> &'static [Judged] {
    &JUDGED
}

/// Each recording alone, and all of a folder together.
fn judge_all(checks: &[Check]) -> Vec<Judged> {
    let mut folders: BTreeMap<String, Vec<Snapshot>> = BTreeMap::new();
    let mut cases: Vec<(String, Vec<Snapshot>)> = Vec::new();
    for path in recordings() {
        let snapshot = Snapshot::parse(&read(&path), &path).unwrap_or_else(|error| panic!("{error}"));
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        folders.entry(folder.to_owned()).or_default().push(snapshot.clone());
        cases.push((path, vec![snapshot]));
    }
    // What Windows shows is written by hand after its documents (fixtures/windows/README.md), and read like the rest.
    for path in files_named("fixtures/windows", ".json") {
        let recording = Recording::parse(&read(&path), &path).unwrap_or_else(|error| panic!("{error}"));
        cases.push((path, vec![Snapshot::of_windows(&recording, &Profile::default())]));
    }
    cases.extend(folders.into_iter().filter(|(_, snapshots)| snapshots.len() > 1));
    cases
        .into_iter()
        .map(|(name, snapshots)| {
            let case = Case::new(snapshots).unwrap_or_else(|error| panic!("{name}: {error}"));
            let answers = judge(&case, checks);
            let report = report(&case, checks, &blame(checks, answers.clone()));
            Judged { name, answers, report }
        })
        .collect()
}

fn troubles(report: &Report) -> impl Iterator<Item = &Trouble> {
    report.outcomes.iter().filter_map(|outcome| match &outcome.answer {
        Shown::Root { trouble, .. }
        | Shown::Warns(trouble)
        | Shown::Notes(trouble)
        | Shown::Explained { trouble, .. } => Some(trouble),
        Shown::Holds | Shown::Despite(_) | Shown::Unseen(_) | Shown::NotApplicable(_) => None,
    })
}

/// Which seat of which check reads what, and whether from its own snapshot (`looks`) or another's (`with`).
type Look = (String, Vantage, Vantage, FactKey);

#[test]
fn a_check_reads_what_it_says_it_reads() {
    let checks = checks();
    let mut declared: BTreeSet<Look> = BTreeSet::new();
    for check in &checks {
        for (&seat, keys) in &check.looks {
            declared.extend(keys.iter().map(|key| (check.id.0.clone(), seat, seat, key.clone())));
            for (&other, keys) in check.with.iter().filter(|(other, _)| **other != seat) {
                declared.extend(keys.iter().map(|key| (check.id.0.clone(), seat, other, key.clone())));
            }
        }
    }
    let mut read: BTreeSet<Look> = BTreeSet::new();
    for answer in judged().iter().flat_map(|it| &it.answers) {
        let keys = answer.read.iter().cloned();
        read.extend(keys.map(|(at, key)| (answer.check.0.clone(), answer.vantage, at, key)));
    }
    let show = |(check, seat, at, key): &Look| {
        if seat == at { format!("{check}@{seat}: `{key}`") } else { format!("{check}@{seat}: `{key}` of the {at}") }
    };
    let undeclared = read.difference(&declared).map(|look| format!("{} is read and not declared", show(look)));
    let unread = declared
        .difference(&read)
        .map(show)
        .filter(|look| !NOT_READ.iter().any(|(name, _)| name == look))
        .map(|look| format!("{look} is declared and no recording brings the judge to read it"));
    none("looks and with", undeclared.chain(unread));
}

#[test]
fn every_cause_is_reached_by_a_recording() {
    let checks = checks();
    let mut reached: BTreeSet<String> = BTreeSet::new();
    let mut unexpected = BTreeSet::new();
    for judged in judged() {
        for answer in &judged.answers {
            let Ok(Verdict::Broken(finding)) = &answer.judged else { continue };
            let code = format!("{}/{}", answer.check, finding.cause);
            let known = checks.iter().any(|check| check.id == answer.check && check.causes.contains_key(finding.cause));
            if !known {
                unexpected.insert(format!("{code} ({}) has no words", judged.name));
            }
            reached.insert(code);
        }
    }
    let all = checks.iter().flat_map(|check| check.causes.keys().map(move |cause| format!("{}/{cause}", check.id)));
    let excepted = |code: &String| NOT_RECORDED.iter().any(|(name, _)| name == code);
    let missing = all
        .filter(|code| !reached.contains(code) && !excepted(code))
        .map(|code| format!("{code} is reached by no recording"));
    let stale = NOT_RECORDED
        .iter()
        .filter(|(code, _)| reached.contains(*code))
        .map(|(code, _)| format!("{code} is recorded now: take it out of NOT_RECORDED"));
    none("causes", missing.chain(unexpected).chain(stale));
    for (code, why) in NOT_RECORDED {
        eprintln!("not recorded: {code}: {why}");
    }
}

#[test]
fn the_healthy_recording_reaches_no_cause() {
    let healthy: Vec<&Judged> = judged()
        .iter()
        .filter(|it| it.name.starts_with("fixtures/recorded/healthy/") || it.name == "fixtures/recorded/healthy")
        .collect();
    assert!(healthy.len() > 1, "no recordings in fixtures/recorded/healthy/");
    // Notes are no troubles: one is true of every deployment by the guide.
    let troubled = |it: &&Trouble| it.code != "wg-port-narrow/from-anywhere";
    let found = healthy.iter().flat_map(|it| {
        troubles(&it.report)
            .filter(troubled)
            .map(move |trouble| format!("{}: {}: {}", it.name, trouble.code, trouble.says))
    });
    none("the healthy deployment", found);
}

/// The `{words}` of a sentence.
fn blanks(sentence: &str) -> impl Iterator<Item = &str> {
    sentence.match_indices('{').filter_map(|(at, _)| {
        let (name, _) = sentence[at + 1..].split_once('}')?;
        (!name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c == '_')).then_some(name)
    })
}

#[test]
fn every_sentence_is_whole() {
    let mut wrong = BTreeSet::new();
    for judged in judged() {
        for trouble in troubles(&judged.report) {
            let fix = &trouble.fix;
            for text in [&trouble.says, &fix.say, &fix.know].into_iter().chain(&fix.run).chain(&trouble.tell) {
                if text.trim().is_empty() {
                    wrong.insert(format!("{}: {} has an empty sentence", judged.name, trouble.code));
                } else if blanks(text).next().is_some() {
                    wrong.insert(format!("{}: {} is not filled in: {text}", judged.name, trouble.code));
                }
            }
        }
    }
    none("sentences", wrong);
}

/// Also in the sentences that no recording shows: those for another system, or for the other end.
#[test]
fn every_word_in_a_sentence_is_given() {
    let healthy = "fixtures/recorded/healthy/server.json";
    let healthy = Snapshot::parse(&read(healthy), healthy).unwrap_or_else(|error| panic!("{error}"));
    let common: BTreeSet<&str> = common_words(&healthy).into_keys().collect();
    let mut given: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for answer in judged().iter().flat_map(|it| &it.answers) {
        let Ok(Verdict::Broken(finding)) = &answer.judged else { continue };
        given.entry(format!("{}/{}", answer.check, finding.cause)).or_default().extend(finding.words.keys());
    }
    let mut wrong = Vec::new();
    for check in checks() {
        for (cause, key, sentence) in sentences(&check) {
            let Some(given) = given.get(&format!("{}/{cause}", check.id)) else { continue };
            let unknown = blanks(sentence).filter(|word| !common.contains(word) && !given.contains(word));
            wrong.extend(unknown.map(|word| format!("{}/{cause} {key}: nobody gives `{{{word}}}`", check.id)));
        }
    }
    none("sentences", wrong);
}

/// A WireGuard key in base64: 32 bytes, so 43 characters and one `=`.
fn is_key(text: &str) -> bool {
    let base64 = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/');
    text.len() == 44 && text.ends_with('=') && text[..43].chars().all(base64)
}

/// What no snapshot may hold, whatever the field.
fn secret(text: &str) -> Option<&'static str> {
    let lower = text.to_lowercase();
    let hex_run = text.split(|c: char| !c.is_ascii_hexdigit()).any(|run| run.len() == 32);
    let in_url = text.match_indices("://").any(|(at, _)| {
        let authority = text[at + 3..].split(['/', '?', '#', ' ']).next().unwrap_or_default();
        let user = authority.rsplit_once('@').map_or("", |(user, _)| user);
        let password = user.split_once(':').map_or("", |(_, password)| password);
        // The sentences of checks/ show the form: redis://:PASSWORD@…
        !password.is_empty() && !matches!(password, "PASSWORD" | "password" | "***")
    });
    [
        (in_url, "a password in a URL"),
        // A command that reads it where it is typed (`sed -n 's/^requirepass //p'`) has no value in it.
        (
            lower.contains("requirepass ") && !text.contains('`') && !lower.contains("requirepass //"),
            "requirepass with a value",
        ),
        (["password=", "passwd=", "pwd="].iter().any(|it| lower.contains(it)), "a password"),
        (lower.contains("private key-----") || lower.contains("privatekey ="), "a private key"),
        (hex_run, "32 hexadecimal digits, the form of the lab's passwords"),
    ]
    .into_iter()
    .find_map(|(found, what)| found.then_some(what))
}

fn walk(value: &serde_json::Value, field: &str, found: &mut Vec<String>) {
    match value {
        serde_json::Value::Object(fields) => {
            for (name, value) in fields {
                walk(&serde_json::Value::String(name.clone()), "a name", found);
                walk(value, name, found);
            }
        }
        serde_json::Value::Array(items) => items.iter().for_each(|item| walk(item, field, found)),
        serde_json::Value::String(text) => {
            let public = ["public_key", "derived_public", "nudged"].contains(&field);
            if !public && text.split([' ', ',', '"', '\'']).any(is_key) {
                found.push(format!("`{field}` holds what may be a private key: {text}"));
            }
            found.extend(secret(text).map(|what| format!("`{field}` holds {what}: {text}")));
        }
        serde_json::Value::Null | serde_json::Value::Bool(_) | serde_json::Value::Number(_) => {}
    }
}

#[test]
fn no_recording_holds_a_secret() {
    let mut wrong = Vec::new();
    for path in recordings() {
        let value: serde_json::Value = serde_json::from_str(&read(&path)).expect("a snapshot is JSON");
        let mut found = Vec::new();
        walk(&value, "", &mut found);
        wrong.extend(found.into_iter().map(|it| format!("{path}: {it}")));
    }
    none("secrets", wrong);
}

#[test]
fn no_report_shows_a_secret() {
    let mut wrong = BTreeSet::new();
    for judged in judged() {
        let mut texts: Vec<String> = Vec::new();
        for outcome in &judged.report.outcomes {
            texts.extend(outcome.evidence.iter().map(|it| format!("{} {}", it.line, it.source)));
            if let Shown::Unseen(why) = &outcome.answer {
                texts.push(why.clone());
            }
        }
        for trouble in troubles(&judged.report) {
            texts.extend([&trouble.says, &trouble.fix.say, &trouble.fix.know].into_iter().cloned());
            texts.extend(trouble.fix.run.iter().cloned());
        }
        let found = texts.iter().filter_map(|text| secret(text).map(|what| (text, what)));
        wrong.extend(found.map(|(text, what)| format!("{}: {what}: {text}", judged.name)));
    }
    none("secrets", wrong);
}

#[test]
fn what_looks_like_a_secret_is_found() {
    for text in [
        "redis://:hunter2@10.8.0.1:6379/0",
        "requirepass hunter2",
        "postgresql://u:p@h/d?password=x",
        "0123456789abcdef0123456789abcdef",
    ] {
        assert!(secret(text).is_some(), "{text}");
    }
    for text in ["redis://10.8.0.1:6379/0", "postgresql://10.8.0.1:5432/clippy_front", "`redis://:PASSWORD@10.8.0.1/0`"]
    {
        assert!(secret(text).is_none(), "{text}");
    }
    assert!(is_key("xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg="));
}
