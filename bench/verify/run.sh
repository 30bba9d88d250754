#!/bin/bash
# Runs the snippets of docs/verifying-tokens.md, in TypeScript, Python and Go, against the service at
# http://127.0.0.1:3000. Each must accept an access token, and refuse the same token with its last character but one
# changed, and a refresh token.
#
# Needs python3 with PyJWT and cryptography (Debian: python3-jwt python3-cryptography), and Go with go-oidc: as a module,
# or, without a module proxy, from Debian's golang-github-coreos-go-oidc-dev, which has the same functions.
set -eu
cd "$(dirname "$0")"
url=http://127.0.0.1:3000
python=${PYTHON:-/usr/bin/python3}

post() { curl -sf "$url$1" -H 'content-type: application/json' -d "$2"; }
field() { node -pe "JSON.parse(require('fs').readFileSync(0)).$1"; }
name=verify.$RANDOM$RANDOM
post /register "{\"username\": \"$name\", \"password\": \"correct horse battery staple\"}" >/dev/null
tokens=$(post /login "{\"username\": \"$name\", \"password\": \"correct horse battery staple\"}")
token=$(field access_token <<<"$tokens")
forged=${token%??}$([ "${token: -2:1}" = A ] && echo B || echo A)${token: -1}

build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT
debian=/usr/share/gocode/src/github.com/coreos/go-oidc
if [ -d "$debian" ]; then
  mkdir -p "$build/src/github.com/coreos/go-oidc/v3"
  ln -s "$debian" "$build/src/github.com/coreos/go-oidc/v3/oidc"
  GO111MODULE=off GOPATH="$build:/usr/share/gocode" GOCACHE="$build/cache" go build -o "$build/verify" .
else
  cp ./*.go "$build" && (cd "$build" && go mod init verify && go mod tidy && go build -o verify .)
fi

typescript() { node --import tsx --input-type=module -e "const { verify } = await import('./verify.ts'); await verify('$1')" 2>/dev/null; }
python() { "$python" -c "import sys; sys.dont_write_bytecode = True; import verify; verify.verify('$1')" 2>/dev/null; }
go_() { "$build/verify" "$1" >/dev/null 2>&1; }

for language in typescript python go_; do
  $language "$token" || { echo "$language refuses a good token"; exit 1; }
  for bad in "$forged" "$(field refresh_token <<<"$tokens")" ''; do
    if $language "$bad"; then echo "$language takes a bad token"; exit 1; fi
  done
  echo "ok ${language%_}"
done
