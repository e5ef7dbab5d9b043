//! The recordings, judged.

use clipcheck::check::Check;
use serde_json::json;

use super::fault::Set;
use super::judged::{differs_alone, differs_healthy, differs_joined, differs_near, read};
use super::pair;

/// One recording, and in what it differs from what must be said of it.
pub struct Compared {
    pub id: String,
    pub differs: Vec<String>,
}

pub fn replay(set: &Set, checks: &[Check]) -> Vec<Compared> {
    let flat = |found: Result<Vec<String>, String>| found.unwrap_or_else(|why| vec![why]);
    let mut all = vec![Compared { id: "healthy".to_owned(), differs: flat(healthy("healthy", &[], checks)) }];
    for fault in &set.faults {
        let mut differs = flat(read(&fault.id, &fault.blind).and_then(|it| differs_alone(&it, &fault.expect, checks)));
        differs.extend(flat(read(&fault.id, &fault.blind).and_then(|it| differs_joined(&it, &fault.expect, checks))));
        differs.dedup();
        all.push(Compared { id: fault.id.clone(), differs });
        let near = format!("{}.near", fault.id);
        let differs = flat(read(&near, &fault.blind).and_then(|it| differs_near(&it, fault, checks)));
        all.push(Compared { id: near, differs });
    }
    for it in &set.pairs {
        let differs = flat(read(&it.id, &[]).and_then(|snapshots| pair::differs(&snapshots, it, checks)));
        all.push(Compared { id: it.id.clone(), differs });
    }
    for variant in &set.healthy {
        all.push(Compared { id: variant.id.clone(), differs: flat(healthy(&variant.id, &variant.warns, checks)) });
    }
    all
}

fn healthy(id: &str, warns: &[String], checks: &[Check]) -> Result<Vec<String>, String> {
    differs_healthy(&read(id, &[])?, warns, checks)
}

/// The replay as text or as JSON; true if all agrees.
pub fn show(all: &[Compared], as_json: bool) -> (String, bool) {
    let wrong = all.iter().filter(|it| !it.differs.is_empty()).count();
    if as_json {
        let entries: Vec<_> = all
            .iter()
            .map(|it| json!({ "id": it.id, "agrees": it.differs.is_empty(), "differs": it.differs }))
            .collect();
        let text =
            serde_json::to_string_pretty(&json!({ "recordings": entries, "disagree": wrong })).unwrap_or_default();
        return (text, wrong == 0);
    }
    let mut lines: Vec<String> = Vec::new();
    for it in all {
        lines.push(format!("{} {}", if it.differs.is_empty() { "agree   " } else { "DISAGREE" }, it.id));
        lines.extend(it.differs.iter().map(|line| format!("    {line}")));
    }
    lines.push(format!("{} of {} recordings agree", all.len() - wrong, all.len()));
    (lines.join("\n"), wrong == 0)
}

/// What there is, as text or as JSON.
pub fn list(set: &Set, as_json: bool) -> String {
    let entries: Vec<_> = set
        .faults
        .iter()
        .map(|fault| {
            let hosts: Vec<&str> = fault.hosts.iter().map(|host| host.word()).collect();
            let expect = &fault.expect;
            json!({
                "id": fault.id,
                "family": fault.family.word(),
                "hosts": hosts,
                "story": fault.story,
                "expect": {
                    "server": expect.server, "client": expect.client, "container": expect.container,
                    "outside": expect.outside, "joined": expect.joined, "warns": expect.warns,
                },
                "near_miss": fault.near_story,
            })
        })
        .collect();
    if as_json {
        let healthy: Vec<_> =
            set.healthy.iter().map(|it| json!({ "id": it.id, "story": it.story, "warns": it.warns })).collect();
        return serde_json::to_string_pretty(&json!({ "faults": entries, "healthy": healthy })).unwrap_or_default();
    }
    let mut lines = Vec::new();
    for fault in &set.faults {
        lines.push(format!("{:<12} {:<28} {}", fault.family.word(), fault.id, fault.story));
        lines.extend(fault.expect.joined.iter().chain(&fault.expect.warns).map(|code| format!("{:<41} {code}", "")));
    }
    lines.extend(set.healthy.iter().map(|it| format!("{:<12} {:<28} {}", "healthy", it.id, it.story)));
    lines.push(format!("{} faults, each with a near miss; {} healthy variants", set.faults.len(), set.healthy.len()));
    lines.join("\n")
}
