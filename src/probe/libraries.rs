//! Asks the worker's own Python libraries to connect with its own URLs, as its user and with its variables: they may take
//! from both what this program does not know. Nothing of the app is imported, and nothing is written.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::pin::pin;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::pace::Pace;
use super::{Login, PROGRAM, ProbeContext, ProbeResult, dial, host, ping};
use crate::fact::dial::Endpoint;
use crate::fact::libraries::{Libraries, LibraryAnswer, LibrarySaid};
use crate::fact::touch::{Touch, connects, only, reads, runs, sends};
use crate::fact::{Fact, FactKey, Unseen, Vantage};
use crate::read::library_error;
use crate::read::quoted::Secrets;

/// `-B`: no file of compiled code is written (python(1)).
const ASK: &str = include_str!("libraries/ask.py");

/// What the libraries read from a worker's environment: libpq's variables (libpq, "Environment Variables") besides.
#[cfg(target_os = "linux")]
const VARIABLES: [&str; 13] = [
    "HOME",
    "PATH",
    "LD_LIBRARY_PATH",
    "PYTHONPATH",
    "VIRTUAL_ENV",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
];

/// From here on a way is long, and so many round trips the libraries make on it.
const LONG: Duration = Duration::from_millis(100);
const TRIPS: u32 = 24;

/// Which Python, as whom, and with which variables.
struct Worker {
    python: String,
    user: Option<(u32, u32)>,
    variables: Vec<(String, String)>,
    queues: Vec<String>,
}

pub(super) async fn look(context: &ProbeContext) -> ProbeResult {
    let worker = match worker(context) {
        Ok(worker) => worker,
        Err(why) => return ProbeResult::new("", Err(why)),
    };
    let source = format!("{} with the worker's libraries", worker.python);
    ProbeResult::new(source, ask(worker, context).await.map(Fact::Libraries))
}

#[cfg(not(target_os = "linux"))]
fn worker(_: &ProbeContext) -> Result<Worker, Unseen> {
    Err(Unseen::NoTool("the worker's Python is only asked on Linux".to_owned()))
}

/// The running worker's own process tells; where there is none, the container's Python is the one that it would have.
#[cfg(target_os = "linux")]
fn worker(context: &ProbeContext) -> Result<Worker, Unseen> {
    use procfs::process::Process;

    use crate::fact::host_worker::HostWorker;

    let workers = match context.fact(&FactKey::Workers) {
        Ok(Fact::Workers(workers)) => workers.workers.as_slice(),
        Ok(_) | Err(_) => &[],
    };
    let running = match (context.vantage, context.fact(&FactKey::HostWorker)) {
        (Vantage::Container, _) => workers.first(),
        (Vantage::Client, Ok(Fact::HostWorker(HostWorker { process: Some(own), .. }))) => {
            let own = workers.iter().find(|worker| worker.pid == own.pid);
            Some(own.ok_or_else(|| Unseen::NotKnown("the worker's process is gone".to_owned()))?)
        }
        _ => return Err(Unseen::NotKnown("no worker runs here outside of containers".to_owned())),
    };
    let queues = running.and_then(|worker| worker.queues.clone()).unwrap_or_else(|| vec!["celery".to_owned()]);
    let process = running.and_then(|worker| Process::new(worker.pid.try_into().ok()?).ok());
    let python = process.as_ref().and_then(|process| process.cmdline().ok()?.into_iter().next());
    let python = python.filter(|path| path.starts_with('/') && path.contains("/python"));
    let status = process.as_ref().and_then(|process| process.status().ok());
    // Without a worker that runs, what the container was started with; never what we were started with.
    let environ =
        process.or_else(|| Process::new(1).ok()).and_then(|process| process.environ().ok()).unwrap_or_default();
    let variables = environ.into_iter().filter_map(|(name, value)| {
        let (name, value) = (name.into_string().ok()?, value.into_string().ok()?);
        let known = name.starts_with("PG") || VARIABLES.iter().any(|known| known.eq_ignore_ascii_case(&name));
        known.then_some((name, value))
    });
    Ok(Worker {
        python: python.unwrap_or_else(|| "python3".to_owned()),
        user: status.map(|status| (status.ruid, status.rgid)),
        variables: variables.collect(),
        queues,
    })
}

/// One line of what is printed.
#[derive(Deserialize)]
struct Line {
    variable: String,
    library: String,
    said: String,
}

/// How long the way to the server is, if it is long.
async fn trip(context: &ProbeContext) -> Option<Pace> {
    let server = context.addresses().ok()?.server.value;
    ping::round_trip(&[server]).await.filter(|trip| *trip >= LONG).map(Pace::of)
}

async fn ask(worker: Worker, context: &ProbeContext) -> Result<Libraries, Unseen> {
    let mut asked = serde_json::Map::new();
    let mut order: Vec<&str> = Vec::new();
    let mut secrets: Vec<SecretString> = Vec::new();
    let mut answered: Vec<LibraryAnswer> = Vec::new();
    let mut why = Unseen::NotKnown("no URL that could be read is set here".to_owned());
    let keyring = &context.keyring;
    for (role, login) in [("database", &keyring.postgres), ("broker", &keyring.redis), ("results", &keyring.results)] {
        let Some(login) = login else { continue };
        // Two variables may be one: then the broker's answer stands for both.
        if asked.contains_key(&login.variable) {
            continue;
        }
        if let Some(to) = led(login, &worker) {
            let (variable, library) = (login.variable.clone(), "libpq".to_owned());
            answered.push(LibraryAnswer { variable, library, said: LibrarySaid::Led(to) });
            continue;
        }
        if let Err(declined) = may_ask(login, &worker, context).await {
            // A URL without a password would have sent none.
            why = if login.password.is_none() && matches!(declined, Unseen::Declined(_)) {
                let host = &login.url.host;
                Unseen::Declined(format!("{host} is not the server's address in the tunnel, so no library was asked"))
            } else {
                declined
            };
            continue;
        }
        secrets.extend(login.secrets().cloned());
        secrets.extend(login.password.clone());
        secrets.extend(login.user.clone().filter(|_| login.password.is_none()));
        let url = login.text.expose_secret();
        order.push(&login.variable);
        asked.insert(login.variable.clone(), serde_json::json!({ "role": role, "url": url, "queues": worker.queues }));
    }
    let proxied = worker.variables.iter().any(|(name, _)| name.to_ascii_lowercase().ends_with("_proxy"));
    // For a worker of the host itself the look at the web app takes the proxy into account.
    if proxied
        && context.vantage == Vantage::Container
        && let Ok(Fact::Env(env)) = context.fact(&FactKey::Env)
        && let Some(url) = env.api()
    {
        let at = Endpoint { host: url.host.clone(), port: url.http_port() };
        order.push("FLASK_APP_URL");
        asked.insert(
            "FLASK_APP_URL".to_owned(),
            serde_json::json!({ "role": "web", "url": format!("{}://{at}/", url.scheme) }),
        );
    }
    if asked.is_empty() {
        return if answered.is_empty() { Err(why) } else { Ok(Libraries { answers: answered }) };
    }
    for (name, value) in &worker.variables {
        if name == "PGPASSWORD" || name.to_ascii_lowercase().ends_with("_proxy") && value.contains('@') {
            secrets.push(value.as_str().into());
        }
    }
    let given = || host::Given {
        input: serde_json::Value::Object(asked.clone()).to_string().into_bytes(),
        variables: worker.variables.clone(),
        user: worker.user,
        ..host::Given::default()
    };
    let run = async |limit: Duration| {
        let waits = limit.mul_f32(0.8).as_secs_f32().to_string();
        host::run_given(&worker.python, &["-B", "-c", ASK, &waits], given(), limit).await
    };
    let (mut said, mut trip) = (pin!(run(PROGRAM)), pin!(trip(context)));
    let mut pace = None;
    let said = loop {
        tokio::select! {
            said = &mut said => break said,
            trip = &mut trip, if pace.is_none() => pace = Some(trip),
        }
    };
    let said = match (said, pace) {
        // On a long way it was stopped too early.
        (Err(Unseen::NoTool(_)), Some(Some(pace))) => run(pace.within(PROGRAM, TRIPS)).await?,
        (said, _) => said?,
    };
    let secrets = Secrets::of(secrets.iter().map(ExposeSecret::expose_secret));
    let mut lines: BTreeMap<String, Line> = said
        .out
        .lines()
        .filter_map(|line| serde_json::from_str::<Line>(line).ok())
        .map(|line| (line.variable.clone(), line))
        .collect();
    let said = order.iter().filter_map(|variable| lines.remove(*variable)).map(|line| answer(line, &secrets));
    answered.extend(said);
    if answered.is_empty() {
        return Err(Unseen::NotKnown(format!("{} has none of the worker's libraries", worker.python)));
    }
    Ok(Libraries { answers: answered })
}

fn answer(line: Line, secrets: &Secrets) -> LibraryAnswer {
    let said = library_error::read(&line.said, secrets);
    LibraryAnswer { library: library_error::name(&line.library), variable: line.variable, said }
}

/// Where libpq's `PGHOSTADDR` leads, if that is another address than the URL's host (libpq, "Environment Variables").
fn led(login: &Login, worker: &Worker) -> Option<IpAddr> {
    let set = worker.variables.iter().find(|(name, _)| name == "PGHOSTADDR").filter(|_| login.url.is_postgres())?;
    let to = set.1.trim().parse().ok()?;
    // What a name leads to may be this address.
    let host: IpAddr = login.url.host.parse().ok()?;
    (host != to && !login.text.expose_secret().contains("hostaddr=")).then_some(to)
}

/// A library sends what it has wherever the URL leads, so every address of its host must be one that may have it. Where
/// something else than the host that is written leads it (libpq's `host`, `hostaddr`, and a service whose file was not
/// read), that is not known.
async fn may_ask(login: &Login, worker: &Worker, context: &ProbeContext) -> Result<(), Unseen> {
    let endpoint = Endpoint { host: login.url.host.clone(), port: login.url.port_or_default() };
    let led = worker.variables.iter().any(|(name, value)| name == "PGHOSTADDR" && value.trim() != endpoint.host);
    let text = login.text.expose_secret();
    let query = text.split_once('?').map_or("", |(_, query)| query);
    let named = login.url.service || query.contains("host");
    if endpoint.host.is_empty() || (login.url.is_postgres() && (led || named)) {
        return Err(Unseen::NotKnown(format!(
            "where {} leads is not only in its host, so no library was asked",
            login.variable
        )));
    }
    let addresses = dial::resolve(&endpoint).await.unwrap_or_default();
    if addresses.is_empty() {
        return Err(Unseen::NotKnown(format!("{} does not resolve here, so no library was asked", endpoint.host)));
    }
    addresses.iter().try_for_each(|address| dial::may_carry_password(context, address.ip()))
}

/// What [`look`] does: the worker's own Python, run as the worker's user, connects.
pub(super) fn touches() -> Vec<Touch> {
    let python = runs(&["{python} -B -c {script} {seconds}"]);
    let reached = connects(&["tcp {database}", "tcp {results}", "tcp {app-url}"]);
    let process =
        reads(&["/proc/{pid}/cmdline", "/proc/{pid}/status", "/proc/{pid}/environ", "/proc/{pid}", "/proc/{pid}/stat"]);
    only(
        "where a worker runs here outside of containers",
        [process, python, reached, sends(&["icmp {server}"])].concat(),
    )
}
