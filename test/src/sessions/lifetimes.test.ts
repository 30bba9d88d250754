import { test } from 'tap'
import { createDatabase } from '../../../src/database/database.ts'
import { sql } from '../../../src/database/sql.ts'
import { expiryOf, storedSessions } from '../../../src/sessions/lifetimes.ts'
import { testClock } from '../../helpers/app.ts'
import { migratedPool } from '../../helpers/pool.ts'

test('a session expires', (t) => {
  const [created_at, last_used_at] = [new Date('2026-01-01T00:00:00Z'), new Date('2026-01-02T00:00:00Z')]
  const expiry = (REFRESH_IDLE_TTL: number, REFRESH_MAX_TTL: number) =>
    expiryOf({ created_at, last_used_at }, { REFRESH_IDLE_TTL, REFRESH_MAX_TTL }).toISOString()
  t.equal(expiry(3600, 864_000), '2026-01-02T01:00:00.000Z', 'after the idle timeout')
  t.equal(expiry(864_000, 172_800), '2026-01-03T00:00:00.000Z', 'at its maximum age')
  t.equal(
    expiry(Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
    '9999-12-31T23:59:59.000Z',
    'at the last time of RFC 3339, if the settings are larger'
  )
  t.end()
})

test('a stored session is active until it is ended, idle or expired', async (t) => {
  const clock = testClock()
  const database = createDatabase(await migratedPool(t), { clock, timeout: 60_000 })
  const lifetimes = { REFRESH_IDLE_TTL: 3600, REFRESH_MAX_TTL: 7200 }
  await database.query(sql`INSERT INTO users (id, username, password_hash, created_at)
    VALUES ('0198a3c2-7f00-7000-8000-000000000001', 'ada', 'a hash', now())`)
  await database.query(sql`INSERT INTO sessions (id, user_id, family_hash, rotating_hash, created_at, last_used_at)
    SELECT '0198a3c2-7f00-7000-8000-000000000002', id, sha256('family'), sha256('rotating'), now(), now() FROM users`)
  const reason = async () => {
    const [session] = await database.query(sql`SELECT inactive_reason FROM ${storedSessions(lifetimes)}`)
    return session?.inactive_reason
  }
  t.equal(await reason(), null)
  clock.advance(3601)
  t.equal(await reason(), 'idle')
  await database.query(sql`UPDATE sessions SET last_used_at = now() + interval '3601 seconds'`)
  t.equal(await reason(), null, 'after another use')
  clock.advance(3600)
  t.equal(await reason(), 'expired', 'before it is idle again')
  await database.query(sql`UPDATE sessions SET ended_at = now(), end_reason = 'logged out'`)
  t.equal(await reason(), 'logged out', 'which comes first')
})
