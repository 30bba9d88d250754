import { test } from 'tap'
import { readConfig } from '../../../src/config/config.ts'
import { createDatabase, type Database } from '../../../src/database/database.ts'
import { NOW, sql } from '../../../src/database/sql.ts'
import type { Method } from '../../../src/sessions/assurance.ts'
import {
  countSessions,
  endAllSessions,
  endOtherSessions,
  endSessions,
  findSessionUser,
  type LiveSession,
  listSessions,
  openSession
} from '../../../src/sessions/sessions.ts'
import { type DeviceOwner, findDeviceOwner } from '../../../src/users/credentials.ts'
import { addUser } from '../../../src/users/users.ts'
import { testClock } from '../../helpers/app.ts'
import { caught } from '../../helpers/caught.ts'
import { hasServer, meet } from '../../helpers/meeting.ts'
import { migratedPool } from '../../helpers/pool.ts'

const HASH = 'what bcrypt made of the password'
const ORIGIN = { userAgent: 'a browser', ip: '192.0.2.1' }
const CONFIG = readConfig({ REFRESH_IDLE_TTL: '3600', REFRESH_MAX_TTL: '7200' })
const NOBODY = '0198a3c2-7f00-7000-8000-000000000000'

test('the stored sessions', async (t) => {
  const pool = await migratedPool(t)
  const database = createDatabase(pool, { timeout: 60_000 })
  const user = await addUser(database, { username: 'ada', email: 'ada@example.com', passwordHash: HASH })
  const other = await addUser(database, { username: 'grace', passwordHash: HASH })
  const disabled = await addUser(database, { username: 'disabled', passwordHash: HASH })
  await database.query(sql`UPDATE users SET disabled_at = now() WHERE id = ${disabled.id}`)
  const credentials = { id: user.id, username: user.username, password_hash: HASH, password_version: 1 }
  const found = { ...user, mfaRequired: false, hasPassword: true, roles: [] }

  /** A new session of ada, with its own clock. */
  async function begin(origin: Parameters<typeof openSession>[3] = ORIGIN) {
    const clock = testClock()
    const database = createDatabase(pool, { clock, timeout: 60_000 })
    const session = (await openSession(database, CONFIG, credentials, origin)) as LiveSession
    const id = session.refreshToken.session
    const find = (sid = id, sub = user.id) => findSessionUser(database, CONFIG, { sid, sub })
    return { clock, database, session, id, find }
  }

  await t.test('store the client that opened them, and only hashes of the token', async (t) => {
    const { clock, id, session } = await begin()
    t.match(id, /^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/)
    t.ok(Math.abs(session.expiresAt.getTime() - clock.now() - 3_600_000) < 60_000)
    const [row] = await database.query(
      sql`SELECT user_id, user_agent, host(ip) AS ip, ended_at, created_at = last_used_at AS unused,
         length(family_hash) AS family, length(rotating_hash) AS rotating
       FROM sessions WHERE id = ${id}`
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
      const { id } = await begin({ userAgent, ip: '2001:db8::1' })
      t.strictSame(await database.query(sql`SELECT user_agent, host(ip) AS ip FROM sessions WHERE id = ${id}`), [
        { user_agent: kept, ip: '2001:db8::1' }
      ])
    })
  }

  const strangers = [
    ['whose password has changed since it was checked', { ...credentials, password_version: 2 }],
    ['whose account has gone since', { ...credentials, id: NOBODY }],
    ['whose account was disabled since', { ...credentials, id: disabled.id }]
  ] as const
  for (const [whose, given] of strangers) {
    await t.test(`do not begin for a user ${whose}`, async (t) => {
      const stored = () =>
        database.query(
          sql`SELECT (SELECT count(*)::int FROM sessions), array_agg(last_login_at ORDER BY id) AS logins,
            array_agg(signed_in ORDER BY id) AS signed_in
          FROM users`
        )
      const before = await stored()
      t.equal(await openSession(database, CONFIG, given, ORIGIN), undefined)
      t.strictSame(await stored(), before)
    })
  }

  await t.test('do not begin by a password alone for a user who requires a second step', async (t) => {
    const careful = await addUser(database, { username: 'careful', passwordHash: HASH })
    const given = { id: careful.id, password_version: 1 }
    const open = (amr: Method[]) => openSession(database, CONFIG, given, ORIGIN, amr)
    t.match(await open(['pwd']), { amr: ['pwd'] })
    await database.query(sql`UPDATE users SET mfa_required = true WHERE id = ${careful.id}`)
    t.equal(await open(['pwd']), undefined)
    t.match(await open(['pwd', 'otp', 'mfa']), { amr: ['pwd', 'otp', 'mfa'] })
    if (!hasServer) return
    await database.query(sql`UPDATE users SET mfa_required = false WHERE id = ${careful.id}`)
    const require = (where: Database) => where.query(sql`UPDATE users SET mfa_required = true WHERE id = ${careful.id}`)
    t.equal((await meet(pool, require, () => open(['pwd'])))[1], undefined, 'nor where it is required meanwhile')
  })

  await t.test('store how the user was authenticated', async (t) => {
    const { id, session } = await begin()
    const stored = await database.query(sql`SELECT created_at, authenticated_at, amr FROM sessions WHERE id = ${id}`)
    const { authenticatedAt: created_at } = session
    t.strictSame(stored, [{ created_at, authenticated_at: created_at, amr: ['pwd'] }])
  })

  await t.test('are the last login of their user, also when they are gone', async (t) => {
    const login = () =>
      database.query(sql`SELECT last_login_at, signed_in FROM users WHERE id = ${visitor}`).then(([row]) => row)
    const { id: visitor } = await addUser(database, { username: 'visitor', passwordHash: HASH })
    t.strictSame(await login(), { last_login_at: null, signed_in: false })
    for (const seconds of [0, 60]) {
      const clock = testClock()
      clock.advance(seconds)
      const opening = createDatabase(pool, { clock, timeout: 60_000 })
      const session = await openSession(opening, CONFIG, { id: visitor, password_version: 1 }, ORIGIN)
      t.strictSame(await login(), { last_login_at: session?.authenticatedAt, signed_in: true })
    }
    const before = await login()
    await database.query(sql`DELETE FROM sessions WHERE user_id = ${visitor}`)
    t.strictSame(await login(), before)
  })

  await t.test('may be opened at once, each of them', async (t) => {
    const opened = await Promise.all([1, 2, 3, 4, 5].map(() => openSession(database, CONFIG, credentials, ORIGIN)))
    t.equal(new Set(opened.map((session) => session?.refreshToken.session)).size, 5)
  })

  await t.test('return the roles at the time of opening', async (t) => {
    await database.query(sql`UPDATE users SET roles = '{admin,editor}' WHERE id = ${user.id}`)
    t.match(await openSession(database, CONFIG, credentials, ORIGIN), { roles: ['admin', 'editor'] })
    const { find } = await begin()
    t.strictSame((await find())?.roles, ['admin', 'editor'])
    await database.query(sql`UPDATE users SET roles = '{}' WHERE id = ${user.id}`)
    t.strictSame((await openSession(database, CONFIG, credentials, ORIGIN))?.roles, [])
    t.strictSame((await find())?.roles, [])
  })

  await t.test('return the username at the time of opening', async (t) => {
    const rename = (where: Database, username: string) =>
      where.query(sql`UPDATE users SET username = ${username} WHERE id = ${user.id}`)
    const open = async () => (await openSession(database, CONFIG, credentials, ORIGIN))?.username
    await rename(database, 'lovelace')
    t.equal(await open(), 'lovelace')
    if (hasServer) t.equal((await meet(pool, (where) => rename(where, 'countess'), open))[1], 'countess')
    await rename(database, 'ada')
    const nameless = await addUser(database, { email: 'nameless@example.com', passwordHash: HASH })
    const given = { id: nameless.id, password_version: 1 }
    t.match(await openSession(database, CONFIG, given, ORIGIN), { username: null })
  })

  await t.test('have a user while they are active', async (t) => {
    const { id, find } = await begin()
    t.strictSame(await find(), found)
    await database.query(sql`UPDATE users SET mfa_required = true WHERE id = ${user.id}`)
    t.strictSame(await find(), { ...found, mfaRequired: true })
    await database.query(sql`UPDATE users SET mfa_required = false WHERE id = ${user.id}`)
    t.equal(await find(id, other.id), undefined, 'not to another user')
    t.equal(await find(NOBODY), undefined, 'not of an unknown session')
  })

  await t.test('expire when they were not used for REFRESH_IDLE_TTL', async (t) => {
    const { clock, find } = await begin()
    clock.advance(3600 - 60)
    t.strictSame(await find(), found)
    clock.advance(60)
    t.equal(await find(), undefined)
  })

  await t.test('stay active while they are used, until REFRESH_MAX_TTL', async (t) => {
    const { clock, database, id, find } = await begin()
    const use = () => database.query(sql`UPDATE sessions SET last_used_at = ${NOW} WHERE id = ${id}`)
    clock.advance(3000)
    await use()
    clock.advance(3000)
    t.strictSame(await find(), found)
    await use()
    clock.advance(1200 - 60)
    t.strictSame(await find(), found)
    clock.advance(60)
    t.equal(await find(), undefined)
  })

  await t.test('are inactive after they were ended', async (t) => {
    const { database, id, find } = await begin()
    const { find: findAnother } = await begin()
    t.strictSame(await endSessions(database, CONFIG, { sid: id, sub: user.id }, id, 'ended by the user'), {
      alive: true,
      count: 1
    })
    t.equal(await find(), undefined)
    t.strictSame(await findAnother(), found)
  })

  await t.test('are deleted with their user', async (t) => {
    const leaver = await addUser(database, { username: 'leaver', passwordHash: HASH })
    const given = { ...credentials, id: leaver.id, username: leaver.username }
    const { refreshToken } = (await openSession(database, CONFIG, given, ORIGIN)) as LiveSession
    const named = { sid: refreshToken.session, sub: leaver.id }
    t.strictSame(await findSessionUser(database, CONFIG, named), {
      ...leaver,
      mfaRequired: false,
      hasPassword: true,
      roles: []
    })
    await database.query(sql`DELETE FROM users WHERE id = ${leaver.id}`)
    t.equal(await findSessionUser(database, CONFIG, named), undefined)
    t.strictSame(await database.query(sql`SELECT 1 FROM sessions WHERE id = ${named.sid}`), [])
  })
})

test('the sessions of a user', async (t) => {
  const pool = await migratedPool(t)
  const clock = testClock()
  const database = createDatabase(pool, { clock, timeout: 60_000 })
  const ids: Record<string, string> = {}
  for (const username of ['ada', 'grace']) {
    const { id } = await addUser(database, { username, passwordHash: HASH })
    ids[username] = id
  }
  const [ada, grace] = [ids.ada, ids.grace] as [string, string]

  async function begin(sub: string, ip = '192.0.2.1'): Promise<string> {
    const credentials = { id: sub, username: null, password_hash: HASH, password_version: 1 }
    const opened = await openSession(database, CONFIG, credentials, { userAgent: 'a browser', ip })
    return (opened as LiveSession).refreshToken.session
  }
  const living = async (sub: string) =>
    (await listSessions(database, CONFIG, { sid: NOBODY, sub })).map(({ id }) => id).sort()
  const reasons = () => database.query(sql`SELECT id, end_reason AS reason FROM sessions WHERE ended_at IS NOT NULL`)
  t.beforeEach(async () => {
    await database.query(sql`TRUNCATE sessions`)
  })

  await t.test('are listed if active: the current one first, then by last use', async (t) => {
    const [first, second, third, ended] = [
      await begin(ada),
      await begin(ada, '::1'),
      await begin(ada),
      await begin(ada)
    ]
    await begin(grace)
    const at = (offset: number) => new Date(Date.now() + offset * 1000)
    const use = (id: string, time: Date) =>
      database.query(sql`UPDATE sessions SET created_at = ${time}, last_used_at = ${time} WHERE id = ${id}`)
    const times = [at(-300), at(-200), at(-100)] as const
    await use(first, times[0])
    await use(second, times[1])
    await use(third, times[2])
    await endSessions(database, CONFIG, { sid: first, sub: ada }, ended, 'ended by the user')
    const shown = (id: string, time: Date, ip: string, current: boolean) => ({
      id,
      created_at: time.toISOString(),
      last_used_at: time.toISOString(),
      expires_at: new Date(time.getTime() + 3_600_000).toISOString(),
      user_agent: 'a browser',
      ip,
      current
    })
    t.strictSame(await listSessions(database, CONFIG, { sid: second, sub: ada }), [
      shown(second, times[1], '::1', true),
      shown(third, times[2], '192.0.2.1', false),
      shown(first, times[0], '192.0.2.1', false)
    ])
  })

  await t.test('are listed up to a thousand, with the current one', async (t) => {
    const sid = await begin(ada)
    await database.query(
      sql`INSERT INTO sessions (id, user_id, family_hash, rotating_hash, created_at, last_used_at)
       SELECT gen_random_uuid(), ${ada}, '', '', now(), now() + interval '1 minute' FROM generate_series(1, 1001)`
    )
    const listed = await listSessions(database, CONFIG, { sid, sub: ada })
    t.equal(listed.length, 1000)
    t.equal(listed[0]?.id, sid)
  })

  await t.test('are listed without a current one', async (t) => {
    const sid = await begin(ada)
    t.match(await listSessions(database, CONFIG, { sid: null, sub: ada }), [{ id: sid, current: false }])
  })

  await t.test('are counted while they are active, and are all ended with one reason', async (t) => {
    await begin(ada)
    clock.advance(3600)
    const [over, first, second] = [await begin(ada), await begin(ada), await begin(ada)]
    await endSessions(database, CONFIG, { sid: over, sub: ada }, over, 'ended by the user')
    const gracious = await begin(grace)
    t.equal(await countSessions(database, CONFIG, ada), 2)
    t.equal(await endAllSessions(database, CONFIG, ada, 'ended by an operator'), 2)
    t.equal(await countSessions(database, CONFIG, ada), 0)
    t.strictSame(
      (await reasons()).filter(({ id }) => id !== over).sort((a, b) => (a.id < b.id ? -1 : 1)),
      [first, second].sort().map((id) => ({ id, reason: 'ended by an operator' }))
    )
    t.equal(await endAllSessions(database, CONFIG, ada, 'disabled'), 0)
    t.strictSame(await living(grace), [gracious])
  })

  await t.test('end one by one', async (t) => {
    const [present, other, third] = [await begin(ada), await begin(ada), await begin(ada)]
    const end = (id: string) => endSessions(database, CONFIG, { sid: present, sub: ada }, id, 'ended by the user')
    t.strictSame(await end(other), { alive: true, count: 1 })
    t.strictSame(await living(ada), [present, third].sort())
    t.strictSame(await reasons(), [{ id: other, reason: 'ended by the user' }])
    t.strictSame(await end(other), { alive: true, count: 0 }, 'once')
    t.strictSame(await end(NOBODY), { alive: true, count: 0 }, 'not an unknown one')
    t.strictSame(await end(await begin(grace)), { alive: true, count: 0 }, 'not that of another user')
    t.strictSame(await end(present), { alive: true, count: 1 }, 'also the present one')
    t.strictSame(await end(third), { alive: false, count: 0 }, 'in whose name nothing ends any more')
    t.strictSame(await living(ada), [third])
    t.equal((await living(grace)).length, 1)
  })

  await t.test('are all ended but the current one', async (t) => {
    const [present] = [await begin(ada), await begin(ada), await begin(ada)]
    const gracious = await begin(grace)
    const end = (sid: string) => endSessions(database, CONFIG, { sid, sub: ada }, null, 'password changed')
    t.strictSame(await end(present), { alive: true, count: 2 })
    t.strictSame(await living(ada), [present])
    t.strictSame(await living(grace), [gracious])
    t.strictSame(
      (await reasons()).map(({ reason }) => reason),
      ['password changed', 'password changed']
    )
    t.strictSame(await end(present), { alive: true, count: 0 })
    t.strictSame(await end(NOBODY), { alive: false, count: 0 })
    clock.advance(3600)
    t.strictSame(await end(present), { alive: false, count: 0 }, 'in the name of a living one alone')
  })

  await t.test('are all ended but the current one, and the devices are revoked, in one transaction', async (t) => {
    const [present, other] = [await begin(ada), await begin(ada)]
    const before = (await findDeviceOwner(database, ada)) as DeviceOwner
    const owner = { ...before, device_version: before.device_version + 1 }
    const end = (sid: string, sub = ada) => endOtherSessions(database, CONFIG, { sid, sub })
    t.strictSame(await end(present), { count: 1, owner })
    t.strictSame(await living(ada), [present])
    t.match(await caught(end(other)), { code: 'TOKEN_INVALID' }, 'not in the name of one that is over')
    t.match(await caught(end(present, NOBODY)), { code: 'TOKEN_INVALID' }, 'nor for a user who has gone')
    t.strictSame(await findDeviceOwner(database, ada), owner)
    await endAllSessions(database, CONFIG, ada, 'disabled')
    t.match(await findDeviceOwner(database, ada), { device_version: owner.device_version + 1 })
    t.equal(await findDeviceOwner(database, NOBODY), undefined)
  })

  await t.test('that end all others concurrently leave one', async (t) => {
    const sids = await Promise.all(Array.from({ length: 8 }, () => begin(ada)))
    const ends = await Promise.all(
      sids.map((sid) =>
        endSessions(
          createDatabase(pool, { clock, timeout: 60_000 }),
          CONFIG,
          { sid, sub: ada },
          null,
          'ended by the user'
        )
      )
    )
    t.strictSame(
      ends.filter(({ alive }) => alive),
      [{ alive: true, count: 7 }]
    )
    t.equal((await living(ada)).length, 1)
  })
})
