import type { FastifyInstance } from 'fastify'
import { test } from 'tap'
import { answer, bearer, build, PASSWORD, post, refusal, signIn, testClock } from './helpers/app.ts'
import { operator } from './helpers/command.ts'
import { migratedDatabase } from './helpers/database.ts'
import { testTimers } from './helpers/timers.ts'

const OVER = { statusCode: 401, body: refusal(401, 'Unauthorized', 'TOKEN_INVALID', 'The token is not valid.') }

test('two instances on one database', async (t) => {
  const database = await migratedDatabase(t)
  const clock = testClock()
  // On a busy machine, 200 refreshes take longer than the grace of ten seconds.
  const environment = { PUBLIC_URL: 'https://auth.example.com', LIMITS: 'off', REFRESH_GRACE: '300' }
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
    clock.advance(300)
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

test('Two instances with the old and the new SECRET_KEY side by side lose no request during the change', async (t) => {
  // The instances read the ring when the test says so.
  const timers = testTimers()
  const database = await migratedDatabase(t)
  const clock = testClock()
  const environment = { PUBLIC_URL: 'https://auth.example.com', LIMITS: 'off' }
  const OLD = { SECRET_KEY: 'the old secret, and long enough to be one' }
  const NEW = { SECRET_KEY: 'the new secret, and long enough to be one' }
  const BOTH = { ...NEW, SECRET_KEY_PREVIOUS: OLD.SECRET_KEY }
  const start = (secrets: Record<string, string>) =>
    build(t, { database, clock, timers, environment: { ...environment, ...secrets } })
  const operate = async (secrets: Record<string, string>, ...words: string[]) => {
    const run = await operator(t, { database, clock, environment: secrets })
    const { code, stdout, stderr } = await run(['--json', 'keys', ...words])
    t.equal(code, 0, stderr)
    return JSON.parse(stdout)
  }

  const running: FastifyInstance[] = [await start(OLD)]
  const first = running[0]?.keys.signingKey().kid
  const { refresh_token } = await signIn(running[0] as FastifyInstance, { username: 'ada' })
  let session: string = refresh_token
  const answers: { statusCode: number }[] = []

  /** A login, a refresh and a look at the secret at every instance, each with the tokens of every other. */
  async function traffic(): Promise<void> {
    const instances = [...running]
    const tokens: string[] = []
    for (const fastify of instances) {
      const login = await post(fastify, '/login', { username: 'ada', password: PASSWORD })
      const refreshed = await post(fastify, '/token/refresh', { refresh_token: session })
      const other = await post(fastify, '/token/refresh', { refresh_token: login.json().refresh_token })
      answers.push(login, refreshed, other)
      session = refreshed.json().refresh_token
      tokens.push(...[login, refreshed, other].map((answer) => answer.json().access_token))
    }
    for (const fastify of instances) {
      for (const token of tokens) answers.push(await fastify.inject({ url: '/secret', headers: bearer(token) }))
    }
  }

  /** What every instance does each ten seconds. */
  const readRings = () => timers.pass(10_000)
  const signers = () => running.map(({ keys }) => keys.signingKey().kid)

  /** A step of the procedure, with requests during it, before the instances have noticed it, and after. */
  async function step(change: () => Promise<unknown>): Promise<void> {
    const changed = change()
    // The one session of an embedded database, which several instances share here alone, has no two transactions at once.
    if ('pglite' in database) await changed
    await traffic()
    await changed
    await traffic()
    await readRings()
    await traffic()
  }

  await traffic()
  await step(async () => running.push(await start(BOTH)))

  let made: { kid: string } = await operate(BOTH, 'rotate')
  await step(async () => {})
  t.strictSame(signers(), [first, first])
  await step(async () => clock.advance(360))
  t.strictSame(signers(), [made.kid, made.kid], 'a key that was made with the new secret signs at both')
  await step(async () => clock.advance(60 + 900))

  made = await operate(OLD, 'rotate')
  await step(async () => clock.advance(360))
  t.strictSame(signers(), [made.kid, made.kid], 'and one that was made with the old')

  // The second new one is there before the old one goes.
  await step(async () => running.push(await start(BOTH)))
  await step(async () => running.shift()?.close())
  await step(() => operate(BOTH, 'rewrap'))

  // As when it happens to be time for a new key just then.
  made = await operate(BOTH, 'rotate')
  await step(async () => running.push(await start(NEW)))
  await step(async () => clock.advance(360))
  t.strictSame(signers(), [made.kid, made.kid, made.kid], 'and one that was made after all was encrypted anew')
  await step(async () => running.shift()?.close())
  await step(async () => running.shift()?.close())
  await step(async () => clock.advance(60 + 900))
  t.strictSame(signers(), [made.kid])

  t.strictSame(
    answers.filter(({ statusCode }) => statusCode !== 200),
    []
  )
  t.ok(answers.length > 300, `${answers.length} requests`)
})
