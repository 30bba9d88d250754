import { test } from 'tap'
import { sql } from '../../../src/database/sql.ts'
import { bearer, build, cutOff, signIn, testClock } from '../../helpers/app.ts'
import { testTimers } from '../../helpers/timers.ts'

test('usernames that rest no longer are purged now and then', async (t) => {
  const log: string[] = []
  const clock = testClock()
  const timers = testTimers()
  const fastify = await build(t, { clock, log, timers })
  const { access_token: token } = await signIn(fastify, { username: 'ada' })
  await fastify.inject({ method: 'PATCH', url: '/me', headers: bearer(token), payload: { username: 'lovelace' } })
  const stored = () => fastify.database.open().query(sql`SELECT username FROM resting_usernames`)
  await timers.pass(900_000)
  t.strictSame(await stored(), [{ username: 'ada' }])
  await fastify.database.open().query(
    sql`INSERT INTO resting_usernames (username, until)
     SELECT 'user' || n, now() FROM generate_series(1, 2500) AS n`
  )
  clock.advance(902)
  await timers.pass(900_000)
  t.strictSame(await stored(), [])
  const restore = cutOff(fastify)
  await timers.pass(900_000)
  restore()
  t.match(log.join('\n'), 'could not purge resting usernames')
})
