import type { FastifyInstance } from 'fastify'
import { test } from 'tap'
import { Problem } from '../../../src/errors.ts'
import {
  answer,
  bearer,
  build as buildWhole,
  cutOff,
  PASSWORD,
  post,
  refusal,
  signIn,
  testClock
} from '../../helpers/app.ts'
import { migratedDatabase } from '../../helpers/database.ts'
import { holdConnections } from '../../helpers/held-connections.ts'
import { stopwatch } from '../../helpers/stopwatch.ts'
import { testTimers } from '../../helpers/timers.ts'
import { holdMoments } from '../../helpers/too-long.ts'

const ON = { LIMITS: 'on' }

/** The application, but for the hashes: what they cost is not what is limited here. */
async function build(...given: Parameters<typeof buildWhole>): Promise<FastifyInstance> {
  const fastify = await buildWhole(...given)
  fastify.passwords.verify = async (password, hash) => hash !== undefined && password === PASSWORD
  return fastify
}

const TOO_MANY = refusal(429, 'Too Many Requests', 'TOO_MANY_REQUESTS', 'Too many attempts; try again later.')
const WRONG = refusal(401, 'Unauthorized', 'INVALID_CREDENTIALS', 'The name or the password is wrong.')

interface Names {
  username?: string
  email?: string
}

function login(fastify: FastifyInstance, names: Names, password = 'wrong', headers: Record<string, string> = {}) {
  return post(fastify, '/login', { ...names, password }, headers)
}

/** The statuses of so many wrong passwords, one after the other. */
async function guess(fastify: FastifyInstance, times: number, names: Names, headers: Record<string, string> = {}) {
  const statuses: number[] = []
  for (let index = 0; index < times; index++) {
    statuses.push((await login(fastify, names, `wrong ${index}`, headers)).statusCode)
  }
  return statuses
}

/** The cookie with which a device is known from now on. */
async function deviceOf(fastify: FastifyInstance, names: Names, password = PASSWORD): Promise<Record<string, string>> {
  const { headers } = await login(fastify, names, password)
  return { cookie: String(headers['set-cookie']).split(';')[0] as string }
}

const wrongs = (count: number) => Array(count).fill(401)

test('the limits of guessing', async (t) => {
  const clock = testClock()
  const fastify = await build(t, { clock, environment: ON })
  t.beforeEach(async () => {
    await fastify.pg.pool.query('TRUNCATE limits, users CASCADE')
  })

  await t.test('ten wrong passwords for a name, and then nobody gets in for a while', async (t) => {
    await signIn(fastify, { username: 'Ada', email: 'ada@example.com' })
    t.strictSame(await guess(fastify, 10, { username: 'ada' }), wrongs(10))
    for (const password of ['wrong', PASSWORD]) {
      const response = await login(fastify, { username: 'ADA' }, password)
      t.strictSame(answer(response), { statusCode: 429, body: TOO_MANY })
      t.equal(response.headers['retry-after'], '30')
      t.equal(response.headers['set-cookie'], undefined)
    }
    t.equal((await login(fastify, { email: 'ada@example.com' })).statusCode, 401, 'the other name has its own')
    clock.advance(30)
    t.strictSame(answer(await login(fastify, { username: 'ada' })), { statusCode: 401, body: WRONG })
    t.equal((await login(fastify, { username: 'ada' }, PASSWORD)).headers['retry-after'], '60')
    clock.advance(60)
    t.equal((await login(fastify, { username: 'ada' }, PASSWORD)).statusCode, 200)
    t.strictSame(await guess(fastify, 10, { username: 'ada' }), wrongs(10), 'a successful login resets the counter')
  })

  await t.test('blanks at the ends of a name make no other one of it', async (t) => {
    await signIn(fastify, { username: 'ada' })
    for (let index = 0; index < 10; index++) await login(fastify, { username: `ada${' '.repeat(index)}` })
    t.equal((await login(fastify, { username: 'ada' }, PASSWORD)).statusCode, 429)
    t.equal((await login(fastify, { username: '\tADA' }, PASSWORD)).statusCode, 429)
  })

  await t.test('nobody can tell a known name by them', async (t) => {
    await signIn(fastify, { username: 'ada' })
    for (const username of ['ada', 'nobody']) {
      const answers = []
      for (let index = 0; index < 12; index++) {
        const { statusCode, headers, body } = await login(fastify, { username })
        answers.push([statusCode, body, headers['retry-after']])
      }
      t.strictSame(answers.slice(0, 10), Array(10).fill([401, JSON.stringify(WRONG), undefined]))
      t.strictSame(answers.slice(10), Array(2).fill([429, JSON.stringify(TOO_MANY), '30']))
    }
  })

  await t.test('a right password resets both names', async (t) => {
    await signIn(fastify, { username: 'ada', email: 'ada@example.com' })
    await guess(fastify, 9, { username: 'ada' })
    await guess(fastify, 9, { email: 'ADA@example.com' })
    t.equal((await login(fastify, { username: 'ada' }, PASSWORD)).statusCode, 200)
    t.strictSame(await guess(fastify, 10, { email: 'ada@example.com' }), wrongs(10))
    t.strictSame(await guess(fastify, 10, { username: 'ada' }), wrongs(10))
  })

  await t.test('ten get through of any number at once, before any hash', async (t) => {
    const { semaphore } = fastify.passwords
    const answers = await Promise.all(
      // From many networks, so that the share of one is not what holds them back.
      Array.from({ length: 40 }, (_, index) =>
        fastify.inject({
          method: 'POST',
          url: '/login',
          payload: { username: 'x', password: `${index}` },
          remoteAddress: `198.51.100.${index}`
        })
      )
    )
    const statuses = answers.map(({ statusCode }) => statusCode).sort()
    t.strictSame(statuses, [...wrongs(10), ...Array(30).fill(429)])
    t.equal(semaphore.running + semaphore.waiting, 0)
  })

  await t.test('an attempt that is turned away for another reason is not counted', async (t) => {
    await signIn(fastify, { username: 'ada' })
    const { verify } = fastify.passwords
    fastify.passwords.verify = async () => {
      throw new Problem('OVERLOADED')
    }
    const busy = await guess(fastify, 15, { username: 'ada' })
    fastify.passwords.verify = verify
    t.strictSame(busy, Array(15).fill(503))
    t.strictSame(await guess(fastify, 10, { username: 'ada' }), wrongs(10))
  })

  await t.test('the owner gets in from a known device while strangers are throttled', async (t) => {
    await signIn(fastify, { username: 'ada', email: 'ada@example.com' })
    const device = await deviceOf(fastify, { username: 'ada' })
    await guess(fastify, 10, { username: 'ada' })
    t.equal((await login(fastify, { username: 'ada' }, PASSWORD)).statusCode, 429)
    t.strictSame(await guess(fastify, 9, { username: 'ada' }, device), wrongs(9), 'it has guesses of its own')
    t.equal((await login(fastify, { username: 'ada' }, PASSWORD, device)).statusCode, 200)
    t.strictSame(await guess(fastify, 10, { email: 'ada@example.com' }, device), wrongs(10))
    t.strictSame(
      await guess(fastify, 10, { email: 'ada@example.com' }, device),
      wrongs(10),
      'and then those of strangers'
    )
    t.strictSame(await guess(fastify, 1, { email: 'ada@example.com' }, device), [429])
  })

  await t.test('all devices of an account have twenty together', async (t) => {
    await signIn(fastify, { username: 'ada' })
    const devices = await Promise.all(Array.from({ length: 5 }, () => deviceOf(fastify, { username: 'ada' })))
    await guess(fastify, 10, { username: 'ada' })
    t.equal((await login(fastify, { username: 'ada' })).statusCode, 429)
    const statuses: number[] = []
    for (const device of devices) statuses.push(...(await guess(fastify, 6, { username: 'ada' }, device)))
    t.strictSame(statuses, [...wrongs(20), ...Array(10).fill(429)])
    t.equal((await login(fastify, { username: 'ada' }, PASSWORD, devices[0])).statusCode, 429)
    clock.advance(300)
    t.equal((await login(fastify, { username: 'ada' }, PASSWORD)).statusCode, 200)
    const again = await Promise.all(devices.slice(0, 3).map((device) => guess(fastify, 4, { username: 'ada' }, device)))
    t.strictSame(again.flat(), wrongs(12), 'and a right password forgets all')
  })

  await t.test('more devices than one are no more guesses at once', async (t) => {
    await signIn(fastify, { username: 'ada' })
    const devices = await Promise.all(Array.from({ length: 8 }, () => deviceOf(fastify, { username: 'ada' })))
    const guesses = devices.map((device) => guess(fastify, 6, { username: 'ada' }, device))
    const statuses = (await Promise.all(guesses)).flat().sort()
    t.strictSame(statuses, [...wrongs(30), ...Array(18).fill(429)])
  })

  await t.test('a device of one user is nothing to another', async (t) => {
    await signIn(fastify, { username: 'ada' })
    await signIn(fastify, { username: 'eve' })
    const device = await deviceOf(fastify, { username: 'eve' })
    t.strictSame(await guess(fastify, 11, { username: 'ada' }, device), [...wrongs(10), 429])
  })

  await t.test('the current password is guessed no further either', async (t) => {
    const { access_token } = await signIn(fastify, { username: 'ada', email: 'ada@example.com' })
    const change = (current_password: string, headers: Record<string, string> = {}) =>
      post(
        fastify,
        '/password/change',
        { current_password, new_password: 'another horse, another battery' },
        { ...bearer(access_token), ...headers }
      )
    const device = await deviceOf(fastify, { username: 'ada' })
    for (let index = 0; index < 10; index++) t.equal((await change('wrong')).statusCode, 401)
    const refused = await change(PASSWORD)
    t.strictSame(answer(refused), { statusCode: 429, body: TOO_MANY })
    t.equal(refused.headers['retry-after'], '30')
    for (const name of [{ username: 'ada' }, { email: 'ada@example.com' }]) {
      t.equal((await login(fastify, name, PASSWORD)).statusCode, 429, 'which counts for each name')
    }
    t.equal((await change('wrong', device)).statusCode, 401)
    t.equal((await change(PASSWORD, device)).statusCode, 204, 'but not on a known device')
  })

  await t.test('where one of the names is throttled, the other is not counted', async (t) => {
    const { access_token } = await signIn(fastify, { username: 'ada', email: 'ada@example.com' })
    await guess(fastify, 10, { email: 'ada@example.com' })
    const body = { current_password: 'wrong', new_password: 'another horse, another battery' }
    for (let index = 0; index < 5; index++) {
      t.equal((await post(fastify, '/password/change', body, bearer(access_token))).statusCode, 429)
    }
    t.strictSame(await guess(fastify, 10, { username: 'ada' }), wrongs(10))
  })
})

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

test('a login that loses the database after its password was checked', async (t) => {
  // Count by address, the credentials, the guess: the fourth statement resets the guesses, the fifth opens the session.
  const cases: [what: string, lost: number, next: number[]][] = [
    ['while the guesses are reset, does not count as one', 4, [401, 429]],
    ['while the session is opened, has reset them', 5, [401, 401]]
  ]
  for (const [what, lost, next] of cases) {
    await t.test(what, async (t) => {
      const fastify = await build(t, { environment: ON })
      await signIn(fastify, { username: 'ada' })
      await guess(fastify, 9, { username: 'ada' })
      const pool = fastify.pg.pool as { connect(): Promise<unknown> }
      const { connect } = pool
      let statements = 0
      pool.connect = () => (++statements === lost ? Promise.reject(new Error('gone')) : connect.call(pool))
      const response = await login(fastify, { username: 'ada' }, PASSWORD)
      pool.connect = connect
      t.equal(response.statusCode, 503)
      t.equal(response.headers['set-cookie'], undefined, 'hands out no cookie')
      t.strictSame(await guess(fastify, 2, { username: 'ada' }), next)
    })
  }
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
