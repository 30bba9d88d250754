/**
 * Holds the service inside another Fastify application against the whole contract, over HTTP. The application has options,
 * hooks and handlers of its own, and leads all paths below its prefix to the service. Needs a build.
 *
 *   node .ci/plugin.mjs
 *
 * Fails for whatever does not hold, but for what the application answers by itself: `OF_THE_HOST`.
 */
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import Fastify from 'fastify'
import latchkey from 'latchkey'

/** What fails inside another application, and why. */
const OF_THE_HOST = [
  [/\/metrics/, 'the metrics are those of the application'],
  [/MALFORMED_REQUEST|percent sign|\/%/, 'the router of the application refuses what it cannot decode'],
  [/^no submitted value, path or query text is echoed/, 'and echoes it']
]

const folder = await mkdtemp(`${tmpdir()}/latchkey-host-`)
const host = Fastify({
  // Opening an embedded database for the first time takes a few seconds, on a busy machine more than 10.
  pluginTimeout: 60_000,
  bodyLimit: 2 ** 20,
  genReqId: () => 'a-request-of-the-host',
  exposeHeadRoutes: false,
  ajv: { customOptions: { removeAdditional: 'all', coerceTypes: 'array', useDefaults: true } },
  routerOptions: { caseSensitive: false, ignoreTrailingSlash: true, ignoreDuplicateSlashes: true },
  rewriteUrl: ({ url = '' }) => (url.startsWith('/') ? `/auth${url}` : url)
})
host.get('/*', async () => 'the page of the application')
const port = Number(process.env.PORT ?? 3931)
const publicUrl = `http://127.0.0.1:${port}/auth`
await host.register(latchkey, {
  prefix: '/auth',
  publicUrl,
  dataDir: `${folder}/data`,
  limits: 'off',
  bcryptCost: 10
})
await host.listen({ host: '127.0.0.1', port })

const child = spawn(process.execPath, ['packages/contract/bin/contract.js', '--json', `http://127.0.0.1:${port}`], {
  cwd: new URL('../', import.meta.url),
  env: { ...process.env, CONTRACT_ISSUER: publicUrl },
  stdio: ['ignore', 'pipe', 'inherit']
})
let output = ''
for await (const chunk of child.stdout) output += chunk
await host.close()
await rm(folder, { recursive: true })

const say = (line) => process.stdout.write(`${line}\n`)
let failed = output === ''
for (const { title: section, expectations } of failed ? [] : JSON.parse(output).sections) {
  for (const { title, state, details } of expectations) {
    const isKnown = (detail) => OF_THE_HOST.some(([known]) => known.test(`${title} ${detail}`))
    const faults = state === 'fails' ? details.filter((detail) => !isKnown(detail)) : []
    if (faults.length > 0) failed = true
    const said = faults.length > 0 ? 'not ok' : state === 'fails' ? 'as the application answers' : state
    say(`${said}: ${section}, ${title}`)
    for (const fault of faults) say(`    ${fault}`)
  }
}
process.exitCode = failed ? 1 : 0
