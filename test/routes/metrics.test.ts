import { test } from 'tap'
import { answer, BEARER, bearer, build, INVALID_TOKEN, refusal } from '../helpers/app.ts'

const KEY = 'the key of the operator, 32 bytes or more'
const MISSING = refusal(401, 'Unauthorized', 'TOKEN_MISSING', 'A bearer token is needed here.')
const INVALID = refusal(401, 'Unauthorized', 'TOKEN_INVALID', 'The token is not valid.')

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

test('with METRICS_KEY', async (t) => {
  const fastify = await build(t, { environment: { METRICS_KEY: KEY } })

  for (const [what, remoteAddress] of [
    ['from this machine', '127.0.0.1'],
    ['from another', '192.0.2.1']
  ] as const) {
    await t.test(`who brings it passes ${what}`, async (t) => {
      for (const authorization of [`Bearer ${KEY}`, `bearer ${KEY}`]) {
        const headers = { authorization, host: 'metrics.example', 'x-forwarded-for': '192.0.2.7', via: '1.1 proxy' }
        const response = await fastify.inject({ url: '/metrics', remoteAddress, headers })
        t.equal(response.statusCode, 200)
        t.match(response.body, 'process_cpu_seconds_total')
      }
    })

    const refused: [string, Record<string, string>, object, object][] = [
      ['no header', {}, MISSING, BEARER],
      ['another scheme', { authorization: `Basic ${KEY}` }, MISSING, BEARER],
      ['nothing after Bearer', { authorization: 'Bearer' }, INVALID, INVALID_TOKEN],
      ['another key', bearer(KEY.replace('t', 'T')), INVALID, INVALID_TOKEN],
      ['a part of the key', bearer(KEY.slice(0, -1)), INVALID, INVALID_TOKEN],
      ['more than the key', bearer(`${KEY}x`), INVALID, INVALID_TOKEN],
      ['an access token', bearer(fastify.tokens.issue({ id: 'x', username: null }, 'x')), INVALID, INVALID_TOKEN]
    ]
    for (const [credential, headers, body, challenge] of refused) {
      await t.test(`${credential} is refused ${what}`, async (t) => {
        const response = await fastify.inject({ url: '/metrics', remoteAddress, headers })
        t.strictSame(answer(response), { statusCode: 401, body })
        t.match(response.headers, challenge)
      })
    }
  }
})

test('without METRICS_KEY', async (t) => {
  const fastify = await build(t, { environment: { TRUSTED_PROXIES: '127.0.0.1,192.0.2.1' } })

  for (const remoteAddress of ['127.0.0.1', '127.8.8.8', '::1', '::ffff:127.0.0.1']) {
    await t.test(`${remoteAddress} passes`, async (t) => {
      const response = await fastify.inject({ url: '/metrics', remoteAddress })
      t.equal(response.statusCode, 200)
      t.match(response.body, 'process_cpu_seconds_total')
    })
  }

  const strangers: [string, string, Record<string, string>][] = [
    ['192.0.2.1', '192.0.2.1', {}],
    ['10.0.0.1', '10.0.0.1', {}],
    ['0.0.0.0', '0.0.0.0', {}],
    ['an address that maps another', '::ffff:192.0.2.1', {}],
    ['an address of version 6', '2001:db8::1', {}],
    ['who claims to be near', '192.0.2.1', { 'x-forwarded-for': '127.0.0.1' }],
    ['who brings a token', '192.0.2.1', bearer(KEY)],
    ['who calls by another name', '127.0.0.1', { host: 'evil.example:3000' }],
    ...['x-forwarded-for', 'x-forwarded-proto', 'forwarded', 'via', 'x-real-ip'].map(
      (header): [string, string, Record<string, string>] => [
        `who comes through a proxy that sends ${header}`,
        '127.0.0.1',
        { [header]: '127.0.0.1' }
      ]
    )
  ]
  for (const [what, remoteAddress, headers] of strangers) {
    await t.test(`for ${what} there is nothing`, async (t) => {
      const response = await fastify.inject({ url: '/metrics', remoteAddress, headers })
      t.strictSame(answer(response), {
        statusCode: 404,
        body: refusal(404, 'Not Found', 'NOT_FOUND', 'There is nothing here.')
      })
    })
  }
})
