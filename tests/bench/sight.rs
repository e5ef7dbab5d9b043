//! What stays in sight: over every recorded report, on a terminal of 80 columns and 24 rows, whether the answer is on the
//! last screen, how far a fix stands from its root, and which roots have nothing to type.
//! `cargo test --test faults every-root -- --nocapture` prints the figures.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{LazyLock, Mutex};

use clipcheck::cli::{Color, Format, Showing};
use clipcheck::exit::Exit;
use clipcheck::fact::Vantage;
use clipcheck::render::{self, Screen};
use clipcheck::report::{Report, pointed_at};

use super::fault::Set;
use super::judged::{Seen, all};

const WIDTH: usize = 80;

/// Of a terminal of 24 rows; the prompt has the last one.
const ROWS: usize = 23;

/// Roots that have nothing to type, each with the reason.
const BY_HAND: &[(&str, &str)] = &[
    ("worker-running/awaited", "how a worker is started there is the user's"),
    ("api-answers/no-bundle", "which certificate is mounted where is the user's choice"),
    ("container-way/own-address", "which network the container is given is in its own start command"),
    ("delivery-key/not-a-key", "the private key is somewhere else, and only its owner knows where"),
    ("env-agrees/version", "which of two versions is wanted is not seen"),
    ("names-resolve/no-resolver", "which name server is right is not seen"),
    ("names-resolve/no-such-name", "who uses the name differs"),
    ("tunnel-payload/hangs-in-container", "Docker's own configuration is JSON of the user's, which no command merges"),
    ("wg-key-unshared/two-machines", "it is done on the other machine, which was not looked at"),
    ("queue-chosen/other", "the command that starts another app's worker is its user's own"),
    ("queue-taken/other", "the command that starts another app's worker is its user's own"),
];

/// What was counted.
#[derive(Default)]
struct Figures {
    roots: usize,
    in_sight: usize,
    distances: Vec<usize>,
    /// Roots with the line at fault among what was seen; and with the words at fault marked in it.
    lines: usize,
    marked: usize,
    without: BTreeMap<String, usize>,
    wrong: Vec<String>,
}

static FIGURES: LazyLock<Mutex<Figures>> = LazyLock::new(Mutex::default);

/// Counts what is in sight of a report of something broken.
pub fn look(seen: &Seen<'_>) {
    if !seen.is_broken() || seen.is_alone(Vantage::Outside) {
        return;
    }
    let page = page(seen.report);
    if let Ok(mut figures) = FIGURES.lock() {
        count(&mut figures, &seen.name(), seen.report, &page);
    }
}

fn page(report: &Report) -> String {
    let screen = Screen { width: WIDTH, columns: WIDTH, ascii: false, moves: false, forced: None };
    let showing = Showing { color: Color::Never, ..Showing::default() };
    let page = render::report(report.clone(), Format::Table, &showing, Exit::Broken, screen);
    anstream::adapter::strip_str(page.text()).to_string()
}

/// The lines of a page by the row of the terminal on which each begins, and how many rows there are.
fn rows(page: &str) -> (Vec<(usize, &str)>, usize) {
    let mut row = 0;
    let mut lines = Vec::new();
    for line in page.lines() {
        lines.push((row, line));
        row += line.chars().count().div_ceil(WIDTH).max(1);
    }
    (lines, row)
}

fn count(figures: &mut Figures, name: &str, report: &Report, page: &str) {
    let (lines, all) = rows(page);
    let last = all.saturating_sub(ROWS);
    let seen = |starts: &str, from: usize| lines.iter().find(|(row, line)| *row >= from && line.starts_with(starts));
    for (outcome, diagnosis) in report.roots() {
        if let Some(place) = &diagnosis.place {
            let at = format!("{}:{}", place.file, place.line);
            figures.lines += usize::from(outcome.evidence.iter().any(|it| it.line.contains(&at)));
            let marks = outcome.evidence.iter().any(|it| pointed_at(it.line, diagnosis).is_some());
            figures.marked += usize::from(marks);
        }
        let headline = format!("✗ {}", diagnosis.code);
        let Some((at, _)) = seen(&headline, 0) else {
            figures.wrong.push(format!("{name}: {} is nowhere on the page", diagnosis.code));
            continue;
        };
        figures.roots += 1;
        let Some((fix, _)) = seen("  fix  ", *at) else {
            figures.wrong.push(format!("{name}: {} has no fix on the page", diagnosis.code));
            continue;
        };
        figures.distances.push(fix - at);
        // In the summary of several roots the first command stands for the fix.
        let typed = match diagnosis.fix.run.first() {
            Some(command) => {
                lines.iter().any(|(row, line)| *row >= last && line.trim_start().ends_with(command.as_str()))
            }
            None => seen("  fix  ", last).is_some(),
        };
        figures.in_sight += usize::from(typed && seen(&headline, last).is_some());
        if diagnosis.fix.run.is_empty() {
            *figures.without.entry(diagnosis.code.clone()).or_default() += 1;
        }
    }
    if !lines.iter().any(|(row, line)| *row >= last && (line.contains("root cause") || line.contains("othing"))) {
        figures.wrong.push(format!("{name}: the verdict is not on the last screen"));
    }
}

/// Whether figures are printed: `cargo test` otherwise shows nothing of a test that holds.
pub fn is_asked_for_figures() -> bool {
    std::env::args().any(|it| it == "--nocapture")
}

/// What is wrong with what is in sight.
pub fn out_of_sight(set: &Set) -> Result<Vec<String>, String> {
    all(set)?;
    let mut figures = FIGURES.lock().map_err(|_| "a page could not be made".to_owned())?;
    figures.distances.sort_unstable();
    let figures = &*figures;
    let mut wrong = figures.wrong.clone();
    let mut holds = |what: bool, else_: String| wrong.extend((!what).then_some(else_));
    holds(figures.roots > 1000, format!("only {} roots were counted", figures.roots));
    let median = figures.distances.get(figures.distances.len() / 2).copied().unwrap_or(usize::MAX);
    let without: usize = figures.without.values().sum();
    let share = |part: usize| part * 1000 / figures.roots.max(1);
    if is_asked_for_figures() {
        println!("{} roots at {WIDTH}x{}", figures.roots, ROWS + 1);
        println!("headline and fix on the last screen: {} of 1000", share(figures.in_sight));
        println!("rows from headline to fix: median {median}, most {:?}", figures.distances.last());
        println!("with the line at fault: {}; the words at fault are marked in {}", figures.lines, figures.marked);
        println!("nothing to type: {} of 1000, {:?}", share(without), figures.without);
    }
    holds(share(figures.in_sight) >= 995, format!("on the last screen: {} of 1000", share(figures.in_sight)));
    holds(figures.marked * 10 >= figures.lines * 6, format!("the words at fault are marked in {}", figures.marked));
    holds(median <= 4, format!("the fix stands {median} rows below its headline"));
    holds(share(without) <= 15, format!("nothing to type: {} of 1000", share(without)));
    let excused: BTreeSet<&str> = BY_HAND.iter().map(|(code, _)| *code).collect();
    let found: BTreeSet<&str> = figures.without.keys().map(String::as_str).collect();
    wrong.extend(found.difference(&excused).map(|code| format!("{code} has no command, and no reason in BY_HAND")));
    wrong.extend(
        excused
            .difference(&found)
            .map(|code| format!("{code} is nowhere a root without a command: take it out of BY_HAND")),
    );
    Ok(wrong)
}
