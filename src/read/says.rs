//! What is said of a fact: its one word, and its lines. Nearly every fact says them itself; the kernel's rules are kept as
//! they were listed, and are read first.

use super::netfilter::model;
use crate::fact::Fact;
use crate::fact::firewall::netfilter::Netfilter;
use crate::fact::look::{Lines, says, word};

/// What is said of a fact.
pub trait Says {
    /// The one word for what was seen, which a plain check may expect.
    fn label(&self) -> &'static str;

    /// What was seen in lines a person can check by hand: the evidence under a finding.
    fn summary(&self) -> Vec<String>;
}

impl Says for Netfilter {
    fn label(&self) -> &'static str {
        model(self).label()
    }

    fn summary(&self) -> Vec<String> {
        model(self).summary()
    }
}

looks!(says);
