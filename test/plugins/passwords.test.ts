import { test } from 'tap'
import { Problem } from '../../src/errors.ts'
import { answer, bearer, build, NO_SERVER, PASSWORD, post, refusal, signIn, testClock } from '../helpers/app.ts'
import { holdHashes } from '../helpers/held-hashes.ts'
import { tokenOf } from '../helpers/letters.ts'

test('passwords', async (t) => {
  const fastify = await build(t, { environment: { PASSWORD_MIN: '10' } })
  const { passwords } = fastify

  await t.test('that are good are accepted', async (t) => {
    for (const password of [PASSWORD, 'ten chars!', '😀'.repeat(10), 'é'.repeat(36), ' '.repeat(10)]) {
      t.doesNotThrow(() => passwords.accept(password, ['ada', undefined]), password)
    }
  })

  const SHORT = { path: '/password', rule: 'min_length', message: 'must have at least 10 characters' }
  const LONG = { path: '/password', rule: 'max_bytes', message: 'must have at most 72 bytes in UTF-8' }
  const COMMON = { path: '/password', rule: 'common', message: 'is on the list of common passwords' }
  const NAME = { path: '/password', rule: 'same_as_name', message: 'must not be the username or email' }
  const rejected: [string, string, object[]][] = [
    ['too short', 'nine char', [SHORT]],
    ['empty', '', [SHORT]],
    ['short in code points', '😀'.repeat(9), [SHORT]],
    ['short once it is in its normal form', 'e\u0301'.repeat(9), [SHORT]],
    ['over 72 bytes', 'é'.repeat(37), [LONG]],
    ['common', '1234567890', [COMMON]],
    ['common in another letter case', 'QWERTYUIOP', [COMMON]],
    ['the username', 'Ada.Lovelace', [NAME]],
    ['the email', 'ADA@example.com', [NAME]],
    ['short and common', 'password', [SHORT, COMMON]]
  ]
  for (const [what, password, errors] of rejected) {
    await t.test(`are rejected when ${what}`, async (t) => {
      const message = `The password ${errors.map((error) => (error as typeof SHORT).message).join(', and ')}.`
      try {
        passwords.accept(password, ['ada.lovelace', 'ada@example.com'])
        t.fail('was accepted')
      } catch (error) {
        t.ok(error instanceof Problem)
        t.strictSame((error as Problem).toJSON(), {
          statusCode: 400,
          error: 'Bad Request',
          code: 'PASSWORD_REJECTED',
          message,
          errors
        })
      }
    })
  }

  await t.test('are hashed at the configured cost and verified', async (t) => {
    const hash = await passwords.hash(PASSWORD)
    t.match(hash, /^\$2b\$04\$/)
    t.equal(await passwords.renew(PASSWORD, hash), undefined)
    t.match(await passwords.renew(PASSWORD, hash.replace('$04$', '$05$')), /^\$2b\$04\$/)
    t.equal(await passwords.verify(PASSWORD, hash), true)
    t.equal(await passwords.verify('wrong', hash), false)
    t.equal(await passwords.verify(PASSWORD, undefined), false)
  })
})

test('a stranger for whose password there is no place is refused before an account is looked for', async (t) => {
  const OVERLOADED = {
    statusCode: 503,
    body: refusal(503, 'Service Unavailable', 'OVERLOADED', 'The service is busy; try again shortly.')
  }
  for (const [url, done] of [
    ['/login', 401],
    ['/register', 201]
  ] as const) {
    const clock = testClock()
    // At a cost at which a hash takes longer than all else.
    const environment = { BCRYPT_COST: '12', HASH_QUEUE: '1', DATABASE_POOL: '1' }
    const fastify = await build(t, { clock, environment })
    const ask = (username: string) => post(fastify, url, { username, password: PASSWORD }).then(answer)
    const statuses = async (answers: ReturnType<typeof ask>[]) =>
      (await Promise.all(answers)).map(({ statusCode }) => statusCode)

    await t.test(`${url}: as those who came just before will take all`, async (t) => {
      // The only connection is taken: whoever is admitted waits for it.
      const client = await fastify.pg.pool.connect()
      const asked = ['ada', 'bob'].map(ask)
      t.strictSame(await ask('eve'), OVERLOADED)
      clock.advance(1)
      const later = ['heidi', 'ivan'].map(ask)
      t.strictSame(await ask('eve'), OVERLOADED)
      client.release()
      t.strictSame((await statuses([...asked, ...later])).slice(0, 2), [done, done])
      t.equal((await ask('eve')).statusCode, done, 'and then there is one again')
    })

    await t.test(`${url}: as the queue is full`, async (t) => {
      const client = await fastify.pg.pool.connect()
      const full = [fastify.passwords.hash(PASSWORD), fastify.passwords.hash(PASSWORD)]
      t.strictSame(await ask('judy'), OVERLOADED)
      client.release()
      await Promise.all(full)
      t.equal((await ask('judy')).statusCode, done)
    })
  }
})

test('an address that has had its share is told so, and takes no place, however full the queue is', async (t) => {
  const environment = { BCRYPT_COST: '14', HASH_QUEUE: '0', LIMITS: 'on' }
  const fastify = await build(t, { environment })
  const full = fastify.passwords.hash(PASSWORD)
  const statuses: number[] = []
  for (let attempt = 0; attempt <= 30; attempt += 1) {
    statuses.push((await post(fastify, '/register', { username: 'ada', password: PASSWORD })).statusCode)
  }
  t.strictSame(statuses, [...Array(30).fill(503), 429])
  await full
})

test('a stored hash that is not checked is a refusal, and one line of the log', async (t) => {
  const log: string[] = []
  const { passwords } = await build(t, { log })
  const tooCostly = '$scrypt$ln=24,r=8,p=1$AAECAwQFBgcICQoLDA0ODw$AAECAwQFBgcICQoLDA0ODw'
  t.equal(await passwords.verify(PASSWORD, tooCostly), false)
  const lines = log.map((line) => JSON.parse(line)).filter(({ msg }) => msg === 'a stored password hash is not checked')
  t.match(lines, [{ level: 40, reason: 'scrypt with more than 128 MiB of memory' }])
  t.equal(lines.length, 1)
  t.notMatch(log.join(''), /AAECAw/)
})

test('the queue of hashes is fair', async (t) => {
  const NETWORK = '198.51.100.1'
  const fastify = await build(t, { environment: { LIMITS: 'on', HASH_QUEUE: '16', TRUSTED_PROXIES: '127.0.0.1' } })
  const { semaphore } = fastify.passwords
  const ask = (address: string, method: 'POST' | 'DELETE', url: string, payload: object, headers = {}) =>
    fastify
      .inject({ method, url, payload, headers: { 'x-forwarded-for': address, ...headers } })
      .then(({ statusCode }) => statusCode)
  const login = (address: string, names: object, password = 'wrong') =>
    ask(address, 'POST', '/login', { ...names, password })
  /** Until so many hashes wait: what comes then finds them there. */
  const waiting = async (count: number) => {
    while (semaphore.waiting < count) await new Promise(setImmediate)
  }
  /** Until so many are answered, while the rest waits. */
  const answered = async (asked: Promise<unknown>[], count: number) => {
    let done = 0
    for (const each of asked) void each.then(() => done++)
    while (done < count) await new Promise(setImmediate)
  }
  const count = (statuses: number[]) =>
    Object.fromEntries(
      [...new Set(statuses)].sort().map((status) => [status, statuses.filter((it) => it === status).length])
    )
  t.beforeEach(() => fastify.pg.pool.query('TRUNCATE limits'))

  await t.test('a network fills a quarter of it, and others get in', async (t) => {
    const before = semaphore.refused.network
    const { busy, open } = holdHashes(fastify)
    const flood = Array.from({ length: 40 }, (_, index) => login(NETWORK, { username: `name${index}` }))
    await waiting(4)
    const other = login('198.51.100.2', { username: 'other' })
    await waiting(5)
    const neighbours = ['2001:db8:1:2::1', '2001:db8:1:2:ffff::'].flatMap((address, index) =>
      Array.from({ length: 3 }, (_, name) => login(address, { username: `v6.${index}.${name}` }))
    )
    await waiting(9)
    await answered(flood, 36)
    await answered(neighbours, 2)
    open()
    await busy
    t.equal(await other, 401)
    t.strictSame(count(await Promise.all(neighbours)), { 401: 4, 503: 2 }, 'a /64 is one network')
    t.strictSame(count(await Promise.all(flood)), { 401: 4, 503: 36 })
    t.equal(semaphore.refused.network - before, 36 + 2)
  })

  const { access_token, ...ada } = await signIn(fastify, { username: 'Ada', email: 'ada@example.com' })
  t.equal(ada.user.username, 'Ada')
  const CHANGE = { current_password: 'wrong', new_password: 'another horse battery staple' }
  const EMAIL = { current_password: 'wrong', new_email: 'ada@example.org' }
  const mine: [string, 'POST' | 'DELETE', string, object][] = [
    ['a change of the password', 'POST', '/password/change', CHANGE],
    ['a change of the address', 'POST', '/email/change', EMAIL],
    ['the deletion of the account', 'DELETE', '/me', { current_password: 'wrong' }]
  ]
  for (const [what, method, url, payload] of mine) {
    await t.test(`${what} is hashed for two of ten requests at once, from whichever networks`, async (t) => {
      const { busy, open } = holdHashes(fastify)
      const flood = Array.from({ length: 10 }, (_, index) =>
        ask(`203.0.113.${index}`, method, url, payload, bearer(access_token))
      )
      await waiting(2)
      await answered(flood, 8)
      t.equal(await login('203.0.113.20', { username: 'ADA' }), 503, 'by either name')
      t.equal(await login('203.0.113.21', { email: 'ada@EXAMPLE.com' }), 503)
      const other = login('203.0.113.22', { username: 'grace' })
      await waiting(3)
      open()
      await busy
      t.strictSame(count(await Promise.all(flood)), { 401: 2, 503: 8 })
      t.equal(await other, 401)
    })
  }

  for (const [what, names] of [
    ['a known name', { username: 'ada' }],
    ['an unknown one', { username: 'nobody' }],
    ['an unknown address', { email: 'nobody@example.com' }]
  ] as const) {
    await t.test(`a login of ${what} is hashed twice at once, and the third is refused`, async (t) => {
      const { busy, open } = holdHashes(fastify)
      const two = [login('203.0.113.1', names), login('203.0.113.2', names)]
      await waiting(2)
      t.equal(await login('203.0.113.3', names), 503)
      // Not even that the two names are those of one account is told.
      const other = 'username' in names ? { email: 'ada@example.com' } : { username: 'ada' }
      const apart = login('203.0.113.4', other)
      await waiting(3)
      open()
      await busy
      t.strictSame(await Promise.all([...two, apart]), [401, 401, 401])
      t.equal(await login('203.0.113.3', names), 401, 'and then there is a place again')
    })
  }

  await t.test('registrations of one name likewise', async (t) => {
    const { busy, open } = holdHashes(fastify)
    const register = (index: number) =>
      ask(`203.0.113.${index}`, 'POST', '/register', { username: 'mary', password: PASSWORD })
    const answers = Array.from({ length: 5 }, (_, index) => register(index))
    await waiting(2)
    await answered(answers, 3)
    open()
    await busy
    t.strictSame(count(await Promise.all(answers)), { 201: 1, 409: 1, 503: 3 })
  })

  await t.test('neither registrations nor guesses take the places of a known device', async (t) => {
    const signedIn = await post(fastify, '/login', { username: 'ada', password: PASSWORD })
    const device = { cookie: String(signedIn.headers['set-cookie']).split(';')[0] as string }
    const { busy, open } = holdHashes(fastify)
    const others = [1, 2].flatMap((index) => [
      login(`203.0.113.${index}`, { username: 'ada' }),
      ask(`203.0.113.1${index}`, 'POST', '/register', { username: 'ada', password: PASSWORD })
    ])
    await waiting(4)
    const owner = ask('203.0.113.21', 'POST', '/login', { username: 'ada', password: PASSWORD }, device)
    await waiting(5)
    t.equal(await login('203.0.113.22', { username: 'ada' }, PASSWORD), 503, 'where others would have none')
    open()
    await busy
    t.equal(await owner, 200)
    t.strictSame(count(await Promise.all(others)), { 401: 2, 409: 2 })
  })

  await t.test('what is refused counts as no wrong password', async (t) => {
    const { busy, open } = holdHashes(fastify)
    const flood = Array.from({ length: 12 }, (_, index) => login(`203.0.113.${index}`, { username: 'ada' }))
    await waiting(2)
    await answered(flood, 10)
    open()
    await busy
    const { 401: wrong, 429: early = 0, 503: late = 0 } = count(await Promise.all(flood))
    t.strictSame([wrong, early + late], [2, 10])
    t.equal(await login('203.0.113.30', { username: 'ada' }, PASSWORD), 200)
  })
})

test('with LIMITS off one client may fill the queue', async (t) => {
  const fastify = await build(t, { environment: { HASH_QUEUE: '8' } })
  const { busy, open } = holdHashes(fastify)
  const answers = Array.from({ length: 8 }, () => post(fastify, '/login', { username: 'ada', password: 'wrong' }))
  const statuses = Promise.all(answers.map((answer) => answer.then(({ statusCode }) => statusCode)))
  while (fastify.passwords.semaphore.waiting < 8) await new Promise(setImmediate)
  t.equal((await post(fastify, '/login', { username: 'eve', password: 'wrong' })).statusCode, 503)
  open()
  await busy
  t.strictSame(await statuses, Array(8).fill(401))
})

test('what hashes nothing needs no room among the hashes', async (t) => {
  const fastify = await build(t, {
    environment: { HASH_CONCURRENCY: '1', HASH_QUEUE: '0', ...NO_SERVER }
  })
  const { access_token } = await signIn(fastify, { username: 'ada', email: 'ada@example.com' })
  const token = await tokenOf(fastify, 'verify-email')
  let end = () => {}
  const running = fastify.passwords.semaphore.enter({}).run(() => new Promise<void>((resolve) => (end = resolve)))

  const undo = (body: object) => post(fastify, '/email/change/undo', { token: 'x', ...body })
  t.match((await undo({ new_password: PASSWORD })).json(), { code: 'OVERLOADED' })
  t.match((await undo({})).json(), { code: 'EMAIL_TOKEN_INVALID' })
  t.match((await post(fastify, '/email/verify', { token, password: PASSWORD })).json(), { code: 'OVERLOADED' })
  t.equal((await post(fastify, '/email/verify', { token }, bearer(access_token))).statusCode, 204)
  end()
  await running
})
