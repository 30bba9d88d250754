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

const NO_METRICS = 'the metrics are those of the application'
const BAD_URL = 'the router of the application refuses what it cannot decode'
/** A request of the suite whose path cannot be decoded, and the answer of the router. */
const UNDECODABLE =
  /^\{(?:"method":"[A-Z-]+",)?"path":"\/%(?:ff|u0041)[?"].* got \{"error":"Bad Request","code":"FST_ERR_BAD_URL",/
/** How the report shows that. */
const REFUSED =
  /^- "cache": "no-store" {2}- "id": (?:undefined|"an-id\.of_the-Client\.1") {2}\+ "cache": undefined {2}\+ "id": " is no request id"/

/**
 * What fails inside another application, and why: expectations by their whole titles, each with all details that it
 * fails for, which are texts or the beginning of a text and a pattern for its rest.
 */
const OF_THE_HOST = {
  'Conventions, what does not fit its schema is refused with every fault, and nothing is stripped or coerced': {
    why: NO_METRICS,
    details: [['the same at /metrics: 400 VALIDATION_FAILED: ', /^- "status": 400 {2}\+ "status": 404 /]]
  },
  'Conventions, no submitted value, path or query text is echoed': {
    why: `${BAD_URL}, and echoes it`,
    details: ['should be equivalent strictly: - "echoed": false  + "echoed": true']
  },
  'Conventions, the one error body answers what no route takes': {
    why: `${NO_METRICS}, and ${BAD_URL}`,
    details: [
      ['POST /metrics: 405 METHOD_NOT_ALLOWED: ', /^- "status": 405 .* \+ "status": 404 /],
      ['a lone percent sign: 400 MALFORMED_REQUEST: ', REFUSED],
      ['a percent sign with no digits: 400 MALFORMED_REQUEST: ', REFUSED],
      ['percent signs that are no UTF-8: 400 MALFORMED_REQUEST: ', REFUSED],
      ['a lone percent sign with another method: 400 MALFORMED_REQUEST: ', REFUSED]
    ]
  },
  'Conventions, refusals have an order': {
    why: BAD_URL,
    details: [['the URL before the route: 400 MALFORMED_REQUEST: ', REFUSED]]
  },
  'Conventions, HEAD is answered like GET without a body': {
    why: BAD_URL,
    details: [['400 MALFORMED_REQUEST without a body: ', REFUSED]]
  },
  'Conventions, a request id that fits is kept, on every kind of answer': {
    why: BAD_URL,
    details: [['400 MALFORMED_REQUEST: ', REFUSED]]
  },
  'Conventions, every method at every path': { why: BAD_URL, details: [['no request id: ', UNDECODABLE]] },
  'Conventions, a thousand made at random': { why: BAD_URL, details: [['no request id: ', UNDECODABLE]] },
  'Service, the document has every route with a tag, and every status': {
    why: NO_METRICS,
    details: [
      'get /metrics: is tagged',
      'get /metrics: is described',
      ['get /metrics: should be equivalent strictly: ', /^-Array \[\] {2}\+Array \[ {2}\+ 200 /]
    ]
  },
  'Service, GET /metrics answers with Prometheus text': {
    why: NO_METRICS,
    details: [
      'should be equal: -200  +404',
      ['should match pattern: ', /^-\/\^text\\\/plain;.* \+"application\/json; charset=utf-8"$/],
      ['each line is a sample: ', /"code\\":\\"NOT_FOUND\\"/],
      'should be equal'
    ]
  },
  'Service, GET /metrics with METRICS_KEY takes nothing but that key': {
    why: NO_METRICS,
    details: [['http://127.0.0.1:', /^\d+ has none, and is asked from its own machine: -200 {2}\+404$/]]
  }
}

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

/** Whether a detail is the one that is expected. */
function fits(detail, expected) {
  if (typeof expected === 'string') return detail === expected
  const [begin, rest] = expected
  return detail.startsWith(begin) && rest.test(detail.slice(begin.length))
}

/** What is not as it must be: details that nobody expects, and those that are expected and not there. */
function faultsOf(state, details, { details: expected } = { details: [] }) {
  const found = state === 'fails' ? details : []
  const missing = expected.filter((each) => !found.some((detail) => fits(detail, each)))
  return [
    ...found.filter((detail) => !expected.some((each) => fits(detail, each))),
    ...missing.map((each) => `holds, and is on the list of what the application answers: ${each}`)
  ]
}

let failed = output === ''
const expected = new Map(Object.entries(OF_THE_HOST))
for (const { title: section, expectations } of failed ? [] : JSON.parse(output).sections) {
  for (const { title, state, details } of expectations) {
    const name = `${section}, ${title}`
    const known = expected.get(name)
    expected.delete(name)
    const faults = faultsOf(state, details, known)
    if (faults.length > 0) failed = true
    say(`${faults.length > 0 ? 'not ok' : known ? 'as the application answers' : state}: ${name}`)
    if (known && faults.length === 0) say(`    ${known.why}`)
    for (const fault of faults) say(`    ${fault}`)
  }
}
for (const name of failed && output === '' ? [] : expected.keys()) {
  failed = true
  say(`not ok: ${name}\n    is not in the suite`)
}
process.exitCode = failed ? 1 : 0
