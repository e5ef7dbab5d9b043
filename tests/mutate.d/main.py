"""The bench of tests/mutate, which says how it is used."""

import argparse
import concurrent.futures
import json
import os
import queue
import random
import secrets
import subprocess
import sys
import tempfile
import time
import traceback

import deployment
import grammar
import score

SETTLED = 33    # seconds
REKEYED = 190


def typed():
    parser = argparse.ArgumentParser(prog="mutate", add_help=False)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--count", type=int, default=8)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--only")
    parser.add_argument("--out")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--table", nargs="+")
    asked = parser.parse_args()
    if asked.count < 1 or asked.jobs < 1:
        parser.error("--count and --jobs want a number from 1 on")
    return asked


class Files:
    """The files of a healthy host, read once for each shape."""

    def __init__(self, lab):
        self.lab, self.texts, self.version = lab, {}, None

    def real(self, path):
        return path.replace("@PG@", self.version)

    def __call__(self, host, path):
        if self.version is None:
            self.version = self.lab.must(self.lab.on("server", "basename /etc/postgresql/*")).strip()
        if (host, path) not in self.texts:
            done = self.lab.on(host, f"cat {self.real(path)}")
            self.texts[host, path] = done.stdout if done.returncode == 0 else None
        return self.texts[host, path]


def tried(lab, seed, number, out, listing):
    """One change, from its draw to its mark. The same seed and number draw the same change."""
    chance = random.Random(f"{seed}/{number}")
    shape = grammar.shape(chance)
    lab.healthy(shape)
    change = grammar.draw(chance, shape, Files(lab))
    result = {"seed": seed, "number": number, "shape": shape, "kind": change.kind, "host": change.host, "story": change.story}
    if listing:
        return result
    changed = time.monotonic()
    lab.change(change)
    broken = lab.why_broken()
    # What was started less than half a minute ago is rightly called too young to judge.
    if broken:
        time.sleep(max(0, changed + SETTLED - time.monotonic()))
    report = lab.look(os.path.join(out, f"{seed}-{number}"))
    # A tunnel without its key goes on until the next handshake is due, two minutes after the last.
    if not broken and any(check["root"] for check in report["checks"]):
        time.sleep(max(0, changed + REKEYED - time.monotonic()))
    broken = broken or lab.used()
    exposed = lab.exposed()
    later = "" if broken else lab.next_boot(change.host)
    mark, roots, warnings = score.score(change, report, broken, later, exposed)
    return result | {"broken": broken, "later": later, "exposed": exposed, "mark": mark, "roots": roots, "warnings": warnings}


def binary():
    if named := os.environ.get("CLIPCHECK_BIN"):
        return named
    done = subprocess.run([os.path.join(os.path.dirname(deployment.LAB), "lab.d/build-static")], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"mutate: no static binary: {done.stderr[-300:]}")
    return done.stdout.strip()


def show(it):
    print(f"{it['seed']}/{it['number']} {it['shape']:8} {it['host']}: {it['story'][:220]}")
    if "mark" in it:
        state = f"broken: {it['broken']}" if it["broken"] else f"at the next boot: {it['later']}" if it["later"] else "works"
        print(f"    {state}\n    {it['mark'].upper()}  roots: {', '.join(it['roots']) or '-'}  warnings: {', '.join(it['warnings']) or '-'}", flush=True)


def main():
    asked = typed()
    if asked.table:
        kept = [json.loads(line) for path in asked.table for line in open(path)]
        print(score.table(kept))
        return 0
    seed = asked.seed if asked.seed is not None else secrets.randbelow(10**9)
    numbers = [int(it) for it in asked.only.split(",")] if asked.only else range(asked.count)
    out = asked.out or tempfile.mkdtemp(prefix="clipcheck-mutate-")
    os.makedirs(out, exist_ok=True)
    print(f"seed {seed}, {len(numbers)} changes; reports in {out}", flush=True)
    program = binary()
    left = queue.SimpleQueue()
    for number in numbers:
        left.put(number)
    results, lost = [], []

    def bench(name):
        lab = deployment.Lab(name, program)
        try:
            while True:
                number = left.get_nowait()
                try:
                    result = tried(lab, seed, number, out, asked.list)
                except (RuntimeError, subprocess.TimeoutExpired) as error:
                    lost.append(number)
                    print(f"{seed}/{number} not tried: {error}", flush=True)
                    continue
                results.append(result)
                show(result)
                with open(os.path.join(out, "results.jsonl"), "a") as file:
                    file.write(json.dumps(result) + "\n")
        except queue.Empty:
            pass
        finally:
            lab.lab("down")

    with concurrent.futures.ThreadPoolExecutor() as pool:
        benches = [pool.submit(bench, f"mu{job}") for job in range(asked.jobs)]
        try:
            for it in benches:
                it.result()
        except deployment.NoLab as why:
            print(f"mutate: skipped: {why}", file=sys.stderr)
            return 3
    if asked.list:
        return 0
    print("\n" + score.table(results))
    if lost:
        print(f"not tried: {', '.join(map(str, lost))}")
    return 1 if lost or any(it["mark"] in ("alarm", "missed", "next missed") for it in results) else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Exception:  # noqa: BLE001 - one place that says what the bench itself stumbled over
        traceback.print_exc()
        sys.exit(2)
