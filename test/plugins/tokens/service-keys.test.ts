import type { FastifyInstance } from 'fastify'
import { test } from 'tap'
import { createServiceKeyId, createServiceKeyText } from '../../../src/admin/service-key-text.ts'
import { createServiceKey, revokeServiceKey } from '../../../src/admin/service-keys.ts'
import { answer, bearer, build, INVALID_TOKEN, post, refusal, signIn } from '../../helpers/app.ts'
import { TOO_MANY } from '../../helpers/operator.ts'
import { statementsOf } from '../../helpers/statements-of.ts'

const KEY = 'a key for other services, long enough'
const NOT_FOUND = { statusCode: 404, body: refusal(404, 'Not Found', 'NOT_FOUND', 'There is nothing here.') }
const INVALID = {
  statusCode: 401,
  body: refusal(401, 'Unauthorized', 'TOKEN_INVALID', 'The token is not valid.')
}
const FORBIDDEN = { statusCode: 403, body: refusal(403, 'Forbidden', 'FORBIDDEN', 'That is not allowed.') }

const keyFor = (fastify: FastifyInstance, ...scopes: string[]) =>
  fastify.database.open().transact((transaction) => createServiceKey(transaction, { name: scopes.join(), scopes }))

test('service keys at /introspect and /metrics', async (t) => {
  const fastify = await build(t)
  const { access_token: token } = await signIn(fastify, { username: 'ada' })
  const [introspect, metrics, neither] = [
    await keyFor(fastify, 'introspect', 'users:read'),
    await keyFor(fastify, 'metrics'),
    await keyFor(fastify, 'users:read')
  ]
  const introspecting = (headers: Record<string, string>) => post(fastify, '/introspect', { token }, headers)
  const measuring = (headers: Record<string, string>) =>
    fastify.inject({ url: '/metrics', remoteAddress: '192.0.2.1', headers })
  const routes = [
    ['introspect', introspect, introspecting],
    ['metrics', metrics, measuring]
  ] as const

  for (const [scope, { key }, send] of routes) {
    await t.test(`open the route of the scope ${scope}, which others do not find`, async (t) => {
      for (const authorization of [`Bearer ${key}`, `bearer  ${key}`]) {
        const response = await send({ authorization })
        t.equal(response.statusCode, 200)
        t.match(response.body, scope === 'metrics' ? 'process_cpu_seconds_total' : '"active":true')
        t.notMatch(response.body, key)
      }
      for (const headers of [{}, bearer(KEY), bearer(token), bearer(`${key}0`), { authorization: key }]) {
        t.strictSame(answer(await send(headers as Record<string, string>)), NOT_FOUND)
      }
      const basic = { authorization: `Basic ${Buffer.from(`x:${key}`).toString('base64')}` }
      t.strictSame(answer(await send(basic)), NOT_FOUND)
    })

    await t.test(`without the scope ${scope} are refused`, async (t) => {
      const response = await send(bearer(neither.key))
      t.strictSame(answer(response), FORBIDDEN)
      t.equal(response.headers['www-authenticate'], `Bearer error="insufficient_scope", scope="${scope}"`)
    })

    await t.test(`that are unknown are refused by the scope ${scope}`, async (t) => {
      for (const id of [createServiceKeyId(), neither.serviceKey.id]) {
        const response = await send(bearer(createServiceKeyText(id)))
        t.strictSame(answer(response), INVALID)
        t.match(response.headers, INVALID_TOKEN)
      }
    })

    await t.test(`are refused in a browser by the scope ${scope}`, async (t) => {
      for (const origin of ['https://app.example.com', 'http://127.0.0.1:3000', 'null', '']) {
        const response = await send({ ...bearer(key), origin })
        t.strictSame(answer(response), {
          statusCode: 403,
          body: refusal(403, 'Forbidden', 'FORBIDDEN', 'A service key is not for browsers.')
        })
        t.equal(response.headers['www-authenticate'], 'Bearer error="insufficient_scope"')
        t.notMatch(response.body, key)
      }
      const unknown = createServiceKeyText(createServiceKeyId())
      t.strictSame(answer(await send({ ...bearer(unknown), origin: 'https://app.example.com' })), INVALID)
    })
  }

  await t.test('cost one statement, and noise costs none', async (t) => {
    t.strictSame(await statementsOf(fastify, () => measuring(bearer(metrics.key))), ['WITH'])
    for (const text of [createServiceKeyText(createServiceKeyId()), createServiceKeyText(metrics.serviceKey.id)]) {
      t.strictSame(await statementsOf(fastify, () => measuring(bearer(text))), ['WITH'])
    }
    t.strictSame(await statementsOf(fastify, () => measuring(bearer(`${metrics.key.slice(0, -6)}000000`))), [])
  })

  await t.test('are refused as soon as they are revoked', async (t) => {
    for (const [, { key, serviceKey }, send] of routes) {
      await revokeServiceKey(fastify.database.open(), serviceKey.id)
      t.strictSame(answer(await send(bearer(key))), INVALID)
    }
  })
})

test('wrong service keys are counted by address, at all routes together', async (t) => {
  const fastify = await build(t, { environment: { LIMITS: 'on' } })
  const { key } = await keyFor(fastify, 'introspect')
  const headers = bearer(createServiceKeyText(createServiceKeyId()))
  const remoteAddress = '192.0.2.7'
  const introspect = (given = headers) =>
    fastify.inject({ method: 'POST', url: '/introspect', remoteAddress, headers: given, payload: { token: 'x' } })
  const gets = ['/metrics', '/admin/users'].map((url) => () => fastify.inject({ url, remoteAddress, headers }))
  const ways = [introspect, ...gets]
  const answers = await Promise.all(Array.from({ length: 60 }, (_, index) => ways[index % 3]?.()))
  t.ok(answers.every((each) => each?.statusCode === 401))
  for (const way of ways) t.strictSame(answer(await way()), TOO_MANY)
  t.equal((await introspect(bearer(key))).statusCode, 200, 'a valid key is not counted')
})

test('service keys beside INTROSPECTION_KEY and METRICS_KEY', async (t) => {
  const fastify = await build(t, { environment: { INTROSPECTION_KEY: KEY, METRICS_KEY: KEY } })
  const { access_token: token } = await signIn(fastify, { username: 'ada' })
  const { key } = await keyFor(fastify, 'introspect', 'metrics')
  for (const each of [KEY, key]) {
    t.equal((await post(fastify, '/introspect', { token }, bearer(each))).statusCode, 200)
    t.equal((await fastify.inject({ url: '/metrics', headers: bearer(each) })).statusCode, 200)
  }
  const form = await fastify.inject({
    method: 'POST',
    url: '/introspect',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    payload: new URLSearchParams({ token, client_secret: key }).toString()
  })
  t.strictSame(answer(form), INVALID, 'a service key is a bearer token and nothing else')
})
