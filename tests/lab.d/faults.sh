# shellcheck shell=bash
# Faults: the scripts of [NAME] in fixtures/faults/*.toml and fixtures/healthy/*.toml, run on the hosts.

break_lab() {
  local name=${1%@client2} scripts h
  scripts=$STATE/scripts
  rm -rf "$scripts"
  mkdir "$scripts"
  /usr/bin/python3 "$LAB_D/fault.py" "$FIXTURES" "$name" "$scripts" || exit 2
  if [ "$name" != "$1" ]; then
    # The others have their part of it already.
    [ -e "$scripts/client" ] || fail "$name changes nothing on the client" 2
    mv "$scripts/client" "$scripts/client2"
    rm -f "$scripts/server" "$scripts/outside"
  fi
  for h in "${HOSTS[@]}"; do
    [ -e "$scripts/$h" ] || continue
    : > "$STATE/$h.dirty"
    # One wrong line must not hold a whole test run up for ever. A unit that does not end by itself is ended after 90 s
    # (systemd's TimeoutStopSec), and a script may stop two.
    run_in "$h" timeout 240 bash -euo pipefail -s < "$scripts/$h" >&2 || fail "$name: its script failed on $h"
    # It may have made the container again, and with that lost the binary.
    if [ "$h" = client ]; then note_worker; put_binary container; fi
  done
}
