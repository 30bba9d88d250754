#!/usr/bin/env bash
# Runs the session of the README verbatim in each installed shell, and compares the output with the README. Argument:
# the URL of a service without accounts. Of values that differ between runs (ids, times, tokens), only the positions are
# compared.
set -euo pipefail
cd "$(dirname "$0")/.."

# The first block of a language in the section "A session".
block() {
  sed -n '/^## A session$/,/^## /p' README.md | sed -n "/^\`\`\`$1\$/,/^\`\`\`\$/p" | sed '1d;$d'
}

# Replaces values that differ between runs by a placeholder.
steady() {
  sed -E 's/"(id|created_at|access_token|refresh_token)":"[^"]+"/"\1":"…"/g'
}

[ "$(block sh | wc -l)" -gt 5 ] || { echo 'the README has no session'; exit 1; }
expected=$(block json | steady)
number=0
for shell in sh bash dash zsh ksh busybox; do
  command -v "$shell" >/dev/null || continue
  number=$((number + 1))
  # Each shell registers a user of its own.
  [ "$shell" = busybox ] && shell='busybox sh'
  session=$(block sh | sed "s#http://127.0.0.1:3000#$1#; s/ada/ada$number/g")
  printed=$($shell -c "$session" | steady | sed "s/ada$number/ada/g")
  if [ "$printed" != "$expected" ]; then
    echo "in $shell the session of the README prints:"
    diff <(echo "$expected") <(echo "$printed") || true
    exit 1
  fi
  echo "ok $shell runs the session of the README"
done
