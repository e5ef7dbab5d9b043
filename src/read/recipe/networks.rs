//! The networks that a container is in, its names there, and its ports.

use serde_json::Value;

use super::object::{Object, texts};
use super::{SHORT, Told};
use crate::fact::docker::recipe::{Choice, Word};

/// Tells what the first network is and what belongs to it; returns the mode, and the further networks.
pub(super) fn read(
    told: &mut Told<'_>,
    host: &mut Object<'_>,
    config: &mut Object<'_>,
    entry: &Value,
    image: &Value,
) -> (String, Vec<(String, Vec<Choice>)>) {
    let id = entry["Id"].as_str().unwrap_or_default();
    let mode = host.text("NetworkMode");
    let short: String = id.chars().take(SHORT).collect();
    let mut all: Vec<(&String, &Value)> =
        entry["NetworkSettings"]["Networks"].as_object().into_iter().flatten().collect();
    let usual = matches!(mode, "" | "default" | "bridge");
    let own = if usual { "bridge" } else { mode };
    let borrowed = mode.starts_with("container:");
    // It may have been taken out of the network that it was created in.
    let first = all.iter().position(|(name, _)| *name == own).or_else(|| all.first().map(|_| 0));
    let first = first.map(|at| all.remove(at)).filter(|_| !borrowed);
    let name = first.map_or(own, |(name, _)| name.as_str());
    if name != "bridge" {
        told.shown("--network", name);
    }
    for (option, word) in first.map(|(_, network)| options(network, &short)).unwrap_or_default() {
        let option = match option {
            "--alias" => "--network-alias",
            other => other,
        };
        told.options.push((option, word));
    }
    let hostname = config.text("Hostname");
    let lent = borrowed || mode == "host" || host.text("UTSMode") == "host";
    if !lent && !hostname.is_empty() && hostname != short {
        told.text("--hostname", hostname, ".Config.Hostname");
    }
    for link in host.texts("Links") {
        if let Some((other, alias)) = link.split_once(':') {
            let alias = alias.rsplit('/').next().unwrap_or_default();
            told.made("--link", format!("{}:{alias}", other.trim_start_matches('/')), "HostConfig.Links");
        }
    }
    ports(told, host.field("PortBindings"), config.field("ExposedPorts"), &image["ExposedPorts"], borrowed);
    (mode.to_owned(), all.into_iter().map(|(name, network)| (name.clone(), options(network, &short))).collect())
}

/// What `docker network connect` is told.
fn options(network: &Value, id: &str) -> Vec<Choice> {
    let mut found: Vec<Choice> = Vec::new();
    let shown = |text: &str| Some(Word::Shown(text.to_owned()));
    found.extend(texts(&network["Aliases"]).into_iter().filter(|alias| *alias != id).map(|it| ("--alias", shown(it))));
    for (field, option) in [("IPv4Address", "--ip"), ("IPv6Address", "--ip6")] {
        let address = network["IPAMConfig"][field].as_str().filter(|address| !address.is_empty());
        found.extend(address.map(|address| (option, shown(address))));
    }
    found.extend(texts(&network["IPAMConfig"]["LinkLocalIPs"]).into_iter().map(|it| ("--link-local-ip", shown(it))));
    found
}

fn ports(told: &mut Told<'_>, bound: &Value, exposed: &Value, image: &Value, borrowed: bool) {
    if borrowed {
        return;
    }
    for (inner, outer) in bound.as_object().into_iter().flatten() {
        for port in outer.as_array().into_iter().flatten() {
            let (address, port) = (port["HostIp"].as_str().unwrap_or(""), port["HostPort"].as_str().unwrap_or(""));
            let address = match address {
                "" => String::new(),
                six if six.contains(':') => format!("[{six}]:"),
                four => format!("{four}:"),
            };
            let sign = if port.is_empty() && address.is_empty() { "" } else { ":" };
            told.shown("--publish", format!("{address}{port}{sign}{inner}"));
        }
    }
    let inner = exposed.as_object().into_iter().flatten().map(|(inner, _)| inner.as_str());
    for inner in inner.filter(|inner| bound.get(inner).is_none() && image.get(inner).is_none()) {
        told.shown("--expose", inner);
    }
}
