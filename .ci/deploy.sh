#!/usr/bin/env bash
# Tries what deploy/ and the Dockerfile promise, without a container: builds in an empty folder from what .dockerignore
# lets through, with no install script of any package, starts it as the image does, registers and logs in; asks HAProxy
# and, where it is there, systemd whether they can read their files; and grows behind the real HAProxy.
set -euo pipefail
cd "$(dirname "$0")/.."

folder=$(mktemp -d)
service=

finish() {
  local status=$?
  if [ -n "$service" ]; then kill -9 "$service" 2>/dev/null || true; fi
  if [ "$status" -ne 0 ]; then tail -n 15 "$folder"/*.log || true; fi
  rm -rf "$folder"
}
trap finish EXIT

ok() {
  echo "ok $1"
}

# Asks quietly, and ends with an error when the answer is one: ask PATH [curl options]
ask() {
  curl -sf -m 60 -o /dev/null "${@:2}" "http://127.0.0.1:$PORT$1"
}

image=$folder/image
mkdir "$image"
sed -n 's/^!//p' .dockerignore | xargs cp -r -t "$image"
(
  cd "$image"
  npm ci --ignore-scripts --prefer-offline --no-audit --no-fund
  npm run build
  npm prune --omit=dev --ignore-scripts --no-audit --no-fund
) >"$folder/build.log" 2>&1
rm -r "$image"/{src,plugins,routes,commands,sql}
ok 'an image builds with --ignore-scripts'

command=$(sed -n 's/^CMD //p' Dockerfile | node -p 'JSON.parse(fs.readFileSync(0, "utf8")).join(" ")')
[ "$(node -p 'require("./package.json").scripts.start')" = "exec $command" ]
grep -qx "ExecStart=/usr/bin/$command" deploy/latchkey@.service
ok "the image and systemd start it as npm does: $command"

PORT=$(node -e 'const s = net.createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close() })')
cd "$image"
# shellcheck disable=SC2086 # It is several words.
env -i PATH="$PATH" PORT="$PORT" DATA_DIR="$folder/data" $command >"$folder/service.log" 2>&1 &
service=$!
cd - >/dev/null
timeout 150 bash -c "until curl -sf -m 5 -o /dev/null http://127.0.0.1:$PORT/health/ready; do kill -0 $service; sleep 0.2; done"
account=(-H 'content-type: application/json' -d '{"username": "image", "password": "correct horse battery staple"}')
ask /register "${account[@]}"
ask /login "${account[@]}"
kill -TERM "$service"
wait "$service"
service=
ok 'what is in it starts, registers, logs in, and ends with 0'

haproxy -c -f deploy/haproxy.cfg >"$folder/haproxy.log" 2>&1
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=auth.example.com \
  -keyout "$folder/key" -out "$folder/certificate" 2>"$folder/openssl.log"
cat "$folder/certificate" "$folder/key" >"$folder/both"
HAPROXY_CERTIFICATE=$folder/both haproxy -c -f deploy/haproxy.cfg >"$folder/haproxy.log" 2>&1
ok 'HAProxy takes its configuration, with TLS and without'

if command -v systemd-analyze >/dev/null && [ -x /usr/bin/node ]; then
  cp deploy/latchkey@.service "$folder/latchkey@3001.service"
  systemd-analyze verify --man=no "$folder/latchkey@3001.service" >"$folder/systemd.log" 2>&1
  ok 'systemd takes the unit'
fi

npm run --silent build
node --import tsx bench/growing.ts --instances 2
