//! What became of the root causes of an earlier report.

use std::net::TcpListener;

use serde_json::Value;

use crate::{Said, at_loopback, closed_port, folder, here, json, path, refused, run};

/// A check of the user's own that dials a port.
fn dials(port: u16, expect: &str) -> String {
    let cause = |name: &str| {
        format!("[cause.{name}]\nsays = \"it is {{seen}}\"\nfix.say = \"Mend it.\"\nfix.know = \"It is.\"\n")
    };
    format!(
        "title = \"It is as expected\"\nguide = \"beyond\"\nlooks = {{ container = [\"tcp 127.0.0.1:{port}\"] }}\n\
         expect = [\"{expect}\"]\n{}{}",
        cause("refused"),
        if expect == "open" { String::new() } else { cause("open") }
    )
}

fn all(checks: &str, since: Option<&str>, format: &str) -> Said {
    let here = here(closed_port());
    let mut args = at_loopback(&["all", "own-dial", "--checks", checks, "--format", format], &here);
    args.extend(since.into_iter().flat_map(|file| ["--since", file]));
    run(&args)
}

fn changes(said: &Said) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let report = json(&said.out);
    let list = report["since"].as_array().cloned().unwrap_or_default();
    list.iter().map(|change| (text(&change["code"]), text(&change["now"]))).collect()
}

#[test]
fn after_a_fix_the_report_says_what_became_of_it() {
    let port = closed_port();
    let folder = folder(&[("own-dial.toml", &dials(port, "open"))]);
    let checks = folder.path().display().to_string();
    let broken = all(&checks, None, "json");
    assert_eq!(broken.code, 1, "{}", broken.out);
    let before = path(&folder, "before.json");
    std::fs::write(&before, &broken.out).expect("written");
    let change = |code: &str, now: &str| vec![(code.to_owned(), now.to_owned())];

    let still = all(&checks, Some(&before), "json");
    assert_eq!((still.code, changes(&still)), (1, change("own-dial/refused", "same")));

    let listener = TcpListener::bind(("127.0.0.1", port)).expect("the port");
    let fixed = all(&checks, Some(&before), "json");
    assert_eq!((fixed.code, changes(&fixed)), (0, change("own-dial/refused", "fixed")));
    let table = all(&checks, Some(&before), "table").out;
    assert!(table.contains("Changes since the previous report:\n✓ own-dial/refused (container) fixed\n"), "{table}");

    // The same check, broken by another cause.
    std::fs::write(path(&folder, "own-dial.toml"), dials(port, "reset")).expect("written");
    let otherwise = all(&checks, Some(&before), "json");
    assert_eq!((otherwise.code, changes(&otherwise)), (1, change("own-dial/refused", "other-cause")));
    drop(listener);

    // From a report in which it held, a new one.
    let good = path(&folder, "good.json");
    std::fs::write(path(&folder, "own-dial.toml"), dials(port, "open")).expect("written");
    std::fs::write(&good, &fixed.out).expect("written");
    let new = all(&checks, Some(&good), "json");
    assert_eq!((new.code, changes(&new)), (1, change("own-dial/refused", "new")));
    assert!(
        json(&new.out)["since"][0]["more"].as_str().is_some_and(|more| more.contains("was OK before")),
        "{}",
        new.out
    );
}

#[test]
fn a_snapshot_of_before_will_do() {
    let port = closed_port();
    let folder = folder(&[("own-dial.toml", &dials(port, "open"))]);
    let checks = folder.path().display().to_string();
    let here = here(closed_port());
    let snapshot = run(&at_loopback(&["snapshot", "--checks", &checks], &here));
    let before = path(&folder, "before.json");
    std::fs::write(&before, &snapshot.out).expect("written");
    let still = all(&checks, Some(&before), "json");
    assert!(changes(&still).contains(&("own-dial/refused".to_owned(), "same".to_owned())), "{}", still.out);
}

#[test]
fn what_is_no_report_is_refused() {
    let folder = folder(&[("other.json", "{\"tool\": \"another\", \"checks\": []}"), ("no.json", "hello")]);
    let refuse = |name: &str, word: &str| {
        refused(&["all", "--as", "container", "--since", &path(&folder, name)], &[name, word]);
    };
    refuse("other.json", "another program");
    refuse("no.json", "neither a report");
    refuse("absent.json", "no such file");
}

/// What clipcheck printed before its JSON got schema 2.
#[test]
fn a_report_of_schema_1_is_read() {
    let port = closed_port();
    let text = r#"{"tool": "clipcheck", "schema": 1, "hosts": [{"vantage": "container", "name": "elsewhere"}], "checks": [
        {"id": "own-dial", "vantage": "container", "status": "broken", "root": true,
         "trouble": {"code": "own-dial/reset"}}]}"#;
    let folder = folder(&[("own-dial.toml", &dials(port, "open")), ("before.json", text)]);
    let checks = folder.path().display().to_string();
    let now = all(&checks, Some(&path(&folder, "before.json")), "json");
    assert_eq!(changes(&now), vec![("own-dial/reset".to_owned(), "other-cause".to_owned())]);
    assert!(now.code == 1 && now.err.is_empty(), "{now:?}");
}
