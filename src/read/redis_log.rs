//! Lines of Redis' own log: process and role, date, level, words (`229:M 27 Nov 2026 11:42:26.695 # Server initialized`).

/// What is said of every save that failed, whyever.
const ANY: [&str; 2] = ["Background saving error", "Background saving terminated"];

/// The last warning that tells why a save failed: of the child that saves, or of a fork that failed.
pub fn save_error(log: &str) -> Option<&str> {
    let warnings = log.lines().filter_map(|line| {
        let (head, words) = line.split_once(" # ")?;
        let of_child = head.split(' ').next().is_some_and(|role| role.ends_with(":C"));
        let tells = of_child || ["save", "saving", "AOF", "append only"].iter().any(|word| words.contains(word));
        (tells && !ANY.iter().any(|any| words.starts_with(any))).then_some(words)
    });
    warnings.last()
}

#[cfg(test)]
mod tests {
    use super::save_error;

    #[test]
    fn the_cause_is_told_before_the_failure() {
        let log = "7:M 27 Nov 2026 11:42:26.695 * Background saving started by pid 300\n\
            300:C 27 Nov 2026 11:42:26.700 # Failed opening the temp RDB file temp-300.rdb (in server root dir /x) for saving: Permission denied\n\
            7:M 27 Nov 2026 11:42:26.800 # Background saving error\n";
        assert!(save_error(log).is_some_and(|it| it.ends_with("for saving: Permission denied")));
        let fork = "7:M 27 Nov 2026 11:42:26.695 # Can't save in background: fork: Resource temporarily unavailable\n";
        assert_eq!(save_error(fork), Some("Can't save in background: fork: Resource temporarily unavailable"));
        assert_eq!(save_error("7:M 27 Nov 2026 11:42:26.695 # Server initialized\n"), None);
    }
}
