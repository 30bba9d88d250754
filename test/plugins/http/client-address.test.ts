import { test } from 'tap'
import { build, PASSWORD, post } from '../../helpers/app.ts'

test('the address of a client', async (t) => {
  const cases: [string, string, string, Record<string, string>, string][] = [
    ['is the socket where no proxy is trusted', '', '192.0.2.9', { 'x-forwarded-for': '203.0.113.7' }, '192.0.2.9'],
    [
      'is the last entry behind a proxy',
      '192.0.2.0/24',
      '192.0.2.9',
      { 'x-forwarded-for': '1.1.1.1, 203.0.113.7' },
      '203.0.113.7'
    ],
    [
      'is the last entry without its port',
      '192.0.2.0/24',
      '192.0.2.9',
      { 'x-forwarded-for': '1.1.1.1, [2001:db8::7]:4711' },
      '2001:db8::7'
    ],
    ['is the proxy itself without the header', '192.0.2.9', '192.0.2.9', {}, '192.0.2.9'],
    ['is a mapped one in its short form', '', '::ffff:192.0.2.9', {}, '192.0.2.9']
  ]
  for (const [what, TRUSTED_PROXIES, remoteAddress, headers, expected] of cases) {
    await t.test(what, async (t) => {
      const fastify = await build(t, { environment: { TRUSTED_PROXIES } })
      t.equal(fastify.clientAddress({ socket: { remoteAddress }, headers } as never), expected)
      await post(fastify, '/register', { username: 'ada', password: PASSWORD })
      const login = await fastify.inject({
        method: 'POST',
        url: '/login',
        remoteAddress,
        headers,
        payload: { username: 'ada', password: PASSWORD }
      })
      t.equal(login.statusCode, 200)
      const { rows } = await fastify.pg.pool.query('SELECT host(ip) AS ip FROM sessions')
      t.strictSame(rows, [{ ip: expected }], 'and is what the session is kept with')
    })
  }
})

test('who forwards and is not trusted', async (t) => {
  const log: string[] = []
  const fastify = await build(t, { log, environment: { TRUSTED_PROXIES: '192.0.2.1' } })
  const get = (remoteAddress: string, headers: Record<string, string> = {}) =>
    fastify.inject({ url: '/health/live', remoteAddress, headers })
  const warnings = () => log.map((line) => JSON.parse(line)).filter(({ msg }) => /X-Forwarded-For/.test(msg))
  await get('192.0.2.1', { 'x-forwarded-for': '198.51.100.1' })
  await get('192.0.2.2')
  t.strictSame(warnings(), [], 'is told from one that is, and from one that does not')
  for (let index = 0; index < 3; index++) await get('192.0.2.2', { 'x-forwarded-for': '198.51.100.1' })
  t.match(warnings(), [{ level: 40, from: '192.0.2.2', msg: /TRUSTED_PROXIES/ }])
  t.equal(warnings().length, 1, 'is told of once')
  t.notMatch(log.join('\n'), '198.51.100.1')
})

test('a trusted proxy that sends what is no address', async (t) => {
  const log: string[] = []
  const fastify = await build(t, { log, environment: { TRUSTED_PROXIES: '192.0.2.1' } })
  const get = (forwarded: string) =>
    fastify.inject({ url: '/health/live', remoteAddress: '192.0.2.1', headers: { 'x-forwarded-for': forwarded } })
  const warnings = () => log.map((line) => JSON.parse(line)).filter(({ msg }) => /X-Forwarded-For/.test(msg))
  for (const forwarded of ['198.51.100.1', '198.51.100.1:80', 'marker, [2001:db8::7]:80']) await get(forwarded)
  t.strictSame(warnings(), [], 'is told from one that does not')
  for (let index = 0; index < 3; index++) await get('198.51.100.1, marker')
  t.match(warnings(), [{ level: 40, from: '192.0.2.1', msg: /invalid address/ }])
  t.equal(warnings().length, 1, 'is told of once')
  t.notMatch(log.join('\n'), /marker|198\.51/)
})
