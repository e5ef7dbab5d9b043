//! Text that other programs write, read as they themselves read it: text → facts. Files, what commands print, sentences of
//! logs. Named by what is read; `tests/readers/` has them all.
//!
//! Nothing here looks at anything, and nothing that it gives back holds a secret, unless it says so and has no `Debug`.

pub mod counters;
mod cursor;

pub mod celery;
pub mod celery_command;
pub mod celery_log;
pub mod compose;
pub mod dbus;
pub mod dotenv;
pub mod encoding;
pub mod envfile;
pub mod glob;
pub mod hosts;
pub mod ini;
pub mod inspect;
pub mod iptables;
pub mod journal;
pub mod keyfile;
pub mod known_hosts;
pub mod last_line;
pub mod last_words;
pub mod libpq;
pub mod library_error;
pub mod mountinfo;
pub mod named_line;
pub mod netfilter;
pub mod networkd;
pub mod nft;
pub mod pg_hba;
pub mod pg_refusal;
pub mod plugin;
pub mod postgresql_conf;
pub mod published;
pub mod quoted;
pub mod raised;
pub mod recipe;
pub mod redis_acl;
pub mod redis_acl_log;
pub mod redis_command;
pub mod redis_conf;
pub mod redis_info;
pub mod redis_log;
pub mod redis_reply;
mod says;
mod sentences;
pub mod shell_env;
pub mod snmp;
pub mod ssh_error;
pub mod ssh_key;
pub mod ssh_wire;
pub mod systemctl;
pub mod tunnel_container;
pub mod ufw;
pub mod unit_file;
pub mod unit_shuts;
pub mod url;
pub mod variable;
pub mod wg_dump;
pub mod wg_key;
pub mod wg_packet;
pub mod wg_quick;
pub mod wg_uapi;
pub mod windows;
pub mod worker_api;
pub mod worker_log;
pub mod xfrm;

pub use says::Says;
