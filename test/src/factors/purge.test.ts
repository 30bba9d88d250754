import { randomBytes } from 'node:crypto'
import { test } from 'tap'
import { createDatabase } from '../../../src/database/database.ts'
import { spendChallenge } from '../../../src/factors/challenges.ts'
import { beginLoginStep } from '../../../src/factors/login-steps.ts'
import { purgeFactors } from '../../../src/factors/purge.ts'
import { addPendingTotp } from '../../../src/factors/totp-secrets.ts'
import { addUser } from '../../../src/users/users.ts'
import { testClock } from '../../helpers/app.ts'
import { migratedPool } from '../../helpers/pool.ts'

const [MINUTE, HOUR] = [60, 3600]

test('what has expired is deleted in the end, some at a time', async (t) => {
  const pool = await migratedPool(t)
  const clock = testClock()
  const open = () => createDatabase(pool, { clock, timeout: 60_000 })
  const users = await Promise.all(
    ['ada', 'grace', 'edith'].map((username) => addUser(open(), { username, passwordHash: 'none' }))
  )
  await pool.query('UPDATE users SET mfa_required = true')
  for (const { id } of users) {
    await addPendingTotp(open(), randomBytes(32), id)
    await beginLoginStep(open(), { id, password_version: 1, inCookie: false })
    await spendChallenge(open(), { hash: randomBytes(32), expiresAt: new Date(clock.now() + 300_000) })
  }
  const [confirmed] = users
  await pool.query('UPDATE totp SET secret = pending, confirmed_at = now() WHERE user_id = $1', [confirmed?.id])
  const left = async () => {
    const { rows } = await pool.query(
      `SELECT (SELECT count(*)::int FROM totp) AS apps, (SELECT count(*)::int FROM totp WHERE pending IS NOT NULL) AS waiting,
         (SELECT count(*)::int FROM login_steps) AS steps, (SELECT count(*)::int FROM spent_challenges) AS challenges`
    )
    return rows[0]
  }

  t.equal(await purgeFactors(open(), 10), 0)
  clock.advance(11 * MINUTE)
  t.equal(await purgeFactors(open(), 2), 2)
  t.equal(await purgeFactors(open(), 2), 1)
  t.strictSame(await left(), { apps: 1, waiting: 0, steps: 3, challenges: 3 })
  clock.advance(HOUR)
  t.equal(await purgeFactors(open(), 2), 2)
  t.equal(await purgeFactors(open(), 2), 1)
  t.strictSame(await left(), { apps: 1, waiting: 0, steps: 3, challenges: 0 })
  clock.advance(22 * HOUR)
  t.equal(await purgeFactors(open(), 2), 0)
  clock.advance(2 * HOUR)
  t.equal(await purgeFactors(open(), 2), 2)
  t.equal(await purgeFactors(open(), 2), 1)
  t.strictSame(await left(), { apps: 1, waiting: 0, steps: 0, challenges: 0 })
  t.equal(await purgeFactors(open(), 2), 0)
})
