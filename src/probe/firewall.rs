//! Reads ufw's stored rules. What iptables really holds may differ; `ufw reload` makes them one.

use super::Looked;
use super::host::{self, Text};
use crate::fact::firewall::{Action, Ufw, rules};
use crate::fact::{Fact, Unseen};

const SWITCH: &str = "/etc/ufw/ufw.conf";
const DEFAULTS: &str = "/etc/default/ufw";
const RULES: &str = "/etc/ufw/user.rules";

pub(super) fn ufw() -> Looked {
    Looked::new(RULES, look().map(Fact::Ufw))
}

fn look() -> Result<Ufw, Unseen> {
    let switch = match host::read(SWITCH) {
        Text::Missing => {
            return Ok(Ufw {
                enabled: false,
                installed: false,
                // Without ufw nothing it could refuse is refused; a firewall of another make is not seen here.
                default_input: Action::Allow,
                path: RULES.to_owned(),
                rules: Vec::new(),
            });
        }
        Text::Read(text) => text,
        Text::Forbidden | Text::Failed(_) => host::read_or_unseen(SWITCH)?,
    };
    let policy = rules::setting(&host::read_or_unseen(DEFAULTS)?, "DEFAULT_INPUT_POLICY");
    let default_input = policy
        .as_deref()
        .and_then(rules::policy)
        .ok_or_else(|| Unseen::Unreadable(format!("{DEFAULTS}: no DEFAULT_INPUT_POLICY that ufw knows")))?;
    Ok(Ufw {
        enabled: rules::setting(&switch, "ENABLED").as_deref() == Some("yes"),
        installed: true,
        default_input,
        path: RULES.to_owned(),
        rules: rules::read(&host::read_or_unseen(RULES)?),
    })
}
