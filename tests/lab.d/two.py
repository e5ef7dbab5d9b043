"""two.py FOLDER NAME FAULT ILL [NOTE] - compares what clipcheck says (FOLDER/report of all seats together, FOLDER/alone of the
server alone) with what is so: FAULT (or -) is on the client with the address ILL, and the other one is well; NOTE must be made
of the second client."""

import json
import os
import sys

import fault as faults

folder, name, fault, ill, *note = sys.argv[1:]
here = os.path.dirname(os.path.abspath(__file__))


def checks(file):
    with open(os.path.join(folder, file)) as text:
        return json.load(text)["checks"]


def of(check):
    """The clients that a check is about; none where it is about all."""
    words = check["seat"].split()[1:]
    return set(check.get("clients") or words[:1])


def told(all_checks):
    return [
        f"{it['seat']} {it['diagnosis']['code']} {sorted(of(it))}"
        for it in all_checks
        if it["status"] in ("failed", "warning") and (it["status"] == "warning" or it["root"])
    ]


wrong = []
together, alone = checks("report"), checks("alone")
wanted = []
if fault != "-":
    wanted = faults.read(os.path.join(here, "../../fixtures"), "faults", fault)[1]["expect"]["joined"]
roots = [(it["seat"].split()[0], it["diagnosis"]["code"], of(it)) for it in together if it.get("root")]
for code in wanted:
    if not any([seat, cause] == code.split() and about == {ill} for seat, cause, about in roots):
        wrong.append(f"not named of {ill}: {code}")
if len(roots) != len(wanted):
    wrong.append(f"{len(roots)} root causes instead of {len(wanted)}")
wrong += [f"a warning: {it['diagnosis']['code']}" for it in together if it["status"] == "warning"]
for other in {"10.8.0.2", "10.8.0.3"} - {ill} if not note else {"10.8.0.2"}:
    bad = [it["id"] for it in together if of(it) == {other} and it["status"] == "failed"]
    good = [it["id"] for it in together if (it["seat"].endswith(other) or it["seat"].split()[1:2] == [other]) and it["status"] == "ok"]
    if bad or len(good) < 20:
        wrong.append(f"{other} is well, and has {len(good)} OK and failed {bad}")
# The server alone may not see it, and blames nobody else; where it cannot know which client it is, the true cause is among those
# that look the same.
for it in alone:
    if it["status"] not in ("failed", "warning") or of(it) == {ill}:
        continue
    if of(it) or not any(code.split()[1] in json.dumps(it) for code in wanted):
        wrong.append(f"the server alone: {it['seat']} {it['id']} {sorted(of(it))}")
for code in note:
    made = [of(it) for it in together + alone if it["status"] == "note" and it["diagnosis"]["code"] == code]
    if made != [{"10.8.0.3"}] * 2:
        wrong.append(f"{code} is noted of {made}")
for line in told(together) + wrong:
    print(f"    {line}")
sys.exit(1 if wrong else 0)
