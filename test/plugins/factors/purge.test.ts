import { test } from 'tap'
import { sql } from '../../../src/database/sql.ts'
import { build, cutOff, signIn, testClock } from '../../helpers/app.ts'
import { testTimers } from '../../helpers/timers.ts'

test('expired login steps and spent challenges are purged every ten minutes, however many there are', async (t) => {
  const log: string[] = []
  const clock = testClock()
  const timers = testTimers()
  const fastify = await build(t, { clock, log, timers })
  const { user } = await signIn(fastify, { username: 'ada' })
  const query = (statement: ReturnType<typeof sql>) => fastify.database.open().query(statement)
  await query(
    sql`INSERT INTO login_steps (hash, user_id, password_version, in_cookie, created_at, expires_at)
     SELECT decode(md5(n::text), 'hex'), ${user.id}, 1, false, now(), now() FROM generate_series(1, 2500) AS n`
  )
  await query(
    sql`INSERT INTO spent_challenges (hash, over_at)
     SELECT decode(md5(n::text), 'hex'), now() FROM generate_series(1, 1200) AS n`
  )
  clock.advance(2 * 24 * 60 * 60)
  await timers.pass(600_000)
  t.strictSame(await query(sql`SELECT FROM login_steps UNION ALL SELECT FROM spent_challenges`), [])
  const restore = cutOff(fastify)
  await timers.pass(600_000)
  restore()
  t.match(log.join('\n'), 'could not purge login steps and challenges')
})
