import { test } from 'tap'
import { bearer, PASSWORD, post, signIn } from '../../helpers/app.ts'
import { done, UNKNOWN, workplace } from './workplace.ts'

const NEXT = 'another horse battery staple'

test('users set-password', async (t) => {
  const { fastify, run } = await workplace(t, { LIMITS: 'on' })
  const { access_token: token } = await signIn(fastify, { username: 'katherine.j', email: 'katherine@example.com' })
  const login = async (password: string) =>
    (await post(fastify, '/login', { username: 'katherine.j', password })).statusCode
  const isAlive = async () => (await fastify.inject({ url: '/me', headers: bearer(token) })).statusCode === 200
  const set = (input: string, ...words: string[]) => run(['users', 'set-password', 'katherine.j', ...words], { input })

  const refused: [password: string, stderr: string][] = [
    ['k7#pQz!', 'password must have at least 8 characters\n'],
    ['KATHERINE.J', 'password must not be the username or email\n'],
    ['Katherine@example.com', 'password must not be the username or email\n']
  ]
  for (const [password, stderr] of refused) {
    await t.test(`refuses ${password}, and changes nothing`, async (t) => {
      t.strictSame(await set(password), { code: 1, stdout: '', stderr })
      t.ok(await isAlive())
    })
  }

  await t.test('sets the password, forgets wrong ones, and keeps the sessions where told to', async (t) => {
    for (let index = 0; index < 10; index++) await login('wrong')
    t.equal(await login(PASSWORD), 429)
    t.strictSame(await set(`${NEXT}\n`, '--keep-sessions'), done('Password changed for katherine.j; 0 sessions ended'))
    t.ok(await isAlive())
    t.strictSame([await login(PASSWORD), await login(NEXT)], [401, 200])
  })

  await t.test('ends the sessions otherwise', async (t) => {
    const { code, stdout } = await set(PASSWORD, '--json')
    t.equal(code, 0)
    t.match(JSON.parse(stdout), { username: 'katherine.j', disabled_at: null, sessions_ended: 2 })
    t.notOk(await isAlive())
    t.strictSame([await login(PASSWORD), await login(NEXT)], [200, 401])
  })

  await t.test('refuses who is not there, before it asks for a password', async (t) => {
    t.strictSame(await run(['users', 'set-password', 'nobody']), UNKNOWN)
  })
})
