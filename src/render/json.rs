//! Report → JSON, schema 2, in structs of its own: what the program calls things inside may change, this may not.

use serde::Serialize;

use crate::exit::Exit;
use crate::report::{Answer, Diagnosis, Outcome, Report, SCHEMA, Shell};

mod seat;
mod since;

use seat::{SeatV2, seat};
use since::{ChangeV2, change};

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    tool: &'static str,
    version: &'static str,
    verdict: &'static str,
    exit_code: u8,
    counts: Counts,
    seats: Vec<SeatV2<'a>>,
    roots: Vec<String>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    notes: &'a [String],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    since: Vec<ChangeV2<'a>>,
    checks: Vec<CheckV2<'a>>,
}

#[derive(Serialize)]
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

#[derive(Serialize)]
struct CheckV2<'a> {
    id: &'a str,
    category: &'static str,
    title: &'a str,
    seat: &'a str,
    /// Of several clients those that it is about, where the server says something else of others.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    clients: &'a [String],
    status: &'static str,
    root: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    diagnosis: Option<DiagnosisV2<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    explains: &'a [String],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    explained_by: &'a [String],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    needs_unseen: &'a [String],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    despite: &'a [String],
    guide: &'a str,
    evidence: Vec<EvidenceV2<'a>>,
}

#[derive(Serialize)]
struct DiagnosisV2<'a> {
    code: &'a str,
    says: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<PlaceV2<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    alternatives: Vec<CandidateV2<'a>>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    tell_apart: &'a [String],
    fix: FixV2<'a>,
}

/// The line at fault.
#[derive(Serialize)]
struct PlaceV2<'a> {
    file: &'a str,
    line: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<u32>,
}

#[derive(Serialize)]
struct CandidateV2<'a> {
    on: &'static str,
    code: &'a str,
    title: &'a str,
}

#[derive(Serialize)]
struct FixV2<'a> {
    on: Option<&'static str>,
    say: &'a str,
    run: &'a [String],
    /// What `run` is typed into: `sh` or `powershell`.
    shell: Shell,
    know: &'a str,
}

#[derive(Serialize)]
struct EvidenceV2<'a> {
    line: &'a str,
    seat: &'a str,
    source: &'a str,
}

pub(super) fn render(report: &Report, exit: Exit) -> String {
    let counts = report.counts;
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
        checks: report.outcomes.iter().map(check).collect(),
    };
    let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
    text.push('\n');
    text
}

fn check(outcome: &Outcome) -> CheckV2<'_> {
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
            .map(|it| EvidenceV2 { line: &it.line, seat: &it.seat, source: &it.source })
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
            on: diagnosis.fix.on.map(crate::fact::Vantage::word),
            say: &diagnosis.fix.say,
            run: &diagnosis.fix.run,
            shell: diagnosis.shell,
            know: &diagnosis.fix.know,
        },
    }
}
