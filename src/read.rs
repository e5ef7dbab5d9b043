//! Text that other programs write, read as they themselves read it: text → facts. Files, what commands print, sentences of
//! logs. Named by what is read; `tests/readers/` has them all.
//!
//! Nothing here looks at anything, and nothing that it gives back holds a secret, unless it says so and has no `Debug`.

// How text is gone through, and what is said of it.
mod cursor;
pub mod encoding;
pub mod glob;
pub mod ini;
pub mod quoted;
mod says;
mod sentences;
pub mod url;
pub mod variable;

// WireGuard, and what else makes or carries a tunnel.
pub mod keyfile;
pub mod networkd;
pub mod wg_dump;
pub mod wg_key;
pub mod wg_packet;
pub mod wg_quick;
pub mod wg_uapi;
pub mod xfrm;

// The kernel's rules and counters, ufw's files, names and mounts.
pub mod counters;
pub mod hosts;
pub mod iptables;
pub mod mountinfo;
pub mod netfilter;
pub mod nft;
pub mod snmp;
pub mod ufw;

// Redis.
pub mod redis_acl;
pub mod redis_acl_log;
pub mod redis_command;
pub mod redis_conf;
pub mod redis_info;
pub mod redis_log;
pub mod redis_reply;

// PostgreSQL.
pub mod libpq;
pub mod pg_hba;
pub mod pg_refusal;
pub mod postgresql_conf;

// systemd, and what a service says last.
pub mod dbus;
pub mod journal;
pub mod last_line;
pub mod last_words;
pub mod named_line;
pub mod systemctl;
pub mod unit_ends;
pub mod unit_file;
pub mod unit_shuts;

// Docker, compose, and the files of variables.
pub mod compose;
pub mod dotenv;
pub mod envfile;
pub mod inspect;
pub mod published;
pub mod recipe;
pub mod shell_env;
pub mod tunnel_container;

// The worker and the web app.
pub mod celery;
pub mod celery_command;
pub mod celery_log;
pub mod library_error;
pub mod raised;
pub mod worker_api;
pub mod worker_log;

// ssh, plug-ins, Windows.
pub mod known_hosts;
pub mod plugin;
pub mod ssh_error;
pub mod ssh_key;
pub mod ssh_wire;
pub mod windows;

pub use says::Says;
