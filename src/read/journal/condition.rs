//! A condition of a unit's own for which systemd did not start it (systemd.unit(5), "Conditions and Asserts").

/// Where the condition that is not met stands among the unit's files, by what the journal says of it last: since
/// systemd 250 `… was skipped because of a failed condition check (ConditionPathExists=/x).` (`unmet` since 252), and for
/// an assertion `… (AssertPathExists=/x) …`. Older ones do not say which, so it must be the only one.
pub fn unmet(journal: &str, files: &[(String, String)]) -> Option<(String, u32)> {
    let is_one = |line: &str| (line.starts_with("Condition") || line.starts_with("Assert")) && line.contains('=');
    let written: Vec<(&str, u32, &str)> = files
        .iter()
        .flat_map(|(path, text)| {
            (1..).zip(text.lines()).map(move |(number, line)| (path.as_str(), number, line.trim()))
        })
        .filter(|(_, _, line)| is_one(line))
        .collect();
    let named = journal.lines().rev().find_map(|line| {
        let inside = line.rsplit_once('(')?.1.split_once(')')?.0;
        is_one(inside).then_some(inside)
    });
    let squeezed = |line: &str| line.chars().filter(|c| !c.is_whitespace()).collect::<String>();
    let found = match (named, written.as_slice()) {
        (Some(named), all) => {
            let named = squeezed(named);
            all.iter().rfind(|(_, _, line)| squeezed(line) == named)?
        }
        (None, [only]) => only,
        (None, _) => return None,
    };
    Some((found.0.to_owned(), found.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files() -> Vec<(String, String)> {
        vec![
            ("/lib/a".to_owned(), "[Unit]\nDescription=x\n".to_owned()),
            ("/etc/b.conf".to_owned(), "[Unit]\nConditionPathExists = /etc/key\nConditionUser=root\n".to_owned()),
        ]
    }

    #[test]
    fn the_journal_says_which_condition() {
        for words in ["a failed", "an unmet"] {
            let journal = format!(
                "Stopped x.\nx was skipped because of {words} condition check (ConditionPathExists=/etc/key).\n"
            );
            assert_eq!(unmet(&journal, &files()), Some(("/etc/b.conf".to_owned(), 2)));
        }
        assert_eq!(unmet("x was skipped because of an unmet condition check (ConditionHost=y).\n", &files()), None);
    }

    #[test]
    fn an_older_journal_will_do_where_there_is_but_one() {
        let journal = "Condition check resulted in x being skipped.\n";
        assert_eq!(unmet(journal, &files()), None);
        let one = [("/etc/c.conf".to_owned(), "[Unit]\nAssertPathExists=/y\n".to_owned())];
        assert_eq!(unmet(journal, &one), Some(("/etc/c.conf".to_owned(), 2)));
        assert_eq!(unmet(journal, &[]), None);
    }
}
