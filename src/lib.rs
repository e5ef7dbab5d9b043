//! clipcheck tells why a private ClippyFront deployment does not connect, and which line to change.
//!
//! # Words
//!
//! A *vantage* is where we stand: server, client, container or outside. A *look* is one thing to observe; a
//! *fact* is what was there; a *snapshot* is all facts from one vantage; a *case* is the snapshots judged
//! together, and a *seat* is one vantage of it; a *deployment* is one case for each of its clients (and hosts of
//! the server role). A *check* is a claim that something holds; a *cause* is one way in which it can fail to; a *verdict* is one check's answer; an *attribution*
//! is that answer in the light of the others; a *root* is a broken check with nothing broken above it. The verbs are
//! *look, judge, blame, render*.
//!
//! # One direction
//!
//! ```text
//!  argv ─▶ cli ─▶ plan ─▶ run + probe ─▶ snapshot ─▶ case ─▶ judge ─▶ blame ─▶ report ─▶ render
//!                  ▲          ║              ▲
//!        profile ──┘          ╚═ events ═════╪═══════════════════════════════▶ render::progress
//!        catalog ──┘                         └── files from the other ends
//!
//!        what other programs write ─▶ read ─▶ fact
//! ```
//!
//! A module uses only modules on its left. Only [`probe`] touches the machine. Probes never judge, judges never
//! look, renderers know only the [`report`]. [`fact`] has the types of what was seen, and [`read`] the grammars: it turns
//! the text that a probe brings, or that a snapshot keeps as it was listed, into facts. The words that users read stand in
//! `checks/`, one file per check, embedded by [`catalog`]. `tests/house.rs` keeps all of this true.
//!
//! # Where to start
//!
//! `checks/redis/redis-answers.toml`, then [`fact`], [`read`], [`judge::tunnel`], [`blame`], and one fault of
//! `fixtures/faults/redis-answers.toml`.

/// The table of looks, handed to a macro. A row says
///
/// - what is looked at, for those who write checks (its comment);
/// - the key, what it is aimed at if there are several, and its text in check files and snapshots;
/// - how a judge asks for the fact, and the fact. One that only looks again is no second kind of fact: `cfg(any())`;
/// - the words that a plain check sees: the fact's own (`label`), those of a field, or the only one that there is;
/// - when it can be looked at;
/// - by what it is looked at, and what that touches: functions of [`probe`], which may ask what was seen before (`context`), or
///   where and with which plug-ins it is `asked`.
macro_rules! looks {
    ($then:ident) => { $then! {
        /// WireGuard as it runs
        Wg = "wg" => wg: Wg(wireguard::WgState), words (own), Phase::First,
            by |context, asked| (wireguard::state().await, wireguard::touches(false));
        /// WireGuard as it runs after idle peers were sent a packet
        WgAgain = "wg-again" => wg_again: #[cfg(any())] Wg(wireguard::WgState), words (own), Phase::Settled,
            by |context, asked| (wireguard::again(context).await, wireguard::touches(true));
        /// the tunnel's file
        WgConf = "wg-conf" => wg_conf: WgConf(wireguard::WgConf), words ("there"), Phase::First,
            by |context, asked| (wireguard::conf(context).await, wireguard::conf_touches());
        /// files named like private keys, without their content
        WgKeys = "wg-keys" => wg_keys: WgKeys(wireguard::keys::WgKeys), words (own), Phase::First,
            by |context, asked| (wireguard::keys(), wireguard::keys_touches());
        /// interfaces and addresses
        Links = "links" => links: Links(network::Links), words ("seen"), Phase::First,
            by |context, asked| (network::links().await, network::touches());
        /// the kernel's route to a place
        Route(to: Place) = "route" => route: Route(network::RouteLookup), words (own), Phase::Settled,
            by |context, asked| (network::route(*to, context).await, network::touches());
        /// all routes to networks, and whether IP forwarding is on
        Routes = "routes" => routes: Routes(network::routes::Routes), words ("seen"), Phase::First,
            by |context, asked| (network::routes().await, network::routes_touches());
        /// listening sockets
        Listeners = "listeners" => listeners: Listeners(network::Listeners), words ("seen"), Phase::First,
            by |context, asked| (network::listeners(), network::listeners_touches());
        /// ufw's rules, in order
        Ufw = "ufw" => ufw: Ufw(firewall::Ufw), words (own), Phase::First,
            by |context, asked| (firewall::ufw(), firewall::ufw_touches());
        /// the kernel's own firewall rules
        Netfilter = "netfilter" => netfilter: Netfilter(firewall::netfilter::Netfilter), words (own), Phase::First,
            by |context, asked| (firewall::netfilter().await, firewall::netfilter_touches());
        /// the kernel's rules that stop what got no answer, by their counters
        Counters = "rule-counters" => counters: Counters(firewall::counters::Counters), words (own), Phase::Answered,
            by |context, asked| (firewall::counters(context).await, firewall::counters_touches());
        /// Redis' configuration file; of several the port says which
        RedisConf = "redis-conf" => redis_conf: RedisConf(redis::RedisConf), words ("there"), Phase::Settled,
            by |context, asked| (redis::conf(context), redis::conf_touches());
        /// the same of a Redis in a container: its command, and its file there
        RedisConfInside = "redis-conf-inside" => redis_conf_inside: #[cfg(any())] RedisConf(redis::RedisConf), words ("there"),
            Phase::Settled,
            by |context, asked| (redis::conf_inside(context).await, redis::conf_inside_touches());
        /// PostgreSQL's configuration file; the port says which cluster
        PgConf = "postgres-conf" => pg_conf: PgConf(postgres::PgConf), words ("there"), Phase::Settled,
            by |context, asked| (postgres::conf(context), postgres::conf_touches());
        /// pg_hba.conf: who may log in to PostgreSQL
        PgHba = "postgres-hba" => pg_hba: PgHba(postgres::hba::PgHba), words ("there"), Phase::Settled,
            by |context, asked| (postgres::hba(context), postgres::hba_touches());
        /// the state of the running PostgreSQL (as its administrator, needs root)
        PgState = "postgres-state" => pg_state: PgState(postgres::state::PgState), words ("running"), Phase::Settled,
            by |context, asked| (postgres::state(context).await, postgres::state_touches());
        /// pg_hba.conf of a PostgreSQL in a container
        PgHbaInside = "postgres-hba-inside" => pg_hba_inside: #[cfg(any())] PgHba(postgres::hba::PgHba), words ("there"),
            Phase::Settled,
            by |context, asked| (postgres::hba_inside(context).await, postgres::hba_inside_touches());
        /// the state of a running PostgreSQL in a container (as its administrator, needs root)
        PgStateInside = "postgres-state-inside" => pg_state_inside: #[cfg(any())] PgState(postgres::state::PgState),
            words ("running"), Phase::Settled,
            by |context, asked| (postgres::state_inside(context).await, postgres::state_inside_touches());
        /// a systemd unit
        Unit(unit: UnitTarget) = "unit" => unit: Unit(service::UnitState), words (own), Phase::Settled,
            by |context, asked| (service::unit(unit, context).await, service::touches(unit));
        /// a file's permissions: owner only, group, others
        File(path: String) = "file" => file: File(service::FileState), words (own), Phase::First,
            by |context, asked| (service::file(path), service::file_touches(path));
        /// the app's variables, without their secrets
        Env = "env" => env: Env(environment::Environment), words ("seen"), Phase::First,
            by |context, asked| (environment::look(context).await, environment::touches(asked.vantage));
        /// the worker's containers: state, restarts, image, networks, ports
        Docker = "docker" => docker: Docker(docker::Docker), words (own), Phase::First,
            by |context, asked| (docker::look(context).await, docker::look_touches());
        /// what a worker with a network of its own (a container's, a namespace) reaches, dialled by its host from inside it
        WorkerNetwork = "worker-network" => worker_network: WorkerNetwork(worker_network::WorkerNetwork),
            words ("seen"), Phase::Settled,
            by |context, asked| (worker_network::look(context).await, worker_network::touches());
        /// the server's containers that publish ports: state, ports, what listens inside
        Containers = "containers" => containers: Containers(containers::Containers), words ("seen"), Phase::First,
            by |context, asked| (containers::look(context).await, containers::touches());
        /// the worker without Docker: its process and its systemd unit
        HostWorker = "host-worker" => host_worker: HostWorker(host_worker::HostWorker), words (own), Phase::First,
            by |context, asked| (host_worker::look(context).await, host_worker::touches());
        /// the last error in the log of a worker that runs, in the last ten minutes
        WorkerLog = "worker-log" => worker_log: WorkerLog(worker_log::WorkerLog), words (own), Phase::First,
            by |context, asked| (worker_log::look(context).await, worker_log::touches());
        /// the host names in use, as they resolve here
        Names = "names" => names: Names(dial::NameLooks), words (own), Phase::Named,
            by |context, asked| (names::look(context).await, names::touches());
        /// a ping
        Ping(to: Place) = "ping" => ping: Ping(dial::PingOutcome), words (how: dial::Echo), Phase::Settled,
            by |context, asked| (ping::look(*to, context).await, ping::touches(*to));
        /// a TCP connection; `@tunnel` from a socket bound to the tunnel's interface
        Tcp(target: TcpTarget) = "tcp" => dialled: Tcp(dial::TcpOutcome), words (how: dial::Dial),
            if matches!(target, TcpTarget::Public(_)) { Phase::Routed } else { Phase::Settled },
            by |context, asked| (dial::tcp(target, context).await, dial::touches(target));
        /// Redis' answer to PING, by the worker's URL
        Redis = "redis" => redis: Redis(redis::RedisOutcome), words (said: redis::RedisSaid), Phase::Routed,
            by |context, asked| (redis::look(context).await, redis::touches(asked.vantage));
        /// the state of the running Redis (INFO)
        RedisState = "redis-state" => redis_state: RedisState(redis::state::RedisState), words ("running"), Phase::Routed,
            by |context, asked| (redis::state(context).await, redis::state_touches(asked.vantage));
        /// PostgreSQL's answer to SELECT 1, by the worker's URL
        Postgres = "postgres" => postgres: Postgres(postgres::PgOutcome), words (said: postgres::PgSaid), Phase::Routed,
            by |context, asked| (postgres::look(context).await, postgres::touches(asked.vantage));
        /// the workers that take tasks from the URL's Redis database, and the waiting tasks
        Celery = "celery" => celery: Celery(celery::Celery), words ("seen"), Phase::Routed,
            by |context, asked| (redis::celery(context).await, redis::state_touches(asked.vantage));
        /// what the worker's own Python libraries say of its URLs
        Libraries = "libraries" => libraries: Libraries(libraries::Libraries), words (own), Phase::Found,
            by |context, asked| (libraries::look(context).await, libraries::touches());
        /// Celery worker processes
        Workers = "workers" => workers: Workers(celery::process::Workers), words (own), Phase::First,
            by |context, asked| (workers::look(), workers::touches());
        /// the web app's answer to a worker (`FLASK_APP_URL`, version 0.12 and later)
        Api = "api" => api: Api(api::ApiOutcome), words (said: api::ApiSaid), Phase::Routed,
            by |context, asked| (api::look(context).await, api::touches());
        /// the web app without Docker: its process, where it listens, and the last error in its log
        WebApp = "web-app" => web_app: WebApp(web_app::WebApp), words (own), Phase::Settled,
            by |context, asked| (web_app::look(context).await, web_app::touches());
        /// the delivery sidecar: its settings and files, and its target host's SSH server
        Delivery = "delivery" => delivery: Delivery(delivery::Delivery), words (own), Phase::First,
            by |context, asked| (delivery::look().await, delivery::touches());
        /// a monitoring plug-in, by the check whose file names it in `[plugin]`
        Plugin(check: PluginOf) = "plugin" => plugin: Plugin(plugin::PluginRun), words (own), Phase::First,
            by |context, asked| (plugin::look(&check.0, context).await, plugin::touches(asked.plugins.get(&check.0)));
    } };
}

pub mod app;
pub mod blame;
pub mod case;
pub mod catalog;
pub mod check;
pub mod cli;
pub mod deployment;
pub mod exit;
pub mod judge;
pub mod plan;
pub mod profile;
pub mod read;
pub mod render;
pub mod report;
pub mod run;
pub mod snapshot;

pub mod fact {
    //! Everything that can be known: what may be looked at ([`FactKey`]), what was there ([`Fact`]), and why
    //! something was not seen ([`Unseen`]). The first two are the table of looks in `src/lib.rs`.
    //!
    //! Facts name what was observed ("refused"), never what it means ("firewalled"). No type here has room for a
    //! secret: a password is a [`Presence`], a private key is never kept.

    #[path = "../fact.rs"]
    mod base;

    pub mod api;
    pub mod app;
    pub mod celery;
    pub mod certificate;
    pub mod containers;
    pub mod delivery;
    pub mod dial;
    pub mod disk;
    pub mod docker;
    pub mod environment;
    pub mod firewall;
    pub mod host_worker;
    pub mod libraries;
    pub mod limits;
    pub(crate) mod look;
    pub mod network;
    pub(crate) mod order;
    pub mod plugin;
    pub mod postgres;
    pub mod redis;
    pub mod service;
    mod target;
    pub mod touch;
    pub mod web_app;
    pub mod wireguard;
    mod words;
    pub mod worker_log;
    pub mod worker_network;

    pub use base::*;
    pub use target::{Place, PluginOf, Service, TcpTarget, UnitTarget};
}

pub mod probe {
    //! From a [`FactKey`] to the code that looks. The only part of the program that touches the machine; it observes
    //! and never judges.
    //!
    //! A probe returns the most precise thing it saw, or why it saw nothing. It never logs, never prints, never
    //! writes, never keeps a secret in a fact, and ends by itself within its deadline.

    #[path = "../probe.rs"]
    mod base;

    // What probes look through: the door to the machine, other users, hosts and containers, bounds of time and size.
    #[cfg(target_os = "linux")]
    mod as_user;
    mod bounded;
    mod carried;
    pub mod host;
    pub mod inside;
    #[cfg(target_os = "linux")]
    mod kernel_dump;
    mod pace;
    pub mod ssh;
    mod tls;
    pub mod vantage;
    #[cfg(windows)]
    mod windows;

    // What they look at.
    mod api;
    pub mod application;
    mod containers;
    mod delivery;
    mod dial;
    mod docker;
    mod environment;
    mod firewall;
    mod host_worker;
    mod libraries;
    mod names;
    mod network;
    mod payload_probe;
    mod ping;
    mod plugin;
    mod postgres;
    pub mod recipe;
    mod redis;
    mod service;
    mod starters;
    mod web_app;
    mod wireguard;
    mod worker_log;
    #[cfg(target_os = "linux")]
    mod worker_network;
    #[cfg(not(target_os = "linux"))]
    #[path = "worker_network_elsewhere.rs"]
    mod worker_network;
    mod workers;

    pub use base::*;
    pub use docker::Inspected;
    pub use plugin::Plugins;
    pub use service::Units;
}
