"""How well a report names a change."""

import re

EXPOSURE = ("redis-not-exposed", "postgres-not-exposed", "api-not-exposed")
ORDER = ["exact", "place", "candidate", "symptom", "missed"]


def has(text, word):
    start = r"(?<![\w])" if word[:1].isalnum() else ""
    return re.search(start + re.escape(word), text, re.I) is not None


def words(diagnosis):
    place = diagnosis.get("place") or {}
    fix = diagnosis.get("fix") or {}
    parts = [diagnosis["code"], diagnosis["says"], f"{place.get('file', '')}:{place.get('line', '')}", fix.get("say", ""), *fix.get("run", [])]
    return "\n".join(part for part in parts if part)


def met(change, text):
    if all(any(has(text, word) for word in each) for each in change.exact):
        return "exact"
    return "place" if any(has(text, word) for word in change.place) else "symptom"


def best(change, found):
    """The best of some answers, or missed."""
    marks = []
    for check in found:
        marks.append(met(change, words(check["diagnosis"])))
        for other in check.get("alternatives") or check["diagnosis"].get("alternatives") or []:
            if met(change, words(other) if "says" in other else str(other)) == "exact":
                marks.append("candidate")
    return min(marks, key=ORDER.index, default="missed")


def score(change, report, broken, later, exposed):
    """The mark, with the roots and the warnings."""
    failed = [check for check in report["checks"] if check["status"] == "failed" and check["root"]]
    warned = [check for check in report["checks"] if check["status"] == "warning"]
    named = [f"{check['seat']} {check['diagnosis']['code']}" for check in failed]
    warnings = [f"{check['seat']} {check['diagnosis']['code']}" for check in warned]
    # What is open to the world is a true alarm, whether or not the deployment works.
    false = [check for check in failed if not (check["id"] in EXPOSURE and exposed)]
    if broken:
        mark = best(change, failed)
    elif later:
        mark = "next " + best(change, failed + warned)
    else:
        mark = "alarm" if false else "warned" if warned else "quiet"
    return mark, named, warnings


def table(results):
    """The figures as Markdown."""
    def row(name, chosen, marks):
        counts = [sum(1 for it in chosen if it["mark"] == mark) for mark in marks]
        return f"| {name} | {len(chosen)} | " + " | ".join(str(it) for it in counts) + " |"
    broke = [it for it in results if it["broken"]]
    later = [it for it in results if not it["broken"] and it["later"]]
    fine = [it for it in results if not it["broken"] and not it["later"]]
    lines = ["| broken now | changes | " + " | ".join(ORDER) + " |", "|---|" + "---|" * (len(ORDER) + 1)]
    for kind in sorted({it["kind"] for it in broke}):
        lines.append(row(kind, [it for it in broke if it["kind"] == kind], ORDER))
    lines += [row("**all**", broke, ORDER), ""]
    lines += ["| broken by the next boot | changes | " + " | ".join(ORDER) + " |", "|---|" + "---|" * (len(ORDER) + 1),
              row("**all**", later, ["next " + it for it in ORDER]), ""]
    lines += ["| nothing broken | changes | quiet | warned | alarm |", "|---|---|---|---|---|", row("**all**", fine, ["quiet", "warned", "alarm"])]
    return "\n".join(lines)
