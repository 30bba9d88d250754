import { test } from 'tap'
import { answer, bearer, build, PASSWORD, post, refusal, signIn, testClock } from '../../helpers/app.ts'
import { enrolAsOwner, enrolPasskey, recorded } from '../../helpers/enrolled.ts'
import { letters } from '../../helpers/letters.ts'

test('POST /mfa/recovery-codes', async (t) => {
  const clock = testClock()
  const fastify = await build(t, { clock, environment: { ACCESS_TOKEN_TTL: '10000' } })
  const make = (token: string, body?: object) => post(fastify, '/mfa/recovery-codes', body, bearer(token))

  await t.test('makes ten new ones, and voids those before', async (t) => {
    const { access_token: token, refresh_token, user } = await signIn(fastify, { username: 'ada' })
    const { codes: before } = await enrolAsOwner(fastify, token)
    t.match((await make(token)).json(), { code: 'STEP_UP_REQUIRED', challenge: { factors: ['totp', 'recovery_code'] } })
    const { access_token: raised } = (await post(fastify, '/token/refresh', { refresh_token })).json()
    await recorded(fastify)
    await letters(fastify)
    const response = await make(raised, {})
    const { codes, ...rest } = response.json()
    t.strictSame([response.statusCode, rest], [200, {}])
    t.equal(new Set([...before, ...codes]).size, 20)
    t.match(response.headers, { 'cache-control': 'no-store' })
    t.match(await recorded(fastify), [{ action: 'recovery codes made', account: user.id }])
    t.strictSame(await letters(fastify), [])
    const { challenge } = (await post(fastify, '/login', { username: 'ada', password: PASSWORD })).json()
    const second = (recovery_code: string) =>
      post(fastify, '/login/mfa', { mfa_token: challenge.mfa_token, recovery_code })
    t.match((await second(before[0] as string)).json(), { code: 'MFA_CODE_INVALID' })
    t.equal((await second(codes[0].toUpperCase().replace('-', ' '))).statusCode, 200)
  })

  await t.test('makes them for a passkey too, and none without a factor', async (t) => {
    const { access_token: token, user } = await signIn(fastify, { username: 'grace' })
    t.strictSame(answer(await make(token)), {
      statusCode: 403,
      body: refusal(
        403,
        'Forbidden',
        'FORBIDDEN',
        'The account has no authenticator app and no passkey that works here.'
      )
    })
    await enrolPasskey(fastify.database.open(), user.id)
    t.equal((await make(token)).json().codes.length, 10)
  })

  await t.test('refuses', async (t) => {
    const { access_token: token } = await signIn(fastify, { username: 'hedy' })
    t.match((await make(token, { codes: [] })).json(), { statusCode: 400, code: 'VALIDATION_FAILED' })
    t.match((await fastify.inject({ method: 'POST', url: '/mfa/recovery-codes' })).json(), { code: 'TOKEN_MISSING' })
    clock.advance(601)
    t.match((await make(token)).json(), { code: 'STEP_UP_REQUIRED', challenge: { factors: ['password'] } })
  })
})
