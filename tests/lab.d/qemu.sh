# shellcheck shell=bash disable=SC2015
# Kernel WireGuard needs a kernel that has it, so a stock distribution kernel is booted in QEMU. Its emulation (TCG)
# works everywhere and takes some 15 s; KVM may be absent, or unable to boot a stock kernel.
#
# The initramfs holds busybox and the few real tools a snapshot asks. The guest has two network namespaces, server and
# client, and speaks to us by serial ports: the console on the first, the results on the second.

GUEST_TOOLS=(bash ip ss wg wg-quick ping setpriv)

# The newest kernel here that can be booted and has a wireguard module, Debian's cloud kernel before others.
guest_kernel() {
  local version found=
  for version in $(cd /lib/modules 2> /dev/null && printf '%s\n' * | sort -V); do
    [ -r "/boot/vmlinuz-$version" ] && compgen -G "/lib/modules/$version/kernel/drivers/net/wireguard/*" > /dev/null || continue
    case $found in *cloud*) case $version in *cloud*) ;; *) continue ;; esac ;; esac
    found=$version
  done
  printf '%s' "$found"
}

cmd_qemu() {
  [ $# -eq 1 ] && [ -f "$1" ] || fail "usage: tests/lab qemu STATIC_BINARY" 2
  install_packages qemu
  local kernel work code=0
  kernel=$(guest_kernel)
  mkdir -p "$BASE/qemu"
  work=$(mktemp -d "$BASE/qemu/run.XXXXXX")
  # shellcheck disable=SC2064
  trap "rm -rf '$work'" EXIT
  guest_base "$kernel"
  mkdir "$work/job"
  install -m 755 "$1" "$work/job/clipcheck"
  cp "$LAB_D/qemu-guest" "$work/job/guest"
  # The kernel unpacks one archive after the other; the job needs no compression.
  { cat "$GUEST_BASE"; (cd "$work/job" && find . | cpio -o -H newc --quiet); } > "$work/initrd"

  timeout 240 qemu-system-x86_64 -accel tcg,thread=multi -cpu max -M pc -m 768 -smp 2 -display none -nodefaults \
    -no-reboot -kernel "/boot/vmlinuz-$kernel" -initrd "$work/initrd" \
    -append 'console=ttyS0 panic=-1 quiet loglevel=3 mitigations=off' \
    -serial "file:$work/console" -serial "file:$work/results" < /dev/null >&2 || code=$?
  cat "$work/results"
  if [ "$code" != 0 ] || ! grep -aq '^@@DONE' "$work/console"; then
    tr -d '\r' < "$work/console" | tail -40 >&2
    fail "the guest did not run through (qemu: $code)"
  fi
}

# Sets GUEST_BASE to the initramfs without the job; it is built once per kernel and kept.
guest_base() {
  local kernel=$1 root key
  key=$(cat "$LAB_D/qemu.sh" <(dpkg-query -W busybox-static wireguard-tools iproute2 libc6 2> /dev/null) | sha256sum | cut -c1-12)
  GUEST_BASE=$BASE/qemu/$kernel-$key.cpio.gz
  if [ -s "$GUEST_BASE" ]; then return; fi
  rm -f "$BASE"/qemu/*.cpio.gz
  root=$work/root
  mkdir -p "$root"/{bin,sbin,usr/bin,usr/sbin,lib64,proc,sys,dev,run,tmp,root,modules,var} "$root/etc/wireguard"
  ln -s ../run "$root/var/run"
  cp /bin/busybox "$root/bin/"
  ln -s bash "$root/bin/sh"                     # busybox's own shell would run its applets instead of the real tools
  local tool path library
  for tool in "${GUEST_TOOLS[@]}"; do
    path=$(PATH=/usr/sbin:/usr/bin:/sbin:/bin command -v "$tool") || fail "no $tool on this machine"
    cp -L "$path" "$root/bin/$tool"
    { ldd "$path" 2> /dev/null || true; } | grep -oE '/[^ ]+\.so[^ ]*' | while read -r library; do
      mkdir -p "$root$(dirname "$library")"
      cp -nL "$library" "$root$library"
    done || true                                # a script has no libraries
  done
  local module
  for module in wireguard veth; do
    modprobe -S "$kernel" --show-depends "$module" | awk '$1 == "insmod" { print $2 }'
  done | awk '!seen[$0]++' | while read -r module; do
    case $module in                             # busybox's insmod takes plain ones only
      *.ko)     cp "$module" "$root/modules/"; module=${module##*/} ;;
      *.ko.xz)  module=${module%.xz}; xz -dc "$module.xz" > "$root/modules/${module##*/}" ;;
      *.ko.zst) module=${module%.zst}; zstd -qdc "$module.zst" > "$root/modules/${module##*/}" ;;
    esac
    printf '%s\n' "${module##*/}" >> "$root/modules/order"
  done
  printf 'root:x:0:0:root:/root:/bin/bash\nuser:x:1000:1000:user:/root:/bin/bash\n' > "$root/etc/passwd"
  printf '127.0.0.1 localhost\n' > "$root/etc/hosts"
  cat > "$root/init" <<'INIT'
#!/bin/busybox sh
/bin/busybox --install -s /bin 2> /dev/null
export PATH=/bin:/sbin:/usr/bin:/usr/sbin HOME=/root
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/pts
mount -t devpts devpts /dev/pts
ln -s /proc/self/fd /dev/fd
mount -t tmpfs tmpfs /run
mount -t tmpfs -o mode=1777 tmpfs /tmp
hostname guest
for module in $(cat /modules/order); do insmod "/modules/$module" || echo "insmod $module failed"; done
stty -F /dev/ttyS1 raw
bash -euo pipefail /guest < /dev/null > /dev/ttyS1 && echo @@DONE
poweroff -f
INIT
  chmod 755 "$root/init"
  chmod 700 "$root/etc/wireguard"
  # A second archive may only follow at a multiple of four bytes.
  (cd "$root" && find . | cpio -o -H newc --quiet | gzip -1) > "$work/base"
  truncate -s %512 "$work/base"
  mv "$work/base" "$GUEST_BASE"
}
