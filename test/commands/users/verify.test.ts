import { test } from 'tap'
import { signIn } from '../../helpers/app.ts'
import { done, UNKNOWN, workplace } from './workplace.ts'

test('users verify', async (t) => {
  const { fastify, run, ask } = await workplace(t)
  const { user } = await signIn(fastify, { username: 'ada', email: 'ada@example.com' })
  await signIn(fastify, { username: 'eve' })
  t.strictSame(await run(['users', 'verify', 'ada']), done('ada@example.com is verified'))
  t.strictSame(await run(['users', 'verify', 'ada@example.com']), done('ada@example.com was verified already'))
  const { last_login_at, ...verified } = await ask('users', 'verify', user.id)
  t.type(last_login_at, 'string')
  t.strictSame(verified, {
    ...user,
    email_verified: true,
    disabled_at: null,
    roles: [],
    was_verified: true
  })
  t.strictSame(await run(['users', 'verify', 'eve']), { code: 1, stdout: '', stderr: 'eve has no email address.\n' })
  t.strictSame(await run(['users', 'verify', 'nobody']), UNKNOWN)
  const { stdout } = await run(['audit', 'list', '--action', 'email verified'])
  t.equal(stdout.split('operator  email verified').length, 2, 'on record once')
})
