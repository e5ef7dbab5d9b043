//! The part of the JSON report that says who looked.

use serde::Serialize;

use crate::profile::{Addresses, Known};
use crate::report::Host;

/// One host in one role.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "Seat"))]
pub(super) struct SeatV2<'a> {
    /// What `seat` is elsewhere in the document: the role, where only one has it.
    id: &'a str,
    /// The part in the deployment.
    role: &'static str,
    /// How the role is known.
    found_by: &'a str,
    host: HostV2<'a>,
    #[cfg_attr(test, schemars(extend("enum" = ["root", "administrator", "user"])))]
    rights: &'static str,
    /// RFC 3339.
    taken_at: String,
    addresses: AddressesV2,
    /// How long all looks took together.
    took_ms: f64,
    slowest_look: Option<LookV2>,
}

/// Which machine it is.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "Host"))]
struct HostV2<'a> {
    name: &'a str,
    /// `linux` or `windows`.
    platform: &'a str,
    /// The public key of its end of the tunnel, where that was seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    public_key: Option<&'a str>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "Look"))]
struct LookV2 {
    look: String,
    took_ms: f64,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "Addresses"))]
struct AddressesV2 {
    server: Value<String>,
    /// Not that of a server with several clients.
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<Value<String>>,
    subnet: Value<String>,
    interface: Value<String>,
    wireguard_port: Value<u16>,
    redis_port: Value<u16>,
    postgres_port: Value<u16>,
    public: Option<String>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Value<T> {
    value: T,
    /// Whether the user said it, it was seen, or it is the guide's.
    #[cfg_attr(test, schemars(extend("enum" = ["told", "seen", "assumed"])))]
    origin: &'static str,
}

pub(super) fn seat(host: &Host) -> SeatV2<'_> {
    SeatV2 {
        id: &host.seat,
        role: host.vantage.word(),
        found_by: &host.vantage_by,
        host: HostV2 { name: &host.name, platform: &host.platform, public_key: host.public_key.as_deref() },
        rights: host.rights.into(),
        taken_at: jiff::Timestamp::from_second(i64::try_from(host.taken_at).unwrap_or(0))
            .unwrap_or_default()
            .to_string(),
        addresses: addresses(&host.addresses, host.several_clients),
        took_ms: millis(host.took_us),
        slowest_look: host.slowest.as_ref().map(|(key, took)| LookV2 { look: key.to_string(), took_ms: millis(*took) }),
    }
}

fn addresses(addresses: &Addresses, several_clients: bool) -> AddressesV2 {
    AddressesV2 {
        server: text(&addresses.server),
        client: (!several_clients).then(|| text(&addresses.client)),
        subnet: text(&addresses.subnet),
        interface: text(&addresses.interface),
        wireguard_port: port(&addresses.wireguard_port),
        redis_port: port(&addresses.redis_port),
        postgres_port: port(&addresses.postgres_port),
        public: addresses.public.map(|public| public.to_string()),
    }
}

fn text<T: ToString>(known: &Known<T>) -> Value<String> {
    Value { value: known.value.to_string(), origin: known.origin.into() }
}

fn port(known: &Known<u16>) -> Value<u16> {
    Value { value: known.value, origin: known.origin.into() }
}

fn millis(micros: u64) -> f64 {
    // Microseconds of a run fit a float exactly.
    #[expect(clippy::cast_precision_loss, reason = "a run takes seconds")]
    let millis = micros as f64 / 1000.0;
    millis
}
