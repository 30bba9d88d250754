import { test } from 'tap'
import { bearer, build, cutOff, signIn, testClock } from '../../helpers/app.ts'
import { withInterval } from '../../helpers/intervals.ts'

test('usernames that rest no longer are purged now and then', async (t) => {
  const log: string[] = []
  const clock = testClock()
  // Mail tokens are purged as often, by a plugin that comes before.
  const [fastify, purge] = await withInterval(t, 900_000, () => build(t, { clock, log }))
  const { access_token: token } = await signIn(fastify, { username: 'ada' })
  await fastify.inject({ method: 'PATCH', url: '/me', headers: bearer(token), payload: { username: 'lovelace' } })
  const stored = () => fastify.openDatabase().query('SELECT username FROM resting_usernames')
  await purge()
  t.strictSame(await stored(), [{ username: 'ada' }])
  await fastify.openDatabase().query(
    `INSERT INTO resting_usernames (username, until)
     SELECT 'user' || n, now() FROM generate_series(1, 2500) AS n`
  )
  clock.advance(902)
  await purge()
  t.strictSame(await stored(), [])
  const restore = cutOff(fastify)
  await purge()
  restore()
  t.match(log.join('\n'), 'could not purge resting usernames')
})
