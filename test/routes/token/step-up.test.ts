import { test } from 'tap'
import { sql } from '../../../src/database/sql.ts'
import { answer, BEARER, bearer, build, cutOff, PASSWORD, post, refusal, signIn, testClock } from '../../helpers/app.ts'
import { giveApp, recorded } from '../../helpers/second-factor.ts'

const WRONG_CODE = {
  statusCode: 401,
  body: refusal(401, 'Unauthorized', 'MFA_CODE_INVALID', 'The code or passkey is wrong, or was already used.')
}
const WRONG_PASSWORD = {
  statusCode: 401,
  body: refusal(401, 'Unauthorized', 'INVALID_CREDENTIALS', 'The current password is wrong.')
}
const NOT_ENOUGH = {
  statusCode: 403,
  body: refusal(403, 'Forbidden', 'FORBIDDEN', 'This account requires a second step.')
}
const OVER = { statusCode: 401, body: refusal(401, 'Unauthorized', 'TOKEN_INVALID', 'The token is not valid.') }

test('POST /token/step-up', async (t) => {
  const clock = testClock()
  const fastify = await build(t, { clock, environment: { ACCESS_TOKEN_TTL: '3600' } })
  const database = () => fastify.database.open()
  let users = 0

  async function begin() {
    const username = `user.${users++}`
    const { user, access_token: token, refresh_token } = await signIn(fastify, { username })
    const id: string = user.id
    const { sid } = await fastify.tokens.verify(token)
    return { username, id, sid, token: token as string, refreshToken: refresh_token as string }
  }
  const stepUp = (token: string, proof: object) => post(fastify, '/token/step-up', proof, bearer(token))
  const disable = (id: string) => database().query(sql`UPDATE users SET mfa_required = false WHERE id = ${id}`)

  await t.test('does not offer a password to an account that has none, and refuses it as a wrong one', async (t) => {
    const { id, token } = await begin()
    await database().query(sql`UPDATE users SET password_hash = NULL WHERE id = ${id}`)
    clock.advance(1000)
    const { challenge } = (await post(fastify, '/mfa/totp', undefined, bearer(token))).json()
    t.strictSame(challenge, { factors: [], expires_in: 300 })
    for (const password of [PASSWORD, 'null']) t.strictSame(answer(await stepUp(token, { password })), WRONG_PASSWORD)
    t.strictSame(await recorded(fastify, id, 'stepped up', 'step-up failed'), [
      { action: 'step-up failed', session: true, detail: { method: 'password', reason: 'wrong password' } },
      { action: 'step-up failed', session: true, detail: { method: 'password', reason: 'wrong password' } }
    ])
  })

  await t.test('by password makes the session fresh, and leaves the refresh token as it is', async (t) => {
    const { id, sid, token, refreshToken, username } = await begin()
    const before = await fastify.tokens.verify(token)
    clock.advance(1000)
    const response = await stepUp(token, { password: PASSWORD })
    const { access_token } = response.json()
    t.strictSame(answer(response), {
      statusCode: 200,
      body: { access_token, token_type: 'Bearer', expires_in: 3600 }
    })
    t.match(response.headers, { 'cache-control': 'no-store' })
    t.equal(response.headers['set-cookie'], undefined)
    const claims = await fastify.tokens.verify(access_token)
    t.match(claims, { sub: id, sid, amr: ['pwd'], acr: 'aal1', preferred_username: username })
    t.ok(Number(claims.auth_time) >= Number(before.auth_time) + 999)
    t.match(await fastify.tokens.verify(token), { auth_time: before.auth_time as number }, 'the old one stays old')
    const refreshed = (await post(fastify, '/token/refresh', { refresh_token: refreshToken })).json()
    t.match(await fastify.tokens.verify(refreshed.access_token), { auth_time: claims.auth_time as number })
    t.strictSame(await recorded(fastify, id, 'stepped up', 'step-up failed'), [
      { action: 'stepped up', session: true, detail: { method: 'password' } }
    ])
  })

  for (const proof of ['totp', 'recovery_code'] as const) {
    await t.test(`by ${proof} raises the session to aal2`, async (t) => {
      const { id, token } = await begin()
      const app = await giveApp(fastify, id)
      const given = { [proof]: proof === 'totp' ? app.code(1) : app.codes[0] }
      const response = await stepUp(token, given)
      t.equal(response.statusCode, 200)
      t.notOk('refresh_token' in response.json())
      t.match(await fastify.tokens.verify(response.json().access_token), { amr: ['pwd', 'otp', 'mfa'], acr: 'aal2' })
      t.strictSame(answer(await stepUp(token, given)), WRONG_CODE, 'once')
      t.strictSame(await recorded(fastify, id, 'stepped up', 'step-up failed'), [
        { action: 'stepped up', session: true, detail: { method: proof } },
        { action: 'step-up failed', session: true, detail: { reason: 'wrong', method: proof } }
      ])
    })
  }

  await t.test('takes a code where none is required', async (t) => {
    const { id, token } = await begin()
    const app = await giveApp(fastify, id, { required: false })
    t.match((await stepUp(token, { totp: app.code(1) })).statusCode, 200)
    t.equal((await stepUp(token, { password: PASSWORD })).statusCode, 200)
  })

  await t.test('refuses a wrong password and a wrong code', async (t) => {
    const { id, sid, token } = await begin()
    const response = await stepUp(token, { password: 'wrong' })
    t.strictSame(answer(response), WRONG_PASSWORD)
    t.match(response.headers, BEARER)
    t.notMatch(response.headers['www-authenticate'], 'error')
    t.strictSame(answer(await stepUp(token, { totp: '123456' })), WRONG_CODE, 'of an account without an app')
    const app = await giveApp(fastify, id)
    t.strictSame(answer(await stepUp(token, { totp: app.wrong() })), WRONG_CODE)
    const rows = await database().query(sql`SELECT amr FROM sessions WHERE id = ${sid}`)
    t.strictSame(rows, [{ amr: ['pwd'] }])
    t.match(await recorded(fastify, id, 'step-up failed'), [
      { session: true, detail: { method: 'password', reason: 'wrong password' } },
      { session: true, detail: { method: 'totp', reason: 'wrong' } },
      { session: true, detail: { method: 'totp', reason: 'wrong' } }
    ])
  })

  await t.test('takes no password where a second step is required, right or wrong', async (t) => {
    const { id, token } = await begin()
    await giveApp(fastify, id)
    for (const password of [PASSWORD, 'wrong']) t.strictSame(answer(await stepUp(token, { password })), NOT_ENOUGH)
    await disable(id)
    t.equal((await stepUp(token, { password: PASSWORD })).statusCode, 200)
  })

  await t.test('of one code for many sessions at once serves one', async (t) => {
    const { id, username, token } = await begin()
    const more = await Promise.all(
      Array.from({ length: 4 }, () => post(fastify, '/login', { username, password: PASSWORD }))
    )
    const app = await giveApp(fastify, id)
    const tokens = [token, ...more.map((each) => each.json().access_token)]
    const totp = app.code(1)
    const answers = await Promise.all(tokens.map((each) => stepUp(each, { totp })))
    t.strictSame(answers.map(({ statusCode }) => statusCode).sort(), [200, 401, 401, 401, 401])
  })

  const ONE = ['', 'exactly one of password and totp and recovery_code and credential is required'] as const
  const unfit: [string, object, (readonly [path: string, message: string])[]][] = [
    ['nothing', {}, [ONE]],
    ['two proofs', { password: PASSWORD, totp: '123456' }, [ONE]],
    ['an unknown key', { password: PASSWORD, mfa_token: 'x' }, [['/mfa_token', 'is not a known key']]],
    ['an empty password', { password: '' }, [['/password', 'must have at least 1 characters']]],
    ['a short code', { totp: '12345' }, [['/totp', 'must be the six digits of the authenticator app']]]
  ]
  const { token } = await begin()
  for (const [what, body, faults] of unfit) {
    await t.test(`refuses ${what} as what does not fit`, async (t) => {
      const errors = faults.map(([path, message]) => ({ path, message }))
      t.strictSame(answer(await stepUp(token, body)), {
        statusCode: 400,
        body: refusal(400, 'Bad Request', 'VALIDATION_FAILED', 'The request does not fit its schema.', errors)
      })
    })
  }

  await t.test('refuses without a token first, and with one whose session is over', async (t) => {
    const missing = await post(fastify, '/token/step-up', {})
    t.match(answer(missing), { statusCode: 401, body: { code: 'TOKEN_MISSING' } })
    const { token, refreshToken } = await begin()
    await post(fastify, '/logout', { refresh_token: refreshToken })
    t.strictSame(answer(await stepUp(token, { password: PASSWORD })), OVER)
  })

  await t.test('is unavailable while the database is', async (t) => {
    const { token } = await begin()
    const restore = cutOff(fastify)
    t.equal((await stepUp(token, { password: PASSWORD })).statusCode, 503)
    restore()
  })
})
