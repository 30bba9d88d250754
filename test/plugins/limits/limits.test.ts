import { test } from 'tap'
import { Problem } from '../../../src/errors.ts'
import { answer, bearer, cutOff, PASSWORD, post, signIn, testClock } from '../../helpers/app.ts'
import { migratedDatabase } from '../../helpers/database.ts'
import { build, guess, login, ON, TOO_MANY, wrongs } from '../../helpers/guesses.ts'
import { holdConnections } from '../../helpers/held-connections.ts'
import { stopwatch } from '../../helpers/stopwatch.ts'
import { testTimers } from '../../helpers/timers.ts'
import { holdMoments } from '../../helpers/too-long.ts'

test('the limits of an address', async (t) => {
  const clock = testClock()
  const fastify = await build(t, { clock, environment: { ...ON, TRUSTED_PROXIES: '192.0.2.9' } })
  const from = (remoteAddress: string, url: string, payload: object, headers: Record<string, string> = {}) =>
    fastify.inject({ method: 'POST', url, payload, remoteAddress, headers })

  const cases: [url: string, payload: object, most: number, seconds: number, status: number][] = [
    ['/login', { username: 'someone', password: 'x' }, 60, 300, 401],
    ['/register', { username: 'someone', password: 'password' }, 30, 3600, 400],
    ['/token/refresh', { refresh_token: 'x' }, 300, 300, 401],
    ['/logout', { refresh_token: 'x' }, 300, 300, 204],
    ['/password/reset', { token: 'x', new_password: PASSWORD }, 30, 300, 400]
  ]
  for (const [url, payload, most, seconds, status] of cases) {
    await t.test(`${most} of ${url} in ${seconds} seconds`, async (t) => {
      // So that the limit of a name is not met first.
      const payloads = (index: number) => ('username' in payload ? { ...payload, username: `name${index}` } : payload)
      t.equal((await from('198.51.100.1', url, { x: 1 })).statusCode, 400, 'what does not fit is not counted')
      const statuses = new Set<number>()
      for (let index = 0; index < most; index++)
        statuses.add((await from('198.51.100.1', url, payloads(index))).statusCode)
      t.strictSame([...statuses], [status])
      const refused = await from('198.51.100.1', url, payload)
      t.strictSame(answer(refused), { statusCode: 429, body: TOO_MANY })
      const wait = Number(refused.headers['retry-after'])
      t.ok(wait > seconds - 120 && wait <= seconds, `${wait}`)
      t.equal((await from('198.51.100.2', url, payload)).statusCode, status, 'another address has its own')
      t.equal((await from('198.51.100.1', '/health/live', {})).statusCode, 405, 'and another route none')
      clock.advance(seconds)
      t.equal((await from('198.51.100.1', url, payload)).statusCode, status)
    })
  }

  await t.test('count a change of the password together with a reset, and deletions of accounts', async (t) => {
    const { access_token } = await signIn(fastify, { username: 'ada' })
    const address = '198.51.100.9'
    const reset = { token: 'x', new_password: PASSWORD }
    const change = { current_password: PASSWORD, new_password: 'another horse, another battery' }
    for (let index = 0; index < 29; index++) t.equal((await from(address, '/password/reset', reset)).statusCode, 400)
    t.equal((await from(address, '/password/change', change, bearer(access_token))).statusCode, 204)
    for (const [url, payload] of Object.entries({ '/password/change': change, '/password/reset': reset })) {
      const refused = await from(address, url, payload, bearer(access_token))
      t.strictSame(answer(refused), { statusCode: 429, body: TOO_MANY })
    }
    const leave = () =>
      fastify.inject({
        method: 'DELETE',
        url: '/me',
        payload: { current_password: 'wrong' },
        remoteAddress: address,
        headers: bearer(access_token)
      })
    for (let index = 0; index < 30; index++) {
      await fastify.pg.pool.query('DELETE FROM limits WHERE count > 0 AND blocked_until IS NOT NULL')
      t.equal((await leave()).statusCode, 401)
    }
    t.strictSame(answer(await leave()), { statusCode: 429, body: TOO_MANY })
  })

  await t.test('count the clients of a proxy apart, and a network of version 6 as one', async (t) => {
    const refresh = (address: string) =>
      from('192.0.2.9', '/token/refresh', { refresh_token: 'x' }, { 'x-forwarded-for': address })
    for (let index = 0; index < 300; index++) await refresh(`2001:db8:1:2::${index.toString(16)}`)
    t.equal((await refresh('2001:db8:1:2:ffff::')).statusCode, 429)
    t.equal((await refresh('2001:db8:1:3::1')).statusCode, 401)
    t.equal((await refresh('198.51.100.7')).statusCode, 401)
  })

  await t.test('are ten times as many for all networks of version 6 in a /48', async (t) => {
    await fastify.pg.pool.query('TRUNCATE limits')
    const register = (address: string) =>
      from('192.0.2.9', '/register', { username: 'someone', password: 'password' }, { 'x-forwarded-for': address })
    const statuses = new Set<number>()
    for (let network = 0; network < 10; network++) {
      for (let index = 0; index < 30; index++) {
        statuses.add((await register(`2001:db8:7:${network}::${index.toString(16)}`)).statusCode)
      }
    }
    t.strictSame([...statuses], [400])
    const refused = await register('2001:db8:7:ffff::1')
    t.strictSame(answer(refused), { statusCode: 429, body: TOO_MANY })
    t.ok(Number(refused.headers['retry-after']) > 3000)
    t.equal((await register('2001:db8:8::1')).statusCode, 400, 'another /48 has its own')
    t.equal((await register('198.51.100.9')).statusCode, 400)
  })

  await t.test('come first: what they refuse is not counted as a guess', async (t) => {
    await fastify.pg.pool.query('TRUNCATE limits')
    for (let index = 0; index < 60; index++) {
      await from('198.51.100.3', '/login', { username: `name${index % 10}`, password: 'x' })
    }
    const before = (await fastify.pg.pool.query('SELECT sum(count) AS sum FROM limits')).rows
    t.equal((await from('198.51.100.3', '/login', { username: 'name1', password: 'x' })).statusCode, 429)
    t.strictSame((await fastify.pg.pool.query('SELECT sum(count) AS sum FROM limits')).rows, before)
  })
})

test('the limits', async (t) => {
  await t.test('are one for all instances, and outlive a restart', async (t) => {
    const database = await migratedDatabase(t)
    const [one, other] = [await build(t, { database, environment: ON }), await build(t, { database, environment: ON })]
    await signIn(one, { username: 'ada' })
    const statuses = await Promise.all(
      Array.from(
        { length: 24 },
        async (_, index) => (await login(index % 2 ? one : other, { username: 'ada' })).statusCode
      )
    )
    t.strictSame(statuses.sort(), [...wrongs(10), ...Array(14).fill(429)])
    const restarted = await build(t, { database, environment: ON })
    t.equal((await login(restarted, { username: 'ada' }, PASSWORD)).statusCode, 429)
  })

  await t.test('keep no name and no address', async (t) => {
    const fastify = await build(t, { environment: ON })
    await login(fastify, { email: 'private.person@example.com' })
    const { rows } = await fastify.pg.pool.query('SELECT * FROM limits')
    t.equal(rows.length, 2)
    for (const { key } of rows) t.equal(key.length, 16)
    t.notMatch(JSON.stringify(rows), /private|127\.0/)
  })

  await t.test('hold nobody off while the database is away: nothing works then', async (t) => {
    const fastify = await build(t, { environment: ON })
    await signIn(fastify, { username: 'ada' })
    const restore = cutOff(fastify)
    t.strictSame(await guess(fastify, 3, { username: 'ada' }), [503, 503, 503])
    restore()
    t.equal((await login(fastify, { username: 'ada' }, PASSWORD)).statusCode, 200)
  })

  await t.test('let nobody through uncounted where they alone fail', async (t) => {
    const fastify = await build(t, { environment: ON })
    const { access_token, refresh_token } = await signIn(fastify, { username: 'ada' })
    const { pool } = fastify.pg
    let checked = 0
    const { verify } = fastify.passwords
    fastify.passwords.verify = (...given) => {
      checked++
      return verify(...given)
    }
    await pool.query('ALTER TABLE limits RENAME TO mislaid')
    for (const [url, body] of [
      ['/login', { username: 'ada', password: PASSWORD }],
      ['/register', { username: 'eve', password: PASSWORD }],
      ['/token/refresh', { refresh_token }],
      ['/password/change', { current_password: PASSWORD, new_password: 'another horse, another battery' }]
    ] as const) {
      t.equal((await post(fastify, url, body, bearer(access_token))).statusCode, 500, url)
    }
    await pool.query('ALTER TABLE mislaid RENAME TO limits')
    t.equal(checked, 0)
    t.equal((await login(fastify, { username: 'ada' }, PASSWORD)).statusCode, 200, 'and work again with them')
  })

  await t.test('say so where a count cannot be taken back', async (t) => {
    const log: string[] = []
    const fastify = await build(t, { log, environment: ON })
    await signIn(fastify, { username: 'ada' })
    const { verify } = fastify.passwords
    let restore = () => {}
    fastify.passwords.verify = async () => {
      restore = cutOff(fastify)
      throw new Problem('OVERLOADED')
    }
    t.equal((await login(fastify, { username: 'ada' }, PASSWORD)).statusCode, 503)
    restore()
    fastify.passwords.verify = verify
    t.match(log.join('\n'), 'could not undo what was counted')
    t.equal((await login(fastify, { username: 'ada' }, PASSWORD)).statusCode, 200)
  })

  await t.test('are off when LIMITS is, which the log says', async (t) => {
    const log: string[] = []
    const fastify = await build(t, { log, environment: { LIMITS: 'off' } })
    t.match(log.join('\n'), 'LIMITS is off')
    t.strictSame(await guess(fastify, 15, { username: 'ada' }), wrongs(15))
    for (let notice = 0; notice < 2; notice++) {
      t.equal(await fastify.limits.isFirstNotice(undefined as never, 'password known', 'ada'), true)
    }
    t.equal(await fastify.limits.resetGuesses(undefined as never, undefined as never), undefined)
    t.strictSame((await fastify.pg.pool.query('SELECT * FROM limits')).rows, [])
  })

  await t.test('are purged now and then', async (t) => {
    const log: string[] = []
    const clock = testClock()
    const timers = testTimers()
    const fastify = await build(t, { clock, log, timers, environment: ON })
    await login(fastify, { username: 'ada' })
    clock.advance(86_400)
    await fastify.pg.pool.query(
      "INSERT INTO limits (key, count, over_at) SELECT decode(md5(n::text), 'hex'), 1, now() FROM generate_series(1, 2500) AS n"
    )
    await timers.pass(60_000)
    t.strictSame((await fastify.pg.pool.query('SELECT * FROM limits')).rows, [], 'however many there are')
    const restore = cutOff(fastify)
    await timers.pass(60_000)
    restore()
    t.match(log.join('\n'), 'could not purge the limits')
  })
})

test('what a request waits for', async (t) => {
  const fastify = await build(t, { environment: { ...ON, HASH_CONCURRENCY: '1' } })
  const tokens = await signIn(fastify, { username: 'ada', email: 'ada@example.com' })
  const counted = async () => {
    const [{ sum }] = (await fastify.pg.pool.query('SELECT coalesce(sum(count), 0)::int AS sum FROM limits')).rows
    return sum
  }
  t.beforeEach(async () => {
    await fastify.pg.pool.query('TRUNCATE limits')
  })

  await t.test('guesses take as few connections as passwords are checked at once', async (t) => {
    holdMoments(t)
    const { asked, begun, settle } = holdConnections(t, fastify)
    const logins = Array.from({ length: 5 }, () => login(fastify, { username: 'ada' }))
    for (let statement = 0; statement < 1 + 2 * 5; statement++) {
      await begun(1)
      await settle()
      t.equal(asked.length, 1)
      asked.shift()?.go()
    }
    t.strictSame(
      (await Promise.all(logins)).map(({ statusCode }) => statusCode),
      wrongs(5)
    )
  })

  await t.test('a count that has to be taken back holds up no answer whose time is over', async (t) => {
    const pass = stopwatch(t)
    const { asked, begun, end } = holdConnections(t, fastify)
    const answered = login(fastify, { username: 'ada' }, PASSWORD)
    for (let statement = 0; statement < 3; statement++) {
      await begun(1)
      asked.shift()?.go()
    }
    await begun(1)
    pass(600_000)
    asked.shift()?.fail()
    t.equal((await answered).statusCode, 503)
    end()
    for (let look = 0; look < 100 && (await counted()) > 1; look++);
    t.equal(await counted(), 1, 'but for the address')
  })

  const steps = ['the session', 'the address', 'the account', 'the first name', 'the second name', 'the change']
  const failures = steps.entries()
  for (const [statements, which] of failures) {
    await t.test(`nothing is counted where the database fails at ${which}`, async (t) => {
      const { asked, begun, end } = holdConnections(t, fastify)
      const payload = { current_password: PASSWORD, new_password: 'another good password' }
      const answered = post(fastify, '/password/change', payload, bearer(tokens.access_token))
      for (let statement = 0; statement < statements; statement++) {
        await begun(1)
        asked.shift()?.go()
      }
      await begun(1)
      asked.shift()?.fail()
      end()
      t.equal((await answered).statusCode, 503)
      t.equal(await counted(), statements > steps.indexOf('the address') ? 1 : 0, 'but for the address')
    })
  }
})
