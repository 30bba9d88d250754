import { monitorEventLoopDelay } from 'node:perf_hooks'
import { mock } from 'node:test'
import { test } from 'tap'
import { build, refusal } from '../../helpers/app.ts'

const BUSY = refusal(503, 'Service Unavailable', 'OVERLOADED', 'The service is busy; try again shortly.')

/** What the delays of the event loop are read from, in nanoseconds. */
const HISTOGRAM = Object.getPrototypeOf(Object.getPrototypeOf(monitorEventLoopDelay()))

test('while the event loop does not keep up, requests are refused', async (t) => {
  let mean = 0
  mock.getter(HISTOGRAM, 'mean', () => mean)
  t.teardown(() => mock.restoreAll())

  /** What an application answers after seconds in which the event loop was late by so many milliseconds. */
  async function afterwards(seconds: number, late: number, url: string) {
    mock.timers.enable({ apis: ['setTimeout', 'setInterval'] })
    const fastify = await build(t, { unhurried: false })
    mean = (late + 10) * 1e6
    mock.timers.tick(seconds * 1000)
    mock.timers.reset()
    return fastify.inject({ url, headers: { 'x-request-id': 'the-request' } })
  }

  const table: [seconds: number, late: number, url: string, statusCode: number][] = [
    [10, 1001, '/.well-known/jwks.json', 503],
    [10, 1001, '/health/live', 200],
    [10, 1001, '/health/ready', 200],
    [10, 1001, '/metrics', 200],
    [10, 1000, '/.well-known/jwks.json', 200],
    // So long may a single turn be, or a process stopped.
    [9, 1001, '/.well-known/jwks.json', 200]
  ]
  for (const [seconds, late, url, statusCode] of table) {
    const response = await afterwards(seconds, late, url)
    t.equal(response.statusCode, statusCode, `${url} after ${seconds} s that were late by ${late} ms`)
    if (statusCode !== 503) continue
    t.strictSame(response.json(), BUSY)
    t.match(response.headers, { 'retry-after': '1', 'cache-control': 'no-store', 'x-request-id': 'the-request' })
  }
})
