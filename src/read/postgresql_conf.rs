//! postgresql.conf, read as guc-file.l reads it: `name = value` or `name value`, `#` comments, single quotes with
//! `''` and backslash escapes, names without regard to case, the last line of a name winning.

/// One setting as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// From 1.
    pub number: u32,
    /// In lower case.
    pub name: String,
    /// Without quotes.
    pub value: String,
}

/// The settings of one file; lines that PostgreSQL would stop at are passed over.
pub fn lines(text: &str) -> Vec<Line> {
    (1..).zip(text.lines()).filter_map(|(number, line)| one(number, line)).collect()
}

fn one(number: u32, line: &str) -> Option<Line> {
    let line = line.trim();
    let end = line.find(|c: char| !(c.is_ascii_alphanumeric() || "_.$".contains(c))).unwrap_or(line.len());
    let (name, rest) = line.split_at_checked(end)?;
    if name.is_empty() {
        return None;
    }
    let rest = rest.trim_start();
    let rest = rest.strip_prefix('=').unwrap_or(rest).trim_start();
    let value = match rest.strip_prefix('\'') {
        Some(quoted) => unquote(quoted)?,
        None => rest.split(|c: char| c == '#' || c.is_whitespace()).next().unwrap_or("").to_owned(),
    };
    Some(Line { number, name: name.to_ascii_lowercase(), value })
}

/// What stands before the closing quote; none if there is none.
fn unquote(text: &str) -> Option<String> {
    let mut value = String::new();
    let mut chars = text.chars().peekable();
    loop {
        match chars.next()? {
            '\'' => match chars.next_if_eq(&'\'') {
                Some(quote) => value.push(quote),
                None => return Some(value),
            },
            '\\' => value.push(match chars.next()? {
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                other => other,
            }),
            c => value.push(c),
        }
    }
}

/// The order of cluster versions, newest first: `16` before `9.6`.
pub fn version_key(version: &str) -> std::cmp::Reverse<Vec<u32>> {
    std::cmp::Reverse(version.split('.').map(|part| part.parse().unwrap_or(0)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_as_postgresql_reads_them() {
        for (text, name, value) in [
            ("listen_addresses = '*'", "listen_addresses", "*"),
            (
                "listen_addresses='localhost, 10.8.0.1'\t# what IP address(es)",
                "listen_addresses",
                "localhost, 10.8.0.1",
            ),
            ("Listen_Addresses 'localhost'", "listen_addresses", "localhost"),
            ("port = 5433 # (change requires restart)", "port", "5433"),
            ("port 5433", "port", "5433"),
            ("port=5433#x", "port", "5433"),
            ("a = 'it''s'", "a", "it's"),
            ("a = 'it\\'s'", "a", "it's"),
            ("include_dir 'conf.d'\r", "include_dir", "conf.d"),
            ("plpgsql.x = on", "plpgsql.x", "on"),
        ] {
            let line = one(1, text).expect(text);
            assert_eq!((line.name.as_str(), line.value.as_str()), (name, value), "{text}");
        }
        for text in ["", "   ", "# port = 5432", "#listen_addresses = 'localhost'", "a = 'never ends"] {
            assert_eq!(one(1, text), None, "{text}");
        }
    }

    #[test]
    fn lines_are_counted_and_versions_ordered() {
        assert_eq!(lines("# one\n\nport = 1\nport = 2\n").last().map(|line| line.number), Some(4));
        let mut versions = ["9.6", "15", "16", "10"];
        versions.sort_by_key(|version| version_key(version));
        assert_eq!(versions, ["16", "15", "10", "9.6"]);
    }
}
