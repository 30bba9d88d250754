import { test } from 'tap'
import { makeRecoveryCodes } from '../../src/factors/recovery-codes.ts'
import { answer, bearer, build, PASSWORD, post, refusal, signIn, testClock } from '../helpers/app.ts'
import { enrolAsOwner, enrolPasskey, recorded } from '../helpers/enrolled.ts'

const NONE = { required: false, totp: null, passkeys: 0, recovery_codes: 0 }
const CHALLENGE = { factors: ['password'], expires_in: 300 }
const STEP_UP = refusal(401, 'Unauthorized', 'STEP_UP_REQUIRED', 'Prove again who you are.')

test('/mfa', async (t) => {
  const clock = testClock()
  const fastify = await build(t, { clock, environment: { ACCESS_TOKEN_TTL: '10000' } })
  const database = () => fastify.database.open()
  let users = 0

  async function begin() {
    const { access_token, refresh_token, user } = await signIn(fastify, { username: `user.${users++}` })
    const headers = bearer(access_token)
    return {
      id: user.id as string,
      username: user.username as string,
      token: access_token as string,
      refreshToken: refresh_token as string,
      read: () => fastify.inject({ url: '/mfa', headers }),
      require: (required: unknown, token = access_token) =>
        fastify.inject({ method: 'PATCH', url: '/mfa', headers: bearer(token), payload: { required } })
    }
  }

  await t.test('GET shows the factors', async (t) => {
    const { id, token, read } = await begin()
    const response = await read()
    t.strictSame(answer(response), { statusCode: 200, body: NONE })
    t.match(response.headers, { 'cache-control': 'no-store' })
    await enrolPasskey(database(), id)
    await enrolAsOwner(fastify, token)
    const { body } = answer(await read())
    t.match(body.totp.created_at, /^\d{4}-\d\d-\d\dT.*Z$/)
    t.strictSame(
      { ...body, totp: Object.keys(body.totp) },
      { required: true, totp: ['created_at'], passkeys: 1, recovery_codes: 10 }
    )
  })

  await t.test('GET needs no fresh token, but one of a living session', async (t) => {
    const { refreshToken, read } = await begin()
    clock.advance(3600)
    t.equal((await read()).statusCode, 200)
    await post(fastify, '/logout', { refresh_token: refreshToken })
    t.match((await read()).json(), { code: 'TOKEN_INVALID' })
    t.match((await fastify.inject('/mfa')).json(), { code: 'TOKEN_MISSING' })
  })

  await t.test('PATCH requires a second step, and no longer', async (t) => {
    const { id, username, require } = await begin()
    const other = (await post(fastify, '/login', { username, password: PASSWORD })).json()
    t.strictSame(answer(await require(true)), {
      statusCode: 403,
      body: refusal(
        403,
        'Forbidden',
        'FORBIDDEN',
        'The account has no authenticator app and no passkey that works here.'
      )
    })
    t.strictSame(answer(await require(false)), { statusCode: 200, body: NONE })
    await enrolPasskey(database(), id)
    await recorded(fastify)
    const response = await require(true)
    const { codes, ...body } = response.json()
    t.equal(response.statusCode, 200)
    t.strictSame(body, { required: true, totp: null, passkeys: 1, recovery_codes: 10 })
    t.equal(new Set(codes).size, 10)
    t.match(await recorded(fastify), [
      { action: 'second step required', account: id, detail: { count: 1 } },
      { action: 'recovery codes made', account: id, detail: null }
    ])
    t.equal((await fastify.inject({ url: '/me', headers: bearer(other.access_token) })).statusCode, 401, 'it is below')
    t.match((await post(fastify, '/login', { username, password: PASSWORD })).json(), { code: 'MFA_REQUIRED' })
    t.match((await require(false)).json(), { code: 'STEP_UP_REQUIRED' }, 'this session has shown no factor')
  })

  await t.test('PATCH tells what is so already, and makes codes where none are left', async (t) => {
    const { id, token, require } = await begin()
    const { codes } = await enrolAsOwner(fastify, token)
    const stepped = await post(fastify, '/token/step-up', { recovery_code: codes[0] }, bearer(token))
    const fresh = stepped.json().access_token
    const { body } = answer(await require(true, fresh))
    t.match(body, { required: true, recovery_codes: 9 })
    t.notOk('codes' in body)
    await fastify.pg.pool.query('UPDATE recovery_codes SET used_at = now() WHERE user_id = $1', [id])
    t.match((await require(true, fresh)).json(), { recovery_codes: 10, codes: { length: 10 } })
    await recorded(fastify)
    const without = await require(false, fresh)
    t.match(without.json(), { required: false, totp: { created_at: String }, recovery_codes: 10 })
    t.notOk('codes' in without.json())
    t.match(await recorded(fastify), [{ action: 'second step not required', account: id }])
  })

  await t.test('PATCH refuses', async (t) => {
    const { id, token, require } = await begin()
    const invalid = (await require('true')).json()
    t.match(invalid, { code: 'VALIDATION_FAILED', errors: [{ path: '/required' }] })
    for (const payload of [{}, { required: true, more: 1 }, { required: null }]) {
      const response = await fastify.inject({ method: 'PATCH', url: '/mfa', headers: bearer(token), payload })
      t.match(response.json(), { statusCode: 400, code: 'VALIDATION_FAILED' })
    }
    clock.advance(601)
    const stale = await require(true)
    t.strictSame(answer(stale), { statusCode: 401, body: { ...STEP_UP, challenge: CHALLENGE } })
    t.match(stale.headers, {
      'www-authenticate': 'Bearer error="insufficient_user_authentication", max_age=600'
    })
    await enrolPasskey(database(), id)
    await makeRecoveryCodes(database(), fastify.deriveKey('recovery codes'), id)
    const { access_token: fresh } = (
      await post(fastify, '/token/step-up', { password: PASSWORD }, bearer(token))
    ).json()
    t.equal((await require(true, fresh)).statusCode, 200)
    const low = await require(false, fresh)
    t.match(low.json(), { code: 'STEP_UP_REQUIRED', challenge: { factors: ['recovery_code'] } })
    t.match(low.headers, {
      'www-authenticate': 'Bearer error="insufficient_user_authentication", max_age=600, acr_values="aal2"'
    })
  })
})
