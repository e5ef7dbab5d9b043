# shellcheck shell=bash disable=SC2016
# Baking: each host is configured once, on its own running systemd, then shut down in order and its upper layer packed.
# `up` and `mend` boot from that, so every one of their boots is a plain boot with everything enabled.

# Changes whenever the configuration or the programs configured do.
bake_key() {
  {
    cat "$LAB_D"/{bake.sh,host.sh,keeper,fresh-root,fresh-net,host-init,seed.py,slow-line,tunnels-setup,server-setup,client-setup,orchard-setup,image,requirements.txt}
    find "$LAB_D/app" "$LAB_D/orchard" -type f -not -name "*.pyc" -print0 | sort -z | xargs -0 cat
    # shellcheck disable=SC2016
    dpkg-query -W -f '${Package} ${Version}\n' systemd 'redis*' 'postgresql*' ufw iptables nftables 'docker*' 'containerd*' \
      'wireguard*' 'python3*' 'libpython3*' libpq5 libssl3 2> /dev/null
  } | sha256sum | cut -c1-16
}

# Sets BAKED to the folder of the baked layers, making them if they are not there.
bake() {
  BAKED=$BASE/baked/$(bake_key)
  mkdir -p "$BASE/baked"
  chmod 700 "$BASE/baked"                       # the layers hold keys and passwords
  # All labs share what is baked, so only one bakes, and the others wait for it.
  exec 8> "$BASE/baked/lock"
  flock -w 180 8 || fail "another lab has been baking for three minutes"
  if [ ! -e "$BAKED/done" ]; then
    say "lab: configuring the hosts (once)"
    bake_layers &                               # not "( ... ) || fail": that would switch set -e off inside
    wait $! || fail "the hosts could not be configured"
  fi
  touch "$BAKED/done"
  exec 8>&-
}

bake_layers() {
  set_paths bake
  trap remove_lab EXIT
  remove_lab
  rm -rf "$BAKED"
  # Older ones are of no use, but another lab may be unpacking the newest of them.
  local old
  # shellcheck disable=SC2012
  mapfile -t old < <(ls -1td "$BASE"/baked/*/ 2> /dev/null)
  [ ${#old[@]} -lt 3 ] || rm -rf "${old[@]:2}"

  raise_lab
  local python
  python=$(bash "$LAB_D/python" "$BASE/python") || fail "the Python packages could not be installed"
  TMPDIR=$STATE bash "$LAB_D/image" "$python" > "$STATE/image.tar" 2> "$STATE/image.log" &
  local image=$! client server
  secrets > "$STATE/secrets"
  in_keeper bash "$LAB_D/fresh-root" "$NS" outside
  raise_host server
  raise_host client
  wait_booted server
  # The web app's home: the same app and packages as the worker's, as ClippyFront has one source for both.
  tar -C "$LAB_D/app" -c . | run_in server sh -c 'mkdir -p /opt/clippyfront && tar -C /opt/clippyfront -x'
  tar -C "$python" -c . | run_in server sh -c 'mkdir /opt/clippyfront/packages && tar -C /opt/clippyfront/packages -x'
  bake_host server > "$STATE/server-setup.log" 2>&1 &
  server=$!
  wait_booted client
  wait "$image" || { cat "$STATE/image.log" >&2; fail "the worker image could not be made"; }
  run_in client sh -c 'cat > /run/image.tar' < "$STATE/image.tar"
  bake_host client > "$STATE/client-setup.log" 2>&1 &
  client=$!
  wait "$server" || { cat "$STATE/server-setup.log" >&2; fail "the server could not be configured"; }
  wait "$client" || { cat "$STATE/client-setup.log" >&2; fail "the client could not be configured"; }

  mkdir "$BAKED"
  local h
  for h in "${HOSTS[@]}"; do pack "$h/upper" "$h.tar"; done
  pack client/docker docker.tar
  : > "$BAKED/done"
}

# Both ends of every secret are made together. Hexadecimal has no character that means something in a URL.
secrets() {
  local h key
  for h in server client; do
    key=$(wg genkey)
    printf '%s_private=%s\n%s_public=%s\n' "$h" "$key" "$h" "$(wg pubkey <<< "$key")"
  done
  printf 'redis_password=%s\n' "$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')"
  printf 'postgres_password=%s\n' "$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')"
}

bake_host() {
  tar -C "$LAB_D/orchard" --exclude '*.pyc' -c . | run_in "$1" sh -c 'mkdir -p /usr/local/share/orchard && tar -C /usr/local/share/orchard -x'
  cat "$STATE/secrets" "$LAB_D/tunnels-setup" "$LAB_D/$1-setup" "$LAB_D/orchard-setup" | run_in "$1" bash -euxo pipefail
  shut_down_host "$1"
}

# What was logged while baking is not the host's history.
pack() {
  in_keeper bash -euo pipefail -c 'cd "$1"
    if [ -d var/log ]; then find var/log -type f -delete; fi
    find . -name "*-json.log" -exec truncate -s 0 {} +
    tar --xattrs --xattrs-include="*" --numeric-owner -cpf - .' - "$NS/$1" > "$BAKED/$2"
}
