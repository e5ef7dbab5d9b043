//! What a command would do to the machine and the network, in place of what it saw: nothing was looked at.

use std::collections::BTreeMap;

use crate::fact::order::InOrder;
use crate::fact::touch::{NAMES, Touch};
use crate::profile::Profile;

/// The plan of a command.
#[derive(Debug, Clone)]
pub struct DryRun {
    /// Its parts, in the order of doing.
    pub parts: Vec<Part>,
    /// What the `{names}` in it stand for.
    pub names: BTreeMap<String, String>,
}

/// What is done in every run, to find out which host this is, or as one vantage.
#[derive(Debug, Clone)]
pub struct Part {
    /// Of what it is a part: `start`, `vantage`, a vantage, `container`, `ssh`, `files`.
    pub id: &'static str,
    /// The same in a line.
    pub title: String,
    /// Each look by itself.
    pub looks: Vec<Planned>,
}

/// What one look does.
#[derive(Debug, Clone)]
pub struct Planned {
    /// The look, as check files have it; empty where it is none.
    pub look: String,
    /// What is looked at.
    pub says: String,
    /// What is done, each once.
    pub touches: Vec<Touch>,
}

impl Part {
    /// A part that is no look.
    pub fn of(id: &'static str, title: &str, touches: Vec<Touch>) -> Self {
        let planned = Planned::new(String::new(), "", touches);
        Self { id, title: title.to_owned(), looks: vec![planned] }
    }
}

impl Planned {
    /// Tells what several parts of a look have in common once. What is done anyway has no condition.
    pub fn new(look: String, says: &str, mut touches: Vec<Touch>) -> Self {
        touches.in_order();
        touches.dedup_by(|next, kept| (next.act, &next.what) == (kept.act, &kept.what));
        Self { look, says: says.to_owned(), touches }
    }
}

impl DryRun {
    /// With what the user told in place of its names. What is told may be believed: it goes before whatever is found.
    pub fn new(mut parts: Vec<Part>, profile: &Profile) -> Self {
        let told: Vec<(&str, String)> = [
            ("server", profile.server.map(|it| it.to_string())),
            ("client", profile.client.map(|it| it.to_string())),
            ("public", profile.public.map(|it| it.to_string())),
            ("redis-port", profile.redis_port.map(|it| it.to_string())),
            ("postgres-port", profile.postgres_port.map(|it| it.to_string())),
            ("container", profile.container.clone()),
            ("web-env", profile.web_env.clone()),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect();
        let mut names = BTreeMap::new();
        for touch in parts.iter_mut().flat_map(|part| &mut part.looks).flat_map(|look| &mut look.touches) {
            for (name, value) in &told {
                touch.what = touch.what.replace(&format!("{{{name}}}"), value);
            }
            let known = NAMES.iter().filter(|(name, _)| touch.names().any(|own| own == *name));
            names.extend(known.map(|(name, says)| ((*name).to_owned(), (*says).to_owned())));
        }
        Self { parts, names }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fact::touch::{connects, only, reads};

    #[test]
    fn what_was_told_stands_in_place_of_its_name() {
        let touches = connects(&["tcp {server}:{redis-port}"]);
        let plan = |profile: &Profile| {
            let plan = DryRun::new(vec![Part::of("server", "", touches.clone())], profile);
            (plan.parts[0].looks[0].touches[0].what.clone(), plan.names.len())
        };
        assert_eq!(plan(&Profile::default()), ("tcp {server}:{redis-port}".to_owned(), 2));
        let told = Profile { server: "10.9.0.1".parse().ok(), redis_port: Some(6380), ..Profile::default() };
        assert_eq!(plan(&told), ("tcp 10.9.0.1:6380".to_owned(), 0));
    }

    #[test]
    fn what_is_done_anyway_has_no_condition() {
        let planned = Planned::new(String::new(), "", [only("if so", reads(&["/x"])), reads(&["/x"])].concat());
        assert_eq!(planned.touches, reads(&["/x"]));
    }
}
