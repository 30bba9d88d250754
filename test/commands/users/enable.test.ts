import { test } from 'tap'
import { bearer, PASSWORD, post, signIn } from '../../helpers/app.ts'
import { done, UNKNOWN, workplace } from './workplace.ts'

test('users enable', async (t) => {
  const { fastify, run, ask } = await workplace(t)
  const { access_token: token } = await signIn(fastify, { username: 'ada' })
  await run(['users', 'disable', 'ada'])
  t.strictSame(await run(['users', 'enable', 'ada']), done('Enabled ada'))
  t.strictSame(await run(['users', 'enable', 'ada']), done('ada was not disabled'))
  t.match(await ask('users', 'enable', 'ada'), { username: 'ada', disabled_at: null, was_disabled: false })
  t.equal((await post(fastify, '/login', { username: 'ada', password: PASSWORD })).statusCode, 200)
  t.equal((await fastify.inject({ url: '/me', headers: bearer(token) })).statusCode, 401, 'no session comes back')
  t.strictSame(await run(['users', 'enable', 'nobody']), UNKNOWN)
})
