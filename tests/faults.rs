//! The fault set: what breaks such a deployment, and what clipcheck must name. `tests/faults` says how it is used;
//! without a flag of ours this is the replay of all recordings as plain tests.
#![allow(clippy::string_slice, reason = "cuts what it made or keeps itself")]
#![expect(unreachable_pub, reason = "the bench is one program in several files")]
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test bench reads files, runs the lab and prints"
)]

mod bench;

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;

use bench::fault::Set;
use bench::lab::Trouble;
use bench::{ambiguity, figures, fix, judged, live, pair, reboot, replay, table, unmended};
use clipcheck::catalog;
use clipcheck::check::Check;
use libtest_mimic::{Arguments, Trial};

/// What can be typed.
const MODES: [&str; 7] = ["--list", "--replay", "--live", "--prove-fix", "--reboot", "--table", "--alike"];

fn main() -> ExitCode {
    let typed: Vec<String> = std::env::args().skip(1).filter(|word| word != "--quiet" && word != "-q").collect();
    // `--list --format terse` is what test runners ask.
    let ours = typed.iter().any(|word| MODES.contains(&word.as_str())) && !typed.iter().any(|word| word == "--format");
    let result = if ours { ask(&typed) } else { plain() };
    match result {
        Ok(code) => code,
        Err(Trouble::Failed(why)) => {
            eprintln!("faults: {why}");
            ExitCode::from(2)
        }
        Err(Trouble::NoLab(why)) => {
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

fn ask(typed: &[String]) -> Result<ExitCode, Trouble> {
    let asked = parse(typed)?;
    let checks = catalog::built_in()?;
    let (set, plain) = Set::read(&checks)?.select(&asked.ids)?;
    // A lab has its own processes; two beside each other fill two cores.
    let jobs = asked.jobs.unwrap_or_else(|| thread::available_parallelism().map_or(1, usize::from).min(4));
    let agrees = match asked.modes.first().map(String::as_str) {
        Some("--list") => {
            println!("{}", replay::list(&set, asked.json));
            true
        }
        Some("--replay") => {
            let (text, agrees) = replay::show(&replay::replay(&set, &checks), asked.json);
            println!("{text}");
            agrees
        }
        Some("--alike") => {
            let alike = ambiguity::alike(&set, &checks)?;
            let wrong: Vec<String> = alike.iter().flat_map(|it| it.wrong(&checks)).collect();
            println!("{}", ambiguity::show(&alike));
            println!("{} sets of causes that look alike, {} claims wrong", alike.len(), wrong.len());
            for line in &wrong {
                println!("    {line}");
            }
            wrong.is_empty()
        }
        Some("--table") => {
            let figures = figures::figures(&set, &checks)?;
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
            let orders =
                live::Orders { jobs, record: asked.record, sample: asked.sample, trials: asked.trials.unwrap_or(1) };
            live::live(&set, plain, &orders, &checks)? == 0
        }
        Some("--reboot") => reboot::reboot(&set, jobs, &checks)? == 0,
        _ => fix::prove(&set, jobs, &checks)? == 0,
    };
    Ok(if agrees { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// One judgement of the replay: what differs, or why it could not be judged.
type Judgement = Box<dyn Fn(&[Check]) -> Result<Vec<String>, String> + Send>;

/// The replay, as tests.
fn plain() -> Result<ExitCode, Trouble> {
    let checks: Arc<Vec<Check>> = Arc::new(catalog::built_in()?);
    let set = Set::read(&checks)?;
    let mut trials = Vec::new();
    let mut add = |name: String, test: Judgement| {
        let checks = Arc::clone(&checks);
        trials.push(Trial::test(name, move || {
            let differs = test(&checks)?;
            if differs.is_empty() { Ok(()) } else { Err(differs.join("\n").into()) }
        }));
    };
    add("healthy".to_owned(), Box::new(|checks| judged::differs_healthy(&judged::read("healthy", &[])?, &[], checks)));
    add(
        "what-looks-alike".to_owned(),
        Box::new(|checks| {
            let alike = ambiguity::alike(&Set::read(checks)?, checks)?;
            Ok(alike.iter().flat_map(|it| it.wrong(checks)).collect())
        }),
    );
    add(
        "nothing-unmended-is-called-fixed".to_owned(),
        Box::new(|checks| unmended::called_fixed(&Set::read(checks)?, checks)),
    );
    add("no-worse-than-before".to_owned(), Box::new(|checks| table::worse(&Set::read(checks)?, checks)));
    for fault in set.faults {
        let whole = fault.clone();
        add(format!("{}::alike", fault.id), Box::new(move |checks| Ok(ambiguity::kept(&whole, checks)?.1)));
        let (id, expect, blind) = (fault.id.clone(), fault.expect.clone(), fault.blind.clone());
        add(
            format!("{}::alone", fault.id),
            Box::new(move |checks| judged::differs_alone(&judged::read(&id, &blind)?, &expect, checks)),
        );
        let (id, expect, blind) = (fault.id.clone(), fault.expect.clone(), fault.blind.clone());
        add(
            format!("{}::joined", fault.id),
            Box::new(move |checks| judged::differs_joined(&judged::read(&id, &blind)?, &expect, checks)),
        );
        add(
            format!("{}::near", fault.id),
            Box::new(move |checks| {
                let near = judged::read(&format!("{}.near", fault.id), &fault.blind)?;
                judged::differs_near(&near, &fault, checks)
            }),
        );
    }
    for it in set.pairs {
        add(
            format!("{}::joined", it.id),
            Box::new(move |checks| pair::differs(&judged::read(&it.id, &[])?, &it, checks)),
        );
    }
    for variant in set.healthy {
        add(
            variant.id.clone(),
            Box::new(move |checks| judged::differs_healthy(&judged::read(&variant.id, &[])?, &variant.warns, checks)),
        );
    }
    let conclusion = libtest_mimic::run(&Arguments::from_args(), trials);
    Ok(conclusion.exit_code())
}
