//! The same report on terminals of other widths, colours and letters; what `-v` and `-q` change.

use crate::{Said, recorded, run_with};

fn judge(variables: &[(&str, &str)], more: &[&str]) -> Said {
    let files: Vec<String> =
        ["server", "client", "container"].map(|vantage| recorded::path("redis-wrong-port", vantage)).to_vec();
    let args: Vec<&str> =
        std::iter::once("judge").chain(files.iter().map(String::as_str)).chain(more.iter().copied()).collect();
    let said = run_with(variables, &args);
    assert_eq!((said.code, said.err.as_str()), (1, ""), "{said:?}");
    said
}

/// As a person reads it on a terminal of 80 columns. After a change that was meant: `INSTA_UPDATE=always cargo test --test cli`.
#[test]
fn one_fault_fills_one_screen() {
    insta::assert_snapshot!("one-screen", judge(&[("COLUMNS", "80")], &[]).out);
}

#[test]
fn the_page_is_as_wide_as_was_asked_for() {
    for (columns, width) in [("60", 60), ("80", 80), ("140", 120), ("0", 100), ("many", 100)] {
        let page = judge(&[("COLUMNS", columns)], &[]).out;
        let widest = page.lines().filter(|line| !line.contains("$ ")).map(|line| line.chars().count()).max();
        assert!(widest.is_some_and(|widest| widest <= width && widest > width - 15), "{columns}: {widest:?}\n{page}");
    }
}

#[test]
fn colour_is_shown_where_it_is_wanted_and_says_nothing_alone() {
    let plain = judge(&[], &[]).out;
    let coloured = |variables: &[(&str, &str)], more: &[&str]| {
        let page = judge(variables, more).out;
        assert_eq!(anstream::adapter::strip_str(&page).to_string(), plain, "{variables:?} {more:?}");
        page != plain
    };
    assert!(coloured(&[("FORCE_COLOR", "1")], &[]));
    assert!(coloured(&[("FORCE_COLOR", "1"), ("TERM", "dumb")], &[]));
    assert!(coloured(&[("NO_COLOR", "1")], &["--color", "always"]));
    assert!(!coloured(&[("FORCE_COLOR", "0"), ("CLICOLOR_FORCE", "1")], &[]));
    assert!(!coloured(&[("FORCE_COLOR", "1"), ("NO_COLOR", "1")], &[]));
    assert!(!coloured(&[("FORCE_COLOR", "1")], &["--color", "never"]));
    assert!(!coloured(&[("TERM", "dumb")], &[]));
    // On a light ground as on a dark one: none of the colours is black or white, and the ground is left alone.
    let page = judge(&[("FORCE_COLOR", "1")], &[]).out;
    for style in page.split('\x1b').skip(1).filter_map(|rest| rest.split('m').next()) {
        assert!(matches!(style, "[0" | "[1" | "[2" | "[31" | "[32" | "[33"), "{style}");
    }
}

#[test]
fn a_locale_without_utf_8_is_written_to_in_ascii() {
    let page = judge(&[("COLUMNS", "80"), ("LC_ALL", "C")], &[]).out;
    assert!(page.is_ascii(), "{page}");
    assert!(page.contains("\nx env-ports/other-port on the client"), "{page}");
    assert!(page.contains("x worker - + client - + tunnel"), "{page}");
    assert!(page.lines().filter(|line| !line.contains("$ ")).all(|line| line.len() <= 80), "{page}");
    let whole = judge(&[("LANG", "C")], &["-v"]).out;
    assert!(whole.is_ascii() && whole.contains("x  env-ports"), "{whole}");
    assert!(!judge(&[("LANG", "C.UTF-8")], &[]).out.is_ascii());
}

#[test]
fn the_verdict_alone_or_every_check_with_all_that_was_read() {
    let page = judge(&[], &[]).out;
    let verdict = judge(&[], &["-q"]).out;
    assert_eq!(verdict.lines().count(), 1, "{verdict}");
    assert!(verdict.starts_with("1 root cause, ") && page.contains(&verdict), "{verdict}");
    let whole = judge(&[], &["--verbose"]).out;
    assert!(whole.ends_with(&verdict), "{whole}");
    assert!(whole.contains("does not apply"), "{whole}");
    let seen = |page: &str| page.lines().filter(|line| line.trim_start().starts_with("seen ")).count();
    assert_eq!(seen(&page), 3, "{page}");
    assert!(seen(&whole) > 10, "{whole}");
}

/// What only root may see is said once, with what to type; it is in no other list.
#[test]
fn missing_rights_are_told_once_and_first() {
    let text = std::fs::read_to_string(recorded::path("healthy", "server")).expect("a snapshot");
    let mut snapshot: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    snapshot["rights"] = "user".into();
    let why = "run as root to list the kernel's firewall rules";
    snapshot["facts"]["netfilter"]["observation"] = serde_json::json!({ "unseen": { "needs-rights": why } });
    let folder = crate::folder(&[("server.json", &snapshot.to_string())]);
    let said = run_with(&[], &["judge", &crate::path(&folder, "server.json")]);
    let told: Vec<&str> = said.out.lines().filter(|line| line.contains("only root may look")).collect();
    assert_eq!(told.len(), 1, "{}", said.out);
    assert!(told[0].contains("checks were not seen") && told[0].contains("`sudo clipcheck all`"), "{}", said.out);
    assert!(!said.out.contains(why), "{}", said.out);
    assert!(said.out.contains("? firewall"), "a part of which nothing was seen is not OK: {}", said.out);
    let whole = run_with(&[], &["judge", &crate::path(&folder, "server.json"), "-v"]);
    assert!(whole.out.contains(why), "{}", whole.out);
}
