//! Which files and folders a container is given. A volume without a name is named by its id, since a new one would be empty.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Told;
use super::object::{Object, pairs};

pub(super) fn read(told: &mut Told<'_>, host: &mut Object<'_>, config: &mut Object<'_>, all: &Value) {
    let mut known: BTreeSet<&str> = BTreeSet::new();
    let binds = host.texts("Binds");
    known.extend(binds.iter().filter_map(|bind| bind.split(':').nth(1)));
    told.each("--volume", host, "HostConfig", "Binds");
    for (path, options) in pairs(host.field("Tmpfs")) {
        let options = if options.is_empty() { String::new() } else { format!(":{options}") };
        told.made("--tmpfs", format!("{path}{options}"), "HostConfig.Tmpfs");
        known.insert(path);
    }
    for mount in host.field("Mounts").as_array().into_iter().flatten() {
        known.extend(mount["Target"].as_str());
        match option(mount) {
            Some(text) => told.made("--mount", text, "HostConfig.Mounts"),
            None => told.left.push("HostConfig.Mounts".to_owned()),
        }
    }
    for mount in all.as_array().into_iter().flatten().filter(|mount| mount["Type"] == "volume") {
        let text = |field: &str| mount[field].as_str().unwrap_or_default();
        if !known.contains(text("Destination")) {
            told.made("--volume", format!("{}:{}", text("Name"), text("Destination")), "Mounts");
        }
    }
    // Those without a name were among all.
    config.field("Volumes");
}

/// The value of `--mount`, a line of CSV. None where it has more than is known here.
fn option(mount: &Value) -> Option<String> {
    let mut fields = vec![format!("type={}", mount["Type"].as_str()?)];
    for (field, name) in [("Source", "source"), ("Target", "target"), ("Consistency", "consistency")] {
        let value = mount[field].as_str().unwrap_or_default();
        if !value.is_empty() && value != "default" {
            fields.push(format!("{name}={value}"));
        }
    }
    if mount["ReadOnly"] == true {
        fields.push("readonly".to_owned());
    }
    let options = |name: &str| mount[name].as_object().into_iter().flatten().filter(|(_, value)| !value.is_null());
    for (name, value) in options("BindOptions") {
        match (name.as_str(), value.as_str()) {
            ("Propagation", Some(value)) => fields.push(format!("bind-propagation={value}")),
            ("NonRecursive", None) if value == true => fields.push("bind-recursive=disabled".to_owned()),
            // The client makes no folder that is missing; this one is there.
            ("CreateMountpoint", None) => {}
            _ => return None,
        }
    }
    for (name, value) in options("TmpfsOptions") {
        match (name.as_str(), value.as_i64()) {
            ("SizeBytes", Some(bytes)) => fields.push(format!("tmpfs-size={bytes}")),
            ("Mode", Some(mode)) => fields.push(format!("tmpfs-mode={mode:o}")),
            _ => return None,
        }
    }
    for (name, value) in options("VolumeOptions") {
        match name.as_str() {
            "NoCopy" if value == true => fields.push("volume-nocopy".to_owned()),
            "Subpath" => fields.push(format!("volume-subpath={}", value.as_str()?)),
            "Labels" => fields.extend(pairs(value).map(|(name, value)| format!("volume-label={name}={value}"))),
            "DriverConfig" => {
                fields.extend(value["Name"].as_str().map(|name| format!("volume-driver={name}")));
                fields.extend(pairs(&value["Options"]).map(|(name, value)| format!("volume-opt={name}={value}")));
            }
            _ => return None,
        }
    }
    let quoted = |field: String| {
        if field.contains([',', '"', '\n']) { format!("\"{}\"", field.replace('"', "\"\"")) } else { field }
    };
    Some(fields.into_iter().map(quoted).collect::<Vec<_>>().join(","))
}
