"""fault.py FIXTURES STATE FOLDER - writes the scripts that make a state to FOLDER, one file per host. STATE is NAME, NAME.near,
healthy/NAME, split/NAME or split/NAME.near; tests/recorded/written.rs reads the same for the tests."""

import glob
import os
import sys

try:
    import tomllib
except ImportError:
    import tomli as tomllib


def read(fixtures, folder, name):
    """The table of a fault or a healthy variant, and the file in which it stands."""
    for path in sorted(glob.glob(os.path.join(fixtures, folder, "*.toml"))):
        with open(path, "rb") as file:
            text = file.read()
        if f"[{name}]".encode() not in text:
            continue
        try:
            states = tomllib.loads(text.decode())
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            sys.exit(f"lab: {path}: {error}")
        if isinstance(states.get(name), dict):
            return path, states[name]
    sys.exit(f"lab: no fault '{name}' (looked for [{name}] in {os.path.join(fixtures, folder)}/*.toml)")


def main():
    fixtures, state, folder = sys.argv[1:]
    if state.startswith("healthy/"):
        which, name, table = "healthy", state.removeprefix("healthy/"), "make"
    else:
        which = "split" if state.startswith("split/") else "faults"
        state = state.removeprefix("split/")
        name, table = state.removesuffix(".near"), "near" if state.endswith(".near") else "break"
    path, fault = read(fixtures, which, name)
    tables = [fault.get("both", {}), fault.get(table, {})]
    if not all(isinstance(it, dict) for it in tables) or not any(tables):
        sys.exit(f"lab: {path} has no table [{name}.{table}]")
    scripts = {host: script for it in tables for host, script in it.items()}
    hosts = ["server", "client", "outside"] + (["redis", "postgres"] if which == "split" else [])
    for host, script in scripts.items():
        if host not in hosts or not isinstance(script, str):
            sys.exit(f"lab: {path}: [{name}.{table}] {host}: want a script for {', '.join(hosts)}")
        with open(os.path.join(folder, host), "w") as file:
            file.write(script)


if __name__ == "__main__":
    main()
