import { randomUUID } from 'node:crypto'
import { test } from 'tap'
import { NOW, type Statement, sql } from '../../src/database/sql.ts'
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
} from '../helpers/app.ts'
import { tokenOf } from '../helpers/letters.ts'
import { meanwhile } from '../helpers/meanwhile.ts'

const INVALID = { statusCode: 401, body: refusal(401, 'Unauthorized', 'TOKEN_INVALID', 'The token is not valid.') }

test('GET /me', async (t) => {
  const clock = testClock()
  const fastify = await build(t, {
    clock,
    environment: { ACCESS_TOKEN_TTL: '10000', REFRESH_IDLE_TTL: '1000', REFRESH_MAX_TTL: '3000' }
  })
  const me = (token: string) => fastify.inject({ url: '/me', headers: bearer(token) })
  const database = fastify.database.open()

  await t.test('shows the user as the registration did', async (t) => {
    for (const names of [{ username: 'Ada', email: 'Ada@Example.com' }, { email: 'grace@example.com' }]) {
      const { access_token: token, user } = await signIn(fastify, names)
      const response = await me(token)
      t.strictSame(answer(response), { statusCode: 200, body: user })
      t.match(user, names)
      t.match(response.headers, { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' })
    }
  })

  await t.test('refuses without a token', async (t) => {
    const response = await fastify.inject('/me')
    t.strictSame(answer(response), {
      statusCode: 401,
      body: refusal(401, 'Unauthorized', 'TOKEN_MISSING', 'A bearer token is needed here.')
    })
    t.match(response.headers, BEARER)
  })

  const ends: [string, (user: string) => Promise<unknown>][] = [
    [
      'has ended',
      (user) =>
        database.query(sql`UPDATE sessions SET ended_at = now(), end_reason = 'logged out' WHERE user_id = ${user}`)
    ],
    ['is gone', (user) => database.query(sql`DELETE FROM sessions WHERE user_id = ${user}`)],
    ['went with its user', (user) => database.query(sql`DELETE FROM users WHERE id = ${user}`)],
    ['has not been used for too long', async () => clock.advance(1000)],
    [
      'has been used all the time and is too old',
      (user) => {
        clock.advance(3000)
        return database.query(sql`UPDATE sessions SET last_used_at = ${NOW} WHERE user_id = ${user}`)
      }
    ]
  ]
  for (const [index, [what, end]] of ends.entries()) {
    await t.test(`refuses a token whose session ${what}, although /secret takes it`, async (t) => {
      const { access_token: token, user } = await signIn(fastify, { username: `user${index}` })
      t.strictSame(answer(await me(token)), { statusCode: 200, body: user })
      await end(user.id)
      const response = await me(token)
      t.strictSame(answer(response), INVALID)
      t.match(response.headers, INVALID_TOKEN)
      t.equal((await fastify.inject({ url: '/secret', headers: bearer(token) })).statusCode, 200)
    })
  }

  await t.test('takes a token until the last second of its session', async (t) => {
    const { access_token: token, user } = await signIn(fastify, { username: 'patient' })
    clock.advance(995)
    t.strictSame(answer(await me(token)), { statusCode: 200, body: user })
  })

  await t.test('refuses a token that names the session of another', async (t) => {
    const ada = await signIn(fastify, { username: 'ada.l' })
    const eve = await signIn(fastify, { username: 'eve.l' })
    const { sid } = await fastify.tokens.verify(ada.access_token)
    t.strictSame(answer(await me(fastify.tokens.issue(eve.user, sid))), INVALID)
    t.strictSame(answer(await me(fastify.tokens.issue(eve.user, randomUUID()))), INVALID)
  })

  await t.test('is unavailable while the database is', async (t) => {
    const { access_token: token, user } = await signIn(fastify, { username: 'later' })
    const restore = cutOff(fastify)
    const response = await me(token)
    restore()
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
    t.strictSame(answer(await me(token)), { statusCode: 200, body: user })
  })
})

test('PATCH /me', async (t) => {
  const fastify = await build(t)
  const rename = (token: string, body: unknown) =>
    fastify.inject({ method: 'PATCH', url: '/me', headers: bearer(token), payload: body as object })

  await t.test('changes the username, or gives the first one', async (t) => {
    for (const names of [{ username: 'ada' }, { email: 'grace@example.com' }]) {
      const { access_token: token, user } = await signIn(fastify, names)
      const username = names.username ? 'Lovelace' : 'Hopper'
      const response = await rename(token, { username })
      t.strictSame(answer(response), { statusCode: 200, body: { ...user, username } })
      t.match(response.headers, { 'cache-control': 'no-store' })
      t.equal((await post(fastify, '/login', { username, password: PASSWORD })).statusCode, 200)
    }
    t.equal((await post(fastify, '/login', { username: 'ada', password: PASSWORD })).statusCode, 401)
  })

  await t.test('takes another letter case of the same one', async (t) => {
    const { access_token: token, user } = await signIn(fastify, { username: 'katherine' })
    t.strictSame(answer(await rename(token, { username: 'Katherine' })).body, { ...user, username: 'Katherine' })
  })

  await t.test('refuses one that is taken, in any letter case, and changes nothing', async (t) => {
    const { access_token: token, user } = await signIn(fastify, { username: 'mary' })
    t.strictSame(answer(await rename(token, { username: 'LOVELACE' })), {
      statusCode: 409,
      body: refusal(409, 'Conflict', 'ACCOUNT_EXISTS', 'The name is taken.', [
        { path: '/username', message: 'is taken', rule: 'taken' }
      ])
    })
    t.strictSame((await fastify.inject({ url: '/me', headers: bearer(token) })).json(), user)
  })

  await t.test('keeps the username before from others while tokens carry it, in any letter case', async (t) => {
    const clock = testClock()
    const fastify = await build(t, { clock })
    const rename = (token: string, username: string) =>
      fastify.inject({ method: 'PATCH', url: '/me', headers: bearer(token), payload: { username } })
    const register = (names: object) => post(fastify, '/register', { ...names, password: PASSWORD })
    const { access_token: token, user } = await signIn(fastify, { username: 'Boss' })
    const eve = await signIn(fastify, { username: 'eve' })
    t.equal((await rename(token, 'worker')).statusCode, 200)
    const other = await register({ username: 'worker' })
    for (const refused of [await register({ username: 'BOSS' }), await rename(eve.access_token, 'boss')]) {
      t.strictSame(answer(refused), answer(other), 'the same answer as for one that somebody has')
    }
    const both = (await register({ username: 'boss', email: 'x@example.com' })).json().errors
    t.strictSame(both, [{ path: '/username', message: 'is taken', rule: 'taken' }])
    t.strictSame((await rename(token, 'boss')).json(), { ...user, username: 'boss' }, 'the same account takes it back')
    t.equal((await rename(token, 'worker')).statusCode, 200)
    clock.advance(600)
    t.equal((await register({ username: 'boss' })).statusCode, 409)
    clock.advance(302)
    t.equal((await register({ username: 'boss' })).statusCode, 201)
  })

  await t.test('keeps it too when the account is deleted meanwhile', async (t) => {
    const { access_token: token } = await signIn(fastify, { username: 'fleeting' })
    t.equal((await rename(token, { username: 'fled' })).statusCode, 200)
    const payload = { current_password: PASSWORD }
    t.equal((await fastify.inject({ method: 'DELETE', url: '/me', headers: bearer(token), payload })).statusCode, 204)
    t.equal((await post(fastify, '/register', { username: 'fleeting', password: PASSWORD })).statusCode, 409)
  })

  await t.test('never gives it to who registers at the same moment', async (t) => {
    for (let round = 0; round < 5; round += 1) {
      const username = `moment${round}`
      const { access_token: token } = await signIn(fastify, { username })
      const [renamed, ...registered] = await Promise.all([
        rename(token, { username: `${username}.2` }),
        ...Array.from({ length: 4 }, () => post(fastify, '/register', { username, password: PASSWORD }))
      ])
      t.equal(renamed.statusCode, 200)
      t.strictSame(
        registered.map(({ statusCode }) => statusCode),
        [409, 409, 409, 409]
      )
    }
  })

  await t.test('refuses what is reserved, but for another letter case of what an account has', async (t) => {
    const { access_token: token } = await signIn(fastify, { username: 'plain' })
    t.strictSame((await rename(token, { username: 'Support' })).json().errors, [
      { path: '/username', message: 'is taken', rule: 'taken' }
    ])
    await fastify.database.open().query(sql`UPDATE users SET username = 'root' WHERE username = 'plain'`)
    t.equal((await rename(token, { username: 'Root' })).json().username, 'Root')
  })

  await t.test('gives a name that several want at once to one of them', async (t) => {
    const tokens: string[] = []
    for (const name of ['one', 'two', 'three']) tokens.push((await signIn(fastify, { username: name })).access_token)
    const answers = await Promise.all(tokens.map((token) => rename(token, { username: 'wanted' })))
    t.strictSame(answers.map(({ statusCode }) => statusCode).sort(), [200, 409, 409])
  })

  await t.test('refuses what does not fit, who has no token, and whose session is over', async (t) => {
    const { access_token: token, user } = await signIn(fastify, { username: 'joan' })
    for (const body of [
      {},
      { username: 'x' },
      { username: 'a b c' },
      { username: null },
      { username: 'joan', id: '1' }
    ]) {
      t.equal((await rename(token, body)).json().code, 'VALIDATION_FAILED')
    }
    t.equal((await rename('', { username: 'joanna' })).json().code, 'TOKEN_INVALID')
    await fastify.database.open().query(sql`DELETE FROM users WHERE id = ${user.id}`)
    t.strictSame(answer(await rename(token, { username: 'joanna' })), INVALID)
  })

  await t.test('refuses a user who goes meanwhile, and passes on what else goes wrong', async (t) => {
    const { access_token: token, user } = await signIn(fastify, { username: 'edith' })
    meanwhile(fastify, 1, () => fastify.database.open().query(sql`DELETE FROM users WHERE id = ${user.id}`))
    t.strictSame(answer(await rename(token, { username: 'edith.2' })), INVALID)
    const other = await signIn(fastify, { username: 'ruth' })
    let restore = () => {}
    meanwhile(fastify, 0, async () => {
      restore = cutOff(fastify)
    })
    t.equal((await rename(other.access_token, { username: 'ruth.2' })).json().code, 'DATABASE_UNAVAILABLE')
    restore()
  })
})

test('DELETE /me', async (t) => {
  const fastify = await build(t)
  const leave = (token: string, current_password = PASSWORD) =>
    fastify.inject({ method: 'DELETE', url: '/me', headers: bearer(token), payload: { current_password } })
  const WRONG = {
    statusCode: 401,
    body: refusal(401, 'Unauthorized', 'INVALID_CREDENTIALS', 'The current password is wrong.')
  }

  await t.test('deletes the account with all that belongs to it, and nothing of another', async (t) => {
    const { access_token: token, user } = await signIn(fastify, { username: 'ada', email: 'ada@example.com' })
    const change = { new_email: 'lovelace@example.com', current_password: PASSWORD }
    await post(fastify, '/email/verify', { token: await tokenOf(fastify, 'verify-email'), password: PASSWORD })
    await post(fastify, '/email/change', change, bearer(token))
    await post(fastify, '/email/change/confirm', { token: await tokenOf(fastify, 'confirm-new-email') })
    const other = await signIn(fastify, { username: 'grace', email: 'grace@example.com' })
    const response = await leave(token)
    t.strictSame(answer(response), { statusCode: 204, body: '' })
    t.match(response.headers, { 'cache-control': 'no-store' })
    t.strictSame(answer(await fastify.inject({ url: '/me', headers: bearer(token) })), INVALID)
    await fastify.audit.flush()
    const rows = await fastify.database.open().query(
      sql`SELECT 'users' AS name FROM users WHERE id = ${user.id}
       UNION ALL SELECT 'sessions' FROM sessions WHERE user_id = ${user.id}
       UNION ALL SELECT 'mails' FROM mails WHERE user_id = ${user.id}
       UNION ALL SELECT 'tokens' FROM email_tokens WHERE user_id = ${user.id}
       UNION ALL SELECT 'changes' FROM email_changes WHERE user_id = ${user.id}
       UNION ALL SELECT action FROM audit WHERE account = ${user.id} AND action = 'user deleted'`
    )
    t.strictSame(rows, [{ name: 'user deleted' }], 'what it has done stays on record')
    t.equal((await post(fastify, '/register', { username: 'ada', password: PASSWORD })).statusCode, 201)
    t.equal((await fastify.inject({ url: '/me', headers: bearer(other.access_token) })).statusCode, 200)
  })

  await t.test('refuses a wrong current password', async (t) => {
    const { access_token: token, user } = await signIn(fastify, { username: 'mary' })
    for (const wrong of ['wrong', PASSWORD.toUpperCase()]) t.strictSame(answer(await leave(token, wrong)), WRONG)
    t.strictSame((await fastify.inject({ url: '/me', headers: bearer(token) })).json(), user)
  })

  await t.test('refuses the last administrator', async (t) => {
    const { user, access_token } = await signIn(fastify, { username: 'boss' })
    const give = (...roles: string[]) =>
      fastify.database.open().query(sql`UPDATE users SET roles = ${roles} WHERE id = ${user.id}`)
    const headers = bearer(access_token)
    const leave = () =>
      fastify.inject({ method: 'DELETE', url: '/me', headers, payload: { current_password: PASSWORD } })
    await give('admin')
    t.strictSame(answer(await leave()), {
      statusCode: 409,
      body: refusal(409, 'Conflict', 'LAST_ADMIN', 'That would leave no enabled administrator.')
    })
    t.equal((await fastify.inject({ url: '/me', headers })).statusCode, 200)
    t.equal((await leave()).statusCode, 409)
    await fastify.audit.flush()
    t.strictSame(
      await fastify.database
        .open()
        .query(sql`SELECT actor, account, detail FROM audit WHERE action = 'admin refused' AND session IS NOT NULL`),
      [{ actor: 'client', account: user.id, detail: { reason: 'last admin', route: 'DELETE /me' } }],
      'which is recorded once a minute'
    )
    await give('support')
    t.equal((await leave()).statusCode, 204)
  })

  await t.test('refuses who has no token, an over session, and what does not fit', async (t) => {
    const { access_token: token, refresh_token } = await signIn(fastify, { username: 'joan' })
    const send = (headers: Record<string, string>, payload: object) =>
      fastify.inject({ method: 'DELETE', url: '/me', headers, payload })
    for (const payload of [{}, { current_password: '' }, { current_password: PASSWORD, sure: true }]) {
      t.equal((await send(bearer(token), payload)).json().code, 'VALIDATION_FAILED')
    }
    t.equal((await send({}, { current_password: PASSWORD })).json().code, 'TOKEN_MISSING')
    await post(fastify, '/logout', { refresh_token })
    t.strictSame(answer(await leave(token)), INVALID)
  })

  await t.test('refuses where the password is changed, or the account goes, meanwhile', async (t) => {
    const { access_token: token, user } = await signIn(fastify, { username: 'edith' })
    const { verify } = fastify.passwords
    const query = (statement: Statement) => fastify.database.open().query(statement)
    fastify.passwords.verify = async (...given) => {
      await query(sql`UPDATE users SET password_version = password_version + 1 WHERE id = ${user.id}`)
      return verify(...given)
    }
    t.strictSame(answer(await leave(token)), WRONG)
    fastify.passwords.verify = verify
    meanwhile(fastify, 1, () => query(sql`DELETE FROM users WHERE id = ${user.id}`))
    t.strictSame(answer(await leave(token)), WRONG)
  })
})

test('a wrong current password at DELETE /me counts like one at /login', async (t) => {
  const fastify = await build(t, { environment: { LIMITS: 'on' } })
  const { access_token } = await signIn(fastify, { username: 'ada' })
  const leave = (current_password: string) =>
    fastify.inject({ method: 'DELETE', url: '/me', headers: bearer(access_token), payload: { current_password } })
  for (let i = 0; i < 10; i += 1) t.equal((await leave('wrong')).statusCode, 401)
  t.equal((await leave(PASSWORD)).json().code, 'TOO_MANY_REQUESTS')
})
