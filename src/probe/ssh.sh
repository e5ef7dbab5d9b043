# What `all --ssh` runs on the other host, as the one argument of `sh -c` within single quotes: therefore it has no single
# quote and no backslash. Standard input is three lines (the system that the program is built for, its size, and its
# arguments as words of this shell), then the program. What it says begins with `clipcheck-there: `; behind
# `clipcheck-there: snapshot` the program itself speaks. $1 is `sudo`, or nothing.
umask 077
say() { echo "clipcheck-there: $*"; }
folder=
gone() { if [ -n "$folder" ]; then rm -rf -- "$folder"; fi; }
trap gone EXIT
trap "exit 1" HUP INT PIPE TERM
sudo=$1
IFS= read -r built && IFS= read -r size && IFS= read -r words || exit 1
system=$(uname -s -m)
if [ "$system" != "$built" ]; then say "system $system"; exit; fi
# A private folder, where a program may be executed: /tmp is often mounted noexec.
for place in /tmp /var/tmp "${HOME:-/root}" /dev/shm; do
  folder=$(mktemp -d "$place/.clipcheck-copy-XXXXXXXXXX" 2> /dev/null) || { folder=; continue; }
  copy=$folder/.clipcheck-copy
  { echo "#!/bin/sh" > "$copy" && chmod 700 "$copy" && "$copy"; } 2> /dev/null && break
  gone
  folder=
done
if [ -z "$folder" ]; then say no-folder; exit; fi
# A connection that is lost is not noticed here for hours.
timeout 60 cat > "$copy" 2> /dev/null
if [ "$(wc -c < "$copy")" -ne "$size" ]; then say incomplete; exit; fi
if ! "$copy" --version > /dev/null 2>&1; then say does-not-start; exit; fi
as=
if [ "$sudo" = sudo ] && [ "$(id -u)" != 0 ]; then
  as="sudo -n --"
  if ! $as "$copy" --version > /dev/null 2>&1; then say no-sudo; exit; fi
fi
eval "set -- $words"
say snapshot
$as "$copy" snapshot --remove-own-copy "$@" < /dev/null
