import { type AddressInfo, connect } from 'node:net'
import { text } from 'node:stream/consumers'
import Fastify from 'fastify'
import { type Test, test } from 'tap'
import latchkeyVerify, { type FastifyOptions } from '../src/fastify.ts'
import { createClock, createKey, createPublisher, ISSUER, issue, NOW, REFUSALS } from './issuer.ts'

const key = createKey()

async function build(t: Test, options: Partial<FastifyOptions> = {}, level = 'error') {
  const publisher = createPublisher(key)
  const lines: string[] = []
  const fastify = Fastify({ logger: { level, stream: { write: (line: string) => lines.push(line) } } })
  t.teardown(() => fastify.close())
  const clock = createClock()
  await fastify.register(latchkeyVerify, { issuer: ISSUER, fetch: publisher.fetch, now: () => clock.now(), ...options })
  fastify.get('/me', { onRequest: fastify.authorize() }, ({ claims }) => ({ sub: claims.sub }))
  fastify.get('/drafts', { onRequest: fastify.authorize({ roles: ['editor'] }) }, () => 'drafts')
  fastify.get('/feed', { onRequest: fastify.authorize({ scopes: ['read', 'feed'] }) }, () => 'feed')
  fastify.get('/open', ({ claims }) => claims.sub)
  return { fastify, publisher, lines, clock }
}

test('a route behind authorize', async (t) => {
  const { fastify } = await build(t)
  const ask = async (path: string, authorization?: string) => {
    const { statusCode, headers, body } = await fastify.inject({
      path,
      headers: authorization ? { authorization } : {}
    })
    return { status: statusCode, challenge: headers['www-authenticate'], cache: headers['cache-control'], body }
  }
  const bearer = (claims: object = {}) => `bearer ${issue(key, claims)}`
  const body = '{"sub":"0198b2a4-7d2e-7c11-a6b3-3f1d9c5e8a70"}'
  const repeated = bearer()
  for (const authorization of [bearer(), repeated, repeated]) {
    t.strictSame(await ask('/me', authorization), { status: 200, challenge: undefined, cache: undefined, body })
  }
  t.match(await ask('/drafts', bearer({ roles: ['editor'] })), { status: 200, body: 'drafts' })
  t.match(await ask('/feed', bearer({ scope: 'feed read' })), { status: 200, body: 'feed' })
  for (const [path, authorization, refusal] of [
    ['/me', undefined, REFUSALS.missing],
    ['/me', 'Basic YTpi', REFUSALS.missing],
    ['/me', 'Bearer', REFUSALS.invalid],
    ['/me', bearer({ aud: 'elsewhere' }), REFUSALS.invalid],
    ['/me', bearer({ exp: NOW - 900 }), REFUSALS.expired],
    ['/drafts', undefined, REFUSALS.missing],
    ['/drafts', bearer({ roles: 'editor' }), REFUSALS.forbidden],
    ['/feed', bearer({ scope: 'read' }), REFUSALS.lacking]
  ] as const) {
    t.strictSame(await ask(path, authorization), refusal, `${path} ${authorization}`)
  }
})

test('keys that cannot be had: 503, and the log says why', async (t) => {
  const { fastify, publisher, lines } = await build(t)
  publisher.answer = () => Promise.reject(new TypeError('fetch failed'))
  const headers = { authorization: `Bearer ${issue(key)}` }
  const answer = await fastify.inject({ path: '/me', headers })
  t.strictSame([answer.statusCode, answer.headers['retry-after'], answer.body], [503, '5', REFUSALS.unavailable.body])
  t.notOk('www-authenticate' in answer.headers)
  await fastify.inject({ path: '/me', headers })
  t.strictSame(
    lines.map((line) => JSON.parse(line)).map(({ msg, err }) => [msg, err.message]),
    [['the keys of tokens cannot be fetched', 'fetch failed']]
  )
})

test('the log of the request says why it is refused, without the token', async (t) => {
  const { fastify, lines } = await build(t, {}, 'info')
  const token = issue(key, { exp: NOW - 900 })
  for (const headers of [{}, { authorization: `Bearer ${token}` }]) await fastify.inject({ path: '/me', headers })
  const told = lines.map((line) => JSON.parse(line)).filter(({ code }) => code)
  t.match(
    told.map(({ reqId, code, reason, msg }) => ({ reqId, code, reason, msg })),
    [
      { code: 'TOKEN_MISSING', reason: 'there is no Authorization header', msg: 'the request was refused' },
      { reqId: 'req-2', code: 'TOKEN_EXPIRED', reason: '"exp" claim timestamp check failed' }
    ]
  )
  for (const part of [...token.split('.'), 'ada']) t.notMatch(lines.join(), part)
})

test('or the application is told', async (t) => {
  const told: unknown[] = []
  const onRefusal: FastifyOptions['onRefusal'] = ({ code }, { url }) => {
    told.push([url, code])
    if (url === '/drafts') throw new Error('the log is full')
  }
  const { fastify, lines } = await build(t, { onRefusal })
  const headers = { authorization: `Bearer ${issue(key, { aud: 'elsewhere' })}` }
  t.equal((await fastify.inject({ path: '/me', headers })).statusCode, 401)
  t.match(await fastify.inject({ path: '/drafts', headers }), { statusCode: 500, body: /the log is full/ })
  t.strictSame(told, [
    ['/me', 'TOKEN_INVALID'],
    ['/drafts', 'TOKEN_INVALID']
  ])
  t.notMatch(lines.join(), 'the request was refused')
})

test('a fault is no refusal', async (t) => {
  const { fastify, clock } = await build(t)
  clock.now = () => {
    throw new Error('the clock is broken')
  }
  const { statusCode, body } = await fastify.inject({ path: '/me', headers: { authorization: `Bearer ${issue(key)}` } })
  t.equal(statusCode, 500)
  t.match(body, 'the clock is broken')
})

test('a route that forgot authorize answers nobody', async (t) => {
  const { fastify, lines } = await build(t)
  const { statusCode } = await fastify.inject({ path: '/open', headers: { authorization: `Bearer ${issue(key)}` } })
  t.equal(statusCode, 500)
  t.match(lines.join(), /request\.claims is only there behind authorize/)
})

test('a route whose needs are written wrong is not made', async (t) => {
  const { fastify } = await build(t)
  t.throws(() => fastify.authorize({ role: ['editor'] } as never), TypeError)
})

test('two Authorization headers are refused, of which Node shows the first', async (t) => {
  const { fastify } = await build(t)
  await fastify.listen({ host: '127.0.0.1', port: 0 })
  const socket = connect((fastify.server.address() as AddressInfo).port, '127.0.0.1')
  const lines = ['GET /me HTTP/1.1', 'Host: localhost', 'Connection: close', `Authorization: Bearer ${issue(key)}`]
  socket.end(`${lines.join('\r\n')}\r\nauthorization: Bearer ${issue(createKey())}\r\n\r\n`)
  t.match(await text(socket), /^HTTP\/1\.1 401 .*"code":"TOKEN_INVALID"/s)
})
