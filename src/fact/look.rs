//! The table of looks: one row for each thing that can be looked at. The keys in check files and snapshots, the kinds of
//! facts, the words of a plain check, the judges' way to a fact, the order of looking and the table in
//! `checks/README.md` are all made of it.

/// Hands the rows to a macro. A row says
///
/// - what is looked at, for those who write checks (its comment);
/// - the key, what it is aimed at if there are several, and its text in check files and snapshots;
/// - how a judge asks for the fact, and the fact. One that only looks again is no second kind of fact: `cfg(any())`;
/// - the words that a plain check sees: the fact's own (`label`), those of a field, or the only one that there is;
/// - when it can be looked at.
macro_rules! looks {
    ($then:ident) => { $then! {
        /// WireGuard as it runs
        Wg = "wg" => wg: Wg(wireguard::WgState), words (own), Phase::First;
        /// WireGuard as it runs after idle peers were sent a packet
        WgAgain = "wg-again" => wg_again: #[cfg(any())] Wg(wireguard::WgState), words (own), Phase::Settled;
        /// the tunnel's file
        WgConf = "wg-conf" => wg_conf: WgConf(wireguard::WgConf), words ("there"), Phase::First;
        /// files named like private keys, without their content
        WgKeys = "wg-keys" => wg_keys: WgKeys(wireguard::keys::WgKeys), words (own), Phase::First;
        /// interfaces and addresses
        Links = "links" => links: Links(network::Links), words ("seen"), Phase::First;
        /// the kernel's route to a place
        Route(to: Place) = "route" => route: Route(network::RouteLookup), words (own), Phase::Settled;
        /// all routes to networks, and whether IP forwarding is on
        Routes = "routes" => routes: Routes(network::routes::Routes), words ("seen"), Phase::First;
        /// listening sockets
        Listeners = "listeners" => listeners: Listeners(network::Listeners), words ("seen"), Phase::First;
        /// ufw's rules, in order
        Ufw = "ufw" => ufw: Ufw(firewall::Ufw), words (own), Phase::First;
        /// the kernel's own firewall rules
        Netfilter = "netfilter" => netfilter: Netfilter(firewall::netfilter::Netfilter), words (own), Phase::First;
        /// the kernel's rules that stop what got no answer, by their counters
        Counters = "rule-counters" => counters: Counters(firewall::counters::Counters), words (own), Phase::Answered;
        /// Redis' configuration file; of several the port says which
        RedisConf = "redis-conf" => redis_conf: RedisConf(redis::RedisConf), words ("there"), Phase::Settled;
        /// the same of a Redis in a container: its command, and its file there
        RedisConfInside = "redis-conf-inside" => redis_conf_inside: #[cfg(any())] RedisConf(redis::RedisConf), words ("there"),
            Phase::Settled;
        /// PostgreSQL's configuration file; the port says which cluster
        PgConf = "postgres-conf" => pg_conf: PgConf(postgres::PgConf), words ("there"), Phase::Settled;
        /// pg_hba.conf: who may log in to PostgreSQL
        PgHba = "postgres-hba" => pg_hba: PgHba(postgres::hba::PgHba), words ("there"), Phase::Settled;
        /// the state of the running PostgreSQL (as its administrator, needs root)
        PgState = "postgres-state" => pg_state: PgState(postgres::state::PgState), words ("running"), Phase::Settled;
        /// pg_hba.conf of a PostgreSQL in a container
        PgHbaInside = "postgres-hba-inside" => pg_hba_inside: #[cfg(any())] PgHba(postgres::hba::PgHba), words ("there"),
            Phase::Settled;
        /// the state of a running PostgreSQL in a container (as its administrator, needs root)
        PgStateInside = "postgres-state-inside" => pg_state_inside: #[cfg(any())] PgState(postgres::state::PgState),
            words ("running"), Phase::Settled;
        /// a systemd unit
        Unit(unit: UnitTarget) = "unit" => unit: Unit(service::UnitState), words (own), Phase::Settled;
        /// a file's permissions: owner only, group, others
        File(path: String) = "file" => file: File(service::FileState), words (own), Phase::First;
        /// the app's variables, without their secrets
        Env = "env" => env: Env(environment::Environment), words ("seen"), Phase::First;
        /// the worker's containers: state, restarts, image, networks, ports
        Docker = "docker" => docker: Docker(docker::Docker), words (own), Phase::First;
        /// what a worker with a network of its own (a container's, a namespace) reaches, dialled by its host from inside it
        WorkerNetwork = "worker-network" => worker_network: WorkerNetwork(worker_network::WorkerNetwork),
            words ("seen"), Phase::Settled;
        /// the server's containers that publish ports: state, ports, what listens inside
        Containers = "containers" => containers: Containers(containers::Containers), words ("seen"), Phase::First;
        /// the worker without Docker: its process and its systemd unit
        HostWorker = "host-worker" => host_worker: HostWorker(host_worker::HostWorker), words (own), Phase::First;
        /// the last error in the log of a worker that runs, in the last ten minutes
        WorkerLog = "worker-log" => worker_log: WorkerLog(worker_log::WorkerLog), words (own), Phase::First;
        /// the host names in use, as they resolve here
        Names = "names" => names: Names(dial::NameLooks), words (own), Phase::Named;
        /// a ping
        Ping(to: Place) = "ping" => ping: Ping(dial::PingOutcome), words (how: dial::Echo), Phase::Settled;
        /// a TCP connection; `@tunnel` from a socket bound to the tunnel's interface
        Tcp(target: TcpTarget) = "tcp" => dialled: Tcp(dial::TcpOutcome), words (how: dial::Dial),
            if matches!(target, TcpTarget::Public(_)) { Phase::Routed } else { Phase::Settled };
        /// Redis' answer to PING, by the worker's URL
        Redis = "redis" => redis: Redis(redis::RedisOutcome), words (said: redis::RedisSaid), Phase::Routed;
        /// the state of the running Redis (INFO)
        RedisState = "redis-state" => redis_state: RedisState(redis::state::RedisState), words ("running"), Phase::Routed;
        /// PostgreSQL's answer to SELECT 1, by the worker's URL
        Postgres = "postgres" => postgres: Postgres(postgres::PgOutcome), words (said: postgres::PgSaid), Phase::Routed;
        /// the workers that take tasks from the URL's Redis database, and the waiting tasks
        Celery = "celery" => celery: Celery(celery::Celery), words ("seen"), Phase::Routed;
        /// what the worker's own Python libraries say of its URLs
        Libraries = "libraries" => libraries: Libraries(libraries::Libraries), words (own), Phase::Found;
        /// Celery worker processes
        Workers = "workers" => workers: Workers(celery::process::Workers), words (own), Phase::First;
        /// the web app's answer to a worker (`FLASK_APP_URL`, version 0.12 and later)
        Api = "api" => api: Api(api::ApiOutcome), words (said: api::ApiSaid), Phase::Routed;
        /// the web app without Docker: its process, where it listens, and the last error in its log
        WebApp = "web-app" => web_app: WebApp(web_app::WebApp), words (own), Phase::Settled;
        /// the delivery sidecar: its settings and files, and its target host's SSH server
        Delivery = "delivery" => delivery: Delivery(delivery::Delivery), words (own), Phase::First;
        /// a monitoring plug-in, by the check whose file names it in `[plugin]`
        Plugin(check: PluginOf) = "plugin" => plugin: Plugin(plugin::PluginRun), words (own), Phase::First;
    } };
}

/// The words of a fact: its own, those of a field, or the only one.
macro_rules! word {
    (all (own) $($type:ident)::+) => { $($type)::+::WORDS };
    (all ($field:ident: $($of:ident)::+) $($type:ident)::+) => { $($of)::+::WORDS };
    (all ($only:literal) $($type:ident)::+) => { &[$only] };
    ($fact:ident (own)) => { $fact.label() };
    ($fact:ident ($field:ident: $($of:ident)::+)) => { $fact.$field.label() };
    ($fact:ident ($only:literal)) => {{ let _ = $fact; $only }};
}

/// Reads what a look is aimed at; one that is aimed at nothing has no second word.
macro_rules! aimed {
    ($key:ident, $text:ident, $rest:ident) => {
        if $rest.is_empty() {
            Ok(Self::$key)
        } else {
            Err(format!("`{}` is not something that can be looked at", $text))
        }
    };
    ($key:ident, $text:ident, $rest:ident, $target:ty) => {
        <$target as Target>::read($rest).map(Self::$key).map_err(|would| format!("`{}`: {would}", $text))
    };
}

/// The keys, the facts and what is told of both.
macro_rules! keys {
    ($(
        #[doc = $says:literal]
        $key:ident $(($arg:ident: $target:ty))? = $text:literal =>
            $get:ident: $(#[$again:meta])? $fact:ident($($type:ident)::+), words $words:tt, $phase:expr;
    )*) => {
        /// One thing that can be looked at. Written the same way in check files and in snapshots: `tcp redis`.
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum FactKey {
            $(#[doc = $says] $key $(($target))?,)*
        }

        impl fmt::Display for FactKey {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(Self::$key $(($arg))? => {
                        f.write_str($text)?;
                        $(write!(f, " {}", $arg.text())?;)?
                        Ok(())
                    })*
                }
            }
        }

        impl FromStr for FactKey {
            type Err = String;
            fn from_str(text: &str) -> Result<Self, String> {
                let (kind, rest) = text.split_once(' ').unwrap_or((text, ""));
                match kind {
                    $($text => aimed!($key, text, rest $(, $target)?),)*
                    _ => Err(format!("`{text}` is not something that can be looked at")),
                }
            }
        }

        impl FactKey {
            /// Every word that a look at this can bring.
            pub fn words(&self) -> &'static [&'static str] {
                match self {
                    $(Self::$key { .. } => word!(all $words $($type)::+),)*
                }
            }

            /// What it is, for those who write checks.
            pub fn says(&self) -> &'static str {
                match self {
                    $(Self::$key { .. } => $says.trim(),)*
                }
            }

            /// When it can be looked at: the whole order of looking.
            pub fn phase(&self) -> Phase {
                match self {
                    $(Self::$key $(($arg))? => { $(let _ = $arg;)? $phase })*
                }
            }

            /// All that can be looked at, in a table for those who write checks: its forms, what it is, its words.
            pub fn table() -> Vec<(Vec<String>, &'static str, &'static [&'static str])> {
                vec![$({
                    let targets: &[&[&str]] = &[$(<$target as Target>::FORMS)?];
                    (forms_of($text, targets), $says.trim(), word!(all $words $($type)::+))
                },)*]
            }
        }

        /// What was there.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        #[expect(missing_docs, reason = "each variant is the type it holds")]
        pub enum Fact {
            $($(#[$again])? $fact($($type)::+),)*
        }
    };
}

/// What is said of each fact: by itself, or, where it is kept as it was listed, by who reads it.
macro_rules! says {
    ($(
        #[doc = $says:literal]
        $key:ident $(($arg:ident: $target:ty))? = $text:literal =>
            $get:ident: $(#[$again:meta])? $fact:ident($($type:ident)::+), words $words:tt, $phase:expr;
    )*) => {
        impl Says for Fact {
            fn label(&self) -> &'static str {
                match self {
                    $($(#[$again])? Self::$fact(it) => word!(it $words),)*
                }
            }

            fn summary(&self) -> Vec<String> {
                match self {
                    $($(#[$again])? Self::$fact(it) => it.summary().lines(),)*
                }
            }
        }
    };
}

/// `tcp`, with each of its targets if it has any.
pub(super) fn forms_of(kind: &str, targets: &[&[&str]]) -> Vec<String> {
    match targets.first() {
        Some(targets) => targets.iter().map(|target| format!("{kind} {target}")).collect(),
        None => vec![kind.to_owned()],
    }
}

/// One line or several.
pub(crate) trait Lines {
    /// As several.
    fn lines(self) -> Vec<String>;
}

impl Lines for String {
    fn lines(self) -> Vec<String> {
        vec![self]
    }
}

impl Lines for Vec<String> {
    fn lines(self) -> Vec<String> {
        self
    }
}

pub(super) use {aimed, keys};
pub(crate) use {looks, says, word};
