import { test } from 'tap'
import { build, cutOff, signIn, testClock } from '../../helpers/app.ts'
import { withInterval } from '../../helpers/intervals.ts'
import { letters } from '../../helpers/letters.ts'

test('tokens of mails are purged now and then', async (t) => {
  const log: string[] = []
  const clock = testClock()
  const [fastify, purge] = await withInterval(t, 600_000, () => build(t, { clock, log }))
  await signIn(fastify, { email: 'ada@example.com' })
  await letters(fastify)
  await fastify.openDatabase().query(
    `INSERT INTO email_tokens (hash, purpose, mail_id, email, sent_at, expires_at)
     SELECT decode(md5(n::text), 'hex'), 'finish registration', gen_random_uuid(), 'x', now(), now()
     FROM generate_series(1, 2500) AS n`
  )
  clock.advance(3 * 24 * 60 * 60)
  await purge()
  t.strictSame(await fastify.openDatabase().query('SELECT * FROM email_tokens'), [])
  const restore = cutOff(fastify)
  await purge()
  restore()
  t.match(log.join('\n'), 'could not purge email tokens')
})
