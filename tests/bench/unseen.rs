//! What stays unseen of healthy deployments where all four look, and why: nobody is told whether that is well.

use std::collections::{BTreeMap, BTreeSet};

use clipcheck::check::Check;
use clipcheck::report::Answer;

use super::fault::Set;
use super::judged::{read, report_of};

/// Looked at since not long ago: in older recordings these are not there, and that says nothing about the deployment.
const NEWER: [(&str, &str); 5] = [
    ("postgres-tables", "PostgreSQL did not tell which tables the role finds"),
    ("worker-libraries", "`libraries` was not checked"),
    ("worker-log", "`worker-log` was not checked"),
    ("web-fresh", "`web-app` was not checked"),
    ("container-way", "`worker-network` was not checked"),
];

/// The checks of each reason, for every healthy deployment of which something is not seen.
pub type Unseen = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

pub fn unseen(set: &Set, checks: &[Check]) -> Result<Unseen, String> {
    let variants = set.healthy.iter().map(|it| (it.id.as_str(), it.blind.as_slice()));
    let mut found = Unseen::new();
    for (id, blind) in variants.chain([("healthy", [].as_slice())]) {
        let report = report_of(&read(id, blind)?, checks)?;
        let mut reasons: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for outcome in &report.outcomes {
            if let Answer::Unseen(why) = &outcome.answer
                && !NEWER.contains(&(outcome.check.as_str(), why.as_str()))
            {
                reasons.entry(why.clone()).or_default().insert(outcome.check.clone());
            }
        }
        if !reasons.is_empty() {
            found.insert(id.to_owned(), reasons);
        }
    }
    Ok(found)
}

/// As Markdown.
pub fn table(unseen: &Unseen, deployments: usize) -> String {
    let mut lines = vec![
        format!(
            "Of the {deployments} healthy deployments, in {} every check is seen from all four together or does not apply. In \
             the others these are not seen (but {}, at which older recordings did not look):",
            deployments - unseen.len(),
            NEWER.map(|(check, _)| check).join(", ")
        ),
        String::new(),
        "| healthy deployment | not seen | which, and why |".to_owned(),
        "| --- | --- | --- |".to_owned(),
    ];
    lines.extend(unseen.iter().map(|(id, reasons)| {
        let number: usize = reasons.values().map(BTreeSet::len).sum();
        let told = reasons.iter().map(|(why, checks)| {
            let checks = checks.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
            format!("{checks}: {}", why.replace('|', "\\|"))
        });
        format!("| {} | {number} | {} |", id.trim_start_matches("healthy-"), told.collect::<Vec<_>>().join("; "))
    }));
    lines.join("\n")
}
