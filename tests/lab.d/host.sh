# shellcheck shell=bash disable=SC2013,SC2015,SC2044
# Hosts: namespaces, overlays and cgroups.
#
# A lab is one process tree. The keeper (lab.d/keeper) is pid 1 of a pid namespace and has a network and a mount
# namespace; everything of the lab is inside them - the bridge, the hosts' network namespaces, their file systems, and
# the pid namespaces of their systemds. So the machine never sees a network device or a mount of the lab, and when the
# keeper dies, however it dies, all of the lab is gone.
declare -A ADDRESS=([server]=198.51.100.1 [client]=198.51.100.2 [outside]=198.51.100.3 [client2]=198.51.100.4 [redis]=198.51.100.5 [postgres]=198.51.100.6)

set_paths() {
  [[ $1 =~ ^[a-z0-9-]{1,12}$ ]] || fail "CLIPCHECK_LAB is '$1': want 1 to 12 of a-z, 0-9 and -" 2
  PREFIX=$1
  STATE=$BASE/$PREFIX
  NS=$STATE/ns                                  # a tmpfs that only the keeper's mount namespace sees
  CGROUPS=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
  CGROUP=$CGROUPS/clipcheck-$PREFIX
  HOSTS=(server client outside)
  if has_second; then HOSTS+=(client2); fi
  if is_split; then HOSTS+=(redis postgres); fi
}

# The worker's container: the guide's name, or the one that a fixture wrote to the client's /run/worker. A path is that of a
# worker without Docker.
worker_name() { cat "$STATE/worker" 2> /dev/null || echo clippy-gpu-worker; }

note_worker() {
  run_in client cat /run/worker > "$STATE/worker" 2> /dev/null || rm -f "$STATE/worker"
  run_in client cat /run/patience > "$STATE/patience" 2> /dev/null || rm -f "$STATE/patience"
}

# How many seconds an answer may take: more on a line that a fixture makes long, and says so in the client's /run/patience.
patience() { cat "$STATE/patience" 2> /dev/null || echo 2; }

# The lab is only raised where it can be wholly apart from the real network and the real files.
refuse_if_unfit() {
  [ "$(id -u)" = 0 ] || fail "no lab here: it needs root, for namespaces and mounts" 3
  [ -c /dev/net/tun ] || fail "no lab here: no /dev/net/tun" 3
  [ -n "$CGROUPS" ] && [ -w "$CGROUPS/cgroup.procs" ] || fail "no lab here: no writable cgroup2 hierarchy" 3
  grep -qw overlay /proc/filesystems || modprobe overlay 2> /dev/null || fail "no lab here: the kernel has no overlay file system" 3
  unshare --mount --net --pid --uts --ipc --cgroup --fork true 2> /dev/null || fail "no lab here: cannot make namespaces" 3
  local d
  for d in /usr /etc /var/lib; do
    [ "$(stat -c %d "$d")" = "$(stat -c %d /)" ] || fail "no lab here: $d is on another file system than /" 3
  done
}

# --- processes, by pid and start time, so that a reused pid is never taken for ours

start_time() { sed 's/.*) //' "/proc/$1/stat" 2> /dev/null | cut -d' ' -f20; }

# The pid of the keeper or of a host's systemd, if it runs.
process_of() {
  local pid start
  [ -e "$STATE/$1.pid" ] || return 1
  read -r pid start < "$STATE/$1.pid" || return 1
  [ -n "$start" ] && [ "$(start_time "$pid")" = "$start" ] || return 1
  printf '%s\n' "$pid"
}

# Up means raised to the end, and nothing has died since.
lab_is_up() {
  local p
  [ -e "$STATE/up" ] || return 1
  for p in keeper "${HOSTS[@]}"; do process_of "$p" > /dev/null || return 1; done
}

# poll SECONDS COMMAND... : until it succeeds
poll() {
  local end=$((SECONDS + $1)); shift
  while ! "$@"; do
    if [ "$SECONDS" -ge "$end" ]; then return 1; fi
    sleep 0.15
  done
}

gone() { ! process_of "$1" > /dev/null; }

kill_process() {
  local pid
  pid=$(process_of "$1") || return 0
  kill -KILL "$pid" 2> /dev/null || true
  poll 10 gone "$1" || fail "$1 (pid $pid) does not end"
}

# --- cgroups: a tree per host, below one for the lab; it also finds what a crashed lab has left running

make_cgroup() {
  mkdir -p "$CGROUP/$1"
  # Containers and units inside can be limited and counted only if the controllers are handed down; a machine that
  # keeps them in cgroup v1 has none to hand.
  local controller
  for controller in $(cat "$CGROUP/cgroup.controllers"); do
    echo "+$controller" > "$CGROUP/cgroup.subtree_control" 2> /dev/null || true
  done
}

remove_cgroup() {
  local dir=$1 pid
  [ -d "$dir" ] || return 0
  for _ in {1..100}; do
    find "$dir" -depth -type d -exec rmdir {} + 2> /dev/null || true
    [ -d "$dir" ] || return 0
    for pid in $(find "$dir" -name cgroup.procs -exec cat {} + 2> /dev/null); do kill -KILL "$pid" 2> /dev/null || true; done
    sleep 0.05
  done
  fail "processes in $dir do not end"
}

# --- running things inside

# In the keeper, where the hosts' file systems are mounted.
in_keeper() { nsenter --target "$(process_of keeper)" --mount --net --pid -- "$@"; }

# exec_in HOST COMMAND... : replaces this shell, so that stdin, signals and the exit status are the command's own.
exec_in() {
  local host=$1 pid; shift
  pid=$(process_of "$host") || fail "$host is not running" 3
  # Joining the host's cgroup makes the command's /proc/self/cgroup, and its daemons, look as at home.
  mkdir -p "$CGROUP/$host/shell" 2> /dev/null || true
  echo $BASHPID > "$CGROUP/$host/shell/cgroup.procs" 2> /dev/null || true
  exec nsenter --target "$pid" --mount --uts --ipc --net --pid --cgroup -- \
    /usr/bin/env -i -C /root HOME=/root USER=root LOGNAME=root SHELL=/bin/bash LANG=C.UTF-8 TERM="${TERM:-dumb}" \
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@" 8>&- 9>&-
}
run_in() { ( exec_in "$@" ); }

# --- the lab

# raise_lab [BAKED] : the keeper, the network segment and, if given, the baked layers
raise_lab() {
  mkdir -p "$NS"
  chmod 700 "$STATE"
  make_cgroup keeper
  ( echo $BASHPID > "$CGROUP/keeper/cgroup.procs"
    exec setsid unshare --mount --net --pid --fork --kill-child -- bash "$LAB_D/keeper" "$STATE" "${1:-}" "${HOSTS[@]}"
  ) < /dev/null > "$STATE/keeper.log" 2>&1 8>&- 9>&- &
  disown
  if ! poll 20 test -e "$STATE/keeper.ready"; then cat "$STATE/keeper.log" >&2; fail "the keeper did not start"; fi
}

remove_lab() {
  kill_process keeper
  remove_cgroup "$CGROUP"
  if [ -d "$STATE" ]; then rm -rf --one-file-system "$STATE"; fi
}

# raise_host HOST : a fresh root - an empty upper layer over the baked one - and the first boot
raise_host() {
  in_keeper bash "$LAB_D/fresh-root" "$NS" "$1"
  boot_host "$1"
}

boot_host() {
  local h=$1
  rm -f "$STATE/$h.pid"
  in_keeper bash "$LAB_D/fresh-net" "$NS" "$h" "${ADDRESS[$h]}"
  make_cgroup "$h"
  ( echo $BASHPID > "$CGROUP/$h/cgroup.procs"
    exec setsid nsenter --target "$(process_of keeper)" --mount --pid -- nsenter --net="$NS/netns/$h" \
      unshare --mount --uts --ipc --pid --cgroup --fork --kill-child -- bash "$LAB_D/host-init" "$STATE" "$h"
  ) < /dev/null > "$STATE/$h.log" 2>&1 8>&- 9>&- &
  disown
  poll 10 process_of "$h" > /dev/null || { cat "$STATE/$h.log" >&2; fail "$h did not start"; }
}

booted() {
  case $(run_in "$1" systemctl is-system-running 2> /dev/null) in
    running | degraded) ;;                      # degraded: a unit failed, which a fault may well want
    *) return 1 ;;
  esac
}
wait_booted() {
  if ! poll 60 booted "$1"; then
    run_in "$1" systemctl list-jobs >&2 || true
    fail "$1 does not finish booting"
  fi
}

# A hard end, for a host whose files are thrown away.
stop_host() {
  kill_process "$1"
  remove_cgroup "$CGROUP/$1"
}

# An orderly end: systemd stops every unit. Its final reboot() ends just the pid namespace.
shut_down_host() {
  # `systemctl reboot` would ask logind, which is masked.
  run_in "$1" systemctl --no-block --job-mode=replace-irreversibly start reboot.target
  poll 60 gone "$1" || fail "$1 does not shut down"
  remove_cgroup "$CGROUP/$1"
}

# --- health

# On the host, or in the container that has the tunnel to itself.
no_handshake() { ! run_in "$1" sh -c 'wg show all latest-handshakes; docker exec wireguard wg show all latest-handshakes || true' 2> /dev/null | awk '$3 > 0 { ok = 1 } END { exit !ok }'; }

# Says what does not work yet; nothing if all does.
ailments() {
  if no_handshake server; then echo "no handshake on the server"; return; fi
  if no_handshake client; then echo "no handshake on the client"; return; fi
  local patience
  patience=$(patience)
  case $(worker_name) in
    /*) run_in client timeout $((patience * 4)) /root/check-native.sh "$(worker_name)" "$patience" 2> /dev/null ;;
    *) run_in client timeout $((patience * 4)) docker exec -e PATIENCE="$patience" "$(worker_name)" python3 /app/check.py 2> /dev/null ;;
  esac || { echo "the worker reaches no Redis or no PostgreSQL, or takes no tasks"; return; }
  ailments_of_second
}

# A worker whose connection broke tries again after 2, 4, 6 … seconds, or never (Celery 5.3's trouble with Redis); one
# that is started again is quicker, and shows whether the deployment is well.
wait_healthy() {
  local started=$SECONDS what restarted='' longer
  longer=$(($(patience) - 2))
  while what=$(ailments); [ -n "$what" ]; do
    if [ $((SECONDS - started)) -ge $(($1 + longer * 4)) ]; then say "lab: $what"; return 1; fi
    if [ -z "$restarted" ] && [ $((SECONDS - started)) -ge $((3 + longer)) ]; then
      case $what in *worker*)
        restarted=1
        run_in client docker restart -t 0 "$(worker_name)" > /dev/null 2>&1 || true
        ;;
      esac
    fi
    sleep 0.8
  done
}

# After a (re)boot of one end the other goes on with a dead session for up to 15 s, or waits 5 s for its next try.
# A fresh interface on the client spares the wait. Health is then really asked for.
settle() {
  if no_handshake server || no_handshake client; then run_in client systemctl restart wg-quick@wg0 || true; fi
  if has_second && no_handshake client2; then run_in client2 systemctl restart wg-quick@wg0 || true; fi
  wait_healthy 30
}

# --- the binary under test

# put_binary HOST|container : where it was asked for with `put`
put_binary() {
  [ -e "$STATE/clipcheck" ] || return 0
  local to=/usr/local/bin/clipcheck
  if [ "$1" = container ]; then
    # No container is a state a fault may want; then there is nowhere to put it.
    run_in client docker inspect "$(worker_name)" > /dev/null 2>&1 || return 0
    run_in client docker cp "$to" "$(worker_name):$to" > /dev/null 2>&1 || say "lab: could not put the binary into the container"
  else
    run_in "$1" sh -c "cat > $to.new && chmod 755 $to.new && mv $to.new $to" < "$STATE/clipcheck"
  fi
}
