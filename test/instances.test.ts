import { test } from 'tap'
import { migratedDatabase } from './database.ts'
import { answer, bearer, build, PASSWORD, post, refusal, signIn, testClock } from './helper.ts'

const OVER = { statusCode: 401, body: refusal(401, 'Unauthorized', 'TOKEN_INVALID', 'The token is not valid.') }

test('two instances on one database', async (t) => {
  const database = await migratedDatabase(t)
  const clock = testClock()
  const environment = { PUBLIC_URL: 'https://auth.example.com', LIMITS: 'off' }
  const instances = [
    await build(t, { database, clock, environment }),
    // As during a change of SECRET_KEY.
    await build(t, {
      database,
      clock,
      environment: {
        ...environment,
        SECRET_KEY: 'the new secret, and long enough to be one',
        SECRET_KEY_PREVIOUS: 'only for tests, and long enough to be one'
      }
    })
  ] as const
  const refresh = (index: number, token: string) =>
    post(instances[index % 2] as (typeof instances)[0], '/token/refresh', { refresh_token: token })

  await t.test('give one successor to 200 refreshes of a token at once', async (t) => {
    let { refresh_token: token } = await signIn(instances[0], { username: 'ada' })
    for (let round = 0; round < 5; round++) {
      const answers = await Promise.all(Array.from({ length: 200 }, (_, index) => refresh(index, token)))
      const outcomes = [
        ...new Set(answers.map(({ statusCode, body }) => `${statusCode} ${JSON.parse(body).refresh_token}`))
      ]
      t.equal(outcomes.length, 1)
      t.match(outcomes[0], /^200 [\w.-]{89}$/)
      token = answers[0]?.json().refresh_token
    }
  })

  await t.test('both know at once that a session is over', async (t) => {
    const { access_token, refresh_token: first } = await signIn(instances[0], { username: 'grace' })
    const { refresh_token: second } = (await refresh(1, first)).json()
    const me = (index: 0 | 1) => instances[index].inject({ url: '/me', headers: bearer(access_token) })
    t.strictSame([(await me(0)).statusCode, (await me(1)).statusCode], [200, 200])
    clock.advance(10)
    t.equal((await refresh(0, first)).statusCode, 401, 'a replay')
    for (const index of [0, 1] as const) {
      t.strictSame(answer(await me(index)), OVER)
      t.equal((await refresh(index, second)).statusCode, 401)
    }
  })

  await t.test('let one of two password changes through, and no login with the old one', async (t) => {
    const { access_token } = await signIn(instances[0], { username: 'ingrid' })
    const change = (index: 0 | 1) =>
      post(
        instances[index],
        '/password/change',
        { current_password: PASSWORD, new_password: `${PASSWORD} ${index}` },
        bearer(access_token)
      )
    const login = (index: number, password: string) =>
      post(instances[index % 2] as (typeof instances)[0], '/login', { username: 'ingrid', password })
    const first = await change(0)
    const [second, stale] = [await change(1), await login(1, PASSWORD)]
    t.strictSame([first.statusCode, second.statusCode, stale.statusCode], [204, 401, 401])
    t.equal((await login(1, `${PASSWORD} 0`)).statusCode, 200)
  })
})
