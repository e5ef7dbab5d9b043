//! Which line of a file rules: from its text to the answer.

use ipnet::IpNet;

use super::{line, token};
use crate::fact::postgres::hba::first::{First, Guest};
use crate::fact::postgres::hba::{HbaLine, HbaSaid, PgHba};

fn hba(text: &str) -> PgHba {
    let lines = token::lines(text, &mut |_| Err("no such file".to_owned()));
    let lines = lines
        .into_iter()
        .map(|it| HbaLine {
            path: "/h".to_owned(),
            line: it.number,
            said: line::read(&it.fields).map_or_else(HbaSaid::Bad, HbaSaid::Rule),
        })
        .collect();
    PgHba { path: "/h".to_owned(), container: None, changed_at: 0, lines }
}

fn first(text: &str, groups: Option<&[String]>) -> Result<Option<u32>, u32> {
    let own: Vec<IpNet> = vec!["10.8.0.1/24".parse().expect("a net")];
    let from = "10.8.0.2".parse().expect("an address");
    let guest = Guest { from, role: "u", database: "d", ssl: false, groups, own: Some(&own) };
    match hba(text).first(&guest) {
        First::Line(line, _) => Ok(Some(line.line)),
        First::None => Ok(None),
        First::Open(line) | First::Bad(line) => Err(line.line),
    }
}

#[test]
fn the_first_line_that_fits_rules() {
    for (text, rules) in [
        ("local all all trust\nhost all all 10.8.0.0/24 md5\nhost all all all reject", Ok(Some(2))),
        ("hostssl all all all md5\nhost d u 10.8.0.2/32 md5", Ok(Some(2))),
        ("hostssl all all all md5", Ok(None)),
        ("host \"all\" all all md5\nhost replication all all md5\nhost sameuser all all md5", Ok(None)),
        ("host all all samehost md5\nhost all all samenet md5", Ok(Some(2))),
        ("host all all 10.9.0.99 255.0.255.0 md5\nhost all all 0.0.0.0/0 md5", Ok(Some(1))),
        ("host all +g all md5", Err(1)),
        ("host x +g all md5\nhost all +u all md5", Ok(Some(2))),
        ("host all all name.example md5", Err(1)),
        ("host all all all md5\nhost all all nonsense", Err(2)),
        ("host all /^u all md5", Err(1)),
    ] {
        assert_eq!(first(text, None), rules, "{text}");
    }
    assert_eq!(first("host all +g all md5", Some(&["g".to_owned()])), Ok(Some(1)));
    assert_eq!(first("host all +g all md5", Some(&[])), Ok(None));
}
