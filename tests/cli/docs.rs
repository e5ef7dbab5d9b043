//! Every command in docs/ is run: with snapshots where it names files, on loopback where it looks.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::{closed_port, folder, here, json, program, recorded, said};

/// The commands in the blocks of a page, however they are written there.
fn commands(page: &str) -> Vec<Vec<String>> {
    let blocks = page.split("```").skip(1).step_by(2);
    let lines =
        blocks.flat_map(str::lines).map(|line| line.trim().trim_start_matches("- ").trim_start_matches("run: "));
    let array = |line: &str| {
        let list = line.split_once("CMD ").map(|(_, list)| list)?;
        serde_json::from_str::<Vec<String>>(list).ok()
    };
    // Where a shell would put what is printed is nothing to the program.
    let typed = |line: &str| line.split_whitespace().take_while(|word| *word != ">").map(str::to_owned).collect();
    let words = |line: &str| array(line).unwrap_or_else(|| typed(line));
    lines.map(words).filter(|words| words.first().is_some_and(|word| word == "clipcheck")).collect()
}

#[test]
fn every_command_in_the_docs_runs() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let mut run = 0;
    for page in std::fs::read_dir(docs).expect("docs") {
        let page = page.expect("a page").path();
        let text = std::fs::read_to_string(&page).expect("text");
        let files = folder(&[]);
        for seat in ["server", "client", "container"] {
            std::fs::copy(recorded::path("healthy", seat), files.path().join(format!("{seat}.json"))).expect("copied");
        }
        let windows = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/windows/healthy.json");
        std::fs::copy(windows, files.path().join("recording.json")).expect("copied");
        for words in commands(&text) {
            runs(&words, files.path());
            run += 1;
        }
    }
    assert!(run >= 20, "only {run} commands");
}

fn runs(words: &[String], folder: &Path) {
    let looks = ["all", "redis", "watch", "healthcheck"].contains(&words[1].as_str());
    let mut command = program(&[]);
    command.current_dir(folder).args(&words[1..]);
    if looks {
        for pair in here(closed_port()).chunks(2).filter(|pair| !words.contains(&pair[0])) {
            command.args(pair);
        }
        // No other host is spoken to.
        if words.iter().any(|word| word == "--ssh") {
            command.env("PATH", folder);
        }
    }
    // What waits is not waited for.
    let waits = words.iter().any(|word| word == "--wait" || word == "watch");
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
    if words.iter().any(|word| word == "--json" || word == "json") && !said.out.is_empty() {
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
