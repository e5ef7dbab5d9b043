//! Counting right, extra and missed.

use std::collections::BTreeSet;

/// Roots said and true, said and not true, true and not said.
#[derive(Default, Clone, Copy)]
pub struct Score {
    pub right: usize,
    pub extra: usize,
    pub missed: usize,
}

impl Score {
    pub fn add(&mut self, found: &BTreeSet<String>, wanted: &BTreeSet<String>) {
        self.right += found.intersection(wanted).count();
        self.extra += found.difference(wanted).count();
        self.missed += wanted.difference(found).count();
    }

    pub fn is_empty(self) -> bool {
        self.right + self.extra + self.missed == 0
    }

    pub fn precision(self) -> f64 {
        share(self.right, self.right + self.extra)
    }

    pub fn recall(self) -> f64 {
        share(self.right, self.right + self.missed)
    }

    pub fn f1(self) -> f64 {
        share(2 * self.right, 2 * self.right + self.extra + self.missed)
    }

    pub fn words(self) -> String {
        if self.is_empty() {
            return "-".to_owned();
        }
        format!("{:.2} / {:.2} / {:.2}", self.precision(), self.recall(), self.f1())
    }
}

/// A part of a whole; all of nothing is all.
#[expect(clippy::cast_precision_loss, reason = "there are hundreds of them")]
pub fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 1.0 } else { part as f64 / whole as f64 }
}
