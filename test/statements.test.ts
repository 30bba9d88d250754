import { mock } from 'node:test'
import { type Test, test } from 'tap'
import { bearer, build, PASSWORD, post, signIn } from './helpers/app.ts'
import { createBrowser, submit } from './helpers/page.ts'
import { addPasskeyTo, ORIGIN, signInOptions } from './helpers/passkeys.ts'
import { challengeOf, giveApp } from './helpers/second-factor.ts'
import { statementsOf } from './helpers/statements-of.ts'

/** Keeps what the service asks the database by itself, every few seconds, from being taken for a request's. */
function withoutTimers(t: Test): void {
  mock.timers.enable({ apis: ['setInterval'] })
  t.teardown(() => mock.timers.reset())
}

test('what a request asks of the database, since each statement is a round trip', async (t) => {
  withoutTimers(t)
  const fastify = await build(t, { environment: { INTROSPECTION_KEY: 'a key for other services, long enough' } })
  const { access_token, refresh_token } = await signIn(fastify, { username: 'ada' })
  const headers = bearer(access_token)
  const key = bearer('a key for other services, long enough')
  const get = (url: string) => () => fastify.inject({ url, headers })
  const requests: [what: string, request: () => Promise<{ statusCode: number }>, statements: string[]][] = [
    ['GET /secret', get('/secret'), []],
    ['GET /me', get('/me'), ['SELECT']],
    ['GET /sessions', get('/sessions'), ['SELECT', 'SELECT']],
    ['POST /login', () => post(fastify, '/login', { username: 'ada', password: PASSWORD }), ['SELECT', 'WITH']],
    ['POST /register', () => post(fastify, '/register', { username: 'grace', password: PASSWORD }), ['INSERT']],
    [
      'POST /register with an address',
      () => post(fastify, '/register', { email: 'ada@example.com', password: PASSWORD }),
      ['BEGIN', 'INSERT', 'SELECT', 'INSERT', 'COMMIT']
    ],
    ['POST /password/forgot', () => post(fastify, '/password/forgot', { email: 'ada@example.com' }), ['INSERT']],
    ['the same for nobody', () => post(fastify, '/password/forgot', { email: 'nobody@example.com' }), ['INSERT']],
    ['POST /email/resend', () => post(fastify, '/email/resend', { email: 'ada@example.com' }), ['INSERT']],
    [
      'PATCH /me',
      () => fastify.inject({ method: 'PATCH', url: '/me', headers, payload: { username: 'Ada' } }),
      ['SELECT', 'WITH']
    ],
    ['POST /introspect', () => post(fastify, '/introspect', { token: access_token }, key), ['SELECT']],
    ['POST /token/refresh', () => post(fastify, '/token/refresh', { refresh_token }), ['WITH']],
    [
      'DELETE /sessions',
      () => fastify.inject({ method: 'DELETE', url: '/sessions', headers }),
      ['SELECT', 'BEGIN', 'UPDATE', 'WITH', 'COMMIT']
    ],
    [
      'POST /password/change',
      () => post(fastify, '/password/change', { current_password: PASSWORD, new_password: `${PASSWORD}!` }, headers),
      ['SELECT', 'SELECT', 'BEGIN', 'UPDATE', 'WITH', 'COMMIT']
    ],
    ['POST /logout', () => post(fastify, '/logout', { refresh_token }), ['WITH']]
  ]
  for (const [what, request, statements] of requests) {
    await t.test(what, async (t) => {
      let statusCode = 0
      const sent = await statementsOf(fastify, async () => {
        statusCode = (await request()).statusCode
      })
      t.ok(statusCode < 300, `${statusCode}`)
      t.strictSame(sent, statements)
    })
  }
})

test('what the record adds to it: nothing, and one short transaction for all that waits', async (t) => {
  withoutTimers(t)
  const fastify = await build(t)
  await signIn(fastify, { username: 'ada' })
  await fastify.audit.flush()
  for (const password of [PASSWORD, 'wrong', PASSWORD]) await post(fastify, '/login', { username: 'ada', password })
  t.strictSame(await statementsOf(fastify, fastify.audit.flush), [
    'BEGIN',
    'SELECT',
    'SELECT',
    'WITH',
    'UPDATE',
    'COMMIT'
  ])
  t.strictSame(await statementsOf(fastify, fastify.audit.flush), [])
})

test('what the limits add to it', async (t) => {
  withoutTimers(t)
  const fastify = await build(t, { environment: { LIMITS: 'on' } })
  const { refresh_token } = await signIn(fastify, { username: 'ada' })
  const login = (password: string) => () => post(fastify, '/login', { username: 'ada', password })
  const forgot = (email: string) => () => post(fastify, '/password/forgot', { email })
  for (let i = 0; i < 4; i += 1) await forgot('ada@example.com')()
  const requests: [what: string, request: () => Promise<unknown>, statements: string[]][] = [
    ['POST /login', login(PASSWORD), ['WITH', 'SELECT', 'WITH', 'DELETE', 'WITH']],
    ['POST /login with a wrong password', login('wrong'), ['WITH', 'SELECT', 'WITH']],
    ['POST /register', () => post(fastify, '/register', { username: 'grace', password: PASSWORD }), ['WITH', 'INSERT']],
    ['POST /token/refresh', () => post(fastify, '/token/refresh', { refresh_token }), ['WITH', 'WITH']],
    ['POST /logout', () => post(fastify, '/logout', { refresh_token }), ['WITH', 'WITH']],
    ['POST /password/forgot', forgot('ada@example.com'), ['WITH', 'WITH', 'INSERT']],
    ['the same for nobody', forgot('nobody@example.com'), ['WITH', 'WITH', 'INSERT']],
    ['the same beyond the share of an address', forgot('ada@example.com'), ['WITH', 'WITH', 'INSERT']]
  ]
  for (const [what, request, statements] of requests) {
    await t.test(what, async (t) => {
      t.strictSame(await statementsOf(fastify, request), statements)
    })
  }
})

test('what a second step asks of it', async (t) => {
  withoutTimers(t)
  const fastify = await build(t, { environment: { LIMITS: 'on' } })
  const { user, access_token } = await signIn(fastify, { username: 'ada' })
  const app = await giveApp(fastify, user.id)
  let mfa_token = ''
  const stepUp = () => post(fastify, '/token/step-up', { recovery_code: app.codes[0] }, bearer(access_token))
  const requests: [what: string, request: () => Promise<unknown>, statements: string[]][] = [
    [
      'POST /login: the step is stored, and the factors are read',
      async () => {
        mfa_token = (await challengeOf(fastify, 'ada')).mfa_token
      },
      ['WITH', 'SELECT', 'WITH', 'DELETE', 'WITH', 'SELECT']
    ],
    [
      'POST /login/mfa: the counting, one transaction of three statements, and the reset',
      () => post(fastify, '/login/mfa', { mfa_token, totp: app.code(1) }),
      ['WITH', 'UPDATE', 'WITH', 'UPDATE', 'BEGIN', 'WITH', 'UPDATE', 'WITH', 'COMMIT', 'DELETE']
    ],
    [
      'POST /token/step-up',
      stepUp,
      [
        'SELECT',
        'WITH',
        'SELECT',
        'WITH',
        'SELECT',
        'BEGIN',
        'SELECT',
        'UPDATE',
        'UPDATE',
        'INSERT',
        'SELECT',
        'UPDATE',
        'COMMIT',
        'DELETE'
      ]
    ]
  ]
  for (const [what, request, statements] of requests) {
    await t.test(what, async (t) => {
      t.strictSame(await statementsOf(fastify, request), statements)
    })
  }
})

test('what a page asks of it', async (t) => {
  withoutTimers(t)
  const fastify = await build(t)
  await signIn(fastify, { username: 'ada' })
  const fields = { name: 'ada', password: PASSWORD }
  const browser = createBrowser(fastify)
  const get = (url: string) => () => browser.get(url)
  const requests: [what: string, request: () => Promise<{ statusCode: number }>, statements: string[]][] = [
    ['GET /pages/login', get('/pages/login'), []],
    ['POST /pages/login: as at the API', () => browser.submit('/pages/login', fields), ['SELECT', 'WITH']],
    [
      'the same, which ends what both cookies had before',
      () => browser.submit('/pages/login', fields),
      ['SELECT', 'WITH', 'WITH', 'WITH']
    ],
    ['GET /pages/login with a session', get('/pages/login'), ['SELECT']],
    [
      'GET /pages/account: the session, the factors, the passkeys, the sessions',
      get('/pages/account'),
      ['SELECT', 'SELECT', 'SELECT', 'SELECT']
    ],
    ['GET /pages/account/username', get('/pages/account/username'), ['SELECT']],
    ['GET /pages/account without a session', () => fastify.inject('/pages/account'), []],
    [
      'POST /pages/register',
      () => submit(fastify, '/pages/register', { username: 'grace', password: PASSWORD }),
      ['INSERT', 'SELECT', 'WITH']
    ],
    ['POST /pages/logout', () => browser.submit('/pages/logout', {}), ['WITH', 'WITH']]
  ]
  for (const [what, request, statements] of requests) {
    await t.test(what, async (t) => {
      let statusCode = 0
      const sent = await statementsOf(fastify, async () => {
        statusCode = (await request()).statusCode
      })
      t.ok(statusCode < 400, `${statusCode}`)
      t.strictSame(sent, statements)
    })
  }
})

test('what a recovery code and a passkey ask of it', async (t) => {
  withoutTimers(t)
  const fastify = await build(t, { environment: { LIMITS: 'on', PUBLIC_URL: ORIGIN } })
  const { user, access_token } = await signIn(fastify, { username: 'ada' })
  const { authenticator } = await addPasskeyTo(fastify, access_token)
  const app = await giveApp(fastify, user.id)
  let challenge: Awaited<ReturnType<typeof challengeOf>>
  let options: Awaited<ReturnType<typeof signInOptions>>
  const answered: number[] = []
  const sent = async (path: string, payload: object) => {
    answered.push((await post(fastify, path, payload)).statusCode)
  }
  const begin = async () => {
    challenge = await challengeOf(fastify, 'ada')
  }
  const WITH_PASSKEY = ['WITH', 'SELECT', 'WITH', 'DELETE', 'WITH', 'SELECT', 'SELECT']
  const requests: [what: string, request: () => Promise<unknown>, statements: string[]][] = [
    ['POST /login of an account with a passkey: its passkeys are read too', begin, WITH_PASSKEY],
    [
      'POST /login/mfa by recovery code: one transaction of five statements, beside the counting and the reset',
      () => sent('/login/mfa', { mfa_token: challenge.mfa_token, recovery_code: app.codes[0] }),
      ['WITH', 'UPDATE', 'WITH', 'SELECT', 'BEGIN', 'WITH', 'UPDATE', 'UPDATE', 'INSERT', 'WITH', 'COMMIT', 'DELETE']
    ],
    ['POST /login once more', begin, WITH_PASSKEY],
    [
      'POST /login/mfa by passkey',
      () => {
        const { mfa_token, public_key } = challenge
        return sent('/login/mfa', { mfa_token, credential: authenticator.get(public_key) })
      },
      ['WITH', 'UPDATE', 'WITH', 'SELECT', 'BEGIN', 'WITH', 'INSERT', 'WITH', 'UPDATE', 'WITH', 'COMMIT', 'DELETE']
    ],
    [
      'POST /login/passkey/options: the address is counted, and nothing else stored',
      async () => {
        options = await signInOptions(fastify)
      },
      ['WITH']
    ],
    [
      'POST /login/passkey',
      () => sent('/login/passkey', { credential: authenticator.get(options) }),
      ['WITH', 'SELECT', 'BEGIN', 'SELECT', 'INSERT', 'WITH', 'UPDATE', 'WITH', 'COMMIT', 'DELETE']
    ]
  ]
  for (const [what, request, statements] of requests) {
    await t.test(what, async (t) => {
      t.strictSame(await statementsOf(fastify, request), statements)
    })
  }
  t.strictSame(answered, [200, 200, 200])
})

test('the addresses of logins that come at once are counted by one statement', async (t) => {
  withoutTimers(t)
  const fastify = await build(t, { environment: { LIMITS: 'on' } })
  const login = (index: number) =>
    fastify.inject({
      method: 'POST',
      url: '/login',
      remoteAddress: `198.51.100.${index}`,
      payload: { username: `nobody${index}`, password: PASSWORD }
    })
  const statements = await statementsOf(fastify, async () => {
    const answers = await Promise.all(Array.from({ length: 10 }, (_, index) => login(index).then((answer) => answer)))
    t.strictSame(
      answers.map(({ statusCode }) => statusCode),
      Array(10).fill(401)
    )
  })
  // Of each login its account, and what is counted against the name.
  t.strictSame(statements.sort(), [...Array(10).fill('SELECT'), ...Array(1 + 10).fill('WITH')])
})
