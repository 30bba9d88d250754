import { test } from 'tap'
import type { SignedIn } from '../../../plugins/flows/sign-in.ts'
import { sql } from '../../../src/database/sql.ts'
import { readGuesses } from '../../../src/limits/guesses.ts'
import { addUser } from '../../../src/users/users.ts'
import { answer, bearer, build, PASSWORD, post, refusal, signIn, testClock } from '../../helpers/app.ts'
import { migratedDatabase } from '../../helpers/database.ts'
import { meanwhile } from '../../helpers/meanwhile.ts'
import { challengeOf, giveApp } from '../../helpers/second-factor.ts'

const WRONG = refusal(401, 'Unauthorized', 'INVALID_CREDENTIALS', 'The name or the password is wrong.')

test('POST /login refuses who loses the account while the password is checked', async (t) => {
  const fastify = await build(t)
  const database = fastify.database.open()
  const { verify } = fastify.passwords
  t.teardown(() => {
    fastify.passwords.verify = verify
  })

  const changes: [string, (username: string) => Promise<unknown>][] = [
    ['because it was deleted', (username) => database.query(sql`DELETE FROM users WHERE username = ${username}`)],
    [
      'because its password was changed',
      (username) =>
        database.query(sql`UPDATE users SET password_version = password_version + 1 WHERE username = ${username}`)
    ],
    [
      'because it was disabled',
      (username) => database.query(sql`UPDATE users SET disabled_at = now() WHERE username = ${username}`)
    ]
  ]
  for (const [index, [what, change]] of changes.entries()) {
    await t.test(what, async (t) => {
      const username = `user${index}`
      await signIn(fastify, { username })
      const before = await database.query(sql`SELECT id FROM sessions`)
      fastify.passwords.verify = async (...given) => {
        const matches = await verify(...given)
        await change(username)
        return matches
      }
      const response = await post(fastify, '/login', { username, password: PASSWORD })
      fastify.passwords.verify = verify
      t.strictSame(answer(response), { statusCode: 401, body: WRONG })
      const after = await database.query(sql`SELECT id FROM sessions`)
      t.ok(after.length <= before.length, 'no session was opened')
    })
  }
})

test('POST /login gives the username as it is when the session begins', async (t) => {
  const fastify = await build(t)
  const { access_token } = await signIn(fastify, { username: 'ada' })
  const { verify } = fastify.passwords
  fastify.passwords.verify = async (...given) => {
    const matches = await verify(...given)
    await fastify.inject({
      method: 'PATCH',
      url: '/me',
      headers: bearer(access_token),
      payload: { username: 'lovelace' }
    })
    return matches
  }
  const response = await post(fastify, '/login', { username: 'ada', password: PASSWORD })
  t.equal(response.statusCode, 200)
  t.match(await fastify.tokens.verify(response.json().access_token), { preferred_username: 'lovelace' })
})

test('POST /login to a disabled account', async (t) => {
  const database = await migratedDatabase(t)
  const cheap = await build(t, { database })
  const fastify = await build(t, { database, environment: { BCRYPT_COST: '11', LIMITS: 'on' } })
  await signIn(cheap, { username: 'ada', email: 'ada@example.com' })
  const stored = () => fastify.database.open().query(sql`SELECT password_hash FROM users`)
  await fastify.database.open().query(sql`UPDATE users SET disabled_at = now()`)
  const before = await stored()

  const { verify, hash } = fastify.passwords
  let hashes: unknown[] = []
  fastify.passwords.verify = (password, present, signal) => {
    hashes.push(present)
    return verify(password, present, signal)
  }
  fastify.passwords.hash = (...given) => {
    hashes.push('another')
    return hash(...given)
  }
  t.beforeEach(async () => {
    await fastify.database.open().query(sql`TRUNCATE limits`)
    hashes = []
  })

  await t.test('is refused like a wrong password, for the same work', async (t) => {
    for (const password of [PASSWORD, 'wrong']) {
      for (const name of [{ username: 'ada' }, { email: 'ADA@example.com' }]) {
        hashes = []
        const response = await post(fastify, '/login', { ...name, password, cookie: true })
        t.strictSame(answer(response), { statusCode: 401, body: WRONG })
        t.equal(response.headers['www-authenticate'], 'Bearer')
        t.equal(response.headers['set-cookie'], undefined)
        t.strictSame(hashes, [before[0]?.password_hash], 'one check of its own hash, and no new one')
      }
    }
    t.strictSame(await stored(), before)
  })

  await t.test('is counted like a wrong password', async (t) => {
    // The count is what is looked at here, and no hash.
    fastify.passwords.verify = async (password, present) => present !== undefined && password === PASSWORD
    for (const username of ['ada', 'nobody']) {
      const statuses = []
      for (let index = 0; index < 11; index++) {
        statuses.push((await post(fastify, '/login', { username, password: PASSWORD })).statusCode)
      }
      t.strictSame(statuses, [...Array(10).fill(401), 429])
    }
    fastify.passwords.verify = verify
  })

  await t.test('succeeds again once it is enabled', async (t) => {
    await fastify.database.open().query(sql`UPDATE users SET disabled_at = NULL`)
    t.equal((await post(fastify, '/login', { username: 'ada', password: PASSWORD })).statusCode, 200)
  })
})

test('POST /login makes a new hash when BCRYPT_COST has changed', async (t) => {
  const database = await migratedDatabase(t)
  const cheap = await build(t, { database, environment: { BCRYPT_COST: '10' } })
  const dear = await build(t, { database, environment: { BCRYPT_COST: '11' } })
  const hashOf = async (username: string): Promise<string> => {
    const [row] = await cheap.database.open().query(sql`SELECT password_hash FROM users WHERE username = ${username}`)
    return row?.password_hash
  }
  const login = (fastify: typeof cheap, username: string, password = PASSWORD) =>
    post(fastify, '/login', { username, password })

  await t.test('upward and downward, and only with the right password', async (t) => {
    await signIn(cheap, { username: 'ada' })
    const first = await hashOf('ada')
    t.match(first, /^\$2b\$10\$/)

    t.strictSame(answer(await login(dear, 'ada', 'wrong')), { statusCode: 401, body: WRONG })
    t.equal(await hashOf('ada'), first, 'a wrong password changes nothing')

    t.equal((await login(dear, 'ada')).statusCode, 200)
    const second = await hashOf('ada')
    t.match(second, /^\$2b\$11\$/)

    t.equal((await login(dear, 'ada')).statusCode, 200)
    t.equal(await hashOf('ada'), second, 'and nothing changes where the cost is right')

    t.equal((await login(cheap, 'ada')).statusCode, 200)
    t.match(await hashOf('ada'), /^\$2b\$10\$/)
  })

  await t.test('for the right password in either Unicode form', async (t) => {
    await post(cheap, '/register', { username: 'zoe', password: 'Zoë und Zoë'.normalize('NFC') })
    t.equal((await login(dear, 'zoe', 'Zoë und Zoë'.normalize('NFD'))).statusCode, 200)
    t.match(await hashOf('zoe'), /^\$2b\$11\$/)
    t.equal((await login(dear, 'zoe', 'Zoë und Zoë'.normalize('NFC'))).statusCode, 200)
  })

  await t.test('and lets in everybody who signs in with it at once', async (t) => {
    await post(cheap, '/register', { username: 'busy', password: PASSWORD })
    const answers = await Promise.all([login(dear, 'busy'), login(dear, 'busy'), login(dear, 'busy')])
    t.strictSame(
      answers.map(({ statusCode }) => statusCode),
      [200, 200, 200]
    )
    t.match(await hashOf('busy'), /^\$2b\$11\$/)
    const sessions = await cheap.database
      .open()
      .query(sql`SELECT sessions.id FROM sessions JOIN users ON users.id = user_id WHERE username = 'busy'`)
    t.equal(sessions.length, 3)
  })
})

test('the second step of a sign-in', async (t) => {
  const database = await migratedDatabase(t)
  const clock = testClock()
  const instances = [await build(t, { database, clock }), await build(t, { database, clock })] as const
  const [fastify] = instances
  const query = fastify.database.open()
  let users = 0

  async function begin() {
    const username = `second.${users++}`
    const { user } = await signIn(fastify, { username })
    const app = await giveApp(fastify, user.id)
    const id: string = user.id
    const sessions = async () => (await query.query(sql`SELECT FROM sessions WHERE user_id = ${id}`)).length - 1
    return { id, username, app, sessions, challenge: () => challengeOf(fastify, username) }
  }
  const prove = (index: number, mfa_token: string, proof: object) =>
    post(instances[index % 2] as typeof fastify, '/login/mfa', { mfa_token, ...proof })
  const outcomes = (answers: { json(): { code?: string } }[]) =>
    [...new Set(answers.map((response) => response.json().code ?? 'tokens'))].sort()

  await t.test('of right answers at once, at two instances and of whatever kind, one gets tokens', async (t) => {
    const { app, challenge, sessions } = await begin()
    const { mfa_token } = await challenge()
    const proofs = [{ totp: app.code(1) }, ...app.codes.slice(0, 4).map((code) => ({ recovery_code: code }))]
    const answers = await Promise.all(proofs.map((proof, index) => prove(index, mfa_token, proof)))
    t.equal(answers.filter(({ statusCode }) => statusCode === 200).length, 1)
    t.strictSame(outcomes(answers), ['MFA_TOKEN_INVALID', 'tokens'])
    t.equal(await sessions(), 1)
    const used = await query.query(sql`SELECT FROM recovery_codes WHERE used_at IS NOT NULL`)
    t.ok(used.length <= 1, 'and what lost is not used up')
  })

  await t.test('of one code at many steps, one gets tokens', async (t) => {
    for (const kind of ['totp', 'recovery_code']) {
      const { app, challenge, sessions } = await begin()
      const steps = [await challenge(), await challenge(), await challenge(), await challenge()]
      const proof = { [kind]: kind === 'totp' ? app.code(1) : app.codes[0] }
      const answers = await Promise.all(
        [...steps, ...steps].map(({ mfa_token }, index) => prove(index, mfa_token, proof))
      )
      t.equal(answers.filter(({ statusCode }) => statusCode === 200).length, 1)
      t.equal(await sessions(), 1)
    }
  })

  await t.test('is refused if the account changes while the code is checked', async (t) => {
    const changes = [
      (id: string) => sql`UPDATE users SET password_version = password_version + 1 WHERE id = ${id}`,
      (id: string) => sql`UPDATE users SET disabled_at = now() WHERE id = ${id}`,
      (id: string) => sql`DELETE FROM users WHERE id = ${id}`
    ]
    for (const change of changes) {
      const { id, app, challenge } = await begin()
      const { mfa_token } = await challenge()
      // The step is tried by the first statement, the code is checked by the second.
      meanwhile(fastify, 2, () => query.query(change(id)))
      const response = await prove(0, mfa_token, { totp: app.code(1) })
      t.match(answer(response), { statusCode: 401, body: { code: 'MFA_TOKEN_INVALID' } })
    }
  })

  await t.test('does not begin if the account changes while the password is checked', async (t) => {
    const { verify } = fastify.passwords
    const changes = ['password_version = password_version + 1', 'disabled_at = now()', 'mfa_required = false']
    for (const change of changes) {
      const { id, username, sessions } = await begin()
      fastify.passwords.verify = async (...given) => {
        const matches = await verify(...given)
        await fastify.pg.pool.query(`UPDATE users SET ${change} WHERE id = $1`, [id])
        return matches
      }
      const response = await post(fastify, '/login', { username, password: PASSWORD })
      fastify.passwords.verify = verify
      t.strictSame(answer(response), { statusCode: 401, body: WRONG })
      t.equal(await sessions(), 0)
    }
  })

  await t.test('is needed if it is switched on while the password is checked', async (t) => {
    const username = 'late'
    const { user } = await signIn(fastify, { username })
    const { verify } = fastify.passwords
    fastify.passwords.verify = async (...given) => {
      const matches = await verify(...given)
      await giveApp(fastify, user.id)
      return matches
    }
    const response = await post(fastify, '/login', { username, password: PASSWORD })
    fastify.passwords.verify = verify
    t.strictSame(answer(response), { statusCode: 401, body: WRONG })
    t.equal((await post(fastify, '/login', { username, password: PASSWORD })).statusCode, 403)
  })

  await t.test('of an address that is not verified is not asked for', async (t) => {
    const strict = await build(t, { database, clock, environment: { REQUIRE_VERIFIED_EMAIL: 'on' } })
    const { id, username } = await begin()
    await query.query(sql`UPDATE users SET email = 'second@example.com' WHERE id = ${id}`)
    const login = () => post(strict, '/login', { username, password: PASSWORD })
    t.match(answer(await login()), { statusCode: 403, body: { code: 'EMAIL_UNVERIFIED' } })
    await query.query(sql`UPDATE users SET email_verified = true WHERE id = ${id}`)
    t.match(answer(await login()), { statusCode: 403, body: { code: 'MFA_REQUIRED' } })
  })

  await t.test('that ends in 503 is refunded', async (t) => {
    const { id, app, challenge } = await begin()
    const { mfa_token } = await challenge()
    const tries = async () => {
      const [row] = await query.query(sql`SELECT attempts, wrong_codes FROM login_steps JOIN totp USING (user_id)
         WHERE user_id = ${id}`)
      return row
    }
    for (let failures = 0; failures < 7; failures++) {
      // The step is tried, the code is checked, and then the transaction gets no connection.
      meanwhile(fastify, 2, async () => {
        throw Object.assign(new Error('connect ECONNREFUSED 10.1.2.3:5432'), { code: 'ECONNREFUSED' })
      })
      t.equal((await prove(0, mfa_token, { totp: app.code(1) })).statusCode, 503)
    }
    t.strictSame(await tries(), { attempts: 0, wrong_codes: 0 })
    t.equal((await prove(0, mfa_token, { totp: app.code(1) })).statusCode, 200)
  })
})

test('a sign-in with a passkey', async (t) => {
  const fastify = await build(t, { environment: { LIMITS: 'on', REQUIRE_VERIFIED_EMAIL: 'on' } })
  const query = fastify.database.open()
  let calls: string[] = []

  /** Signs in with a passkey that fits, and what comes of its use. */
  async function withPasskey(user: string, use: () => Promise<boolean>) {
    calls = []
    const checked = {
      proof: 'passkey' as const,
      use,
      used: () => calls.push('used') as never,
      refused: async () => calls.push('refused') as never
    }
    const headers: [string, string][] = []
    const records: unknown[] = []
    const request = {
      database: fastify.database.open(),
      headers: {},
      raw: { headers: {}, socket: { remoteAddress: '192.0.2.1' } },
      record: (...record: unknown[]) => records.push(record),
      log: fastify.log
    }
    const reply = { request, header: (name: string, value: string) => headers.push([name, value]) }
    const signedIn = await fastify.signIn
      .withPasskey(request as never, reply as never, { user, checked, inCookie: true })
      .catch((error) => ({ code: error.code ?? error.message }))
    return { signedIn, records, cookies: headers.map(([, value]) => value.split('=')[0]) }
  }

  async function begin(username: string) {
    return (await addUser(query, { username, passwordHash: 'none' })).id
  }
  const failed = (account: string, reason: string) => [
    ['passkey login failed', { account, detail: { reason, method: 'passkey' } }]
  ]

  await t.test('opens a session of aal2, sets the device cookie, and resets what was guessed', async (t) => {
    const id = await begin('ada')
    await giveApp(fastify, id)
    for (let guesses = 0; guesses < 9; guesses++) await post(fastify, '/login', { username: 'ada', password: 'wrong' })
    const guessed = () => readGuesses(query, fastify.deriveKey('limits'), { username: 'ada', email: null })
    t.match(await guessed(), [{ wrong: 9 }])
    const { signedIn, records, cookies } = await withPasskey(id, async () => true)
    const { session } = signedIn as SignedIn
    t.match(signedIn, { account: { id, username: 'ada' }, inCookie: true, session: { amr: ['pop', 'user', 'mfa'] } })
    t.strictSame(records, [
      ['login', { account: id, session: session.refreshToken.session, detail: { method: 'passkey' } }]
    ])
    t.strictSame([calls, cookies], [['used'], ['latchkey_device']])
    t.match(await guessed(), [{ wrong: 0 }])
  })

  await t.test('refuses one that cannot be used, and rolls back', async (t) => {
    const id = await begin('bob')
    const { signedIn, records } = await withPasskey(id, async () => false)
    t.strictSame(signedIn, { code: 'PASSKEY_INVALID' })
    t.strictSame(records, failed(id, 'not usable'))
    t.strictSame(calls, ['refused'])
  })

  const refused: [string, (id: string) => Promise<unknown>, string, string][] = [
    [
      'a disabled account',
      (id) => query.query(sql`UPDATE users SET disabled_at = now() WHERE id = ${id}`),
      'PASSKEY_INVALID',
      'account disabled'
    ],
    [
      'an account that has gone',
      (id) => query.query(sql`DELETE FROM users WHERE id = ${id}`),
      'PASSKEY_INVALID',
      'account deleted'
    ],
    [
      'an address that is not verified',
      (id) => query.query(sql`UPDATE users SET email = 'x@example.com' WHERE id = ${id}`),
      'EMAIL_UNVERIFIED',
      'email not verified'
    ]
  ]
  for (const [index, [what, change, code, reason]] of refused.entries()) {
    await t.test(`refuses ${what}`, async (t) => {
      const id = await begin(`carol${index}`)
      await change(id)
      const { signedIn, records, cookies } = await withPasskey(id, async () => true)
      t.strictSame([signedIn, records, cookies, calls], [{ code }, failed(id, reason), [], []])
    })
  }
})
