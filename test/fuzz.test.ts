import fc from 'fast-check'
import { test } from 'tap'
import { injectedInto } from './contract/client.ts'
import { requests } from './fuzz/requests.ts'
import { Run } from './fuzz/run.ts'
import { build, testClock } from './helper.ts'

/** Another one finds other requests: FUZZ_SEED=7 npx tap --disable-coverage test/fuzz.test.ts */
const seed = Number(process.env.FUZZ_SEED ?? 20_260_131)
const REQUESTS = 1000

test('a thousand requests made from the OpenAPI document are answered as it says', async (t) => {
  const clock = testClock()
  const keys = {
    introspection: 'the key of the services, 32 bytes or more',
    metrics: 'the key of Prometheus, 32 bytes or more'
  }
  const fastify = await build(t, {
    clock,
    environment: {
      INTROSPECTION_KEY: keys.introspection,
      METRICS_KEY: keys.metrics,
      APP_URL: 'https://app.example.com'
    }
  })
  const run = await Run.of(injectedInto(fastify), keys)

  let sent = 0
  const property = fc.asyncProperty(requests(run.document, 20), async (request) => {
    sent += 1
    // Every token that was given so far is over.
    if (sent % 200 === 0) clock.advance(901)
    await run.ask(request)
  })
  const result = await fc.check(property, { seed, numRuns: REQUESTS, endOnFailure: true })
  t.notOk(result.failed, fc.defaultReportMessage(result) ?? `${sent} requests`)
  t.strictSame(run.coverage.missing(run.document), [], 'every documented answer was seen')
  t.comment(run.coverage.table())
})
