//! Check files, the guide's steps and the tables of the two READMEs say the same. (That judges and files name the same
//! causes, and that every file is in the catalogue, the compiler sees to: `checks/build.rs`.)

use std::collections::{BTreeMap, BTreeSet};

use clipcheck::blame::{Attribution, blame};
use clipcheck::catalog::built_in;
use clipcheck::check::{Category, Check, CheckId, Fix, Rule, broken};
use clipcheck::fact::{FactKey, Vantage};
use clipcheck::judge::Answer;
use clipcheck::report::{Words, common_words, translated_for_container};

use super::source::code;
use crate::recorded;
use crate::sentences::sentences;
use crate::{differences, files_named, none, read, root};

fn checks() -> Vec<Check> {
    built_in().expect("the files in checks/ are sound")
}

#[test]
fn plain_checks_know_only_words_that_their_look_can_bring() {
    let mut wrong = Vec::new();
    for check in checks() {
        let Rule::Expect(expected) = &check.rule else { continue };
        for key in check.looks.values().flatten() {
            let words = key.words();
            let unknown = expected.iter().chain(check.causes.keys()).filter(|word| !words.contains(&word.as_str()));
            wrong.extend(unknown.map(|word| format!("{}: `{key}` never brings `{word}`", check.id)));
        }
        let both = expected.iter().filter(|word| check.causes.contains_key(*word));
        wrong.extend(both.map(|word| format!("{}: `{word}` both holds and is a cause", check.id)));
    }
    none("plain checks", wrong);
}

#[test]
fn every_check_is_worded() {
    let mut wrong = Vec::new();
    for check in checks() {
        let id = &check.id;
        if check.title.trim().is_empty() || check.title.ends_with('.') {
            wrong.push(format!("{id}: a title says what holds, without a full stop: {:?}", check.title));
        }
        if check.causes.is_empty() {
            wrong.push(format!("{id}: has no cause"));
        }
        let empty = sentences(&check).into_iter().filter(|(_, _, text)| text.trim().is_empty());
        wrong.extend(empty.map(|(cause, key, _)| format!("{id}/{cause} {key}")));
        let blank =
            check.causes.iter().filter(|(_, cause)| cause.why.as_ref().is_some_and(|why| why.trim().is_empty()));
        wrong.extend(blank.map(|(name, _)| format!("{id}/{name} why")));
        for (name, cause) in &check.causes {
            if cause.says.trim_end().ends_with('.') {
                wrong.push(format!("{id}/{name}: `says` stands in a table, without a full stop"));
            }
            let whole = [&cause.fix.say, &cause.fix.know]
                .into_iter()
                .all(|text| text.trim_end().ends_with(['.', ')', '?', ':']));
            if !whole {
                wrong.push(format!("{id}/{name}: `fix.say` and `fix.know` are whole sentences"));
            }
        }
        let vantages = check.essential.iter().filter(|vantage| !check.looks.contains_key(vantage));
        wrong.extend(vantages.map(|vantage| format!("{id}: essential at {vantage}, where it is not judged")));
    }
    none("words", wrong);
}

#[test]
fn what_a_check_needs_is_there_and_goes_round_in_no_circle() {
    let checks = checks();
    let judged: BTreeSet<(CheckId, Vantage)> =
        checks.iter().flat_map(|check| check.looks.keys().map(|vantage| (check.id.clone(), *vantage))).collect();
    let mut wrong = Vec::new();
    let mut needs: BTreeMap<(CheckId, Vantage), Vec<(CheckId, Vantage)>> = BTreeMap::new();
    for check in &checks {
        for need in check.all_needs() {
            if !checks.iter().any(|other| other.id == need.check) {
                wrong.push(format!("{} needs {}, and there is no such check", check.id, need.check));
            } else if need.at.is_some_and(|at| !judged.contains(&(need.check.clone(), at))) {
                wrong.push(format!("{} needs {} where it is never judged", check.id, need.check));
            }
        }
        // As `blame` reads them: at the vantage that is named, else here, else wherever it is judged.
        for &here in check.looks.keys() {
            let at = |need: &clipcheck::check::Need| match need.at {
                Some(at) => vec![at],
                None if judged.contains(&(need.check.clone(), here)) => vec![here],
                None => Vantage::ALL.to_vec(),
            };
            let seat = (check.id.clone(), here);
            let causes = check.causes.values().flat_map(|cause| cause.needs.iter());
            // Of its causes' needs its own other seats may be above and below: each of them is another cause.
            let causes = causes.filter(|need| need.check != check.id);
            let above = check.needed_at(here).chain(causes);
            let found = above.flat_map(|need| at(need).into_iter().map(|at| (need.check.clone(), at)));
            needs.insert(seat.clone(), found.filter(|it| *it != seat && judged.contains(it)).collect());
        }
    }
    let mut placed = BTreeSet::new();
    loop {
        let ready = |above: &Vec<(CheckId, Vantage)>| above.iter().all(|it| placed.contains(it));
        let next: Vec<_> = needs
            .iter()
            .filter(|(seat, above)| !placed.contains(*seat) && ready(above))
            .map(|(seat, _)| seat.clone())
            .collect();
        if next.is_empty() {
            break;
        }
        placed.extend(next);
    }
    let circle = needs.keys().filter(|seat| !placed.contains(*seat));
    wrong.extend(circle.map(|(check, vantage)| format!("{check}@{vantage} needs itself, in a circle")));
    none("needs", wrong);
}

#[test]
fn every_named_prerequisite_is_used() {
    let page = read("checks/prerequisites.toml");
    let names: toml::Table = page.parse().expect("checks/prerequisites.toml is TOML");
    let uses: String = files_named("checks", ".toml").iter().map(read).collect();
    none("stands in no `needs`", names.keys().filter(|name| !uses.contains(&format!("\"@{name}\""))));
}

/// A broken deployment has a root, whatever is broken: one check at all its seats, or everything.
#[test]
fn what_is_broken_has_a_root() {
    let checks = checks();
    let broken_at = |check: &Check, vantage: Vantage| Answer {
        check: check.id.clone(),
        vantage,
        judged: Ok(broken("some-cause").into()),
        read: Vec::new(),
    };
    let seats = |check: &Check| check.looks.keys().map(|at| broken_at(check, *at)).collect::<Vec<_>>();
    let mut cases: Vec<(String, Vec<Answer>)> =
        checks.iter().map(|check| (format!("{} everywhere", check.id), seats(check))).collect();
    cases.push(("every check".to_owned(), checks.iter().flat_map(seats).collect()));
    let mut wrong = Vec::new();
    for (name, answers) in cases {
        let blamed = blame(&checks, answers);
        if !blamed.iter().any(|it| matches!(it.attribution, Attribution::Root { .. })) {
            wrong.push(format!("{name} is broken, and nothing is the root"));
        }
        for it in blamed {
            if it.attribution == Attribution::Explained(Vec::new()) {
                wrong.push(format!("{name}: {} ({}) is explained by nothing", it.answer.check, it.answer.vantage));
            }
        }
    }
    none("roots", wrong);
}

#[test]
fn every_step_of_the_guide_has_a_check_or_a_reason() {
    let steps: toml::Table = read("fixtures/guide-steps.toml").parse().expect("fixtures/guide-steps.toml is TOML");
    let checks = checks();
    let mut wrong = Vec::new();
    for check in checks.iter().filter(|check| check.guide != "beyond" && !steps.contains_key(&check.guide)) {
        wrong.push(format!("{}: the guide has no step `{}`", check.id, check.guide));
    }
    for (id, step) in &steps {
        let text = |key: &str| step.get(key).and_then(toml::Value::as_str).unwrap_or_default();
        let covered = checks.iter().any(|check| check.guide == *id);
        if text("says").is_empty() {
            wrong.push(format!("{id}: `says` is missing"));
        }
        match (covered, text("reason").is_empty()) {
            (false, true) => wrong.push(format!("{id}: no check stands for it, and no `reason` says why")),
            (true, false) => wrong.push(format!("{id}: has a check; its `reason` is out of date")),
            (true, true) | (false, false) => {}
        }
    }
    none("the guide's steps", wrong);
}

/// The rows of a table of a page, between two comments.
fn between<'a>(page: &'a str, name: &str) -> Option<(usize, &'a str)> {
    let open = format!("<!-- {name} -->\n");
    let start = page.find(&open)? + open.len();
    let length = page[start..].find(&format!("<!-- /{name} -->"))?;
    Some((start, &page[start..start + length]))
}

#[test]
fn the_readme_lists_the_checks() {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_clipcheck"))
        .args(["list", "--format", "markdown"])
        .output()
        .expect("clipcheck runs");
    let wanted = String::from_utf8(output.stdout).expect("UTF-8");
    generated("docs/checks.md", "checks", &wanted);
}

/// What stands between two comments of a page is this; with `UPDATE=1` it is written there.
fn generated(path: &str, name: &str, wanted: &str) {
    let page = read(path);
    let (start, found) = between(&page, name).unwrap_or_else(|| panic!("{path} has <!-- {name} --> and its end"));
    if found == wanted {
        return;
    }
    assert!(
        std::env::var_os("UPDATE").is_some(),
        "{path}: the part `{name}` is out of date: UPDATE=1 cargo test --test house"
    );
    let page = format!("{}{wanted}{}", &page[..start], &page[start + found.len()..]);
    std::fs::write(root().join(path), page).unwrap_or_else(|error| panic!("{path}: {error}"));
}

#[test]
fn the_page_on_checks_lists_the_looks() {
    let ticked = |words: &[&str]| words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(" ");
    let rows = FactKey::table().into_iter().map(|(forms, says, words)| {
        let forms: Vec<&str> = forms.iter().map(String::as_str).collect();
        for form in &forms {
            assert_eq!(form.parse::<FactKey>().map(|key| key.to_string()).as_deref(), Ok(*form));
        }
        format!("| {} | {says} | {} |\n", ticked(&forms), ticked(words))
    });
    let head = "| look | what it is | words |\n| --- | --- | --- |\n".to_owned();
    generated("checks/README.md", "looks", &std::iter::once(head).chain(rows).collect::<String>());
}

/// The keys of a check file, as the message on a wrong one lists them.
fn keys_of_a_file() -> Vec<String> {
    let error = Check::parse("x", Category::Custom, "nonsense = 1", "x.toml", None, &[]).expect_err("no such key");
    let error = error.iter().map(|it| it.says.as_str()).find(|error| error.contains("nonsense")).expect("it is named");
    let keys: Vec<String> =
        error.split('`').skip(1).step_by(2).filter(|key| *key != "nonsense").map(str::to_owned).collect();
    assert!(keys.contains(&"looks".to_owned()), "the keys are not in the message: {error}");
    keys
}

/// checks/README.md is what a writer of a check has in hand.
#[test]
fn the_page_on_checks_lists_the_words_and_the_keys() {
    let page = read("checks/README.md");
    let ticked = |cell: &str| -> Vec<String> { cell.split('`').skip(1).step_by(2).map(str::to_owned).collect() };
    let mut wrong = Vec::new();
    let (_, words) = between(&page, "words").expect("checks/README.md has <!-- words --> and <!-- /words -->");
    let listed: BTreeSet<String> =
        ticked(words).into_iter().map(|word| word.trim_matches(['{', '}']).to_owned()).collect();
    // Any snapshot will do.
    let healthy = recorded::read(recorded::HEALTHY).unwrap_or_else(|error| panic!("{error}"));
    let common: BTreeSet<String> = common_words(&healthy[&Vantage::Server], &healthy[&Vantage::Server].addresses, None)
        .into_keys()
        .map(str::to_owned)
        .collect();
    wrong.extend(differences(&listed, "a word only in checks/README.md", &common, "a word only in the report"));
    let row = |key: &str| ['`', '.'].iter().any(|end| page.contains(&format!("\n| `{key}{end}")));
    let unknown = keys_of_a_file().into_iter().filter(|key| !row(key));
    wrong.extend(unknown.map(|key| format!("the key `{key}` is not explained")));
    none("checks/README.md", wrong);
}

/// A few causes have a place in the report that their check has not. One that is renamed would lose it unseen.
#[test]
fn every_code_in_the_source_is_a_cause() {
    let checks = checks();
    let mut wrong = Vec::new();
    for file in files_named("src", ".rs") {
        for literal in code(&read(&file)).split('"') {
            let Some((id, cause)) = literal.split_once('/') else { continue };
            let check = checks.iter().find(|check| check.id.0 == id);
            if check.is_some_and(|check| !check.causes.contains_key(cause)) {
                wrong.push(format!("{file}: there is no `{literal}`"));
            }
        }
    }
    none("codes", wrong);
}

#[test]
fn what_may_be_exists() {
    let checks = checks();
    let mut wrong = Vec::new();
    for check in &checks {
        for (name, cause) in &check.causes {
            for (here, alternative) in
                cause.alternatives.iter().flat_map(|(here, all)| all.iter().map(move |it| (here, it)))
            {
                let place = format!("{}/{name} alternatives.{here}", check.id);
                if !check.looks.contains_key(here) {
                    wrong.push(format!("{place}: it is not judged there"));
                }
                let there = checks.iter().find(|it| it.id == alternative.check).is_some_and(|it| {
                    let cause = alternative.cause.as_ref().is_none_or(|cause| it.causes.contains_key(cause));
                    it.looks.contains_key(&alternative.on) && cause
                });
                if !there {
                    wrong.push(format!("{place}: there is no `{alternative}`"));
                }
            }
        }
    }
    none("alternatives", wrong);
}

/// The fixes of Redis' and PostgreSQL's causes that are made on the server.
fn fixes_of_services() -> Vec<(String, Category, Fix)> {
    let of = |check: &Check| matches!(check.category, Category::Redis | Category::Postgres);
    let mut found = Vec::new();
    for check in checks().iter().filter(|check| of(check)) {
        let on_server = check.causes.iter().filter(|(_, cause)| cause.fix.on == Some(Vantage::Server));
        found
            .extend(on_server.map(|(name, cause)| (format!("{}/{name}", check.id), check.category, cause.fix.clone())));
    }
    found
}

#[test]
fn nothing_of_the_servers_own_service_is_typed_for_one_in_a_container() {
    let of_host = ["systemctl", "/etc/redis", "/etc/postgresql", "sudo -u postgres", "/var/lib/", "journalctl -u"];
    let words = Words::from([("outside_file", "/srv/redis/redis.conf".to_owned())]);
    let (mut kept, mut wrong) = (0, Vec::new());
    for (code, category, fix) in fixes_of_services() {
        // What is in Docker's terms already may order Docker itself.
        if fix.run.iter().any(|line| line.contains("docker")) {
            continue;
        }
        let fix = translated_for_container(fix, category, &words);
        kept += usize::from(!fix.run.is_empty());
        let texts = fix.run.iter().chain([&fix.know]);
        let named = texts.filter(|text| of_host.iter().any(|word| text.contains(word)));
        wrong.extend(named.map(|text| format!("{code}: {text}")));
    }
    none("of the host's own service", wrong);
    assert!(kept > 50, "{kept} fixes have a command in Docker's terms");
}

#[test]
fn every_piece_that_is_put_into_dockers_terms_stands_in_a_fix() {
    let table: toml::Table = read("checks/contained.toml").parse().expect("TOML");
    let pieces = table["instead"].as_array().expect("a list").iter().filter_map(|it| it["of"].as_str());
    let texts: Vec<String> =
        fixes_of_services().into_iter().flat_map(|(_, _, fix)| [fix.run, vec![fix.say, fix.know]].concat()).collect();
    none("nobody says", pieces.filter(|piece| !texts.iter().any(|text| text.contains(piece))).map(str::to_owned));
}
