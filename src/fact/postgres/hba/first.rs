//! Which line rules: the first that fits. Pure.

use std::net::IpAddr;

use ipnet::IpNet;

use super::{HbaFrom, HbaKind, HbaLine, HbaName, HbaRule, HbaSaid, PgHba};

/// Somebody who comes over the network.
#[derive(Debug, Clone, Copy)]
pub struct Guest<'a> {
    /// From where, as PostgreSQL sees it.
    pub from: IpAddr,
    /// As whom.
    pub role: &'a str,
    /// To which database.
    pub database: &'a str,
    /// Whether the connection is encrypted.
    pub ssl: bool,
    /// The roles that he is a member of, where that is known.
    pub groups: Option<&'a [String]>,
    /// The server's own addresses with their networks, where they are known.
    pub own: Option<&'a [IpNet]>,
}

/// What rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum First<'a> {
    /// This line.
    Line(&'a HbaLine, &'a HbaRule),
    /// None fits: PostgreSQL refuses.
    None,
    /// Whether this line fits depends on something that is not known: a role's groups, the server's addresses, a name.
    Open(&'a HbaLine),
    /// PostgreSQL cannot read this line, and so uses none of the file.
    Bad(&'a HbaLine),
}

/// `None` stands for "depends on what is not known".
type Fits = Option<bool>;

impl PgHba {
    /// The first line that fits.
    pub fn first(&self, guest: &Guest<'_>) -> First<'_> {
        if let Some((line, _)) = self.bad().next() {
            return First::Bad(line);
        }
        for line in &self.lines {
            let HbaSaid::Rule(rule) = &line.said else { continue };
            match fits(rule, guest) {
                Some(true) => return First::Line(line, rule),
                Some(false) => {}
                None => return First::Open(line),
            }
        }
        First::None
    }
}

fn fits(rule: &HbaRule, guest: &Guest<'_>) -> Fits {
    let kind = match rule.kind {
        HbaKind::Local => false,
        HbaKind::Host | HbaKind::HostNoGssEnc => true,
        HbaKind::HostSsl => guest.ssl,
        HbaKind::HostNoSsl => !guest.ssl,
        // Nobody in this deployment speaks Kerberos.
        HbaKind::HostGssEnc => false,
    };
    let conditions = [
        Some(kind),
        rule.from.as_ref().map_or(Some(true), |from| comes_from(from, guest)),
        any(rule.databases.iter().map(|name| database(name, guest))),
        any(rule.roles.iter().map(|name| role(name, guest))),
    ];
    // What does not fit in one respect does not fit, whatever the others are.
    if conditions.contains(&Some(false)) {
        return Some(false);
    }
    if conditions.contains(&None) { None } else { Some(true) }
}

fn any(conditions: impl Iterator<Item = Fits>) -> Fits {
    let mut open = false;
    for condition in conditions {
        match condition {
            Some(true) => return Some(true),
            Some(false) => {}
            None => open = true,
        }
    }
    if open { None } else { Some(false) }
}

fn comes_from(from: &HbaFrom, guest: &Guest<'_>) -> Fits {
    match from {
        HbaFrom::All => Some(true),
        HbaFrom::Net { address, mask } => Some(same_under(*address, guest.from, *mask)),
        HbaFrom::SameHost => guest.own.map(|own| own.iter().any(|net| net.addr() == guest.from)),
        HbaFrom::SameNet => guest.own.map(|own| own.iter().any(|net| net.contains(&guest.from))),
        HbaFrom::Name(_) => None,
    }
}

fn same_under(one: IpAddr, other: IpAddr, mask: IpAddr) -> bool {
    match (one, other, mask) {
        (IpAddr::V4(one), IpAddr::V4(other), IpAddr::V4(mask)) => {
            (u32::from(one) ^ u32::from(other)) & u32::from(mask) == 0
        }
        (IpAddr::V6(one), IpAddr::V6(other), IpAddr::V6(mask)) => {
            (u128::from(one) ^ u128::from(other)) & u128::from(mask) == 0
        }
        _ => false,
    }
}

fn database(name: &HbaName, guest: &Guest<'_>) -> Fits {
    if name.is_keyword("all") {
        Some(true)
    } else if name.is_keyword("sameuser") {
        Some(guest.database == guest.role)
    } else if name.is_keyword("samegroup") || name.is_keyword("samerole") {
        member(guest.database, guest)
    } else if name.is_keyword("replication") {
        Some(false)
    } else {
        matches(name, guest.database)
    }
}

fn role(name: &HbaName, guest: &Guest<'_>) -> Fits {
    if let Some(group) = name.text.strip_prefix('+').filter(|_| !name.quoted) {
        member(group, guest)
    } else if name.is_keyword("all") {
        Some(true)
    } else {
        matches(name, guest.role)
    }
}

/// Every role is a member of itself; that a role does not exist is for others to say.
fn member(group: &str, guest: &Guest<'_>) -> Fits {
    if group == guest.role {
        return Some(true);
    }
    guest.groups.map(|groups| groups.iter().any(|it| it == group))
}

/// From PostgreSQL 16 on a name that begins with `/` is a regular expression; before, it is a name that nobody has.
fn matches(name: &HbaName, text: &str) -> Fits {
    if !name.quoted && name.text.starts_with('/') && name.text.len() > 1 {
        return None;
    }
    Some(name.text == text)
}
