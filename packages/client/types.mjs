/**
 * Makes src/document.ts, the types of the API, of the OpenAPI document of the service.
 *
 *   npm run openapi && node packages/client/types.mjs [--check]
 *
 * With --check it changes nothing, and fails if the types are out of date.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import openapiTS, { astToString } from 'openapi-typescript'

const source = new URL('../../dist/openapi.json', import.meta.url)
const target = new URL('src/document.ts', import.meta.url)

const document = JSON.parse(readFileSync(source, 'utf8'))
const header = '// Made by `npm run types` of the OpenAPI document of the service. Do not edit.\n\n'
const types = header + astToString(await openapiTS(document))
if (!process.argv.includes('--check')) {
  writeFileSync(target, types)
} else if (readFileSync(target, 'utf8') !== types) {
  process.stderr.write('packages/client/src/document.ts is out of date: npm run types -w @latchkey/client\n')
  process.exitCode = 1
}
