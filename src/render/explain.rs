//! A check file → a page.

use std::fmt::Write;

use super::clean::Clean;
use crate::check::{Category, Cause, Check, Needs, Rule, Severity, did_you_mean};
use crate::report::provenance::variables;
use crate::report::usually;

pub(super) fn page(checks: &Clean<Vec<Check>>, id: &str, width: usize) -> Result<String, String> {
    let (check_id, cause) = id.split_once('/').map_or((id, None), |(check, cause)| (check, Some(cause)));
    if let Some(category) = Category::ALL.iter().copied().find(|category| category.word() == id) {
        return Ok(of_category(checks, category, width));
    }
    let check = checks.iter().find(|check| check.id.0 == check_id).ok_or_else(|| {
        let categories = Category::ALL.iter().map(|category| category.word());
        let known = checks.iter().map(|check| check.id.0.as_str()).chain(categories).chain(variables(None));
        let hint = did_you_mean(check_id, known);
        format!("there is no check, category or variable `{check_id}`; {hint}")
    })?;
    let mut out = head(check, width);
    let causes: Vec<(&String, &Cause)> =
        check.causes.iter().filter(|(name, _)| cause.is_none_or(|wanted| wanted == name.as_str())).collect();
    if let (Some(wanted), true) = (cause, causes.is_empty()) {
        let near = did_you_mean(wanted, check.causes.keys().map(String::as_str));
        let near = if near.starts_with("did") { format!("{near} ") } else { String::new() };
        return Err(format!(
            "the check `{check_id}` has no cause `{wanted}`; {near}It has: {}",
            join(check.causes.keys().cloned())
        ));
    }
    for (name, cause) in causes {
        of_cause(&mut out, checks, check, name, cause, width);
    }
    Ok(out)
}

/// What the check is, where it is judged, and what by.
fn head(check: &Check, width: usize) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "{}: {}", check.id, check.title);
    let _ = writeln!(out, "  judged at   {}", join(check.looks.keys().map(|vantage| vantage.word().to_owned())));
    for (vantage, keys) in &check.looks {
        let _ = writeln!(out, "  looks at    {} ({vantage})", join(keys.iter().map(ToString::to_string)));
    }
    if let Rule::Plugin(program) = &check.rule {
        let user = program.user.as_ref().map_or_else(String::new, |user| format!(" as {user}"));
        let _ = writeln!(out, "  runs        {}{user}, for up to {} s", program.path, program.timeout);
    }
    for (vantage, keys) in &check.with {
        let _ = writeln!(
            out,
            "  also reads  {} ({vantage}), if its snapshot is available",
            join(keys.iter().map(ToString::to_string))
        );
    }
    let words = |needs: &Needs| join(needs.iter().map(ToString::to_string));
    let besides = check.needs_at.iter().map(|(at, needs)| format!("at the {at} {}", words(needs)));
    let needs: Vec<String> = std::iter::once(words(&check.needs)).filter(|it| !it.is_empty()).chain(besides).collect();
    if !needs.is_empty() {
        wrap(&mut out, &needs.join("; "), "  needs       ", "              ", width);
    }
    if check.guide != "beyond" {
        let _ = writeln!(out, "  guide       {}", check.guide);
    }
    out
}

/// One way in which it can fail, and how that is mended.
fn of_cause(out: &mut String, checks: &[Check], check: &Check, name: &str, cause: &Cause, width: usize) {
    let kind = match cause.severity {
        Severity::Failed => "",
        Severity::Warning => " (a warning)",
        Severity::Note => " (a note)",
    };
    let _ = writeln!(out, "\n{}/{name}{kind}", check.id);
    wrap(out, &usually(&cause.says), "  says   ", "         ", width);
    if let Some(why) = &cause.why {
        wrap(out, why, "  why    ", "         ", width);
    }
    if !cause.needs.is_empty() {
        wrap(out, &join(cause.needs.iter().map(ToString::to_string)), "  needs  ", "         ", width);
    }
    let on = cause.fix.on.map_or_else(String::new, |on| format!("on the {on}: "));
    wrap(out, &format!("{on}{}", usually(&cause.fix.say)), "  fix    ", "         ", width);
    for command in &cause.fix.run {
        let _ = writeln!(out, "         $ {}", usually(command));
    }
    wrap(out, &usually(&cause.fix.know), "  then   ", "         ", width);
    let others = [
        (&cause.windows, "on Windows", '>'),
        (&cause.native, "without Docker", '$'),
        (&cause.contained, "in a container", '$'),
        (&cause.other_app, "of another app", '$'),
    ];
    for (other, place, prompt) in others {
        let Some(other) = other else { continue };
        wrap(out, &usually(&format!("{place}: {}", other.fix.say)), "  fix    ", "         ", width);
        for command in &other.fix.run {
            let _ = writeln!(out, "         {prompt} {command}");
        }
        wrap(out, &usually(&other.fix.know), "  then   ", "         ", width);
    }
    for (vantage, alternatives) in &cause.alternatives {
        let _ = writeln!(out, "  alike  from the {vantage} alone, these causes look the same, most likely first:");
        for alternative in alternatives {
            let title = checks.iter().find(|check| check.id == alternative.check).map_or("", |check| &check.title);
            let line = format!("{} ({}): {title}", alternative.code(), alternative.on);
            wrap(out, &line, "         - ", "           ", width);
        }
    }
    if let Some(tell) = &cause.tell {
        wrap(out, tell, "  tell   ", "         ", width);
    }
}

/// The checks of a category, with what each is OK for and the ways in which it can fail.
fn of_category(checks: &[Check], category: Category, width: usize) -> String {
    let own: Vec<&Check> = checks.iter().filter(|check| check.category == category).collect();
    let mut out = format!("{}: {} checks\n", category.word(), own.len());
    for check in own {
        out.push('\n');
        wrap(&mut out, &format!("{}: {}", check.id, check.title), "", "  ", width);
        let _ = writeln!(out, "  judged at   {}", join(check.looks.keys().map(|vantage| vantage.word().to_owned())));
        wrap(&mut out, &join(check.causes.keys().cloned()), "  causes      ", "              ", width);
    }
    out
}

fn join(words: impl Iterator<Item = String>) -> String {
    words.collect::<Vec<_>>().join(", ")
}

fn wrap(out: &mut String, text: &str, first: &str, rest: &str, width: usize) {
    out.push_str(&textwrap::fill(
        text.trim(),
        textwrap::Options::new(width)
            .initial_indent(first)
            .subsequent_indent(rest)
            .word_splitter(textwrap::WordSplitter::NoHyphenation),
    ));
    out.push('\n');
}
