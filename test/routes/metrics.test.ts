import { test } from 'tap'
import { answer, BEARER, bearer, build, refusal } from '../helpers/app.ts'

const KEY = 'the key of the operator, 32 bytes or more'

test('GET /metrics', async (t) => {
  await t.test('shows a neighbour the figures as Prometheus reads them', async (t) => {
    const fastify = await build(t)
    await fastify.inject('/health/live')
    const response = await fastify.inject('/metrics')
    t.equal(response.statusCode, 200)
    t.match(response.headers, {
      'content-type': 'text/plain; version=0.0.4; charset=utf-8',
      'cache-control': 'no-store'
    })
    t.match(response.body, '# TYPE http_request_duration_seconds histogram')
    t.match(response.body, 'http_request_duration_seconds_count{method="GET",route="/health/live",status="200"} 1')
    t.match(response.body, '# TYPE process_cpu_seconds_total counter')
    t.match(response.body, 'latchkey_hashes_running 0')
    const lines = response.body.split('\n').filter(Boolean)
    const wrong = lines.filter((line) => !/^(?:# (?:HELP|TYPE) \w+ .+|\w+(?:\{.*\})? [-+\w.]+)$/.test(line))
    t.strictSame(wrong, [], 'and every line fits the format')
  })

  await t.test('shows a stranger nothing', async (t) => {
    const fastify = await build(t)
    const response = await fastify.inject({ url: '/metrics', remoteAddress: '192.0.2.1' })
    t.strictSame(answer(response), {
      statusCode: 404,
      body: refusal(404, 'Not Found', 'NOT_FOUND', 'There is nothing here.')
    })
  })

  await t.test('asks for METRICS_KEY where there is one', async (t) => {
    const fastify = await build(t, { environment: { METRICS_KEY: KEY } })
    const without = await fastify.inject('/metrics')
    t.strictSame(answer(without), {
      statusCode: 401,
      body: refusal(401, 'Unauthorized', 'TOKEN_MISSING', 'A bearer token is needed here.')
    })
    t.match(without.headers, BEARER)
    const response = await fastify.inject({ url: '/metrics', remoteAddress: '192.0.2.1', headers: bearer(KEY) })
    t.equal(response.statusCode, 200)
    t.notMatch(response.body, KEY)
  })
})
