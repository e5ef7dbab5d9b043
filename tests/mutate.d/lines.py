"""One line of one file changed."""

import re
import shlex

PG = "/etc/postgresql/@PG@/main"
# host, file, shapes that have it (None: all), command that applies it, how often it is drawn
FILES = [
    ("server", "/etc/wireguard/wg0.conf", None, "systemctl restart wg-quick@wg0", 3),
    ("client", "/etc/wireguard/wg0.conf", None, "systemctl restart wg-quick@wg0", 3),
    ("server", "/etc/redis/redis.conf", None, "systemctl restart redis-server", 4),
    ("server", f"{PG}/postgresql.conf", None, "systemctl restart postgresql", 3),
    ("server", f"{PG}/pg_hba.conf", None, "systemctl reload postgresql", 3),
    ("server", "/etc/ufw/user.rules", None, "ufw reload", 2),
    ("server", "/etc/ufw/before.rules", None, "ufw reload", 1),
    ("server", "/etc/default/ufw", None, "ufw reload", 1),
    ("server", "/etc/ufw/ufw.conf", None, "systemctl restart ufw", 1),
    ("server", "/etc/hosts", None, "true", 1),
    ("client", "/etc/hosts", None, "true", 1),
    ("server", "/opt/clippyfront/.env", None, "systemctl is-active -q clippy-web && /root/run-web.sh", 2),
    ("server", "/etc/systemd/system/redis-server.service.d/wireguard.conf", None,
     "systemctl daemon-reload; systemctl restart redis-server", 1),
    ("client", "/root/run-worker.sh", ["docker"], "/root/run-worker.sh", 4),
    ("client", "/root/env.list", ["env-file"], "/root/run-env-file.sh", 4),
    ("client", "/root/stack/.env", ["compose"], "/root/run-stack.sh", 3),
    ("client", "/root/stack/worker.env", ["compose"], "/root/run-stack.sh", 2),
    ("client", "/root/stack/compose.yaml", ["compose"], "/root/run-stack.sh", 3),
    ("client", "/home/winter/ClippyFront/.env.worker", ["native"], "systemctl restart clippy-worker", 5),
    ("client", "/etc/systemd/system/clippy-worker.service", ["native"],
     "systemctl daemon-reload; systemctl restart clippy-worker", 3),
]

# Plausible values by what a value is.
PORTS = ["5432", "5433", "6379", "6380", "6378", "5000", "51820", "51821", "5342"]
ADDRESSES = ["127.0.0.1", "10.8.0.1", "10.8.0.2", "10.8.0.3", "10.0.8.1", "192.168.1.10", "198.51.100.1", "0.0.0.0", "10.8.1.1"]
NETWORKS = ["10.8.0.0/24", "10.8.0.2/32", "10.0.0.0/24", "192.168.1.0/24", "0.0.0.0/0", "10.8.0.0/32", "10.8.0.1/32", "127.0.0.1/32"]
SWAPS = [("yes", "no"), ("on", "off"), ("true", "false"), ("accept", "drop"), ("ACCEPT", "DROP"), ("allow", "deny"), ("tcp", "udp"),
         ("scram-sha-256", "md5"), ("scram-sha-256", "peer"), ("host", "hostssl"), ("redis", "rediss"), ("clippy_front", "clippyfront"),
         ("in", "out"), ("postgresql", "postgres"), ("localhost", "10.8.0.2"), ("/0", "/1"), ("redis:", "http:"), ("gpu", "cpu")]

# Lines that people add, with what they mean to do.
ADDED = {
    "/etc/wireguard/wg0.conf": ["MTU = 1280", "MTU = 9000", "Table = off", "DNS = 10.8.0.1", "SaveConfig = true", "FwMark = 0x51",
                                "PostUp = iptables -I INPUT -i wg0 -j DROP", "PreUp = sysctl -w net.ipv4.ip_forward=1", "ListenPort = 51821",
                                "Address = fd00::1/64", "PostUp = iptables -t nat -A POSTROUTING -o eth0 -j MASQUERADE"],
    "/etc/redis/redis.conf": ["maxclients 8", "maxmemory 900kb", "timeout 3", "port 6380", "bind 127.0.0.1 -::1", "requirepass other",
                              "rename-command BRPOP \"\"", "rename-command INFO \"\"", "replicaof 198.51.100.3 6379", "tcp-backlog 64",
                              "min-replicas-to-write 1", "databases 1", "user default on nopass ~* &* +@read", "appendonly yes",
                              "tls-port 6390", "unixsocket /run/redis/redis.sock", "notify-keyspace-events KEA", "io-threads 2"],
    "postgresql.conf": ["max_connections = 4", "search_path = 'app'", "default_transaction_read_only = on", "statement_timeout = 200",
                        "port = 5433", "listen_addresses = 'localhost'", "ssl = off", "superuser_reserved_connections = 9",
                        "password_encryption = md5", "shared_buffers = 64MB", "log_connections = on", "idle_session_timeout = 500",
                        "authentication_timeout = 5s", "row_security = off", "unknown_thing = 1", "work_mem = 8 apples"],
    "pg_hba.conf": ["host all all 10.8.0.0/24 reject", "hostssl all all 10.8.0.0/24 scram-sha-256", "local all all reject",
                    "host clippy_front clippy_front 10.8.0.2/32 md5", "host clippy_front clippy_front 10.8.0.0/24 ident",
                    "host replication all 0.0.0.0/0 scram-sha-256", "host all all samenet trust"],
    "/etc/hosts": ["10.8.0.1 clippy-server", "192.168.1.10 db.lab", "10.8.0.3 redis.lab"],
    "env": ["DATABASE_URL=postgresql://clippy_front@localhost/clippy_front", "REDIS_URL=redis://localhost:6379/0", "CELERY_QUEUES=cpu",
            "HTTP_PROXY=http://127.0.0.1:3128", "PGOPTIONS=-c search_path=app", "PGSSLMODE=require", "CELERY_BROKER_URL=redis://10.8.0.1:6379/0",
            "TZ=Europe/Berlin", "CELERY_CONCURRENCY=2"],
}


def added(path):
    for ending, texts in ADDED.items():
        if path.endswith(ending):
            return texts
    return ADDED["env"] if "env" in path.rsplit("/", 1)[-1] else []


def meant(text):
    """Whether a program reads the line."""
    return bool(text.strip()) and not text.lstrip().startswith(("#", "//", "[", "*", "COMMIT", "services:", "docker rm"))


def key(text):
    """The setting's name, as a report calls it."""
    bare = text.strip().lstrip("#- ").removeprefix("-e ").strip()
    found = re.match(r"[A-Za-z_][A-Za-z0-9_.-]*", bare)
    return found.group(0) if found else bare[:20]


def secret(text):
    """Whether a report would mask the line: its words cannot be looked for."""
    return bool(re.search(r"password|requirepass|://|PrivateKey|API_KEY", text, re.I))


def digit(random, text):
    at = [match.start() for match in re.finditer(r"\d", text)]
    if not at:
        return None
    where = random.choice(at)
    new = random.choice([it for it in "0123456789" if it != text[where]])
    return text[:where] + new + text[where + 1:]


def character(random, text):
    at = [match.start() for match in re.finditer(r"\S", text)]
    where = random.choice(at)
    how = random.choice(["drop", "double", "swap", "case"])
    one = text[where]
    if how == "drop":
        return text[:where] + text[where + 1:]
    if how == "double":
        return text[:where] + one + text[where:]
    if how == "case":
        return text[:where] + one.swapcase() + text[where + 1:]
    return text[:where] + text[where + 1:where + 2] + one + text[where + 2:]


def quoted(random, text):
    mark = random.choice("'\"")
    found = list(re.finditer(r"(?<=[=\s])[^\s=]+$", text))
    return text[:found[0].start()] + mark + found[0].group(0) + mark if found else None


def other_value(random, text):
    ways = []
    for match in re.finditer(r"\b\d+\.\d+\.\d+\.\d+/\d+\b", text):
        ways += [(match, it) for it in NETWORKS]
    for match in re.finditer(r"\b\d+\.\d+\.\d+\.\d+\b(?!/)", text):
        ways += [(match, it) for it in ADDRESSES]
    for match in re.finditer(r"(?<![\d.])\d{4,5}(?![\d.])", text):
        ways += [(match, it) for it in PORTS]
    for one, two in SWAPS:
        for old, new in ((one, two), (two, one)):
            ways += [(match, new) for match in re.finditer(rf"(?<![\w]){re.escape(old)}(?![\w])", text)]
    ways = [(match, new) for match, new in ways if match.group(0) != new]
    if not ways:
        return None
    match, new = random.choice(ways)
    return text[:match.start()] + new + text[match.end():]


def draw(random, shape, host_files):
    fitting = [it for it in FILES if it[2] is None or shape in it[2]]
    host, path, _, apply, _ = random.choices(fitting, [it[4] for it in fitting])[0]
    text = host_files(host, path)
    if text is None:
        return None
    path = host_files.real(path)
    rows = text.split("\n")
    read = [number for number, row in enumerate(rows) if meant(row)]
    if not read:
        return None
    number = random.choice(read)
    old = rows[number]
    how = random.choices(["delete", "comment", "quote", "digit", "character", "value", "move", "add"], [3, 3, 1, 4, 3, 6, 1, 4])[0]
    new = {"delete": lambda: "", "comment": lambda: "#" + old, "quote": lambda: quoted(random, old), "digit": lambda: digit(random, old),
           "character": lambda: character(random, old), "value": lambda: other_value(random, old), "move": lambda: old,
           "add": lambda: random.choice(added(path) or [None])}[how]()
    if new is None or (new == old and how != "move"):
        return None
    if how == "delete":
        del rows[number]
        done = f"{number + 1}d"
    elif how == "move":
        to = random.choice([it for it in read if it != number] or [number])
        if to == number:
            return None
        rows.insert(to, rows.pop(number))
        number, done = to, f"line moved to {to + 1}"
    elif how == "add":
        number = random.choice([number, len(rows) - 1 if rows[-1] == "" else len(rows)])
        rows.insert(number, new)
        done = f"{number + 1}i {new}"
    else:
        rows[number] = new
        done = f"{number + 1}c {new}"
    # A masked line is named by its key or by its place; a line that is gone by its key alone.
    name = key(old if how != "add" else new)
    place = f"{path}:{number + 1}"
    exact = [(name, place, f"line {number + 1} of {path}") + (f"{path}:{number}",) * (how == "delete")]
    later = random.random() < 0.3 and apply != "true"
    body = "\n".join(rows)
    script = f"cat > {shlex.quote(path)} <<'@MUTATED@'\n{body.rstrip(chr(10))}\n@MUTATED@\n"
    script += "true\n" if later else f"{apply} > /dev/null 2>&1 || true\n"
    hidden = re.sub(r"[0-9a-f]{32}|[A-Za-z0-9+/]{43}=", "***", done)
    return {"kind": "line", "host": host, "story": f"{path}: {hidden}{' (not applied)' if later else ''} [was: "
            + re.sub(r"[0-9a-f]{32}|[A-Za-z0-9+/]{43}=", "***", old.strip()) + "]",
            "script": script, "exact": exact, "place": [path, path.rsplit("/", 1)[-1]], "only_next": later}
