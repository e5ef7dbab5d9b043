//! Many clients on one screen: what is alike for more than a few is one line. JSON has each.

use crate::report::{Answer, Outcome};

/// So many of a kind are shown one by one.
const FEW: usize = 3;

/// Outcomes of one check and one part of the deployment with the same answer.
pub(super) struct Group<'a> {
    pub(super) outcomes: Vec<&'a Outcome>,
    /// How many answers the check has at this part.
    of: usize,
}

/// In the order of the report.
pub(super) fn groups(outcomes: &[Outcome]) -> Vec<Group<'_>> {
    let alike = |one: &Outcome, other: &Outcome| one.check == other.check && one.vantage == other.vantage;
    outcomes
        .chunk_by(alike)
        .flat_map(|all| {
            let mut groups = Vec::<Group<'_>>::new();
            for outcome in all {
                let kind = std::mem::discriminant(&outcome.answer);
                let known = groups.iter_mut().find(|group| {
                    group.outcomes.first().is_some_and(|first| std::mem::discriminant(&first.answer) == kind)
                });
                match known {
                    Some(group) => group.outcomes.push(outcome),
                    None => groups.push(Group { outcomes: vec![outcome], of: all.len() }),
                }
            }
            groups
        })
        .collect()
}

impl<'a> Group<'a> {
    /// Those that are shown one by one: all if they are few; of many that say something else each, the first ones.
    pub(super) fn shown(&self) -> &[&'a Outcome] {
        if self.is_many() { self.outcomes.get(..FEW).unwrap_or_default() } else { &self.outcomes }
    }

    /// Whether their answer is of this kind.
    pub(super) fn is(&self, kind: fn(&Answer) -> bool) -> bool {
        self.outcomes.first().is_some_and(|first| kind(&first.answer))
    }

    /// Whether they are one line.
    pub(super) fn is_many(&self) -> bool {
        self.outcomes.len() > FEW
    }

    /// `997 of 1000 clients`; of the one server `server, for 997 clients`.
    pub(super) fn count(&self) -> String {
        let Some(first) = self.outcomes.first() else { return String::new() };
        if first.seat == first.vantage.word() {
            let clients: usize = self.outcomes.iter().map(|outcome| outcome.clients.len()).sum();
            return format!("{}, for {clients} clients", first.seat);
        }
        format!("{} of {} {}s", self.outcomes.len(), self.of, first.vantage)
    }

    /// The seats of those that are not shown, the first few by name.
    pub(super) fn rest(&self) -> Option<String> {
        let rest = self.outcomes.get(FEW..).filter(|rest| !rest.is_empty() && self.is_many())?;
        let name = |outcome: &&Outcome| match outcome.clients.first() {
            Some(client) => format!("{} for {client}", outcome.seat),
            None => outcome.seat.clone(),
        };
        let names = rest.iter().take(FEW).map(name).collect::<Vec<_>>().join(", ");
        let more = if rest.len() > FEW { ", …" } else { "" };
        Some(format!("{} more of the same kind: {names}{more}", rest.len()))
    }
}
