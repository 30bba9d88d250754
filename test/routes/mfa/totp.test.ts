import { test } from 'tap'
import { answer, bearer, build, PASSWORD, post, refusal, signIn, testClock } from '../../helpers/app.ts'
import { appOf, enrolAsOwner, enrolPasskey, recorded } from '../../helpers/enrolled.ts'

const MISSING = { statusCode: 404, body: refusal(404, 'Not Found', 'NOT_FOUND', 'There is nothing here.') }

test('/mfa/totp', async (t) => {
  const clock = testClock()
  const environment = { ACCESS_TOKEN_TTL: '10000', SERVICE_NAME: 'Ada & Sons: shop' }
  const fastify = await build(t, { clock, environment })
  const add = (token: string) => post(fastify, '/mfa/totp', undefined, bearer(token))
  const remove = (token: string) => fastify.inject({ method: 'DELETE', url: '/mfa/totp', headers: bearer(token) })
  const refresh = async (refreshToken: string) =>
    (await post(fastify, '/token/refresh', { refresh_token: refreshToken })).json()

  await t.test('POST makes a secret for an app', async (t) => {
    const { access_token: token } = await signIn(fastify, { username: 'ada', email: 'ada@example.com' })
    const response = await add(token)
    const { secret, uri, expires_in } = response.json()
    t.strictSame([response.statusCode, Object.keys(response.json())], [200, ['secret', 'uri', 'expires_in']])
    t.match(secret, /^[A-Z2-7]{32}$/)
    const service = 'Ada%20%26%20Sons%3A%20shop'
    t.strictSame([uri, expires_in], [`otpauth://totp/${service}:ada?issuer=${service}&secret=${secret}`, 600])
    t.match(response.headers, { 'cache-control': 'no-store' })
    t.not((await add(token)).json().secret, secret)
    t.match((await fastify.inject({ url: '/mfa', headers: bearer(token) })).json(), { required: false, totp: null })
  })

  await t.test('POST calls an account without a username by its address', async (t) => {
    const { access_token: token } = await signIn(fastify, { email: 'grace@example.com' })
    t.match((await add(token)).json().uri, /:grace%40example\.com\?/)
  })

  await t.test('POST leaves the app in use alone until the new one is confirmed', async (t) => {
    const { access_token: token } = await signIn(fastify, { username: 'hedy' })
    const { show, codes } = await enrolAsOwner(fastify, token)
    const fresh = (await post(fastify, '/token/step-up', { recovery_code: codes[0] }, bearer(token))).json()
    const { secret } = (await add(fresh.access_token)).json()
    clock.advance(60)
    t.equal((await post(fastify, '/token/step-up', { totp: show() }, bearer(token))).statusCode, 200)
    const next = appOf(secret, { clock })
    clock.advance(60)
    t.match((await post(fastify, '/token/step-up', { totp: next() }, bearer(token))).json(), {
      code: 'MFA_CODE_INVALID'
    })
    const confirmed = await post(fastify, '/mfa/totp/confirm', { totp: next() }, bearer(fresh.access_token))
    t.equal(confirmed.statusCode, 200)
    clock.advance(60)
    t.match((await post(fastify, '/token/step-up', { totp: show() }, bearer(token))).json(), {
      code: 'MFA_CODE_INVALID'
    })
    t.equal((await post(fastify, '/token/step-up', { totp: next() }, bearer(token))).statusCode, 200)
  })

  await t.test('DELETE removes the app, and with the last factor the second step', async (t) => {
    const { access_token: token, refresh_token, user } = await signIn(fastify, { username: 'mary' })
    t.strictSame(answer(await remove(token)), MISSING)
    await add(token)
    t.strictSame(answer(await remove(token)), MISSING, 'one that waits is none')
    await enrolAsOwner(fastify, token)
    t.match((await remove(token)).json(), { code: 'STEP_UP_REQUIRED' }, 'the token is from before the second step')
    const { access_token: raised } = await refresh(refresh_token)
    await recorded(fastify)
    t.strictSame(answer(await remove(raised)), { statusCode: 204, body: '' })
    t.match(await recorded(fastify), [
      { action: 'totp removed', account: user.id },
      { action: 'second step not required', account: user.id }
    ])
    t.strictSame((await fastify.inject({ url: '/mfa', headers: bearer(token) })).json(), {
      required: false,
      totp: null,
      passkeys: 0,
      recovery_codes: 0
    })
    t.equal((await post(fastify, '/login', { username: 'mary', password: PASSWORD })).statusCode, 200)
    t.strictSame(answer(await remove(raised)), MISSING)
  })

  await t.test('DELETE leaves the second step where there is a passkey', async (t) => {
    const { access_token: token, refresh_token, user } = await signIn(fastify, { username: 'edith' })
    await enrolPasskey(fastify.database.open(), user.id)
    await enrolAsOwner(fastify, token)
    const { access_token: raised } = await refresh(refresh_token)
    await recorded(fastify)
    t.equal((await remove(raised)).statusCode, 204)
    t.match(await recorded(fastify), [{ action: 'totp removed' }])
    t.match((await fastify.inject({ url: '/mfa', headers: bearer(token) })).json(), {
      required: true,
      totp: null,
      passkeys: 1,
      recovery_codes: 10
    })
  })

  await t.test('need a token, and a fresh one', async (t) => {
    const { access_token: token } = await signIn(fastify, { username: 'radia' })
    clock.advance(601)
    for (const response of [await add(token), await remove(token)]) {
      t.match(response.json(), { statusCode: 401, code: 'STEP_UP_REQUIRED', challenge: { factors: ['password'] } })
    }
    for (const method of ['POST', 'DELETE'] as const) {
      t.match((await fastify.inject({ method, url: '/mfa/totp' })).json(), { code: 'TOKEN_MISSING' })
    }
    const fresh = (await post(fastify, '/token/step-up', { password: PASSWORD }, bearer(token))).json().access_token
    t.match((await post(fastify, '/mfa/totp', { secret: 'mine' }, bearer(fresh))).json(), { code: 'VALIDATION_FAILED' })
    t.equal((await add(fresh)).statusCode, 200)
  })
})
