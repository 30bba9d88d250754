#!/usr/bin/env bash
# Starts the built service as a user would, with `npm start` and an embedded database in a folder of its own, and asks
# it the questions that matter: does it answer, does it keep what it promised through a restart and a kill -9, does
# it stop when it is told to. Every wait is bounded.
set -euo pipefail
# Each npm gets a process group of its own, so that nothing of it can outlive this script.
set -m
cd "$(dirname "$0")/.."

folder=$(mktemp -d)
PORT=${SMOKE_PORT:-$(node -e 'const s = net.createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close() })')}
base=http://127.0.0.1:$PORT
npm=
passed=0

# Set even when empty, so that no .env of this folder has a say.
export PORT HOST=127.0.0.1 DATA_DIR=$folder/data LOG_LEVEL=info
export DATABASE_URL= SECRET_KEY= PUBLIC_URL= AUDIENCE= TRUSTED_PROXIES= CORS_ORIGINS= METRICS_KEY=

finish() {
  local status=$?
  if [ -n "$npm" ]; then kill -9 -- "-$npm" 2>/dev/null || true; fi
  if [ "$status" -ne 0 ]; then
    echo 'the log of the service:'
    tail -n 40 "$folder/log" || true
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

# The server's own process, as its lock file names it.
server() {
  node -p 'JSON.parse(fs.readFileSync(process.env.DATA_DIR + "/lock", "utf8")).pid' 2>/dev/null || true
}

start() {
  npm start >>"$folder/log" 2>&1 &
  npm=$!
  local end=$((SECONDS + 120))
  until curl -sf -m 5 -o /dev/null "$base/health/ready"; do
    kill -0 "$npm" 2>/dev/null || fail 'npm start ended before the service was ready'
    [ "$SECONDS" -lt "$end" ] || fail 'the service was not ready within 120 s'
    sleep 0.2
  done
}

# Waits until a process has gone: gone PID SECONDS
gone() {
  timeout "$2" tail --pid="$1" -s 0.1 -f /dev/null
}

# Asks, and expects a status: expect STATUS METHOD PATH [curl options]. What was answered is in $folder/answer.
expect() {
  local status
  status=$(curl -s -m 20 -o "$folder/answer" -w '%{http_code}' -X "$2" "${@:4}" "$base$3") || true
  [ "$status" = "$1" ] || fail "$2 $3 answered $status instead of $1: $(cat "$folder/answer")"
}

login() {
  expect 200 POST /login "${json[@]}" -d "$account"
  token=$(node -p 'JSON.parse(fs.readFileSync(process.argv[1], "utf8")).access_token' "$folder/answer")
}

json=(-H 'content-type: application/json')
account='{"username": "smoke", "password": "correct horse battery staple"}'

start
ok 'npm start is ready'
expect 201 POST /register "${json[@]}" -d "$account"
ok 'an account is registered'
login
ok 'it logs in'
expect 200 GET /secret -H "authorization: Bearer $token"
grep -q smoke "$folder/answer" || fail '/secret does not name the user'
ok '/secret opens to the token'
expect 401 GET /secret
ok '/secret stays shut without one'

pid=$(server)
began=$SECONDS
kill -TERM "$npm"
gone "$npm" 12 || fail 'npm did not end within 12 s of SIGTERM'
status=0
wait "$npm" || status=$?
[ "$status" -eq 0 ] || fail "npm ended with $status after SIGTERM"
ok "SIGTERM to npm ends it with 0 ($((SECONDS - began)) s)"
gone "$pid" 2 || fail "process $pid was left behind"
[ ! -e "$DATA_DIR/lock" ] || fail 'the lock of the folder was left behind'
ok 'nothing is left behind'

start
login
expect 200 GET /secret -H "authorization: Bearer $token"
ok 'a restart keeps the account'

earlier=$token
expect 201 POST /register "${json[@]}" -d '{"username": "last", "password": "correct horse battery staple"}'
kill -9 "$(server)"
gone "$npm" 12 || fail 'npm did not end after kill -9 of the service'
{ wait "$npm" || true; } 2>/dev/null
start
account='{"username": "last", "password": "correct horse battery staple"}' login
expect 200 GET /secret -H "authorization: Bearer $earlier"
ok 'kill -9 and a restart keep the account, and the key of an earlier token'

kill -TERM "$npm"
gone "$npm" 12 || fail 'npm did not end within 12 s of SIGTERM'
wait "$npm" || fail 'npm did not end with 0'
npm=
ok 'it stops once more'

timeout 60 npm run --silent migrate >"$folder/answer" 2>&1 || fail "npm run migrate: $(cat "$folder/answer")"
grep -qx 'the schema is up to date' "$folder/answer" || fail "npm run migrate said: $(cat "$folder/answer")"
ok 'npm run migrate finds the schema up to date'

if PORT=none timeout 60 npm run --silent start >"$folder/answer" 2>&1; then fail 'a PORT that is none was taken'; fi
grep -q 'PORT must be a port from 1 to 65535' "$folder/answer" || fail "a bad start said: $(cat "$folder/answer")"
ok 'a bad configuration ends the start with what to mend'

echo "# { total: $passed, pass: $passed }"
