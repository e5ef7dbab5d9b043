//! `pg_hba_file_rules`: pg_hba.conf, as it is now, in the server's own reading. It leaves the quotation marks out (hbafuncs.c
//! calls that "formally ambiguous"), so that our reading is the better one wherever the two agree in all else.

use std::net::IpAddr;

use serde::Deserialize;

use crate::fact::postgres::hba::{HbaFrom, HbaKind, HbaLine, HbaName, HbaRule, HbaSaid, PgHba};

/// One row. What is wrong with a line is not asked for: it may quote a password.
#[derive(Debug, Deserialize)]
pub struct Row {
    path: String,
    line: u32,
    /// None where the server cannot read the line.
    kind: Option<String>,
    #[serde(default)]
    databases: Option<Vec<String>>,
    #[serde(default)]
    roles: Option<Vec<String>>,
    address: Option<String>,
    mask: Option<String>,
    method: Option<String>,
}

/// The lines that the server reads otherwise, as it reads them.
pub fn otherwise(ours: &PgHba, rows: &[Row]) -> Vec<HbaLine> {
    let differs = |row: &&Row| {
        let line = ours.lines.iter().find(|it| it.path == row.path && it.line == row.line);
        line.is_some_and(|line| match (&line.said, said(row)) {
            (HbaSaid::Rule(ours), HbaSaid::Rule(theirs)) => bare(ours) != theirs,
            (HbaSaid::Bad(_), HbaSaid::Bad(_)) => false,
            (HbaSaid::Rule(_), HbaSaid::Bad(_)) | (HbaSaid::Bad(_), HbaSaid::Rule(_)) => true,
        })
    };
    let line = |row: &Row| HbaLine { path: row.path.clone(), line: row.line, said: said(row) };
    rows.iter().filter(differs).map(line).collect()
}

fn said(row: &Row) -> HbaSaid {
    rule(row).map_or_else(|| HbaSaid::Bad("PostgreSQL cannot read it".to_owned()), HbaSaid::Rule)
}

fn rule(row: &Row) -> Option<HbaRule> {
    let names = |names: &Option<Vec<String>>| names.iter().flatten().map(|it| name(it)).collect();
    let kind = HbaKind::read(row.kind.as_deref()?)?;
    let from = match (row.address.as_deref(), row.mask.as_deref()) {
        (None, _) => None,
        (Some("all"), None) => Some(HbaFrom::All),
        (Some("samehost"), None) => Some(HbaFrom::SameHost),
        (Some("samenet"), None) => Some(HbaFrom::SameNet),
        (Some(host), None) => Some(HbaFrom::Name(host.to_owned())),
        (Some(address), Some(mask)) => Some(HbaFrom::Net { address: zoneless(address)?, mask: mask.parse().ok()? }),
    };
    let (databases, roles) = (names(&row.databases), names(&row.roles));
    Some(HbaRule { kind, databases, roles, from, method: row.method.clone()? })
}

fn name(text: &str) -> HbaName {
    HbaName { text: text.to_owned(), quoted: false }
}

fn zoneless(address: &str) -> Option<IpAddr> {
    address.split('%').next()?.parse().ok()
}

/// As the server shows it.
fn bare(rule: &HbaRule) -> HbaRule {
    let bare = |names: &[HbaName]| names.iter().map(|it| name(&it.text)).collect();
    HbaRule { databases: bare(&rule.databases), roles: bare(&rule.roles), ..rule.clone() }
}

#[cfg(test)]
mod tests {
    use super::super::{line, token};
    use super::*;

    fn ours(text: &str) -> PgHba {
        let said = |it: token::Line| line::read(&it.fields).map_or_else(HbaSaid::Bad, HbaSaid::Rule);
        let lines = token::lines(text, &mut |_| Err(String::new())).into_iter();
        let lines = lines.map(|it| HbaLine { path: "/h".to_owned(), line: it.number, said: said(it) });
        PgHba { path: "/h".to_owned(), container: None, changed_at: 0, lines: lines.collect() }
    }

    /// As PostgreSQL 15 gives them.
    fn rows(lines: &[&str]) -> Vec<Row> {
        let rows = (1..).zip(lines).map(|(number, row)| format!("{{\"path\": \"/h\", \"line\": {number}, {row}}}"));
        rows.map(|row| serde_json::from_str(&row).expect("a row")).collect()
    }

    #[test]
    fn only_what_the_server_reads_otherwise_is_kept() {
        let text = "local all all peer\nhost \"all\" u,+g 10.8.0.1/24 md5\nhost all all fd00::%1/64 md5\nhost all all all oauth\n\
            host all all .a scram-sha-256\nhost all all samenet nonsense\n";
        let given = rows(&[
            r#""kind": "local", "databases": ["all"], "roles": ["all"], "address": null, "mask": null, "method": "peer""#,
            r#""kind": "host", "databases": ["all"], "roles": ["u", "+g"], "address": "10.8.0.1", "mask": "255.255.255.0", "method": "md5""#,
            r#""kind": "host", "databases": ["all"], "roles": ["all"], "address": "fd00::%1", "mask": "ffff:ffff:ffff:ffff::", "method": "md5""#,
            r#""kind": "host", "databases": ["all"], "roles": ["all"], "address": "all", "mask": null, "method": "oauth""#,
            r#""kind": null, "databases": null, "roles": null, "address": null, "mask": null, "method": null"#,
            r#""kind": null, "databases": null, "roles": null, "address": null, "mask": null, "method": null"#,
        ]);
        let found = otherwise(&ours(text), &given);
        assert_eq!(found.iter().map(|it| it.line).collect::<Vec<_>>(), [4, 5], "{found:?}");
        assert!(matches!(&found[0].said, HbaSaid::Rule(rule) if rule.method == "oauth"));
        assert!(matches!(found[1].said, HbaSaid::Bad(_)));
        assert!(otherwise(&ours(""), &given).is_empty());
    }
}
