//! Tests of the reader of recordings.

use super::*;

const WG: &str = "wg0\tPRIVATE=\tPUB=\t51820\toff";

fn form(changes: &str) -> String {
    format!(
        r#"{{"clipcheck_windows": 1, "host": "PC", "taken_at": 1, "administrator": true, "installed": true{changes}}}"#
    )
}

#[test]
fn what_was_not_asked_for_is_none() {
    let read = Recording::parse(&form(""), "x").expect("reads");
    assert_eq!((read.wg, read.links, read.entries, read.docker), (None, None, None, None));
}

#[test]
fn a_wrong_recording_is_refused_with_its_place_and_without_its_words() {
    let wg = serde_json::to_string(&[WG, "a SECRET line"]).expect("JSON");
    for (text, place) in [
        ("{\n \"clipcheck_windows\": 1,\n \"host\": SECRET", "x:3:10: no recording of windows.ps1: no JSON"),
        ("{\"clipcheck_windows\": 1, \"host\": 7}", "x:1:34: no recording of windows.ps1: a value"),
        (&form(", \"wg\": 3").replace("\": 1,", "\": 2,"), "x:1:"),
        (&form("").replace("windows\": 1", "windows\": 2"), "x: the recording has form 2"),
        (&form(&format!(", \"wg\": {wg}")), "x: wg[1]: no line of `wg show all dump`"),
        (&form(", \"adapters\": [], \"route_print\": [\"SECRET\"]"), "x: route_print: no table of routes"),
        (
            &form(
                ", \"adapters\": [{\"name\": \"a\", \"description\": \"\", \"index\": 1, \"up\": true, \"mtu\": 0, \
                 \"addresses\": [\"SECRET\"]}]",
            ),
            "x: adapters[0]: an address that is none",
        ),
    ] {
        let refused = Recording::parse(text, "x").expect_err("it is wrong");
        assert!(refused.starts_with(place), "{refused}");
        assert!(!refused.contains("SECRET"), "{refused}");
    }
}

#[test]
fn keys_do_not_go_on() {
    let wg = serde_json::to_string(&[WG]).expect("JSON");
    let read = Recording::parse(&form(&format!(", \"wg\": {wg}")), "x").expect("reads");
    assert!(!format!("{read:?}").contains("PRIVATE"), "{read:?}");
}

#[test]
fn a_tunnel_that_is_not_active_has_a_file_and_no_service() {
    let read = |changes| Recording::parse(&form(changes), "x").expect("reads");
    let kept = read(r#", "tunnels": ["home"], "services": []"#);
    assert_eq!(kept.tunnel(), Some("home"));
    let unit = kept.unit("home").expect("it was looked at");
    assert_eq!((unit.known, unit.active.as_str(), unit.enabled.as_str()), (true, "inactive", ""));
    let other = read(r#", "tunnels": [], "services": [{"name": "WireGuardTunnel$a", "status": 4, "start": 3}]"#);
    let unit = other.unit("a").expect("it was looked at");
    assert_eq!((unit.known, unit.active.as_str(), unit.enabled.as_str()), (true, "active", "manual"));
    assert!(!other.unit("home").expect("it was looked at").known);
    assert_eq!(read("").unit("home"), None);
}
