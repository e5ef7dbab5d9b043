//! Check files, catalogue, judges, the guide's steps and the tables of the two READMEs say the same.

use std::collections::{BTreeMap, BTreeSet};

use clipcheck::blame::{Standing, blame};
use clipcheck::catalog::built_in;
use clipcheck::check::{Check, CheckId, Rule, broken};
use clipcheck::fact::Vantage;
use clipcheck::judge::Answer;

use super::source::{bracketed, code, functions, literals, places, reached};
use crate::{differences, files_named, none, read, root};

/// Causes that a judge's helper knows and that cannot come about where it is called.
const NOT_HERE: &[(&str, &str, &str)] =
    &[("env-redis", "dev-only", "there is no DEV_ variable for Redis: env_redis passes none to `unset`")];

fn checks() -> Vec<Check> {
    built_in().expect("the files in checks/ are sound")
}

/// What a judge can say, read from its source and from the helpers that it calls.
#[derive(Default)]
struct Said {
    causes: BTreeSet<String>,
    words: BTreeSet<String>,
}

/// The judge of each check that thinks: `tunnel::wg_handshake`, as the catalogue names it.
fn judges() -> BTreeMap<String, String> {
    let catalog = code(&read("src/catalog.rs"), true);
    catalog
        .lines()
        .filter_map(|line| line.trim().strip_prefix('"')?.strip_suffix(',')?.split_once("\" => "))
        .map(|(id, judge)| (id.to_owned(), judge.to_owned()))
        .collect()
}

fn said(judge: &str) -> Said {
    let (file, function) = judge.split_once("::").expect("module::function");
    let mut known = functions(&read("src/judge.rs"));
    known.retain(|name, _| !["judge", "plain"].contains(&name.as_str()));
    known.extend(functions(&read(format!("src/judge/{file}.rs"))));
    for part in files_named(&format!("src/judge/{file}"), ".rs") {
        known.extend(functions(&read(part)));
    }
    let mut said = Said::default();
    for name in reached(&known, function) {
        said.listen(&known[&name]);
    }
    said
}

impl Said {
    fn listen(&mut self, body: &str) {
        let blanked = code(body, false);
        for at in places(&blanked, "broken") {
            let at = byte_of(body, &blanked, at + "broken".len());
            if body[at..].starts_with('(') {
                self.causes.extend(literals(bracketed(body, at)));
            }
        }
        // `let cause = if … { "a" } else { "b" };`
        for at in places(&blanked, "cause") {
            let at = byte_of(body, &blanked, at);
            let statement = body[at..].split(';').next().unwrap_or_default();
            if let Some((_, value)) = statement.split_once('=').filter(|(name, _)| name.trim() == "cause") {
                self.causes.extend(literals(value).into_iter().filter(|it| !it.is_empty()));
            }
        }
        // What the conditions around a cause compare with is no cause.
        self.causes.retain(|cause| !matches!(cause.as_str(), "server" | "client"));
        for at in places(&blanked, "with") {
            let at = byte_of(body, &blanked, at + "with".len());
            if body[at..].starts_with('(') {
                self.words.extend(literals(bracketed(body, at)).into_iter().next());
            }
        }
        if blanked.contains(".at(") || blanked.contains(".at_column(") {
            self.words.extend(["place", "file", "line", "column"].map(str::to_owned));
        }
    }
}

/// Blanking keeps characters, not bytes.
fn byte_of(text: &str, blanked: &str, at: usize) -> usize {
    let count = blanked[..at].chars().count();
    text.char_indices().nth(count).map_or(text.len(), |(at, _)| at)
}

/// The words that every sentence may use.
fn common_words() -> BTreeSet<String> {
    let found: BTreeSet<String> = ["src/report.rs", "src/report/words.rs"]
        .iter()
        .filter(|path| root().join(path).exists())
        .filter_map(|path| functions(&read(path)).remove("common_words"))
        .flat_map(|body| {
            let starts: Vec<usize> = body.match_indices("(\"").map(|(at, _)| at).collect();
            starts.into_iter().filter_map(|at| literals(bracketed(&body, at)).into_iter().next()).collect::<Vec<_>>()
        })
        .filter(|word| !word.is_empty())
        .collect();
    assert!(found.contains("server") && found.contains("redis_port"), "common_words() was not understood: {found:?}");
    found
}

/// The words that each kind of look can bring: the string literals of every `label`.
fn labels() -> BTreeMap<&'static str, BTreeSet<String>> {
    let of = |file: &str, owner: &str| -> BTreeSet<String> {
        let text = code(&read(format!("src/fact/{file}.rs")), true);
        let head = format!("impl {owner} {{");
        let impls = text.match_indices(&head).map(|(at, it)| bracketed(&text, at + it.len() - 1));
        impls.filter_map(|body| functions(body).remove("label")).flat_map(|body| literals(&body)).collect()
    };
    // Facts with nothing to tell apart in a word have one that stands in `Fact::label` itself.
    let only = |word: &str| {
        assert!(
            functions(&read("src/fact.rs"))["label"].contains(&format!("=> \"{word}\"")),
            "Fact::label says {word}"
        );
        BTreeSet::from([word.to_owned()])
    };
    BTreeMap::from([
        ("api", of("api", "ApiSaid")),
        ("celery", only("seen")),
        ("delivery", of("delivery", "Delivery")),
        ("docker", &of("docker", "State") | &of("docker", "Docker")),
        ("env", only("seen")),
        ("file", of("service", "FileState")),
        ("links", only("seen")),
        ("listeners", only("seen")),
        ("names", of("dial", "NameLooks")),
        ("ping", of("dial", "Echo")),
        ("postgres", of("postgres", "PgSaid")),
        ("postgres-conf", only("there")),
        ("postgres-hba", only("there")),
        ("postgres-state", only("running")),
        ("redis-state", only("running")),
        ("redis", of("redis", "RedisSaid")),
        ("redis-conf", only("there")),
        ("route", of("network", "Route")),
        ("routes", only("seen")),
        ("tcp", of("dial", "Dial")),
        ("ufw", of("firewall", "Ufw")),
        ("unit", of("service", "UnitState")),
        ("workers", of("celery/process", "Workers")),
        ("wg", of("wireguard", "WgState")),
        ("wg-again", of("wireguard", "WgState")),
        ("wg-conf", only("there")),
        ("wg-keys", of("wireguard/keys", "WgKeys")),
    ])
}

fn labels_of(key: &str) -> BTreeSet<String> {
    let kind = key.split(' ').next().unwrap_or_default();
    labels().remove(kind).unwrap_or_else(|| panic!("no label function is known for `{key}`"))
}

fn sentences(check: &Check) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (name, cause) in &check.causes {
        let place = |part: &str| format!("{}/{name} {part}", check.id);
        found.push((place("says"), cause.says.clone()));
        found.push((place("fix.say"), cause.fix.say.clone()));
        found.push((place("fix.know"), cause.fix.know.clone()));
        found.extend(cause.fix.run.iter().map(|line| (place("fix.run"), line.clone())));
        found.extend(cause.tell.iter().map(|line| (place("tell"), line.clone())));
        let Some(windows) = &cause.windows else { continue };
        found.extend(windows.says.iter().map(|line| (place("windows.says"), line.clone())));
        found.push((place("windows.fix.say"), windows.fix.say.clone()));
        found.push((place("windows.fix.know"), windows.fix.know.clone()));
        found.extend(windows.fix.run.iter().map(|line| (place("windows.fix.run"), line.clone())));
    }
    found
}

/// The `{words}` of a sentence.
fn blanks(sentence: &str) -> Vec<String> {
    let word = |text: &str| {
        let end = text.find('}')?;
        let name = &text[..end];
        (!name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c == '_')).then(|| name.to_owned())
    };
    sentence.match_indices('{').filter_map(|(at, _)| word(&sentence[at + 1..])).collect()
}

#[test]
fn files_catalogue_and_folders_agree() {
    let files: BTreeSet<String> = files_named("checks", ".toml").into_iter().collect();
    let listed: BTreeSet<String> =
        checks().iter().map(|check| format!("checks/{}/{}.toml", check.category.word(), check.id)).collect();
    none(
        "checks/ and src/catalog.rs",
        differences(
            &files,
            "is in no line of src/catalog.rs",
            &listed,
            "is in src/catalog.rs and there is no such file",
        ),
    );
    let kebab = |id: &str| {
        let part = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
        id.split('-').all(part)
    };
    let names = checks().into_iter().flat_map(|check| {
        let causes: Vec<String> = check.causes.keys().cloned().collect();
        std::iter::once(check.id.0).chain(causes)
    });
    none("ids and causes are lower case with hyphens", names.filter(|name| !kebab(name)));
}

#[test]
fn a_check_that_thinks_has_its_function_in_the_file_of_its_category() {
    let judges = judges();
    let mut wrong = Vec::new();
    for check in checks() {
        let wanted = format!("{}::{}", check.category.word(), check.id.0.replace('-', "_"));
        match (&check.rule, judges.get(&check.id.0)) {
            (Rule::Judge(_), Some(judge)) if *judge != wanted => {
                wrong.push(format!("{}: its judge is {judge}, want {wanted}", check.id));
            }
            (Rule::Judge(_), None) => {
                wrong.push(format!("{}: its line in src/catalog.rs was not understood", check.id));
            }
            (Rule::Judge(_), Some(_)) | (Rule::Expect(_), _) => {}
        }
    }
    none("one word finds all: check, file, function", wrong);
}

#[test]
fn judges_and_files_name_the_same_causes() {
    let mut wrong = Vec::new();
    for check in checks() {
        let Some(judge) = judges().remove(&check.id.0) else { continue };
        let mut said = said(&judge).causes;
        said.retain(|cause| !NOT_HERE.iter().any(|(id, not, _)| *id == check.id.0 && not == cause));
        let written: BTreeSet<String> = check.causes.keys().cloned().collect();
        let id = &check.id;
        wrong.extend(
            differences(&said, "the judge says it, the file has no such cause", &written, "no judge ever says it")
                .into_iter()
                .map(|line| format!("{id}/{line}")),
        );
    }
    none("a cause is said by a judge and worded in a file", wrong);
}

#[test]
fn plain_checks_know_only_words_that_their_look_can_bring() {
    let mut wrong = Vec::new();
    for check in checks() {
        let Rule::Expect(expected) = &check.rule else { continue };
        for key in check.looks.values().flatten() {
            let labels = labels_of(&key.to_string());
            let unknown = expected.iter().chain(check.causes.keys()).filter(|word| !labels.contains(*word));
            wrong.extend(unknown.map(|word| format!("{}: `{key}` never brings `{word}`", check.id)));
        }
        let both = expected.iter().filter(|word| check.causes.contains_key(*word));
        wrong.extend(both.map(|word| format!("{}: `{word}` both holds and is a cause", check.id)));
    }
    none("plain checks", wrong);
}

#[test]
fn every_word_in_a_sentence_can_be_filled() {
    let common = common_words();
    let mut wrong = Vec::new();
    for check in checks() {
        let given = match judges().get(&check.id.0) {
            Some(judge) => said(judge).words,
            None => BTreeSet::from(["seen".to_owned()]),
        };
        for (place, sentence) in sentences(&check) {
            let unknown = blanks(&sentence).into_iter().filter(|word| !common.contains(word) && !given.contains(word));
            wrong.extend(unknown.map(|word| format!("{place}: nobody gives `{{{word}}}`")));
        }
    }
    none("sentences", wrong);
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
        wrong.extend(sentences(&check).into_iter().filter(|(_, text)| text.trim().is_empty()).map(|(place, _)| place));
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
        // As `blame` reads them: at the vantage that is named, else here, else wherever it is judged; of its own
        // other seats those that are named before this one.
        for &here in check.looks.keys() {
            let at = |need: &clipcheck::check::Need| match need.at {
                Some(at) => vec![at],
                None if judged.contains(&(need.check.clone(), here)) => vec![here],
                None => Vantage::ALL.to_vec(),
            };
            let seat = (check.id.clone(), here);
            let own = |need: &&clipcheck::check::Need| need.check == check.id;
            let this = check.needs_at(here).position(|need| own(&need) && need.at == Some(here));
            let causes = check.causes.values().flat_map(|cause| &cause.needs);
            let above = check
                .needs_at(here)
                .chain(causes)
                .enumerate()
                .filter(|(at, need)| !own(need) || this.is_none_or(|this| *at < this));
            let found = above.flat_map(|(_, need)| at(need).into_iter().map(|at| (need.check.clone(), at)));
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
        if !blamed.iter().any(|it| matches!(it.standing, Standing::Root { .. })) {
            wrong.push(format!("{name} is broken, and nothing is the root"));
        }
        for it in blamed {
            if it.standing == Standing::Explained(Vec::new()) {
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
    let page = read("README.md");
    let (start, found) = between(&page, "checks").expect("README.md has <!-- checks --> and <!-- /checks -->");
    if found == wanted {
        return;
    }
    assert!(
        std::env::var_os("UPDATE").is_some(),
        "README.md's table of checks is out of date: UPDATE=1 cargo test --test house"
    );
    let page = format!("{}{wanted}{}", &page[..start], &page[start + found.len()..]);
    std::fs::write(root().join("README.md"), page).expect("README.md can be written");
}

/// checks/README.md is what a writer of a check has in hand.
#[test]
fn the_page_on_checks_lists_the_looks_and_the_words() {
    let page = read("checks/README.md");
    let (_, table) = between(&page, "looks").expect("checks/README.md has <!-- looks --> and <!-- /looks -->");
    let ticked = |cell: &str| -> Vec<String> { cell.split('`').skip(1).step_by(2).map(str::to_owned).collect() };
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in table.lines().skip(2) {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").collect();
        let words: BTreeSet<String> = ticked(cells.last().copied().unwrap_or_default()).into_iter().collect();
        for look in ticked(cells[0]) {
            let kind = look.split(' ').next().unwrap_or_default().to_owned();
            found.entry(kind).or_default().extend(words.iter().cloned());
        }
    }
    let wanted: BTreeMap<String, BTreeSet<String>> =
        labels().into_iter().map(|(look, words)| (look.to_owned(), words)).collect();
    let pairs = |table: &BTreeMap<String, BTreeSet<String>>| -> BTreeSet<String> {
        table.iter().flat_map(|(look, words)| words.iter().map(move |word| format!("{look} → {word}"))).collect()
    };
    let mut wrong = differences(&pairs(&found), "only in checks/README.md", &pairs(&wanted), "only in src/fact/");
    let (_, words) = between(&page, "words").expect("checks/README.md has <!-- words --> and <!-- /words -->");
    let listed: BTreeSet<String> =
        ticked(words).into_iter().map(|word| word.trim_matches(['{', '}']).to_owned()).collect();
    wrong.extend(differences(
        &listed,
        "a word only in checks/README.md",
        &common_words(),
        "a word only in src/report/words.rs",
    ));
    let form = code(&read("src/check/form.rs"), true);
    let form = bracketed(&form, form.find("struct Form {").expect("the form") + "struct Form ".len());
    let keys = form.lines().filter_map(|line| line.trim().split_once(": ")).map(|(key, _)| key);
    let unknown = keys.filter(|key| *key != "cause" && !page.contains(&format!("\n| `{key}` |")));
    wrong.extend(unknown.map(|key| format!("the key `{key}` is not explained")));
    none("checks/README.md", wrong);
}

#[test]
fn what_may_be_exists() {
    let checks = checks();
    let mut wrong = Vec::new();
    for check in &checks {
        for (name, cause) in &check.causes {
            for (here, suspect) in cause.may_be.iter().flat_map(|(here, all)| all.iter().map(move |it| (here, it))) {
                let place = format!("{}/{name} may_be.{here}", check.id);
                if !check.looks.contains_key(here) {
                    wrong.push(format!("{place}: it is not judged there"));
                }
                let there = checks.iter().find(|it| it.id == suspect.check).is_some_and(|it| {
                    let cause = suspect.cause.as_ref().is_none_or(|cause| it.causes.contains_key(cause));
                    it.looks.contains_key(&suspect.on) && cause
                });
                if !there {
                    wrong.push(format!("{place}: there is no `{suspect}`"));
                }
            }
        }
    }
    none("may_be", wrong);
}
