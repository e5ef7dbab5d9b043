//! The report's sentences for formats without a table: what each answer says, where it is, and how it all ended.

use std::net::IpAddr;

use super::{Answer, Change, Diagnosis, Host, Now, Outcome, Report};
use crate::fact::Vantage;
use crate::fact::order::InOrder;
use crate::profile::{Known, Origin};
use crate::snapshot::Rights;

impl Report {
    /// All that there is to read of, the gravest first: roots, warnings, notes; else in the order of the catalogue.
    pub fn found(&self) -> Vec<(&Outcome, &Diagnosis)> {
        let mut found: Vec<_> = self.outcomes.iter().filter_map(|it| Some((it, it.found()?))).collect();
        found.in_order_of(|(outcome, _)| match outcome.answer {
            Answer::Root { .. } => 0,
            Answer::Warns(_) => 1,
            Answer::Notes(_)
            | Answer::Holds
            | Answer::Despite(_)
            | Answer::Explained { .. }
            | Answer::Unseen(_)
            | Answer::NotApplicable(_) => 2,
        });
        found
    }
}

impl Outcome {
    /// What there is to read besides the table: the cause of a root, a warning or a note.
    pub fn found(&self) -> Option<&Diagnosis> {
        match &self.answer {
            Answer::Root { diagnosis, .. } | Answer::Warns(diagnosis) | Answer::Notes(diagnosis) => Some(diagnosis),
            Answer::Holds
            | Answer::Despite(_)
            | Answer::Explained { .. }
            | Answer::Unseen(_)
            | Answer::NotApplicable(_) => None,
        }
    }

    /// The answer in a sentence.
    pub fn says(&self) -> String {
        match &self.answer {
            Answer::Holds => self.title.clone(),
            Answer::Despite(broken) => format!("{}, although {} failed", self.title, broken.join(", ")),
            Answer::Root { diagnosis, .. } | Answer::Warns(diagnosis) | Answer::Notes(diagnosis) => {
                diagnosis.says.clone()
            }
            Answer::Explained { by, .. } => format!("explained by {}", by.join(", ")),
            Answer::Unseen(why) => format!("not seen: {why}"),
            Answer::NotApplicable(why) => format!("does not apply: {why}"),
        }
    }

    /// Where, and for which clients if not for all.
    pub fn place(&self) -> String {
        let host = if self.host == self.seat { String::new() } else { format!(" ({})", self.host) };
        let clients =
            if self.clients.is_empty() { String::new() } else { format!(", for {}", self.clients.join(", ")) };
        format!("the {}{host}{clients}", self.seat)
    }
}

impl Host {
    /// Who looked, from where, when, and at which deployment.
    pub fn says(&self) -> String {
        let end = |known: &Known<IpAddr>| {
            let guide = if known.origin == Origin::Assumed { " (the guide's)" } else { "" };
            format!("{}{guide}", known.value)
        };
        let addresses = &self.addresses;
        let tunnel = match (self.vantage, self.several_clients) {
            (Vantage::Outside, _) => addresses.public.map_or_else(String::new, |public| format!("server at {public}")),
            (_, true) => format!("server {}, several clients", end(&addresses.server)),
            (_, false) => format!("server {}, client {}", end(&addresses.server), end(&addresses.client)),
        };
        let rights = self.rights_in_words();
        format!(
            "clipcheck {} on {} as {} ({}), {rights}, {}; {tunnel}",
            env!("CARGO_PKG_VERSION"),
            self.name,
            self.seat,
            self.vantage_by,
            self.at()
        )
    }

    /// With which rights was looked, in that system's words.
    pub fn rights_in_words(&self) -> &'static str {
        match self.rights {
            Rights::Root => "as root",
            Rights::Administrator => "as administrator",
            Rights::User if self.platform == "windows" => "not as administrator",
            Rights::User => "without root",
        }
    }

    /// When it was looked at, in RFC 3339.
    pub fn at(&self) -> String {
        jiff::Timestamp::from_second(i64::try_from(self.taken_at).unwrap_or(0)).unwrap_or_default().to_string()
    }
}

impl Diagnosis {
    /// What to do, with the host to do it on.
    pub fn fix_says(&self) -> String {
        self.fix.on.map_or_else(|| self.fix.say.clone(), |on| format!("on the {on}: {}", self.fix.say))
    }
}

impl Change {
    /// What became of it, in a sentence.
    pub fn says(&self) -> String {
        let more = match &self.now {
            Now::Fixed | Now::Still => String::new(),
            Now::Otherwise(code) => format!(": now {code}"),
            Now::Explained(by) => format!(": now explained by {}", by.join(", ")),
            Now::Unseen(why) | Now::New(why) => format!(": {why}"),
        };
        format!("{} ({}) {}{more}", self.code, self.seat, self.now.word())
    }
}

impl Report {
    /// How it ended, in a few words.
    pub fn verdict(&self) -> String {
        match self.counts.roots {
            0 if self.essential_unseen => {
                "Nothing that was seen failed, but not everything required was seen".to_owned()
            }
            0 => "Nothing failed".to_owned(),
            1 => "1 root cause".to_owned(),
            several => format!("{several} root causes"),
        }
    }

    /// The same with how many there are of each answer.
    pub fn closing(&self) -> String {
        let counts = self.counts;
        let plural = |count: usize, word: &str| if count == 1 { word.to_owned() } else { format!("{word}s") };
        let parts = [
            (counts.explained, "explained".to_owned()),
            (counts.warns, plural(counts.warns, "warning")),
            (counts.notes, plural(counts.notes, "note")),
            (counts.unseen, "not seen".to_owned()),
            (counts.holds, "OK".to_owned()),
        ];
        let parts = parts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}"));
        std::iter::once(self.verdict()).chain(parts).collect::<Vec<_>>().join(", ") + "."
    }
}
