import { test } from 'tap'
import { sql } from '../../../src/database/sql.ts'
import { build, cutOff, signIn, testClock } from '../../helpers/app.ts'
import { letters } from '../../helpers/letters.ts'
import { testTimers } from '../../helpers/timers.ts'

test('expired tokens are purged every ten minutes', async (t) => {
  const log: string[] = []
  const clock = testClock()
  const timers = testTimers()
  const fastify = await build(t, { clock, log, timers })
  await signIn(fastify, { email: 'ada@example.com' })
  await letters(fastify)
  await fastify.database.open().query(
    sql`INSERT INTO email_tokens (hash, purpose, mail_id, email, sent_at, expires_at)
     SELECT decode(md5(n::text), 'hex'), 'finish registration', gen_random_uuid(), 'x', now(), now()
     FROM generate_series(1, 2500) AS n`
  )
  clock.advance(3 * 24 * 60 * 60)
  await timers.pass(600_000)
  t.strictSame(await fastify.database.open().query(sql`SELECT * FROM email_tokens`), [])
  const restore = cutOff(fastify)
  await timers.pass(600_000)
  restore()
  t.match(log.join('\n'), 'could not purge email tokens')
})
