
# checked FILE COPY : by the program whose file it is, where that has a way to check one.
checked() {
  case $1 in
    /etc/wireguard/*.conf) if command -v wg-quick > /dev/null; then wg-quick strip "$2" > /dev/null; fi ;;
    /etc/ssh/sshd_config) sshd -t -f "$2" ;;
    /etc/docker/daemon.json) if dockerd --help 2> /dev/null | grep -q -- --validate; then dockerd --validate --config-file "$2" > /dev/null; fi ;;
  esac
}

# What the running PostgreSQL finds wrong in its files; nothing where it does not answer.
postgres_errors() {
  sudo -u postgres psql -Atc "select sourcefile, sourceline, error from pg_file_settings where error is not null and error not like '%restart%'" \
    -c 'select line_number, error from pg_hba_file_rules where error is not null' 2> /dev/null || true
}

# Without the secrets that stand on such lines.
hidden() {
  sed -E 's#://[^/@ ]*@#://***@#g; s/((Private|Preshared)Key *= *).*/\1***/; s/((requirepass|masterauth|user) ).*/\1***/'
}

if [ "${1:-}" = undo ]; then
  undo
  exit
fi
[ ! -e "$kept" ] || fail "this script was run already; to take it back: bash $0 undo"

new=$(mktemp -d)
trap 'rm -rf "$new"' EXIT
copies "$new"
edit
while IFS= read -r file; do
  if [ -e "$new$file" ] && ! cmp -s "$file" "$new$file"; then
    echo "$file:"
    diff -NU0 "$file" "$new$file" | tail -n +3 | hidden || [ -e "$new$file" ]
    checked "$file" "$new$file" || fail "nothing was changed: $file would not be valid"
  fi
done < <(files)
echo "Then:"
declare -f act | sed '1,2d;$d'
if [ "${1:-}" != --yes ]; then
  { : < /dev/tty; } 2> /dev/null || fail "nothing was changed: there is no terminal to ask on (--yes: without asking)"
  read -rp "Go on? [y/N] " answer < /dev/tty
  [ "$answer" = y ] || fail "nothing was changed"
fi

mkdir -p /var/backups
mkdir -m 700 "$kept"
copies "$kept/files"
files > "$kept/list"
trap 'rm -rf "$new"; echo "it ended early; to go back: bash $0 undo" >&2' EXIT
while IFS= read -r file; do
  if [ -e "$new$file" ] && ! cmp -s "$file" "$new$file"; then puts "$new" "$file"; fi
done < <(files)
if grep -q /postgresql/ "$kept/list" && [ -n "$(postgres_errors)" ]; then
  postgres_errors
  undo
  fail "PostgreSQL does not take the changed file; it is as before"
fi
act
trap 'rm -rf "$new"' EXIT
echo "The commands were run. To go back: bash $0 undo"
if [ "$left_count" -gt 0 ]; then
  echo "To be done by hand:"
  left
fi
if command -v clipcheck > /dev/null; then clipcheck all -q; else echo "Now run: clipcheck all"; fi
