fail() {
  echo "$*" >&2
  exit 1
}

[ "$(id -u)" = 0 ] || fail "run it as root: sudo bash $0"
[ "$(cat /proc/sys/kernel/hostname)" = "$host" ] || fail "this machine is not $host"
if [ -n "$key" ] && keys=$(wg show all public-key 2> /dev/null) && [ -n "$keys" ]; then
  grep -qF -- "$key" <<< "$keys" || fail "the tunnel of this machine has another key than the $host that was looked at"
fi
# As root nothing else is needed.
if ! command -v sudo > /dev/null; then
  sudo() {
    if [ "$1" = -u ]; then runuser -u "$2" -- "${@:3}"; else "$@"; fi
  }
fi

# copies FOLDER : all files into it, with their permissions.
copies() {
  local file
  while IFS= read -r file; do
    mkdir -p "$1$(dirname "$file")"
    if [ -e "$file" ]; then cp -pL "$file" "$1$file"; fi
  done < <(files)
}

# puts FOLDER FILE : as it is in that folder, also where it is not there. An existing file keeps its owner and permissions.
puts() {
  if [ ! -e "$1$2" ]; then
    rm -f "$2"
  elif [ -e "$2" ]; then
    cat "$1$2" > "$2"
  else
    mkdir -p "$(dirname "$2")"
    cp -p "$1$2" "$2"
  fi
}

undo() {
  [ -d "$kept" ] || fail "there is nothing to undo: no folder $kept"
  local file
  while IFS= read -r file; do puts "$kept/files" "$file"; done < "$kept/list"
  mv "$kept" "$kept.undone.$$"
  reload || echo "the files are back, but a service did not start with them" >&2
  if [ "$lasting_count" -gt 0 ]; then
    echo "The files are as before. Not taken back by that:"
    lasting
  fi
}
