//! Readers of the tunnel's files where other programs than wg-quick make it, and of the containers that may have it.

use clipcheck::read::{ini, keyfile, mountinfo, networkd, tunnel_container};

use super::{Kept, Reader, many, within};

const NETDEV: &str = "[NetDev]\nName=wg0\nKind=wireguard\n[WireGuard]\nListenPort=51820\nPrivateKey=AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=\n[WireGuardPeer]\nPublicKey=AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=\nAllowedIPs=10.8.0.2/32, 10.9.0.0/24\nEndpoint=h:51820\nPersistentKeepalive=25\n";
const KEYFILE: &str = "[connection]\nid=wg0\ntype=wireguard\ninterface-name=wg0\nautoconnect=false\n[wireguard]\nlisten-port=51820\nprivate-key=AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=\n[wireguard-peer.AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=]\nendpoint=h:51820\nallowed-ips=10.8.0.0/24;\n[ipv4]\naddress1=10.8.0.2/24\n";
const CONTAINERS: &str = "[{\"Name\": \"/wg\", \"State\": {\"Running\": true, \"Pid\": 7}, \"HostConfig\": {\"NetworkMode\": \"bridge\", \"CapAdd\": [\"NET_ADMIN\"]}, \"Mounts\": [{\"Source\": \"/srv\", \"Destination\": \"/config\"}]}]";

pub(super) const READERS: [Reader; 7] = [
    Reader {
        name: "mountinfo",
        read: |text| Box::new(mountinfo::is_engines(text)),
        example: "633 618 254:0 /docker/containers/5f/hosts /etc/hosts rw,relatime - ext4 /dev/vda rw\n",
        shapes: &[many("1 2 3:4 / / rw\n"), many(" ")],
    },
    Reader {
        name: "ini",
        read: |text| Box::new(ini::sections(text).len()),
        example: "[a]\nb = c\n# d\n",
        shapes: &[many("[a]\n"), within("[a]\n", "b=c\n", ""), within("[a]\nb=", " ", "c\n")],
    },
    Reader {
        name: "networkd-netdev",
        read: |text| Box::new(networkd::netdev("/n", 0o640, text, "")),
        example: NETDEV,
        shapes: &[
            within("[NetDev]\nName=wg0\nKind=wireguard\n", "[WireGuardPeer]\nPublicKey=a\n", ""),
            within(NETDEV, "AllowedIPs=10.8.0.0/24\n", ""),
            within("[NetDev]\nName=wg0\nKind=wireguard\n[WireGuardPeer]\nAllowedIPs=", "10.8.0.0/24,", "\n"),
        ],
    },
    Reader {
        name: "networkd-network",
        read: |text| Box::new(networkd::network(text, "wg0")),
        example: "[Match]\nName=wg* !eth0\n[Network]\nAddress=10.8.0.2/24\n",
        shapes: &[
            within("[Match]\nName=", "wg* ", "\n"),
            within("[Match]\nName=wg0\n[Network]\n", "Address=10.8.0.2/24\n", ""),
        ],
    },
    Reader {
        name: "nm-keyfile",
        read: |text| Box::new(keyfile::read("/n", 0o600, text, "")),
        example: KEYFILE,
        shapes: &[
            within(KEYFILE, "[wireguard-peer.a]\nallowed-ips=10.8.0.0/24;\n", ""),
            within(KEYFILE, "address<n>=10.8.0.2/24\n", ""),
        ],
    },
    Reader {
        name: "tunnel-container",
        read: containers,
        example: CONTAINERS,
        shapes: &[within(
            "[{}",
            ",{\"Name\": \"a<n>\", \"State\": {\"Running\": true, \"Pid\": 7}, \"HostConfig\": {\"Privileged\": true}}",
            "]",
        )],
    },
    Reader {
        name: "proc-net-dev",
        read: |text| Box::new(tunnel_container::interface(text).map(str::to_owned)),
        example: "Inter-|\n face |bytes\n    lo:  0\n   wg0: 1\n",
        shapes: &[many("lo: 0\n")],
    },
];

fn containers(text: &str) -> Kept {
    let found = tunnel_container::read(text).unwrap_or_default();
    Box::new(found.iter().map(|it| (it.files("wg0"), it.folders().count())).collect::<Vec<_>>())
}
