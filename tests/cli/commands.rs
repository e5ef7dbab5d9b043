//! The commands of every fix, with names in them that were made to run something else.

use clipcheck::catalog;
use clipcheck::report::{Shell, Words, command};

use crate::folder;

/// Each would make a file if a shell, or one in the shell, took it for more than a name.
const HOSTILE: [&str; 12] = [
    "x; touch PWNED",
    "x && touch PWNED",
    "x | touch PWNED",
    "$(touch PWNED)",
    "`touch PWNED`",
    "x'; touch PWNED; '",
    "x\"; touch PWNED; \"",
    "x'\\''; touch PWNED; '",
    "x\ntouch PWNED\n",
    "> PWNED",
    "\\'; touch PWNED #",
    "x' | touch PWNED; echo '",
];

/// The names in braces, each of which some judge fills.
fn names(template: &str) -> impl Iterator<Item = &str> {
    template
        .split('{')
        .skip(1)
        .filter_map(|rest| rest.split_once('}'))
        .map(|(name, _)| name)
        .filter(|name| !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c == '_'))
}

fn leaked(name: &str) -> &'static str {
    Box::leak(name.to_owned().into_boxed_str())
}

#[test]
fn no_value_in_a_command_becomes_a_command() {
    let checks = catalog::built_in().expect("the checks");
    let causes = checks.iter().flat_map(|check| check.causes.values());
    let templates = causes.flat_map(|cause| {
        let windows = cause.windows.iter().flat_map(|it| it.fix.run.iter().map(|line| (line, Shell::PowerShell)));
        let native = cause.native.iter().flat_map(|it| it.fix.run.iter());
        let contained = cause.contained.iter().flat_map(|it| it.fix.run.iter());
        cause.fix.run.iter().chain(native).chain(contained).map(|line| (line, Shell::Sh)).chain(windows)
    });
    let mut typed = Vec::new();
    for (template, shell) in templates {
        let plain: Words = names(template).map(|name| (leaked(name), "1".to_owned())).collect();
        assert!(command(template, shell, &plain).is_ok(), "{template}: plain words can be typed");
        for (name, value) in plain.keys().flat_map(|name| HOSTILE.map(|value| (*name, value))) {
            let mut words = plain.clone();
            words.insert(name, value.to_owned());
            let Ok(line) = command(template, shell, &words) else { continue };
            assert_eq!(shell, Shell::Sh, "{template}: {line}");
            assert!(!line.contains('\n'), "{template}: {line}");
            typed.push(line);
        }
    }
    typed.sort();
    typed.dedup();
    assert!(typed.len() > 300, "only {} commands to try", typed.len());
    try_all(&typed);
}

/// Types them where no program but `touch` and the shells does anything, and `sudo` runs what it is given.
fn try_all(lines: &[String]) {
    let run = "#!/bin/sh\nwhile case ${1-} in -*) :;; *) false;; esac; do [ \"$1\" = -u ] && shift; shift; done\nexec \"$@\"\n";
    let folder = folder(&[("sudo", run), ("nothing", "#!/bin/sh\nexit 0\n"), ("lines", &(lines.join("\n") + "\n"))]);
    let bin = folder.path().join("bin");
    std::fs::create_dir(&bin).expect("a folder");
    let link = |name: &str, to: &std::path::Path| {
        let _ = std::os::unix::fs::symlink(to, bin.join(name));
    };
    link("sudo", &folder.path().join("sudo"));
    for program in ["sh", "bash", "touch"] {
        let found = ["/bin", "/usr/bin"].iter().map(|at| std::path::Path::new(at).join(program)).find(|it| it.exists());
        link(program, &found.expect("a shell"));
    }
    let words = lines.iter().flat_map(|line| line.split(|c: char| !c.is_ascii_alphanumeric() && c != '-'));
    for word in words.filter(|word| word.starts_with(|c: char| c.is_ascii_lowercase())) {
        link(word, &folder.path().join("nothing"));
    }
    for name in ["sudo", "nothing"] {
        use std::os::unix::fs::PermissionsExt as _;
        let rights = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(folder.path().join(name), rights).expect("it can be run");
    }
    let script = "while IFS= read -r line; do (eval \"$line\") </dev/null >/dev/null 2>&1; \
                  [ -e PWNED ] && { printf '%s\\n' \"$line\"; exit 1; }; done < ../lines; exit 0";
    let here = bin.join("here");
    std::fs::create_dir(&here).expect("a folder");
    let mut shell = std::process::Command::new("/bin/sh");
    let script = script.replace("../lines", "../../lines");
    let output =
        shell.args(["-c", &script]).current_dir(&here).env_clear().env("PATH", &bin).output().expect("sh runs");
    assert!(output.status.success(), "this runs something else: {}", String::from_utf8_lossy(&output.stdout));
}
