//! Which line of a unit's files keeps a path from its processes (systemd.exec(5), "Sandboxing").

use super::unit_file;

/// What hides paths, and what lets them only be read.
const HIDES: [&str; 2] = ["InaccessiblePaths", "TemporaryFileSystem"];
const READ_ONLY: &str = "ReadOnlyPaths";

/// What `ProtectHome=` hides.
const HOMES: [&str; 3] = ["/home", "/root", "/run/user"];

/// The setting, its file and line, where the words of a failed start name a path that it keeps away. The last line of a setting
/// counts. `files`: paths and texts, in the order in which systemd reads them.
pub fn find(words: &str, files: &[(String, String)]) -> Option<(String, String, u32)> {
    // A name without a slash before it is meant from where the unit starts.
    let folder = files.iter().rev().flat_map(|(_, text)| unit_file::service(text).into_iter().rev());
    let folder = folder.filter(|it| it.name == "WorkingDirectory").map(|it| it.value).find(|it| it.starts_with('/'));
    let paths: Vec<String> = words
        .split(|c: char| c.is_whitespace() || "'\"`".contains(c))
        .map(|word| word.trim_end_matches([':', ',', '.', ';']))
        .filter_map(|word| match (word.starts_with('/'), &folder) {
            (true, _) => Some(word.to_owned()),
            (false, Some(folder)) if word.contains('/') => Some(format!("{folder}/{word}")),
            (false, _) => None,
        })
        .collect();
    let read_only = words.contains("Read-only file system");
    let of = |name: &str, shuts: &dyn Fn(&str, &str) -> bool| {
        let mut all = files.iter().rev().flat_map(|(file, text)| {
            let settings = unit_file::service(text).into_iter().rev().filter(|it| it.name == name);
            settings.map(move |it| (it, file)).collect::<Vec<_>>()
        });
        let (setting, file) = all.find(|(it, _)| !it.value.is_empty())?;
        paths.iter().any(|path| shuts(path, &setting.value)).then(|| (name.to_owned(), file.clone(), setting.line))
    };
    let home = |path: &str, value: &str| {
        matches!(value, "yes" | "true" | "1" | "on" | "tmpfs") && HOMES.iter().any(|home| is_below(path, home))
    };
    let listed = |path: &str, value: &str| {
        value
            .split_whitespace()
            .any(|it| is_below(path, it.split(':').next().unwrap_or(it).trim_start_matches(['-', '+'])))
    };
    if read_only {
        return of(READ_ONLY, &listed);
    }
    of("ProtectHome", &home).or_else(|| HIDES.iter().find_map(|name| of(name, &listed)))
}

fn is_below(path: &str, folder: &str) -> bool {
    let folder = folder.trim_end_matches('/');
    !folder.is_empty() && path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn a_path_is_kept_away_by_the_last_line_of_a_setting() {
        let unit = |text: &str| [("/u".to_owned(), format!("[Service]\n{text}\n"))];
        let said = "Failed at step EXEC spawning /home/winter/run.sh: No such file or directory";
        assert_eq!(find(said, &unit("ProtectHome=true")), Some(("ProtectHome".to_owned(), "/u".to_owned(), 2)));
        assert_eq!(find(said, &unit("ProtectHome=true\nProtectHome=read-only")), None);
        assert_eq!(find(said, &unit("InaccessiblePaths=-/homes")), None);
        assert_eq!(
            find(said, &unit("InaccessiblePaths=/srv -/home/winter")).map(|(name, ..)| name).as_deref(),
            Some("InaccessiblePaths")
        );
        let said = "touch: cannot touch '/srv/x': Read-only file system";
        let relative = "run.sh: line 7: venv/bin/celery: Permission denied";
        assert!(find(relative, &unit("WorkingDirectory=/home/w/C\nInaccessiblePaths=/home/w/C/venv")).is_some());
        assert_eq!(find(relative, &unit("InaccessiblePaths=/home/w/C/venv")), None);
        assert!(find(said, &unit("ReadOnlyPaths=/srv")).is_some() && find(said, &unit("ProtectHome=true")).is_none());
    }
}
