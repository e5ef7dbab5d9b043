//! Text that many have in common: it is looked at once, is nearly always clean, and then stays shared.

use std::borrow::Cow;
use std::collections::HashMap;
use std::rc::Rc;

use super::{Texts, clean};
use crate::report::{Lines, Report, Seen};

impl Texts for Report {
    fn clean(&mut self) {
        let Self { hosts, outcomes, notes, since, counts: _, essential_unseen: _ } = self;
        hosts.clean();
        notes.clean();
        since.clean();
        // By where each was before.
        let mut known = HashMap::<*const Seen, (Rc<Seen>, Rc<Seen>)>::new();
        for outcome in outcomes {
            let lines = std::mem::take(&mut outcome.evidence);
            outcome.clean();
            let once = |seen: Rc<Seen>| {
                let (_, cleaned) = known.entry(Rc::as_ptr(&seen)).or_insert_with(|| (Rc::clone(&seen), cleaned(&seen)));
                Rc::clone(cleaned)
            };
            outcome.evidence = Lines(lines.0.into_iter().map(once).collect());
        }
    }
}

fn cleaned(seen: &Rc<Seen>) -> Rc<Seen> {
    let is_clean = |text: &str| matches!(clean(text), Cow::Borrowed(_));
    if is_clean(&seen.seat) && is_clean(&seen.source) && seen.lines.iter().all(|line| is_clean(line)) {
        return Rc::clone(seen);
    }
    let own = |text: &Rc<str>| Rc::from(clean(text));
    Rc::new(Seen { seat: own(&seen.seat), source: own(&seen.source), lines: seen.lines.iter().map(own).collect() })
}

/// An outcome's own lines, where it is not one of a report's.
impl Texts for Lines {
    fn clean(&mut self) {
        self.0.iter_mut().for_each(|seen| *seen = cleaned(seen));
    }
}
