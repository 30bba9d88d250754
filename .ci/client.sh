#!/usr/bin/env bash
# Builds @latchkey/client and the example that uses it, and checks the sizes that are promised, and that the types of the
# API fit the OpenAPI document. Needs dist/openapi.json: npm run openapi.
set -euo pipefail
cd "$(dirname "$0")/.."

node packages/client/build.mjs
node packages/client/size.mjs
node packages/client/types.mjs --check
echo 'ok  the types of the API are those of the OpenAPI document'
npm run --silent build -w @latchkey/example-react
echo 'ok  the example for React builds'
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
npm pack --silent --pack-destination "$folder" -w @latchkey/client >/dev/null
listing=$(tar -tzf "$folder"/*.tgz)
grep -qx package/dist/index.d.ts <<<"$listing"
if grep -E '^package/(src|test)/' <<<"$listing"; then exit 1; fi
echo 'ok  the package has what it is built into, and no sources'
