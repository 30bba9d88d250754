#!/usr/bin/env bash
# Compares Latchkey with its peers in Python and Go, briefly: each has to be built from Debian's packages, keep the core
# of the contract in its dialect, and be measured.
set -euo pipefail
cd "$(dirname "$0")/.."
unset TEST_DATABASE_URL

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

packages=(
  python3-fastapi python3-uvicorn python3-uvloop python3-httptools python3-asyncpg python3-bcrypt python3-jwt
  python3-email-validator
  golang-go golang-github-jackc-pgx-v4-dev golang-github-golang-jwt-jwt-dev golang-golang-x-crypto-dev
  golang-golang-x-text-dev
)
if ! dpkg-query -W "${packages[@]}" >/dev/null 2>&1; then
  as_root apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}"
fi

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# Each is checked against the core of the contract first. Exit code 1: one does not keep it.
npm run --silent compare -- --peers --rounds 1 --seconds 1 --connections 10 --clients 2 --storm 4 --retries 0 \
  --json "$scratch/result.json" --html "$scratch/result.html" --svg "$scratch/result.svg"

node --input-type=module - "$scratch/result.json" <<'JS'
import { readFileSync } from 'node:fs'
const { targets, figures } = JSON.parse(readFileSync(process.argv[2], 'utf8'))
const all = ['latchkey', 'fastapi', 'net-http']
const left = all.filter((name) => !targets.some((target) => target.name === name && figures.startUp[name]?.length))
if (left.length > 0) throw new Error(`not compared: ${left}`)
for (const { name, contract } of targets) console.log(`${name} ${contract}`)
JS
