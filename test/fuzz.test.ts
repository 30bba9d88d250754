import { injectedInto } from '@latchkey/contract/suite/client'
import fc from 'fast-check'
import { test } from 'tap'
import { SCOPES } from '../src/admin/scopes.ts'
import type { Operation } from './fuzz/document.ts'
import { requests } from './fuzz/requests.ts'
import { Run } from './fuzz/run.ts'
import { build, NO_SERVER, testClock } from './helpers/app.ts'
import { machine, operator } from './helpers/operator.ts'

/** Another one finds other requests: FUZZ_SEED=7 npx tap --disable-coverage test/fuzz.test.ts */
const seed = Number(process.env.FUZZ_SEED ?? 1)
const REQUESTS = 500

/** How often so many are sent at most, until every documented answer was seen. */
const ROUNDS = 20

/** Rounds with requests of all kinds. */
const WHOLE_ROUNDS = 6

const GIVE_TOKENS = ['POST /register', 'POST /login', 'POST /token/refresh']

const KEYS = {
  introspection: 'the key of the services, 32 bytes or more',
  metrics: 'the key of Prometheus, 32 bytes or more'
}

const ENVIRONMENT = {
  INTROSPECTION_KEY: KEYS.introspection,
  METRICS_KEY: KEYS.metrics,
  // Mail of its own would be shown at /dev/mail, on this machine alone, and on pages that are not of the API.
  ...NO_SERVER,
  APP_URL: 'https://app.example.com'
}

test('requests made from the OpenAPI document are answered as it says', async (t) => {
  const clock = testClock()
  const fastify = await build(t, { clock, environment: ENVIRONMENT })
  const run = await Run.of(injectedInto(fastify), KEYS)

  let sent = 0
  let missing: string[] = []
  // From then on, what is still missing is sought, with what gives the tokens for it.
  const isSought = ({ name }: Operation) =>
    GIVE_TOKENS.includes(name) || missing.some((each) => each.startsWith(`${name} `))
  for (let round = 0; round < ROUNDS && (round === 0 || missing.length > 0); round++) {
    const operations = round < WHOLE_ROUNDS ? run.document.operations : run.document.operations.filter(isSought)
    const property = fc.asyncProperty(requests({ ...run.document, operations }, 20), async (request) => {
      sent += 1
      // Every token that was given so far is over.
      if (sent % 200 === 0) clock.advance(901)
      await run.ask(request)
    })
    const result = await fc.check(property, { seed: seed + round, numRuns: REQUESTS, endOnFailure: true })
    t.notOk(result.failed, result.failed ? String(result.errorInstance) : `${sent} requests`)
    if (result.failed) break
    missing = run.coverage.missing(run.document)
  }
  t.strictSame(run.coverage.missing(run.document), [], 'every documented answer was seen')
  t.comment(run.coverage.table())
})

test('requests of an administrator and of a service key are answered as the document says', async (t) => {
  const fastify = await build(t, { environment: ENVIRONMENT })
  const admin = await operator(fastify, 'root-admin')
  const key = await machine(fastify, Object.keys(SCOPES))
  const { kid } = JSON.parse(Buffer.from(String(admin.token.split('.')[0]), 'base64url').toString())
  const spared = [admin.id, key.id, kid]
  const keys = { ...KEYS, bearer: admin.token, serviceKey: key.token, spared }
  const run = await Run.of(injectedInto(fastify), keys)
  const operations = run.document.operations.filter(({ path }) => path.startsWith('/admin/'))
  const property = fc.asyncProperty(requests({ ...run.document, operations }, 20), (request) => run.ask(request))
  for (
    let round = 0;
    round < ROUNDS && (round === 0 || run.coverage.missingOfAdministration(run.document).length > 0);
    round++
  ) {
    const result = await fc.check(property, { seed: seed + round, numRuns: REQUESTS / 5, endOnFailure: true })
    t.notOk(result.failed, result.failed ? String(result.errorInstance) : `round ${round}`)
    if (result.failed) break
  }
  t.strictSame(run.coverage.missingOfAdministration(run.document), [], 'every success was seen')
  t.comment(run.coverage.table())
})
