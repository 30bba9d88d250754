#!/usr/bin/env bash
# Checks deploy/ and the Dockerfile without a container: builds in an empty directory from the files that .dockerignore
# keeps, without install scripts of packages, starts the result as the image does, registers and logs in; lets HAProxy
# and, if installed, systemd check their configuration; and scales out behind a real HAProxy.
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

# Sends a request, and fails if the answer is an error: ask PATH [curl options]
ask() {
  curl -sf -m 60 -o /dev/null "${@:2}" "http://127.0.0.1:$PORT$1"
}

image=$folder/image
mkdir "$image"
sed -n 's/^!//p' .dockerignore | xargs cp -r --parents -t "$image"
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
grep -qx "ExecStart=/usr/bin/env PORT=%i /usr/bin/$command" deploy/latchkey@.service
ok "the image and systemd start it as npm does: $command"

# Checks of the image without a container: its user may write to DATA_DIR, and no setting is lost.
data=$(sed -nE 's/^ENV .*DATA_DIR=(\S+).*/\1/p' Dockerfile)
grep -qx "VOLUME $data" Dockerfile
grep -qx "RUN mkdir -m 700 ${data#/latchkey/} && chown node:node ${data#/latchkey/}" Dockerfile
grep -qx 'RUN ln -s /latchkey/dist/src/latchkey.js /usr/local/bin/latchkey' Dockerfile
ln -s "$image/dist/src/latchkey.js" "$folder/latchkey"
(cd "$folder" && ./latchkey --help >/dev/null)
ok 'the operator has a program in the image'
grep -qx '  env_file: .env' deploy/compose.yaml
for setting in HOST PORT DATABASE_URL TRUSTED_PROXIES; do grep -qE "^    $setting: " deploy/compose.yaml; done
for setting in HOST PORT; do grep -qx "            - name: $setting" deploy/kubernetes.yaml; done
ok 'Compose and Kubernetes pass on every setting, and keep the port'

free_port() {
  node -e 'const s = net.createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close() })'
}

# Starts as systemd does: with a PORT in the environment file, which must have no effect, and below a directory of
# another user; as another user if this is root.
PORT=$(free_port)
start=$(sed -n "s/^ExecStart=//p" deploy/latchkey@.service | sed "s/%i/$PORT/; s#/usr/bin/node#$(command -v node)#")
as=()
mkdir -m 700 "$folder/state"
if [ "$(id -u)" -eq 0 ] && id nobody >/dev/null 2>&1; then
  as=(setpriv --reuid nobody --regid "$(id -g nobody)" --clear-groups)
  chmod 755 "$folder"
  chown nobody "$folder/state"
fi
cd "$image"
# shellcheck disable=SC2086 # Splits into several words.
env -i PATH="$PATH" PORT=1 DATA_DIR="$folder/state" "${as[@]}" $start >"$folder/service.log" 2>&1 &
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

PORT=$(free_port)
env -i HAPROXY_BIND="127.0.0.1:$PORT" HAPROXY_SOCKET="$folder/admin.sock" HAPROXY_USER="$(id -un)" \
  HAPROXY_GROUP="$(id -gn)" "$(command -v haproxy)" -db -f deploy/haproxy.cfg >"$folder/requests.log" 2>&1 &
service=$!
timeout 60 bash -c "until curl -s -m 5 -o /dev/null http://127.0.0.1:$PORT/; do kill -0 $service; sleep 0.2; done"
for path in /pages/email/verify '/pages/%65mail/verify' //pages/password/reset /secret; do
  curl -s -m 60 -o /dev/null "http://127.0.0.1:$PORT$path?token=hush&x=hush#hush" -H 'authorization: Bearer hush' \
    -H 'cookie: __Host-refresh_token=hush' -H "referer: http://127.0.0.1/?token=hush" || true
done
timeout 60 bash -c "until grep -q /secret '$folder/requests.log'; do sleep 0.2; done"
grep -q 'GET /pages/email/verify HTTP' "$folder/requests.log"
if grep -q hush "$folder/requests.log"; then exit 1; fi
kill "$service"
wait "$service" || true
service=
ok 'HAProxy logs the path of a request, and no token'

if command -v systemd-analyze >/dev/null && [ -x /usr/bin/node ]; then
  cp deploy/latchkey@.service "$folder/latchkey@3001.service"
  systemd-analyze verify --man=no "$folder/latchkey@3001.service" >"$folder/systemd.log" 2>&1
  ok 'systemd takes the unit'
fi

npm run --silent build
node --import tsx bench/growing.ts --instances 2
