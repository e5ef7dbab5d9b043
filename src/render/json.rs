//! Report → JSON, schema 2, in structs of its own: what the program calls things inside may change, this may not. The
//! published schema (`json/report.schema.json`) is made of the same structs.

use serde::Serialize;

use crate::exit::Exit;
use crate::fact::Vantage;
use crate::report::{Answer, Diagnosis, Evidence, Outcome, Report, SCHEMA, Shell};

mod seat;
mod since;

use seat::{SeatV2, seat};
use since::{ChangeV2, change};

/// A report of clipcheck. Fields may be added; the rest stays as it is until the number in `schema` changes.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "Report"))]
struct Document<'a> {
    /// The version of this form.
    #[cfg_attr(test, schemars(extend("const" = SCHEMA)))]
    schema: u32,
    #[cfg_attr(test, schemars(extend("const" = "clipcheck")))]
    tool: &'static str,
    /// The version of clipcheck.
    version: &'static str,
    #[cfg_attr(test, schemars(extend("enum" = ["ok", "failed", "not-seen", "error"])))]
    verdict: &'static str,
    /// What the program ended with: 0 nothing failed, 1 something failed, 3 nothing failed, but an essential check could
    /// not be seen.
    exit_code: u8,
    /// How many of each answer.
    counts: Counts,
    /// Who looked.
    seats: Vec<SeatV2<'a>>,
    /// The root causes, as `seat check-id/cause`.
    roots: Vec<String>,
    /// What to keep in mind when the snapshots are read together.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    notes: &'a [String],
    /// What became of the root causes of an earlier report, if one was given.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    since: Vec<ChangeV2<'a>>,
    /// Every check at every seat.
    checks: Vec<CheckV2<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Counts {
    ok: usize,
    /// Failed, with nothing failed above.
    roots: usize,
    /// Failed because a root did.
    explained: usize,
    warnings: usize,
    /// Nothing is wrong; it could be stricter.
    notes: usize,
    not_seen: usize,
    not_applicable: usize,
}

/// One check at one seat.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "Check"))]
struct CheckV2<'a> {
    id: &'a str,
    category: &'static str,
    /// What holds, if it holds.
    title: &'a str,
    /// The `id` of one of the seats.
    seat: &'a str,
    /// Of several clients those that it is about, where the server says something else of others.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    clients: &'a [String],
    #[cfg_attr(test, schemars(extend("enum" = ["ok", "failed", "warning", "note", "not-seen", "not-applicable"])))]
    status: &'static str,
    /// Whether it failed by itself.
    root: bool,
    /// The cause, if it failed, warns or notes.
    #[serde(skip_serializing_if = "Option::is_none")]
    diagnosis: Option<DiagnosisV2<'a>>,
    /// Why it was not seen or does not apply.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    /// What failed because this did, as `check-id (seat)`.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    explains: &'a [String],
    /// The root causes because of which it failed.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    explained_by: &'a [String],
    /// What it needs and could not be seen: a deeper cause may be there.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    needs_unseen: &'a [String],
    /// It is OK although these failed.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    despite: &'a [String],
    /// The step of the guide, or `beyond`.
    guide: &'a str,
    /// What was read to judge it, without secrets. Of several clients only `--verbose` has it for what is OK or does not apply.
    evidence: Vec<EvidenceV2<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "Diagnosis"))]
struct DiagnosisV2<'a> {
    /// `check-id/cause`: what `clipcheck explain` takes.
    code: &'a str,
    /// What is seen.
    says: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<PlaceV2<'a>>,
    /// What looks the same from here, most likely first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    alternatives: Vec<CandidateV2<'a>>,
    /// How to tell those apart, the surest way first.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    tell_apart: &'a [String],
    fix: FixV2<'a>,
}

/// The line at fault.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "Place"))]
struct PlaceV2<'a> {
    file: &'a str,
    line: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<u32>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "Candidate"))]
struct CandidateV2<'a> {
    on: &'static str,
    code: &'a str,
    title: &'a str,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "Fix"))]
struct FixV2<'a> {
    /// The part of the deployment on which to do it; none if that depends on the deployment.
    on: Option<&'static str>,
    say: &'a str,
    /// The commands.
    run: &'a [String],
    /// What `run` is typed into: `sh` or `powershell`.
    shell: Shell,
    /// How to know that it worked.
    know: &'a str,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "Evidence"))]
struct EvidenceV2<'a> {
    line: &'a str,
    seat: &'a str,
    source: &'a str,
}

/// The schema of a report. A test makes it of the structs again: the program need not be able to.
pub(super) const REPORT: &str = include_str!("json/report.schema.json");

pub(super) fn render(report: &Report, exit: Exit, verbose: bool) -> String {
    let counts = report.counts;
    // Of a thousand clients that are well it would be a thousand times the same lines, 200 MB of them.
    let of_all = verbose || report.hosts.iter().filter(|host| host.vantage == Vantage::Client).count() < 2;
    let document = Document {
        schema: SCHEMA,
        tool: "clipcheck",
        version: env!("CARGO_PKG_VERSION"),
        verdict: match exit {
            Exit::Fine => "ok",
            Exit::Broken => "failed",
            Exit::Unseen => "not-seen",
            Exit::Undone => "error",
        },
        exit_code: exit.number(),
        counts: Counts {
            ok: counts.holds,
            roots: counts.roots,
            explained: counts.explained,
            warnings: counts.warns,
            notes: counts.notes,
            not_seen: counts.unseen,
            not_applicable: counts.not_applicable,
        },
        seats: report.hosts.iter().map(seat).collect(),
        roots: report.roots().map(|(outcome, diagnosis)| format!("{} {}", outcome.seat, diagnosis.code)).collect(),
        notes: &report.notes,
        since: report.since.iter().map(change).collect(),
        checks: report.outcomes.iter().map(|outcome| check(outcome, of_all)).collect(),
    };
    let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
    text.push('\n');
    text
}

fn check(outcome: &Outcome, of_all: bool) -> CheckV2<'_> {
    let found = !matches!(outcome.answer, Answer::Holds | Answer::NotApplicable(_));
    let mut check = CheckV2 {
        id: &outcome.check,
        category: outcome.category.word(),
        title: &outcome.title,
        seat: &outcome.seat,
        clients: &outcome.clients,
        status: outcome.answer.word(),
        root: false,
        diagnosis: None,
        reason: None,
        explains: &[],
        explained_by: &[],
        needs_unseen: &[],
        despite: &[],
        guide: &outcome.guide,
        evidence: outcome
            .evidence
            .iter()
            .filter(|_| found || of_all)
            .map(|Evidence { line, seat, source }| EvidenceV2 { line, seat, source })
            .collect(),
    };
    match &outcome.answer {
        Answer::Holds => {}
        Answer::Despite(broken) => check.despite = broken,
        Answer::Root { diagnosis: it, explains, open } => {
            check.root = true;
            check.diagnosis = Some(diagnosis(it));
            check.explains = explains;
            check.needs_unseen = open;
        }
        Answer::Warns(it) | Answer::Notes(it) => check.diagnosis = Some(diagnosis(it)),
        Answer::Explained { diagnosis: it, by } => {
            check.diagnosis = Some(diagnosis(it));
            check.explained_by = by;
        }
        Answer::Unseen(why) | Answer::NotApplicable(why) => check.reason = Some(why),
    }
    check
}

fn diagnosis(diagnosis: &Diagnosis) -> DiagnosisV2<'_> {
    DiagnosisV2 {
        code: &diagnosis.code,
        says: &diagnosis.says,
        place: diagnosis.place.as_ref().map(|it| PlaceV2 { file: &it.file, line: it.line, column: it.column }),
        alternatives: diagnosis
            .alternatives
            .iter()
            .map(|it| CandidateV2 { on: it.on.word(), code: &it.code, title: &it.title })
            .collect(),
        tell_apart: &diagnosis.tell,
        fix: FixV2 {
            on: diagnosis.fix.on.map(Vantage::word),
            say: &diagnosis.fix.say,
            run: &diagnosis.fix.run,
            shell: diagnosis.shell,
            know: &diagnosis.fix.know,
        },
    }
}

/// Fails where a schema in this folder is not that of a struct, and prints what it is.
#[cfg(test)]
pub(super) fn agrees<T: schemars::JsonSchema>(name: &str, published: &str) {
    let settings = schemars::generate::SchemaSettings::draft2020_12().for_serialize();
    let schema = settings.into_generator().into_root_schema_for::<T>();
    let made = serde_json::to_string_pretty(&schema).expect("JSON") + "\n";
    assert!(made == published, "src/render/json/{name} is to be:\n{made}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_schema_is_that_of_the_structs() {
        agrees::<Document<'_>>("report.schema.json", REPORT);
    }
}
