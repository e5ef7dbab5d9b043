# shellcheck shell=bash disable=SC2016
# The second client of `up --two`: client2 (WireGuard 10.8.0.3), whose worker needs no Docker. It is the first one's system
# (fresh-root gives it a name, a key and an address of its own); what the others need for it is done here, on each fresh root.

has_second() { [ -e "$STATE/second" ]; }

make_second() {
  local key
  key=$(wg genkey)
  mkdir -p "$STATE"
  ( umask 077; printf '%s %s\n' "$key" "$(wg pubkey <<< "$key")" > "$STATE/second" )
  HOSTS+=(client2)
}

# join_second HOST...: those of these hosts that have a part in it.
join_second() {
  has_second || return 0
  local h public
  read -r _ public < "$STATE/second"
  for h; do
    case $h in
      # Both workers are of one version with the web app, as in healthy/native-and-container.
      server) run_in server bash -euo pipefail -s "$public" <<'RUN' ;;
printf '\n[Peer]\nPublicKey = %s\nAllowedIPs = 10.8.0.3/32\n' "$1" >> /etc/wireguard/wg0.conf
wg set wg0 peer "$1" allowed-ips 10.8.0.3/32
/root/run-web.sh > /dev/null
echo '__version__ = "0.10.0"' > /opt/clippyfront/app/version.py
RUN
      client2) run_in client2 bash -euo pipefail -s <<'RUN' > /dev/null ;;
# Of this version it asks the database itself, as the one in Docker does.
echo 0.10.0 > /root/version
{ echo FLASK_ENV=production; grep '^DATABASE_URL=' /root/env.list; } > /root/more.env
for _ in $(seq 40); do docker inspect clippy-gpu-worker > /dev/null 2>&1 && break; sleep 0.25; done
/root/run-native.sh service
docker image rm -f clippy-gpu-worker:lab
RUN
    esac
  done
}

# What does not work yet of it.
ailments_of_second() {
  has_second || return 0
  if no_handshake client2; then echo "no handshake on client2"; return; fi
  run_in client2 timeout 8 /root/check-native.sh /home/winter/ClippyFront 2 2> /dev/null ||
    echo "the second client reaches no Redis or no PostgreSQL, or takes no tasks"
}
