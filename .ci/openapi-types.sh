#!/usr/bin/env bash
# Generates the types of a client from dist/openapi.json, which `npm run openapi` writes, and compiles a strict program
# that handles every refusal of /login by its code.
set -euo pipefail
cd "$(dirname "$0")/.."

folder=dist/openapi-types
mkdir -p "$folder"
cp .ci/openapi-types/* "$folder"
node packages/client/node_modules/.bin/openapi-typescript dist/openapi.json --output "$folder/document.ts"
node node_modules/typescript/bin/tsc --project "$folder"
echo "types of $(wc -c <"$folder/document.ts") bytes from a document of $(node -p 'JSON.stringify(require("./dist/openapi.json")).length')"
