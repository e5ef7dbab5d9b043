//! Report → Prometheus' text format, as node_exporter's textfile collector reads it, and the rules that go with it.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::clean::Clean;
use crate::exit::Exit;
use crate::report::{Answer, Outcome, Report};

/// What to alert on, for Prometheus' `rule_files`.
pub(super) const RULES: &str = include_str!("prometheus/rules.yml");

/// A metric's samples by their labels: no two have the same.
type Samples = BTreeMap<String, String>;

pub(super) fn render(report: &Clean<Report>, exit: Exit) -> String {
    let mut out = String::new();
    let one = |value: String| Samples::from([(String::new(), value)]);
    let version = labels(&[("version", env!("CARGO_PKG_VERSION"))]);
    metric(&mut out, "info", "The version of clipcheck.", &Samples::from([(version, "1".to_owned())]));
    let words = "The exit code: 0 nothing failed, 1 something failed, 3 an essential check was not seen.";
    metric(&mut out, "exit_code", words, &one(exit.number().to_string()));
    let seats = |value: fn(&crate::report::Host) -> String| -> Samples {
        let host = |host: &crate::report::Host| (labels(&[("seat", &host.seat), ("host", &host.name)]), value(host));
        report.hosts.iter().map(host).collect()
    };
    let at = seats(|host| host.taken_at.to_string());
    metric(&mut out, "last_run_timestamp_seconds", "When it was checked.", &at);
    let took = seats(|host| std::time::Duration::from_micros(host.took_us).as_secs_f64().to_string());
    metric(&mut out, "run_duration_seconds", "How long all looks took together.", &took);
    let counts = report.counts;
    let counts = [
        ("ok", counts.holds),
        ("root", counts.roots),
        ("explained", counts.explained),
        ("warning", counts.warns),
        ("note", counts.notes),
        ("not-seen", counts.unseen),
        ("not-applicable", counts.not_applicable),
    ];
    let counts = counts.map(|(answer, count)| (labels(&[("answer", answer)]), count.to_string()));
    metric(&mut out, "checks", "How many checks have which answer.", &counts.into());
    let failed = checks(report, |outcome| match &outcome.answer {
        Answer::Root { .. } | Answer::Explained { .. } => Some("1"),
        Answer::Holds | Answer::Despite(_) | Answer::Warns(_) | Answer::Notes(_) => Some("0"),
        Answer::Unseen(_) | Answer::NotApplicable(_) => None,
    });
    metric(&mut out, "check_failed", "Whether a check failed; nothing where it was not seen.", &failed);
    let seen = checks(report, |outcome| match &outcome.answer {
        Answer::Unseen(_) => Some("0"),
        Answer::NotApplicable(_) => None,
        Answer::Holds
        | Answer::Despite(_)
        | Answer::Root { .. }
        | Answer::Explained { .. }
        | Answer::Warns(_)
        | Answer::Notes(_) => Some("1"),
    });
    metric(&mut out, "check_seen", "Whether a check could be seen.", &seen);
    let of = |wanted: fn(&Answer) -> bool| -> Samples {
        let found = report.outcomes.iter().filter(|outcome| wanted(&outcome.answer));
        let found = found.filter_map(|outcome| Some((outcome, outcome.found()?)));
        found.map(|(outcome, it)| (named(outcome, Some(&it.code)), "1".to_owned())).collect()
    };
    metric(&mut out, "root_cause", "The root causes.", &of(|answer| matches!(answer, Answer::Root { .. })));
    metric(&mut out, "warning", "What works now, but not for long.", &of(|answer| matches!(answer, Answer::Warns(_))));
    out
}

/// A sample for each check that has a value.
fn checks(report: &Report, value: fn(&Outcome) -> Option<&'static str>) -> Samples {
    let mut samples = Samples::new();
    for outcome in &report.outcomes {
        let Some(value) = value(outcome) else { continue };
        // Of two answers at one seat that have the same labels, the worse counts.
        let known = samples.entry(named(outcome, None)).or_insert_with(|| value.to_owned());
        if value > known.as_str() {
            value.clone_into(known);
        }
    }
    samples
}

fn named(outcome: &Outcome, code: Option<&str>) -> String {
    let clients = match outcome.clients.as_slice() {
        [] => None,
        [one] => Some(one.clone()),
        [first, more @ ..] => Some(format!("{first} and {} more", more.len())),
    };
    let mut all = vec![
        ("check", outcome.check.as_str()),
        ("category", outcome.category.word()),
        ("seat", &outcome.seat),
        ("host", &outcome.host),
    ];
    all.extend(clients.as_ref().map(|clients| ("client", clients.as_str())));
    all.extend(code.map(|code| ("code", code)));
    labels(&all)
}

fn metric(out: &mut String, name: &str, help: &str, samples: &Samples) {
    if samples.is_empty() {
        return;
    }
    let _ = writeln!(out, "# HELP clipcheck_{name} {help}\n# TYPE clipcheck_{name} gauge");
    for (labels, value) in samples {
        let _ = writeln!(out, "clipcheck_{name}{labels} {value}");
    }
}

fn labels(labels: &[(&str, &str)]) -> String {
    let escaped = |value: &str| value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    let labels: Vec<String> = labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
    format!("{{{}}}", labels.join(","))
}
