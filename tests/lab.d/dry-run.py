"""dry-run.py PLANS TRACES : compares what `--dry-run=json` says with what strace saw, in both directions.

PLANS is a folder of plans, TRACES one of traces of the same names (PLAN.json and PLAN.strace; PLAN.STATE.strace is the same command
in another state of the lab). What a trace has and its plan does not is an error; so is what all the plans have and no trace does,
but for what dry-run.owing lists, by the machine that this lab does not have; what is done there now and then has a `?` before it. Exit status: 1 they differ.

Counted is what clipcheck itself does, up to the start of another program, and the addresses that those connect to.
"""

import collections
import json
import pathlib
import re
import sys

# What the names stand for in the lab.
LAB = {
    "app-url": r"10\.8\.0\.1:5000", "authorities": r"/(etc|root)/[\w./-]+\.(crt|pem)", "bundle": r"NOBODY", "client": r"10\.8\.0\.2", "code": r"/(app|opt/[\w.-]+|home/[\w.-]+/[\w.-]+)",
    "compose": r"/[\w./-]+\.(ya?ml|env\S*)|/[\w./-]*/\.env[\w.]*", "container": r"[\w.-]+", "containers": r"[\w. -]+",
    "copy": r"/\.clipcheck-copy-\d+", "database": r"10\.8\.0\.1:5432", "device": r"\d+", "environment-file": r"/[\w./-]*env[\w.-]*",
    "home": r"/root|/home/[\w.-]+", "host": r"\S+", "image": r"\S+", "included": r"/etc/(redis|postgresql)/[\w./-]+",
    "interface": r"[\w.-]+", "keeper": r".*", "key-file": r"[\w.-]*(key|priv)[\w.-]*", "libpq-file": r"/[\w./-]*(pgpass|services?\.conf)", "log": r"/var/(log|lib)/postgresql/\S+",
    "mounted": r"/root/delivery/secrets/\w+|/srv/(postgres|redis)/[\w.-]+", "name": r"\S+", "name-server": r"[\d.]+", "named": r"/etc/ssl/\S+", "network": r"\S+", "own": r"/usr/local/bin/clipcheck",
    "peer": r"10\.8\.0\.[123]", "pid": r"\d+", "plug-in": r"NOBODY", "port": r"\d+", "postgres-port": r"5432",
    "postgres-socket": r"/(var/)?run/postgresql/\.s\.PGSQL\.5432", "profile": r"(--[\w-]+=\S+ ?)+", "properties": r"[\w,]+", "proxy": r"198\.51\.100\.3:3128",
    "public": r"198\.51\.100\.1", "python": r"\S*python3?[\d.]*", "redis-port": r"(6379|6380)", "resolved": r"[\d.]+", "results": r"10\.8\.0\.1:6379",
    "run": r"[\d.]+", "script": r".*", "seconds": r"[\d.]+", "server": r"10\.8\.0\.1", "socket": r"/[\w./-]+", "ssh-target": r"10\.8\.0\.1:22", "started": r"/(usr/(local/)?s?bin|lib/systemd)/[\w.-]+", "time": r"\d+",
    "unit": r"[\w@.-]+", "units": r"[\w@. -]+", "url-hosts": r"NOBODY", "user": r"[\w.-]+", "web-app": r"/opt/[\w.-]+",
    "web-env": r"NOBODY", "web-redis": r"NOBODY", "worker": r"\S+",
}

TOLD = {"inside-told"}

FILES = {"open", "openat", "openat2", "stat", "lstat", "statx", "newfstatat", "readlink", "readlinkat", "access", "faccessat",
         "faccessat2", "statfs"}


def pattern(does, what):
    if does == "ask" and what == "packet socket":
        return re.compile("ask packet socket")
    out = ""
    for part in re.split(r"(\{[^}]*\}|\*\*|\*)", what):
        if part == "**":
            out += ".*"
        elif part == "*":
            out += "[^/]*"
        elif part.startswith("{") and part.endswith("}"):
            out += "(?:" + LAB[part[1:-1]] + ")"
        else:
            out += re.escape(part)
    return re.compile(f"{does} {out}", re.S)


def calls(path):
    """The calls of a trace as (pid, call, the rest), each whole."""
    begun = {}
    for line in path.read_text(errors="replace").splitlines():
        found = re.match(r"(\d+) +(.*)", line)
        if not found:
            continue
        pid, text = found[1], found[2]
        if text.endswith("<unfinished ...>"):
            begun[pid] = text[: -len("<unfinished ...>")].rstrip()
            continue
        again = re.match(r"<\.\.\. \w+ resumed>(.*)", text)
        if again:
            text = begun.pop(pid, "") + again[1]
        call = re.match(r"(\w+)\((.*)", text)
        if call:
            yield pid, call[1], call[2]


def done(path):
    """What was done: each thing as a line, as a plan has it; how often."""
    all_calls = list(calls(path))
    parent, other, own = {}, set(), None
    for pid, call, rest in all_calls:
        if call in ("clone", "clone3", "fork", "vfork"):
            # In a namespace of processes the number that strace knows it by stands behind.
            child = re.search(r"= \d+ /\* (\d+) in strace's PID NS \*/", rest) or re.search(r"= (\d+)", rest)
            if child:
                parent.setdefault(child[1], pid)

    def foreign(pid):
        while pid:
            if pid in other:
                return True
            pid = parent.get(pid)
        return False

    seen = collections.Counter()
    # Handles on a container's files: what is opened by them has no path of this machine's.
    roots = {}
    for pid, call, rest in all_calls:
        if call == "execve" and rest.rstrip().endswith("= 0"):
            words = [re.sub(r"\\(.)", r"\1", word) for word in re.findall(r'"((?:[^"\\]|\\.)*)"', rest.split("], ")[0])]
            if own is None:
                if words[0].endswith("/clipcheck"):
                    own = pid
                continue
            if not foreign(pid):
                other.add(pid)
                seen["run " + " ".join(words[1:])] += 1
            continue
        if own is None:
            continue
        address = re.search(r"sa_family=(AF_INET6?), .*?htons\((\d+)\).*?\"([^\"]+)\"", rest)
        if call == "connect" and address:
            if not (foreign(pid) and address[3] in ("127.0.0.1", "::1", "0.0.0.0")):
                kind = "udp" if "UDP" in rest.split(",")[0] else "tcp"
                seen[f"connect {kind} {address[3]}:{address[2]}"] += 1
            continue
        if foreign(pid):
            continue
        local = re.search(r'sa_family=AF_UNIX, sun_path="([^"]+)"', rest)
        if call == "connect" and local:
            seen["connect unix " + local[1]] += 1
        elif call in ("sendto", "sendmsg", "sendmmsg") and address:
            seen[f"send icmp {address[3]}" if address[2] == "0" else f"send udp {address[3]}:{address[2]}"] += 1
        elif call == "socket" and "AF_NETLINK" in rest:
            kinds = (("GENERIC", "generic"), ("SOCK_DIAG", "sock-diag"), ("NETFILTER", "netfilter"))
            seen["ask netlink " + next((name for word, name in kinds if word in rest), "route")] += 1
        elif call == "socket" and "AF_PACKET" in rest:
            seen["ask packet socket"] += 1
        elif call == "setns":
            seen["enter the network namespace of clippy-gpu-worker"] += 1
        elif call in FILES:
            file = re.match(r'(?:(AT_FDCWD|\d+)<([^>]*)>, )?"([^"]*)"', rest)
            if file and file[3]:
                # What is reached through an open folder.
                folder = roots.get(file[1], file[2])
                whole = file[3] if file[3].startswith("/") else f"{folder}/{file[3]}"
                opened = re.search(r"= (\d+)<[^=]*$", rest)
                if opened and call.startswith("open"):
                    roots.pop(opened[1], None)
                    if re.fullmatch(r"/proc/\d+/root", whole):
                        roots[opened[1]] = whole
                seen["read " + re.sub(r"(?<=.)/\.?$", "", whole)] += 1
    return seen


def planned(path):
    plan = json.loads(path.read_text())
    unknown = {name for name in plan["names"] if name not in LAB}
    assert not unknown, f"{path}: nothing is known of {unknown}"
    return [(part["part"], look.get("look", ""), touch["does"], touch["what"], touch.get("only", ""))
            for part in plan["parts"] for look in part["looks"] for touch in look["touches"]]


def owing():
    text = (pathlib.Path(__file__).parent / "dry-run.owing").read_text()
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    now_and_then = {line[2:] for line in lines if line.startswith("? ")}
    return {line for line in lines if not line.startswith("? ")}, now_and_then


plans, traces = map(pathlib.Path, sys.argv[1:])
wrong, everywhere, lines, count = 0, {}, set(), 0
for trace in sorted(traces.glob("*.strace")):
    plan = plans / (trace.name.split(".")[0] + ".json")
    declared = {(does, what): pattern(does, what) for _, _, does, what, _ in planned(plan)}
    # What was told stands in a plan in place of its name: that is the same line once more.
    for key, form in declared.items() if trace.stem not in TOLD else ():
        everywhere.setdefault(key, form)
    seen = done(trace)
    assert seen, f"{trace}: nothing was seen"
    for line, times in sorted(seen.items()):
        fits = [key for key, form in declared.items() if form.fullmatch(line)]
        lines.add(line)
        if not fits:
            print(f"NOT IN THE PLAN of {trace.stem}: {line[:160]} ({times} times)")
            wrong += 1
    count += sum(seen.values())
debts, now_and_then = owing()
never = {f"{does} {what}" for (does, what), form in everywhere.items() if not any(form.fullmatch(line) for line in lines)}
for line in sorted(never - debts - now_and_then):
    print(f"IN A PLAN AND DONE BY NOBODY: {line}")
    wrong += 1
for line in sorted(debts - never):
    print(f"dry-run.owing has what is done after all, or is in no plan: {line}")
    wrong += 1
print(f"{len(everywhere)} lines of plans; {count} calls in {len(list(traces.glob('*.strace')))} traces; "
      f"{len(never)} lines owing; {wrong} differences")
sys.exit(1 if wrong else 0)
