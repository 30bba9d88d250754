#!/usr/bin/env bash
# Starts the built service like a user, with `npm start` and an embedded database in a directory of its own, and checks
# that it answers, that acknowledged writes survive a restart and a kill -9, and that it stops on request. Every wait is
# bounded.
set -euo pipefail
# Each npm gets a process group of its own, so that none of its processes outlives this script.
set -m
cd "$(dirname "$0")/.."

# A blank value counts as unset, so that settings missing here would come from a .env.
if [ -e .env ]; then
  echo 'there is a .env in this directory, which would apply: move it away'
  exit 1
fi

folder=$(mktemp -d)
PORT=${SMOKE_PORT:-$(node -e 'const s = net.createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close() })')}
base=http://127.0.0.1:$PORT
npm=
passed=0

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

# The process of the server, from its lock file.
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

# Waits until a process has exited: gone PID SECONDS
gone() {
  timeout "$2" tail --pid="$1" -s 0.1 -f /dev/null
}

# Sends a request and checks the status: expect STATUS METHOD PATH [curl options]. The answer is in $folder/answer.
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
.ci/readme-session.sh "$base" >"$folder/answer" || fail "the session of the README: $(cat "$folder/answer")"
ok 'the session of the README runs as it stands there'

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

if PORT=none timeout 60 npm run --silent start >"$folder/answer" 2>&1; then fail 'an invalid PORT was accepted'; fi
grep -q 'PORT must be a port from 1 to 65535' "$folder/answer" || fail "a bad start said: $(cat "$folder/answer")"
ok 'an invalid configuration stops the start with a message that says how to fix it'

# Configuration that exists and cannot be applied stops the start and every command.
mkdir "$folder/odd"
refuses() {
  for program in server migrate latchkey; do
    if (cd "$folder/odd" && timeout 120 node "$OLDPWD/dist/src/$program.js" keys list) >"$folder/answer" 2>&1; then
      fail "$program starts beside a .env that is $1"
    fi
    grep -qF "$folder/odd/.env" "$folder/answer" || fail "$program says of a .env that is $1: $(cat "$folder/answer")"
  done
  [ ! -e "$DATA_DIR" ] || fail "a .env that is $1 does not keep a database from being made"
  rm -r "$folder/odd/.env"
}
DATA_DIR=$folder/none
mkdir "$folder/odd/.env" && refuses 'a folder'
ln -s .env "$folder/odd/.env" && refuses 'a link to itself'
printf '\xff\xfeP\0O\0' >"$folder/odd/.env" && refuses 'in UTF-16'
printf 'DATABASE_URL="x\n' >"$folder/odd/.env" && refuses 'cut short'
printf 'DATABSE_URL=x\n' >"$folder/odd/.env" && refuses 'misspelt'
printf '\xef\xbb\xbfMETRICS_KEY=short\n' >"$folder/odd/.env"
if (cd "$folder/odd" && unset METRICS_KEY && node "$OLDPWD/dist/src/server.js") >"$folder/answer" 2>&1; then fail 'METRICS_KEY was passed over'; fi
grep -q METRICS_KEY "$folder/answer" || fail "behind a byte order mark: $(cat "$folder/answer")"
ok 'a .env that cannot be applied ends the start and the commands'

DATA_DIR=/proc/nope
if timeout 120 node dist/src/server.js >"$folder/answer" 2>&1; then fail 'a DATA_DIR that cannot be made was taken'; fi
grep -q 'DATA_DIR /proc/nope cannot be created' "$folder/answer" || fail "of /proc/nope: $(cat "$folder/answer")"
ok 'so does a DATA_DIR that cannot be made'

DATA_DIR=$folder/data
[ -z "$(find "$DATA_DIR" -perm /077)" ] || fail "others can read $(find "$DATA_DIR" -perm /077 | head -3)"
chmod -R a+rX "$DATA_DIR"
if command -v script >/dev/null; then
  timeout 200 script -qec 'npm start' /dev/null >"$folder/terminal" 2>&1 </dev/null &
  npm=$!
  for _ in $(seq 600); do
    if curl -sf -m 5 -o /dev/null "$base/health/ready"; then break; fi
    sleep 0.2
  done
  [ -z "$(find "$DATA_DIR" -perm /077)" ] || fail "the start left open: $(find "$DATA_DIR" -perm /077 | head -3)"
  kill -TERM "$(server)"
  gone "$npm" 30 || fail 'npm on a terminal did not end'
  npm=
  grep -q "Latchkey listens at $base" "$folder/terminal" || fail "a terminal was told: $(cat "$folder/terminal")"
  if grep -q '{"level"' "$folder/terminal"; then fail 'a terminal was shown JSON'; fi
  ok 'a terminal is greeted, and an open folder closed'

  script -qec 'exec node dist/src/server.js' /dev/null >"$folder/terminal" 2>&1 </dev/null &
  npm=$!
  for _ in $(seq 600); do
    if curl -sf -m 5 -o /dev/null "$base/health/ready"; then break; fi
    sleep 0.2
  done
  pid=$(server)
  [ -n "$pid" ] || fail "the service did not start on a terminal: $(cat "$folder/terminal")"
  kill -9 "$npm"
  { wait "$npm" || true; } 2>/dev/null
  npm=
  gone "$pid" 30 || { kill -9 "$pid"; fail "process $pid outlived its terminal"; }
  ok 'it ends with its terminal'
fi

timeout 300 node --import tsx bench/settings.ts || fail 'a setting does not work'
ok 'every setting works'

echo "# { total: $passed, pass: $passed }"
