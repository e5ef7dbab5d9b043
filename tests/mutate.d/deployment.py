"""A lab of tests/lab: made healthy, changed, used and looked at."""

import concurrent.futures
import json
import os
import subprocess
import time

HERE = os.path.dirname(os.path.abspath(__file__))
LAB = os.path.join(os.path.dirname(HERE), "lab")
TABLES = """cd /; runuser -u postgres -- psql -q -d clippy_front <<'SQL'
set role clippy_front;
create table jobs (id serial primary key, note text);
create table users (id serial primary key, name text);
create table alembic_version (version_num varchar(32) primary key);
insert into alembic_version values ('a1b2c3');
SQL
"""
START = {"docker": "", "compose": "/root/run-stack.sh", "env-file": "/root/run-env-file.sh", "native": "/root/run-native.sh service"}
WEB = "cd /opt/clippyfront; set -a; . ./.env; set +a; export PYTHONPATH=packages; timeout 25 python3 -B - 2>&1"
NATIVE = """cd /; cat > /tmp/use.py; pid=$(pgrep -of 'celery .*worker') || { echo no worker process; exit 1; }
xargs -0 sh -c 'exec env -i "$@" PYTHONPATH=/home/winter/ClippyFront/packages timeout 25 /usr/bin/python3 -B /tmp/use.py' x < /proc/$pid/environ 2>&1"""


class NoLab(Exception):
    """There can be no lab here."""


class Lab:
    def __init__(self, name, binary):
        self.name, self.binary = name, binary
        self.state = os.path.join(os.environ.get("CLIPCHECK_LAB_DIR", "/var/tmp/clipcheck-lab"), name)
        done = self.lab("up", limit=300)
        if done.returncode == 3:
            raise NoLab(done.stderr.strip().splitlines()[-1])
        self.must(done)
        self.must(self.lab("put", binary))
        self.shape = None
        self.dirty("server", "client")

    def lab(self, *words, text=None, limit=120):
        environment = dict(os.environ, CLIPCHECK_LAB=self.name)
        return subprocess.run([LAB, *words], input=text, capture_output=True, text=True, timeout=limit, env=environment, check=False)

    @staticmethod
    def must(done):
        if done.returncode:
            raise RuntimeError(f"{' '.join(done.args[1:3])}: {(done.stderr or done.stdout).strip()[-300:]}")
        return done.stdout

    def on(self, host, script, text=None, limit=150):
        """A shell script on a host; a script that hangs has failed."""
        try:
            return self.lab("in", host, "bash", "-c", script, text=text, limit=limit)
        except subprocess.TimeoutExpired:
            return subprocess.CompletedProcess([], 124, "", "no end")

    def dirty(self, *hosts):
        for host in hosts:
            open(os.path.join(self.state, host + ".dirty"), "w").close()

    def healthy(self, shape):
        """The deployment as it should be, with the worker in one of its shapes."""
        for last in (False, True):
            self.dirty("server", "client")
            done = self.lab("mend", limit=180)
            if done.returncode == 0:
                self.shape = shape
                self.must(self.on("server", TABLES + ("/root/run-web.sh > /dev/null 2>&1" if shape == "native" else "")))
                if START[shape]:
                    self.must(self.on("client", START[shape] + " > /dev/null 2>&1"))
                why = self.why_broken()
                if not why:
                    return
            if last:
                raise RuntimeError(f"the lab is not healthy: {done.stderr[-200:] if done.returncode else why}")

    def change(self, change):
        done = self.on(change.host, f"cd /root\n{change.script}")
        if done.returncode:
            raise RuntimeError(f"{change.story}: {(done.stderr or done.stdout).strip()[-200:]}")
        if self.shape != "native" and change.host == "client":
            self.on("client", "timeout 20 docker cp /usr/local/bin/clipcheck clippy-gpu-worker:/usr/local/bin/clipcheck")

    def used(self):
        """Why the deployment cannot be used, by the web app or by the worker; nothing if it can."""
        with open(os.path.join(HERE, "use_web.py")) as file:
            web = self.on("server", WEB, file.read())
        with open(os.path.join(HERE, "use_worker.py")) as file:
            asked = NATIVE if self.shape == "native" else "timeout 25 docker exec -i clippy-gpu-worker python3 -B - 2>&1"
            worker = self.on("client", asked, file.read())
        last = [f"{who}: {(done.stdout.strip().splitlines() or ['no answer'])[-1][:200]}"
                for who, done in (("web", web), ("worker", worker)) if done.returncode]
        return "; ".join(last)

    def why_broken(self):
        """As `used`, for a user who waits a little and then starts the worker again: Celery does not always find back."""
        for wait in (0, 2):
            time.sleep(wait)
            if not (why := self.used()):
                return ""
        again = "systemctl is-active -q clippy-worker && systemctl restart clippy-worker" if self.shape == "native" else \
            "[ \"$(timeout 9 docker inspect -f '{{.State.Status}}' clippy-gpu-worker)\" = running ] && timeout 20 docker restart -t 0 clippy-gpu-worker"
        if self.on("client", again).returncode == 0:
            time.sleep(4)
            if not (why := self.used()):
                return ""
        return why

    def next_boot(self, host):
        self.must(self.lab("reboot", host, limit=150))
        # The lab's web app is started by hand, and its rule is there already.
        if self.shape == "native" and host == "server":
            self.on("server", "/root/run-web.sh > /dev/null 2>&1")
        end = time.monotonic() + 30
        while (why := self.why_broken()) and time.monotonic() < end:
            time.sleep(2)
        return why

    def exposed(self):
        """Ports of the services that answer outside the tunnel."""
        script = "for p in 6379 5432 5000; do timeout 1 bash -c \"</dev/tcp/198.51.100.1/$p\" 2>/dev/null && echo $p; done"
        return self.on("outside", script).stdout.split()

    def look(self, folder):
        """The snapshots of each seat where one can be had, and what all of them together say."""
        os.makedirs(folder, exist_ok=True)
        seats = ["server", "client"] + ["container"] * (self.shape != "native")

        def one(seat):
            for _ in range(4):
                done = self.lab("in", seat, "/usr/local/bin/clipcheck", "snapshot")
                if done.returncode == 0:
                    with open(os.path.join(folder, seat + ".json"), "w") as file:
                        file.write(done.stdout)
                    return
                time.sleep(1)

        with concurrent.futures.ThreadPoolExecutor() as pool:
            list(pool.map(one, seats))
        # No snapshot of a stopped container can be had: that is what a user has, too.
        had = [os.path.join(folder, seat + ".json") for seat in seats if os.path.exists(os.path.join(folder, seat + ".json"))]
        done = subprocess.run([self.binary, "judge", *had, "--format", "json"], capture_output=True, text=True, timeout=60, check=False)
        if not done.stdout:
            raise RuntimeError(f"judge: {done.stderr}")
        for kind in ("table", "json"):
            with open(os.path.join(folder, "report." + kind), "w") as file:
                made = done if kind == "json" else subprocess.run([self.binary, "judge", *had], capture_output=True, text=True, timeout=60, check=False)
                file.write(made.stdout)
        return json.loads(done.stdout)
