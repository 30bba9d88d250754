import { test } from 'tap'
import { PASSWORD, post, signIn } from '../../helpers/app.ts'
import { done, UNKNOWN, workplace } from './workplace.ts'

test('users rename', async (t) => {
  const { clock, fastify, run, ask } = await workplace(t)
  const { user } = await signIn(fastify, { username: 'Ada' })
  await signIn(fastify, { email: 'grace@example.com' })
  const register = async (username: string) =>
    (await post(fastify, '/register', { username, password: PASSWORD })).statusCode

  t.strictSame(await run(['users', 'rename', 'ada', 'Lovelace']), done('Renamed Ada to Lovelace'))
  t.equal((await post(fastify, '/login', { username: 'lovelace', password: PASSWORD })).statusCode, 200)
  t.equal(await register('ada'), 409, 'tokens that are out carry the name before')
  clock.advance(902)
  t.equal(await register('ada'), 201)
  const { last_login_at, ...renamed } = await ask('users', 'rename', user.id, 'admin')
  t.type(last_login_at, 'string')
  t.strictSame(renamed, {
    ...user,
    username: 'admin',
    disabled_at: null,
    roles: [],
    username_before: 'Lovelace'
  })
  t.match(await ask('users', 'rename', 'grace@example.com', 'grace'), { username: 'grace', username_before: null })

  const refused: [words: string[], stderr: string][] = [
    [['admin', 'GRACE'], 'username is taken\n'],
    [['grace', 'Lovelace'], 'username is taken\n'],
    [['admin', 'x'], 'username must have at least 3 characters\n'],
    [['nobody', 'somebody'], UNKNOWN.stderr]
  ]
  for (const [words, stderr] of refused) {
    t.strictSame(await run(['users', 'rename', ...words]), { code: 1, stdout: '', stderr })
  }
  t.match(
    (await run(['audit', 'list', '--action', 'username changed'])).stdout,
    `operator  username changed  ${user.id}`
  )
})
