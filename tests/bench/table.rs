//! Precision and recall over the recordings, as a Markdown table.

use std::collections::BTreeSet;

use clipcheck::check::Check;
use clipcheck::fact::Vantage;

use super::fault::{Family, Fault, Set, root};
use super::judged::{alone, bare, judged, read};

const BEGIN: &str = "<!-- faults -->";
const END: &str = "<!-- /faults -->";

/// Roots said and true, said and not true, true and not said.
#[derive(Default, Clone, Copy)]
struct Score {
    right: usize,
    extra: usize,
    missed: usize,
}

impl Score {
    fn add(&mut self, found: &BTreeSet<String>, wanted: &BTreeSet<String>) {
        self.right += found.intersection(wanted).count();
        self.extra += found.difference(wanted).count();
        self.missed += wanted.difference(found).count();
    }

    #[expect(clippy::cast_precision_loss, reason = "there are dozens of them")]
    fn words(self) -> String {
        let share = |part: usize, whole: usize| if whole == 0 { 1.0 } else { part as f64 / whole as f64 };
        let (precision, recall) =
            (share(self.right, self.right + self.extra), share(self.right, self.right + self.missed));
        let f1 = share(2 * self.right, 2 * self.right + self.extra + self.missed);
        format!("{precision:.2} / {recall:.2} / {f1:.2}")
    }
}

#[derive(Default)]
struct Row {
    faults: usize,
    joined: Score,
    alone: [Score; 4],
    /// Roots of the single faults, and how many single faults there are.
    red: (usize, usize),
}

pub fn table(set: &Set, checks: &[Check]) -> Result<String, String> {
    let mut rows: Vec<(String, Row)> = Vec::new();
    let mut pooled = Row::default();
    for family in Family::ALL {
        let faults: Vec<&Fault> = set.faults.iter().filter(|fault| fault.family == family).collect();
        if faults.is_empty() {
            continue;
        }
        let mut row = Row::default();
        for fault in faults {
            add(&mut row, fault, checks)?;
            add(&mut pooled, fault, checks)?;
        }
        rows.push((family.word().to_owned(), row));
    }
    rows.push(("**all**".to_owned(), pooled));
    let mut lines = vec![
        "| faults of | faults | joined | server alone | client alone | container alone | outside alone | red lines per single fault |".to_owned(),
        "| --- | --- | --- | --- | --- | --- | --- | --- |".to_owned(),
    ];
    for (name, row) in &rows {
        let alone: Vec<String> = row
            .alone
            .iter()
            .map(|score| if score.right + score.extra + score.missed == 0 { "-".to_owned() } else { score.words() })
            .collect();
        lines.push(format!(
            "| {name} | {} | {} | {} | {} |",
            row.faults,
            row.joined.words(),
            alone.join(" | "),
            mean(row.red)
        ));
    }
    let (false_alarms, states) = false_alarms(set, checks)?;
    lines.push(String::new());
    lines.push(format!(
        "Each cell is precision / recall / F1 over (host, cause) pairs: joined over the four snapshots together, alone over what \
         that vantage by itself must name. {} near misses and {} healthy deployments ({states} states): {false_alarms} false alarms, \
         warnings included.",
        set.faults.len(),
        set.healthy.len() + 1
    ));
    Ok(lines.join("\n"))
}

#[expect(clippy::cast_precision_loss, reason = "there are dozens of them")]
fn mean((sum, count): (usize, usize)) -> String {
    if count == 0 { "-".to_owned() } else { format!("{:.2}", sum as f64 / count as f64) }
}

fn add(row: &mut Row, fault: &Fault, checks: &[Check]) -> Result<(), String> {
    let snapshots = read(&fault.id, &fault.blind)?;
    let together = judged(&snapshots, checks)?;
    // Where a fault is a warning, the warning is what must be said.
    let wanted: BTreeSet<String> = fault.expect.joined.iter().chain(&fault.expect.warns).cloned().collect();
    row.joined.add(&together.roots.union(&together.warns).cloned().collect(), &wanted);
    for (score, vantage) in row.alone.iter_mut().zip(Vantage::ALL) {
        if fault.blind.contains(&vantage) {
            continue;
        }
        score.add(
            &bare(&alone(&snapshots, vantage, checks)?.roots),
            &fault.expect.alone(vantage).iter().cloned().collect(),
        );
    }
    row.faults += 1;
    if !fault.several && !fault.expect.joined.is_empty() {
        row.red.0 += together.roots.len();
        row.red.1 += 1;
    }
    Ok(())
}

/// Everything red or yellow that is said of a healthy state and is not true of it.
fn false_alarms(set: &Set, checks: &[Check]) -> Result<(usize, usize), String> {
    let near =
        set.faults.iter().map(|fault| (format!("{}.near", fault.id), fault.near_warns.clone(), fault.blind.clone()));
    let variants = set.healthy.iter().map(|it| (it.id.clone(), it.warns.clone(), Vec::new()));
    let mut count = 0;
    let mut states = 0;
    for (id, warns, blind) in near.chain(variants).chain([("healthy".to_owned(), Vec::new(), Vec::new())]) {
        let snapshots = read(&id, &blind)?;
        let mut said = judged(&snapshots, checks)?;
        for &vantage in snapshots.keys() {
            let more = alone(&snapshots, vantage, checks)?;
            said.roots.extend(more.roots);
            said.warns.extend(more.warns);
        }
        count += said.roots.len() + said.warns.iter().filter(|code| !warns.contains(code)).count();
        states += 1;
    }
    Ok((count, states))
}

/// Puts the table into the README, between its two marks.
pub fn write(table: &str) -> Result<(), String> {
    let path = root().join("README.md");
    let text = std::fs::read_to_string(&path).map_err(|error| format!("README.md: {}", error.kind()))?;
    let (Some(begin), Some(end)) = (text.find(BEGIN), text.find(END)) else {
        return Err(format!("README.md has no {BEGIN} and {END} to write between"));
    };
    let new = format!("{}{BEGIN}\n\n{table}\n\n{}", &text[..begin], &text[end..]);
    std::fs::write(&path, new).map_err(|error| format!("README.md: {}", error.kind()))
}
