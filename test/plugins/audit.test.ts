import { connect } from 'node:net'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { type Test, test } from 'tap'
import audit from '../../plugins/audit.ts'
import clock from '../../plugins/clock.ts'
import config from '../../plugins/config.ts'
import database from '../../plugins/database/database.ts'
import pg from '../../plugins/database/pg.ts'
import clientAddress from '../../plugins/http/client-address.ts'
import { listAudit } from '../../src/audit/list.ts'
import { CAPACITY } from '../../src/audit/queue.ts'
import { verifyAudit } from '../../src/audit/verify.ts'
import type { Timers } from '../../src/concurrency/periodic.ts'
import { readConfig } from '../../src/config/config.ts'
import { readRefreshToken } from '../../src/sessions/refresh-token.ts'
import { bearer, build, cutOff, listen, PASSWORD, post, signIn, testClock } from '../helpers/app.ts'
import { assemble } from '../helpers/assemble.ts'
import { caught } from '../helpers/caught.ts'
import { migratedDatabase, poolOf, type TestDatabase } from '../helpers/database.ts'
import { testTimers } from '../helpers/timers.ts'

const NEXT = 'another horse, another battery'

/** What is on record, but for the numbers and the times. */
async function recorded(fastify: FastifyInstance) {
  await fastify.audit.flush()
  const records = await listAudit(fastify.database.open(), { limit: 1000 })
  return records.map(({ seq, at, ...record }) => record)
}

test('what clients do is on record', async (t) => {
  const clock = testClock()
  const fastify = await build(t, { clock, environment: { TRUSTED_PROXIES: '127.0.0.1', ACCESS_TOKEN_TTL: '100000' } })
  const { user, access_token: token, refresh_token: first } = await signIn(fastify, { username: 'ada' })
  const account: string = user.id
  const { sid: session } = await fastify.tokens.verify(token)
  const from = { 'x-forwarded-for': '2001:db8::7', 'x-request-id': 'a-request-of-ada' }
  const headers = { ...from, ...bearer(token) }
  const send = (url: string, payload: object) => post(fastify, url, payload, headers)
  const login = (password: string, username = 'ada') => send('/login', { username, password })
  const refresh = (text: string) => send('/token/refresh', { refresh_token: text })
  const change = (current_password: string, new_password: string) =>
    send('/password/change', { current_password, new_password })
  /** Another session of ada. */
  const begin = async () => {
    const { refresh_token } = (await post(fastify, '/login', { username: 'ada', password: PASSWORD })).json()
    return { text: refresh_token as string, id: readRefreshToken(refresh_token)?.session }
  }

  const cases: [what: string, act: () => Promise<object[]>][] = [
    [
      'a registration',
      async () => {
        const { id } = (await send('/register', { username: 'grace', password: PASSWORD })).json()
        return [{ action: 'registered', account: id }]
      }
    ],
    [
      'a login',
      async () => {
        const id = readRefreshToken((await login(PASSWORD)).json().refresh_token)?.session
        return [{ action: 'login', account, session: id, detail: { method: 'password' } }]
      }
    ],
    [
      'a wrong password',
      async () => {
        await login('wrong')
        return [{ action: 'login failed', account, detail: { reason: 'wrong password' } }]
      }
    ],
    [
      'an unknown name, which may be a password, without it',
      async () => {
        await login('x', 'a-password-in-the-wrong-field')
        return [{ action: 'login failed', detail: { reason: 'unknown account' } }]
      }
    ],
    [
      'a login whose password is changed meanwhile',
      async () => {
        const { verify } = fastify.passwords
        fastify.passwords.verify = async (...given) => {
          await fastify.pg.pool.query('UPDATE users SET password_version = password_version + 1')
          return verify(...given)
        }
        await login(PASSWORD)
        fastify.passwords.verify = verify
        return [{ action: 'login failed', account, detail: { reason: 'account changed meanwhile' } }]
      }
    ],
    [
      'a wrong current password',
      async () => {
        await change('wrong', NEXT)
        return [{ action: 'password change failed', account, session, detail: { reason: 'wrong password' } }]
      }
    ],
    [
      'the end of a session',
      async () => {
        const { id } = await begin()
        await fastify.inject({ method: 'DELETE', url: `/sessions/${id}`, headers })
        await fastify.inject({ method: 'DELETE', url: `/sessions/${id}`, headers })
        return [{ action: 'session ended', account, session: id }]
      }
    ],
    [
      'the end of all others',
      async () => {
        await fastify.inject({ method: 'DELETE', url: '/sessions', headers: bearer(token) })
        await begin()
        await begin()
        await fastify.inject({ method: 'DELETE', url: '/sessions', headers })
        return [{ action: 'sessions ended', account, session, detail: { count: 2 } }]
      }
    ],
    [
      'a logout, once, and none of what is no session',
      async () => {
        const { text, id } = await begin()
        for (const each of [text, text, 'rubbish']) await send('/logout', { refresh_token: each })
        return [{ action: 'logged out', account, session: id }]
      }
    ],
    [
      'a replay, once, and no refresh beside it',
      async () => {
        const { text, id } = await begin()
        await refresh(text)
        clock.advance(10)
        for (const each of [text, text, 'rubbish']) await refresh(each)
        return [{ action: 'refresh replayed', account, session: id }]
      }
    ],
    [
      'no reading, and nothing that does not fit',
      async () => {
        await refresh(first)
        for (const url of ['/me', '/secret', '/sessions', '/nowhere']) await fastify.inject({ url, headers })
        await send('/login', { username: 'ada' })
        await send('/register', { username: 'ada', password: PASSWORD })
        return []
      }
    ],
    [
      'a change of the password',
      async () => {
        await change(PASSWORD, NEXT)
        return [{ action: 'password changed', account, session }]
      }
    ]
  ]
  for (const [what, act] of cases) {
    await t.test(what, async (t) => {
      const before = (await recorded(fastify)).length
      const expected = await act()
      const made = (await recorded(fastify)).slice(before).filter(({ address }) => address === '2001:db8::7')
      const common = { actor: 'client', account: null, session: null, address: '2001:db8::7', detail: null }
      t.strictSame(
        made,
        expected.map((each) => ({ ...common, request_id: 'a-request-of-ada', ...each }))
      )
    })
  }

  await t.test('and the whole of it holds, without a secret or a name', async (t) => {
    t.equal((await verifyAudit(fastify.database.open(60_000), fastify.audit.key)).fault, undefined)
    t.notMatch(JSON.stringify(await recorded(fastify)), /"(?:ada|grace)"|horse|a-password|rubbish|wrong"/)
  })
})

test('what the limits refuse is on record once a minute', async (t) => {
  const clock = testClock({ still: true })
  const fastify = await build(t, { clock, environment: { LIMITS: 'on' } })
  fastify.passwords.verify = async (password, hash) => hash !== undefined && password === PASSWORD
  const { user, access_token } = await signIn(fastify, { username: 'ada' })
  const login = (username: string) => post(fastify, '/login', { username, password: 'wrong' })
  const change = { current_password: 'wrong', new_password: NEXT }
  const throttled = async () =>
    (await recorded(fastify)).flatMap(({ action, account }) =>
      action.endsWith('throttled') ? [[action, account]] : []
    )

  for (let index = 0; index < 13; index++) await login('ada')
  const expected = [['login throttled', user.id]]
  t.strictSame(await throttled(), expected)
  for (let index = 0; index < 3; index++) await post(fastify, '/password/change', change, bearer(access_token))
  t.strictSame(await throttled(), expected.concat([['password change throttled', user.id]]))
  await fastify.pg.pool.query('UPDATE limits SET count = 1000')
  for (let index = 0; index < 3; index++) {
    await login('nobody')
    await post(fastify, '/register', { username: 'grace', password: PASSWORD })
    await post(fastify, '/token/refresh', { refresh_token: 'x' })
  }
  t.match((await throttled()).slice(2), [['login throttled', null]])
})

test('the record', async (t) => {
  await t.test('is one for all instances', async (t) => {
    const database = await migratedDatabase(t)
    const instances = [await build(t, { database }), await build(t, { database })]
    for (let round = 0; round < 10; round++) {
      for (const [index, { audit }] of instances.entries()) {
        for (let more = 0; more <= index; more++) audit.record('operator', 'key rotated', { detail: { count: index } })
      }
      for (const { audit } of instances) await audit.flush()
    }
    const [fastify] = instances as [FastifyInstance]
    const verdict = await verifyAudit(fastify.database.open(60_000), fastify.audit.key)
    t.strictSame(verdict, { count: 30, first: 1, last: 30, fault: undefined })
  })

  await t.test('fails no request where it alone cannot be written', async (t) => {
    const fastify = await build(t)
    await fastify.pg.pool.query('ALTER TABLE audit RENAME TO mislaid')
    await signIn(fastify, { username: 'ada' })
    t.match(await caught(fastify.audit.flush()), { code: '42P01' })
    t.equal((await post(fastify, '/login', { username: 'ada', password: PASSWORD })).statusCode, 200)
    t.equal(fastify.audit.waiting, 3)
    await fastify.pg.pool.query('ALTER TABLE mislaid RENAME TO audit')
    t.equal((await recorded(fastify)).length, 3)
  })

  await t.test('is written to its end when the service stops', async (t) => {
    const database = await migratedDatabase(t)
    const pool = await poolOf(t, database)
    const fastify = await build(t, { database })
    for (let index = 0; index < 1200; index++) fastify.audit.record('operator', 'key rotated')
    await fastify.close()
    t.strictSame((await pool.query('SELECT count(*)::int FROM audit')).rows, [{ count: 1200 }])
  })

  await t.test('says in the log what of it is lost when the service stops without a database', async (t) => {
    const log: string[] = []
    const fastify = await build(t, { log })
    fastify.audit.record('operator', 'key rotated')
    cutOff(fastify)
    await fastify.close()
    t.match(
      log.map((line) => JSON.parse(line)).filter(({ level }) => level === 50),
      [{ lost: 1, msg: 'audit records were lost at shutdown', err: { code: 'DATABASE_UNAVAILABLE' } }]
    )
  })

  await t.test('keeps the address of a client that hangs up', async (t) => {
    const fastify = await build(t)
    await signIn(fastify, { username: 'ada' })
    const port = await listen(fastify)
    const { verify } = fastify.passwords
    const closed = new Promise((resolve) =>
      fastify.server.once('connection', (socket) => socket.once('close', resolve))
    )
    const gone = new Promise<void>((resolve) => {
      fastify.passwords.verify = async (password, hash) => {
        client.destroy()
        await closed
        return verify(password, hash).finally(resolve)
      }
    })
    const body = JSON.stringify({ username: 'ada', password: 'wrong' })
    const client = connect(port, '127.0.0.1')
    client.write(
      `POST /login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`
    )
    await gone
    await new Promise(setImmediate)
    t.match((await recorded(fastify)).at(-1), { action: 'login failed', address: '127.0.0.1' })
  })
})

/** Keys without the key ring, which has timers of its own. */
const deriveKey = fp(async (fastify) => void fastify.decorate('deriveKey', () => Buffer.alloc(32)), {
  name: 'derive-key'
})

function instance(t: Test, where: TestDatabase, log: Record<string, unknown>[], timers: Timers): FastifyInstance {
  const environment = 'url' in where ? { DATABASE_URL: where.url, SECRET_KEY: 'x'.repeat(32) } : {}
  return assemble(t, {
    plugins: [clock, config, pg, database, clientAddress, deriveKey, audit],
    config: readConfig(environment),
    ...('pglite' in where && { pglite: where.pglite }),
    log,
    timers,
    unhurried: true
  })
}

test('the record is written', async (t) => {
  const where = await migratedDatabase(t)
  const pool = await poolOf(t, where)
  const log: Record<string, unknown>[] = []
  t.beforeEach(async () => {
    await pool.query('TRUNCATE audit, audit_head')
    log.length = 0
  })

  await t.test('when the database is back, with what was too much counted, which the log tells once', async (t) => {
    const timers = testTimers()
    const fastify = instance(t, where, log, timers)
    await fastify.ready()
    const restore = cutOff(fastify)
    for (let index = 0; index < CAPACITY + 2; index++) fastify.audit.record('operator', 'key rotated')
    await timers.pass(3 * 200)
    t.strictSame([fastify.audit.waiting, fastify.audit.lost], [CAPACITY, 2])
    restore()
    await timers.pass(200)
    t.ok(fastify.audit.waiting < CAPACITY)
    await fastify.close()
    const { rows } = await pool.query('SELECT seq::int, detail FROM audit WHERE action = $1', ['records lost'])
    t.strictSame(rows, [{ seq: 1, detail: { count: 2 } }])
    t.match(log, [
      { msg: 'audit records could not be written, and stay queued' },
      { msg: 'audit records are written again' }
    ])
    t.equal(log.length, 2)
  })
})
