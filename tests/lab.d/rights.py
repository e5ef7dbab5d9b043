"""rights.py SEAT : runs `clipcheck all` with each right taken away in turn, and compares what it says with
what it says when it has them all. Prints a line for each that is wrong, and counts. Run by tests/lab.d/rights, inside a host of
the lab or in a container's namespaces, as root.

A right taken away may make a check unseen, for a reason that is told. It may not end the program in the middle, make a check
OK that is not, or make one fail that does not.
"""

import collections
import ctypes
import json
import os
import resource
import shutil
import struct
import subprocess
import sys
import tempfile

SEAT = sys.argv[1]
BINARY = shutil.which("clipcheck")
LIBC = ctypes.CDLL(None, use_errno=True)
NEWNS, NEWUSER, NEWPID, NEWUTS, NEWIPC, NEWCGROUP = 0x20000, 0x10000000, 0x20000000, 0x4000000, 0x8000000, 0x2000000
RDONLY, REMOUNT, BIND, REC, PRIVATE = 1, 32, 4096, 16384, 1 << 18
CAPABILITIES = """chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap linux_immutable net_bind_service
 net_broadcast net_admin net_raw ipc_lock ipc_owner sys_module sys_rawio sys_chroot sys_ptrace sys_pacct sys_admin sys_boot
 sys_nice sys_resource sys_time sys_tty_config mknod lease audit_write audit_control setfcap mac_override mac_admin syslog
 wake_alarm block_suspend audit_read perfmon bpf checkpoint_restore""".split()
PROGRAMS = ["docker", "systemctl", "journalctl", "nft", "iptables-save", "ip6tables-save", "iptables", "wg", "tail", "python3", "sh"]
# x86_64's numbers (arch/x86/entry/syscalls/syscall_64.tbl). Left out is what no program of Rust's does without (poll, getrandom,
# recvfrom for starting others), and what fails in the same way where this machine's own rules forbid it (connect, sendto, getsockopt).
CALLS = {"socket": 41, "bind": 49, "sendmsg": 46, "recvmsg": 47, "setsockopt": 54, "ioctl": 16, "readlink": 89,
         "getdents64": 217, "statx": 332, "newfstatat": 262, "kill": 62, "setpgid": 109, "pipe2": 293, "pidfd_open": 434,
         "clone3": 435, "prlimit64": 302, "sched_getaffinity": 204, "uname": 63, "getuid": 102, "sysinfo": 99, "setns": 308}
# As units are locked up (systemd.exec(5), systemd.resource-control(5)).
PROPERTIES = ["MemoryMax=64M -p MemorySwapMax=0", "TasksMax=8", "TasksMax=24", "ProtectProc=invisible", "ProcSubset=pid",
              "RestrictAddressFamilies=AF_INET AF_INET6", "RestrictAddressFamilies=~AF_NETLINK", "RestrictAddressFamilies=~AF_UNIX",
              "SystemCallFilter=@system-service", "SystemCallFilter=~@privileged @resources -p SystemCallErrorNumber=EPERM", "ProtectSystem=strict", "PrivateUsers=yes",
              "DynamicUser=yes", "User=nobody", "NoNewPrivileges=yes", "MemoryDenyWriteExecute=yes", "PrivateDevices=yes", "PrivateTmp=yes",
              "ProtectHome=yes", "ProtectKernelTunables=yes", "ProtectKernelModules=yes", "ProtectControlGroups=yes", "RestrictNamespaces=yes",
              "RestrictSUIDSGID=yes", "LockPersonality=yes", "CapabilityBoundingSet=", "NoExecPaths=/usr/bin", "LimitNOFILE=16",
              "ReadOnlyPaths=/", "InaccessiblePaths=-/var/lib/docker"]
# Without these it cannot wait for anything, and may say so and end.
ESSENTIAL = {"epoll_create1": 291, "eventfd2": 290}


def check(result, what):
    if result != 0:
        raise OSError(ctypes.get_errno(), what)


def mount(source, target, kind, flags, data=None):
    as_bytes = [None if it is None else it.encode() for it in (source, target, kind, data)]
    check(LIBC.mount(as_bytes[0], as_bytes[1], as_bytes[2], ctypes.c_ulong(flags), as_bytes[3]), f"mount {target}")


def own_mounts():
    check(LIBC.unshare(NEWNS), "unshare")
    mount("none", "/", None, REC | PRIVATE)


def without(capability):
    return lambda: check(LIBC.prctl(24, CAPABILITIES.index(capability), 0, 0, 0), capability)


def without_any():
    for capability in CAPABILITIES:
        without(capability)()


def user(number, groups=()):
    def take():
        os.setgroups(list(groups))
        os.setgid(number)
        os.setuid(number)
    return take


def hidden(path):
    def take():
        own_mounts()
        mount("none", path, "tmpfs", 0)
    return take


def hidepid(how, then=lambda: None):
    def take():
        own_mounts()
        mount("proc", "/proc", "proc", 0, f"hidepid={how}")
        then()
    return take


def read_only(path):
    def take():
        own_mounts()
        mount(path, path, None, BIND | REC)
        mount("none", path, None, BIND | REMOUNT | RDONLY)
    return take


def not_to_be_run(program):
    def take():
        own_mounts()
        mount("/dev/null", os.path.realpath(program), None, BIND)
    return take


def limit(which, value):
    return lambda: resource.setrlimit(which, (value, value))


def namespace(flags):
    def take():
        check(LIBC.unshare(flags), "unshare")
    return take


def own_user(mapped):
    def take():
        check(LIBC.unshare(NEWUSER), "unshare")
        if mapped:
            for name, text in (("setgroups", "deny"), ("uid_map", "0 0 1"), ("gid_map", "0 0 1")):
                with open(f"/proc/self/{name}", "w") as file:
                    file.write(text)
    return take


def filtered(number, error=1, argument=None):
    """A filter of system calls (seccomp(2)): this one fails; with an argument, only where that is its first."""
    def take():
        load, equal, back = 0x20, 0x15, 0x06
        fail, allow = 0x00050000 | error, 0x7FFF0000
        code = [(load, 0, 0, 0)]
        if argument is None:
            code += [(equal, 0, 1, number), (back, 0, 0, fail), (back, 0, 0, allow)]
        else:
            code += [(equal, 0, 3, number), (load, 0, 0, 16), (equal, 0, 1, argument), (back, 0, 0, fail), (back, 0, 0, allow)]
        filters = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in code))
        program = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(code), ctypes.addressof(filters)))
        check(LIBC.prctl(38, 1, 0, 0, 0), "no_new_privs")
        check(LIBC.prctl(22, 2, ctypes.byref(program), 0, 0), "seccomp")
    return take


def both(*takes):
    def take():
        for it in takes:
            it()
    return take


def group(name):
    with open("/etc/group") as file:
        return [int(line.split(":")[2]) for line in file if line.startswith(f"{name}:")]


def takings():
    """Each by its name: what takes it away in the child, the variables that differ, and what runs the program, if anything."""
    yield "root", user(65534), {}
    for name in ("docker", "systemd-journal", "adm"):
        if os.path.exists("/etc/group") and group(name):
            yield f"root but the group {name}", user(65534, group(name)), {}
    for name in CAPABILITIES:
        yield f"CAP_{name.upper()}", without(name), {}
    yield "all capabilities", without_any, {}
    yield "new privileges", lambda: check(LIBC.prctl(38, 1, 0, 0, 0), "no_new_privs"), {}
    for how in (1, 2):
        yield f"others' /proc (hidepid={how}), by nobody", hidepid(how, user(65534)), {}
        yield f"others' /proc (hidepid={how}), without CAP_SYS_PTRACE", hidepid(how, without("sys_ptrace")), {}
    for path in ("/proc", "/proc/net", "/proc/sys", "/sys", "/run", "/tmp", "/dev"):
        if os.path.isdir(path):
            yield f"{path}", hidden(os.path.realpath(path)), {}
    for path in ("/", "/tmp", "/etc"):
        yield f"writing to {path}", read_only(path), {}
    for program in PROGRAMS:
        if shutil.which(program):
            yield f"{program} on PATH", lambda: None, {"PATH": path_without(program)}
            yield f"permission to run {program}", not_to_be_run(shutil.which(program)), {}
    yield "everything on PATH", lambda: None, {"PATH": "/nowhere"}
    yield "PATH", lambda: None, {"PATH": None}
    yield "HOME", lambda: None, {"HOME": None}
    for name, flags in (("host name", NEWUTS), ("IPC", NEWIPC), ("control groups", NEWCGROUP), ("mounts", NEWNS)):
        yield f"the namespace of {name}", namespace(flags), {}
    if shutil.which("unshare"):
        yield "the namespace of processes", lambda: None, {}, ["unshare", "-pf"]
    if os.path.isdir("/run/systemd/system"):
        for setting in PROPERTIES:
            words = [word for it in setting.split(" -p ") for word in ("-p", it)]
            yield f"what a unit's {setting} does", lambda: None, {}, ["systemd-run", "-q", "-G", "--pipe", "--wait", *words]
    yield "the namespace of users, as root there", own_user(True), {}
    yield "the namespace of users, as nobody there", own_user(False), {}
    for name, number in {**CALLS, **ESSENTIAL}.items():
        yield f"the system call {name}", filtered(number), {}
    for name, family in (("netlink", 16), ("unix", 1), ("packet", 17), ("IPv6", 10)):
        yield f"sockets of {name}", filtered(CALLS["socket"], 97, family), {}
    yield "memory beyond 64 MiB", limit(resource.RLIMIT_AS, 64 << 20), {}
    yield "memory beyond 128 MiB", limit(resource.RLIMIT_AS, 128 << 20), {}
    for handles in (8, 12, 16, 20, 24, 32, 48, 64):
        yield f"handles beyond {handles}", limit(resource.RLIMIT_NOFILE, handles), {}
    for processes in (1, 2, 4, 8):
        yield f"processes beyond {processes}, by nobody", both(limit(resource.RLIMIT_NPROC, processes), user(65533)), {}
    yield "files beyond 0 bytes", limit(resource.RLIMIT_FSIZE, 0), {}
    yield "a stack beyond 256 KiB", limit(resource.RLIMIT_STACK, 256 << 10), {}
    yield "signals that wait", limit(resource.RLIMIT_SIGPENDING, 0), {}


def path_without(program):
    folder = tempfile.mkdtemp(dir="/dev/shm" if os.path.isdir("/dev/shm") else None)
    os.chmod(folder, 0o755)
    FOLDERS.append(folder)
    for place in os.environ["PATH"].split(":"):
        for name in os.listdir(place) if os.path.isdir(place) else ():
            if name != program and not os.path.lexists(f"{folder}/{name}"):
                os.symlink(f"{place}/{name}", f"{folder}/{name}")
    return folder


FOLDERS = []


def run(take, variables, prefix=()):
    known = {**os.environ, **variables}
    command = [*prefix, BINARY, "all", "--as", SEAT, "--format", "json"]
    return subprocess.run(command, env={name: value for name, value in known.items() if value is not None}, capture_output=True,
                          text=True, errors="replace", stdin=subprocess.DEVNULL, preexec_fn=take, timeout=25)


def said(text):
    return {(it["id"], it["seat"]): (it["status"], it.get("diagnosis", {}).get("code", ""), it.get("reason", ""))
            for it in json.loads(text)["checks"]}


def wrong(name, base, now):
    """What may not be, of all that is said with less."""
    for key, (status, code, reason) in now.items():
        # A filter is handed on: what the worker's own Python meets there is what its worker would meet.
        if key[0] == "worker-libraries" and name.startswith(("the system call", "sockets of")):
            continue
        before = base.get(key, set())
        states = {it[0] for it in before}
        if status in ("failed", "warning", "note") and status not in states:
            yield "false alarm", f"{key[0]}: {code}, which was {', '.join(sorted(states)) or 'not there'}"
        elif status == "failed" and code not in {it[1] for it in before}:
            yield "another cause", f"{key[0]}: {code}, which was {', '.join(sorted(it[1] for it in before))}"
        elif status == "ok" and before and "ok" not in states and states & {"failed", "warning"}:
            yield "false OK", f"{key[0]}, which was {', '.join(sorted(it[1] for it in before))}"
        elif status == "not-applicable" and before and "not-applicable" not in states and states & {"failed", "warning", "ok"}:
            yield "not applicable", f"{key[0]}: {reason}, which was {', '.join(sorted(states))}"
        elif status == "not-seen" and not reason.strip():
            yield "no reason", key[0]


base = collections.defaultdict(set)
for _ in range(3):
    for key, value in said(run(None, {}).stdout).items():
        base[key].add(value)
counts, unseen, cannot, refused = collections.Counter(), collections.Counter(), [], []
reasons = collections.defaultdict(set)
total = 0
for name, *how in takings():
    try:
        done = run(*how)
    except subprocess.SubprocessError as why:
        if isinstance(why, subprocess.TimeoutExpired):
            counts["no end"] += 1
            print(f"WRONG without {name}: it did not end")
        else:
            cannot.append(name)
        continue
    total += 1
    problems = []
    if "bug in clipcheck" in done.stderr or "panicked" in done.stderr or done.returncode not in (0, 1, 2, 3, 127):
        problems.append(("crash", f"exit {done.returncode}: {done.stderr.strip()[:300]}"))
    elif done.returncode in (2, 127):
        # It could not be done at all, and says so. (127: the loader itself.)
        refused.append(f"{name}: {done.stderr.strip()[:120]}")
        if not done.stderr.strip() or done.stdout.strip():
            problems.append(("no reason", f"exit {done.returncode} without a word, or with half a report"))
    else:
        try:
            now = said(done.stdout)
        except ValueError:
            problems.append(("crash", f"exit {done.returncode}, and no report: {done.stdout[:100]!r} {done.stderr[:200]!r}"))
        else:
            problems.extend(wrong(name, base, now))
            for key, (status, _, reason) in now.items():
                if status == "not-seen" and "not-seen" not in {it[0] for it in base.get(key, ())}:
                    unseen[name] += 1
                    reasons[reason].add(name)
    for kind, what in problems:
        counts[kind] += 1
        print(f"{'told' if kind == 'not applicable' else 'WRONG'} without {name}: {kind}: {what}")
for folder in FOLDERS:
    shutil.rmtree(folder, ignore_errors=True)
if os.environ.get("REASONS"):
    for reason, names in sorted(reasons.items()):
        print(f"  {reason}   [{', '.join(sorted(names))[:160]}]")
    for it in refused:
        print(f"  refused: {it}")
    print(f"  cannot be taken away here: {', '.join(cannot)}")
kinds = ("crash", "no end", "false OK", "false alarm", "another cause", "not applicable", "no reason")
print(f"{SEAT}: {total} rights taken away, {sum(unseen.values())} checks unseen for {len(reasons)} reasons, {len(refused)} runs refused;",
      ", ".join(f"{counts[kind]} {kind}" for kind in kinds))
# What is called not applicable, and is only not seen, is told and fails nothing: it is neither good nor bad.
sys.exit(1 if any(counts[kind] for kind in kinds if kind != "not applicable") else 0)
