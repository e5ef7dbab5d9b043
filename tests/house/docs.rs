//! The README is for users first: short, and true.

use crate::{files_named, read};

/// What is read in a few minutes, in bytes.
const SHORT: usize = 12 * 1024;

#[test]
fn the_readme_is_short() {
    let length = read("README.md").len();
    assert!(length <= SHORT, "README.md has {length} bytes; what is not for every user belongs into docs/");
}

/// What it shows is what is printed: the golden page of `cli::screens`.
#[test]
fn the_readme_shows_what_is_printed() {
    let readme = read("README.md");
    let shown = readme.split_once("<!-- transcript -->\n```text\n").and_then(|(_, rest)| rest.split_once("\n```\n"));
    let golden = read("tests/cli/snapshots/cli__cli__screens__one-screen.snap");
    let printed = golden.splitn(3, "---\n").nth(2).expect("a golden page");
    assert_eq!(shown.expect("a transcript").0.trim(), printed.trim());
}

#[test]
fn every_page_of_the_docs_is_linked() {
    let readme = read("README.md");
    let lost: Vec<String> = files_named("docs", ".md").into_iter().filter(|page| !readme.contains(page)).collect();
    assert!(lost.is_empty(), "README.md leads to none of {lost:?}");
}
