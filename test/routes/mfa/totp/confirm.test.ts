import { test } from 'tap'
import { answer, BEARER, bearer, build, PASSWORD, post, refusal, signIn, testClock } from '../../../helpers/app.ts'
import { appOf, enrolAsOwner, recorded } from '../../../helpers/enrolled.ts'
import { letters, tokenOf } from '../../../helpers/letters.ts'

const WRONG = {
  statusCode: 401,
  body: refusal(401, 'Unauthorized', 'MFA_CODE_INVALID', 'The code or passkey is wrong, or was already used.')
}

test('POST /mfa/totp/confirm', async (t) => {
  const clock = testClock()
  const fastify = await build(t, { clock, environment: { ACCESS_TOKEN_TTL: '10000' } })
  const confirm = (token: string, totp: unknown) => post(fastify, '/mfa/totp/confirm', { totp }, bearer(token))
  const begin = async (token: string) =>
    appOf((await post(fastify, '/mfa/totp', undefined, bearer(token))).json().secret, { clock })
  const login = (username: string) => post(fastify, '/login', { username, password: PASSWORD })
  const claims = (token: string) => JSON.parse(Buffer.from(token.split('.')[1] as string, 'base64url').toString())

  await t.test('requires a second step, makes recovery codes, and ends the other sessions', async (t) => {
    const names = { username: 'ada', email: 'ada@example.com' }
    const { access_token: token, refresh_token, user } = await signIn(fastify, names)
    await post(fastify, '/email/verify', { token: await tokenOf(fastify, 'verify-email'), password: PASSWORD })
    const { access_token: other } = (await login('ada')).json()
    const show = await begin(token)
    await recorded(fastify)
    clock.advance(5)
    const response = await confirm(token, show())
    const { codes, ...rest } = response.json()
    t.strictSame([response.statusCode, rest], [200, {}])
    t.equal(new Set(codes).size, 10)
    for (const code of codes) t.match(code, /^[0-9a-hjkmnp-tv-z]{5}-[0-9a-hjkmnp-tv-z]{5}$/)
    t.match(await recorded(fastify), [
      { action: 'totp added', account: user.id },
      { action: 'second step required', account: user.id, detail: { count: 1 } },
      { action: 'recovery codes made', account: user.id }
    ])
    t.strictSame(await letters(fastify), [
      {
        template: 'security-notice',
        recipient: 'ada@example.com',
        locale: null,
        variables: { name: 'ada', what: { text: 'second step on' } }
      }
    ])
    t.match((await fastify.inject({ url: '/me', headers: bearer(other) })).json(), { code: 'TOKEN_INVALID' })
    t.equal((await fastify.inject({ url: '/me', headers: bearer(token) })).statusCode, 200)
    t.match(claims(token), { acr: 'aal1', amr: ['pwd'] })
    const { access_token: raised } = (await post(fastify, '/token/refresh', { refresh_token })).json()
    t.match(claims(raised), { acr: 'aal2', amr: ['pwd', 'otp', 'mfa'] })
    t.ok(claims(raised).auth_time >= claims(token).auth_time + 5)
    const patch = (each: string) =>
      fastify.inject({ method: 'PATCH', url: '/mfa', headers: bearer(each), payload: { required: true } })
    t.match((await patch(token)).json(), { code: 'STEP_UP_REQUIRED' }, 'the token in hand is refreshed first')
    t.equal((await patch(raised)).statusCode, 200)
  })

  await t.test('takes a code that signs in nowhere afterwards', async (t) => {
    const { access_token: token } = await signIn(fastify, { username: 'grace' })
    const show = await begin(token)
    const code = show()
    await confirm(token, code)
    const { challenge } = (await login('grace')).json()
    const second = (totp: string) => post(fastify, '/login/mfa', { mfa_token: challenge.mfa_token, totp })
    t.strictSame(answer(await second(code)), WRONG)
    clock.advance(60)
    t.equal((await second(show())).statusCode, 200)
  })

  await t.test('voids a login that waits for its second step', async (t) => {
    const { access_token: token, refresh_token } = await signIn(fastify, { username: 'hedy' })
    const { show } = await enrolAsOwner(fastify, token)
    const { challenge } = (await login('hedy')).json()
    const { access_token: raised } = (await post(fastify, '/token/refresh', { refresh_token })).json()
    const next = await begin(raised)
    t.equal((await confirm(raised, next())).statusCode, 200)
    for (const totp of [next(1), show(1)]) {
      const response = await post(fastify, '/login/mfa', { mfa_token: challenge.mfa_token, totp })
      t.match(response.json(), { statusCode: 401, code: 'MFA_TOKEN_INVALID' })
    }
  })

  await t.test('refuses a wrong code, and any where nothing waits', async (t) => {
    const { access_token: token } = await signIn(fastify, { username: 'mary' })
    t.strictSame(answer(await confirm(token, '123456')), WRONG, 'none was begun')
    const show = await begin(token)
    const wrong = await confirm(token, show(5))
    t.strictSame(answer(wrong), WRONG)
    t.match(wrong.headers, BEARER)
    clock.advance(590)
    t.equal((await confirm(token, show())).statusCode, 200, 'within ten minutes')
    const { access_token: late } = await signIn(fastify, { username: 'late' })
    const app = await begin(late)
    clock.advance(600)
    const refreshed = (await post(fastify, '/token/step-up', { password: PASSWORD }, bearer(late))).json()
    t.strictSame(answer(await confirm(refreshed.access_token, app())), WRONG, 'and no longer')
  })

  await t.test('of ten at once, one is taken', async (t) => {
    const { access_token: token } = await signIn(fastify, { username: 'edith' })
    const show = await begin(token)
    const responses = await Promise.all(Array.from({ length: 10 }, () => confirm(token, show())))
    const codes = responses.map((response) => response.json().code ?? 'taken').sort()
    t.equal(codes.filter((code) => code === 'taken').length, 1)
    t.ok(
      codes.every((code) => ['taken', 'MFA_CODE_INVALID', 'STEP_UP_REQUIRED'].includes(code)),
      codes.join()
    )
  })

  await t.test('refuses', async (t) => {
    const { access_token: token } = await signIn(fastify, { username: 'radia' })
    for (const totp of ['12345', '1234567', '12345a', '１２３４５６', 123456, null, ['123456'], '123456\n', ' 12345']) {
      t.match((await confirm(token, totp)).json(), {
        statusCode: 400,
        code: 'VALIDATION_FAILED',
        errors: [{ path: '/totp' }]
      })
    }
    t.match((await post(fastify, '/mfa/totp/confirm', { totp: '123456' })).json(), { code: 'TOKEN_MISSING' })
    clock.advance(601)
    t.match((await confirm(token, '123456')).json(), { code: 'STEP_UP_REQUIRED' })
  })
})
