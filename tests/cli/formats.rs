//! Every format is read by what it is made for, and has all that the report has. Hostile text stays text in each.

use quick_junit::{NonSuccessKind, TestCaseStatus};
use serde_json::Value;

use crate::{Said, at_loopback, closed_port, folder, here, json, path, recorded, refused, run, run_with};

/// All ends of a state, judged.
pub(super) fn judged(state: &str, more: &[&str]) -> Said {
    let ends: &[&str] = if state == "guide-to-the-letter" {
        &["server", "client", "container", "outside"]
    } else {
        &["server", "client", "container"]
    };
    let files: Vec<String> = ends.iter().map(|vantage| recorded::path(state, vantage)).collect();
    let args: Vec<&str> =
        std::iter::once("judge").chain(files.iter().map(String::as_str)).chain(more.iter().copied()).collect();
    run(&args)
}

pub(super) const FORMATS: [&str; 7] = ["table", "json", "junit", "github", "markdown", "prometheus", "html"];

/// What breaks out of code, elements, annotations, tables and lists, in a check's own words.
pub(super) const BREAKS: &str = "`x` ``` <script>alert(1)</script> </details> ]]> | &amp; \" ' %0A::error::forged\\n::error::forged [a](javascript:x) <!-- \\";

/// A check that says so, and its folder.
fn breaking() -> tempfile::TempDir {
    let words = serde_json::to_string(BREAKS).expect("text");
    let check = format!(
        "title = {words}\nguide = \"beyond\"\nlooks = {{ container = [\"tcp 127.0.0.1:{}\"] }}\nexpect = [\"open\"]\n\
         [cause.refused]\nsays = {words}\nfix.say = {words}\nfix.run = [{words}]\nfix.know = {words}\n",
        closed_port()
    );
    folder(&[("own-breaking.toml", &check)])
}

pub(super) fn broken_by_words(format: &str) -> String {
    let folder = breaking();
    let here = here(closed_port());
    let checks = path(&folder, "");
    let args = at_loopback(&["all", "own-breaking", "--format", format, "--checks", &checks], &here);
    let said = run(&args);
    assert_eq!((said.code, said.err.as_str()), (1, ""), "{said:?}");
    said.out
}

#[test]
fn the_exit_code_is_the_same_in_every_format() {
    for (state, more, code) in [
        ("healthy", &[][..], 0),
        ("guide-to-the-letter", &[], 1),
        (
            "healthy",
            &["--fail-on", "not-seen"],
            json(&judged("healthy", &["--json", "--fail-on", "not-seen"]).out)["exit_code"].as_i64().expect("a code"),
        ),
    ] {
        for format in FORMATS {
            let said = judged(state, &[more, &["--format", format]].concat());
            assert_eq!((i64::from(said.code), said.err.as_str()), (code, ""), "{state} {format}");
            assert!(said.out.ends_with('\n') && !said.out.contains('\u{1b}'), "{state} {format}");
        }
    }
}

#[test]
fn json_has_a_short_name_and_a_schema() {
    assert_eq!(judged("healthy", &["--json"]).out, judged("healthy", &["--format", "json"]).out);
    refused(&["all", "--json", "--format", "table"], &["--json", "--format"]);
    for of in ["report", "list"] {
        let schema: Value = serde_json::from_str(&run(&["schema", of]).out).expect("JSON");
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    }
    assert_eq!(run(&["schema"]).out, run(&["schema", "report"]).out);
    refused(&["schema", "moon"], &["moon", "report"]);
    // A document that is none is found.
    let mut report = json(&judged("healthy", &["--json"]).out);
    report["checks"][0]["status"] = "fine".into();
    assert!(!crate::REPORT.is_valid(&report));
}

fn junit(text: &str) -> quick_junit::Report {
    quick_junit::Report::deserialize_from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn a_junit_reader_counts_what_the_report_counts() {
    let report = json(&judged("guide-to-the-letter", &["--json"]).out);
    let read = junit(&judged("guide-to-the-letter", &["--format", "junit"]).out);
    let count = |name: &str| usize::try_from(report["counts"][name].as_u64().expect("a count")).expect("small");
    let cases = || read.test_suites.iter().flat_map(|suite| &suite.test_cases);
    assert_eq!(cases().count(), report["checks"].as_array().expect("checks").len());
    assert_eq!(read.test_suites.len(), report["seats"].as_array().expect("seats").len());
    let failed = |case: &&quick_junit::TestCase| {
        matches!(case.status, TestCaseStatus::NonSuccess { kind: NonSuccessKind::Failure, .. })
    };
    assert_eq!(cases().filter(failed).count(), count("roots") + count("explained"));
    assert_eq!(read.failures, count("roots") + count("explained"));
    let root = cases().find(|case| case.name.as_str() == "redis-answers" && failed(case)).expect("a root");
    let TestCaseStatus::NonSuccess { ty, message, description, .. } = &root.status else { panic!("it failed") };
    assert!(ty.as_ref().is_some_and(|ty| ty.as_str().starts_with("redis-answers/")), "{ty:?}");
    assert!(message.as_ref().is_some_and(|it| it.as_str().contains("protected mode")), "{message:?}");
    assert!(description.as_ref().is_some_and(|it| it.as_str().contains("\nfix: ")), "{description:?}");
}

/// Who reads only the file must come to the same end.
#[test]
fn junit_fails_where_the_exit_code_does() {
    for more in [&[][..], &["--fail-on", "warning"], &["--fail-on", "not-seen"]] {
        for state in ["healthy", "guide-to-the-letter", "wg-keepalive-not-saved"] {
            let said = judged(state, &[more, &["--format", "junit"]].concat());
            let read = junit(&said.out);
            assert_eq!(said.code != 0, read.failures + read.errors > 0, "{state} {more:?}: {}", said.out);
        }
    }
}

/// Also where no check is the reason: nothing could be looked at in the container.
#[test]
fn junit_has_an_error_for_what_could_not_be_looked_into() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("its address").port();
    let check = format!(
        "title = \"It\"\nguide = \"beyond\"\nlooks = {{ client = [\"tcp 127.0.0.1:{port}\"] }}\nexpect = [\"open\"]\n"
    );
    let files = folder(&[("own-well.toml", &check)]);
    let checks = path(&files, "");
    let said =
        run(&["all", "own-well", "--as", "client", "--container=nobody", "--checks", &checks, "--format", "junit"]);
    assert_eq!((said.code, said.err.as_str()), (3, ""), "{said:?}");
    let read = junit(&said.out);
    assert_eq!((read.tests, read.failures, read.errors), (2, 0, 1), "{}", said.out);
    assert!(said.out.contains("the inside of the container was not checked"), "{}", said.out);
}

#[test]
fn hostile_words_stay_text_in_junit() {
    let text = broken_by_words("junit");
    assert!(!text.contains("<script>"), "{text}");
    let read = junit(&text);
    let case = &read.test_suites[0].test_cases[0];
    let TestCaseStatus::NonSuccess { message, description, .. } = &case.status else { panic!("it failed") };
    assert_eq!(message.as_ref().map(quick_junit::XmlString::as_str), Some(BREAKS));
    assert!(description.as_ref().is_some_and(|it| it.as_str().contains(BREAKS)), "{description:?}");
    assert_eq!(read.test_suites[0].test_cases.len(), 1);
}

/// Its name, its properties, its message.
type Command = (String, Vec<(String, String)>, String);

/// The workflow commands as the runner of GitHub Actions reads them.
fn commands(text: &str) -> Vec<Command> {
    let unescaped = |text: &str| {
        let text = text.replace("%3A", ":").replace("%2C", ",").replace("%0D", "\r").replace("%0A", "\n");
        text.replace("%25", "%")
    };
    let read = |line: &str| {
        let (head, message) = line.trim_start().strip_prefix("::")?.split_once("::")?;
        let (name, properties) = head.split_once(' ').unwrap_or((head, ""));
        let properties = properties.split(',').filter_map(|it| it.split_once('='));
        let properties = properties.map(|(name, value)| (name.to_owned(), unescaped(value))).collect();
        Some((name.to_owned(), properties, unescaped(message)))
    };
    text.lines().filter_map(read).collect()
}

#[test]
fn github_gets_an_annotation_for_each_finding_at_its_line() {
    let report = json(&judged("guide-to-the-letter", &["--json"]).out);
    let said = judged("guide-to-the-letter", &["--format", "github"]);
    let commands = commands(&said.out);
    let of = |name: &str| commands.iter().filter(|command| command.0 == name).count();
    assert_eq!(of("error") as u64, report["counts"]["roots"].as_u64().expect("roots"));
    assert_eq!(of("notice") as u64, report["counts"]["notes"].as_u64().expect("notes"));
    let places = report["checks"].as_array().expect("checks").iter().filter(|check| check["root"] == true);
    for place in places.filter_map(|check| check["diagnosis"].get("place")) {
        let wanted = [("file", place["file"].as_str().expect("a file")), ("line", &place["line"].to_string())]
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let found = commands.iter().any(|(_, properties, _)| wanted.iter().all(|it| properties.contains(it)));
        assert!(found, "{place}: {}", said.out);
    }
    let last = said.out.lines().last().unwrap_or_default();
    assert!(last.starts_with("clipcheck: ") && last.contains("root cause"), "{last}");
}

#[test]
fn hostile_words_are_no_command_of_github() {
    let text = broken_by_words("github");
    let commands = commands(&text);
    assert_eq!(commands.len(), 1, "{text}");
    assert!(commands[0].2.starts_with(BREAKS), "{text}");
    assert_eq!(text.lines().count(), 2, "{text}");
}

#[test]
fn in_a_job_of_github_it_is_chosen_and_the_summary_is_written() {
    let files = folder(&[("summary.md", "before\n")]);
    let summary = path(&files, "summary.md");
    let snapshot = recorded::path("guide-to-the-letter", "server");
    let job = [("GITHUB_ACTIONS", "true"), ("GITHUB_STEP_SUMMARY", summary.as_str())];
    let said = run_with(&job, &["judge", &snapshot]);
    assert_eq!((said.code, said.err.as_str()), (1, ""));
    assert_eq!(said.out, run(&["judge", &snapshot, "--format", "github"]).out);
    let written = std::fs::read_to_string(&summary).expect("the summary");
    assert_eq!(written, format!("before\n{}", run(&["judge", &snapshot, "--format", "markdown"]).out));
    // What is asked for is done, and what is no job has no summary.
    for format in ["table", "json", "markdown"] {
        let asked = run_with(&job, &["judge", &snapshot, "--format", format]);
        assert_eq!(asked.out, run(&["judge", &snapshot, "--format", format]).out, "{format}");
    }
    assert_eq!(std::fs::read_to_string(&summary).expect("the summary"), written);
    let job = [("GITHUB_ACTIONS", "true"), ("GITHUB_STEP_SUMMARY", "/nonexistent/summary")];
    let failed = run_with(&job, &["judge", &snapshot]);
    assert_eq!((failed.code, failed.out.as_str()), (2, ""), "{failed:?}");
    assert!(failed.err.contains("/nonexistent/summary"), "{}", failed.err);
}

/// What a renderer of GitHub's Markdown makes of it, before anything is removed as dangerous.
fn html(markdown: &str) -> String {
    use pulldown_cmark::{Options, Parser, html};
    let mut out = String::new();
    html::push_html(&mut out, Parser::new_ext(markdown, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH));
    out
}

#[test]
fn markdown_reads_as_an_issue() {
    let report = json(&judged("guide-to-the-letter", &["--json"]).out);
    let page = html(&judged("guide-to-the-letter", &["--format", "markdown"]).out);
    let rows =
        report["checks"].as_array().expect("checks").iter().filter(|it| it["status"] != "not-applicable").count();
    assert_eq!(page.matches("<tr>").count(), rows + 1);
    assert_eq!(page.matches("<details>").count(), page.matches("</details>").count());
    for root in report["roots"].as_array().expect("roots").iter().filter_map(Value::as_str) {
        let code = root.rsplit(' ').next().expect("a code");
        assert!(page.contains(&format!("<h3>✗ <code>{code}</code> on ")), "{root}: {page}");
    }
    assert!(page.contains("<pre><code class=\"language-sh\">sudo "), "{page}");
}

#[test]
fn the_gravest_is_read_first() {
    for format in ["markdown", "html"] {
        let out = judged("guide-to-the-letter", &["--format", format]).out;
        let page = if format == "markdown" { html(&out) } else { out };
        let titles = page.split("<h3>").skip(1).filter_map(|rest| rest.split("</h3>").next());
        let text = |title: &str| title.trim_start_matches(|it| it != '>').trim_start_matches('>').chars().next();
        let first = |title: &str| if title.starts_with('<') { text(title) } else { title.chars().next() };
        let marks: Vec<char> = titles.filter_map(first).collect();
        let rank = |mark: &char| "✗!i".find(*mark);
        assert!(marks.contains(&'✗') && marks.contains(&'!'), "{format}: {marks:?}");
        assert!(marks.is_sorted_by_key(rank), "{format}: {marks:?}");
    }
}

#[test]
fn hostile_words_stay_text_in_markdown() {
    let page = html(&broken_by_words("markdown"));
    for element in ["<script", "<a ", "<!--", "javascript:x\""] {
        assert!(!page.contains(element), "{element}: {page}");
    }
    // What is seen, the fix, its command, how to know that it worked, and the table.
    assert_eq!(page.matches("&lt;script&gt;alert(1)&lt;/script&gt;").count(), 5, "{page}");
    assert_eq!(page.matches("</details>").count(), 2, "{page}");
    assert_eq!(page.matches("<td").count(), 4, "{page}");
}

#[test]
fn help_names_every_format() {
    let help = run(&["all", "--help"]).out;
    for format in FORMATS {
        assert!(help.contains(&format!("- {format}:")) || help.contains(&format!("- {format}\n")), "{format}: {help}");
    }
}
