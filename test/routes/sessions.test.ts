import { randomUUID } from 'node:crypto'
import { test } from 'tap'
import { verifyAudit } from '../../src/audit/verify.ts'
import { sql } from '../../src/database/sql.ts'
import {
  answer,
  BEARER,
  bearer,
  build,
  cutOff,
  INVALID_TOKEN,
  PASSWORD,
  post,
  refusal,
  signIn,
  testClock
} from '../helpers/app.ts'
import { meanwhile } from '../helpers/meanwhile.ts'

const DONE = { statusCode: 204, body: '' }
const MISSING = {
  statusCode: 401,
  body: refusal(401, 'Unauthorized', 'TOKEN_MISSING', 'A bearer token is needed here.')
}
const INVALID = { statusCode: 401, body: refusal(401, 'Unauthorized', 'TOKEN_INVALID', 'The token is not valid.') }
const NOT_FOUND = { statusCode: 404, body: refusal(404, 'Not Found', 'NOT_FOUND', 'There is nothing here.') }
const AWAY = {
  statusCode: 503,
  body: refusal(
    503,
    'Service Unavailable',
    'DATABASE_UNAVAILABLE',
    'The database cannot be reached; try again shortly.'
  )
}
const invalid = (path: string, message: string) => ({
  statusCode: 400,
  body: refusal(400, 'Bad Request', 'VALIDATION_FAILED', 'The request does not fit its schema.', [{ path, message }])
})
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

interface Session {
  id: string
  token: string
  refreshToken: string
}

test('the sessions of a user', async (t) => {
  const clock = testClock()
  const fastify = await build(t, {
    clock,
    environment: { ACCESS_TOKEN_TTL: '100000', REFRESH_IDLE_TTL: '3600', REFRESH_MAX_TTL: '7200' }
  })
  for (const username of ['ada', 'eve']) await post(fastify, '/register', { username, password: PASSWORD })
  t.beforeEach(() => fastify.database.open().query(sql`TRUNCATE sessions`))

  async function begin(username = 'ada', userAgent = 'a browser', remoteAddress = '192.0.2.1'): Promise<Session> {
    const login = await fastify.inject({
      method: 'POST',
      url: '/login',
      headers: { 'user-agent': userAgent },
      remoteAddress,
      payload: { username, password: PASSWORD }
    })
    const { access_token: token, refresh_token: refreshToken } = login.json()
    return { id: (await fastify.tokens.verify(token)).sid, token, refreshToken }
  }
  const list = ({ token }: Session) => fastify.inject({ url: '/sessions', headers: bearer(token) })
  const listed = async (session: Session): Promise<string[]> =>
    (await list(session)).json().sessions.map(({ id }: Session) => id)
  const end = (id: string, { token }: Session) =>
    fastify.inject({ method: 'DELETE', url: `/sessions/${id}`, headers: bearer(token) })
  const endOthers = ({ token }: Session) =>
    fastify.inject({ method: 'DELETE', url: '/sessions', headers: bearer(token) })

  await t.test('are listed, the present one first, then by last use', async (t) => {
    const first = await begin('ada', 'the first browser', '2001:db8::1')
    clock.advance(60)
    const present = await begin('ada', 'the present browser')
    clock.advance(60)
    const last = await begin('ada', `${'x'.repeat(600)}`)
    clock.advance(60)
    await post(fastify, '/token/refresh', { refresh_token: first.refreshToken })
    await begin('eve')

    const response = await list(present)
    t.equal(response.statusCode, 200)
    t.match(response.headers, { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' })
    t.strictSame(Object.keys(response.json()), ['sessions'])
    const { sessions } = response.json()
    const times = sessions.map(({ created_at, last_used_at, expires_at }: Record<string, string>) => [
      created_at,
      last_used_at,
      expires_at
    ])
    t.strictSame(
      sessions.map(({ created_at, last_used_at, expires_at, ...rest }: Record<string, string>) => rest),
      [
        { id: present.id, user_agent: 'the present browser', ip: '192.0.2.1', current: true },
        { id: first.id, user_agent: 'the first browser', ip: '2001:db8::1', current: false },
        { id: last.id, user_agent: 'x'.repeat(512), ip: '192.0.2.1', current: false }
      ]
    )
    t.ok(times.flat().every((time: string) => TIME.test(time)))
    const about = times.map((each: string[]) =>
      each.map((time) => Math.round((Date.parse(time) - clock.now()) / 20_000))
    )
    t.strictSame(about, [
      [-6, -6, 174],
      [-9, 0, 180],
      [-3, -3, 177]
    ])
  })

  await t.test('are listed without those that are over', async (t) => {
    const idle = await begin()
    clock.advance(3000)
    const [ended, present] = [await begin(), await begin()]
    t.strictSame(
      await listed(present),
      [present, ended, idle].map(({ id }) => id)
    )
    clock.advance(600)
    await end(ended.id, present)
    t.strictSame(await listed(present), [present.id])
  })

  await t.test('end one by one', async (t) => {
    const [present, other, third] = [await begin(), await begin(), await begin()]
    const response = await end(other.id, present)
    t.strictSame(answer(response), DONE)
    t.match(response.headers, { 'cache-control': 'no-store' })
    t.strictSame(await listed(present), [present.id, third.id])
    t.strictSame(answer(await list(other)), INVALID)
    const refresh = await post(fastify, '/token/refresh', { refresh_token: other.refreshToken })
    t.equal(refresh.json().code, 'REFRESH_TOKEN_INVALID')
    t.equal((await fastify.inject({ url: '/secret', headers: bearer(other.token) })).statusCode, 200)
  })

  await t.test('end by an id in capitals', async (t) => {
    const [present, other] = [await begin(), await begin()]
    t.strictSame(answer(await end(other.id.toUpperCase(), present)), DONE)
    t.strictSame(await listed(present), [present.id])
    await fastify.audit.flush()
    t.match(await verifyAudit(fastify.database.open(), fastify.audit.key), { fault: undefined })
  })

  await t.test('end in their own name too', async (t) => {
    const [present, other] = [await begin(), await begin()]
    t.strictSame(answer(await end(present.id, present)), DONE)
    const response = await end(other.id, present)
    t.strictSame(answer(response), INVALID)
    t.match(response.headers, INVALID_TOKEN)
    t.strictSame(await listed(other), [other.id])
  })

  await t.test('end all but the present one', async (t) => {
    const [present, , , stranger] = [await begin(), await begin(), await begin(), await begin('eve')]
    for (const what of ['the others', 'and none where there are none']) {
      t.strictSame(answer(await endOthers(present)), DONE, what)
      t.strictSame(await listed(present), [present.id])
    }
    t.strictSame(await listed(stranger), [stranger.id])
  })

  const absent: [string, (present: Session) => Promise<string>][] = [
    ['an unknown session', async () => randomUUID()],
    ['the session of another user', async () => (await begin('eve')).id],
    [
      'a session that has ended',
      async (present) => {
        const { id } = await begin()
        await end(id, present)
        return id
      }
    ],
    [
      'a session that was not used for too long',
      async ({ refreshToken }) => {
        const { id } = await begin()
        clock.advance(3590)
        await post(fastify, '/token/refresh', { refresh_token: refreshToken })
        clock.advance(10)
        return id
      }
    ]
  ]
  for (const [what, prepare] of absent) {
    await t.test(`do not end where there is none: ${what}`, async (t) => {
      const present = await begin()
      const id = await prepare(present)
      t.strictSame(answer(await end(id, present)), NOT_FOUND)
      t.strictSame(await listed(present), [present.id])
    })
  }

  await t.test('of another user live on', async (t) => {
    const [present, stranger] = [await begin(), await begin('eve')]
    await end(stranger.id, present)
    await endOthers(present)
    t.strictSame(await listed(stranger), [stranger.id])
  })

  for (const id of [
    'x',
    '1',
    randomUUID().slice(1),
    `${randomUUID()}0`,
    randomUUID().replaceAll('-', ''),
    '%27%20OR%201=1'
  ]) {
    await t.test(`have no id such as ${id}`, async (t) => {
      const response = await end(id, await begin())
      t.strictSame(answer(response), invalid('/id', 'must be a UUID'))
    })
  }

  await t.test('have no id of more than 100 characters', async (t) => {
    const response = await end('x'.repeat(101), await begin())
    t.strictSame(answer(response), {
      statusCode: 414,
      body: refusal(414, 'URI Too Long', 'MALFORMED_REQUEST', 'The URL could not be read.')
    })
  })

  const requests = [
    ['GET', '/sessions'],
    ['DELETE', '/sessions'],
    ['DELETE', `/sessions/${randomUUID()}`]
  ] as const
  for (const [method, url] of requests) {
    const name = `${method} ${url.replace(/[^/]{36}$/, ':id')}`
    const ask = (headers: Record<string, string>, query = '') =>
      fastify.inject({ method, url: `${url}${query}`, headers })

    await t.test(`are not for who brings no token: ${name}`, async (t) => {
      const response = await ask({})
      t.strictSame(answer(response), MISSING)
      t.match(response.headers, BEARER)
    })

    await t.test(`are not for whose session is over: ${name}`, async (t) => {
      const [{ id, token }, other] = [await begin(), await begin()]
      await end(id, other)
      const response = await ask(bearer(token))
      t.strictSame(answer(response), INVALID)
      t.match(response.headers, INVALID_TOKEN)
      t.strictSame(await listed(other), [other.id])
    })

    await t.test(`take nothing in the query: ${name}`, async (t) => {
      const { token } = await begin()
      t.strictSame(answer(await ask(bearer(token), '?all=1')), invalid('/all', 'is not a known key'))
    })

    await t.test(`are unavailable while the database is: ${name}`, async (t) => {
      const { token } = await begin()
      const restore = cutOff(fastify)
      const response = await ask(bearer(token))
      restore()
      t.strictSame(answer(response), AWAY)
      t.equal(response.headers['retry-after'], '2')
    })
  }

  for (const [what, remove] of [
    ['another one', (present: Session, other: Session) => end(other.id, present)],
    ['itself', (present: Session) => end(present.id, present)],
    ['all others', endOthers]
  ] as const) {
    await t.test(`end nothing in the name of one that ends meanwhile: ${what}`, async (t) => {
      const [present, other] = [await begin(), await begin()]
      meanwhile(fastify, 1, () => end(present.id, other))
      const response = await remove(present, other)
      t.strictSame(answer(response), INVALID)
      t.match(response.headers, INVALID_TOKEN)
      t.strictSame(await listed(other), [other.id])
    })
  }

  await t.test('that end each other at once leave one', async (t) => {
    const [one, other] = [await begin(), await begin()]
    const answers = await Promise.all([end(other.id, one), end(one.id, other)])
    t.strictSame(answers.map(({ statusCode }) => statusCode).sort(), [204, 401])
    const present = answers[0].statusCode === 204 ? one : other
    t.strictSame(await listed(present), [present.id])
  })
})

test('the sessions of a user who signs in without a user agent', async (t) => {
  const fastify = await build(t)
  const { access_token: token } = await signIn(fastify, { email: 'ada@example.com' })
  await fastify.database.open().query(sql`UPDATE sessions SET user_agent = NULL, ip = NULL`)
  const response = await fastify.inject({ url: '/sessions', headers: bearer(token) })
  t.equal(response.statusCode, 200)
  t.match(response.json(), { sessions: [{ user_agent: null, ip: null, current: true }] })
})
