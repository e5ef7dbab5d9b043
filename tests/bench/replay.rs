//! The recordings, judged.

use clipcheck::fact::Vantage;
use serde_json::json;

use super::fault::Set;
use super::judged::{Verdicts, differs_alone, differs_healthy, differs_joined, differs_near, verdicts};
use super::pair;

/// One recording, and in what it differs from what must be said of it.
pub struct Compared {
    pub id: String,
    pub differs: Vec<String>,
}

pub fn replay(set: &Set) -> Vec<Compared> {
    let compared = |id: &str, blind: &[Vantage], differs: &dyn Fn(&Verdicts) -> Vec<String>| Compared {
        id: id.to_owned(),
        differs: verdicts(id, blind).map_or_else(|why| vec![why], |verdicts| differs(&verdicts)),
    };
    let mut all = vec![compared("healthy", &[], &|verdicts| differs_healthy(verdicts, &[]))];
    for fault in &set.faults {
        all.push(compared(&fault.id, &fault.blind, &|verdicts| {
            let mut differs = differs_alone(verdicts, &fault.expect);
            differs.extend(differs_joined(verdicts.together(), &fault.expect));
            differs
        }));
        all.push(compared(&format!("{}.near", fault.id), &fault.blind, &|verdicts| differs_near(verdicts, fault)));
    }
    for it in &set.pairs {
        all.push(compared(&it.id, &[], &|verdicts| pair::differs(verdicts.together(), it)));
    }
    for it in &set.healthy {
        all.push(compared(&it.id, &[], &|verdicts| differs_healthy(verdicts, &it.warns)));
    }
    all
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
                "made_up": fault.is_made_up(),
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
        let made_up = if fault.is_made_up() { " (made up)" } else { "" };
        lines.push(format!("{:<12} {:<28} {}{made_up}", fault.family.word(), fault.id, fault.story));
        lines.extend(fault.expect.joined.iter().chain(&fault.expect.warns).map(|code| format!("{:<41} {code}", "")));
    }
    lines.extend(set.healthy.iter().map(|it| format!("{:<12} {:<28} {}", "healthy", it.id, it.story)));
    lines.push(format!("{} faults, each with a near miss; {} healthy variants", set.faults.len(), set.healthy.len()));
    lines.join("\n")
}
