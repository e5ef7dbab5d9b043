//! What the checks make of reality: of every recording, alone and with the others of its state, and of every recording
//! of Windows. A check reads what it says it reads, every cause is reached, every sentence is whole, and nothing holds
//! or shows a secret.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::{LazyLock, Mutex};

use clipcheck::check::{Check, Verdict};
use clipcheck::fact::{FactKey, Vantage};
use clipcheck::profile::Profile;
use clipcheck::read::windows::Recording;
use clipcheck::report::{Answer as Shown, common_words};
use clipcheck::snapshot::Snapshot;

use super::fault::Set;
use super::judged::{self, Seen, Snapshots, Verdicts, checks, diagnosis, verdicts};
use super::steady::seen_again;
use super::store::not_as_written;
use crate::recorded::{FOLDERS, root, states};
use crate::sentences::sentences;

/// Causes that no recording reaches, each with the reason.
const NOT_RECORDED: &[(&str, &str)] = &[
    ("tunnel-ping/no-peer", "only the kernel's WireGuard says ENOKEY; the lab's runs in userspace"),
    ("tunnel-ping/no-endpoint", "only the kernel's WireGuard says EDESTADDRREQ; the lab's runs in userspace"),
];

/// Looks that no recording brings a judge to, each with the reason.
const NOT_READ: &[(&str, &str)] = &[
    ("postgres-answers@container: `env` of the client", "read for the server, whose own log-in is refused"),
    ("env-heeded@server: `env` of the client", "the web app's variables stand in a file of the server's own"),
    (
        "tunnel-subnet-free@server: `links`",
        "read only where another network of the server has the client's very address",
    ),
];

/// Which seat of which check reads what, and whether from its own snapshot (`looks`) or another's (`with`).
type Look = (String, Vantage, Vantage, FactKey);

/// What was found while judging.
#[derive(Default)]
struct Found {
    read: BTreeSet<Look>,
    reached: BTreeSet<String>,
    given: BTreeMap<String, BTreeSet<String>>,
    without_words: BTreeSet<String>,
    not_whole: BTreeSet<String>,
    secrets: BTreeSet<String>,
}

static FOUND: LazyLock<Mutex<Found>> = LazyLock::new(Mutex::default);

/// Takes down what the rules ask of a case that was just judged.
pub fn look(&Seen { state, answers, report, checks, .. }: &Seen<'_>) {
    let mut new = Found::default();
    for answer in answers {
        let keys = answer.read.iter().cloned();
        new.read.extend(keys.map(|(at, key)| (answer.check.0.clone(), answer.vantage, at, key)));
        let Ok(Verdict::Broken(finding)) = &answer.judged else { continue };
        let code = format!("{}/{}", answer.check, finding.cause);
        if !checks.iter().any(|check| check.id == answer.check && check.causes.contains_key(finding.cause)) {
            new.without_words.insert(format!("{code} ({state}) has no words"));
        }
        new.given.entry(code.clone()).or_default().extend(finding.words.keys().map(ToString::to_string));
        new.reached.insert(code);
    }
    let shows = |text: &str| secret_of(text).map(|what| format!("{state}: {what}: {text}"));
    for outcome in &report.outcomes {
        new.secrets.extend(outcome.evidence.iter().flat_map(|it| [it.line, it.source]).filter_map(shows));
        if let Shown::Unseen(why) = &outcome.answer {
            new.secrets.extend(shows(why));
        }
        let Some(diagnosis) = diagnosis(outcome) else { continue };
        let fix = &diagnosis.fix;
        for text in [&diagnosis.says, &fix.say, &fix.know].into_iter().chain(&fix.run).chain(&diagnosis.tell) {
            new.secrets.extend(shows(text));
            if text.trim().is_empty() {
                new.not_whole.insert(format!("{state}: {} has an empty sentence", diagnosis.code));
            } else if blanks(text).next().is_some() {
                new.not_whole.insert(format!("{state}: {} is not filled in: {text}", diagnosis.code));
            }
        }
    }
    if let Ok(mut found) = FOUND.lock() {
        found.read.append(&mut new.read);
        found.reached.append(&mut new.reached);
        for (code, words) in new.given {
            found.given.entry(code).or_default().extend(words);
        }
        found.without_words.append(&mut new.without_words);
        found.not_whole.append(&mut new.not_whole);
        found.secrets.append(&mut new.secrets);
    }
}

/// The `{words}` of a sentence.
fn blanks(sentence: &str) -> impl Iterator<Item = &str> {
    sentence.match_indices('{').filter_map(|(at, _)| {
        let (name, _) = sentence[at + 1..].split_once('}')?;
        (!name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c == '_')).then_some(name)
    })
}

/// The words of `[cause.X.contained]`.
const CONTAINED: [&str; 2] = ["service_container", "superuser"];

/// Also in the sentences that no recording shows: those for another system, or for the other end.
fn unknown_words(found: &Found, checks: &[Check]) -> Result<Vec<String>, String> {
    let healthy = crate::recorded::read("healthy")?;
    let healthy = healthy.get(&Vantage::Server).ok_or("no healthy server is recorded")?;
    let common: BTreeSet<&str> = common_words(healthy, &healthy.addresses, None).into_keys().collect();
    let mut wrong = Vec::new();
    for check in checks {
        for (cause, key, sentence) in sentences(check) {
            let Some(given) = found.given.get(&format!("{}/{cause}", check.id)) else { continue };
            // What is said of a container has its name besides, which the report gives.
            let of_container = |word: &str| key.starts_with("contained.") && CONTAINED.contains(&word);
            let known = |word: &str| common.contains(word) || given.contains(word) || of_container(word);
            let unknown = blanks(sentence).filter(|word| !known(word));
            wrong.extend(unknown.map(|word| format!("{}/{cause} {key}: nobody gives `{{{word}}}`", check.id)));
        }
    }
    Ok(wrong)
}

/// A rule: its name, and what is wrong.
pub type Rule = (&'static str, fn(&Set) -> Result<Vec<String>, String>);

pub const RULES: [Rule; 11] = [
    ("a-check-reads-what-it-says-it-reads", |set| all(set, not_as_declared)),
    ("every-cause-is-reached-by-a-recording", |set| all(set, not_reached)),
    ("every-sentence-is-whole", |set| all(set, |found, _| found.not_whole.iter().cloned().collect())),
    ("every-word-in-a-sentence-is-given", |set| all_of(set, unknown_words)),
    ("no-report-shows-a-secret", |set| all(set, |found, _| found.secrets.iter().cloned().collect())),
    ("no-recording-holds-a-secret", |_| hold_secrets()),
    ("what-looks-like-a-secret-is-found", |_| Ok(looks_like_a_secret())),
    ("the-healthy-recording-reaches-no-cause", |_| healthy_causes()),
    ("every-recording-is-of-a-state", of_no_state),
    ("recordings-stand-as-they-are-written", |_| not_as_written()),
    ("an-unchanged-state-is-the-same-recording", |_| seen_again()),
];

/// What a rule finds wrong, once everything is judged.
fn all(set: &Set, rule: impl Fn(&Found, &[Check]) -> Vec<String>) -> Result<Vec<String>, String> {
    all_of(set, |found, checks| Ok(rule(found, checks)))
}

fn all_of(set: &Set, rule: impl Fn(&Found, &[Check]) -> Result<Vec<String>, String>) -> Result<Vec<String>, String> {
    judged::all(set)?;
    windows()?;
    let found = FOUND.lock().map_err(|_| "a judge panicked".to_owned())?;
    rule(&found, checks()?)
}

/// What Windows shows is written by hand after its documents (fixtures/windows/README.md), and read like the rest.
fn windows() -> Result<(), String> {
    let folder = root().join("fixtures/windows");
    let entries = std::fs::read_dir(&folder).map_err(|error| format!("{}: {}", folder.display(), error.kind()))?;
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        if path.extension().is_some_and(|extension| extension == "json") {
            let name = path.display().to_string();
            let text = std::fs::read_to_string(&path).map_err(|error| format!("{name}: {}", error.kind()))?;
            let snapshot = Snapshot::of_windows(&Recording::parse(&text, &name)?, &Profile::default());
            Verdicts::of(&name, &Snapshots::from([(snapshot.vantage, snapshot)]), &[], checks()?)?;
        }
    }
    Ok(())
}

fn not_as_declared(found: &Found, checks: &[Check]) -> Vec<String> {
    let mut declared: BTreeSet<Look> = BTreeSet::new();
    for check in checks {
        for (&seat, keys) in &check.looks {
            declared.extend(keys.iter().map(|key| (check.id.0.clone(), seat, seat, key.clone())));
            for (&other, keys) in check.with.iter().filter(|(other, _)| **other != seat) {
                declared.extend(keys.iter().map(|key| (check.id.0.clone(), seat, other, key.clone())));
            }
        }
    }
    let show = |(check, seat, at, key): &Look| {
        if seat == at { format!("{check}@{seat}: `{key}`") } else { format!("{check}@{seat}: `{key}` of the {at}") }
    };
    let undeclared = found.read.difference(&declared).map(|look| format!("{} is read and not declared", show(look)));
    let unread = declared
        .difference(&found.read)
        .map(show)
        .filter(|look| !NOT_READ.iter().any(|(name, _)| name == look))
        .map(|look| format!("{look} is declared and no recording brings the judge to read it"));
    undeclared.chain(unread).collect()
}

fn not_reached(found: &Found, checks: &[Check]) -> Vec<String> {
    let all = checks.iter().flat_map(|check| check.causes.keys().map(move |cause| format!("{}/{cause}", check.id)));
    let excepted = |code: &String| NOT_RECORDED.iter().any(|(name, _)| name == code);
    let missing = all
        .filter(|code| !found.reached.contains(code) && !excepted(code))
        .map(|code| format!("{code} is reached by no recording and no made-up fault"));
    let stale = NOT_RECORDED
        .iter()
        .filter(|(code, _)| found.reached.contains(*code))
        .map(|(code, _)| format!("{code} is recorded now: take it out of NOT_RECORDED"));
    missing.chain(found.without_words.iter().cloned()).chain(stale).collect()
}

fn healthy_causes() -> Result<Vec<String>, String> {
    // Notes are no faults: one is true of every deployment by the guide.
    let fine = |code: &String| code.ends_with(" wg-port-narrow/from-anywhere");
    let verdicts = verdicts("healthy", &[])?;
    let every = verdicts.vantages().map(|vantage| verdicts.alone(vantage)).chain([verdicts.together()]);
    let codes = every.flat_map(|said| [&said.roots, &said.warns, &said.notes, &said.explained].into_iter().flatten());
    Ok(codes.filter(|code| !fine(code)).cloned().collect())
}

fn of_no_state(set: &Set) -> Result<Vec<String>, String> {
    let (known, mut wrong) = (set.states(), Vec::new());
    for (state, folder) in states()?.into_iter().filter(|(_, folder)| *folder == FOLDERS[0]) {
        if !known.contains_key(&state) {
            wrong.push(format!("{folder}: nothing makes `{state}`"));
        }
    }
    // What is recorded need not be made up any longer.
    let recorded = states()?;
    let stale = set.faults.iter().filter(|fault| fault.is_made_up() && recorded.contains_key(&fault.id));
    wrong.extend(stale.map(|fault| format!("{} is recorded now: take made-up out of its table", fault.id)));
    Ok(wrong)
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
        // A command that reads it where it is typed (`sed -n 's/^requirepass //p'`), or draws one there, has no value in it.
        (
            lower.contains("requirepass ")
                && !text.contains('`')
                && !lower.contains("requirepass //")
                && !lower.contains("requirepass %s"),
            "requirepass with a value",
        ),
        (["password=", "passwd=", "pwd="].iter().any(|it| lower.contains(it)), "a password"),
        (lower.contains("private key-----") || lower.contains("privatekey ="), "a private key"),
        (hex_run, "32 hexadecimal digits, the form of the lab's passwords"),
    ]
    .into_iter()
    .find_map(|(found, what)| found.then_some(what))
}

/// The same. Most lines stand under many checks of many reports, and are looked at once.
fn secret_of(text: &str) -> Option<&'static str> {
    thread_local! { static CLEAN: RefCell<HashSet<String>> = RefCell::default(); }
    CLEAN.with_borrow_mut(|clean| {
        if clean.contains(text) {
            return None;
        }
        let found = secret(text);
        if found.is_none() {
            clean.insert(text.to_owned());
        }
        found
    })
}

fn walk(value: &serde_json::Value, field: &str, found: &mut Vec<String>) {
    match value {
        serde_json::Value::Object(fields) => {
            for (name, value) in fields {
                walk(&serde_json::Value::String(name.clone()), "a name", found);
                // What differs from the healthy lab has the way to its place for a name.
                let field = name.rsplit('/').find(|part| part.parse::<usize>().is_err()).unwrap_or(name);
                walk(value, field, found);
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

fn hold_secrets() -> Result<Vec<String>, String> {
    let mut wrong = Vec::new();
    for folder in FOLDERS {
        let entries = std::fs::read_dir(root().join(folder)).map_err(|error| format!("{folder}: {}", error.kind()))?;
        for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
            let name = path.display().to_string();
            let text = std::fs::read_to_string(&path).map_err(|error| format!("{name}: {}", error.kind()))?;
            let value = serde_json::from_str(&text).map_err(|error| format!("{name}: {error}"))?;
            let mut found = Vec::new();
            walk(&value, "", &mut found);
            wrong.extend(found.into_iter().map(|it| format!("{name}: {it}")));
        }
    }
    Ok(wrong)
}

fn looks_like_a_secret() -> Vec<String> {
    let secrets = [
        "redis://:hunter2@10.8.0.1:6379/0",
        "requirepass hunter2",
        "postgresql://u:p@h/d?password=x",
        "0123456789abcdef0123456789abcdef",
    ];
    let others =
        ["redis://10.8.0.1:6379/0", "postgresql://10.8.0.1:5432/clippy_front", "`redis://:PASSWORD@10.8.0.1/0`"];
    let mut wrong: Vec<String> =
        secrets.iter().filter(|it| secret(it).is_none()).map(|it| format!("not found: {it}")).collect();
    wrong.extend(others.iter().filter(|it| secret(it).is_some()).map(|it| format!("no secret: {it}")));
    if !is_key("xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=") {
        wrong.push("a key is not found".to_owned());
    }
    wrong
}
