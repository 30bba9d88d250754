#!/usr/bin/env bash
# Runs the code of docs/verifying-tokens.md and of the README of @latchkey/verify as it stands there, against the built
# service: the package as it would be published, Python and Go. Each must accept a token of the service, and refuse a
# forged one, a refresh token and none. Every wait is bounded.
#
# Needs python3 with PyJWT and cryptography, and Go with golang-jwt: in Debian python3-jwt, python3-cryptography, golang-go
# and golang-github-golang-jwt-jwt-dev, which has the library as a source, so that no module proxy is needed.
set -euo pipefail
cd "$(dirname "$0")/.."

folder=$(mktemp -d)
python=${PYTHON:-/usr/bin/python3}
gosource=/usr/share/gocode/src/github.com/golang-jwt/jwt
processes=()
passed=0

export HOST=127.0.0.1 DATA_DIR=$folder/data LOG_LEVEL=info GOTOOLCHAIN=local
export DATABASE_URL= SECRET_KEY= PUBLIC_URL= AUDIENCE= TRUSTED_PROXIES= CORS_ORIGINS= METRICS_KEY=

finish() {
  local status=$?
  { for process in "${processes[@]}"; do kill -9 "$process" && wait "$process"; done; } 2>/dev/null || true
  if [ "$status" -ne 0 ]; then
    tail -n 20 "$folder"/*.log 2>/dev/null || true
    echo "# { total: $((passed + 1)), pass: $passed, fail: 1 }"
  fi
  rm -rf "$folder"
}
trap finish EXIT

ok() {
  passed=$((passed + 1))
  echo "ok $passed - $1"
}

fail() {
  echo "not ok $((passed + 1)) - $1"
  exit 1
}

free_port() {
  node -e 'const s = net.createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close() })'
}

# Waits until an address answers, whatever it says: up URL PROCESS WHAT
up() {
  local end=$((SECONDS + 120))
  until curl -s -m 5 -o /dev/null "$1"; do
    kill -0 "$2" 2>/dev/null || fail "$3 ended before it listened"
    [ "$SECONDS" -lt "$end" ] || fail "$3 did not listen within 120 s"
    sleep 0.2
  done
}

# The code of a language below a heading of a page, with the address of the service: block FILE HEADING LANGUAGE
block() {
  sed -n "/^## $2\$/,/^## /p" "$1" | sed -n "/^\`\`\`$3\$/,/^\`\`\`\$/p" | sed '1d;$d' |
    sed "s#http://127.0.0.1:3000#$base#" | grep . || fail "$1 has no code below $2"
}

post() { curl -sf -m 20 "$base$1" -H 'content-type: application/json' -d "$2"; }
field() { node -pe "JSON.parse(fs.readFileSync(0, 'utf8')).$1"; }

PORT=$(free_port)
export PORT
base=http://127.0.0.1:$PORT

node dist/src/server.js >"$folder/service.log" 2>&1 &
processes+=($!)
up "$base/health/ready" $! 'the service'

# bob has no role. ada becomes the first administrator, which the log of a new service has a link for, and an editor.
password='correct horse battery staple'
setup=$(grep -o 'setup=[A-Za-z0-9_-]*' "$folder/service.log" | head -n 1) || fail 'the log has no link for an administrator'
user=$(post /admin/setup "{\"token\": \"${setup#setup=}\", \"username\": \"ada\", \"password\": \"$password\"}" | field id)
sign_in() { post /login "{\"username\": \"$1\", \"password\": \"$password\"}"; }
editor=$(sign_in ada | field access_token)
curl -sf -m 20 -o /dev/null -X PATCH "$base/admin/users/$user" -H "authorization: Bearer $editor" \
  -H 'content-type: application/json' -d '{"roles": ["admin", "editor"]}' || fail 'giving a role'
editor=$(sign_in ada | field access_token)
post /register "{\"username\": \"bob\", \"password\": \"$password\"}" >/dev/null
tokens=$(sign_in bob)
token=$(field access_token <<<"$tokens")
refresh=$(field refresh_token <<<"$tokens")
forged=${token%??}$([ "${token: -2:1}" = A ] && echo B || echo A)${token: -1}

# The package as npm would install it; what it depends on is that of this project.
app=$folder/app
mkdir -p "$app/node_modules/@latchkey/verify"
ln -s "$PWD/node_modules" "$folder/node_modules"
timeout 100 npm pack --silent -w @latchkey/verify --pack-destination "$folder" >"$folder/pack.log" 2>&1
tar -xzf "$folder"/latchkey-verify-*.tgz -C "$app/node_modules/@latchkey/verify" --strip-components 1
echo '{ "type": "module" }' >"$app/package.json"
cat >"$app/tsconfig.json" <<'JSON'
{
  "compilerOptions": {
    "target": "es2022",
    "module": "nodenext",
    "strict": true,
    "exactOptionalPropertyTypes": true,
    "skipLibCheck": true,
    "types": ["node"],
    "rootDir": ".",
    "outDir": "out"
  },
  "include": ["*.ts"]
}
JSON
readme=packages/verify/README.md
fastify_port=$(free_port)
express_port=$(free_port)
hono_port=$(free_port)
block docs/verifying-tokens.md Node ts | sed "s/8080/$fastify_port/" >"$app/fastify.ts"
[ "$(block docs/verifying-tokens.md Node ts)" = "$(block "$readme" Fastify ts)" ] ||
  fail "docs/verifying-tokens.md and $readme differ"
block "$readme" Express ts | sed "s/8080/$express_port/" >"$app/express.ts"
block "$readme" Hono ts >"$app/hono.ts"
block "$readme" 'Anything else' ts >"$app/anything.ts"
timeout 100 node_modules/.bin/tsc -p "$app" || fail 'the types of the package'
ok 'the package is packed, and its examples typecheck against it'

# Serves an application of Hono: on Node that takes @hono/node-server, which has nothing to do with tokens.
cat >"$app/out/serve-hono.js" <<'JS'
import { createServer } from 'node:http'
import app from './hono.js'

createServer(async ({ url, headers }, response) => {
  const answer = await app.fetch(new Request(`http://127.0.0.1${url}`, { headers }))
  response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(await answer.text())
}).listen(process.argv[2], '127.0.0.1')
JS

# Requests a path and checks status and body: expect PORT STATUS CONTENT PATH [TOKEN]
expect() {
  local answer
  answer=$(curl -s -m 20 -w ' %{http_code}' "http://127.0.0.1:$1$4" ${5:+-H "authorization: Bearer $5"})
  [[ $answer == *"$3"*" $2" ]] || fail "$4 answered $answer instead of $2 $3"
}

for server in "fastify $fastify_port" "express $express_port" "serve-hono $hono_port"; do
  read -r name port <<<"$server"
  (cd "$app" && exec node "out/$name.js" "$port") >"$folder/$name.log" 2>&1 &
  processes+=($!)
  up "http://127.0.0.1:$port" $! "$name"
  expect "$port" 200 '{"id":"' /me "$token"
  expect "$port" 401 TOKEN_MISSING /me
  expect "$port" 401 TOKEN_INVALID /me "$forged"
  expect "$port" 401 TOKEN_INVALID /me "$refresh"
  expect "$port" 403 FORBIDDEN /drafts "$token"
  expect "$port" 200 '{"drafts":[]}' /drafts "$editor"
  ok "the example for ${name#serve-}"
done

# What the other examples say of a token: whether they accept it, by their exit code.
anything() {
  (cd "$app" && timeout 20 node -e "import('./out/anything.js').then(async ({ answer }) => process.exit((await answer('Bearer $1'))[0] === 200 ? 0 : 1))")
}
python() { (cd "$app" && timeout 20 "$python" -c "import verify; verify.verify('$1')"); }
golang() { timeout 20 "$folder/go-verify" "$1"; }

block docs/verifying-tokens.md Python python >"$app/verify.py"

mkdir -p "$folder/go/src/verify"
{
  echo 'package main'
  block docs/verifying-tokens.md Go go
} >"$folder/go/src/verify/verify.go"
cat >"$folder/go/src/verify/main.go" <<'GO'
package main

import (
	"fmt"
	"os"
)

func main() {
	claims, err := Verify(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(claims.Subject, claims.Session, claims.Username, claims.Roles)
}
GO
if [ -d "$gosource" ]; then
  mkdir -p "$folder/go/src/github.com/golang-jwt/jwt"
  ln -s "$gosource" "$folder/go/src/github.com/golang-jwt/jwt/v4"
  (cd "$folder/go/src/verify" && GO111MODULE=off GOPATH="$folder/go" timeout 200 go build -o "$folder/go-verify" .) || fail 'building the Go code'
else
  (cd "$folder/go/src/verify" && go mod init verify && timeout 100 go mod tidy && timeout 200 go build -o "$folder/go-verify" .) ||
    fail 'building the Go code'
fi

for language in anything python golang; do
  $language "$editor" >"$folder/$language.log" 2>&1 || fail "$language refuses a good token"
  for bad in "$forged" "$refresh" ''; do
    if $language "$bad" >"$folder/$language.log" 2>&1; then fail "$language accepts a bad token"; fi
  done
  ok "the code in ${language/anything/TypeScript, for anything else}"
done

echo "# { total: $passed, pass: $passed }"
