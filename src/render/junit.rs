//! Report → JUnit's XML: a suite for each seat, a case for each check.

use std::borrow::Cow;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use super::clean::Clean;
use crate::cli::FailOn;
use crate::exit::Exit;
use crate::report::{Answer, Diagnosis, Evidence, Host, Outcome, Report};

/// What a case has besides its name; the name is the element's.
enum Result {
    Failure(String),
    Error,
    Skipped,
    /// Text beside a case that passed.
    Beside(String),
    Passed,
}

pub(super) fn render(report: &Clean<Report>, fail_on: &[FailOn], exit: Exit) -> String {
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    // Nothing can fail that is written to memory.
    let _ = suites(&mut writer, report, fail_on, exit);
    let mut text = String::from_utf8(writer.into_inner()).unwrap_or_default();
    text.push('\n');
    text
}

type Out = Writer<Vec<u8>>;

fn suites(out: &mut Out, report: &Report, fail_on: &[FailOn], exit: Exit) -> std::io::Result<()> {
    out.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let (mut tests, mut failures, mut errors) = counted(report.outcomes.iter(), fail_on);
    // What ends a run badly without any check: a part of the deployment that could not be looked into.
    let beyond = exit != Exit::Fine && failures + errors == 0;
    if beyond {
        (tests, failures, errors) = (tests + 1, failures, errors + 1);
    }
    out.create_element("testsuites")
        .with_attribute(("name", "clipcheck"))
        .with_attributes(numbers(tests, failures, errors))
        .write_inner_content(|out| {
            for host in &report.hosts {
                suite(out, report, host, fail_on, exit)?;
            }
            if beyond { beyond_checks(out, report) } else { Ok(()) }
        })?;
    Ok(())
}

fn beyond_checks(out: &mut Out, report: &Report) -> std::io::Result<()> {
    let suite = out.create_element("testsuite").with_attribute(("name", "run")).with_attributes(numbers(1, 0, 1));
    suite.write_inner_content(|out| {
        let case = [("name", "everything required was seen"), ("classname", "clipcheck.run"), ("time", "0")];
        out.create_element("testcase").with_attributes(case).write_inner_content(|out| {
            let error = out.create_element("error").with_attribute(("message", report.verdict().as_str()));
            let notes = xml(&report.notes.join("\n"));
            error.with_attribute(("type", "not-seen")).write_text_content(BytesText::new(&notes)).map(|_| ())
        })?;
        Ok(())
    })?;
    Ok(())
}

/// As attributes.
fn numbers(tests: usize, failures: usize, errors: usize) -> [(&'static str, Cow<'static, str>); 3] {
    let text = |number: usize| Cow::Owned(number.to_string());
    [("tests", text(tests)), ("failures", text(failures)), ("errors", text(errors))]
}

fn suite(out: &mut Out, report: &Report, host: &Host, fail_on: &[FailOn], exit: Exit) -> std::io::Result<()> {
    let here = || report.outcomes.iter().filter(|outcome| outcome.seat == host.seat);
    let (tests, failures, errors) = counted(here(), fail_on);
    let skipped = here().filter(|outcome| matches!(result(outcome, fail_on), Result::Skipped)).count().to_string();
    let took = std::time::Duration::from_micros(host.took_us).as_secs_f64();
    out.create_element("testsuite")
        .with_attribute(("name", xml(&host.seat).as_str()))
        .with_attributes(numbers(tests, failures, errors))
        .with_attributes([("skipped", &*skipped)])
        .with_attributes([
            ("hostname", &*xml(&host.name)),
            ("timestamp", &*host.at()),
            ("time", &*format!("{took:.3}")),
        ])
        .write_inner_content(|out| {
            out.create_element("properties").write_inner_content(|out| {
                let property = |out: &mut Out, name: &str, value: &str| {
                    let element = out.create_element("property");
                    element.with_attributes([("name", name), ("value", value)]).write_empty().map(|_| ())
                };
                property(out, "clipcheck.version", env!("CARGO_PKG_VERSION"))?;
                property(out, "clipcheck.exit-code", &exit.number().to_string())
            })?;
            here().try_for_each(|outcome| case(out, outcome, fail_on))
        })?;
    Ok(())
}

fn case(out: &mut Out, outcome: &Outcome, fail_on: &[FailOn]) -> std::io::Result<()> {
    let name = match outcome.clients.as_slice() {
        [] => outcome.check.clone(),
        clients => format!("{} for {}", outcome.check, clients.join(", ")),
    };
    let element = out.create_element("testcase").with_attributes([
        ("name", xml(&name).as_str()),
        ("classname", &format!("clipcheck.{}", outcome.category.word())),
        ("time", "0"),
    ]);
    let message = xml(&outcome.says());
    let said = |out: &mut Out, tag: &str, kind: Option<&str>, text: &str| {
        let element = out.create_element(tag).with_attribute(("message", message.as_str()));
        let element = kind.into_iter().fold(element, |element, kind| element.with_attribute(("type", kind)));
        element.write_text_content(BytesText::new(text)).map(|_| ())
    };
    match result(outcome, fail_on) {
        Result::Passed => element.write_empty(),
        Result::Failure(text) => {
            let kind = match (&outcome.answer, outcome.found()) {
                (_, Some(diagnosis)) => xml(&diagnosis.code),
                (Answer::Explained { .. }, None) => "explained".to_owned(),
                (_, None) => outcome.answer.word().to_owned(),
            };
            element.write_inner_content(|out| said(out, "failure", Some(&kind), &text))
        }
        Result::Error => element.write_inner_content(|out| said(out, "error", Some("not-seen"), "")),
        Result::Skipped => element.write_inner_content(|out| said(out, "skipped", None, "")),
        Result::Beside(text) => element.write_inner_content(|out| {
            out.create_element("system-out").write_text_content(BytesText::new(&text)).map(|_| ())
        }),
    }
    .map(|_| ())
}

fn result(outcome: &Outcome, fail_on: &[FailOn]) -> Result {
    let counts = Exit::is_because_of(outcome, fail_on);
    match (&outcome.answer, outcome.found()) {
        (Answer::Unseen(_), _) if counts => Result::Error,
        (Answer::Unseen(_) | Answer::NotApplicable(_), _) => Result::Skipped,
        (_, Some(diagnosis)) if counts => Result::Failure(text(outcome, diagnosis)),
        (_, Some(diagnosis)) => Result::Beside(format!("{}: {}", outcome.answer.word(), text(outcome, diagnosis))),
        (Answer::Explained { .. }, None) => Result::Failure(xml(&outcome.says())),
        (_, None) => Result::Passed,
    }
}

fn counted<'a>(outcomes: impl Iterator<Item = &'a Outcome>, fail_on: &[FailOn]) -> (usize, usize, usize) {
    let (mut tests, mut failures, mut errors) = (0, 0, 0);
    for outcome in outcomes {
        tests += 1;
        match result(outcome, fail_on) {
            Result::Failure(_) => failures += 1,
            Result::Error => errors += 1,
            Result::Skipped | Result::Beside(_) | Result::Passed => {}
        }
    }
    (tests, failures, errors)
}

/// All there is to read of a finding, in lines.
fn text(outcome: &Outcome, diagnosis: &Diagnosis) -> String {
    let mut lines = vec![diagnosis.says.clone()];
    lines.extend(diagnosis.place.as_ref().map(|place| format!("at {place}")));
    lines.extend(outcome.evidence.iter().map(|Evidence { line, seat, source }| {
        if source.is_empty() { format!("seen: {line} [{seat}]") } else { format!("seen: {line} [{seat}, {source}]") }
    }));
    lines.extend(diagnosis.alternatives.iter().map(|it| format!("or: {} ({}): {}", it.code, it.on, it.title)));
    lines.push(format!("fix: {}", diagnosis.fix_says()));
    lines.extend(diagnosis.fix.run.iter().map(|command| format!("  $ {command}")));
    lines.push(format!("then: {}", diagnosis.fix.know));
    xml(&lines.join("\n"))
}

/// Two characters that no control character is, and that XML has no way to write.
fn xml(text: &str) -> String {
    text.replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}")
}
