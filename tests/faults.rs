//! The fault set: what breaks such a deployment, and what clipcheck must name. `tests/faults` says how it is used;
//! without a flag of ours this is the replay of all recordings as plain tests.
#![allow(clippy::wildcard_enum_match_arm, reason = "what is no list and no object of JSON is all one here")]
#![allow(clippy::case_sensitive_file_extension_comparisons, reason = "these files are ours")]
#![allow(clippy::string_slice, reason = "cuts what it made or keeps itself")]
#![expect(unreachable_pub, reason = "the bench is one program in several files")]
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test bench reads files, runs the lab and prints"
)]

mod bench;
mod recorded;
mod sentences;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;

use bench::fault::{Fault, Set};
use bench::judged::{checks, verdicts};
use bench::lab::LabError;
use bench::{ambiguity, figures, fix, judged, live, pair, reboot, replay, rules, scripts, sight, table, unmended};
use libtest_mimic::{Arguments, Trial};

/// What can be typed.
const MODES: [&str; 8] = ["--list", "--replay", "--live", "--prove-fix", "--reboot", "--table", "--alike", "--export"];

fn main() -> ExitCode {
    let typed: Vec<String> = std::env::args().skip(1).filter(|word| word != "--quiet" && word != "-q").collect();
    // `--list --format terse` is what test runners ask.
    let ours = typed.iter().any(|word| MODES.contains(&word.as_str())) && !typed.iter().any(|word| word == "--format");
    let result = if ours { ask(&typed) } else { plain() };
    match result {
        Ok(code) => code,
        Err(LabError::Failed(why)) => {
            eprintln!("faults: {why}");
            ExitCode::from(2)
        }
        Err(LabError::NoLab(why)) => {
            eprintln!("faults: skipped: {why}");
            ExitCode::from(3)
        }
    }
}

#[derive(Default)]
struct Asked {
    modes: BTreeSet<String>,
    json: bool,
    write: bool,
    record: bool,
    sample: Option<usize>,
    trials: Option<usize>,
    jobs: Option<usize>,
    ids: Vec<String>,
}

fn parse(typed: &[String]) -> Result<Asked, String> {
    let mut asked = Asked::default();
    let mut words = typed.iter();
    while let Some(word) = words.next() {
        let mut number = |what: &str| -> Result<usize, String> {
            let value = words.next().and_then(|value| value.parse().ok()).filter(|value| *value > 0);
            value.ok_or_else(|| format!("{what} wants a number from 1 on"))
        };
        match word.as_str() {
            mode if MODES.contains(&mode) => {
                asked.modes.insert(mode.to_owned());
            }
            "--json" => asked.json = true,
            "--write" => asked.write = true,
            "--record" => asked.record = true,
            "--sample" => asked.sample = Some(number("--sample")?),
            "--trials" => asked.trials = Some(number("--trials")?),
            "--jobs" => asked.jobs = Some(number("--jobs")?),
            flag if flag.starts_with('-') => {
                return Err(format!("`{flag}` is nothing that can be typed here; tests/faults begins with a list"));
            }
            id => asked.ids.push(id.to_owned()),
        }
    }
    if asked.modes.len() > 1 {
        return Err(format!("one at a time: {}", asked.modes.iter().cloned().collect::<Vec<_>>().join(", ")));
    }
    Ok(asked)
}

fn ask(typed: &[String]) -> Result<ExitCode, LabError> {
    let asked = parse(typed)?;
    let checks = checks()?;
    if asked.modes.contains("--export") {
        return export(&asked.ids);
    }
    let (set, plain) = Set::read(checks)?.select(&asked.ids)?;
    // A lab has its own processes; two beside each other fill two cores.
    let jobs = asked.jobs.unwrap_or_else(|| thread::available_parallelism().map_or(1, usize::from).min(4));
    let agrees = match asked.modes.first().map(String::as_str) {
        Some("--list") => {
            println!("{}", replay::list(&set, asked.json));
            true
        }
        Some("--replay") => {
            let (text, agrees) = replay::show(&replay::replay(&set), asked.json);
            println!("{text}");
            agrees
        }
        Some("--alike") => {
            let alike = ambiguity::alike(&set, checks)?;
            let wrong: Vec<String> = alike.iter().flat_map(|it| it.wrong(checks)).collect();
            println!("{}", ambiguity::show(&alike));
            println!("{} sets of causes that look alike, {} claims wrong", alike.len(), wrong.len());
            for line in &wrong {
                println!("    {line}");
            }
            wrong.is_empty()
        }
        Some("--table") => {
            let figures = figures::figures(&set, checks)?;
            let table = table::table(&figures, &set);
            println!("{table}");
            for line in figures.false_statements.iter().chain(&figures.false_alarms) {
                eprintln!("{line}");
            }
            if asked.write {
                table::write(&table, &figures, &set)?;
            }
            true
        }
        Some("--live") => {
            let whole = asked.ids.is_empty() && asked.sample.is_none();
            let orders = live::Orders { jobs, record: asked.record, sample: asked.sample, trials: asked.trials, whole };
            live::live(&set, plain, &orders, checks)? == 0
        }
        Some("--reboot") => reboot::reboot(&set, jobs, checks)? == 0,
        _ => fix::prove(&set, jobs, checks)? == 0,
    };
    Ok(if agrees { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Writes whole snapshots into a folder: those of the named states, or of all.
fn export(words: &[String]) -> Result<ExitCode, LabError> {
    let [folder, states @ ..] = words else { return Err("--export DIR [STATE...]".to_owned().into()) };
    let all = recorded::states()?.into_keys().collect();
    let states = if states.is_empty() { all } else { states.to_vec() };
    for state in &states {
        for path in recorded::export(state, Path::new(folder))? {
            println!("{}", path.display());
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// One judgement of the replay: what differs, or why it could not be judged.
type Judgement = Box<dyn Fn(&Set) -> Result<Vec<String>, String> + Send>;

/// The replay, as tests. Each recording is judged by the first of them that asks for it.
fn plain() -> Result<ExitCode, LabError> {
    let checks = checks()?;
    let set = Arc::new(Set::read(checks)?);
    judged::LOOKS.get_or_init(|| &[rules::look, sight::look, scripts::look]);
    let mut trials = Vec::new();
    let mut add = |name: String, test: Judgement| {
        let set = Arc::clone(&set);
        trials.push(Trial::test(name, move || {
            let differs = test(&set)?;
            if differs.is_empty() { Ok(()) } else { Err(differs.join("\n").into()) }
        }));
    };
    add("healthy".to_owned(), Box::new(|_| Ok(judged::differs_healthy(&*verdicts("healthy", &[])?, &[]))));
    for fault in &set.faults {
        let of_it = |judge: fn(&judged::Verdicts, &Fault) -> Vec<String>, state: String| -> Judgement {
            let fault = fault.clone();
            Box::new(move |_| Ok(judge(&*verdicts(&state, &fault.blind)?, &fault)))
        };
        let id = || fault.id.clone();
        add(format!("{}::alike", fault.id), of_it(|verdicts, fault| ambiguity::kept(fault, verdicts).1, id()));
        add(format!("{}::alone", fault.id), of_it(|it, fault| judged::differs_alone(it, &fault.expect), id()));
        add(
            format!("{}::joined", fault.id),
            of_it(|it, fault| judged::differs_joined(it.together(), &fault.expect), id()),
        );
        add(format!("{}::near", fault.id), of_it(judged::differs_near, format!("{}.near", fault.id)));
    }
    for it in set.pairs.clone() {
        let name = format!("{}::joined", it.id);
        add(name, Box::new(move |_| Ok(pair::differs(verdicts(&it.id, &[])?.together(), &it))));
    }
    for it in set.healthy.clone() {
        let name = it.id.clone();
        add(name, Box::new(move |_| Ok(judged::differs_healthy(&*verdicts(&it.id, &it.blind)?, &it.warns))));
    }
    // At the end: by then all is judged.
    add(
        "what-looks-alike".to_owned(),
        Box::new(move |set| Ok(ambiguity::alike(set, checks)?.iter().flat_map(|it| it.wrong(checks)).collect())),
    );
    add("nothing-unmended-is-called-fixed".to_owned(), Box::new(unmended::called_fixed));
    add("every-root-and-its-fix-are-on-the-last-screen".to_owned(), Box::new(sight::out_of_sight));
    add("every-fix-script-is-one-that-a-shell-takes".to_owned(), Box::new(scripts::no_shell_takes));
    add("no-worse-than-before".to_owned(), Box::new(move |set| table::worse(set, checks)));
    for (name, rule) in rules::RULES {
        add(format!("rules::{name}"), Box::new(rule));
    }
    let conclusion = libtest_mimic::run(&Arguments::from_args(), trials);
    Ok(conclusion.exit_code())
}
