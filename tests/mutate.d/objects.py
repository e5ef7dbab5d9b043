"""One object changed: a unit, a rule, a route, a grant, a key, a sysctl, a mode, a container."""

PSQL = "runuser -u postgres -- psql -q -d clippy_front -c "


def unit(random, shape):
    host, name = random.choice([("server", "wg-quick@wg0"), ("server", "redis-server"), ("server", "postgresql"), ("server", "ufw"),
                                ("client", "wg-quick@wg0"), ("client", "docker")] + [("client", "clippy-worker")] * 2 * (shape == "native"))
    sockets = " docker.socket" if name == "docker" else ""
    if shape == "native" and name == "docker":
        return None
    how = random.choice(["stop", "disable", "disable --now", "mask --now", "kill -s STOP", "kill -s KILL"])
    later = how == "disable"
    # The cluster's own unit does the work behind the package's.
    target = "postgresql@*" if name == "postgresql" and how.startswith("kill") else name
    return {"kind": "unit", "host": host, "story": f"systemctl {how} {name}", "script": f"systemctl {how} '{target}'{sockets}\n",
            "exact": [(name.split("@")[0],)], "place": [name], "only_next": later}


def rule(random, shape):
    host = random.choice(["server", "server", "client"])
    chain = random.choice(["INPUT", "INPUT", "OUTPUT", "FORWARD"] + ["DOCKER-USER"] * (host == "client" and shape != "native"))
    match = random.choice(["-p tcp --dport 6379", "-p tcp --dport 5432", "-p tcp --sport 6379", "-p udp --dport 51820", "-p udp --sport 51820",
                           "-p udp", "-p tcp --syn", "-i wg0", "-s 10.8.0.0/24", "-d 10.8.0.1", "-p icmp", "-p tcp", "-m state --state NEW",
                           "-m state --state ESTABLISHED", "-p tcp --dport 6379 -m limit --limit 1/hour", "-p tcp --tcp-flags SYN,ACK SYN,ACK"])
    if "-i wg0" in match and chain == "OUTPUT":
        match = "-o wg0"
    verdict = random.choice(["DROP", "DROP", "REJECT", "REJECT --reject-with tcp-reset" if "-p tcp" in match else "DROP"])
    if random.random() < 0.3:
        hook = chain.lower() if chain in ("INPUT", "OUTPUT", "FORWARD") else "forward"
        iface = {"input": 'iifname "wg0" ', "output": 'oifname "wg0" ', "forward": ""}[hook]
        what = random.choice(["tcp dport 6379", "tcp dport 5432", "tcp flags syn", "udp dport 51820", "meta l4proto udp", "tcp sport 6379",
                              "ip saddr 10.8.0.0/24", "ct state established"])
        line = f"{iface}{what} drop" if "udp" not in what else f"{what} drop"
        name = random.choice(["guard", "blocklist", "f2b"])
        return {"kind": "rule", "host": host, "story": f"nft table inet {name}, {hook}: {line}", "exact": [(name, "nft")], "place": ["nft", "drop"],
                "script": f"nft -f - <<'NFT'\ntable inet {name} {{ chain c {{ type filter hook {hook} priority -5; policy accept; {line}; }}; }}\nNFT\n"}
    where = random.choice(["-I", "-I", "-A"])
    return {"kind": "rule", "host": host, "story": f"iptables {where} {chain} {match} -j {verdict}",
            "script": f"iptables {where} {chain} {match} -j {verdict}\n", "exact": [(chain,), ("DROP", "REJECT")], "place": ["iptables", "firewall"]}


def policy(random, shape):
    way = random.choice(["iptables -P INPUT DROP", "iptables -P OUTPUT DROP", "iptables -P FORWARD DROP", "iptables -F", "iptables -D INPUT 1",
                         "ufw deny in on wg0", "ufw default deny outgoing", "ufw default reject incoming", "ufw delete 4", "ufw delete 3", "ufw delete 2",
                         "ufw insert 1 deny from 10.8.0.2", "ufw insert 1 limit 6379/tcp", "ufw logging off", "ufw reset",
                         "ufw insert 1 deny proto udp from 198.51.100.0/24"])
    host = "server" if way.startswith("ufw") else random.choice(["server", "client"])
    return {"kind": "rule", "host": host, "story": way, "script": f"{way.replace('ufw ', 'ufw --force ')}\n", "exact": [("ufw", "iptables", "policy")],
            "place": ["ufw", "iptables", "firewall"]}


def nat(random, shape):
    host, line, thing = random.choice([
        ("server", "PREROUTING -p tcp --dport 6379 -j REDIRECT --to-ports 6380", "REDIRECT"),
        ("server", "PREROUTING -i wg0 -p tcp --dport 5432 -j DNAT --to-destination 192.168.1.10:5432", "DNAT"),
        ("server", "PREROUTING -p udp --dport 51820 -j REDIRECT --to-ports 51821", "REDIRECT"),
        ("client", "OUTPUT -p tcp --dport 6379 -j DNAT --to-destination 127.0.0.1:6379", "DNAT"),
        ("client", "PREROUTING -p tcp --dport 5432 -j REDIRECT --to-ports 15432", "REDIRECT"),
        ("client", "OUTPUT -p udp --dport 51820 -j DNAT --to-destination 198.51.100.9:51820", "DNAT"),
        ("client", "POSTROUTING -o wg0 -j SNAT --to-source 192.168.1.10", "SNAT"),
        ("server", "POSTROUTING -o wg0 -j MASQUERADE", "MASQUERADE"),
        ("client", "POSTROUTING -o eth0 -j MASQUERADE", "MASQUERADE")])
    where = random.choice(["-A", "-I"])
    return {"kind": "nat", "host": host, "story": f"iptables -t nat {where} {line}", "script": f"iptables -t nat {where} {line}\n",
            "exact": [(thing,)], "place": ["nat", "PREROUTING", "OUTPUT", "POSTROUTING"]}


def route(random, shape):
    host, line, exact = random.choice([
        ("client", "ip route del 10.8.0.0/24", "10.8.0.0/24"), ("server", "ip route del 10.8.0.0/24", "10.8.0.0/24"),
        ("client", "ip route add blackhole 10.8.0.1", "blackhole"), ("server", "ip route add unreachable 10.8.0.2", "unreachable"),
        ("server", "ip route add prohibit 10.8.0.0/29", "prohibit"), ("client", "ip route add 10.8.0.1 dev eth0", "eth0"),
        ("server", "ip route add 10.8.0.2/32 via 198.51.100.3", "198.51.100.3"), ("client", "ip route add blackhole 198.51.100.1", "blackhole"),
        ("client", "ip rule add to 10.8.0.0/24 lookup 77 && ip route add blackhole default table 77", "77"),
        ("server", "ip rule add from 10.8.0.1 lookup 88 && ip route add unreachable default table 88", "88"),
        ("client", "ip addr del 10.8.0.2/24 dev wg0", "10.8.0.2"), ("server", "ip addr del 10.8.0.1/24 dev wg0", "10.8.0.1"),
        ("client", "ip addr add 10.8.0.9/24 dev wg0", "10.8.0.9"), ("client", "ip link set wg0 down", "down"),
        ("server", "ip link set wg0 down", "down"), ("client", "ip link set wg0 mtu 600", "mtu"), ("server", "ip link set wg0 mtu 300", "mtu"),
        ("client", "ip link add dummy0 type dummy && ip addr add 10.8.0.1/32 dev dummy0", "dummy0"),
        ("server", "ip addr add 10.8.0.2/32 dev lo", "10.8.0.2"), ("client", "ip route flush table main", "route")])
    return {"kind": "route", "host": host, "story": line, "script": f"{line}\n", "exact": [(exact, exact.upper())],
            "place": ["route", "ip rule", "ip addr", "ip link", "wg0"]}


def peer(random, shape):
    host, line, exact = random.choice([
        ("server", "wg set wg0 listen-port 51999", "51999"), ("client", "wg set wg0 peer $P endpoint 198.51.100.1:51821", "51821"),
        ("client", "wg set wg0 peer $P endpoint 198.51.100.9:51820", "198.51.100.9"), ("client", "wg set wg0 peer $P allowed-ips 10.8.0.2/32", "10.8.0.2/32"),
        ("server", "wg set wg0 peer $P allowed-ips 10.8.0.3/32", "10.8.0.3/32"), ("server", "wg set wg0 peer $P remove", "peer"),
        ("client", "wg set wg0 peer $P remove", "peer"), ("client", "wg set wg0 private-key <(wg genkey)", "key"),
        ("server", "wg set wg0 private-key <(wg genkey)", "key"), ("client", "wg set wg0 peer $P preshared-key <(wg genpsk)", "preshared"),
        ("server", "wg set wg0 peer $P preshared-key <(wg genpsk)", "preshared"), ("client", "wg set wg0 peer $P persistent-keepalive 0", "keepalive"),
        ("server", "wg set wg0 peer $(wg genkey | wg pubkey) allowed-ips 10.8.0.2/32", "10.8.0.2"),
        ("client", "wg set wg0 fwmark 0x99", "fwmark"), ("client", "wg set wg0 peer $P allowed-ips 10.8.0.0/24,198.51.100.0/24", "198.51.100.0/24")])
    return {"kind": "peer", "host": host, "story": line, "script": f"P=$(wg show wg0 peers | head -1)\n{line}\n", "exact": [(exact,)],
            "place": ["wg set", "peer", "wg0"]}


def redis(random, shape):
    line, exact = random.choice([
        ("config set maxclients 1", "maxclients"), ("config set maxmemory 1mb", "maxmemory"), ("config set requirepass other", "password"),
        ("config set protected-mode no", "protected-mode"), ("config set bind 127.0.0.1", "bind"), ("config set port 6390", "port"),
        ("config set min-replicas-to-write 2", "min-replicas"), ("replicaof 198.51.100.9 6379", "replica"),
        ("acl setuser default resetkeys ~app:*", "keys"), ("acl setuser default -brpop", "brpop"), ("acl setuser default -@write", "write"),
        ("acl setuser default off", "off"), ("acl setuser default resetchannels", "channel"), ("acl setuser default -info", "info"),
        ("client pause 600000", "pause"), ("config set timeout 1", "timeout"), ("set gpu nonsense", "gpu"), ("set _kombu.binding.gpu x", "_kombu"),
        ("flushall", "flush"), ("config set save ''", "save"), ("config set maxmemory-policy allkeys-lru", "policy"),
        ("config set proto-max-bulk-len 1mb", "proto-max-bulk-len"), ("config set dir /tmp", "dir"), ("config set appendonly yes", "appendonly"),
        ("config set client-output-buffer-limit 'normal 1 1 1'", "client-output-buffer"), ("config set databases 1", "databases"),
        ("config set replica-read-only no", "replica"), ("client kill type normal skipme yes", "client")])
    read = "PW=$(sed -n 's/^requirepass //p' /etc/redis/redis.conf); "
    return {"kind": "redis", "host": "server", "story": f"redis-cli {line}", "exact": [(exact, exact.upper())], "place": ["Redis", "redis.conf", "ACL"],
            "script": f"{read}REDISCLI_AUTH=$PW redis-cli {line}\n"}


def grant(random, shape):
    line, exact = random.choice([
        ("alter role clippy_front nologin", "login"), ("alter role clippy_front password 'other'", "password"),
        ("alter role clippy_front connection limit 0", "connection"), ("alter role clippy_front valid until '2020-01-01'", "valid"),
        ("alter role clippy_front set search_path = app", "search_path"), ("alter role clippy_front set statement_timeout = 1", "statement_timeout"),
        ("alter role clippy_front set default_transaction_read_only = on", "read"), ("alter role clippy_front rename to clippy", "clippy_front"),
        ("alter database clippy_front set search_path = app", "search_path"), ("alter database clippy_front connection limit 0", "connection"),
        ("alter database clippy_front set default_transaction_read_only = on", "read"), ("revoke all on schema public from public, clippy_front", "schema"),
        ("alter table jobs owner to postgres", "jobs"), ("alter table jobs owner to postgres; grant select on jobs to clippy_front", "jobs"),
        ("alter table jobs rename to jobs_old", "jobs"), ("alter sequence jobs_id_seq owned by none; alter sequence jobs_id_seq owner to postgres", "jobs_id_seq"),
        ("drop table alembic_version", "alembic"), ("alter table jobs set schema app", "jobs"),
        ("create function no() returns event_trigger language plpgsql as $$begin raise 'no'; end$$; create event trigger no on ddl_command_start execute function no()", "trigger"),
        ("alter system set listen_addresses = 'localhost'", "listen_addresses"), ("alter system set max_connections = 4", "max_connections"),
        ("alter system set port = 5433", "port"), ("alter system set ssl = on", "ssl"), ("alter system set search_path = 'app'", "search_path"),
        ("alter system set default_transaction_read_only = on", "read_only"), ("alter system set password_encryption = 'md5'", "password_encryption"),
        ("alter table jobs enable row level security; alter table jobs force row level security", "row"),
        ("create rule none as on insert to jobs do instead nothing", "rule"), ("alter table jobs add constraint full_ check (false) not valid", "check")])
    apply = random.choice(["", "reload", "restart"]) if "alter system" in line else ""
    later = "alter system" in line and apply == ""
    script = f"{PSQL}\"create schema if not exists app\"\n{PSQL}\"{line.replace('$$', chr(92) + '$' + chr(92) + '$')}\"\n" if "alter system" not in line \
        else f"{PSQL}\"{line}\"\n"
    return {"kind": "grant", "host": "server", "story": f"{line}{'; ' + apply if apply else ''}", "only_next": later,
            "script": script + (f"systemctl {apply} postgresql\n" if apply else ""),
            "exact": [(exact,)], "place": ["postgresql.auto.conf", "clippy_front", "PostgreSQL"]}


def database(random, shape):
    line, exact = random.choice([
        ("alter database clippy_front rename to clippy", "clippy_front"), ("alter database clippy_front allow_connections false", "connections"),
        ("revoke connect on database clippy_front from public", "CONNECT")])
    kick = "select pg_terminate_backend(pid) from pg_stat_activity where datname = 'clippy_front'"
    return {"kind": "grant", "host": "server", "story": line, "exact": [(exact, exact.lower())], "place": ["clippy_front", "PostgreSQL"],
            "script": f"cd /; P='runuser -u postgres -- psql -q -d postgres -c'\n$P \"{kick}\" > /dev/null\n$P \"{line}\"\n"}


def sysctl(random, shape):
    host, line = random.choice([("client", "net.ipv4.ip_forward=0"), ("server", "net.ipv4.ip_forward=1"), ("server", "net.ipv4.icmp_echo_ignore_all=1"),
                                ("client", "net.ipv4.conf.all.rp_filter=1"), ("server", "net.ipv4.conf.wg0.rp_filter=1"),
                                ("client", "net.ipv4.conf.wg0.forwarding=0"), ("client", "net.ipv4.conf.docker0.forwarding=0"),
                                ("server", "net.ipv4.tcp_syncookies=0"), ("client", "net.ipv4.ip_local_port_range=\"32768 32770\""),
                                ("server", "net.ipv4.tcp_window_scaling=0"), ("client", "net.ipv4.ip_default_ttl=1"),
                                ("server", "net.ipv4.ip_default_ttl=1"), ("client", "net.ipv4.conf.all.arp_ignore=8")])
    if shape == "native" and "docker0" in line:
        return None
    name = line.split("=")[0]
    return {"kind": "sysctl", "host": host, "story": f"sysctl {line}", "script": f"sysctl -qw {line}\n",
            "exact": [(name.split(".")[-1], name)], "place": ["sysctl", "forward"]}


def mode(random, shape):
    choices = [("server", "chmod 600 /etc/redis/redis.conf; chown root: /etc/redis/redis.conf; systemctl restart redis-server", "redis.conf"),
               ("server", "chmod 000 /etc/postgresql/*/main/pg_hba.conf; chown root: /etc/postgresql/*/main/pg_hba.conf; systemctl restart postgresql", "pg_hba.conf"),
               ("server", "chown root: /var/lib/redis; chmod 700 /var/lib/redis; systemctl restart redis-server", "/var/lib/redis"),
               ("server", "chmod 755 /var/lib/postgresql/*/main; systemctl restart postgresql", "/var/lib/postgresql"),
               ("server", "chown -R root: /var/lib/postgresql/*/main; systemctl restart postgresql", "/var/lib/postgresql"),
               ("server", "chmod 644 /etc/wireguard/wg0.conf", "wg0.conf"), ("client", "mv /etc/wireguard/wg0.conf /etc/wireguard/wg1.conf", "wg0.conf"),
               ("server", "chmod 644 /opt/clippyfront/.env", ".env"), ("server", "rm /etc/redis/redis.conf; systemctl restart redis-server", "redis.conf"),
               ("server", "chmod 700 /var/log/redis; chown root: /var/log/redis; systemctl restart redis-server", "/var/log/redis"),
               ("server", "mv /usr/bin/redis-server /usr/bin/redis-server.old; systemctl restart redis-server", "redis-server"),
               ("client", "mv /usr/bin/wg-quick /usr/bin/wg-quick.old; systemctl restart wg-quick@wg0", "wg-quick")]
    if shape == "native":
        folder = "/home/winter/ClippyFront"
        choices += [("client", f"chown root: {folder}/.env.worker; chmod 600 {folder}/.env.worker; systemctl restart clippy-worker", ".env.worker"),
                    ("client", f"chmod 644 {folder}/scripts/worker/run-worker-remote.sh; systemctl restart clippy-worker", "run-worker-remote.sh"),
                    ("client", f"mv {folder}/venv {folder}/venv.old; systemctl restart clippy-worker", "venv"),
                    ("client", "umount /mnt/clippyfront 2>/dev/null; rmdir /mnt/clippyfront; systemctl restart clippy-worker", "/mnt/clippyfront"),
                    ("client", "usermod -L -s /usr/sbin/nologin -e 1 winter; systemctl restart clippy-worker", "winter")] * 2
    host, line, exact = random.choice(choices)
    return {"kind": "mode", "host": host, "story": line.replace("; ", " ; "), "script": f"{line} || true\n", "exact": [(exact,)], "place": [exact, "permission"]}


def container(random, shape):
    if shape == "native":
        return None
    again = {"docker": "/root/run-worker.sh", "compose": "/root/run-stack.sh", "env-file": "/root/run-env-file.sh"}[shape]
    line, exact = random.choice([
        ("docker stop -t 0 $W", "docker start"), ("docker pause $W", "pause"), ("docker kill $W", "docker start"), ("docker rm -f $W", "container"),
        ("docker update --restart no $W", "restart"), ("docker network disconnect $(docker inspect -f '{{range $k,$v := .NetworkSettings.Networks}}{{$k}}{{end}}' $W) $W", "network"),
        ("docker exec $W kill -STOP -1; kill -STOP $(pgrep -f 'celery.*worker')", "stop"), ("docker exec -d $W sh -c 'kill 1'", "container"),
        ("docker network create --subnet 10.8.0.0/16 other", "10.8.0.0/16"), ("docker network create --subnet 10.8.0.0/25 -o com.docker.network.bridge.name=br8 other && " + again, "10.8.0.0/25"),
        ("echo '{\"iptables\": false}' > /etc/docker/daemon.json; systemctl restart docker", "iptables"),
        ("echo '{\"bip\": \"10.8.0.1/24\"}' > /etc/docker/daemon.json; systemctl restart docker", "bip"),
        ("echo '{\"iptables\": fals}' > /etc/docker/daemon.json; systemctl restart docker", "daemon.json"),
        ("docker tag clippy-gpu-worker:lab old:1; docker rmi clippy-gpu-worker:lab; " + again, "image"),
        ("docker update --memory 20m --memory-swap 20m $W", "memory"), ("docker exec $W sh -c 'echo 192.168.1.10 10.8.0.1 >> /etc/hosts'", "hosts"),
        ("ip link set docker0 down", "docker0"), ("docker exec $W rm -rf /app/packages/redis && docker restart -t 0 $W", "redis")])
    return {"kind": "container", "host": "client", "story": line, "script": f"W=clippy-gpu-worker\n{line} > /dev/null 2>&1 || true\n", "exact": [(exact,)],
            "place": ["container", "docker"]}


KINDS = [(unit, 3), (rule, 6), (policy, 3), (nat, 2), (route, 3), (peer, 3), (redis, 4), (grant, 5), (database, 1), (sysctl, 1), (mode, 2), (container, 3)]


def draw(random, shape):
    return random.choices([it[0] for it in KINDS], [it[1] for it in KINDS])[0](random, shape)
