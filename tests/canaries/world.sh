#!/bin/bash
# A machine that is server and client at once, with a secret ({{NAME}}) wherever such a deployment has or repeats one.
# Runs "$@" on it. FOLDER is where this script lies; what its programs are told goes into FOLDER/heard.
set -e
folder=$(dirname "$0")
for at in /etc /opt /run /root /home /srv /var/log /var/lib; do mount -t tmpfs none "$at"; done
ip link set lo up 2> /dev/null || true
mkdir -p /etc/wireguard /etc/redis /etc/systemd/system /etc/systemd/network /etc/NetworkManager/system-connections \
  /etc/postgresql/15/main /etc/ufw /etc/default /opt/clippyfront /opt/ClippyFront/venv/bin /opt/ClippyFront/app \
  /opt/ClippyFront/scripts/worker /run/systemd/system /run/bin /run/secrets /var/log/redis /var/log/postgresql /srv/project
echo 'root:x:0:0:root:/root:/bin/sh' > /etc/passwd
printf '127.8.0.1 redis-by-hosts\n127.0.0.1 localhost\n' > /etc/hosts

cat > /etc/wireguard/wg0.conf << 'EOF'
# the key before: {{wg-comment}}
[Interface]
Address = 127.8.0.1/24
PrivateKey = {{wg-private-key}}
PostUp = curl -H "Authorization: Bearer {{wg-post-up}}" http://127.0.0.1:9/
PostUp = wg set wg0 peer x preshared-key <(echo {{wg-post-up-psk}})
PostDown = TOKEN={{wg-post-down}} /bin/true
[Peer]
PublicKey = AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=
PresharedKey = {{wg-preshared-key}}
AllowedIPs = 127.8.0.2/32
PrivateKey = {{wg-key-in-the-wrong-section}}
Passwort = {{wg-unknown-setting}}
{{wg-line-without-a-name}}
EOF
echo '{{wg-key-file}}' > /etc/wireguard/server_private.key
cat > /etc/systemd/network/wg0.netdev << 'EOF'
[NetDev]
Name=wg0
Kind=wireguard
[WireGuard]
PrivateKey={{networkd-private-key}}
[WireGuardPeer]
PresharedKey={{networkd-preshared-key}}
AllowedIPs={{networkd-in-the-wrong-place}}
EOF
cat > /etc/NetworkManager/system-connections/wg0.nmconnection << 'EOF'
[connection]
id=wg0
type=wireguard
interface-name=wg0
[wireguard]
private-key={{keyfile-private-key}}
[wireguard-peer.AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=]
preshared-key={{keyfile-preshared-key}}
allowed-ips=127.8.0.2/32;
EOF
cat > /etc/redis/redis.conf << 'EOF'
# requirepass {{redis-comment}}
bind 127.8.0.1
port 6379
requirepass {{redis-requirepass}}
masterauth {{redis-masterauth}}
masteruser someone
rename-command CONFIG {{redis-renamed-command}}
tls-key-file-pass {{redis-tls-pass}}
user worker on >{{redis-user}} <{{redis-user-gone}} ~* +@all
requirepas {{redis-unknown-directive}}
aclfile /etc/redis/users.acl
logfile /var/log/redis/redis-server.log
EOF
cat > /etc/redis/users.acl << 'EOF'
user default on >{{acl-default}} ~* +@all
user other on #{{acl-hash}} ~* +@all
user third on {{acl-bare-word}} ~* +@all
EOF
cat > /etc/systemd/system/redis-server.service << 'EOF'
[Service]
Environment=REDIS_PASSWORD={{unit-environment}}
ExecStart=/usr/bin/redis-server /etc/redis/redis.conf --requirepass {{unit-requirepass}} --masterauth "{{unit-masterauth}}"
EOF
cat > /etc/postgresql/15/main/postgresql.conf << 'EOF'
port = 5432
listen_addresses = '127.8.0.1'
primary_conninfo = 'host=127.8.0.9 user=r password={{pg-primary-conninfo}}'
ssl_passphrase_command = 'echo {{pg-passphrase-command}}'
archive_command = 'curl -u me:{{pg-archive-command}} -T %p http://127.0.0.1:9/'
passwort = '{{pg-unknown-setting}}'
EOF
cat > /etc/postgresql/15/main/pg_hba.conf << 'EOF'
host all all 127.8.0.2/32 ldap ldapserver=x ldapbinddn="cn=a" ldapbindpasswd={{hba-ldap}}
host all all 127.8.0.3/32 radius radiusservers=x radiussecrets="{{hba-radius}}"
host all all 127.8.0.4/32 {{hba-in-place-of-a-method}}
host all all 127.8.0.0/24 scram-sha-256
EOF
echo '127.8.0.1:5432:*:clippy:{{pgpass}}' > /root/.pgpass; chmod 600 /root/.pgpass
printf '[clippy]\nhost=127.8.0.1\npassword=%s\n' '{{pg-service-conf}}' > /root/.pg_service.conf
printf '#!/usr/sbin/nft -f\n' > /etc/nftables.conf
echo ENABLED=yes > /etc/ufw/ufw.conf
printf 'IPV6=yes\n' > /etc/default/ufw

# The web app's .env, the worker's, and what starts the worker.
cat > /opt/clippyfront/.env << 'EOF'
# DATABASE_URL=postgresql://clippy:{{env-comment}}@127.8.0.1/c
DATABASE_URL=postgresql://clippy:{{web-database}}@redis-by-hosts:5432/c?sslmode=prefer
REDIS_URL=redis://:{{web-redis}}@127.8.0.1:6379/0
CELERY_BROKER_URL="redis://:{{web-broker}}@127.8.0.1:6379/0" # mine
CELERY_RESULT_BACKEND=redis://127.8.0.1:6379/0?password={{web-result-query}}
SECRET_KEY={{web-secret-key}}
SESSION_COOKIE–NAME={{web-dash-in-the-name}}
WORKER_API_KEY = {{web-api-key}}
MEDIA_BASE_URL=https://u:{{web-media}}@127.8.0.1/
{{web-line-without-a-name}}
export POSTGRES_PASSWORD={{web-postgres-password}}
EOF
cat > /opt/ClippyFront/.env.worker << 'EOF'
DATABASE_URL=postgresql+psycopg2://clippy:{{native-database}}@127.8.0.1/c
CELERY_BROKER_URL=redis://worker:{{native-broker}}@127.8.0.1:6379/0
REDIS_URL={{native-url-that-is-none}}
WORKER_API_KEY={{native-api-key}}
FLASK_APP_URL=http://u:{{native-flask-url}}@127.8.0.1:8000
PASSWORD WITH SPACES {{native-words}}
EOF
cat > /opt/ClippyFront/scripts/worker/run-worker-remote.sh << 'EOF'
#!/bin/bash
source .env.worker
export CELERY_RESULT_BACKEND="${CELERY_RESULT_BACKEND:-redis://:{{script-default}}@127.8.0.1:6379/0}"
export HTTPS_PROXY=http://me:{{script-proxy}}@127.0.0.1:9
exec celery -A app.celery worker -Q gpu -b redis://:{{script-broker}}@127.8.0.1:6379/0
EOF
chmod +x /opt/ClippyFront/scripts/worker/run-worker-remote.sh
cat > /etc/systemd/system/clippy-worker.service << 'EOF'
[Service]
WorkingDirectory=/opt/ClippyFront
Environment="DATABASE_URL=postgresql://clippy:{{worker-unit-database}}@127.8.0.1/c" PGPASSWORD={{worker-unit-pgpassword}}
EnvironmentFile=/opt/ClippyFront/.env.worker
ExecStart=/opt/ClippyFront/scripts/worker/run-worker-remote.sh --token {{worker-unit-argument}}
EOF

# Logs, which repeat what they were given.
cat > /var/log/redis/redis-server.log << 'EOF'
1:C 27 Nov 2026 11:42:26.693 # oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo
1:M 27 Nov 2026 11:42:26.695 # Error condition on socket for SYNC: AUTH failed: {{redis-log-auth}}
*** FATAL CONFIG FILE ERROR (Redis 7.0.15) ***
>>> 'requirepass {{redis-log-quoted}}'
Bad directive or wrong number of arguments
1:M 27 Nov 2026 11:42:26.699 # Fatal error: password={{redis-log-set}} at redis://u:{{redis-log-url}}@127.8.0.9:6379
EOF
cat > /run/journal << 'EOF'
Starting something
[#] curl -H Bearer {{journal-command}}
Line unrecognized: `PrivateKey={{journal-unrecognized}}'
Key is not the correct length or format: `{{journal-bad-key}}'
wg-quick: `{{journal-wg-quick}}' is not valid
Error: argument "{{journal-ip}}" is wrong
Reading the configuration file, at line 504
>>> 'requirepass "{{journal-redis}}"'
2026-11-27 11:42:27.808 UTC [280] LOG:  invalid connection option in "host=x password={{journal-conninfo}}"
2026-11-27 11:42:27.808 UTC [280] LOG:  could not connect to "postgresql://r:{{journal-pg-url}}@127.8.0.9/c"
2026-11-27 11:42:27.809 UTC [280] FATAL:  invalid value for parameter "x": "{{journal-pg-value}}"
2026-11-27 11:42:27.809 UTC [280] DETAIL:  Connection string is host=x password='{{journal-pg-detail}}' user=r
2026-11-27 11:42:27.809 UTC [280] STATEMENT:  ALTER ROLE clippy PASSWORD '{{journal-statement}}'
/opt/ClippyFront/.env.worker: line 3: {{journal-shell}}: command not found
KeyError: '{{journal-key-error}}'
ValueError: invalid literal for int() with base 10: '{{journal-int}}'
redis.exceptions.ConnectionError: Error connecting to redis://:{{journal-python-url}}@127.8.0.1
RuntimeError: token {{native-api-key}} is refused
EOF
cat > /run/docker-log << 'EOF'
Traceback (most recent call last):
  File "/app/x.py", line 3, in connect("{{log-source-line}}")
/entrypoint.sh: line 9: {{log-shell}}: not found
sqlalchemy.exc.ArgumentError: Could not parse SQLAlchemy URL from string '{{log-bad-url}}'
ValueError: Port could not be cast to integer value as '{{log-port}}'
2026-11-27 11:42:27.809 UTC [280] FATAL:  password authentication failed for user "{{log-as-user}}"
2026-11-27 11:42:27.809 UTC [280] FATAL:  could not load "password={{log-fatal}}"
redis.exceptions.AuthenticationError: AUTH {{container-broker}} and {{container-database}} refused by redis://u:{{log-url}}@h
Error: cannot use API key {{container-api-key}}; Authorization: Bearer {{log-bearer}} denied
EOF
cp /run/journal /var/log/postgresql/postgresql-15-main.log

# Docker, with a worker that has ended and a Redis that publishes its port.
cat > /run/inspect << 'EOF'
[{"Id": "1", "Name": "/clippy-gpu-worker", "Image": "sha256:1", "RestartCount": 3, "Created": "2026-01-01T00:00:00Z",
  "Path": "celery", "Args": ["-A", "app", "worker", "--broker", "redis://:{{container-argument}}@127.8.0.1/0", "--token={{container-token}}"],
  "State": {"Status": "exited", "Running": false, "ExitCode": 1, "Error": "exec '{{container-state-error}}': not found", "StartedAt": "2026-01-01T00:00:00Z"},
  "Config": {"Image": "x", "Env": [
     "CELERY_BROKER_URL=redis://:{{container-broker}}@127.8.0.1:6379/0",
     "DATABASE_URL=postgresql://clippy:{{container-database}}@127.8.0.1/c",
     "REDIS_URL=redis://:x#{{container-hash-sign}}@127.8.0.1:6379/0",
     "FLASK_APP_URL=http://127.8.0.1:8000",
     "WORKER_API_KEY={{container-api-key}}",
     "CELERY_RESULT_BACKEND=db+postgresql://u:{{container-results}}@127.8.0.1/c",
     "HTTPS_PROXY=http://me:{{container-proxy}}@127.0.0.1:9",
     "RSYNC_PASSWORD={{container-other}}"],
   "Healthcheck": {"Test": ["CMD", "redis-cli", "-a", "{{container-healthcheck}}", "ping"]},
   "Labels": {"com.docker.compose.service": "worker", "com.docker.compose.project": "p", "note": "{{container-label}}",
     "com.docker.compose.project.working_dir": "/srv/project", "com.docker.compose.project.config_files": "/srv/project/compose.yaml"}},
  "HostConfig": {"ExtraHosts": ["redis:127.8.0.1"]}, "NetworkSettings": {"Networks": {"bridge": {}}}},
 {"Id": "2", "Name": "/redis", "Image": "sha256:2", "Created": "2026-01-01T00:00:00Z", "Path": "redis-server",
  "Args": ["--requirepass", "{{redis-container-argument}}", "--user", "w", "on", ">{{redis-container-user}}", "~*"],
  "State": {"Status": "exited", "Running": false, "ExitCode": 1, "Error": "OCI: exec: \"redis-server {{redis-container-error}}\": not found of {{redis-container-argument}} {{redis-container-user}} {{redis-container-variable}}", "StartedAt": "2026-01-01T00:00:00Z"},
  "Config": {"Image": "redis", "Env": ["REDIS_PASSWORD={{redis-container-variable}}"]},
  "HostConfig": {"PortBindings": {"6379/tcp": [{"HostIp": "", "HostPort": "6379"}]}}, "NetworkSettings": {"Networks": {"bridge": {}}}}]
EOF
cat > /srv/project/compose.yaml << 'EOF'
services:
  worker:
    image: x
    command: celery worker -b redis://:{{compose-command}}@127.8.0.1/0
    env_file: worker.env
    environment:
      - CELERY_BROKER_URL=redis://:${BROKER_PASSWORD:-{{compose-default}}}@127.8.0.1:6379/0
      - DATABASE_URL=postgresql://clippy:{{compose-database}}@127.8.0.1/c
      - {{compose-line}}
EOF
echo 'REDIS_URL=redis://:{{compose-env-file}}@127.8.0.1:6379/0' > /srv/project/worker.env
echo 'BROKER_PASSWORD={{compose-dot-env}}' > /srv/project/.env

mkdir /run/checks; cp /opt/clippyfront/.env /run/checks/own.toml

# Programs: each keeps what it is told by its arguments and its environment.
tell() { printf '#!/bin/bash\n{ printf "%%s " "$0" "$@"; echo; [ "${0##*/}" = python3 ] || env; } >> %s/heard\n%s\n' "$folder" "$2" > "$1"; chmod +x "$1"; }
tell /run/bin/docker 'case "$1 $2" in "ps "*) echo 1; echo 2 ;; "inspect "*) cat /run/inspect ;; "logs "*) cat /run/docker-log >&2; cat /run/docker-log ;; *) echo "error: {{docker-error}}" >&2; exit 1 ;; esac'
tell /run/bin/journalctl 'cat /run/journal'
tell /run/bin/systemctl 'shift; for unit; do case $unit in *.service) printf "Id=%s\nLoadState=loaded\nActiveState=failed\nUnitFileState=enabled\nResult=exit-code\nExecMainStatus=1\nInactiveExitTimestamp=Thu 1970-01-01 00:02:00 UTC\nStateChangeTimestamp=Fri 2026-11-27 11:42:28 UTC\nFragmentPath=/etc/systemd/system/%s\n\n" "$unit" "$unit" ;; esac; done'
tell /run/bin/wg 'printf "wg0\t%s\tAQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=\t51820\toff\n" "{{wg-dump-private}}"; printf "wg0\tAQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=\t%s\t127.0.0.1:9\t127.8.0.2/32\t0\t0\t0\toff\n" "{{wg-dump-preshared}}"'
tell /run/bin/nft 'echo "Error: {{nft-error}}" >&2; exit 1'
for it in iptables-save ip6tables-save; do tell "/run/bin/$it" 'echo "{{iptables-error}}" >&2; exit 1'; done
# The worker's libraries, which repeat the URL that they were given, whole and in pieces.
cat > /run/libraries << 'EOF'
import json, sys, urllib.parse
asked = json.load(sys.stdin)
for name, it in asked.items():
    url = it["url"]
    login = url.split("://", 1)[-1].rsplit("@", 1)[0]
    for said in (f"ArgumentError: Could not parse '{url}'", f"ValueError: {login!r} and {urllib.parse.unquote(login)!r}",
                 f"Error: {url.encode()!r} {login.split(':', 1)[-1]} {login[-14:]} {login[:14]}"):
        print(json.dumps({"variable": name, "library": "lib 1.0", "said": said}))
EOF
for it in /run/bin/python3 /opt/ClippyFront/venv/bin/python3; do tell "$it" 'exec /usr/bin/python3 /run/libraries'; done
export PATH=/run/bin:$PATH

# Servers that send back what they are sent, and words of their own.
/usr/bin/python3 "$folder/impostor.py" 127.8.0.1 &
echo $! > /run/impostor
# A worker's process.
if [ "${WORKER:-}" = native ]; then
  printf 'import time\ntime.sleep(600)\n' > /opt/ClippyFront/venv/bin/celery
  (cd /opt/ClippyFront && env -i PGPASSWORD='{{process-pgpassword}}' WORKER_API_KEY='{{process-api-key}}' HTTP_PROXY='http://me:{{process-proxy}}@127.0.0.1:9' \
    DATABASE_URL='postgresql://clippy:{{process-database}}@127.8.0.1/c' REDIS_URL='redis://:{{process-redis}}@127.8.0.1/0' \
    bash -c 'exec -a /opt/ClippyFront/venv/bin/python3 /usr/bin/python3 /opt/ClippyFront/venv/bin/celery -A app worker -Q gpu --broker "redis://:{{process-argument}}@127.8.0.1:6379/0"') &
fi
for _ in $(seq 100); do [ -e "$folder/listening" ] && break; sleep 0.05; done
# What nobody but the worker should be told is in the shell of who runs it.
export PGPASSWORD='{{shell-pgpassword}}' REDISCLI_AUTH='{{shell-rediscli}}' WORKER_API_KEY='{{shell-api-key}}' \
  DATABASE_URL='postgresql://clippy:{{shell-database}}@127.8.0.1/c' CELERY_BROKER_URL='redis://:{{shell-broker}}@127.8.0.1:6379/0' \
  REDIS_URL='redis://127.8.0.1:6379/0?password={{shell-redis-query}}' FLASK_APP_URL='http://me:{{shell-flask}}@127.8.0.1:8000' \
  HTTPS_PROXY='http://me:{{shell-proxy}}@127.0.0.1:9' PGHOST=127.8.0.1 PGPASSFILE=/root/.pgpass DEV_DATABASE_URL='{{shell-no-url}}'
cd /opt/clippyfront
"$@"
