"""speed.py ROUNDS WHAT : times commands in turns, so that a busy moment is everybody's, and prints JSON.

WHAT is JSON: {"NAME": ["command", ...], ...}. The rounds' milliseconds are printed for each; and for commands whose name begins
with `clipcheck`, the most memory that the process itself had, in KiB (VmHWM, proc_pid_status(5)), of three further rounds. A
command that fails is an error: it would be fast.
"""

import json
import os
import re
import subprocess
import sys
import time

WARM = 2
QUIET = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


def timed(name, words):
    said = os.memfd_create("said")
    begun = time.monotonic()
    code = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=said, stderr=said).returncode
    took = (time.monotonic() - begun) * 1000
    text = os.pread(said, 1 << 20, 0).decode(errors="replace")
    os.close(said)
    if code != 0:
        sys.exit(f"{name}: exit status {code}\n{text}")
    return took


def peak(words):
    process = subprocess.Popen(words, **QUIET)
    most = 0
    while process.poll() is None:
        try:
            with open(f"/proc/{process.pid}/status") as status:
                found = re.search(r"VmHWM:\s+(\d+) kB", status.read())
        except OSError:
            break
        most = max(most, int(found[1]) if found else 0)
        time.sleep(0.001)
    process.wait()
    return most


rounds, commands = int(sys.argv[1]), json.loads(sys.argv[2])
times = {name: [] for name in commands}
for turn in range(WARM + rounds):
    for name, words in commands.items():
        took = timed(name, words)
        if turn >= WARM:
            times[name].append(took)
ours = [name for name in commands if name.startswith("clipcheck")]
memory = {name: max(peak(commands[name]) for _ in range(3)) for name in ours}
json.dump({"times": times, "memory": memory}, sys.stdout)
print()
