import { test } from 'tap'
import { sql } from '../../../src/database/sql.ts'
import { build, cutOff, PASSWORD, post, testClock } from '../../helpers/app.ts'
import { addAccount, FORBIDDEN, operator } from '../../helpers/operator.ts'

const DAY = 86_400_000

test('GET /admin/stats', async (t) => {
  const clock = testClock()
  // Noon, so that nothing here happens on two days.
  clock.advance(43_200 - ((Date.now() / 1000) % 86_400))
  const fastify = await build(t, { clock })
  const admin = await operator(fastify, 'ada.admin')
  const support = await operator(fastify, 'sue.support', ['support'])
  const user = await operator(fastify, 'plain', [])
  await addAccount(fastify, { email: 'eve@example.com', hash: null })
  const disabled = await addAccount(fastify, { username: 'bob' })
  await fastify.database.open().query(sql`UPDATE users SET disabled_at = now() WHERE id = ${disabled}`)
  for (const password of ['wrong', 'wronger']) await post(fastify, '/login', { username: 'plain', password })
  fastify.audit.record('client', 'federated login')
  fastify.audit.record('client', 'login throttled')
  fastify.audit.record('client', 'admin throttled')
  fastify.audit.record('service', 'mail lost')
  await fastify.audit.flush()
  const dateOf = (ago: number) => new Date(clock.now() - ago * DAY).toISOString().slice(0, 10)
  const none = { registered: 0, login: 0, login_failed: 0, throttled: 0, mails_lost: 0 }

  await t.test('shows the numbers and the days', async (t) => {
    t.strictSame(await support.call('GET', '/stats?days=2'), {
      statusCode: 200,
      body: {
        users: { total: 5, disabled: 1, unverified: 1, invited: 1 },
        sessions: { living: 3 },
        days: [
          { date: dateOf(1), ...none },
          { date: dateOf(0), registered: 3, login: 4, login_failed: 2, throttled: 2, mails_lost: 1 }
        ]
      }
    })
    const { body } = await admin.call('GET', '/stats')
    t.strictSame([body.days.length, body.days[0].date], [30, dateOf(29)])
    t.equal((await admin.call('GET', '/stats?days=90')).body.days.length, 90)
  })

  await t.test('keeps the numbers for a minute', async (t) => {
    await post(fastify, '/register', { username: 'another', password: PASSWORD })
    t.equal((await admin.call('GET', '/stats')).body.users.total, 5)
    clock.advance(60)
    const [first, second] = await Promise.all([admin.call('GET', '/stats'), admin.call('GET', '/stats')])
    t.strictSame([first.body.users.total, second.body.users.total], [6, 6])
  })

  await t.test('does not keep a failure', async (t) => {
    clock.advance(60)
    const { adminStatistics } = fastify
    const request = { database: fastify.database.open() } as never
    const restore = cutOff(fastify)
    await t.rejects(adminStatistics.read(request, 1), { code: 'DATABASE_UNAVAILABLE' })
    restore()
    t.equal((await admin.call('GET', '/stats')).statusCode, 200)
  })

  for (const query of ['days=0', 'days=91', 'days=x', 'from=1']) {
    t.equal((await admin.call('GET', `/stats?${query}`)).statusCode, 400, query)
  }
  t.strictSame(await user.call('GET', '/stats'), FORBIDDEN)
})
