import { test } from 'tap'
import { listAudit } from '../../../src/audit/list.ts'
import { sql } from '../../../src/database/sql.ts'
import { answer, bearer, build, NO_SERVER, PASSWORD, post, signIn, testClock } from '../../helpers/app.ts'
import { embeddedDatabase } from '../../helpers/database.ts'
import { letters } from '../../helpers/letters.ts'

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
    const counts = await fastify.database.open().query(sql`SELECT count FROM limits WHERE count = 5`)
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
    const records = await listAudit(fastify.database.open(), { limit: 1000 })
    const text = JSON.stringify(records)
    t.match(text, '"action":"mail asked"')
    t.match(text, '"action":"mail throttled"')
    t.notMatch(text, 'example.com')
  })
})

test('mails that anybody may ask for are sent after a delay of their own', async (t) => {
  const waits = async (environment: Record<string, string>, embedded = false) => {
    const database = embedded ? { database: await embeddedDatabase(t) } : {}
    const fastify = await build(t, { environment, ...database })
    const { access_token } = await signIn(fastify, { username: 'grace', email: 'grace@example.com' })
    for (let index = 0; index < 20; index += 1) {
      const email = `${index}@example.com`
      await post(fastify, '/password/forgot', { email })
      await post(fastify, '/email/resend', { email })
      const change = { new_email: email, current_password: PASSWORD }
      await post(fastify, '/email/change', change, bearer(access_token))
    }
    const rows = await fastify.database
      .open()
      .query<{ kind: string; wait: number }>(
        sql`SELECT kind, extract(epoch FROM next_attempt_at - created_at)::float8 AS wait FROM mails`
      )
    return rows
  }

  await t.test('by lot, of up to five seconds', async (t) => {
    const rows = await waits(NO_SERVER)
    const timesOf = (wanted: string) => rows.filter(({ kind }) => kind === wanted).map(({ wait }) => wait)
    t.strictSame(timesOf('verify email'), [0], 'but for what tells nothing that its answer does not')
    for (const kind of ['confirm new email', 'reset asked', 'verification asked']) {
      const times = timesOf(kind)
      t.equal(times.length, 20)
      t.ok(
        times.every((wait) => wait >= 0 && wait <= 5),
        kind
      )
      t.ok(new Set(times).size > 15, 'and each its own')
      t.ok(Math.min(...times) < 2 && Math.max(...times) > 3, 'of the whole range')
    }
  })

  await t.test('or at once where they are only shown, on this machine', async (t) => {
    for (const { wait } of await waits({}, true)) t.equal(wait, 0)
  })
})

test('mails that join an address to an account are counted for each account', async (t) => {
  const clock = testClock()
  const fastify = await build(t, { clock, environment: { LIMITS: 'on', TRUSTED_PROXIES: '127.0.0.1' } })
  let client = 0
  const from = () => ({ 'x-forwarded-for': `198.51.100.${(client++ % 250) + 1}` })
  const signInAs = async (username: string) => {
    await post(fastify, '/register', { username, password: PASSWORD }, from())
    const { access_token } = (await post(fastify, '/login', { username, password: PASSWORD }, from())).json()
    return bearer(access_token)
  }
  const change = (headers: Record<string, string>, new_email = 'owner@example.com') =>
    post(fastify, '/email/change', { new_email, current_password: PASSWORD }, { ...headers, ...from() })

  await t.test("a stranger's five leave the owner's own", async (t) => {
    const [stranger, owner] = [await signInAs('stranger'), await signInAs('owner')]
    for (let index = 0; index < 8; index += 1) t.equal((await change(stranger)).statusCode, 202)
    t.equal((await letters(fastify)).length, 5)
    t.equal((await change(owner, 'OWNER@example.com')).statusCode, 202)
    t.match(await letters(fastify), [{ template: 'confirm-new-email', variables: { name: 'owner' } }])
  })

  await t.test('thirty of all accounts are the most', async (t) => {
    clock.advance(1800)
    for (const name of ['one', 'two', 'three', 'four', 'five', 'six', 'seven']) {
      const headers = await signInAs(name)
      for (let index = 0; index < 5; index += 1) t.equal((await change(headers)).statusCode, 202)
    }
    t.equal((await letters(fastify)).length, 30)
  })

  await t.test('registering an address and leaving, again and again, uses up no share of the owner', async (t) => {
    const email = 'victim@example.com'
    for (let index = 0; index < 6; index += 1) {
      await post(fastify, '/register', { email, password: PASSWORD }, from())
      const { access_token } = (await post(fastify, '/login', { email, password: PASSWORD }, from())).json()
      const gone = await fastify.inject({
        method: 'DELETE',
        url: '/me',
        headers: { 'content-type': 'application/json', ...bearer(access_token), ...from() },
        payload: { current_password: PASSWORD }
      })
      t.equal(gone.statusCode, 204)
    }
    await letters(fastify)
    t.equal((await post(fastify, '/register', { email, password: PASSWORD }, from())).statusCode, 201)
    t.match(await letters(fastify), [{ template: 'verify-email' }])
  })
})
