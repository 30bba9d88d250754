import { test } from 'tap'
import { listAudit } from '../../src/audit-list.ts'
import { answer, build, post, signIn, testClock } from '../helper.ts'
import { letters } from '../letters.ts'

test('mails that anybody may ask for', async (t) => {
  const clock = testClock()
  const fastify = await build(t, { clock, environment: { LIMITS: 'on', TRUSTED_PROXIES: '127.0.0.1' } })
  await signIn(fastify, { email: 'ada@example.com' })
  await letters(fastify)
  let client = 0
  const ask = (url: string, email: string, from = `198.51.100.${(client++ % 250) + 1}`) =>
    post(fastify, url, { email }, { 'x-forwarded-for': from })

  await t.test('are sent to an address five times in half an hour, of each kind, whoever asks', async (t) => {
    const first = await ask('/password/forgot', 'ada@example.com')
    for (let i = 0; i < 6; i += 1) {
      t.strictSame(answer(await ask('/password/forgot', 'ADA@example.com')), answer(first), 'and answered alike')
    }
    t.equal((await letters(fastify)).length, 5)
    await ask('/email/resend', 'ada@example.com')
    t.match(await letters(fastify), [{ template: 'verify-email' }])
    clock.advance(1800)
    await ask('/password/forgot', 'ada@example.com')
    t.equal((await letters(fastify)).length, 1)
  })

  await t.test('are counted alike for an address that nobody has', async (t) => {
    for (let i = 0; i < 7; i += 1) t.equal((await ask('/password/forgot', 'nobody@example.com')).statusCode, 202)
    t.strictSame(await letters(fastify), [])
    const counts = await fastify.openDatabase().query('SELECT count FROM limits WHERE count = 5')
    t.strictSame(counts, [{ count: 5 }])
  })

  await t.test('are asked for by a client 30 times an hour, and then refused', async (t) => {
    const statuses = []
    for (let i = 0; i < 31; i += 1) {
      const url = i % 2 ? '/password/forgot' : '/email/resend'
      statuses.push((await ask(url, `someone.${i}@example.com`, '203.0.113.7')).statusCode)
    }
    t.strictSame(statuses, [...Array(30).fill(202), 429])
    const response = await ask('/password/forgot', 'ada@example.com', '203.0.113.7')
    t.equal(response.json().code, 'TOO_MANY_REQUESTS')
    t.match(response.headers['retry-after'], /^\d+$/)
  })

  await t.test('are on record without the address', async (t) => {
    await fastify.audit.flush()
    const records = await listAudit(fastify.openDatabase(), { limit: 1000 })
    const text = JSON.stringify(records)
    t.match(text, '"action":"mail asked"')
    t.match(text, '"action":"mail held off"')
    t.notMatch(text, 'example.com')
  })
})
