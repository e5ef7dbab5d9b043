"""seed.py HOST UPPER - the upper layer of a host before its very first boot.

A host shows the machine's programs, but nothing of what the machine's owner has set up, written or left running:
those folders are made opaque (the overlay shows nothing of the layer below) or files are whited out.
"""

import os
import shutil
import stat
import sys
import uuid

host, upper = sys.argv[1], sys.argv[2]

# What a distribution's root holds. Any other file or folder there is the machine owner's.
STANDARD = set(
    "bin boot dev etc home lib lib32 lib64 libx32 media mnt opt proc root run sbin srv sys tmp usr var lost+found".split()
)

# Units that want hardware, a console or the machine's network set-up, or would change the machine's own kernel.
MASKED = """
systemd-udevd.service systemd-udev-trigger.service systemd-udevd-kernel.socket systemd-udevd-control.socket
systemd-modules-load.service systemd-sysctl.service systemd-binfmt.service systemd-remount-fs.service
systemd-logind.service systemd-timesyncd.service systemd-pstore.service systemd-random-seed.service
systemd-hwdb-update.service systemd-firstboot.service systemd-networkd.service systemd-networkd.socket
systemd-networkd-wait-online.service systemd-resolved.service NetworkManager.service kmod-static-nodes.service
sys-kernel-debug.mount sys-kernel-tracing.mount sys-kernel-config.mount sys-fs-fuse-connections.mount
dev-hugepages.mount dev-mqueue.mount proc-sys-fs-binfmt_misc.automount
getty.target console-getty.service systemd-ask-password-console.path systemd-ask-password-wall.path
apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer fstrim.timer systemd-tmpfiles-clean.timer
snapd.service snapd.socket multipathd.service multipathd.socket iscsid.socket apparmor.service
""".split()
DATABASES = ["redis-server.service", "redis.service", "postgresql.service", "postgresql@.service"]
DOCKER = ["docker.service", "docker.socket", "containerd.service"]


def made(path):
    """The folder in the upper layer, with its parents, each with the mode and owner it has on the machine."""
    inside = os.path.join(upper, path.lstrip("/"))
    if not os.path.isdir(inside):
        made_parent(path)
        os.mkdir(inside, 0o755)
        if os.path.isdir(path):
            like(path, inside)
    return inside


def made_parent(path):
    parent = os.path.dirname(path)
    if parent != "/":
        made(parent)


def like(path, inside):
    info = os.stat(path)
    os.chown(inside, info.st_uid, info.st_gid)
    os.chmod(inside, stat.S_IMODE(info.st_mode))


def empty(path, keep_folders=False):
    """An empty folder instead of the machine's; if wanted with the machine's folders, themselves empty."""
    inside = made(path)
    os.setxattr(inside, "trusted.overlay.opaque", b"y")
    if keep_folders and os.path.isdir(path):
        for entry in os.scandir(path):
            if entry.is_dir(follow_symlinks=False):
                made(entry.path)
    return inside


def hide(path):
    if os.path.lexists(path):
        made_parent(path)
        os.mknod(os.path.join(upper, path.lstrip("/")), stat.S_IFCHR, os.makedev(0, 0))


def write(path, text, mode=0o644):
    made_parent(path)
    inside = os.path.join(upper, path.lstrip("/"))
    with open(inside, "w") as file:
        file.write(text)
    os.chmod(inside, mode)


def copy(source, path):
    if os.path.isdir(source):
        shutil.copytree(source, made(path), symlinks=True, dirs_exist_ok=True)
    elif os.path.exists(source):
        made_parent(path)
        inside = os.path.join(upper, path.lstrip("/"))
        shutil.copyfile(source, inside)
        like(source, inside)


os.chmod(upper, 0o755)
for entry in os.scandir("/"):
    if entry.name not in STANDARD and not entry.is_symlink():
        hide(entry.path)
for folder in ["/root", "/home", "/opt", "/srv", "/mnt", "/media", "/var/tmp", "/var/spool/cron"]:
    empty(folder)
for folder in ["/usr/local", "/var/log"]:
    empty(folder, keep_folders=True)
for folder in ["/usr/local/bin", "/usr/local/sbin"]:
    made(folder)

# Which units start is said by the lab alone, not by what is enabled on the machine.
system = empty("/etc/systemd/system")
for level in "0123456S":
    empty(f"/etc/rc{level}.d")
os.symlink("/lib/systemd/system/multi-user.target", os.path.join(system, "default.target"))
masked = list(MASKED)
if host != "server":
    masked += DATABASES
if host != "client":
    masked += DOCKER
for unit in masked:
    os.symlink("/dev/null", os.path.join(system, unit))
hide("/usr/sbin/policy-rc.d")
if os.path.isdir("/etc/cloud"):
    write("/etc/cloud/cloud-init.disabled", "")

write("/etc/hostname", host + "\n")
write("/etc/hosts", f"127.0.0.1 localhost\n127.0.1.1 {host}\n::1 localhost ip6-localhost ip6-loopback\n")
write("/etc/resolv.conf", "nameserver 198.51.100.254\n")
write("/etc/fstab", "")
write("/etc/machine-id", uuid.uuid4().hex + "\n", 0o444)

# Each service's state as its package brings it.
for folder in ["/var/lib/redis", "/var/lib/postgresql"]:
    empty(folder)
for folder in ["/etc/redis", "/etc/postgresql"]:
    if host == "server":
        empty(folder)
    else:
        hide(folder)
empty("/etc/ufw")
copy("/usr/share/ufw/iptables", "/etc/ufw")
for name in ["before.init", "after.init", "ufw.conf"]:
    copy("/usr/share/ufw/" + name, "/etc/ufw/" + name)
for name in ["sysctl.conf", "applications.d"]:
    copy("/etc/ufw/" + name, "/etc/ufw/" + name)
for name in ["user.rules", "user6.rules", "before.rules", "before6.rules", "after.rules", "after6.rules"]:
    inside = os.path.join(upper, "etc/ufw", name)
    if os.path.exists(inside):
        os.chmod(inside, 0o640)
if host == "server":
    copy("/etc/redis/redis.conf", "/etc/redis/redis.conf")
# The machine's own host keys are none of the lab's.
empty("/etc/ssh", keep_folders=True)
for name in ["ssh_config", "sshd_config", "moduli"]:
    copy("/etc/ssh/" + name, "/etc/ssh/" + name)
if host == "outside":
    hide("/etc/wireguard")
else:
    empty("/etc/wireguard")
if host == "outside":
    hide("/usr/bin/docker")
    copy(os.path.join(os.path.dirname(os.path.abspath(__file__)), "slow-line"), "/usr/local/sbin/slow-line")
for folder in ["/var/lib/docker", "/var/lib/containerd"]:
    empty(folder)
empty("/etc/docker")
