//! Every command in the README and in docs/ is run: with snapshots where it names files, on loopback where it looks. What needs more
//! than that is run elsewhere, and the table says where.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::{closed_port, folder, here, json, program, recorded, said};

/// Commands that are not run here: how they begin, the file that runs them, and the words in it that do.
const ELSEWHERE: &[(&str, &str, &str)] = &[
    ("tests/lab demo", "tests/all", "tests/lab demo"),
    ("tests/all", ".ci/run", "exec tests/all"),
    ("tests/dist", "tests/all", "tests/dist --lab"),
    ("clipcheck judge web.json redis.json", "tests/split", "judge \"$work/seen/"),
    ("cargo install --locked --path .", "tests/all", "cargo install --debug --locked --path ."),
    ("chmod +x clipcheck-linux-x86_64", "tests/dist.d/in-lab", "chmod +x clipcheck-linux-"),
    ("docker cp clipcheck-linux-x86_64", "tests/dist.d/in-lab", "docker cp clipcheck-linux-"),
    ("docker exec clippy-gpu-worker /tmp/clipcheck all", "tests/dist.d/in-lab", "/tmp/clipcheck all"),
    ("curl -fLo clipcheck", "tests/dist.d/in-lab", "^curl -fLo"),
    ("sudo apt install ./clipcheck_", "tests/dist.d/in-lab", "dpkg --install"),
    ("sudo apt purge clipcheck", "tests/dist.d/in-lab", "dpkg --purge clipcheck"),
    ("sudo systemctl enable --now clipcheck.timer", "tests/dist.d/in-lab", "systemctl enable --now clipcheck.timer"),
    ("docker load <", "tests/dist.d/in-lab", "docker load <"),
    (
        "docker run --rm --network container:",
        "tests/dist.d/in-lab",
        "docker run --rm --network \"container:$worker\" --pid",
    ),
    ("id=$(docker create clipcheck)", "tests/dist.d/in-lab", "^id=$(docker create clipcheck)"),
    // They need a worker that runs, or a host where something is broken.
    ("clipcheck explain DATABASE_URL", "tests/lab.d/dry-run", "planned explain client explain DATABASE_URL"),
    ("clipcheck all --fix-script > fix.sh", "tests/dist.d/in-lab", "clipcheck all --fix-script > /root/fix.sh"),
    ("clipcheck recreate", "tests/lab.d/dry-run", "planned recreate client recreate"),
    ("clipcheck all --container --ssh", "tests/dist.d/windows", "look both --ssh root@10.8.0.1"),
    ("clipcheck all --container", "tests/lab.d/inside", "all --container"),
    // It writes a profile where an application's worker is, and says so where none is.
    ("clipcheck init", "tests/lab.d/dry-run", "planned init client init"),
    // Nothing here can run it, and the page says so.
    ("powershell -ExecutionPolicy", "docs/windows.md", "| `windows.ps1` | nowhere"),
];

/// Words in the text that name a command, and are none.
const NAMED: &[&str] = &["clipcheck explain", "clipcheck judge FOLDER", "clipcheck explain CHECK/CAUSE"];

fn pages() -> Vec<PathBuf> {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let docs = std::fs::read_dir(top.join("docs")).expect("docs").map(|page| page.expect("a page").path());
    docs.chain([top.join("README.md")]).collect()
}

/// What is typed on a page: the lines of its blocks for a shell, and the program's own commands wherever they stand.
fn typed(page: &str) -> Vec<String> {
    let own = |line: &str| line.starts_with("clipcheck ").then(|| line.to_owned());
    let bare = |line: &str| {
        let line = ["- ", "run: ", "# ", "sudo "].iter().fold(line.trim(), |line, word| line.trim_start_matches(word));
        line.replace(".\\clipcheck.exe", "clipcheck")
    };
    let mut found = Vec::new();
    for (at, part) in page.split("```").enumerate() {
        if at % 2 == 0 {
            let code = part.split('`').skip(1).step_by(2).map(|code| bare(&code.replace('\n', " ")));
            found.extend(code.filter_map(|code| own(&code)).filter(|code| {
                // A placeholder is typed by nobody.
                !code.contains('…') && !code.contains(" FILE") && !NAMED.contains(&code.as_str())
            }));
            continue;
        }
        let (kind, lines) = part.split_once('\n').expect("a block has lines");
        // What a program prints is typed by nobody.
        if kind == "text" {
            continue;
        }
        let shell = matches!(kind, "sh" | "powershell");
        for line in lines.lines().filter(|line| !line.trim().is_empty()) {
            let list = line.split_once("CMD ").and_then(|(_, list)| serde_json::from_str::<Vec<String>>(list).ok());
            match list {
                Some(words) => found.push(words.join(" ")),
                None if shell => {
                    found.push(line.strip_prefix("sudo clipcheck").map_or(line.to_owned(), |_| bare(line)));
                }
                None => found.extend(own(&bare(line))),
            }
        }
    }
    let uncommented = found.iter().map(|line| line.split_once(" #").map_or(line.as_str(), |(line, _)| line).trim());
    uncommented.map(|line| line.replace(".\\clipcheck.exe", "clipcheck")).collect()
}

#[test]
fn every_command_in_the_docs_runs() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut here, mut elsewhere) = (0, 0);
    for page in pages() {
        let text = std::fs::read_to_string(&page).expect("text");
        let files = folder(&[]);
        for seat in ["server", "client", "container"] {
            std::fs::copy(recorded::path("healthy", seat), files.path().join(format!("{seat}.json"))).expect("copied");
        }
        std::fs::copy(recorded::path("healthy", "server"), files.path().join("before.json")).expect("copied");
        std::fs::copy(top.join("fixtures/windows/healthy.json"), files.path().join("recording.json")).expect("copied");
        // A profile is the one that the page shows.
        let profile = text.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap_or_default();
        for name in ["clippy.toml", "orchard.toml"] {
            std::fs::write(files.path().join(name), profile).expect("written");
        }
        for line in typed(&text) {
            if let Some((_, file, words)) = ELSEWHERE.iter().find(|(begins, ..)| line.starts_with(begins)) {
                let runs = std::fs::read_to_string(top.join(file)).expect("the file that runs it");
                assert!(runs.contains(words), "{file} does not run `{line}`: it has no `{words}`");
                elsewhere += 1;
                continue;
            }
            // Where a shell would put what is printed is nothing to the program.
            let words: Vec<String> =
                line.split_whitespace().take_while(|word| *word != ">").map(str::to_owned).collect();
            assert_eq!(words[0], "clipcheck", "{}: nothing runs `{line}`", page.display());
            runs(&words, files.path());
            here += 1;
        }
    }
    println!("{here} commands of the README and docs/ were run here, {elsewhere} are run elsewhere");
    assert!(here >= 50 && elsewhere >= 15, "only {here} and {elsewhere} commands");
}

fn runs(words: &[String], folder: &Path) {
    let has = |wanted: &str| words.iter().any(|word| word == wanted);
    // An address in a profile is somebody's: what would be looked at is told, and nothing is.
    let planned = has("--profile");
    let looks =
        ["all", "redis", "watch", "healthcheck", "snapshot"].contains(&words[1].as_str()) && !has("--from") && !planned;
    let mut command = program(&[]);
    command.current_dir(folder).args(&words[1..]);
    if planned && !has("--dry-run") {
        command.arg("--dry-run");
    }
    if looks {
        for pair in here(closed_port()).chunks(2).filter(|pair| !words.contains(&pair[0])) {
            command.args(pair);
        }
        // No other host is spoken to.
        if has("--ssh") {
            command.env("PATH", folder);
        }
    }
    // What waits is not waited for.
    let waits = has("--wait") || has("watch");
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("clipcheck runs");
    if waits {
        std::thread::sleep(Duration::from_secs(2));
        let _ = kill_process(Pid::from_child(&child), Signal::TERM);
        let ended = Instant::now();
        let status = child.wait().expect("it ends");
        assert_ne!(status.code(), Some(2), "{words:?}");
        assert!(ended.elapsed() < Duration::from_secs(2), "{words:?}");
        return;
    }
    let said = said(&child.wait_with_output().expect("it ends"));
    let wanted: &[i32] = if looks { &[0, 1, 3] } else { &[0] };
    assert!(wanted.contains(&said.code) && said.err.is_empty(), "{words:?}: {said:?}");
    if let Some(at) = words.iter().position(|word| word == "--output") {
        let written = std::fs::read_to_string(folder.join(&words[at + 1])).expect("the file");
        assert!(!written.is_empty() && said.out.is_empty(), "{words:?}");
    } else {
        assert!(!said.out.is_empty(), "{words:?}");
    }
    if (has("--json") || has("json")) && !said.out.is_empty() {
        json(&said.out);
    }
}

/// The metrics that the page lists are those that there are, and its formats, too.
#[test]
fn the_tables_in_the_docs_are_complete() {
    let page =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/formats.md")).expect("the page");
    let metrics =
        crate::run(&["judge", &recorded::path("guide-to-the-letter", "server"), "--format", "prometheus"]).out;
    for name in metrics.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()) {
        assert!(page.contains(&format!("| `{name}")), "{name}");
    }
    for format in super::formats::FORMATS {
        assert!(page.contains(&format!("| `{format}`")), "{format}");
    }
}
