import { test } from 'tap'
import { readConfig } from '../../../src/config/config.ts'
import { createDatabase } from '../../../src/database/database.ts'
import { sql } from '../../../src/database/sql.ts'
import { createRefreshToken, type RefreshToken, sha256 } from '../../../src/sessions/refresh-token.ts'
import { endSessionOf, findRefreshToken, type UsedSession, useRefreshToken } from '../../../src/sessions/rotation.ts'
import { endSessions, findSessionUser, type LiveSession, openSession } from '../../../src/sessions/sessions.ts'
import { addUser } from '../../../src/users/users.ts'
import { testClock } from '../../helpers/app.ts'
import { migratedPool } from '../../helpers/pool.ts'

const CONFIG = readConfig({ REFRESH_IDLE_TTL: '3600', REFRESH_MAX_TTL: '7200', REFRESH_GRACE: '10' })
const HASH = 'what bcrypt made of the password'
const KEY = Buffer.alloc(32, 7)

test('the use of refresh tokens', async (t) => {
  const pool = await migratedPool(t)
  const database = createDatabase(pool, { timeout: 60_000 })
  const user = await addUser(database, { username: 'ada', passwordHash: HASH })

  /** A new session, with its own clock. */
  async function begin(rules: { REFRESH_GRACE?: number; successorKey?: Buffer } = {}) {
    const clock = testClock()
    const database = createDatabase(pool, { clock, timeout: 60_000 })
    const all = { ...CONFIG, successorKey: KEY, ...rules }
    const credentials = { id: user.id, username: user.username, password_hash: HASH, password_version: 1 }
    const opened = await openSession(database, all, credentials, { userAgent: undefined, ip: '::1' })
    const { refreshToken: token } = opened as LiveSession
    const use = (presented: RefreshToken, at = database) => useRefreshToken(at, all, presented)
    return {
      clock,
      token,
      use,
      all,
      next: async (presented: RefreshToken) => ((await use(presented)) as UsedSession).refreshToken,
      alive: async () => Boolean(await findSessionUser(database, all, { sid: token.session, sub: user.id })),
      row: async () => (await pool.query('SELECT * FROM sessions WHERE id = $1', [token.session])).rows[0]
    }
  }

  await t.test('returns the successor, the session and its user', async (t) => {
    const { clock, token, use, row } = await begin()
    clock.advance(1000)
    const used = (await use(token)) as UsedSession
    const { refreshToken } = used
    t.strictSame(used.user, { id: user.id, username: 'ada', roles: [] })
    t.strictSame([refreshToken.session, refreshToken.family], [token.session, token.family])
    t.notSame(refreshToken.rotating, token.rotating)
    t.ok(Math.abs(used.lastUsedAt.getTime() - clock.now()) < 60_000)
    t.equal(used.expiresAt.getTime(), used.lastUsedAt.getTime() + 3_600_000)
    const stored = await row()
    t.strictSame(stored.rotating_hash, sha256(refreshToken.rotating))
    t.strictSame(stored.previous_hash, sha256(token.rotating))
    t.strictSame(stored.last_used_at, used.lastUsedAt)
  })

  await t.test('returns how the session was authenticated, which it does not change', async (t) => {
    const { clock, token, use, next, all, row } = await begin()
    const { created_at } = await row()
    clock.advance(100)
    const successor = await next(token)
    t.match(await findRefreshToken(database, all, successor), { authenticatedAt: created_at, amr: ['pwd'] })
    const authenticated_at = new Date(clock.now())
    await pool.query('UPDATE sessions SET authenticated_at = $2, amr = $3 WHERE id = $1', [
      token.session,
      authenticated_at,
      ['pwd', 'otp', 'mfa']
    ])
    const strong = { authenticatedAt: authenticated_at, amr: ['pwd', 'otp', 'mfa'] }
    t.match(await use(token), strong, 'nor does a repeated use')
    clock.advance(100)
    t.match(await use(successor), strong)
    await pool.query('UPDATE sessions SET authenticated_at = NULL WHERE id = $1', [token.session])
    t.match(await use(successor), { authenticatedAt: created_at }, 'a session of an earlier version has no time')
  })

  await t.test('extends the session, up to REFRESH_MAX_TTL', async (t) => {
    const { clock, token, next, use } = await begin()
    let present = token
    for (const seconds of [3000, 3000]) {
      clock.advance(seconds)
      present = await next(present)
    }
    const { expiresAt } = (await use(present)) as UsedSession
    t.ok(Math.abs(expiresAt.getTime() - clock.now() - 1_200_000) < 60_000)
    clock.advance(1201)
    t.strictSame(await use(present), { refused: 'expired', ended: user.id })
  })

  await t.test('returns the same successor to each use within the grace period', async (t) => {
    const { clock, token, next, use } = await begin()
    const successor = await next(token)
    for (const seconds of [0, 4, 5]) {
      clock.advance(seconds)
      t.strictSame(await next(token), successor)
    }
    t.ok('refreshToken' in (await use(successor)), 'which is good')
  })

  await t.test('returns the same successor to concurrent uses on several connections', async (t) => {
    const { token, use, next } = await begin()
    for (let present = token, round = 0; round < 5; round++) {
      const uses = await Promise.all(
        Array.from({ length: 40 }, () => use(present, createDatabase(pool, { timeout: 60_000 })))
      )
      const successors = uses.map((used) =>
        'refreshToken' in used ? used.refreshToken.rotating.toString('hex') : used
      )
      t.strictSame([...new Set(successors)].length, 1, JSON.stringify(successors[0]))
      present = await next(present)
    }
  })

  await t.test('ends the session when a used token is replayed after the grace period', async (t) => {
    const { clock, token, next, use, alive, row } = await begin()
    const successor = await next(token)
    clock.advance(10)
    t.ok(await alive())
    t.strictSame(await use(token), { refused: 'replayed', ended: user.id })
    t.notOk(await alive())
    t.match(await row(), { end_reason: 'replayed' })
    t.strictSame(await use(successor), { refused: 'replayed' }, 'for every token of it')
    t.strictSame(await use(token), { refused: 'replayed' })
  })

  await t.test('does not end other sessions', async (t) => {
    const [one, other] = [await begin(), await begin()]
    await one.next(one.token)
    one.clock.advance(60)
    await one.use(one.token)
    t.notOk(await one.alive())
    t.ok(await other.alive())
  })

  await t.test('refuses a superseded token within the grace period of its own first use', async (t) => {
    const { clock, token, next, use, alive } = await begin()
    clock.advance(60)
    const second = await next(token)
    clock.advance(5)
    const third = await next(second)
    clock.advance(1)
    t.strictSame(await use(token), { refused: 'superseded' })
    t.strictSame(await next(second), third)
    t.ok(await alive())
    clock.advance(4)
    t.strictSame(await use(token), { refused: 'replayed', ended: user.id })
    t.notOk(await alive())
  })

  await t.test(
    'ends the session at a token first used before the grace period, whatever was rotated since',
    async (t) => {
      const { clock, token, next, use, alive } = await begin()
      let stolen = await next(token)
      for (let step = 0; step < 6; step++) {
        clock.advance(9)
        stolen = await next(stolen)
      }
      clock.advance(3)
      t.strictSame(await use(token), { refused: 'replayed', ended: user.id })
      t.notOk(await alive())
      t.strictSame(await use(stolen), { refused: 'replayed' })
    }
  )

  for (const [rotations, refused] of [
    [8, 'superseded'],
    [9, 'replayed']
  ] as const) {
    await t.test(`takes the first token for ${refused} after ${rotations} uses within one grace`, async (t) => {
      const { token, next, use, row } = await begin()
      let present = token
      for (let step = 0; step < rotations; step++) present = await next(present)
      const { earlier_hashes, earlier_rotated_at } = await row()
      t.strictSame([earlier_hashes.length, earlier_rotated_at.length], [7, 7])
      t.match(await use(token), { refused })
    })
  }

  await t.test('keeps no rotations that are further apart than the grace period', async (t) => {
    const { clock, token, next, row } = await begin()
    const nothing = { earlier_hashes: null, earlier_rotated_at: null }
    const second = await next(token)
    t.match(await row(), nothing)
    const third = await next(second)
    t.strictSame((await row()).earlier_hashes, [sha256(token.rotating)])
    clock.advance(10)
    await next(third)
    t.match(await row(), nothing)
  })

  await t.test(
    'continues a session that an older version has refreshed, which stores no earlier rotations',
    async (t) => {
      const { clock, token, next, use, alive } = await begin()
      const second = await next(token)
      const third = await next(second)
      const rotating = Buffer.alloc(32, 3)
      // As the previous version writes it, which stores only the latest rotation.
      await pool.query(
        'UPDATE sessions SET previous_hash = rotating_hash, rotating_hash = $2, rotated_at = now() WHERE id = $1',
        [token.session, sha256(rotating)]
      )
      t.match(await use(third), { refreshToken: { session: token.session } }, 'its predecessor repeats')
      t.strictSame(await use(token), { refused: 'superseded' })
      const fifth = await next({ ...token, rotating })
      t.ok(await alive())
      clock.advance(10)
      t.ok('refreshToken' in (await use(fifth)))
      t.strictSame(await use(second), { refused: 'replayed', ended: user.id })
    }
  )

  for (let replayed = 0; replayed < 20; replayed++) {
    await t.test(`ends the session at a replay of token ${replayed + 1} of 21`, async (t) => {
      const { clock, token, next, use, alive } = await begin()
      const bystander = await begin()
      const chain = [token]
      for (let step = 0; step < 20; step++) chain.push(await next(chain[step] as RefreshToken))
      clock.advance(11)
      t.strictSame(await use(chain[replayed] as RefreshToken), { refused: 'replayed', ended: user.id })
      t.notOk(await alive())
      t.strictSame(await use(chain[20] as RefreshToken), { refused: 'replayed' })
      t.ok(await bystander.alive())
    })
  }

  await t.test('without a grace period accepts each token once', async (t) => {
    const { token, next, use, alive } = await begin({ REFRESH_GRACE: 0 })
    await next(token)
    t.strictSame(await use(token), { refused: 'replayed', ended: user.id })
    t.notOk(await alive())
  })

  await t.test('without a grace period accepts one of several concurrent uses', async (t) => {
    const { token, use } = await begin({ REFRESH_GRACE: 0 })
    const uses = await Promise.all(
      Array.from({ length: 10 }, () => use(token, createDatabase(pool, { timeout: 60_000 })))
    )
    t.equal(uses.filter((used) => 'refreshToken' in used).length, 1)
    t.equal(uses.filter((used) => 'refused' in used && used.refused === 'replayed').length, 9)
  })

  await t.test('does not end a session for a forged token with its id', async (t) => {
    const { clock, token, next, use, alive } = await begin()
    const madeUp = createRefreshToken(token.session)
    t.strictSame(await use(madeUp), { refused: 'unknown' })
    t.strictSame(await use({ ...madeUp, rotating: token.rotating }), { refused: 'unknown' })
    t.strictSame(await use({ ...token, rotating: madeUp.rotating }), { refused: 'unknown' }, 'nothing was used yet')
    t.strictSame(await use({ ...token, session: '0198a3c2-7f00-7000-8000-000000000000' }), { refused: 'unknown' })
    const successor = await next(token)
    clock.advance(60)
    t.strictSame(await use(madeUp), { refused: 'unknown' })
    t.strictSame(await use({ ...madeUp, rotating: successor.rotating }), { refused: 'unknown' })
    t.ok(await alive())
    t.ok('refreshToken' in (await use(successor)))
  })

  await t.test('returns why the session has ended, and keeps the reason', async (t) => {
    const named = (session: string) => ({ sid: session, sub: user.id })
    const ends: [reason: string, end: (session: Awaited<ReturnType<typeof begin>>) => Promise<unknown>][] = [
      ['idle', async ({ clock }) => clock.advance(3600)],
      ['expired', async ({ clock }) => clock.advance(7200)],
      ['logged out', async ({ all, token }) => endSessionOf(database, all, token)],
      [
        'ended by the user',
        ({ all, token }) => endSessions(database, all, named(token.session), token.session, 'ended by the user')
      ],
      [
        'password changed',
        async ({ all, token }) => {
          const { token: present } = await begin()
          await endSessions(database, all, named(present.session), null, 'password changed')
          t.not(present.session, token.session)
        }
      ]
    ]
    for (const [reason, end] of ends) {
      const session = await begin()
      await end(session)
      const now = reason === 'idle' || reason === 'expired'
      t.strictSame(await session.use(session.token), { refused: reason, ...(now && { ended: user.id }) })
      const { end_reason, ended_at } = await session.row()
      t.equal(end_reason, reason)
      session.clock.advance(1)
      t.strictSame(await session.use(session.token), { refused: reason }, 'also later')
      t.strictSame((await session.row()).ended_at, ended_at)
    }
  })

  await t.test('rotates on instances with different keys, each with its own successor', async (t) => {
    const { token, all, next } = await begin()
    const other = { ...all, successorKey: Buffer.alloc(32, 8) }
    const successor = await next(token)
    const used = (await useRefreshToken(database, other, successor)) as UsedSession
    t.notSame(used.refreshToken.rotating, successor.rotating)
    t.strictSame(await next(used.refreshToken).then(({ session }) => session), token.session)
  })
})

test('a refresh token is found as long as it would be accepted', async (t) => {
  const clock = testClock()
  const database = createDatabase(await migratedPool(t), { clock, timeout: 60_000 })
  const rules = { ...CONFIG, successorKey: KEY }
  const { id } = await addUser(database, { email: 'ada@example.com', passwordHash: HASH })
  const credentials = { id, username: null, password_hash: HASH, password_version: 1 }
  const opened = await openSession(database, rules, credentials, { userAgent: undefined, ip: '::1' })
  const { refreshToken: first, expiresAt } = opened as LiveSession
  const find = (token: RefreshToken) => findRefreshToken(database, rules, token)

  t.match(await find(first), { refreshToken: first, user: { id, username: null }, expiresAt })
  t.match(await find(first), { refreshToken: first }, 'and finding it is no use of it')
  const { refreshToken: second } = (await useRefreshToken(database, rules, first)) as UsedSession
  t.ok(await find(second))
  t.ok(await find(first), 'within the grace')
  clock.advance(10)
  t.notOk(await find(first), 'and no longer')
  t.ok(await find(second), 'which ends nothing')
  t.notOk(await find(createRefreshToken(first.session)))
  await endSessionOf(database, rules, second)
  t.notOk(await find(second))
})

test('logging out', async (t) => {
  const clock = testClock()
  const database = createDatabase(await migratedPool(t), { clock, timeout: 60_000 })
  const rules = { ...CONFIG, successorKey: KEY }
  const { id } = await addUser(database, { username: 'ada', passwordHash: HASH })
  const credentials = { id, username: 'ada', password_hash: HASH, password_version: 1 }
  const begin = async () => {
    const opened = await openSession(database, rules, credentials, { userAgent: undefined, ip: '::1' })
    return (opened as LiveSession).refreshToken
  }
  const alive = async ({ session }: RefreshToken) =>
    Boolean(await findSessionUser(database, rules, { sid: session, sub: id }))

  await t.test('ends only the session of the token, and is idempotent', async (t) => {
    const [token, other] = [await begin(), await begin()]
    await endSessionOf(database, rules, token)
    t.strictSame([await alive(token), await alive(other)], [false, true])
    const rows = () => database.query(sql`SELECT ended_at, end_reason FROM sessions WHERE id = ${token.session}`)
    const before = await rows()
    t.match(before, [{ end_reason: 'logged out' }])
    clock.advance(60)
    await endSessionOf(database, rules, token)
    t.strictSame(await rows(), before)
  })

  await t.test('accepts an earlier token of the session', async (t) => {
    const token = await begin()
    await useRefreshToken(database, rules, token)
    clock.advance(60)
    await endSessionOf(database, rules, token)
    t.notOk(await alive(token))
  })

  await t.test('ends nothing for a forged token', async (t) => {
    const token = await begin()
    await endSessionOf(database, rules, createRefreshToken(token.session))
    t.ok(await alive(token))
  })
})
