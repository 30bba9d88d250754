#!/usr/bin/env bash
# Packs the service and the packages that are published, installs the tarballs into an empty folder like a user, and
# tries what they are for: `npx latchkey start` and `doctor`, the plugin, the verifier and the client. Needs a build.
set -euo pipefail
cd "$(dirname "$0")/.."

project=$PWD
folder=$(mktemp -d)
service=

finish() {
  local status=$?
  if [ -n "$service" ]; then kill -9 -- "-$service" 2>/dev/null || true; fi
  if [ "$status" -ne 0 ]; then tail -n 20 "$folder"/*.log || true; fi
  rm -rf "$folder"
}
trap finish EXIT

ok() {
  echo "ok $1"
}

# Whether a package is for the registry, and built.
is_published() {
  node -e 'const { private: own, exports: entries } = require(path.resolve(process.argv[1], "package.json"));
    process.exit(own || !entries ? 1 : 0)' "$1"
}

mkdir "$folder/tarballs" "$folder/app"
packages=(.)
for package in packages/*; do
  if is_published "$package"; then packages+=("./$package"); fi
done
for package in "${packages[@]}"; do
  npm pack "$package" --silent --pack-destination "$folder/tarballs" >>"$folder/pack.log" 2>&1
done
listing=$(tar tzf "$folder"/tarballs/latchkey-[0-9]*.tgz)
if grep -E '(^|/)(\.env|\.git|data|test|node_modules)(/|$)|\.map$|\.test\.' <<<"$listing"; then
  echo 'these do not belong into the tarball'
  exit 1
fi
ok "packed: $(cd "$folder/tarballs" && du -k -- * | awk '{ print $2 " " $1 " KB" }' | paste -sd, | sed 's/,/, /g')"

export HOST=127.0.0.1 LOG_LEVEL=info
export DATABASE_URL= SECRET_KEY= PUBLIC_URL= AUDIENCE= TRUSTED_PROXIES= CORS_ORIGINS= METRICS_KEY= NODE_ENV=
PORT=$(node -e 'const s = net.createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close() })')
export PORT
cd "$folder/app"
echo '{ "private": true, "type": "module" }' >package.json
npm install --ignore-scripts --no-audit --no-fund --prefer-offline ../tarballs/*.tgz >../install.log 2>&1
ok "installed without install scripts: $(du -sm node_modules | cut -f1) MB"

npx --no-install latchkey doctor >../doctor.log 2>&1
ok 'npx latchkey doctor finds nothing wrong'

# A group of its own, so that npx and the service both get the signal, as from a terminal.
set -m
npx --no-install latchkey start >../start.log 2>&1 &
service=$!
set +m
timeout 150 bash -c "until curl -sf -m 5 -o /dev/null http://127.0.0.1:$PORT/health/ready; do kill -0 $service; sleep 0.2; done"
curl -sf -m 30 -o /dev/null "http://127.0.0.1:$PORT/register" -H 'content-type: application/json' \
  -d '{"username": "ada", "password": "correct horse battery staple"}'
curl -sf -m 30 -o /dev/null "http://127.0.0.1:$PORT/console"
ok 'npx latchkey start registers a user, and has the console'

# Says whether a module can be imported, and has these names: imports MODULE NAME…
imports() {
  node --input-type=module -e 'const [name, ...names] = process.argv.slice(1)
    const module = await import(name)
    const missing = names.filter((each) => module[each] === undefined)
    if (missing.length > 0) throw new Error(`${name} has no ${missing}`)' "$@"
  ok "$1 can be imported"
}

imports latchkey/server-options serverOptions
if [ -d node_modules/@latchkey/verify ]; then
  imports @latchkey/verify createVerifier
  ISSUER="http://127.0.0.1:$PORT" node --input-type=module -e '
    import { createVerifier } from "@latchkey/verify"
    const issuer = process.env.ISSUER
    const response = await fetch(`${issuer}/login`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ username: "ada", password: "correct horse battery staple" })
    })
    const { access_token } = await response.json()
    const claims = await createVerifier({ issuer }).verify(access_token)
    if (claims.preferred_username !== "ada") throw new Error(JSON.stringify(claims))'
  ok 'the verifier accepts a token of the service'
fi
if [ -d node_modules/@latchkey/client ]; then
  imports @latchkey/client createSession
  imports @latchkey/client/api createApi
fi

# npx may end before the service, which finishes what is in flight.
server=$(node -p 'JSON.parse(fs.readFileSync("data/lock", "utf8")).pid')
kill -- "-$service"
timeout 15 bash -c "while kill -0 $server 2>/dev/null; do sleep 0.1; done"
service=
if [ -s data/lock ]; then
  echo 'the service left its lock'
  exit 1
fi
ok 'SIGTERM stops it, and it gives up its database'

# The code of the page, as TypeScript of a user: its types must be in the packages.
sed -n '/^```ts$/,/^```$/p' "$project/docs/plugin.md" | sed '1d;$d' | sed "s#localhost:3000#127.0.0.1:$PORT#; s/port: 3000/port: Number(process.env.PORT)/" >plugin.ts
[ -s plugin.ts ]
cat >server.ts <<'TS'
import Fastify from 'fastify'
import { serverOptions } from 'latchkey/server-options'

Fastify({ ...serverOptions, logger: false })
TS
"$project/node_modules/.bin/tsc" --strict --exactOptionalPropertyTypes --skipLibCheck --target es2022 --module nodenext \
  --types node --typeRoots "$project/node_modules/@types" --rootDir . --outDir out plugin.ts server.ts
ok 'the code of docs/plugin.md compiles'
node out/plugin.js >../plugin.log 2>&1 &
service=$!
timeout 60 bash -c "until curl -sf -m 5 -o /dev/null http://127.0.0.1:$PORT/auth/health/ready; do kill -0 $service; sleep 0.2; done"
[ "$(curl -s -m 10 -o /dev/null -w '%{http_code}' "http://127.0.0.1:$PORT/hello")" = 401 ]
{ kill "$service" && wait "$service"; } 2>/dev/null || true
service=
ok 'and runs'
