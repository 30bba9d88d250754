import { test } from 'tap'
import { build, PASSWORD, post } from '../helper.ts'

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
