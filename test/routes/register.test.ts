import { test } from 'tap'
import { sql } from '../../src/database/sql.ts'
import { addUser } from '../../src/users/users.ts'
import { answer, build, cutOff, PASSWORD, post, refusal, testClock } from '../helpers/app.ts'
import { letters, tokenOf, waiting } from '../helpers/letters.ts'

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

const invalid = (...errors: [path: string, message: string][]) => ({
  statusCode: 400,
  body: refusal(
    400,
    'Bad Request',
    'VALIDATION_FAILED',
    'The request does not fit its schema.',
    errors.map(([path, message]) => ({ path, message }))
  )
})

const taken = (...names: string[]) => ({
  statusCode: 409,
  body: refusal(
    409,
    'Conflict',
    'ACCOUNT_EXISTS',
    'The name is taken.',
    names.map((name) => ({ path: `/${name}`, message: 'is taken', rule: 'taken' }))
  )
})

test('POST /register', async (t) => {
  const clock = testClock()
  clock.advance(3600)
  const fastify = await build(t, { clock })
  const register = (body: object) => post(fastify, '/register', { password: PASSWORD, ...body })

  const people: [string, { username?: string; email?: string }][] = [
    ['a username', { username: 'Ada' }],
    ['an email', { email: 'Grace@Example.com' }],
    ['both', { username: 'Alan.Turing-1_2', email: 'alan+tag@example.co.uk' }],
    ['the shortest username', { username: 'a1b' }],
    ['the longest username', { username: 'x'.repeat(32) }],
    ['digits alone', { username: '007' }],
    ['the longest email', { email: `${'x'.repeat(64)}@${`${'y'.repeat(61)}.`.repeat(3)}com` }]
  ]
  for (const [what, names] of people) {
    await t.test(`makes an account with ${what}`, async (t) => {
      const response = await register(names)
      t.equal(response.statusCode, 201)
      t.match(response.headers, { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' })
      const { id, created_at, ...rest } = response.json()
      t.strictSame(rest, { username: null, email: null, ...names, email_verified: false })
      t.match(id, UUID_V7)
      t.equal(new Date(created_at).toISOString(), created_at)
      t.ok(Math.abs(Date.parse(created_at) - clock.now()) < 10_000, 'by the injected clock')
    })
  }

  await t.test('keeps the password as a bcrypt hash alone', async (t) => {
    const { rows } = await fastify.pg.pool.query("SELECT * FROM users WHERE username = 'Ada'")
    t.match(rows, [{ password_hash: /^\$2b\$04\$[./A-Za-z0-9]{53}$/ }])
    t.notMatch(JSON.stringify(rows), PASSWORD)
  })

  const conflicts: [string, object, string[]][] = [
    ['the username', { username: 'Ada' }, ['username']],
    ['the username in another letter case', { username: 'aDA' }, ['username']],
    ['a username that is reserved', { username: 'Admin' }, ['username']],
    [
      'a reserved username beside a taken email',
      { username: 'root', email: 'grace@example.com' },
      ['username', 'email']
    ],
    ['the email in another letter case', { email: 'gRACE@eXAMPLE.com' }, ['email']],
    ['the username beside a new email', { username: 'ada', email: 'new@example.com' }, ['username']],
    ['the email beside a new username', { username: 'newcomer', email: 'grace@example.com' }, ['email']],
    ['both, of two accounts', { username: 'ada', email: 'grace@example.com' }, ['username', 'email']]
  ]
  for (const [what, names, paths] of conflicts) {
    await t.test(`refuses ${what} when taken`, async (t) => {
      t.strictSame(answer(await register(names)), taken(...paths))
    })
  }

  const NAME = 'must be letters, digits, dots, underscores and hyphens, with a letter or digit at either end'
  const EMAIL = 'must be an email address'
  const unfit: [string, object, [string, string][]][] = [
    ['no name', {}, [['', 'at least one of username and email is required']]],
    ['no password', { username: 'eve', password: undefined }, [['/password', 'is required']]],
    ['a short username', { username: 'ab' }, [['/username', 'must have at least 3 characters']]],
    ['a long username', { username: 'x'.repeat(33) }, [['/username', 'must have at most 32 characters']]],
    [
      'an empty username',
      { username: '' },
      [
        ['/username', 'must have at least 3 characters'],
        ['/username', NAME]
      ]
    ],
    ['a username with a space', { username: 'ada lovelace' }, [['/username', NAME]]],
    ['a username with @', { username: 'ada@home' }, [['/username', NAME]]],
    ['a username that begins with a dot', { username: '.ada' }, [['/username', NAME]]],
    ['a username that ends with a hyphen', { username: 'ada-' }, [['/username', NAME]]],
    ['a username of other letters', { username: 'адa' }, [['/username', NAME]]],
    ['a username with a line break at its end', { username: 'ada\n' }, [['/username', NAME]]],
    ['an email without a host', { email: 'ada@' }, [['/email', EMAIL]]],
    ['an email without @', { email: 'ada.example.com' }, [['/email', EMAIL]]],
    ['an email with a name', { email: 'Ada <ada@example.com>' }, [['/email', EMAIL]]],
    ['an email with a line break', { email: 'ada@example.com\n' }, [['/email', EMAIL]]],
    [
      'an email that is too long',
      { email: `${'x'.repeat(64)}@${`${'y'.repeat(61)}.`.repeat(3)}info` },
      [['/email', 'must have at most 254 characters']]
    ],
    ['a good username beside a bad email', { username: 'eve', email: 'x' }, [['/email', EMAIL]]],
    ['an id of its own choice', { username: 'eve', id: '1' }, [['/id', 'is not a known key']]],
    [
      'a verified email',
      { email: 'eve@example.com', email_verified: true },
      [['/email_verified', 'is not a known key']]
    ]
  ]
  for (const [what, body, errors] of unfit) {
    await t.test(`refuses ${what}`, async (t) => t.strictSame(answer(await register(body)), invalid(...errors)))
  }

  const passwords: [string, string, string, string][] = [
    ['an empty password', '', 'min_length', 'must have at least 8 characters'],
    ['a password of 7 characters', '7 chars', 'min_length', 'must have at least 8 characters'],
    ['a password of 73 bytes', 'x'.repeat(73), 'max_bytes', 'must have at most 72 bytes in UTF-8'],
    ['a password of 10,000 characters', 'x'.repeat(10_000), 'max_bytes', 'must have at most 72 bytes in UTF-8'],
    ['a common password', 'Sunshine1', 'common', 'is on the list of common passwords'],
    ['the username for a password', 'Charles.Babbage', 'same_as_name', 'must not be the username or email'],
    ['the email for a password', 'CHARLES@example.com', 'same_as_name', 'must not be the username or email']
  ]
  for (const [what, password, rule, message] of passwords) {
    await t.test(`refuses ${what}`, async (t) => {
      const response = await register({ username: 'charles.babbage', email: 'charles@example.com', password })
      t.strictSame(answer(response), {
        statusCode: 400,
        body: refusal(400, 'Bad Request', 'PASSWORD_REJECTED', `The password ${message}.`, [
          { path: '/password', message, rule }
        ])
      })
    })
  }

  await t.test('takes a password of 8 characters, and one of 72 bytes', async (t) => {
    t.equal((await register({ username: 'eight', password: '8 chars!' })).statusCode, 201)
    t.equal((await register({ username: 'bytes', password: 'é'.repeat(36) })).statusCode, 201)
    t.equal((await post(fastify, '/login', { username: 'bytes', password: 'é'.repeat(36) })).statusCode, 200)
  })

  await t.test('gives a name to one of ten who ask for it at once', async (t) => {
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, index) => register({ username: index % 2 ? 'RACER' : 'racer' }))
    )
    const [first, ...others] = answers.map(answer).sort((one, other) => one.statusCode - other.statusCode)
    t.match(first, { statusCode: 201, body: { username: /^racer$/i } })
    t.strictSame(others, Array(9).fill(taken('username')))
    const { rows } = await fastify.pg.pool.query("SELECT id FROM users WHERE lower(username) = 'racer'")
    t.strictSame(rows, [{ id: first?.body.id }])
  })

  await t.test('makes nothing while the database is away', async (t) => {
    const restore = cutOff(fastify)
    const response = await register({ username: 'later' })
    restore()
    t.equal(response.statusCode, 503)
    t.equal(response.json().code, 'DATABASE_UNAVAILABLE')
    t.equal((await register({ username: 'later' })).statusCode, 201)
  })
})

test('POST /register asks for passwords as long as PASSWORD_MIN says', async (t) => {
  const fastify = await build(t, { environment: { PASSWORD_MIN: '12' } })
  const response = await post(fastify, '/register', { username: 'ada', password: 'eleven char' })
  t.match(answer(response), {
    statusCode: 400,
    body: { code: 'PASSWORD_REJECTED', message: 'The password must have at least 12 characters.' }
  })
  t.equal((await post(fastify, '/register', { username: 'ada', password: 'twelve chars' })).statusCode, 201)
})

test('POST /register with an address', async (t) => {
  const fastify = await build(t)

  await t.test('puts a mail that verifies it into the outbox, with the account or not at all', async (t) => {
    const registered = await post(fastify, '/register', { email: 'Ada@example.com', password: PASSWORD })
    t.equal(registered.statusCode, 201)
    t.match(await waiting(fastify), [
      { kind: 'verify email', recipient: 'Ada@example.com', user_id: registered.json().id, data: {} }
    ])
    t.match(await letters(fastify), [
      { template: 'verify-email', recipient: 'Ada@example.com', variables: { expires_in: { seconds: 86_400 } } }
    ])
    t.equal((await post(fastify, '/register', { email: 'ada@example.com', password: PASSWORD })).statusCode, 409)
    t.equal((await post(fastify, '/register', { username: 'ada', password: PASSWORD })).statusCode, 201)
    t.strictSame(await waiting(fastify), [])
  })

  await t.test('makes no account where the mail cannot be put there', async (t) => {
    await fastify.pg.pool.query('ALTER TABLE mails ADD CONSTRAINT nothing CHECK (false) NOT VALID')
    t.equal((await post(fastify, '/register', { email: 'grace@example.com', password: PASSWORD })).statusCode, 500)
    await fastify.pg.pool.query('ALTER TABLE mails DROP CONSTRAINT nothing')
    t.equal((await post(fastify, '/register', { email: 'grace@example.com', password: PASSWORD })).statusCode, 201)
  })
})

test('with REQUIRE_VERIFIED_EMAIL', async (t) => {
  const fastify = await build(t, { environment: { REQUIRE_VERIFIED_EMAIL: 'on', LIMITS: 'on' } })
  const login = (password: string) => post(fastify, '/login', { email: 'ada@example.com', password })
  const UNVERIFIED = {
    statusCode: 403,
    body: refusal(403, 'Forbidden', 'EMAIL_UNVERIFIED', 'The email address has to be verified first.')
  }

  await t.test('/register asks for an address', async (t) => {
    t.strictSame(
      answer(await post(fastify, '/register', { username: 'ada', password: PASSWORD })),
      invalid(['/email', 'is required'])
    )
    const names = { username: 'ada', email: 'ada@example.com' }
    t.equal((await post(fastify, '/register', { ...names, password: PASSWORD })).statusCode, 201)
  })

  await t.test('nobody signs in before it is verified, which is told to who knows the password alone', async (t) => {
    t.match(answer(await login('wrong')), { statusCode: 401, body: { code: 'INVALID_CREDENTIALS' } })
    for (let i = 0; i < 11; i += 1) {
      const response = await login(PASSWORD)
      t.strictSame(answer(response), UNVERIFIED, 'and is no wrong password')
      t.equal(response.headers['set-cookie'], undefined)
    }
    t.strictSame(await fastify.database.open().query(sql`SELECT FROM sessions`), [])
    await post(fastify, '/email/verify', { token: await tokenOf(fastify, 'verify-email'), password: PASSWORD })
    t.equal((await login(PASSWORD)).statusCode, 200)
  })

  await t.test('who has no address has none to verify', async (t) => {
    const passwordHash = await fastify.passwords.hash(PASSWORD)
    await addUser(fastify.database.open(), { username: 'grace', passwordHash })
    t.equal((await post(fastify, '/login', { username: 'grace', password: PASSWORD })).statusCode, 200)
  })
})
