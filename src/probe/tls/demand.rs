//! What a URL has the app's library verify of a server's certificate: libpq by `sslmode` and its file of root certificates,
//! redis-py by what the URL says of `ssl_`. What cannot be known from here is not demanded.

use std::net::IpAddr;

use rustls::pki_types::CertificateDer;
use secrecy::ExposeSecret;

use super::verified::Trust;
use crate::fact::certificate::Demand;
use crate::fact::dial::Endpoint;
use crate::fact::touch::{Touch, only, reads};
use crate::fact::{Fact, FactKey, Vantage};
use crate::probe::{Login, ProbeContext, environment, host};
use crate::read::url;

/// Where OpenSSL finds the system's authorities on Debian, Red Hat and Alpine; `SSL_CERT_FILE` goes before them.
const SYSTEM: [&str; 3] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

/// What is to be verified.
pub(in crate::probe) struct Wanted {
    pub(super) demand: Demand,
    /// The name that counts.
    pub(super) name: Option<String>,
    pub(super) roots: Roots,
}

/// The authorities that vouch.
pub(super) enum Roots {
    /// They lie where nothing can be seen from here.
    Unseen,
    /// There is no such file.
    Missing(String),
    /// Those of the file, and those of the system where the library takes them besides.
    These { file: Option<String>, own: Vec<CertificateDer<'static>>, system: Vec<CertificateDer<'static>> },
}

impl Roots {
    pub(super) fn file(&self) -> Option<String> {
        match self {
            Self::Unseen => None,
            Self::Missing(file) => Some(file.clone()),
            Self::These { file, .. } => file.clone(),
        }
    }
}

/// Of PostgreSQL's URL; none where libpq verifies nothing, or that is not known.
pub(in crate::probe) fn of_libpq(login: &Login, endpoint: &Endpoint, context: &ProbeContext) -> Option<Wanted> {
    let name = leads_to(login, endpoint, context.vantage)?;
    let written = login.root.clone().filter(|path| !path.is_empty());
    let demand = match login.url.sslmode.as_deref()? {
        "verify-ca" => Demand::VerifyCa,
        "verify-full" => Demand::VerifyFull,
        "require" => Demand::RequireWithRoots,
        _ => return None,
    };
    let roots = if written.as_deref() == Some("system") {
        Roots::Unseen
    } else {
        // The file of a home folder is the worker's only where its home is ours.
        let own = || (context.vantage == Vantage::Container).then(own_roots);
        match written.or_else(own).filter(|_| sees_files(context)) {
            Some(path) => read(&path).unwrap_or(Roots::Unseen),
            None => Roots::Unseen,
        }
    };
    // `require` does without the file.
    if demand == Demand::RequireWithRoots && !matches!(roots, Roots::These { .. }) {
        return None;
    }
    Some(Wanted { demand, name: Some(name).filter(|_| demand.has_name()), roots })
}

/// The file of root certificates that libpq would miss, as the worker has it. (From outside its container that is not seen.
/// Whoever the server is, the log-in goes on: what its certificate says is another finding.)
pub(in crate::probe) fn missing_root(login: &Login, vantage: Vantage) -> Option<String> {
    let verifies = matches!(login.url.sslmode.as_deref(), Some("verify-ca" | "verify-full"));
    if !verifies
        || vantage != Vantage::Container
        || !environment::has_its_files()
        || login.root.as_deref() == Some("system")
    {
        return None;
    }
    let path = login.root.clone().filter(|path| !path.is_empty()).unwrap_or_else(own_roots);
    matches!(host::stat(&path), Ok(None)).then_some(path)
}

/// libpq's file of root certificates where nothing says otherwise (libpq, "Client Verification of Server Certificates").
fn own_roots() -> String {
    format!("{}/.postgresql/root.crt", host::variable("HOME").unwrap_or_default())
}

/// Of Redis' URL; none where nothing is verified, or that is not known. Only what is written counts: without
/// `ssl_cert_reqs` Celery refuses the URL, and without `ssl_check_hostname` redis-py's version decides (from 6.0 on it is on).
pub(in crate::probe) fn of_redis(login: &Login, endpoint: &Endpoint, context: &ProbeContext) -> Option<Wanted> {
    let asked = |name: &str| url::asked(login.text.expose_secret(), name);
    let demanded = asked("ssl_cert_reqs")
        .is_some_and(|value| matches!(value.as_str(), "required" | "optional" | "CERT_REQUIRED" | "CERT_OPTIONAL"));
    if login.url.scheme != "rediss" || !demanded {
        return None;
    }
    let name = leads_to(login, endpoint, context.vantage)?;
    // What kombu and redis-py both take for true.
    let checks = asked("ssl_check_hostname")
        .is_some_and(|value| matches!(value.to_ascii_lowercase().as_str(), "true" | "t" | "yes" | "y" | "1"));
    let demand = if checks { Demand::CertReqsAndName } else { Demand::CertReqs };
    let others = ["ssl_ca_path", "ssl_ca_data"].into_iter().any(|name| asked(name).is_some());
    let roots = match asked("ssl_ca_certs").filter(|_| sees_files(context) && !others) {
        Some(path) => match read(&path) {
            // Python's default context has the system's authorities, and the file's are added to them.
            Some(Roots::These { file, own, .. }) => Roots::These { file, own, system: system() },
            Some(roots @ (Roots::Missing(_) | Roots::Unseen)) => roots,
            None => Roots::Unseen,
        },
        None => Roots::Unseen,
    };
    Some(Wanted { demand, name: Some(name).filter(|_| checks), roots })
}

/// The URL's host, if it is where we dial.
fn leads_to(login: &Login, endpoint: &Endpoint, vantage: Vantage) -> Option<String> {
    let url = &login.url;
    let is_named = !url.host.is_empty() && url.host.parse::<IpAddr>().is_err();
    let here = vantage == Vantage::Server && url.is_local() && !url.host.is_empty();
    let same = is_named || here || url.host == endpoint.host;
    (same && url.port_or_default() == endpoint.port).then(|| url.host.clone())
}

/// Whether the files that the app reads are those that we see: in its container, and where it runs without one.
fn sees_files(context: &ProbeContext) -> bool {
    let native = || matches!(context.fact(&FactKey::Env), Ok(Fact::Env(env)) if env.provenance.as_ref().is_some_and(|it| it.host.is_some()));
    match context.vantage {
        Vantage::Container => environment::has_its_files(),
        Vantage::Client => native(),
        Vantage::Server => true,
        Vantage::Outside => false,
    }
}

/// A file of authorities; none where it cannot be read, or has none.
fn read(path: &str) -> Option<Roots> {
    if !path.starts_with('/') {
        return None;
    }
    match host::read(path) {
        host::Text::Read(text) => match Trust::read(&text)? {
            Trust::Only(own) => Some(Roots::These { file: Some(path.to_owned()), own, system: Vec::new() }),
            Trust::Everybodys => None,
        },
        host::Text::Missing => Some(Roots::Missing(path.to_owned())),
        host::Text::Forbidden | host::Text::Failed(_) => None,
    }
}

fn system() -> Vec<CertificateDer<'static>> {
    let named = host::variable("SSL_CERT_FILE");
    let texts = named.iter().map(String::as_str).chain(SYSTEM).filter_map(|path| match host::read(path) {
        host::Text::Read(text) => Trust::read(&text),
        host::Text::Missing | host::Text::Forbidden | host::Text::Failed(_) => None,
    });
    texts.flat_map(|trust| if let Trust::Only(own) = trust { own } else { Vec::new() }).collect()
}

/// What finding out whom Redis' URL trusts does.
pub(in crate::probe) fn touches() -> Vec<Touch> {
    let files = [reads(&["{authorities}"]), reads(&SYSTEM)].concat();
    only("where the URL has ssl_cert_reqs=required and ssl_ca_certs", files)
}
