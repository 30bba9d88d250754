import { test } from 'tap'
import { readConfig } from '../../src/config.ts'
import { createDatabase } from '../../src/database.ts'
import { findSessionUser, type OpenedSession, openSession } from '../../src/sessions.ts'
import { addUser } from '../../src/users.ts'
import { testClock } from '../helper.ts'
import { migratedPool } from '../pool.ts'

const HASH = 'what bcrypt made of the password'
const ORIGIN = { userAgent: 'a browser', ip: '192.0.2.1' }
const CONFIG = readConfig({ REFRESH_IDLE_TTL: '3600', REFRESH_MAX_TTL: '7200' })
const NOBODY = '0198a3c2-7f00-7000-8000-000000000000'

test('the stored sessions', async (t) => {
  const database = createDatabase(await migratedPool(t), 60_000)
  const user = await addUser(database, testClock(), { username: 'ada', email: 'ada@example.com', passwordHash: HASH })
  const other = await addUser(database, testClock(), { username: 'grace', passwordHash: HASH })
  const credentials = { id: user.id, username: user.username, password_hash: HASH, password_version: 1 }

  /** A session of ada that has just begun, on a clock of its own. */
  async function begin(origin: Parameters<typeof openSession>[3] = ORIGIN) {
    const clock = testClock()
    const session = (await openSession(database, clock, credentials, origin)) as OpenedSession
    const find = (sid = session.id, sub = user.id) => findSessionUser(database, clock, CONFIG, { sid, sub })
    return { clock, session, find }
  }

  await t.test('keep where they came from, and of the token only hashes', async (t) => {
    const { session } = await begin()
    t.match(session, { id: /^[\da-f-]{36}$/, refreshToken: /^[\w-]{22}\.[\w-]{22}\.[\w-]{43}$/ })
    t.strictSame(Object.keys(session), ['id', 'refreshToken'])
    const [row] = await database.query(
      `SELECT user_id, user_agent, host(ip) AS ip, ended_at, created_at = last_used_at AS unused,
         length(family_hash) AS family, length(rotating_hash) AS rotating
       FROM sessions WHERE id = $1`,
      [session.id]
    )
    t.strictSame(row, {
      user_id: user.id,
      user_agent: 'a browser',
      ip: '192.0.2.1',
      ended_at: null,
      unused: true,
      family: 32,
      rotating: 32
    })
  })

  const agents: [what: string, userAgent: string | undefined, kept: string | null][] = [
    ['none', undefined, null],
    ['an empty one', '', ''],
    ['the longest that is kept', 'x'.repeat(512), 'x'.repeat(512)],
    ['a longer one, cut', `${'x'.repeat(512)}y`, 'x'.repeat(512)]
  ]
  for (const [what, userAgent, kept] of agents) {
    await t.test(`keep a user agent: ${what}`, async (t) => {
      const { session } = await begin({ userAgent, ip: '2001:db8::1' })
      t.strictSame(
        await database.query('SELECT user_agent, host(ip) AS ip FROM sessions WHERE id = $1', [session.id]),
        [{ user_agent: kept, ip: '2001:db8::1' }]
      )
    })
  }

  const strangers = [
    ['whose password has changed since it was checked', { ...credentials, password_version: 2 }],
    ['whose account has gone since', { ...credentials, id: NOBODY }]
  ] as const
  for (const [whose, given] of strangers) {
    await t.test(`do not begin for a user ${whose}`, async (t) => {
      const count = () => database.query('SELECT count(*)::int FROM sessions')
      const before = await count()
      t.equal(await openSession(database, testClock(), given, ORIGIN), undefined)
      t.strictSame(await count(), before)
    })
  }

  await t.test('tell their user while they live', async (t) => {
    const { session, find } = await begin()
    t.strictSame(await find(), user)
    t.equal(await find(session.id, other.id), undefined, 'not to another user')
    t.equal(await find(NOBODY), undefined, 'not of an unknown session')
  })

  await t.test('are over when they were not used for REFRESH_IDLE_TTL', async (t) => {
    const { clock, find } = await begin()
    clock.advance(3600 - 60)
    t.strictSame(await find(), user)
    clock.advance(60)
    t.equal(await find(), undefined)
  })

  await t.test('live on when they are used, until REFRESH_MAX_TTL', async (t) => {
    const { clock, session, find } = await begin()
    const use = () =>
      database.query(`UPDATE sessions SET last_used_at = now() + $2 * interval '1 millisecond' WHERE id = $1`, [
        session.id,
        clock.offset
      ])
    clock.advance(3000)
    await use()
    clock.advance(3000)
    t.strictSame(await find(), user)
    await use()
    clock.advance(1200 - 60)
    t.strictSame(await find(), user)
    clock.advance(60)
    t.equal(await find(), undefined)
  })

  await t.test('are over when they were ended', async (t) => {
    const { session, find } = await begin()
    const { find: findAnother } = await begin()
    await database.query('UPDATE sessions SET ended_at = now() WHERE id = $1', [session.id])
    t.equal(await find(), undefined)
    t.strictSame(await findAnother(), user)
  })

  await t.test('go with their user', async (t) => {
    const leaver = await addUser(database, testClock(), { username: 'leaver', passwordHash: HASH })
    const clock = testClock()
    const given = { ...credentials, id: leaver.id, username: leaver.username }
    const { id: sid } = (await openSession(database, clock, given, ORIGIN)) as OpenedSession
    t.strictSame(await findSessionUser(database, clock, CONFIG, { sid, sub: leaver.id }), leaver)
    await database.query('DELETE FROM users WHERE id = $1', [leaver.id])
    t.equal(await findSessionUser(database, clock, CONFIG, { sid, sub: leaver.id }), undefined)
    t.strictSame(await database.query('SELECT 1 FROM sessions WHERE id = $1', [sid]), [])
  })
})
