import { test } from 'tap'
import { bearer, PASSWORD, post, signIn } from '../../helpers/app.ts'
import { done, UNKNOWN, workplace } from './workplace.ts'

test('users end-sessions', async (t) => {
  const { fastify, run, ask } = await workplace(t)
  const { access_token: token } = await signIn(fastify, { username: 'ada' })
  await post(fastify, '/login', { username: 'ada', password: PASSWORD })
  t.strictSame(await run(['users', 'end-sessions', 'ada']), done('2 sessions of ada ended'))
  t.match(await ask('users', 'end-sessions', 'ada'), { username: 'ada', disabled_at: null, sessions_ended: 0 })
  t.equal((await fastify.inject({ url: '/me', headers: bearer(token) })).statusCode, 401)
  t.equal((await post(fastify, '/login', { username: 'ada', password: PASSWORD })).statusCode, 200)
  t.strictSame(await run(['users', 'end-sessions', 'nobody']), UNKNOWN)
})
