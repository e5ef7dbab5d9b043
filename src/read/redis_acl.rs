//! The rules of one user of Redis (`ACL SETUSER`, `ACL LIST`, a `user` line of a file), without passwords.

use std::collections::BTreeSet;

/// What the rules come to: whether the user is on, the keys and channels, and the commands in the order in which they count.
/// Passwords are not among them. Empty where a rule is not known here.
pub fn rights<'a>(rules: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let (mut on, mut keys, mut channels, mut commands) = ("off", BTreeSet::new(), BTreeSet::new(), Vec::new());
    for rule in rules {
        match rule.to_ascii_lowercase().as_str() {
            "on" => on = "on",
            "off" => on = "off",
            "allkeys" | "~*" => keys = BTreeSet::from(["~*".to_owned()]),
            "resetkeys" => keys.clear(),
            "allchannels" | "&*" => channels = BTreeSet::from(["&*".to_owned()]),
            "resetchannels" => channels.clear(),
            "allcommands" | "+@all" => commands = vec!["+@all".to_owned()],
            "nocommands" | "-@all" => commands.clear(),
            "reset" => {
                (on, commands) = ("off", Vec::new());
                keys.clear();
                channels.clear();
            }
            "nopass" | "resetpass" | "sanitize-payload" | "skip-sanitize-payload" => {}
            lower => match rule.chars().next() {
                // A password, a hash of one, or one that is taken away.
                Some('>' | '<' | '#' | '!') => {}
                Some('~' | '%') if !keys.contains("~*") => _ = keys.insert(rule.to_owned()),
                Some('&') if !channels.contains("&*") => _ = channels.insert(rule.to_owned()),
                Some('~' | '%' | '&') => {}
                Some('+' | '-') => {
                    commands.retain(|it: &String| it.get(1..) != lower.get(1..));
                    commands.push(lower.to_owned());
                }
                // Selectors, and what newer versions have.
                _ => return Vec::new(),
            },
        }
    }
    std::iter::once(on.to_owned()).chain(keys).chain(channels).chain(commands).collect()
}

/// The words of the line of a user in `ACL LIST`.
pub fn line_of<'a>(list: &'a [String], name: &str) -> Option<Vec<&'a str>> {
    let lines = list.iter().map(|line| line.split_whitespace().collect::<Vec<_>>());
    lines
        .into_iter()
        .find(|words| words.first() == Some(&"user") && words.get(1) == Some(&name))
        .map(|mut it| it.split_off(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_come_to_the_same_however_they_are_written() {
        let of = |rules: &str| rights(rules.split(' '));
        assert_eq!(
            of("on >secret ~celery* +@all -@dangerous"),
            of("on sanitize-payload #0a1b ~celery* resetchannels -@all +@all -@dangerous")
        );
        assert_eq!(of("on allkeys allcommands"), ["on", "~*", "+@all"]);
        assert_ne!(of("on ~celery* +@all"), of("on ~* +@all"));
        assert!(of("on (~a +get)").is_empty() && !of("on >pw ~a").concat().contains("pw"));
        let list = ["user default on nopass ~* &* +@all".to_owned(), "user clippy on #00 ~c* +@all".to_owned()];
        assert_eq!(line_of(&list, "clippy"), Some(vec!["on", "#00", "~c*", "+@all"]));
    }
}
