import { test } from 'tap'
import { Problem } from '../../src/errors.ts'
import { answer, build, PASSWORD, post, refusal } from '../helper.ts'

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

test('a stranger for whose password there would be no place is refused before the database is asked', async (t) => {
  for (const [url, done] of [
    ['/login', 401],
    ['/register', 201]
  ] as const) {
    const fastify = await build(t, { environment: { HASH_QUEUE: '1', DATABASE_POOL: '1' } })
    // The only connection is taken: whoever is admitted waits for it.
    const client = await fastify.pg.pool.connect()
    const names = ['ada', 'bob', 'eve']
    const asked = names.map((username) => post(fastify, url, { username, password: PASSWORD }).then(answer))
    t.strictSame(await asked[2], {
      statusCode: 503,
      body: refusal(503, 'Service Unavailable', 'OVERLOADED', 'The service is busy; try again shortly.')
    })
    client.release()
    const statuses = (await Promise.all(asked)).map(({ statusCode }) => statusCode)
    t.strictSame(statuses, [done, done, 503])
    t.equal(
      (await post(fastify, url, { username: 'eve', password: PASSWORD })).statusCode,
      done,
      'places are free again'
    )
  }
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
