//! `[plugin]`: a program of the user's, by the convention of monitoring plug-ins.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::mistakes::Wrong;
use crate::check::{Cause, Fix, Severity};
use crate::fact::Vantage;
use crate::fact::plugin::{Arguments, Program};

/// The causes of a check with a plug-in: its exit codes 1 and 2.
pub const PLUGIN_CAUSES: [&str; 2] = ["warning", "critical"];

/// How long it may take if its file does not say, and at most: in seconds.
const USUAL: u64 = 10;
const MOST: u64 = 60;

/// The form of `[plugin]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Plugin {
    pub(super) at: Spanned<Vec<Vantage>>,
    program: Spanned<String>,
    #[serde(default)]
    arguments: Arguments,
    #[serde(default)]
    timeout: Option<Spanned<u64>>,
    #[serde(default)]
    user: Option<Spanned<String>>,
}

impl Plugin {
    pub(super) fn rules(&self) -> Vec<Wrong> {
        let mut wrong = Vec::new();
        let mut rule = |is_wrong: bool, at: std::ops::Range<usize>, says: String| {
            if is_wrong {
                wrong.push(Wrong { at, says, key: None });
            }
        };
        let Self { at, program, timeout, user, arguments } = self;
        rule(at.get_ref().is_empty(), at.span(), "a plug-in that is run nowhere cannot fail".to_owned());
        let path = program.get_ref();
        // What was put in place of a missing key is empty.
        let relative = !path.is_empty() && !path.starts_with('/');
        let says = format!(
            "`{path}` is no full path: a plug-in is not searched for, as in /usr/lib/nagios/plugins/check_disk"
        );
        rule(relative, program.span(), says);
        rule(path.contains('\0'), program.span(), "a path has no NUL character".to_owned());
        rule(
            arguments.0.iter().any(|it| it.contains('\0')),
            program.span(),
            "an argument has a NUL character".to_owned(),
        );
        if let Some(timeout) = timeout {
            let is_wrong = !(1..=MOST).contains(timeout.get_ref());
            rule(is_wrong, timeout.span(), format!("a plug-in may take 1 to {MOST} seconds"));
        }
        if let Some(user) = user {
            let is_name = |it: &str| !it.is_empty() && !it.contains([':', '\n', '/', '\0']);
            rule(!is_name(user.get_ref()), user.span(), "that is no user's name".to_owned());
        }
        wrong
    }

    pub(super) fn program(self, file: &str) -> Program {
        Program {
            path: self.program.into_inner(),
            arguments: self.arguments,
            timeout: self.timeout.map_or(USUAL, Spanned::into_inner),
            user: self.user.map(Spanned::into_inner),
            file: file.to_owned(),
        }
    }
}

/// Its causes as the file words them, or in the plug-in's own words. Exit code 1 is never more than a warning.
pub(super) fn causes(mut written: BTreeMap<String, Cause>) -> BTreeMap<String, Cause> {
    for name in PLUGIN_CAUSES {
        let cause = written.entry(name.to_owned()).or_insert_with(in_its_own_words);
        if name == "warning" && cause.severity == Severity::Failed {
            cause.severity = Severity::Warning;
        }
    }
    written
}

fn in_its_own_words() -> Cause {
    Cause {
        severity: Severity::Failed,
        says: "{name} says \u{201c}{output}\u{201d}".to_owned(),
        why: None,
        alternatives: BTreeMap::new(),
        needs: crate::check::Needs::default(),
        tell: None,
        fix: Fix {
            on: None,
            say: "Correct what its line names.".to_owned(),
            run: Vec::new(),
            variable: None,
            know: "The plug-in says OK.".to_owned(),
        },
        windows: None,
        native: None,
        contained: None,
        other_app: None,
    }
}
