# shellcheck shell=bash disable=SC2016
# A server role on three hosts, `up --split`: the server has the tunnel's hub and the web app, `redis` (10.8.0.10) and `postgres`
# (10.8.0.11) are peers of it. They are the server's system (fresh-root takes from each what another one has).

is_split() { [ -e "$STATE/split" ]; }

make_split() {
  local h key
  mkdir -p "$STATE"
  (
    umask 077
    for h in redis postgres; do
      key=$(wg genkey)
      printf '%s_private=%s\n%s_public=%s\n' "$h" "$key" "$h" "$(wg pubkey <<< "$key")"
    done > "$STATE/split"
  )
  HOSTS+=(redis postgres)
}

# join_split HOST...: those of these hosts that have a part in it.
join_split() {
  is_split || return 0
  local h port
  for h; do
    case $h in
      server) run_in server bash -euo pipefail -s <<'RUN' > /dev/null ;;
ufw delete allow in on wg0 from 10.8.0.0/24 to any port 6379 proto tcp
ufw delete allow in on wg0 from 10.8.0.0/24 to any port 5432 proto tcp
ufw route allow in on wg0 out on wg0
/root/run-web.sh
echo '__version__ = "0.10.0"' > /opt/clippyfront/app/version.py
RUN
      redis | postgres)
        case $h in redis) port=5432 ;; *) port=6379 ;; esac
        run_in "$h" bash -euo pipefail -s "$port" <<'RUN' > /dev/null ;;
ufw delete allow 51820/udp
ufw delete allow in on wg0 from 10.8.0.0/24 to any port "$1" proto tcp
RUN
      client) run_in client bash -euo pipefail -s <<'RUN' > /dev/null ;;
sed -i -e 's#@10.8.0.1:6379#@10.8.0.10:6379#' -e 's#@10.8.0.1/#@10.8.0.11/#' /root/run-worker.sh /root/env.list
/root/run-worker.sh
RUN
    esac
  done
}
