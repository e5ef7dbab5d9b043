"""roots-agree.py FOLDER ROOT... : what tests/containers printed in each root, by each user, in each state, must be what
that state is, and the same everywhere."""

import json
import sys

folder, roots = sys.argv[1], sys.argv[2:]
WANTED = {
    "well": (0, set()),
    "names": (0, set()),
    "gone": (1, {"names-resolve/no-such-name"}),
    "password": (1, {"postgres-answers/wrong-password"}),
}


def said(report):
    return {check["id"]: (check["status"], check.get("diagnosis", {}).get("code")) for check in report["checks"]}


for state, (code, causes) in WANTED.items():
    first = None
    for root in roots:
        for user in ("0", "65534"):
            name = f"{folder}/{root}-{user}-{state}.json"
            report = json.load(open(name))
            where = f"{root}, user {user}, {state}"
            assert int(open(name + ".code").read()) == code, f"{where}: exit {open(name + '.code').read()}"
            assert report["seats"][0]["role"] == "container", (where, report["seats"])
            checks = {check["id"]: check for check in report["checks"]}
            found = {check["diagnosis"]["code"] for check in report["checks"] if check["root"]}
            assert found == causes, f"{where}: {found}, wanted {causes}"
            # With all capabilities dropped not even root has a raw socket.
            ping = checks["tunnel-ping"]
            assert ping["status"] == "not-seen" and "ping_group_range" in ping["reason"], (where, ping)
            for check in report["checks"]:
                assert check["status"] != "not-seen" or check["reason"], (where, check)
            holds = ["redis-answers", "redis-port-open", "env-redis"]
            holds += ["postgres-answers", "env-database"] if not causes else []
            holds += ["names-resolve"] if state == "names" else []
            for wanted in holds:
                assert checks[wanted]["status"] == "ok", (where, checks[wanted])
            first = first or (where, said(report))
            assert said(report) == first[1], f"{where} and {first[0]} differ: " + str(
                {it: (said(report).get(it), first[1].get(it)) for it in first[1] if said(report).get(it) != first[1][it]}
            )
            if state == "well":
                table = open(name.replace(".json", ".table")).read()
                assert int(open(name.replace(".json", ".table.code")).read()) == code, where
                counts = report["counts"]
                assert f"{counts['ok']} OK" in table.splitlines()[-1], (where, table.splitlines()[-1])
                assert "\x1b" not in table, f"{where}: colours where nobody looks"
    print(f"{state}: {2 * len(roots)} of {2 * len(roots)} containers say the same: exit {code}, {', '.join(causes) or 'nothing broken'}")
