//! Where a value comes from.

use super::*;

fn origins(addresses: &Addresses) -> [Origin; 7] {
    let Addresses { server, client, subnet, interface, wireguard_port, redis_port, postgres_port, .. } = addresses;
    let ports = [wireguard_port.origin, redis_port.origin, postgres_port.origin];
    let [one, two, three] = ports;
    [server.origin, client.origin, subnet.origin, interface.origin, one, two, three]
}

#[test]
fn what_nobody_said_and_nothing_shows_is_assumed() {
    for vantage in Vantage::ALL {
        let found = settle(&Profile::default(), vantage, &BTreeMap::new());
        assert_eq!(origins(&found), [Origin::Assumed; 7], "{vantage}");
    }
}

#[test]
fn what_was_said_goes_before_what_is_seen() {
    assert_eq!(Known::first(Some(1), Some(2), 3), Known { value: 1, origin: Origin::Told });
    assert_eq!(Known::first(None, Some(2), 3), Known { value: 2, origin: Origin::Seen });
    let profile = Profile { redis_port: Some(6380), ..Profile::default() };
    let found = settle(&profile, Vantage::Client, &BTreeMap::new());
    assert_eq!(found.redis_port, Known { value: 6380, origin: Origin::Told });
    assert_eq!(found.postgres_port.origin, Origin::Assumed);
}
