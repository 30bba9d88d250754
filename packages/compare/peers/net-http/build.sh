#!/bin/sh
# build.sh FILE: builds the program from Debian's packages where they are installed, and otherwise from the modules of
# go.mod.
set -eu
cd "$(dirname "$0")"
debian=/usr/share/gocode
[ -d "$debian/src/github.com/jackc/pgx/v4" ] || exec go build -mod=mod -trimpath -o "$1" .

# Without modules, imports are paths below GOPATH, and Debian installs golang-jwt without its /v4.
overlay=$(mktemp -d)
trap 'rm -rf "$overlay"' EXIT
mkdir -p "$overlay/src/github.com/golang-jwt/jwt"
ln -s "$debian/src/github.com/golang-jwt/jwt" "$overlay/src/github.com/golang-jwt/jwt/v4"
GO111MODULE=off GOPATH="$overlay:$debian" go build -trimpath -o "$1" .
