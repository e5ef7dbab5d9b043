//! `pg_hba.conf`: who may come from where to which database, and how he proves who he is. The first line that fits
//! rules.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

pub mod first;

/// The file as written, with what it includes, in the order in which PostgreSQL tries the lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PgHba {
    /// The main file.
    pub path: String,
    /// The container that it is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
    /// When the youngest of its files last changed, in seconds since the epoch.
    pub changed_at: u64,
    /// Its lines, blank ones and comments left out.
    pub lines: Vec<HbaLine>,
}

impl PgHba {
    /// The same of a container, whose files are called as `docker cp` has them.
    #[must_use]
    pub fn inside(mut self, container: &str) -> Self {
        for path in std::iter::once(&mut self.path).chain(self.lines.iter_mut().map(|line| &mut line.path)) {
            path.insert_str(0, &format!("{container}:"));
        }
        Self { container: Some(container.to_owned()), ..self }
    }
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HbaLine {
    /// The file it stands in.
    pub path: String,
    /// From 1; the first one where a backslash continues it.
    pub line: u32,
    /// What it says.
    pub said: HbaSaid,
}

/// What a line says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HbaSaid {
    /// A rule.
    Rule(HbaRule),
    /// Something that PostgreSQL cannot read; holds what is wrong with it, in words that quote nothing of the line
    /// (its options may hold the password of an LDAP or RADIUS server).
    Bad(String),
}

/// A rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HbaRule {
    /// `local`, `host`, `hostssl`, `hostnossl`, `hostgssenc`, `hostnogssenc`.
    pub kind: HbaKind,
    /// The databases.
    pub databases: Vec<HbaName>,
    /// The roles.
    pub roles: Vec<HbaName>,
    /// From where; none for `local`.
    pub from: Option<HbaFrom>,
    /// How: `scram-sha-256`, `reject`.
    pub method: String,
}

/// Over which kind of connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "named as in the file")]
pub enum HbaKind {
    Local,
    Host,
    HostSsl,
    HostNoSsl,
    HostGssEnc,
    HostNoGssEnc,
}

impl HbaKind {
    const ALL: [(Self, &'static str); 6] = [
        (Self::Local, "local"),
        (Self::Host, "host"),
        (Self::HostSsl, "hostssl"),
        (Self::HostNoSsl, "hostnossl"),
        (Self::HostGssEnc, "hostgssenc"),
        (Self::HostNoGssEnc, "hostnogssenc"),
    ];

    /// As in the file.
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(kind, _)| *kind == self).map_or("", |(_, word)| word)
    }

    /// From the word in the file.
    pub fn read(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, it)| *it == word).map(|(kind, _)| *kind)
    }
}

/// A database or a role. In quotation marks, a keyword is only a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HbaName {
    /// Without quotation marks.
    pub text: String,
    /// Whether it began with one.
    pub quoted: bool,
}

/// From which addresses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HbaFrom {
    /// `all`.
    All,
    /// `samehost`: the server's own addresses.
    SameHost,
    /// `samenet`: the networks that the server is in.
    SameNet,
    /// An address and its mask, which need not be a prefix.
    Net {
        /// As written, host bits included.
        address: IpAddr,
        /// The bits that count.
        mask: IpAddr,
    },
    /// A host name, or `.suffix` of one: PostgreSQL asks its resolver, both ways.
    Name(String),
}

impl PgHba {
    /// The lines that PostgreSQL cannot read. One is enough for it to keep the rules it had, and not to start.
    pub fn bad(&self) -> impl Iterator<Item = (&HbaLine, &str)> {
        self.lines.iter().filter_map(|line| match &line.said {
            HbaSaid::Bad(why) => Some((line, why.as_str())),
            HbaSaid::Rule(_) => None,
        })
    }

    pub(crate) fn summary(&self) -> Vec<String> {
        self.lines
            .iter()
            .map(|line| match &line.said {
                HbaSaid::Rule(rule) => format!("{}:{}: {rule}", line.path, line.line),
                HbaSaid::Bad(why) => format!("{}:{}: {why}", line.path, line.line),
            })
            .collect()
    }
}

impl std::fmt::Display for HbaRule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names = |names: &[HbaName]| names.iter().map(HbaName::written).collect::<Vec<_>>().join(",");
        write!(f, "{} {} {}", self.kind.word(), names(&self.databases), names(&self.roles))?;
        match &self.from {
            None => {}
            Some(HbaFrom::All) => f.write_str(" all")?,
            Some(HbaFrom::SameHost) => f.write_str(" samehost")?,
            Some(HbaFrom::SameNet) => f.write_str(" samenet")?,
            Some(HbaFrom::Name(name)) => write!(f, " {name}")?,
            Some(HbaFrom::Net { address, mask }) => match ipnet::ip_mask_to_prefix(*mask) {
                Ok(length) => write!(f, " {address}/{length}")?,
                Err(_) => write!(f, " {address} {mask}")?,
            },
        }
        write!(f, " {}", self.method)
    }
}

impl HbaName {
    fn written(&self) -> String {
        if self.quoted { format!("\"{}\"", self.text.replace('"', "\"\"")) } else { self.text.clone() }
    }

    /// Whether it is a keyword, and not a name in quotation marks.
    pub fn is_keyword(&self, word: &str) -> bool {
        !self.quoted && self.text == word
    }
}
