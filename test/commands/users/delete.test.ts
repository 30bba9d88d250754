import { test } from 'tap'
import { bearer, PASSWORD, post, signIn } from '../../helpers/app.ts'
import { done, LAST_ADMIN, UNKNOWN, workplace } from './workplace.ts'

test('users delete', async (t) => {
  const { fastify, run, ask } = await workplace(t)
  const { user, access_token: token } = await signIn(fastify, { username: 'ada' })
  const me = async () => (await fastify.inject({ url: '/me', headers: bearer(token) })).statusCode
  const would = `Would delete ada, user ${user.id}, with 1 active session`

  await t.test('tells what would go, and deletes nothing without --yes', async (t) => {
    const expected = { code: 1, stdout: `${would}\nNothing was changed: confirm with --yes.\n`, stderr: '' }
    t.strictSame(await run(['users', 'delete', 'ada']), expected)
    t.strictSame(await run(['users', 'delete', 'ada', '--dry-run']), done(would))
    t.strictSame(await run(['users', 'delete', 'ada', '--dry-run', '--yes']), done(would))
    const { code, stdout } = await run(['users', 'delete', 'ada', '--json'])
    t.equal(code, 1)
    const { last_login_at, ...found } = JSON.parse(stdout)
    t.type(last_login_at, 'string')
    t.strictSame(found, { ...user, disabled_at: null, roles: [], active_sessions: 1, deleted: false })
    t.equal(await me(), 200)
  })

  await t.test('asks on a terminal, but nobody with --json', async (t) => {
    const words = ['users', 'delete', 'ada']
    const refused = await run(words, { input: 'no\n', typed: true })
    t.match(refused, { code: 1, stderr: `${would}\nType yes to continue: ` })
    const { code, stdout, stderr } = await run([...words, '--json'], { input: 'yes\n', typed: true })
    t.match({ code, stderr, value: JSON.parse(stdout) }, { code: 1, stderr: '', value: { deleted: false } })
    t.equal(await me(), 200)
    await signIn(fastify, { username: 'grace' })
    t.match(await run(['users', 'delete', 'grace'], { input: 'yes\n', typed: true }), {
      code: 0,
      stdout: /^Deleted grace/
    })
  })

  await t.test('deletes with --yes, and the name is free', async (t) => {
    t.strictSame(
      await run(['users', 'delete', 'ada', '--yes']),
      done(`Deleted ada, user ${user.id}, with 1 active session`)
    )
    t.equal(await me(), 401)
    t.equal((await post(fastify, '/login', { username: 'ada', password: PASSWORD })).statusCode, 401)
    t.equal((await post(fastify, '/register', { username: 'ada', password: PASSWORD })).statusCode, 201)
    t.match(await ask('users', 'delete', 'ada', '--yes'), { username: 'ada', active_sessions: 0, deleted: true })
  })

  await t.test('deletes the last administrator with --force only', async (t) => {
    await run(['users', 'create', '--username', 'root', '--role', 'admin'], { input: PASSWORD })
    const refused = await run(['users', 'delete', 'root', '--yes'])
    t.strictSame(refused, { code: 1, stdout: '', stderr: LAST_ADMIN })
    t.match(await ask('users', 'delete', 'root', '--yes', '--force'), { username: 'root', deleted: true })
  })

  await t.test('refuses who is not there', async (t) => {
    for (const words of [[], ['--yes'], ['--dry-run']])
      t.strictSame(await run(['users', 'delete', 'nobody', ...words]), UNKNOWN)
  })
})
