//! Report → JSON, schema 1, in structs of its own: what the program calls things inside may change, this may not.

use serde::Serialize;

use crate::exit::Exit;
use crate::profile::{Addresses, Known, Source};
use crate::report::{Answer, Outcome, Report, SCHEMA, Shell, Trouble};

mod since;

use since::{ChangeV1, change};

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    tool: &'static str,
    version: &'static str,
    verdict: &'static str,
    exit_code: u8,
    counts: Counts,
    hosts: Vec<HostV1<'a>>,
    roots: Vec<String>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    notes: &'a [String],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    since: Vec<ChangeV1<'a>>,
    checks: Vec<CheckV1<'a>>,
}

#[derive(Serialize)]
struct Counts {
    holds: usize,
    roots: usize,
    explained: usize,
    warns: usize,
    /// Nothing is wrong; it could be stricter.
    notes: usize,
    unseen: usize,
    not_applicable: usize,
}

#[derive(Serialize)]
struct HostV1<'a> {
    vantage: &'static str,
    found_by: &'a str,
    name: &'a str,
    rights: &'static str,
    /// RFC 3339.
    taken_at: String,
    addresses: AddressesV1,
    took_ms: f64,
    slowest_look: Option<LookV1>,
}

#[derive(Serialize)]
struct LookV1 {
    look: String,
    took_ms: f64,
}

#[derive(Serialize)]
struct AddressesV1 {
    server: Value<String>,
    client: Value<String>,
    subnet: Value<String>,
    interface: Value<String>,
    wireguard_port: Value<u16>,
    redis_port: Value<u16>,
    postgres_port: Value<u16>,
    public: Option<String>,
}

#[derive(Serialize)]
struct Value<T> {
    value: T,
    from: &'static str,
}

#[derive(Serialize)]
struct CheckV1<'a> {
    id: &'a str,
    category: &'static str,
    title: &'a str,
    vantage: &'static str,
    host: &'a str,
    status: &'static str,
    root: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    trouble: Option<TroubleV1<'a>>,
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
    evidence: Vec<EvidenceV1<'a>>,
}

#[derive(Serialize)]
struct TroubleV1<'a> {
    code: &'a str,
    says: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    may_be: Vec<MaybeV1<'a>>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    tell_apart: &'a [String],
    fix: FixV1<'a>,
}

#[derive(Serialize)]
struct MaybeV1<'a> {
    on: &'static str,
    code: &'a str,
    title: &'a str,
}

#[derive(Serialize)]
struct FixV1<'a> {
    on: Option<&'static str>,
    say: &'a str,
    run: &'a [String],
    /// What `run` is typed into: `sh` or `powershell`.
    shell: Shell,
    know: &'a str,
}

#[derive(Serialize)]
struct EvidenceV1<'a> {
    line: &'a str,
    vantage: &'static str,
    source: &'a str,
}

pub(super) fn render(report: &Report, exit: Exit) -> String {
    let counts = report.counts;
    let document = Document {
        schema: SCHEMA,
        tool: "clipcheck",
        version: env!("CARGO_PKG_VERSION"),
        verdict: match exit {
            Exit::Fine => "fine",
            Exit::Broken => "broken",
            Exit::Unseen => "unseen",
            Exit::Undone => "undone",
        },
        exit_code: exit.number(),
        counts: Counts {
            holds: counts.holds,
            roots: counts.roots,
            explained: counts.explained,
            warns: counts.warns,
            notes: counts.notes,
            unseen: counts.unseen,
            not_applicable: counts.not_applicable,
        },
        hosts: report
            .hosts
            .iter()
            .map(|host| HostV1 {
                vantage: host.vantage.word(),
                found_by: &host.vantage_by,
                name: &host.name,
                rights: match host.rights {
                    crate::snapshot::Rights::Root => "root",
                    crate::snapshot::Rights::Administrator => "administrator",
                    crate::snapshot::Rights::User => "user",
                },
                taken_at: jiff::Timestamp::from_second(i64::try_from(host.taken_at).unwrap_or(0))
                    .unwrap_or_default()
                    .to_string(),
                addresses: addresses(&host.addresses),
                took_ms: millis(host.took_us),
                slowest_look: host
                    .slowest
                    .as_ref()
                    .map(|(key, took)| LookV1 { look: key.to_string(), took_ms: millis(*took) }),
            })
            .collect(),
        roots: report.roots().map(|(outcome, trouble)| format!("{} {}", outcome.vantage, trouble.code)).collect(),
        notes: &report.notes,
        since: report.since.iter().map(change).collect(),
        checks: report.outcomes.iter().map(check).collect(),
    };
    let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
    text.push('\n');
    text
}

fn check(outcome: &Outcome) -> CheckV1<'_> {
    let mut check = CheckV1 {
        id: &outcome.check,
        category: outcome.category.word(),
        title: &outcome.title,
        vantage: outcome.vantage.word(),
        host: &outcome.host,
        status: outcome.answer.word(),
        root: false,
        trouble: None,
        reason: None,
        explains: &[],
        explained_by: &[],
        needs_unseen: &[],
        despite: &[],
        guide: &outcome.guide,
        evidence: outcome
            .evidence
            .iter()
            .map(|it| EvidenceV1 { line: &it.line, vantage: it.vantage.word(), source: &it.source })
            .collect(),
    };
    match &outcome.answer {
        Answer::Holds => {}
        Answer::Despite(broken) => check.despite = broken,
        Answer::Root { trouble: it, explains, open } => {
            check.root = true;
            check.trouble = Some(trouble(it));
            check.explains = explains;
            check.needs_unseen = open;
        }
        Answer::Warns(it) | Answer::Notes(it) => check.trouble = Some(trouble(it)),
        Answer::Explained { trouble: it, by } => {
            check.trouble = Some(trouble(it));
            check.explained_by = by;
        }
        Answer::Unseen(why) | Answer::NotApplicable(why) => check.reason = Some(why),
    }
    check
}

fn trouble(trouble: &Trouble) -> TroubleV1<'_> {
    TroubleV1 {
        code: &trouble.code,
        says: &trouble.says,
        place: trouble.place.as_deref(),
        may_be: trouble
            .may_be
            .iter()
            .map(|it| MaybeV1 { on: it.on.word(), code: &it.code, title: &it.title })
            .collect(),
        tell_apart: &trouble.tell,
        fix: FixV1 {
            on: trouble.fix.on.map(crate::fact::Vantage::word),
            say: &trouble.fix.say,
            run: &trouble.fix.run,
            shell: trouble.shell,
            know: &trouble.fix.know,
        },
    }
}

fn addresses(addresses: &Addresses) -> AddressesV1 {
    AddressesV1 {
        server: text(&addresses.server),
        client: text(&addresses.client),
        subnet: text(&addresses.subnet),
        interface: text(&addresses.interface),
        wireguard_port: port(&addresses.wireguard_port),
        redis_port: port(&addresses.redis_port),
        postgres_port: port(&addresses.postgres_port),
        public: addresses.public.map(|public| public.to_string()),
    }
}

fn text<T: ToString>(known: &Known<T>) -> Value<String> {
    Value { value: known.value.to_string(), from: from(known.source) }
}

fn port(known: &Known<u16>) -> Value<u16> {
    Value { value: known.value, from: from(known.source) }
}

fn from(source: Source) -> &'static str {
    match source {
        Source::Said => "said",
        Source::Seen => "seen",
        Source::Guide => "guide",
    }
}

fn millis(micros: u64) -> f64 {
    // Microseconds of a run fit a float exactly.
    #[expect(clippy::cast_precision_loss, reason = "a run takes seconds")]
    let millis = micros as f64 / 1000.0;
    millis
}
