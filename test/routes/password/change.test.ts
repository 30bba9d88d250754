import type { FastifyInstance } from 'fastify'
import { test } from 'tap'
import { sql } from '../../../src/database/sql.ts'
import {
  answer,
  BEARER,
  bearer,
  build,
  cutOff,
  INVALID_TOKEN,
  PASSWORD,
  post,
  refusal,
  signIn,
  testClock
} from '../../helpers/app.ts'
import { letters, tokenOf, waiting } from '../../helpers/letters.ts'
import { meanwhile } from '../../helpers/meanwhile.ts'
import { giveApp } from '../../helpers/second-factor.ts'

const NEXT = 'another horse battery staple'
const DONE = { statusCode: 204, body: '' }
const WRONG = {
  statusCode: 401,
  body: refusal(401, 'Unauthorized', 'INVALID_CREDENTIALS', 'The current password is wrong.')
}
const MISSING = {
  statusCode: 401,
  body: refusal(401, 'Unauthorized', 'TOKEN_MISSING', 'A bearer token is needed here.')
}
const INVALID = { statusCode: 401, body: refusal(401, 'Unauthorized', 'TOKEN_INVALID', 'The token is not valid.') }

const login = (fastify: FastifyInstance, username: string, password: string) =>
  post(fastify, '/login', { username, password })

const change = (fastify: FastifyInstance, token: string, current_password = PASSWORD, new_password = NEXT) =>
  post(fastify, '/password/change', { current_password, new_password }, bearer(token))

/** What the user's sessions and passwords are worth now. */
async function standing(fastify: FastifyInstance, username: string, tokens: string[]) {
  const status = async (token: string) => (await fastify.inject({ url: '/me', headers: bearer(token) })).statusCode
  return {
    sessions: await Promise.all(tokens.map(status)),
    old: (await login(fastify, username, PASSWORD)).statusCode,
    next: (await login(fastify, username, NEXT)).statusCode
  }
}

test('POST /password/change', async (t) => {
  const fastify = await build(t)
  let users = 0

  /** A user with three sessions, the first of which is the present one. */
  async function begin(names: { email?: string } = {}) {
    const username = `user.${users++}`
    const present = await signIn(fastify, { username, ...names })
    const others = [await login(fastify, username, PASSWORD), await login(fastify, username, PASSWORD)]
    const tokens: string[] = [present, ...others.map((other) => other.json())].map((each) => each.access_token)
    return {
      username,
      refreshToken: present.refresh_token as string,
      tokens,
      token: tokens[0] as string,
      standing: () => standing(fastify, username, tokens)
    }
  }
  const UNCHANGED = { sessions: [200, 200, 200], old: 200, next: 401 }

  await t.test('changes the password, and ends every session but the present one', async (t) => {
    const { username, refreshToken, token, standing } = await begin()
    const stranger = await begin()
    const response = await change(fastify, token)
    t.strictSame(answer(response), DONE)
    t.match(response.headers, { 'cache-control': 'no-store' })
    t.strictSame(await standing(), { sessions: [200, 401, 401], old: 401, next: 200 })
    t.equal((await post(fastify, '/token/refresh', { refresh_token: refreshToken })).statusCode, 200)
    t.strictSame(await stranger.standing(), UNCHANGED, 'and nothing of another user')
    const reasons = await fastify.database.open().query(
      sql`SELECT DISTINCT end_reason FROM sessions JOIN users ON users.id = user_id
         WHERE username = ${username} AND ended_at IS NOT NULL`
    )
    t.strictSame(reasons, [{ end_reason: 'password changed' }])
    t.strictSame(answer(await change(fastify, token, NEXT, PASSWORD)), DONE, 'and back again')
    t.match(await standing(), { old: 200, next: 401 })
  })

  await t.test('tells so by mail, where an address is proven', async (t) => {
    const email = 'emmy@example.com'
    const { username, token } = await begin({ email })
    const verification = await tokenOf(fastify, 'verify-email')
    t.strictSame(answer(await change(fastify, token)), DONE)
    t.strictSame(await letters(fastify), [], 'anybody may have given an address that is not')
    await post(fastify, '/email/verify', { token: verification, password: NEXT })
    t.strictSame(answer(await change(fastify, token, NEXT, PASSWORD)), DONE)
    t.strictSame(await letters(fastify), [
      { template: 'password-changed', recipient: email, locale: null, variables: { name: username } }
    ])
    t.equal((await change(fastify, token, NEXT)).statusCode, 401)
    t.strictSame(await letters(fastify), [])
  })

  await t.test('takes either password in whichever Unicode form it is written', async (t) => {
    const { username, token } = await begin()
    const [composed, decomposed] = ['NFC', 'NFD'].map((form) => 'Crème brûlée für Zoë'.normalize(form)) as [
      string,
      string
    ]
    t.strictSame(answer(await change(fastify, token, PASSWORD, decomposed)), DONE)
    t.equal((await login(fastify, username, composed)).statusCode, 200)
    t.strictSame(answer(await change(fastify, token, composed, 'k7#pQz!m')), DONE)
    t.equal((await login(fastify, username, 'k7#pQz!m')).statusCode, 200)
  })

  await t.test('takes the password that it is already, and ends the other sessions', async (t) => {
    const { token, standing } = await begin()
    t.strictSame(answer(await change(fastify, token, PASSWORD, PASSWORD)), DONE)
    t.strictSame(await standing(), { sessions: [200, 401, 401], old: 200, next: 401 })
  })

  const wrong: [string, string][] = [
    ['another password', 'wrong'],
    ['the new password', NEXT],
    ['the right password with a letter in another case', PASSWORD.toUpperCase()],
    ['the right password with a space after it', `${PASSWORD} `],
    ['a password that begins like the right one and is longer than bcrypt sees', PASSWORD.padEnd(80)],
    ['the longest password', 'é'.repeat(1024)]
  ]
  const unmoved = await begin()
  for (const [what, current] of wrong) {
    await t.test(`refuses ${what} for the current one, and changes nothing`, async (t) => {
      const { token, standing } = unmoved
      const response = await change(fastify, token, current)
      t.strictSame(answer(response), WRONG)
      t.match(response.headers, BEARER)
      t.notMatch(response.headers['www-authenticate'], 'error')
      t.strictSame(await standing(), UNCHANGED)
    })
  }

  const fault = (rule: string, message: string) => ({ path: '/new_password', rule, message })
  const SHORT = fault('min_length', 'must have at least 8 characters')
  const LONG = fault('max_bytes', 'must have at most 72 bytes in UTF-8')
  const COMMON = fault('common', 'is on the list of common passwords')
  const NAME = fault('same_as_name', 'must not be the username or email')
  const rejected: [string, string, (typeof SHORT)[]][] = [
    ['short', 'k7#pQz!', [SHORT]],
    ['empty', '', [SHORT]],
    ['over 72 bytes', 'é'.repeat(37), [LONG]],
    ['very long', 'x'.repeat(10_000), [LONG]],
    ['common', 'PassWord', [COMMON]],
    ['short and common', '123456', [SHORT, COMMON]],
    ['the username', 'USER.named', [NAME]],
    ['the email', 'ADA@example.com', [NAME]]
  ]
  const named = await signIn(fastify, { username: 'user.Named', email: 'Ada@Example.com' })
  for (const [what, password, errors] of rejected) {
    await t.test(`rejects a new password that is ${what}, before the current one is looked at`, async (t) => {
      const message = `The password ${errors.map((error) => error.message).join(', and ')}.`
      for (const current of [PASSWORD, 'wrong']) {
        t.strictSame(answer(await change(fastify, named.access_token, current, password)), {
          statusCode: 400,
          body: refusal(400, 'Bad Request', 'PASSWORD_REJECTED', message, errors)
        })
      }
      t.match(await standing(fastify, 'user.named', [named.access_token]), { sessions: [200], old: 200 })
    })
  }

  await t.test('takes the name of another user, and for who has no username any', async (t) => {
    const { access_token: token } = await signIn(fastify, { email: 'grace@example.com' })
    t.strictSame(answer(await change(fastify, token, PASSWORD, 'Ada@Example.com')), DONE)
    t.strictSame(answer(await change(fastify, token, 'Ada@Example.com', 'user.named')), DONE)
  })

  const { token } = unmoved
  const unfit: [string, unknown, [path: string, message: string][]][] = [
    [
      'nothing',
      {},
      [
        ['/current_password', 'is required'],
        ['/new_password', 'is required']
      ]
    ],
    ['no new password', { current_password: PASSWORD }, [['/new_password', 'is required']]],
    ['no current password', { new_password: NEXT }, [['/current_password', 'is required']]],
    [
      'an empty current password',
      { current_password: '', new_password: NEXT },
      [['/current_password', 'must have at least 1 characters']]
    ],
    [
      'a long current password',
      { current_password: 'x'.repeat(1025), new_password: NEXT },
      [['/current_password', 'must have at most 1024 characters']]
    ],
    [
      'a new password that is no text',
      { current_password: PASSWORD, new_password: 5 },
      [['/new_password', 'must be string']]
    ],
    [
      'an unknown key',
      { current_password: PASSWORD, new_password: NEXT, username: 'ada' },
      [['/username', 'is not a known key']]
    ]
  ]
  for (const [what, body, faults] of unfit) {
    await t.test(`refuses ${what} as what does not fit`, async (t) => {
      const errors = faults.map(([path, message]) => ({ path, message }))
      t.strictSame(answer(await post(fastify, '/password/change', body, bearer(token))), {
        statusCode: 400,
        body: refusal(400, 'Bad Request', 'VALIDATION_FAILED', 'The request does not fit its schema.', errors)
      })
    })
  }

  await t.test('refuses without a token, and with one whose session is over', async (t) => {
    const { refreshToken, token, standing } = await begin()
    const missing = await post(fastify, '/password/change', { current_password: PASSWORD, new_password: NEXT })
    t.strictSame(answer(missing), MISSING)
    t.match(missing.headers, BEARER)
    await post(fastify, '/logout', { refresh_token: refreshToken })
    const response = await change(fastify, token)
    t.strictSame(answer(response), INVALID)
    t.match(response.headers, INVALID_TOKEN)
    t.strictSame(await standing(), { sessions: [401, 200, 200], old: 200, next: 401 })
  })

  await t.test('is unavailable while the database is, and changes nothing', async (t) => {
    const { token, standing } = await begin()
    const { hash } = fastify.passwords
    let restore = cutOff(fastify)
    t.equal((await change(fastify, token)).json().code, 'DATABASE_UNAVAILABLE')
    restore()
    fastify.passwords.hash = async (...given) => {
      restore = cutOff(fastify)
      return hash(...given)
    }
    const response = await change(fastify, token)
    restore()
    fastify.passwords.hash = hash
    t.strictSame(answer(response), {
      statusCode: 503,
      body: refusal(
        503,
        'Service Unavailable',
        'DATABASE_UNAVAILABLE',
        'The database cannot be reached; try again shortly.'
      )
    })
    t.equal(response.headers['retry-after'], '2')
    t.strictSame(await standing(), UNCHANGED)
  })
})

test('POST /password/change, while something else happens,', async (t) => {
  const fastify = await build(t)
  const { verify, hash } = fastify.passwords
  let users = 0
  t.afterEach(() => {
    Object.assign(fastify.passwords, { verify, hash })
  })

  async function begin() {
    const username = `user${users++}`
    const { access_token: token, refresh_token: refreshToken } = await signIn(fastify, { username })
    return { username, token, refreshToken }
  }

  /** Has so many checks of a password wait until all of them were asked for. */
  function together(count: number): void {
    let asked = 0
    let open = () => {}
    const all = new Promise<void>((resolve) => {
      open = resolve
    })
    fastify.passwords.verify = async (...given) => {
      asked += 1
      if (asked === count) open()
      await all
      return verify(...given)
    }
  }

  await t.test('lets one of two changes from the same password through', async (t) => {
    const { username, token } = await begin()
    const { access_token: other } = (await login(fastify, username, PASSWORD)).json()
    together(2)
    const passwords = [`${NEXT} one`, `${NEXT} two`]
    const answers = await Promise.all([
      change(fastify, token, PASSWORD, passwords[0]),
      change(fastify, other, PASSWORD, passwords[1])
    ])
    t.strictSame(
      answers.map(answer).sort((a, b) => a.statusCode - b.statusCode),
      [DONE, WRONG]
    )
    fastify.passwords.verify = verify
    const won = answers[0].statusCode === 204
    const status = async (password = '') => (await login(fastify, username, password)).statusCode
    t.strictSame(await Promise.all(passwords.map(status)), won ? [200, 401] : [401, 200])
    const { sessions } = await standing(fastify, username, [token, other])
    t.strictSame(sessions, won ? [200, 401] : [401, 200])
  })

  await t.test('lets one of two changes in the same session through', async (t) => {
    const { username, token } = await begin()
    together(2)
    const answers = await Promise.all([change(fastify, token), change(fastify, token)])
    t.strictSame(
      answers.map(answer).sort((a, b) => a.statusCode - b.statusCode),
      [DONE, WRONG]
    )
    fastify.passwords.verify = verify
    t.strictSame(await standing(fastify, username, [token]), { sessions: [200], old: 401, next: 200 })
  })

  await t.test('ends the session of a login that was just before it', async (t) => {
    const { username, token } = await begin()
    let opened = ''
    fastify.passwords.hash = async (...given) => {
      opened = (await login(fastify, username, PASSWORD)).json().access_token
      return hash(...given)
    }
    t.strictSame(answer(await change(fastify, token)), DONE)
    t.strictSame(await standing(fastify, username, [token, opened]), { sessions: [200, 401], old: 401, next: 200 })
  })

  await t.test('refuses a login that had checked the old password', async (t) => {
    const { username, token } = await begin()
    fastify.passwords.verify = async (...given) => {
      const matches = await verify(...given)
      fastify.passwords.verify = verify
      t.strictSame(answer(await change(fastify, token)), DONE)
      return matches
    }
    t.match(answer(await login(fastify, username, PASSWORD)), {
      statusCode: 401,
      body: { code: 'INVALID_CREDENTIALS', message: 'The name or the password is wrong.' }
    })
    t.strictSame(
      await fastify.database.open().query(
        sql`SELECT count(*)::int FROM sessions JOIN users ON users.id = user_id
           WHERE username = ${username} AND ended_at IS NULL`
      ),
      [{ count: 1 }]
    )
  })

  await t.test('changes nothing when its session ends while the hash is made', async (t) => {
    const { username, token, refreshToken } = await begin()
    const { access_token: other } = (await login(fastify, username, PASSWORD)).json()
    fastify.passwords.hash = async (...given) => {
      await post(fastify, '/logout', { refresh_token: refreshToken })
      return hash(...given)
    }
    const response = await change(fastify, token)
    t.strictSame(answer(response), INVALID)
    t.match(response.headers, INVALID_TOKEN)
    t.strictSame(await standing(fastify, username, [token, other]), { sessions: [401, 200], old: 200, next: 401 })
  })

  const remove = (username: string) =>
    fastify.database.open().query(sql`DELETE FROM users WHERE username = ${username}`)

  await t.test('refuses a user who goes before the password is looked up', async (t) => {
    const { username, token } = await begin()
    meanwhile(fastify, 1, () => remove(username))
    t.strictSame(answer(await change(fastify, token)), WRONG)
  })

  await t.test('refuses a user who goes while the hash is made', async (t) => {
    const { username, token } = await begin()
    fastify.passwords.hash = async (...given) => {
      await remove(username)
      return hash(...given)
    }
    t.strictSame(answer(await change(fastify, token)), WRONG)
  })
})

test('POST /password/change is turned away where too many hashes wait, and changes nothing', async (t) => {
  const fastify = await build(t, { environment: { BCRYPT_COST: '12', HASH_QUEUE: '0' } })
  const { access_token: token } = await signIn(fastify, { username: 'ada' })
  const busy = fastify.passwords.hash(PASSWORD)
  const response = await change(fastify, token)
  await busy
  t.strictSame(answer(response), {
    statusCode: 503,
    body: refusal(503, 'Service Unavailable', 'OVERLOADED', 'The service is busy; try again shortly.')
  })
  t.equal(response.headers['retry-after'], '1')
  t.strictSame(await standing(fastify, 'ada', [token]), { sessions: [200], old: 200, next: 401 })
})

test('a password is changed without a notice where no mail can be sent', async (t) => {
  const fastify = await build(t, { environment: { PUBLIC_URL: 'https://id.example', SMTP_URL: '', MAIL_FROM: '' } })
  const { access_token } = await signIn(fastify, { email: 'ada@example.com' })
  await fastify.database.open().query(sql`UPDATE users SET email_verified = true`)
  t.strictSame(answer(await change(fastify, access_token)), DONE)
  t.strictSame(await waiting(fastify), [])
})

test('POST /password/change without the current password', async (t) => {
  const clock = testClock()
  const fastify = await build(t, { clock, environment: { ACCESS_TOKEN_TTL: '3600' } })
  const database = () => fastify.database.open()
  let users = 0

  /** A user with an app, and a token of aal2. */
  async function begin({ required = true } = {}) {
    const username = `strong.${users++}`
    const { user, access_token } = await signIn(fastify, { username })
    const app = await giveApp(fastify, user.id, { required })
    const stepped = await post(fastify, '/token/step-up', { totp: app.code(1) }, bearer(access_token))
    return { id: user.id as string, username, app, weak: access_token as string, token: stepped.json().access_token }
  }
  const leaveOut = (token: string, new_password = NEXT) =>
    post(fastify, '/password/change', { new_password }, bearer(token))
  const REQUIRED = { path: '/current_password', message: 'is required' }
  const unfit = (...errors: object[]) => ({
    statusCode: 400,
    body: refusal(400, 'Bad Request', 'VALIDATION_FAILED', 'The request does not fit its schema.', errors)
  })

  for (const required of [true, false]) {
    await t.test(`takes a fresh token of aal2 in its place, required ${required}`, async (t) => {
      const { username, token } = await begin({ required })
      t.strictSame(answer(await leaveOut(token)), DONE)
      t.equal((await login(fastify, username, PASSWORD)).statusCode, 401)
      t.equal((await login(fastify, username, NEXT)).statusCode, required ? 403 : 200)
    })
  }

  await t.test('takes no other token', async (t) => {
    const { weak, token } = await begin({ required: false })
    t.strictSame(answer(await leaveOut(weak)), unfit(REQUIRED))
    clock.advance(601)
    t.strictSame(answer(await leaveOut(token)), unfit(REQUIRED))
    const empty = await post(fastify, '/password/change', {}, bearer(token))
    t.strictSame(answer(empty), unfit(REQUIRED, { path: '/new_password', message: 'is required' }))
    t.strictSame(answer(await change(fastify, token)), DONE)
  })

  await t.test('asks for a fresh token where a second step is required, also with the password', async (t) => {
    const { weak, token, app } = await begin()
    for (const response of [await leaveOut(weak), await change(fastify, weak)]) {
      t.match(answer(response), { statusCode: 401, body: { code: 'STEP_UP_REQUIRED', challenge: {} } })
    }
    t.strictSame(answer(await change(fastify, token, 'wrong')), WRONG)
    clock.advance(601)
    t.match(answer(await change(fastify, token)), { statusCode: 401, body: { code: 'STEP_UP_REQUIRED' } })
    const stepped = await post(fastify, '/token/step-up', { totp: app.code() }, bearer(weak))
    t.strictSame(answer(await change(fastify, stepped.json().access_token)), DONE)
  })

  await t.test('has the rules of any change', async (t) => {
    const { id, token } = await begin()
    t.match(answer(await leaveOut(token, 'short')), { statusCode: 400, body: { code: 'PASSWORD_REJECTED' } })
    t.match(answer(await post(fastify, '/password/change', { new_password: 5 }, bearer(token))), {
      statusCode: 400,
      body: { code: 'VALIDATION_FAILED' }
    })
    t.match(answer(await fastify.inject({ method: 'POST', url: '/password/change', headers: bearer(token) })), {
      statusCode: 400,
      body: { code: 'MALFORMED_REQUEST' }
    })
    const weak = await signIn(fastify, { username: 'weak' })
    const url = '/password/change'
    t.match(answer(await fastify.inject({ method: 'POST', url, headers: bearer(weak.access_token) })), {
      statusCode: 400,
      body: { code: 'MALFORMED_REQUEST' }
    })
    meanwhile(fastify, 1, () => database().query(sql`DELETE FROM users WHERE id = ${id}`))
    t.strictSame(answer(await leaveOut(token)), INVALID)
  })
})
