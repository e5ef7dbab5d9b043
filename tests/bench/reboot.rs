//! What is said of the next boot, and what the next boot brings.
//!
//! A fault whose `expect.reboot` names roots is one that a warning foretells: the warning is seen, the host boots again,
//! and exactly those roots are there. Everything that is healthy and foretells nothing (near misses, healthy variants)
//! boots again too, and must still be healthy.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use clipcheck::check::Check;
use clipcheck::fact::Vantage;

use super::fault::{Fault, Healthy, Set};
use super::judged::{Verdicts, differs_healthy, differs_joined, judged};
use super::lab::{Lab, LabError};
use super::live::{broken, in_labs, until_right};

#[derive(Clone, Copy)]
enum Item<'a> {
    Foretold(&'a Fault),
    Near(&'a Fault),
    Healthy(&'a Healthy),
}

impl Item<'_> {
    fn id(&self) -> String {
        match self {
            Self::Foretold(fault) => fault.id.clone(),
            Self::Near(fault) => format!("{}.near", fault.id),
            Self::Healthy(variant) => variant.id.clone(),
        }
    }
}

/// Boots everything again that foretells something, and everything healthy; returns how many predictions were wrong.
pub fn reboot(set: &Set, jobs: usize, checks: &[Check]) -> Result<usize, LabError> {
    let mut items = Vec::new();
    for fault in set.faults.iter().filter(|fault| !fault.expect.reboot.is_empty()) {
        items.extend([Item::Foretold(fault), Item::Near(fault)]);
    }
    let foretold = items.len() / 2;
    for variant in &set.healthy {
        match &variant.no_reboot {
            Some(why) => println!("left out   {}: {why}", variant.id),
            None => items.push(Item::Healthy(variant)),
        }
    }
    let count = items.len();
    let wrong = in_labs(items, jobs, |lab, item| {
        let started = Instant::now();
        let differs = one(lab, item, checks).unwrap_or_else(|why| vec![why]);
        let word = if differs.is_empty() { "as foretold" } else { "OTHERWISE  " };
        let mut lines = vec![format!("{word} {} ({:.0} s)", item.id(), started.elapsed().as_secs_f32())];
        lines.extend(differs.iter().map(|line| format!("    {line}")));
        println!("{}", lines.join("\n"));
        differs.is_empty()
    })?;
    println!(
        "{} of {count} booted as foretold: {foretold} that must break, {} that must not; {wrong} otherwise",
        count - wrong,
        count - foretold
    );
    Ok(wrong)
}

fn one(lab: &mut Lab, item: Item<'_>, checks: &[Check]) -> Result<Vec<String>, String> {
    lab.mend()?;
    match item {
        Item::Foretold(fault) => {
            broken(lab, fault)?;
            let before = judged(&lab.look(&fault.args, &fault.blind)?, checks)?;
            let mut wrong = differs_joined(&before, &fault.expect);
            for line in &mut wrong {
                line.insert_str(0, "before the boot: ");
            }
            for host in &fault.hosts {
                lab.reboot(if *host == Vantage::Container { Vantage::Client } else { *host }.word())?;
            }
            let wanted: BTreeSet<String> = fault.expect.reboot.iter().cloned().collect();
            let (_, otherwise) = until_right(lab, (&fault.args, &fault.blind), |snapshots| {
                let said = judged(snapshots, checks)?;
                let roots = &said.roots;
                let missed = wanted.difference(roots).map(|code| format!("{code} was foretold and is not"));
                Ok(missed.chain(roots.difference(&wanted).map(|code| format!("{code} was not foretold"))).collect())
            })?;
            wrong.extend(otherwise.into_iter().map(|line| format!("after the boot: {line}")));
            Ok(wrong)
        }
        Item::Near(fault) => {
            lab.make_well(&item.id(), fault.after.as_deref())?;
            still_healthy(lab, fault.near.keys(), &fault.args, &fault.near_warns, checks)
        }
        Item::Healthy(variant) => {
            lab.make_well(&variant.id, variant.after.as_deref())?;
            still_healthy(lab, variant.make.keys(), &variant.args, &variant.warns, checks)
        }
    }
}

fn still_healthy<'a>(
    lab: &Lab,
    hosts: impl Iterator<Item = &'a String>,
    args: &BTreeMap<Vantage, Vec<String>>,
    warns: &[String],
    checks: &[Check],
) -> Result<Vec<String>, String> {
    for host in hosts.filter(|host| *host != "outside") {
        lab.reboot(host)?;
    }
    lab.wait_healthy()?;
    let wrong = differs_healthy(&Verdicts::of("after the boot", &lab.look(args, &[])?, &[], checks)?, warns);
    Ok(wrong.into_iter().map(|line| format!("after the boot: {line}")).collect())
}
