import { test } from 'tap'
import { readConfig } from '../../../src/config/config.ts'
import { createDatabase } from '../../../src/database/database.ts'
import { sql } from '../../../src/database/sql.ts'
import type { Method } from '../../../src/sessions/assurance.ts'
import { addProofToSession, endSessionsBelowAal2, withdrawProof } from '../../../src/sessions/authentication.ts'
import { findSessionUser, type OpenedSession, openSession } from '../../../src/sessions/sessions.ts'
import { addUser } from '../../../src/users/users.ts'
import { testClock } from '../../helpers/app.ts'
import { hasServer, meet } from '../../helpers/meeting.ts'
import { migratedPool } from '../../helpers/pool.ts'

const CONFIG = readConfig({ REFRESH_IDLE_TTL: '3600', REFRESH_MAX_TTL: '7200' })
const NOBODY = '0198a3c2-7f00-7000-8000-000000000009'

test('the authentication of a session', async (t) => {
  const pool = await migratedPool(t)
  const clock = testClock()
  const database = createDatabase(pool, { clock, timeout: 60_000 })
  let users = 0

  async function begin() {
    const { id } = await addUser(database, { username: `user${users++}`, passwordHash: 'none' })
    const open = async (amr: Method[] = ['pwd']) => {
      const origin = { userAgent: undefined, ip: '::1' }
      const opened = await openSession(database, CONFIG, { id, password_version: 1 }, origin, amr)
      const { session: sid } = (opened as OpenedSession).refreshToken
      return { sid, sub: id }
    }
    const end = (sid: string) =>
      pool.query("UPDATE sessions SET ended_at = now(), end_reason = 'x' WHERE id = $1", [sid])
    return { id, open, end }
  }
  const stored = async (sid: string) =>
    (await pool.query('SELECT authenticated_at, amr, last_used_at FROM sessions WHERE id = $1', [sid])).rows[0]

  await t.test('is of the last proof, and has all of them', async (t) => {
    const session = await (await begin()).open()
    const before = await stored(session.sid)
    clock.advance(100)
    const first = await addProofToSession(database, CONFIG, session, 'totp')
    t.strictSame(first?.amr, ['pwd', 'otp', 'mfa'])
    const moved = Number(first?.authenticatedAt) - Number(before.authenticated_at)
    t.ok(moved >= 100_000 && moved < 160_000)
    t.strictSame(await stored(session.sid), {
      authenticated_at: first?.authenticatedAt,
      amr: ['pwd', 'otp', 'mfa'],
      last_used_at: before.last_used_at
    })
    t.match(await addProofToSession(database, CONFIG, session, 'passkey'), {
      amr: ['pwd', 'otp', 'pop', 'user', 'mfa']
    })
    t.match(await addProofToSession(database, CONFIG, session, 'password'), {
      amr: ['pwd', 'otp', 'pop', 'user', 'mfa']
    })
  })

  await t.test('is not noted in a session that is not active, or of another', async (t) => {
    const { open, end } = await begin()
    const [ended, session, old] = [await open(), await open(), await open()]
    await end(ended.sid)
    t.equal(await addProofToSession(database, CONFIG, ended, 'totp'), undefined)
    t.equal(await addProofToSession(database, CONFIG, { ...session, sub: NOBODY }, 'totp'), undefined)
    t.equal(await addProofToSession(database, CONFIG, { ...session, sid: NOBODY }, 'totp'), undefined)
    clock.advance(3600)
    t.equal(await addProofToSession(database, CONFIG, old, 'totp'), undefined)
    t.match(await stored(session.sid), { amr: ['pwd'] })
  })

  await t.test('ends the others that are below aal2, once a second step is required', async (t) => {
    const { open, end } = await begin()
    const [current, weak, strong, passkey] = [
      await open(),
      await open(),
      await open(['pwd', 'otp', 'mfa']),
      await open(['pop', 'user', 'mfa'])
    ]
    const gone = await open()
    await end(gone.sid)
    const other = await (await begin()).open()
    const isActive = async (session: typeof current) => Boolean(await findSessionUser(database, CONFIG, session))
    t.equal(await endSessionsBelowAal2(database, CONFIG, current), 1)
    t.strictSame(await Promise.all([current, weak, strong, passkey, other].map(isActive)), [
      true,
      false,
      true,
      true,
      true
    ])
    const { rows } = await pool.query('SELECT end_reason FROM sessions WHERE id = ANY($1) ORDER BY end_reason', [
      [weak.sid, gone.sid]
    ])
    t.strictSame(rows, [{ end_reason: 'second step added' }, { end_reason: 'x' }])
    t.equal(await endSessionsBelowAal2(database, CONFIG, current), 0)
  })

  await t.test('loses the proof of a factor that is removed', async (t) => {
    type Methods = Parameters<Awaited<ReturnType<typeof begin>>['open']>[0]
    const table: [before: Methods, proof: 'totp' | 'passkey', after: string[]][] = [
      [['pwd', 'otp', 'mfa'], 'totp', ['pwd']],
      [['otp', 'pop', 'user', 'mfa'], 'totp', ['pop', 'user', 'mfa']],
      [['pwd', 'pop', 'user', 'mfa'], 'totp', ['pwd', 'pop', 'user', 'mfa']],
      [['pop', 'user', 'mfa'], 'passkey', ['user']],
      [['pwd', 'pop', 'user', 'mfa'], 'passkey', ['pwd', 'user']],
      [['pwd', 'otp', 'pop', 'user', 'mfa'], 'passkey', ['pwd', 'otp', 'user', 'mfa']],
      [['pwd', 'otp', 'mfa'], 'passkey', ['pwd', 'otp', 'mfa']],
      [['fed', 'otp', 'pop', 'user', 'mfa'], 'passkey', ['fed', 'otp', 'user', 'mfa']],
      [['fed', 'otp', 'mfa'], 'totp', ['fed']]
    ]
    for (const [before, proof, after] of table) {
      const { id, open, end } = await begin()
      const [session, ended] = [await open(before), await open(before)]
      const stranger = await (await begin()).open(before)
      await end(ended.sid)
      await withdrawProof(database, id, proof)
      t.strictSame((await stored(session.sid)).amr, after, `${before} without ${proof}`)
      t.strictSame((await stored(ended.sid)).amr, before, 'an ended session stays as it was')
      t.strictSame((await stored(stranger.sid)).amr, before, 'so does that of another user')
    }
  })

  if (hasServer) {
    await t.test('of all sessions is changed in the order of their ids, as all statements lock them', async (t) => {
      const { id, open } = await begin()
      const [one, other] = [await open(['pwd', 'otp', 'mfa']), await open(['pwd', 'otp', 'mfa'])]
      // Ids of one millisecond are in no order.
      const [first, second] = one.sid < other.sid ? [one, other] : [other, one]
      // Moves the first behind the second, in the order in which an unordered statement reads them.
      await pool.query('UPDATE sessions SET last_used_at = last_used_at WHERE id = $1', [first.sid])
      const lock = (sid: string) => pool.query('SELECT FROM sessions WHERE id = $1 FOR UPDATE SKIP LOCKED', [sid])
      let freely: number | null = null
      await meet(
        pool,
        (transaction) => transaction.query(sql`SELECT FROM sessions WHERE id = ${first.sid} FOR UPDATE`),
        async () => {
          const withdrawn = withdrawProof(database, id, 'totp')
          const waits = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
          while ((await pool.query(waits)).rowCount === 0);
          freely = (await lock(second.sid)).rowCount
          await withdrawn
        },
        clock
      )
      t.equal(freely, 1, 'the second is not locked while it waits for the first')
    })
  }
})
