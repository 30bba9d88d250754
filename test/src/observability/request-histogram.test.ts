import { type Metric, Registry } from 'prom-client'
import { test } from 'tap'
import { RequestDurations } from '../../../src/observability/request-histogram.ts'

const HEAD = [
  '# HELP http_request_duration_seconds How long requests took, by method, route and status; the route is empty where none fitted',
  '# TYPE http_request_duration_seconds histogram'
]

/** What Prometheus reads, a line each. */
async function scrape(durations: RequestDurations): Promise<string[]> {
  const registry = new Registry()
  registry.registerMetric(durations as unknown as Metric)
  return (await registry.metrics()).trim().split('\n')
}

/** The lines of one method, route and status, whose buckets hold these counts. */
function series(labels: string, counts: number[], sum: number): string[] {
  const bounds = ['0.001', '0.005', '0.01', '0.05', '0.1', '0.25', '0.5', '1', '2.5', '5', '10', '+Inf']
  return [
    ...bounds.map((le, index) => `http_request_duration_seconds_bucket{${labels},le="${le}"} ${counts[index]}`),
    `http_request_duration_seconds_sum{${labels}} ${sum}`,
    `http_request_duration_seconds_count{${labels}} ${counts.at(-1)}`
  ]
}

test('before the first request there is nothing to show', async (t) => {
  const durations = new RequestDurations()
  durations.of('GET', '/secret')
  t.strictSame(await scrape(durations), HEAD)
})

test('a duration counts in every bucket whose bound it does not exceed', async (t) => {
  const durations = new RequestDurations()
  const observe = durations.of('GET', '/secret')
  for (const milliseconds of [0, 1, 2, 250, 10_000, 20_000]) observe(200, milliseconds)
  t.strictSame(await scrape(durations), [
    ...HEAD,
    ...series('method="GET",route="/secret",status="200"', [2, 3, 3, 3, 3, 4, 4, 4, 4, 4, 5, 6], 30.253)
  ])
})

test('each method, route and status is counted apart', async (t) => {
  const durations = new RequestDurations()
  const login = durations.of('POST', '/login')
  const unmatched = durations.of('', '')
  login(200, 500)
  unmatched(404, 2)
  login(401, 1000)
  login(200, 250)
  t.strictSame(await scrape(durations), [
    ...HEAD,
    ...series('method="POST",route="/login",status="200"', [0, 0, 0, 0, 0, 1, 2, 2, 2, 2, 2, 2], 0.75),
    ...series('method="",route="",status="404"', [0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1], 0.002),
    ...series('method="POST",route="/login",status="401"', [0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1], 1)
  ])
})
