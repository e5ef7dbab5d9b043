//! What a container may use: memory, processors, devices, GPUs.

use serde_json::Value;

use super::Told;
use super::object::{Object, pairs, texts};

/// Docker's own size of /dev/shm.
const SHM: i64 = 64 << 20;

/// A second of a processor.
const WHOLE: i64 = 1_000_000_000;

pub(super) fn read(told: &mut Told<'_>, host: &mut Object<'_>) {
    for (field, option) in [
        ("Memory", "--memory"),
        ("MemoryReservation", "--memory-reservation"),
        ("MemorySwap", "--memory-swap"),
        ("CpuShares", "--cpu-shares"),
        ("CpuPeriod", "--cpu-period"),
        ("CpuQuota", "--cpu-quota"),
        ("CpuRealtimePeriod", "--cpu-rt-period"),
        ("CpuRealtimeRuntime", "--cpu-rt-runtime"),
        ("BlkioWeight", "--blkio-weight"),
        ("OomScoreAdj", "--oom-score-adj"),
        ("PidsLimit", "--pids-limit"),
    ] {
        let number = host.number(field);
        if number != 0 {
            told.number(option, number);
        }
    }
    for (field, option) in [("CpusetCpus", "--cpuset-cpus"), ("CpusetMems", "--cpuset-mems")] {
        let set = host.text(field);
        if !set.is_empty() {
            told.text(option, set, &format!(".HostConfig.{field}"));
        }
    }
    let processors = host.number("NanoCpus");
    if processors > 0 {
        let part = format!("{:09}", processors % WHOLE);
        let part = part.trim_end_matches('0');
        told.shown("--cpus", format!("{}{}{part}", processors / WHOLE, if part.is_empty() { "" } else { "." }));
    }
    if let Some(number) = host.field("MemorySwappiness").as_i64().filter(|number| *number >= 0) {
        told.number("--memory-swappiness", number);
    }
    if host.is("OomKillDisable") {
        told.flag("--oom-kill-disable");
    }
    let shm = host.number("ShmSize");
    if shm != 0 && shm != SHM {
        told.number("--shm-size", shm);
    }
    for limit in host.field("Ulimits").as_array().into_iter().flatten() {
        let name = limit["Name"].as_str().unwrap_or_default();
        let number = |field: &str| limit[field].as_i64().unwrap_or(-1);
        told.shown("--ulimit", format!("{name}={}:{}", number("Soft"), number("Hard")));
    }
    for (field, option) in [("Sysctls", "--sysctl"), ("StorageOpt", "--storage-opt"), ("Annotations", "--annotation")] {
        for (name, value) in pairs(host.field(field)) {
            told.made(option, format!("{name}={value}"), &format!("HostConfig.{field}"));
        }
    }
    for device in host.field("Devices").as_array().into_iter().flatten() {
        let text = |field: &str| device[field].as_str().unwrap_or_default();
        told.made(
            "--device",
            format!("{}:{}:{}", text("PathOnHost"), text("PathInContainer"), text("CgroupPermissions")),
            "HostConfig.Devices",
        );
    }
    for request in host.field("DeviceRequests").as_array().into_iter().flatten() {
        requested(told, request);
    }
}

/// `--gpus`, whose value is a line of CSV; or a device by the name of the Container Device Interface.
fn requested(told: &mut Told<'_>, request: &Value) {
    let (driver, ids) = (request["Driver"].as_str().unwrap_or_default(), texts(&request["DeviceIDs"]));
    if driver == "cdi" {
        for id in ids {
            told.made("--device", id.to_owned(), "HostConfig.DeviceRequests");
        }
        return;
    }
    let mut fields = Vec::new();
    if !driver.is_empty() {
        fields.push(format!("driver={driver}"));
    }
    match request["Count"].as_i64() {
        Some(-1) => fields.push("count=all".to_owned()),
        Some(count) if count > 0 => fields.push(format!("count={count}")),
        _ => {}
    }
    if !ids.is_empty() {
        fields.push(format!("\"device={}\"", ids.join(",")));
    }
    let sets = request["Capabilities"].as_array().into_iter().flatten().map(texts).collect::<Vec<_>>();
    let [wanted] = sets.as_slice() else {
        return told.left.push("HostConfig.DeviceRequests".to_owned());
    };
    let wanted: Vec<&str> = wanted.iter().copied().filter(|it| *it != "gpu").collect();
    if !wanted.is_empty() {
        fields.push(format!("\"capabilities={}\"", wanted.join(",")));
    }
    if pairs(&request["Options"]).next().is_some() {
        told.left.push("HostConfig.DeviceRequests.Options".to_owned());
    }
    let all = if fields == ["count=all"] { "all".to_owned() } else { fields.join(",") };
    told.shown("--gpus", all);
}
