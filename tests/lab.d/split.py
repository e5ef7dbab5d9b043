"""split.py STATE REPORT - compares the root causes and warnings of a report with what fixtures/split/faults.toml says of a state."""

import json
import os
import sys

import fault as faults

state, path = sys.argv[1:]
wanted = []
if state != "healthy" and not state.endswith(".near"):
    table = faults.read(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../fixtures"), "split", state)[1]
    wanted = [table["root"], *table.get("more", [])]
with open(path) as text:
    checks = json.load(text)["checks"]
told = [f"{it['seat']} {it['diagnosis']['code']}" for it in checks if it.get("root") or it["status"] == "warning"]
print(f"    {sum(it['status'] == 'ok' for it in checks)} OK, not seen:", *(f"{it['id']} ({it['seat']})" for it in checks if it["status"] == "not-seen"))
for code in sorted(set(told) ^ set(wanted)):
    print(f"    {code} is {'missed' if code in wanted else 'said and not true'}")
sys.exit(set(told) != set(wanted))
