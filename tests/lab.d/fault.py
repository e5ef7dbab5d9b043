"""fault.py FILE TABLE FOLDER - writes the scripts in a fault file's table to FOLDER, one file per host."""

import os
import sys

try:
    import tomllib
except ImportError:
    import tomli as tomllib

path, table, folder = sys.argv[1:]
try:
    with open(path, "rb") as file:
        scripts = tomllib.load(file).get(table)
except tomllib.TOMLDecodeError as error:
    sys.exit(f"lab: {path}: {error}")
if not isinstance(scripts, dict):
    sys.exit(f"lab: {path} has no table [{table}]")
for host, script in scripts.items():
    if host not in ("server", "client", "outside") or not isinstance(script, str):
        sys.exit(f"lab: {path}: [{table}] {host}: want a script for server, client or outside")
    with open(os.path.join(folder, host), "w") as file:
        file.write(script)
