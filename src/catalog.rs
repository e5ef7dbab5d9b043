//! Every built-in check, in the order of the guide; then the user's. The files in `checks/` are embedded here,
//! and the order of this list is the order of all output.

use std::path::Path;

use crate::check::{Category, Check, Judge};
use crate::judge::{api, delivery, firewall, postgres, queue, redis, tunnel, worker};

/// A built-in check: its category, its id, the text of its file, and its judge if it thinks.
type Entry = (Category, &'static str, &'static str, Option<Judge>);

macro_rules! catalog {
    ($($category:ident $folder:literal { $($id:literal $(=> $judge:path)?,)* })*) => {
        &[$($((
            Category::$category,
            $id,
            include_str!(concat!("../checks/", $folder, "/", $id, ".toml")),
            catalog!(@judge $($judge)?),
        ),)*)*]
    };
    (@judge $judge:path) => { Some($judge as Judge) };
    (@judge) => { None };
}

const BUILT_IN: &[Entry] = catalog! {
    Tunnel "tunnel" {
        "wg-config-valid" => tunnel::wg_config_valid,
        "wg-interface-up" => tunnel::wg_interface_up,
        "wg-addresses" => tunnel::wg_addresses,
        "wg-peers-known" => tunnel::wg_peers_known,
        "wg-peers-persisted" => tunnel::wg_peers_persisted,
        "wg-running-as-written" => tunnel::wg_running_as_written,
        "wg-preshared-agrees" => tunnel::wg_preshared_agrees,
        "wg-allowed-ips-distinct" => tunnel::wg_allowed_ips_distinct,
        "wg-allowed-ips" => tunnel::wg_allowed_ips,
        "wg-allowed-ips-narrow" => tunnel::wg_allowed_ips_narrow,
        "wg-listen-port-fixed" => tunnel::wg_listen_port_fixed,
        "wg-endpoint" => tunnel::wg_endpoint,
        "wg-handshake" => tunnel::wg_handshake,
        "wg-key-unshared" => tunnel::wg_key_unshared,
        "wg-keepalive" => tunnel::wg_keepalive,
        "tunnel-subnet-free" => tunnel::tunnel_subnet_free,
        "tunnel-route" => tunnel::tunnel_route,
        "tunnel-ping" => tunnel::tunnel_ping,
        "tunnel-used" => tunnel::tunnel_used,
        "container-way" => tunnel::container_way,
        "tunnel-payload" => tunnel::tunnel_payload,
        "clocks-agree" => tunnel::clocks_agree,
        "wg-enabled-at-boot" => tunnel::wg_enabled_at_boot,
        "wg-config-private" => tunnel::wg_config_private,
        "wg-key-files-private" => tunnel::wg_key_files_private,
        "names-resolve" => tunnel::names_resolve,
    }
    Firewall "firewall" {
        "ufw-admits-wireguard" => firewall::ufw_admits_wireguard,
        "ufw-admits-worker" => firewall::ufw_admits_worker,
        "ufw-loaded" => firewall::ufw_loaded,
        "firewall-admits-wireguard" => firewall::firewall_admits_wireguard,
        "firewall-admits-worker" => firewall::firewall_admits_worker,
        "firewall-lets-out" => firewall::firewall_lets_out,
        "firewall-after-boot" => firewall::firewall_after_boot,
        "wg-port-narrow" => firewall::wg_port_narrow,
        "tcp-admitted" => firewall::tcp_admitted,
    }
    Redis "redis" {
        "redis-listens" => redis::redis_listens,
        "redis-port-open",
        "redis-answers" => redis::redis_answers,
        "redis-same" => redis::redis_same,
        "redis-one-server" => redis::redis_one_server,
        "redis-can-write" => redis::redis_can_write,
        "redis-room" => redis::redis_room,
        "redis-persists" => redis::redis_persists,
        "redis-as-written" => redis::redis_as_written,
        "redis-after-boot" => redis::redis_after_boot,
        "redis-password-set" => redis::redis_password_set,
        "redis-not-exposed" => redis::redis_not_exposed,
    }
    Postgres "postgres" {
        "postgres-listens" => postgres::postgres_listens,
        "postgres-port-open",
        "postgres-answers" => postgres::postgres_answers,
        "postgres-same" => postgres::postgres_same,
        "postgres-hba-parses" => postgres::postgres_hba_parses,
        "postgres-hba-admits-worker" => postgres::postgres_hba_admits_worker,
        "postgres-role-ready" => postgres::postgres_role_ready,
        "postgres-room" => postgres::postgres_room,
        "postgres-as-written" => postgres::postgres_as_written,
        "postgres-after-boot" => postgres::postgres_after_boot,
        "postgres-password-strong" => postgres::postgres_password_strong,
        "postgres-not-exposed" => postgres::postgres_not_exposed,
    }
    Worker "worker" {
        "env-database" => worker::env_database,
        "env-redis" => worker::env_redis,
        "env-flask" => worker::env_flask,
        "env-heeded" => worker::env_heeded,
        "env-ports" => worker::env_ports,
        "env-agrees" => worker::env_agrees,
        "worker-running" => worker::worker_running,
        "worker-fresh" => worker::worker_fresh,
        "worker-one" => worker::worker_one,
    }
    Queue "queue" {
        "queue-consumed" => queue::queue_consumed,
        "queue-chosen" => queue::queue_chosen,
        "queue-taken" => queue::queue_taken,
        "queue-through-tunnel" => queue::queue_through_tunnel,
        "queue-workers-agree" => queue::queue_workers_agree,
        "queue-workers-named" => queue::queue_workers_named,
    }
    Api "api" {
        "api-url" => api::api_url,
        "api-answers" => api::api_answers,
    }
    Delivery "delivery" {
        "delivery-set" => delivery::delivery_set,
        "delivery-runs" => delivery::delivery_runs,
        "delivery-key" => delivery::delivery_key,
        "delivery-known-hosts" => delivery::delivery_known_hosts,
        "delivery-listens" => delivery::delivery_listens,
        "delivery-admitted" => delivery::delivery_admitted,
        "delivery-answers" => delivery::delivery_answers,
        "delivery-host-key" => delivery::delivery_host_key,
    }
};

/// The built-in checks. An error here is a defect of a file in `checks/`.
pub fn built_in() -> Result<Vec<Check>, String> {
    BUILT_IN
        .iter()
        .map(|(category, id, text, judge)| {
            let path = format!("checks/{}/{id}.toml", category.word());
            Check::parse(id, *category, text, &path, *judge)
        })
        .collect()
}

/// A check file of the user's: plain, named by its file, and not like one that is there already.
pub fn own(path: &Path, text: &str, known: &[Check]) -> Result<Check, String> {
    let shown = path.display();
    let id = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let kebab = !id.is_empty() && id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    if !kebab {
        return Err(format!("{shown}: the file's name is the check's id, in lower case with hyphens"));
    }
    if known.iter().any(|check| check.id.0 == id) {
        return Err(format!("{shown}: there is a check `{id}` already"));
    }
    Check::parse(id, Category::Custom, text, &shown.to_string(), None)
}

/// Every check that another needs is there.
pub fn needs_exist(checks: &[Check]) -> Result<(), String> {
    for check in checks {
        if let Some(need) = check.all_needs().find(|need| !checks.iter().any(|other| other.id == need.check)) {
            return Err(format!("{}: needs `{}`, and there is no such check", check.id, need.check));
        }
    }
    Ok(())
}
