//! Logs in to PostgreSQL and runs `SELECT 1`, as libpq (and with it the app) would; without a log-in, asks whether
//! PostgreSQL is what answers.

use std::cell::Cell;
use std::net::IpAddr;
use std::time::Duration;

use secrecy::ExposeSecret;
use tokio::time::timeout;
use tokio_postgres::config::{SslMode, SslNegotiation};
use tokio_postgres::tls::{MakeTlsConnect, NoTls, TlsConnect};
use tokio_postgres::{Config, SimpleQueryMessage};

use failure::failure;
use heard::{Heard, better};
use offer::{Offer, offers_tls};

use super::dial::Stream;
use super::pace::Pace;
use super::tls::{self, Shown, certificate, demand};
use super::{Login, ProbeContext, ProbeResult, dial};
use crate::fact::dial::Endpoint;
use crate::fact::postgres::{PgOutcome, PgSaid};
use crate::fact::{Fact, Service, Unseen, Vantage};
use crate::read::quoted::{self, Secrets};
use crate::read::url;

#[cfg(target_os = "linux")]
mod administrator;
#[cfg(not(target_os = "linux"))]
#[path = "postgres/administrator_elsewhere.rs"]
mod administrator;
mod conf;
mod database;
mod failure;
mod hba;
mod heard;
mod logs;
mod not_there;
mod offer;
mod repeat;
mod state;
mod told;
mod touches;

pub(super) use conf::{conf, texts};
pub(super) use hba::{hba, hba_inside};
pub(super) use logs::logs;
use repeat::More;
pub(super) use state::{state, state_inside};
pub(super) use touches::{conf_touches, hba_inside_touches, hba_touches, state_inside_touches, state_touches, touches};

/// How long a log-in may take once connected. PostgreSQL looks up our name first where `pg_hba.conf` has host names.
const LOG_IN: Duration = Duration::from_secs(5);

/// The round trips of a log-in (TLS, SCRAM) and of an answer, and some for what is lost and sent again.
const TRIPS: u32 = 12;
const ANSWER: u32 = 3;

/// Whether it answers, and whether it would let this role write: `on` too where the server only follows another.
const QUESTION: &str = "SELECT 1, pg_catalog.current_setting('transaction_read_only')";

/// Talks to the PostgreSQL that the app uses.
pub(super) async fn look(context: &ProbeContext) -> ProbeResult {
    let login = context.keyring.postgres.as_ref();
    let endpoint = match endpoint(context, login) {
        Ok(endpoint) => endpoint,
        Err(why) => return ProbeResult::new("", Err(why)),
    };
    let source = format!("PostgreSQL at {endpoint}");
    let shown = Shown::default();
    let heard = talk(&endpoint, login, context, &shown).await;
    let wanted = login.and_then(|login| demand::of_libpq(login, &endpoint, context));
    let certificate = wanted.and_then(|wanted| certificate::look(&shown, &wanted));
    let recovers = heard.as_ref().is_ok_and(|heard| heard.said == PgSaid::StartingUp);
    let recovering = if recovers { logs::recovering(context) } else { None };
    let seen = heard.map(|heard| {
        let secrets = Secrets::of(login.into_iter().flat_map(Login::secrets).map(ExposeSecret::expose_secret));
        Fact::Postgres(PgOutcome {
            endpoint,
            said: heard.said,
            refusal: heard.refusal.map(|text| quoted::answered(&text, &secrets)),
            seen_as: heard.seen_as,
            role: login.and_then(|login| login.url.role.clone()),
            database: login.and_then(|login| login.url.database.clone()),
            tls: heard.tls,
            certificate,
            carried: heard.carried,
            system: heard.system,
            read_only: heard.read_only,
            tables: heard.tables,
            recovering,
        })
    });
    ProbeResult::new(source, seen)
}

/// The server's address in the tunnel. On the server itself the web app's own way counts, which is often localhost.
fn endpoint(context: &ProbeContext, login: Option<&Login>) -> Result<Endpoint, Unseen> {
    login.and_then(Login::unread).map_or(Ok(()), Err)?;
    let own = login.filter(|_| context.vantage == Vantage::Server).map(|login| &login.url);
    match own {
        // Of several hosts the driver would try the others, too: there the address in the tunnel is asked.
        Some(url)
            if !url.host.is_empty()
                && url.others.is_empty()
                && (url.is_local() || url.host.parse::<IpAddr>().is_ok()) =>
        {
            Ok(Endpoint { host: url.host.clone(), port: url.port_or_default() })
        }
        Some(_) | None => dial::tunnel(Service::Postgres, context),
    }
}

/// Where to, and how much.
struct Way<'a> {
    endpoint: &'a Endpoint,
    more: More,
    shown: &'a Shown,
    /// A connection that waits for a log-in, and whether for one by TLS.
    begun: Cell<Option<(Stream, bool)>>,
}

async fn talk(
    endpoint: &Endpoint,
    login: Option<&Login>,
    context: &ProbeContext,
    shown: &Shown,
) -> Result<Heard, Unseen> {
    let (speaks, peer) = match dial::connect(endpoint).await {
        Err(how) => return Ok(Heard::bare(PgSaid::Unreached(how))),
        Ok(stream) => {
            let peer = stream.peer_addr().map(|at| at.ip());
            (offers_tls(stream).await, peer)
        }
    };
    let Offer { tls: offers, stream } = match speaks {
        Ok(offer) => offer,
        Err(said) => return Ok(Heard::bare(said)),
    };
    let Some(login) = login else { return Ok(Heard::bare(PgSaid::Speaks)) };
    if login.user.is_some() || login.password.is_some() {
        // A lone user counts: it may be the password, put in the wrong place.
        let peer = peer.map_err(|_| Unseen::Undecided("the connection was closed at once".to_owned()))?;
        dial::may_carry_password(context, peer)?;
    }
    if login.text.expose_secret().contains("sslcert=") {
        return Err(Unseen::Undecided("the URL names a client certificate, which clipcheck does not use".to_owned()));
    }
    if offers && let Some(root) = demand::missing_root(login, context.vantage) {
        return Ok(Heard::bare(PgSaid::NoRootCertificate(root)));
    }
    let begun = Cell::new(stream.map(|stream| (stream, offers)));
    Ok(log_in_as_libpq(&Way { endpoint, more: More::of(context), shown, begun }, login, offers).await)
}

/// libpq's order of attempts.
async fn log_in_as_libpq(way: &Way<'_>, login: &Login, offers: bool) -> Heard {
    match login.url.sslmode.as_deref() {
        Some("disable") => log_in(way, login, false).await,
        Some("require" | "verify-ca" | "verify-full") if !offers => Heard::bare(PgSaid::NoSsl),
        Some("require" | "verify-ca" | "verify-full") => log_in(way, login, true).await,
        Some("allow") => {
            let plain = log_in(way, login, false).await;
            if plain.is_about_hba() && offers { better(plain, log_in(way, login, true).await) } else { plain }
        }
        Some(_) | None if !offers => log_in(way, login, false).await,
        Some(_) | None => {
            let encrypted = log_in(way, login, true).await;
            if encrypted.is_about_hba() || encrypted.said == PgSaid::NoSsl {
                better(encrypted, log_in(way, login, false).await)
            } else {
                encrypted
            }
        }
    }
}

async fn log_in(way: &Way<'_>, login: &Login, encrypted: bool) -> Heard {
    let begun = way.begun.take().filter(|(_, by_tls)| *by_tls == encrypted);
    let asked = begun.is_some();
    let opened = match begun {
        Some((stream, _)) => Ok(stream),
        None => dial::connect(way.endpoint).await,
    };
    let stream = match opened {
        Ok(stream) => stream,
        Err(how) => return Heard::bare(PgSaid::Unreached(how)),
    };
    let mut config = Config::new();
    config.application_name("clipcheck").ssl_mode(if encrypted { SslMode::Require } else { SslMode::Disable });
    if asked {
        // It has said already that it speaks TLS.
        config.ssl_negotiation(SslNegotiation::Direct);
    }
    if let Some(user) = &login.user {
        config.user(user.expose_secret());
    }
    if let Some(password) = &login.password {
        config.password(password.expose_secret());
    }
    // Without a name, server and libpq agree on the user's.
    if let Some(name) = login.url.database.as_deref().and_then(url::decode) {
        config.dbname(name);
    }
    // It decides which tables are found.
    if let Some(options) = &login.options {
        config.options(options);
    }
    let connector = tls::maker(way.shown)
        .and_then(|mut maker| MakeTlsConnect::<Stream>::make_tls_connect(&mut maker, &way.endpoint.host).ok());
    let mut heard = match connector {
        Some(connector) if encrypted => converse(&config, stream, connector, way.more).await,
        Some(_) | None => converse(&config, stream, NoTls, way.more).await,
    };
    heard.tls = encrypted && !matches!(heard.said, PgSaid::NoSsl | PgSaid::Unreached(_));
    heard
}

async fn converse<T>(config: &Config, stream: Stream, tls: T, more: More) -> Heard
where
    T: TlsConnect<Stream>,
{
    let (to, pace, over) = (stream.peer_addr().ok().map(|at| at.ip()), stream.pace(), stream.over());
    let heard = conversation(config, stream, tls, (to, pace, more)).await;
    // The driver only says that the connection ended.
    if over.is_so() { Heard::bare(PgSaid::NotPostgres) } else { heard }
}

async fn conversation<T>(
    config: &Config,
    stream: Stream,
    tls: T,
    (to, pace, more): (Option<IpAddr>, Pace, More),
) -> Heard
where
    T: TlsConnect<Stream>,
{
    let (client, mut connection) = match timeout(pace.within(LOG_IN, TRIPS), config.connect_raw(stream, tls)).await {
        Err(_) => return Heard::bare(PgSaid::Unfinished),
        Ok(Err(error)) => return failure(&error),
        Ok(Ok(opened)) => opened,
    };
    let limit = pace.within(LOG_IN, ANSWER);
    let mut talk = Box::pin(async {
        // All is asked in one go: on a long way each answer by itself would be another round trip.
        let itself = async {
            if more == More::Nothing {
                return (None, None);
            }
            tokio::join!(database::system(&client, limit), database::tables(&client, limit))
        };
        let (answer, (system, tables)) = tokio::join!(timeout(limit, client.simple_query(QUESTION)), itself);
        let mut heard = match answer {
            Err(_) => return Heard::bare(PgSaid::Silent),
            Ok(Err(error)) => return failure(&error),
            Ok(Ok(rows)) => {
                let read_only = first(&rows, 1).map(|word| word == "on");
                let said = if first(&rows, 0) == Some("1") { PgSaid::One } else { PgSaid::NotPostgres };
                Heard { read_only, ..Heard::bare(said) }
            }
        };
        if heard.said == PgSaid::One {
            (heard.system, heard.tables) = (system, tables);
        }
        if more == More::Payload && heard.said == PgSaid::One {
            heard.carried = Some(repeat::carried(&client, (to, pace)).await);
        }
        heard
    });
    let heard = tokio::select! {
        heard = &mut talk => heard,
        // What was asked fails at once then, and the last words of a server that closes may have come just before.
        ended = &mut connection => match timeout(Duration::ZERO, &mut talk).await {
            Ok(heard) => return heard,
            Err(_) => return ended.err().map_or_else(|| Heard::bare(PgSaid::Closed), |error| failure(&error)),
        },
    };
    drop(talk);
    // Without the client the connection says good-bye, so that the server's log has no broken connection of ours.
    drop(client);
    let _ = timeout(Duration::from_millis(300), connection).await;
    heard
}

fn first(rows: &[SimpleQueryMessage], column: usize) -> Option<&str> {
    rows.iter().find_map(|row| if let SimpleQueryMessage::Row(row) = row { row.get(column) } else { None })
}
