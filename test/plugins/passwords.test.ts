import { test } from 'tap'
import { Problem } from '../../src/errors.ts'
import { answer, build, PASSWORD, post, refusal, testClock } from '../helper.ts'

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
