import { test } from 'tap'
import { answer, bearer, build, PASSWORD, post, refusal, signIn, testClock } from '../../helpers/app.ts'
import { meanwhile } from '../../helpers/meanwhile.ts'
import { giveApp, recorded } from '../../helpers/second-factor.ts'

test('a password change without the current password is refused if the token is fresh no longer', async (t) => {
  const clock = testClock()
  const fastify = await build(t, { clock, environment: { LIMITS: 'on', ACCESS_TOKEN_TTL: '3600' } })
  const { access_token, user } = await signIn(fastify, { username: 'ada' })
  const app = await giveApp(fastify, user.id, { required: false })
  const { access_token: raised } = (
    await post(fastify, '/token/step-up', { totp: app.code(1) }, bearer(access_token))
  ).json()

  // The session was found and the body validated; the next statement counts the request.
  meanwhile(fastify, 1, async () => clock.advance(601))
  const response = await post(fastify, '/password/change', { new_password: 'another horse battery' }, bearer(raised))
  const errors = [{ path: '/current_password', message: 'is required' }]
  t.strictSame(answer(response), {
    statusCode: 400,
    body: refusal(400, 'Bad Request', 'VALIDATION_FAILED', 'The request does not fit its schema.', errors)
  })
  t.strictSame(await recorded(fastify, user.id, 'password changed'), [])
  const login = await post(fastify, '/login', { username: 'ada', password: PASSWORD })
  t.equal(login.statusCode, 200, 'the password is the same')
})
