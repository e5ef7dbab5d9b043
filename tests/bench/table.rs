//! The figures as a Markdown table, and as what is kept from run to run.

use std::collections::BTreeMap;

use clipcheck::check::Check;

use super::fault::{Set, root};
use super::figures::{Figures, Row, figures};
use super::times::{ALL, CLASSES, Spread};
use super::unseen;

/// Where the table stands.
const PAGE: &str = "docs/accuracy.md";
const BEGIN: &str = "<!-- faults -->";
const END: &str = "<!-- /faults -->";
const KEPT: &str = "fixtures/accuracy.json";

pub fn table(figures: &Figures, set: &Set) -> String {
    let set = &set.seen();
    let mut lines = vec![
        "| faults | number | all four together | server alone | client alone | container alone | outside alone | root causes reported per single fault | file and line named |".to_owned(),
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |".to_owned(),
    ];
    lines.extend(figures.rows.iter().map(line));
    lines.push(String::new());
    lines.push(format!(
        "Each cell is precision / recall / F1 over (host, cause) pairs: of the four snapshots judged together, and of what each \
         vantage alone must name. {} near misses and {} healthy deployments ({} states): {} false alarms, including warnings. \
         False statements (what one vantage alone reports as failed, as a root cause or explained, but is OK in all four \
         together): {}.",
        set.faults.len(),
        set.healthy.len() + 1,
        figures.states,
        figures.false_alarms.len(),
        figures.false_statements.len(),
    ));
    lines.push(String::new());
    lines.push(format!(
        "Causes that look the same from one vantage: {} sets, of which {} are claimed in the check files as the recordings show \
         them (if it depends on timing, a claim is for a whole check and covers all its causes). In {} reports from one to four \
         vantages, the true cause is the one named or among the other possible causes {} times. Fixes run and confirmed \
         (`tests/faults --prove-fix`, last run of each): {}.",
        figures.alike.0, figures.alike.1, figures.kept.0, figures.kept.1, figures.proved.words(set)
    ));
    lines.push(String::new());
    lines.push(figures.trials.words(set));
    if figures.made_up.0 > 0 {
        lines.push(String::new());
        lines.push(format!(
            "In addition, {} faults that were not recorded in a lab yet: what is seen of them was written by hand \
             (`[made-up]`), and they are in no figure above. Named as expected: {}.",
            figures.made_up.0, figures.made_up.1
        ));
    }
    lines.push(String::new());
    lines.push(unseen::table(&figures.unseen, set.healthy.len() + 1));
    lines.push(String::new());
    lines.push("| state of the deployment | runs | time to see everything: median | p95 | longest |".to_owned());
    lines.push("| --- | --- | --- | --- | --- |".to_owned());
    let times = &figures.trials.times;
    lines.extend(CLASSES.iter().filter_map(|class| Some(spread(class, times.get(*class)?))));
    lines.extend(times.get(ALL).map(|all| spread("**all**", all)));
    lines.join("\n")
}

fn line(row: &Row) -> String {
    let alone = row.alone.iter().map(|score| score.words()).collect::<Vec<_>>().join(" | ");
    #[expect(clippy::cast_precision_loss, reason = "there are hundreds of them")]
    let red = if row.red.1 == 0 { "-".to_owned() } else { format!("{:.2}", row.red.0 as f64 / row.red.1 as f64) };
    let places = if row.places.1 == 0 { "-".to_owned() } else { format!("{} of {}", row.places.0, row.places.1) };
    format!("| {} | {} | {} | {alone} | {red} | {places} |", row.name, row.count, row.joined.words())
}

fn spread(name: &str, spread: &Spread) -> String {
    let seconds = |millis: u64| format!("{}.{:02} s", (millis + 5) / 1000, (millis + 5) % 1000 / 10);
    format!(
        "| {name} | {} | {} | {} | {} |",
        spread.looks,
        seconds(spread.median),
        seconds(spread.p95),
        seconds(spread.longest)
    )
}

/// Puts the table into docs/accuracy.md, between its two marks, and the figures beside the fixtures.
pub fn write(table: &str, figures: &Figures, set: &Set) -> Result<(), String> {
    let path = root().join(PAGE);
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{PAGE}: {}", error.kind()))?;
    let (Some(begin), Some(end)) = (text.find(BEGIN), text.find(END)) else {
        return Err(format!("{PAGE} has no {BEGIN} and {END} to write between"));
    };
    let new = format!("{}{BEGIN}\n\n{table}\n\n{}", &text[..begin], &text[end..]);
    std::fs::write(&path, new).map_err(|error| format!("{PAGE}: {}", error.kind()))?;
    let kept = serde_json::to_string_pretty(&figures.kept(&set.seen())).unwrap_or_default() + "\n";
    std::fs::write(root().join(KEPT), kept).map_err(|error| format!("{KEPT}: {}", error.kind()))
}

/// In what the recordings are now judged worse than when the figures were last written.
pub fn worse(set: &Set, checks: &[Check]) -> Result<Vec<String>, String> {
    let text = std::fs::read_to_string(root().join(KEPT)).map_err(|error| format!("{KEPT}: {}", error.kind()))?;
    let kept: BTreeMap<String, f64> = serde_json::from_str(&text).map_err(|error| format!("{KEPT}: {error}"))?;
    let figures = figures(set, checks)?;
    let now = figures.kept(&set.seen());
    let mut worse = Vec::new();
    for (name, was) in &kept {
        match now.get(name) {
            Some(is) if *is >= was - 1e-9 => {}
            Some(is) => worse.push(format!("{name}: {is:.4}, and it was {was:.4}")),
            None => worse.push(format!("{name}: no longer measured")),
        }
    }
    if !worse.is_empty() {
        worse.extend(figures.false_alarms.iter().map(|it| format!("false alarm: {it}")));
        worse.extend(figures.false_statements.iter().map(|it| format!("untrue: {it}")));
    }
    Ok(worse)
}
