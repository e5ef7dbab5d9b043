//! Which line of a program's own settings holds what its last words name: a file, a library, a value. The words alone often
//! name what is wrong, and not where it was written.

/// A name that is shorter is found by accident.
const SHORTEST: usize = 4;

/// Where systemd shows a unit's own tree of files while it is set up.
const UNIT_ROOT: &str = "/run/systemd/unit-root";

/// A file, and the line in it from 1.
pub type Place = (String, u32);

/// The last line of the files, each a path and its text, that has one of the named things; the first thing that is found
/// counts. `files` stand in the order in which the program reads them.
pub fn find(words: &str, files: &[(String, String)]) -> Option<Place> {
    names(words).into_iter().find_map(|name| {
        let mut lines = files.iter().rev().flat_map(|(path, text)| {
            let lines: Vec<(u32, &str)> = (1..).zip(text.lines()).collect();
            lines.into_iter().rev().map(move |(number, line)| (path, number, line))
        });
        let (path, number, _) = lines.find(|(.., line)| holds(line, name))?;
        Some((path.clone(), number))
    })
}

/// What is quoted, and each absolute path.
fn names(words: &str) -> Vec<&str> {
    let mut found: Vec<&str> = Vec::new();
    for mark in ['"', '\''] {
        found.extend(words.split(mark).skip(1).step_by(2));
    }
    let paths = words.split_whitespace().map(|word| word.trim_end_matches([':', ',', '.', ';']));
    found.extend(paths.filter(|word| word.starts_with('/')));
    let found = found.into_iter().map(|name| name.strip_prefix(UNIT_ROOT).unwrap_or(name));
    found.filter(|name| name.len() >= SHORTEST && !name.contains(char::is_whitespace)).collect()
}

/// Whether a line that is no comment has it as a word of its own.
fn holds(line: &str, name: &str) -> bool {
    let line = line.trim_start();
    if line.starts_with(['#', ';']) {
        return false;
    }
    let apart = |c: char| c.is_whitespace() || "=,'\":".contains(c);
    line.split(apart).map(|word| word.trim_start_matches('-')).any(|word| word == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> (String, String) {
        (path.to_owned(), text.to_owned())
    }

    #[test]
    fn what_the_last_words_name_is_found_where_it_was_written() {
        let conf = [file(
            "/a",
            "port = 5432\n#shared_preload_libraries = 'timescaledb'\nshared_preload_libraries = 'x,timescaledb'\n",
        )];
        let said = "FATAL: could not access file \"timescaledb\": No such file or directory";
        assert_eq!(find(said, &conf), Some(("/a".to_owned(), 3)));
        let unit = [file("/u", "[Service]\nReadWritePaths=/mnt/ssd/redis\n"), file("/c", "dir /mnt/ssd\n")];
        let said = "x.service: Failed to set up mount namespacing: /run/systemd/unit-root/mnt/ssd/redis: No such file";
        assert_eq!(find(said, &unit), Some(("/u".to_owned(), 2)));
    }

    #[test]
    fn nothing_is_found_by_a_piece_of_a_word_or_what_was_left_out() {
        let conf = [file("/a", "dir /var/lib/redis-old\nuser … on\n")];
        assert_eq!(find("cannot open /var/lib/redis: No", &conf), None);
        assert_eq!(find("the user named '…' is unknown", &conf), None);
        assert_eq!(find("nothing is named", &conf), None);
    }
}
