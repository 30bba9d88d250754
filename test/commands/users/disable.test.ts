import { test } from 'tap'
import { answer, bearer, PASSWORD, post, refusal, signIn } from '../../helpers/app.ts'
import { done, LAST_ADMIN, UNKNOWN, workplace } from './workplace.ts'

const KEY = 'the key of other services, 32 bytes or more'
const WRONG = refusal(401, 'Unauthorized', 'INVALID_CREDENTIALS', 'The name or the password is wrong.')

test('users disable', async (t) => {
  const { fastify, run, ask } = await workplace(t, { INTROSPECTION_KEY: KEY })
  const { access_token: token, refresh_token: refreshToken } = await signIn(fastify, { username: 'ada' })
  const stranger = await signIn(fastify, { username: 'grace' })
  const me = async (of: string) => (await fastify.inject({ url: '/me', headers: bearer(of) })).statusCode

  await t.test('says what it did, also a second time', async (t) => {
    t.strictSame(await run(['users', 'disable', 'ada']), done('Disabled ada; 1 session ended'))
    t.strictSame(await run(['users', 'disable', 'ada']), done('ada was already disabled; 0 sessions ended'))
    t.match(await ask('users', 'disable', 'ada'), {
      username: 'ada',
      disabled_at: String,
      was_disabled: true,
      sessions_ended: 0
    })
  })

  await t.test('ends what the account is signed in to, and lets nobody sign in', async (t) => {
    t.equal(await me(token), 401)
    const refresh = await post(fastify, '/token/refresh', { refresh_token: refreshToken })
    t.match(answer(refresh), { statusCode: 401, body: { code: 'REFRESH_TOKEN_INVALID' } })
    for (const each of [token, refreshToken]) {
      t.strictSame((await post(fastify, '/introspect', { token: each }, bearer(KEY))).json(), { active: false })
    }
    const change = { current_password: PASSWORD, new_password: 'another horse battery' }
    t.equal((await post(fastify, '/password/change', change, bearer(token))).statusCode, 401)
    t.strictSame(answer(await post(fastify, '/login', { username: 'ada', password: PASSWORD })), {
      statusCode: 401,
      body: WRONG
    })
    const secret = await fastify.inject({ url: '/secret', headers: bearer(token) })
    t.equal(secret.statusCode, 200, 'but access tokens open what asks no database until they expire')
  })

  await t.test('keeps the names, and leaves others alone', async (t) => {
    const { statusCode } = await post(fastify, '/register', { username: 'ADA', password: PASSWORD })
    t.equal(statusCode, 409)
    t.equal(await me(stranger.access_token), 200)
  })

  await t.test('disables the last administrator with --force only', async (t) => {
    await run(['users', 'create', '--username', 'root', '--role', 'admin'], { input: PASSWORD })
    t.strictSame(await run(['users', 'disable', 'root']), { code: 1, stdout: '', stderr: LAST_ADMIN })
    t.match(await ask('users', 'disable', 'root', '--force'), { username: 'root', was_disabled: false })
    t.match(await ask('users', 'disable', 'root'), { was_disabled: true }, 'who is disabled is none any more')
  })

  await t.test('refuses who is not there', async (t) => {
    t.strictSame(await run(['users', 'disable', 'nobody']), UNKNOWN)
  })
})
