//! Containers that are made up, read.

use super::*;

const IMAGE: &str = r#"[{"Id": "sha256:i", "Config": {"Env": ["PATH=/bin", "USE_GPU_QUEUE=false"], "Cmd": ["celery", "worker"],
    "WorkingDir": "/app", "User": "", "ExposedPorts": {"80/tcp": {}}, "Labels": {"of": "image"}}}]"#;

/// A container of that image with these settings besides.
fn container(config: &str, host: &str, networks: &str) -> String {
    format!(
        r#"[{{"Id": "0123456789abcdef", "Name": "/w", "Image": "sha256:i", "Mounts": [],
        "Config": {{"Hostname": "0123456789ab", "Image": "worker:1", "WorkingDir": "/app", "ExposedPorts": {{"80/tcp": {{}}}},
        "Labels": {{"of": "image"}} {config} }},
        "HostConfig": {{"NetworkMode": "default", "IpcMode": "private", "CgroupnsMode": "private", "Runtime": "runc",
        "ShmSize": 67108864, "LogConfig": {{"Type": "json-file", "Config": {{}}}} {host} }},
        "NetworkSettings": {{"Networks": {networks} }}}}]"#
    )
}

const BRIDGE: &str = r#"{"bridge": {"Aliases": null}}"#;
const SAME: &str = r#", "Env": ["PATH=/bin"], "Cmd": ["celery", "worker"]"#;

fn recipe(config: &str, host: &str, networks: &str) -> Recipe {
    read(None, &container(config, host, networks), IMAGE, Some(IMAGE)).expect("reads")
}

/// The options as one would type them, without quotes; what is taken from the container by its template.
fn options(recipe: &Recipe) -> Vec<String> {
    let word = |(option, word): &Choice| match word {
        None => (*option).to_owned(),
        Some(Word::Shown(text)) => format!("{option} {text}"),
        Some(Word::Taken(template)) => format!("{option} <{template}>"),
    };
    recipe.options.iter().map(word).collect()
}

#[test]
fn what_the_image_has_by_itself_is_no_option() {
    let plain = recipe(SAME, "", BRIDGE);
    assert_eq!((options(&plain), plain.arguments, plain.variables), (Vec::new(), Vec::new(), Vec::new()));
    assert_eq!((plain.name.as_str(), plain.image.as_str(), plain.restart), ("w", "worker:1", None));
    assert!(plain.left_out.is_empty() && plain.networks.is_empty(), "{:?}", plain.left_out);
    let moved = read(None, &container(SAME, "", BRIDGE), IMAGE, None).expect("reads");
    assert_eq!((moved.image.as_str(), moved.replaced.as_deref()), ("sha256:i", Some("worker:1")));
}

#[test]
fn limits_devices_and_ports_are_options() {
    let host = r#", "RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 5}, "Memory": 536870912, "MemorySwap": -1,
        "NanoCpus": 1500000000, "Init": true, "OomKillDisable": false, "MemorySwappiness": null, "PidsLimit": 100,
        "PortBindings": {"80/tcp": [{"HostIp": "::1", "HostPort": "8080"}, {"HostIp": "", "HostPort": ""}]},
        "DeviceRequests": [{"Driver": "", "Count": -1, "DeviceIDs": null, "Capabilities": [["gpu"]], "Options": {}},
            {"Driver": "nvidia", "Count": 0, "DeviceIDs": ["0", "1"], "Capabilities": [["gpu", "compute"]], "Options": {}}],
        "Devices": [{"PathOnHost": "/dev/a", "PathInContainer": "/dev/b", "CgroupPermissions": "rwm"}],
        "Ulimits": [{"Name": "nofile", "Soft": 1, "Hard": 2}], "Sysctls": {"net.a": "1"}"#;
    let expected = [
        "--publish [::1]:8080:80/tcp",
        "--publish 80/tcp",
        "--init",
        "--memory 536870912",
        "--memory-swap -1",
        "--pids-limit 100",
        "--cpus 1.5",
        "--ulimit nofile=1:2",
        "--sysctl net.a=1",
        "--device /dev/a:/dev/b:rwm",
        "--gpus all",
        "--gpus driver=nvidia,\"device=0,1\",\"capabilities=compute\"",
        "--restart on-failure:5",
    ];
    assert_eq!(options(&recipe(SAME, host, BRIDGE)), expected);
}

#[test]
fn each_network_is_told_and_the_first_is_the_containers_own() {
    let networks = r#"{"a": {"Aliases": ["0123456789ab", "gpu"], "IPAMConfig": {"IPv4Address": "172.30.0.9"}},
        "b": {"Aliases": ["two"]}}"#;
    let found = recipe(SAME, r#", "NetworkMode": "b""#, networks);
    // The last of two equal keys is the one that counts.
    assert_eq!(options(&found), ["--network b", "--network-alias two"]);
    let further = [("--alias", Some(Word::Shown("gpu".into()))), ("--ip", Some(Word::Shown("172.30.0.9".into())))];
    assert_eq!(found.networks, [("a".to_owned(), further.to_vec())]);
    let host = recipe(
        r#", "Hostname": "machine", "Cmd": ["celery", "worker"]"#,
        r#", "NetworkMode": "host""#,
        r#"{"host": {}}"#,
    );
    assert_eq!(options(&host), ["--network host"]);
    let lent = recipe(SAME, r#", "NetworkMode": "container:abc", "Dns": ["9.9.9.9"]"#, "{}");
    assert_eq!(options(&lent), ["--network container:abc"]);
}

#[test]
fn a_volume_without_a_name_is_kept_by_its_id() {
    let json = container(SAME, r#", "Binds": ["/srv:/app/x:ro", "named:/models"]"#, BRIDGE);
    let mounts = r#""Mounts": [{"Type": "volume", "Name": "named", "Destination": "/models"},
        {"Type": "bind", "Source": "/srv", "Destination": "/app/x"}, {"Type": "volume", "Name": "4f", "Destination": "/data"}]"#;
    let found = read(None, &json.replace(r#""Mounts": []"#, mounts), IMAGE, Some(IMAGE)).expect("reads");
    assert_eq!(options(&found), ["--volume /srv:/app/x:ro", "--volume named:/models", "--volume 4f:/data"]);
    let mount = r#", "Mounts": [{"Type": "volume", "Source": "v", "Target": "/v", "ReadOnly": true,
        "VolumeOptions": {"NoCopy": true, "DriverConfig": {"Name": "local", "Options": {"o": "addr=1"}}}},
        {"Type": "volume", "Target": "/c", "VolumeOptions": {"DriverConfig": {"Options": {"o": "password=hunter22"}}}}]"#;
    let found = recipe(SAME, mount, BRIDGE);
    let first = "--mount type=volume,source=v,target=/v,readonly,volume-driver=local,volume-opt=o=addr=1,volume-nocopy";
    assert_eq!((options(&found), found.left_out), (vec![first.to_owned()], vec!["HostConfig.Mounts".to_owned()]));
}

#[test]
fn no_secret_is_in_a_recipe() {
    let config = r#", "Env": ["PATH=/bin", "REDIS_URL=redis://:hunter22@10.8.0.1/0", "SECRET_KEY=tops3cret", "MULTI=a\nb", "END=a\n",
        "USE_GPU_QUEUE=true", "o d=1"],
        "Labels": {"of": "image", "token": "hunter22", "we\"ird": "tops3cret"},
        "Entrypoint": ["/run.sh", "--key", "abc"],
        "Cmd": ["celery", "-b", "redis://:hunter22@10.8.0.1/0", "--api-token", "xyz1", "--loglevel=info"],
        "Healthcheck": {"Test": ["CMD-SHELL", "redis-cli -a hunter22 ping"], "Interval": 1500000000}"#;
    let host =
        r#", "Binds": ["/srv/tops3cret:/a"], "LogConfig": {"Type": "splunk", "Config": {"splunk-token": "uvw"}}"#;
    let found = recipe(config, host, BRIDGE);
    let said = format!("{found:?}");
    for secret in ["hunter22", "tops3cret", "\"abc\"", "xyz1", "uvw"] {
        assert!(!said.contains(secret), "{secret} in {said}");
    }
    let expected = [
        "--label <token={{index .Config.Labels \"token\"}}>",
        "--log-driver splunk",
        "--volume <{{index .HostConfig.Binds 0}}>",
        "--entrypoint /run.sh",
        "--health-cmd <{{index .Config.Healthcheck.Test 1}}>",
        "--health-interval 1500ms",
    ];
    assert_eq!(options(&found), expected);
    let taken = |template: &str| Word::Taken(format!("{{{{index {template}}}}}"));
    let shown = |text: &str| Word::Shown(text.to_owned());
    let arguments = [
        shown("--key"),
        taken(".Config.Entrypoint 2"),
        shown("celery"),
        shown("-b"),
        taken(".Config.Cmd 2"),
        shown("--api-token"),
        taken(".Config.Cmd 4"),
        shown("--loglevel=info"),
    ];
    assert_eq!(found.arguments, arguments);
    let variables: Vec<_> =
        found.variables.iter().map(|it| (it.name.as_str(), it.value.as_deref(), it.is_line)).collect();
    let expected = [
        ("REDIS_URL", None, true),
        ("SECRET_KEY", None, true),
        ("MULTI", None, false),
        ("USE_GPU_QUEUE", Some("true"), true),
    ];
    assert_eq!(variables, expected);
    assert_eq!(found.left_out, ["Config.Labels weird", "HostConfig.LogConfig", "Config.Env END", "Config.Env o d"]);
}

#[test]
fn what_no_option_gives_is_told() {
    let found = recipe(
        SAME,
        r#", "BlkioDeviceReadBps": [{"Path": "/dev/sda", "Rate": 1}], "Novel": {"A": 1}, "CpuCount": 0"#,
        BRIDGE,
    );
    assert_eq!(found.left_out, ["HostConfig.BlkioDeviceReadBps", "HostConfig.Novel"]);
}
