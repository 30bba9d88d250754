import { test } from 'tap'
import { Problem } from '../../../src/errors.ts'
import { answer, bearer, PASSWORD, post, signIn, testClock } from '../../helpers/app.ts'
import { build, deviceOf, guess, login, ON, TOO_MANY, WRONG, wrongs } from '../../helpers/guesses.ts'

test('the limits of guessing', async (t) => {
  const clock = testClock({ still: true })
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
