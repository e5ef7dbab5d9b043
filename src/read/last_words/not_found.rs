//! The table or column that PostgreSQL did not find, by its own words.

/// What a statement named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// The table, view or sequence, without its schema.
    pub relation: String,
    /// Its column; none where the relation itself was not found.
    pub column: Option<String>,
}

/// `relation "jobs" does not exist`, `column "note" of relation "jobs" does not exist`, `column jobs.note does not exist`. None
/// where a column is named without its table, or a name has been left out of the quote.
pub fn not_found(said: &str) -> Option<Missing> {
    let (said, _) = said.split_once(" does not exist")?;
    let of = |name: &str| name.rsplit('.').next().filter(|name| !name.contains('…')).map(str::to_owned);
    let relation = said.rsplit_once("relation \"").and_then(|(before, rest)| Some((before, rest.strip_suffix('"')?)));
    if let Some((before, relation)) = relation {
        let column = before.trim_end().strip_suffix("\" of").and_then(|it| it.rsplit_once("column \""));
        return Some(Missing { relation: of(relation)?, column: column.and_then(|(_, column)| of(column)) });
    }
    let (_, name) = said.rsplit_once("column ")?;
    let (relation, column) = name.rsplit_once('.').filter(|_| !name.contains(['"', ' ']))?;
    Some(Missing { relation: of(relation)?, column: Some(of(column)?) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_and_columns_are_told_apart() {
        let found = |relation: &str, column: Option<&str>| {
            Some(Missing { relation: relation.to_owned(), column: column.map(str::to_owned) })
        };
        for (said, wanted) in [
            ("ERROR: relation \"jobs\" does not exist at character 13", found("jobs", None)),
            ("ERROR: relation \"app.jobs\" does not exist", found("jobs", None)),
            ("ERROR: column \"note\" of relation \"jobs\" does not exist at character 19", found("jobs", Some("note"))),
            ("ERROR: column jobs.note does not exist at character 8", found("jobs", Some("note"))),
            ("ERROR: column \"…\" does not exist", None),
            ("ERROR: permission denied for table jobs", None),
            ("FATAL: role \"x\" does not exist", None),
        ] {
            assert_eq!(not_found(said), wanted, "{said}");
        }
    }
}
