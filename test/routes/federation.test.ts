import type { FastifyInstance } from 'fastify'
import { type Test, test } from 'tap'
import { sql } from '../../src/database/sql.ts'
import { unlinkProvider } from '../../src/flows/provider-unlink.ts'
import { bearer, build, cutOff, PASSWORD, post, signIn, testClock } from '../helpers/app.ts'
import { type Browser, buildFederated, createTraveller } from '../helpers/federated.ts'
import { createIssuer, type Visitor } from '../helpers/issuer.ts'
import { tokenOf } from '../helpers/letters.ts'
import { meanwhile } from '../helpers/meanwhile.ts'
import { createBrowser, hiddenOf, readPage, submit } from '../helpers/page.ts'
import { giveApp, recorded } from '../helpers/second-factor.ts'
import { statementsOf } from '../helpers/statements-of.ts'

const FRONTEND = { CORS_ORIGINS: 'https://app.example.com' }
const FAILED = { statusCode: 400, text: /^Signing in did not work Signing in with Test did not work\./ }

const visitorOf = (name: string, more: Partial<Visitor> = {}): Visitor => ({
  sub: `${name}-1`,
  email: `${name}@example.com`,
  email_verified: true,
  ...more
})

/** What is stored of the account with an address. */
async function stored(fastify: FastifyInstance, email: string) {
  const [row] = await fastify.database.open().query<{
    id: string
    email_verified: boolean
    password: boolean
    mfa_required: boolean
    identities: number
    sessions: number
  }>(
    sql`SELECT id, email_verified, password_hash IS NOT NULL AS password, mfa_required,
       (SELECT count(*)::int FROM identities WHERE user_id = users.id) AS identities,
       (SELECT count(*)::int FROM sessions WHERE user_id = users.id AND ended_at IS NULL) AS sessions
     FROM users WHERE email = ${email}`
  )
  return row
}

const verify = (fastify: FastifyInstance, email: string) =>
  fastify.database.open().query(sql`UPDATE users SET email_verified = true WHERE email = ${email}`)

const failures = async (fastify: FastifyInstance, user: string | null = null) =>
  (await recorded(fastify, user, 'federated login failed')).map(({ detail }) => (detail as { reason: string }).reason)

test('signing in with a provider', async (t) => {
  const clock = testClock()
  const issuer = await createIssuer(t)
  issuer.lies.claims = (claims) => ({ ...claims, iat: clock.now() / 1000, exp: clock.now() / 1000 + 60 })
  const shared = { label: 'Test', trust_email: true }
  const entries = [
    issuer.entry(shared),
    issuer.entry({ ...shared, id: 'linking', link: 'verified_email' }),
    issuer.entry({ ...shared, id: 'closed', sign_up: false }),
    issuer.entry({ ...shared, id: 'untrusted', trust_email: false }),
    issuer.entry({ ...shared, id: 'away', issuer: 'http://127.0.0.1:1' })
  ]
  const fastify = await buildFederated(t, entries, { clock, environment: FRONTEND })
  const traveller = () => createTraveller(fastify, issuer)

  await t.test('begins at the provider, and keeps the attempt in the browser alone', async (t) => {
    const response = await fastify.inject('/federation/test?return_to=/pages/account/sessions')
    t.equal(response.statusCode, 303)
    t.match(response.headers, { location: `${issuer.url}/authorize?`, 'cache-control': 'no-store' })
    const [cookie] = response.cookies
    const state = String(new URL(String(response.headers.location)).searchParams.get('state'))
    t.match(cookie, {
      name: `federation-${state.slice(0, 8)}`,
      maxAge: 600,
      path: '/',
      httpOnly: true,
      sameSite: 'Lax'
    })
    t.notMatch(String(cookie?.value), state)
    const answer = await fastify.inject('/federation/none')
    t.match(readPage(answer), { statusCode: 404 })
    t.match(readPage(await fastify.inject('/federation/none/callback?state=x')), { statusCode: 404 })
  })

  await t.test('makes an account, which has no password, and knows it again', async (t) => {
    const first = traveller()
    const response = await first.signIn(visitorOf('ada'))
    t.match(response, { statusCode: 303, headers: { location: '../../pages/account' } })
    t.match(await first.browser.get('/pages/account'), { statusCode: 200, body: /ada@example\.com/ })
    const account = await stored(fastify, 'ada@example.com')
    t.match(account, { email_verified: true, password: false, identities: 1, sessions: 1 })
    const again = await traveller().signIn(visitorOf('ada', { email: 'ada@another.example', email_verified: false }))
    t.equal(again.statusCode, 303)
    t.match(await stored(fastify, 'ada@example.com'), { id: account?.id, identities: 1, sessions: 2 })
    const detail = { provider: 'test' }
    t.strictSame(await recorded(fastify, String(account?.id), 'registered', 'federated login', 'login'), [
      { action: 'registered', session: false, detail },
      { action: 'federated login', session: true, detail },
      { action: 'federated login', session: true, detail }
    ])
    const login = await post(fastify, '/login', { email: 'ada@example.com', password: PASSWORD })
    t.equal(login.json().code, 'INVALID_CREDENTIALS')
  })

  await t.test('costs two statements: of its account, and of the session', async (t) => {
    const { begin, back } = traveller()
    const answer = issuer.authorize(await begin(), visitorOf('ada'))
    t.strictSame(await statementsOf(fastify, () => back(answer)), ['WITH', 'WITH'])
  })

  await t.test('hands the session over: a refresh gives tokens that say how', async (t) => {
    const other = traveller()
    const response = await other.signIn(visitorOf('ada'), { query: '?return_to=https://app.example.com/start' })
    t.match(response, {
      statusCode: 200,
      body: /http-equiv="refresh" content="0; url=https:\/\/app\.example\.com\/start"/
    })
    const cookie = [...other.browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const tokens = await post(fastify, '/token/refresh', {}, { cookie, origin: 'https://app.example.com' })
    const claims = JSON.parse(String(Buffer.from(tokens.json().access_token.split('.')[1], 'base64url')))
    t.match(claims, { amr: ['fed'], acr: 'aal1' })
    const elsewhere = await other.signIn(visitorOf('ada'), { query: '?return_to=/pages/account/sessions' })
    t.equal(elsewhere.headers.location, '../../pages/account/sessions')
  })

  await t.test('goes nowhere else', async (t) => {
    for (const target of ['https://evil.example.com', '//evil.example.com', '/elsewhere', 'javascript:alert(1)']) {
      const response = await fastify.inject(`/federation/test?${new URLSearchParams({ return_to: target })}`)
      t.match(readPage(response), { statusCode: 400 }, target)
      t.notOk(response.headers['set-cookie'])
    }
    const long = `https://app.example.com/${'é'.repeat(2000)}`
    t.match(readPage(await fastify.inject(`/federation/test?${new URLSearchParams({ return_to: long })}`)), {
      statusCode: 400
    })
    const ascii = `https://app.example.com/${'e'.repeat(2000)}`
    t.equal((await fastify.inject(`/federation/test?${new URLSearchParams({ return_to: ascii })}`)).statusCode, 303)
    // With the longest subject, it does not fit into the cookie of an account without a name.
    const { browser, ...way } = traveller()
    const visitor = { sub: '𝒳'.repeat(255), email: `${'e'.repeat(242)}@example.com` }
    await way.signIn(visitor, { query: `?${new URLSearchParams({ return_to: ascii })}` })
    t.ok(String(browser.cookies.get('federation-pending')).length < 4000)
    const { headers } = await browser.submit('/pages/register/provider', { username: 'long' })
    t.equal(headers.location, '../../pages/account')
  })

  await t.test('asks for the second step of the account all the same', async (t) => {
    await traveller().signIn(visitorOf('bob'))
    const account = await stored(fastify, 'bob@example.com')
    const app = await giveApp(fastify, String(account?.id))
    clock.advance(60)
    const { browser, ...way } = traveller()
    const page = await way.signIn(visitorOf('bob'), {
      query: '?return_to=/pages/account/sessions'
    })
    t.match(readPage(page), { statusCode: 200, text: /^One more step/ })
    t.match(await stored(fastify, 'bob@example.com'), { sessions: 1 }, 'no session yet')
    const hidden = { mfa_token: String(hiddenOf(page, 'mfa_token')), return_to: String(hiddenOf(page, 'return_to')) }
    const done = await browser.submit('/pages/login/mfa', { ...hidden, totp: app.code() })
    t.match(done, { statusCode: 303, headers: { location: '../../pages/account/sessions' } })
    const [session] = await fastify.database
      .open()
      .query(sql`SELECT amr FROM sessions WHERE user_id = ${String(account?.id)} ORDER BY created_at DESC LIMIT 1`)
    t.strictSame(session, { amr: ['fed', 'otp', 'mfa'] })
    t.match(await recorded(fastify, String(account?.id), 'second step asked', 'federated login', 'login'), [
      { action: 'federated login', detail: { provider: 'test' } },
      { action: 'second step asked', detail: { provider: 'test' } },
      { action: 'federated login', detail: { method: 'totp' } }
    ])
  })

  await t.test('voids a sign-in that waits for its second step when the provider is removed', async (t) => {
    await traveller().signIn(visitorOf('bea'))
    const account = await stored(fastify, 'bea@example.com')
    const app = await giveApp(fastify, String(account?.id))
    clock.advance(60)
    const { browser, ...way } = traveller()
    const page = await way.signIn(visitorOf('bea'))
    await unlinkProvider(fastify.database.open(), 'bea@example.com', 'test', undefined)
    const hidden = { mfa_token: String(hiddenOf(page, 'mfa_token')), return_to: '' }
    const refused = await browser.submit('/pages/login/mfa', { ...hidden, totp: app.code() })
    t.match(readPage(refused), { statusCode: 401, text: /^Sign in/ })
    t.match(await stored(fastify, 'bea@example.com'), { sessions: 1, identities: 0 })
  })

  await t.test('refuses a disabled account, whichever way leads to it', async (t) => {
    await traveller().signIn(visitorOf('cora'))
    const account = await stored(fastify, 'cora@example.com')
    await fastify.database.open().query(sql`UPDATE users SET disabled_at = now() WHERE id = ${String(account?.id)}`)
    t.match(readPage(await traveller().signIn(visitorOf('cora'))), FAILED)
    t.match(readPage(await traveller().signIn(visitorOf('cora', { sub: 'cora-2' }))), FAILED)
    t.match(await stored(fastify, 'cora@example.com'), { identities: 1, sessions: 1 })
    t.strictSame(await failures(fastify, String(account?.id)), ['account disabled', 'account disabled'])
  })

  await t.test('refuses an account that is disabled before its session opens', async (t) => {
    await traveller().signIn(visitorOf('zoe'))
    const account = await stored(fastify, 'zoe@example.com')
    const way = traveller()
    const answer = issuer.authorize(await way.begin(), visitorOf('zoe'))
    meanwhile(fastify, 1, () => fastify.pg.query('UPDATE users SET disabled_at = now() WHERE id = $1', [account?.id]))
    t.match(readPage(await way.back(answer)), FAILED)
    t.match(await stored(fastify, 'zoe@example.com'), { sessions: 1 })
    t.strictSame(await failures(fastify, String(account?.id)), ['account changed meanwhile'])
  })

  await t.test('asks the owner of a verified address to sign in once, and links then', async (t) => {
    const { user } = await signIn(fastify, { email: 'dora@example.com' })
    await verify(fastify, 'dora@example.com')
    const dora = traveller()
    const asked = await dora.signIn(visitorOf('dora'), { query: '?return_to=/pages/account/sessions' })
    t.match(readPage(asked), { statusCode: 200, text: /^You have an account here .* Sign in$/ })
    t.match(asked.body, 'pages/login?return_to=%2Fpages%2Faccount%2Fsessions')
    t.match(await stored(fastify, 'dora@example.com'), { identities: 0, sessions: 1 })
    // Another account that signs in links nothing.
    await signIn(fastify, { username: 'eve' })
    const cookies = new Map(dora.browser.cookies)
    await dora.browser.submit('/pages/login', { name: 'eve', password: PASSWORD })
    t.match(await stored(fastify, 'dora@example.com'), { identities: 0 })
    for (const [name, value] of cookies) dora.browser.cookies.set(name, value)
    await dora.browser.submit('/pages/login', { name: 'dora@example.com', password: PASSWORD })
    t.match(await stored(fastify, 'dora@example.com'), { id: user.id, password: true, identities: 1 })
    t.notOk(dora.browser.cookies.has('federation-pending'))
    t.equal((await dora.signIn(visitorOf('dora'))).statusCode, 303)
    t.match(await recorded(fastify, user.id, 'identity linked'), [{ detail: { provider: 'test' } }])
  })

  await t.test('signs in, and links later, if the database fails once the session is stored', async (t) => {
    const { signIn: flow } = fastify
    const { withIdentity, withPassword } = flow
    let restore = () => {}
    const cut =
      <Given extends unknown[], Result>(original: (...given: Given) => Promise<Result>) =>
      async (...given: Given) => {
        const signedIn = await original(...given)
        restore = cutOff(fastify)
        return signedIn
      }
    const { user } = await signIn(fastify, { email: 'ona@example.com' })
    await verify(fastify, 'ona@example.com')
    const ona = traveller()
    await ona.signIn(visitorOf('ona'))
    const login = () => ona.browser.submit('/pages/login', { name: 'ona@example.com', password: PASSWORD })
    Object.assign(flow, { withPassword: cut(withPassword), withIdentity: cut(withIdentity) })
    const once = await login()
    restore()
    t.equal(once.statusCode, 303)
    t.match(await stored(fastify, 'ona@example.com'), { identities: 0 })
    const { begin, back } = ona
    Object.assign(flow, { withPassword })
    t.equal((await login()).statusCode, 303)
    t.match(await stored(fastify, 'ona@example.com'), { id: user.id, identities: 1 })
    const known = await back(issuer.authorize(await begin(), visitorOf('ona')))
    restore()
    Object.assign(flow, { withIdentity })
    t.match(known, { statusCode: 303, headers: { location: '../../pages/account' } })
    t.equal((await ona.browser.get('/pages/account')).statusCode, 200)
  })

  await t.test('asks for a sign-in although a session of the pages is active', async (t) => {
    await signIn(fastify, { email: 'jim@example.com' })
    await verify(fastify, 'jim@example.com')
    const jim = traveller()
    const credentials = { name: 'jim@example.com', password: PASSWORD }
    await jim.browser.submit('/pages/login', credentials)
    t.match(await jim.browser.get('/pages/login'), { statusCode: 303 }, 'nothing is asked for')
    t.match(readPage(await jim.signIn(visitorOf('jim'))), { statusCode: 200, text: /^You have an account here/ })
    t.match(readPage(await jim.browser.get('/pages/login')), { statusCode: 200, text: /^Sign in/ })
    await jim.browser.submit('/pages/login', credentials)
    t.match(await stored(fastify, 'jim@example.com'), { identities: 1 })
    t.match(await jim.browser.get('/pages/login'), { statusCode: 303 })
  })

  await t.test('links nothing later if the account has changed, or the time is over', async (t) => {
    const { user } = await signIn(fastify, { email: 'fay@example.com' })
    await verify(fastify, 'fay@example.com')
    const rows: [what: string, change: () => Promise<unknown>][] = [
      ['expired', async () => clock.advance(600)],
      [
        'another address',
        () => fastify.database.open().query(sql`UPDATE users SET email = 'fay@new.example' WHERE id = ${user.id}`)
      ],
      [
        'not verified',
        () =>
          fastify.database
            .open()
            .query(sql`UPDATE users SET email = 'fay@example.com', email_verified = false WHERE id = ${user.id}`)
      ]
    ]
    for (const [what, change] of rows) {
      const fay = traveller()
      t.match(readPage(await fay.signIn(visitorOf('fay'))), { statusCode: 200 })
      await change()
      const { email } =
        (
          await fastify.database.open().query<{ email: string }>(sql`SELECT email FROM users WHERE id = ${user.id}`)
        )[0] ?? {}
      await fay.browser.submit('/pages/login', { name: String(email), password: PASSWORD })
      t.match(await stored(fastify, String(email)), { identities: 0 }, what)
      await fastify.database
        .open()
        .query(sql`UPDATE users SET email = 'fay@example.com', email_verified = true WHERE id = ${user.id}`)
    }
  })

  await t.test('asks before a link of another site leads to a provider', async (t) => {
    const url = '/federation/test?return_to=https%3A%2F%2Fapp.example.com%2Fstart'
    const from = (site: string, referer?: string) =>
      fastify.inject({ url, headers: { 'sec-fetch-site': site, ...(referer !== undefined && { referer }) } })
    for (const referer of [undefined, 'https://evil.example.com/', 'about:blank', 'app.example.com', '']) {
      const response = await from('cross-site', referer)
      t.match(readPage(response), { statusCode: 200, text: /^Sign in\? A link on another site has led you here\./ })
      t.notOk(response.headers['set-cookie'], 'nothing has begun')
      t.match(response.body, `href="../federation/test?return_to=https%3A%2F%2Fapp.example.com%2Fstart"`)
    }
    for (const [site, referer] of [
      ['cross-site', 'https://app.example.com/'],
      ['same-origin', 'http://127.0.0.1:3000/pages/login'],
      ['same-site', undefined],
      ['none', undefined]
    ] as const) {
      t.match(await from(site, referer), { statusCode: 303, headers: { 'set-cookie': /^federation-/ } }, site)
    }
    const unknown = { url: '/federation/none', headers: { 'sec-fetch-site': 'cross-site' } }
    t.match(readPage(await fastify.inject(unknown)), { statusCode: 404 })
  })

  await t.test('links a verified address only after the second step of its account', async (t) => {
    const { user } = await signIn(fastify, { email: 'iris@example.com' })
    await verify(fastify, 'iris@example.com')
    const app = await giveApp(fastify, user.id)
    clock.advance(60)
    const { browser, ...way } = traveller()
    const page = await way.signIn(visitorOf('iris'), { id: 'linking' })
    t.match(readPage(page), { statusCode: 200, text: /^One more step/ })
    t.match(await stored(fastify, 'iris@example.com'), { identities: 0, sessions: 1 })
    const done = await browser.submit('/pages/login/mfa', {
      mfa_token: String(hiddenOf(page, 'mfa_token')),
      totp: app.code()
    })
    t.equal(done.statusCode, 303)
    t.match(await stored(fastify, 'iris@example.com'), { identities: 1, sessions: 2 })
    t.notOk(browser.cookies.has('federation-pending'))
    t.match(await recorded(fastify, user.id, 'identity linked'), [{ detail: { provider: 'linking' } }])
  })

  await t.test('forgets the identity that waits once anybody else signs in, or signs out', async (t) => {
    const { user } = await signIn(fastify, { email: 'jack@example.com' })
    await signIn(fastify, { username: 'other' })
    await verify(fastify, 'jack@example.com')
    for (const leave of [
      (browser: Browser) => browser.submit('/pages/login', { name: 'other', password: PASSWORD }),
      (browser: Browser) => browser.submit('/pages/logout', {})
    ]) {
      const { browser, ...way } = traveller()
      t.match(readPage(await way.signIn(visitorOf('jack'))), { text: /^You have an account here/ })
      t.ok(browser.cookies.get('federation-pending'))
      await leave(browser)
      t.notOk(browser.cookies.get('federation-pending'))
      await browser.submit('/pages/login', { name: 'jack@example.com', password: PASSWORD })
      t.match(await stored(fastify, 'jack@example.com'), { id: user.id, identities: 0 })
    }
  })

  await t.test('links a verified address at once where the operator says so', async (t) => {
    const { user } = await signIn(fastify, { email: 'gil@example.com' })
    await verify(fastify, 'gil@example.com')
    t.equal((await traveller().signIn(visitorOf('gil'), { id: 'linking' })).statusCode, 303)
    t.match(await stored(fastify, 'gil@example.com'), { id: user.id, password: true, identities: 1, sessions: 2 })
    // The same person without a trusted address is nobody's account.
    t.match(await traveller().signIn(visitorOf('gil', { sub: 'gil-2', email_verified: false }), { id: 'linking' }), {
      statusCode: 303,
      headers: { location: '../../pages/register/provider' }
    })
    t.match(await traveller().signIn(visitorOf('gil', { sub: 'gil-3' }), { id: 'untrusted' }), {
      headers: { location: '../../pages/register/provider' }
    })
  })

  await t.test('claims an account whose address nobody has verified: who registered it keeps nothing', async (t) => {
    const attacker = await signIn(fastify, { username: 'attacker', email: 'hal@example.com' })
    await giveApp(fastify, attacker.user.id)
    await fastify.database.open().query(
      sql`INSERT INTO identities (id, user_id, provider, issuer, subject, linked_at)
       VALUES (${attacker.user.id}, ${attacker.user.id}, 'test', ${issuer.url}, 'attacker-1', now())`
    )
    const hal = traveller()
    t.equal((await hal.signIn(visitorOf('hal'))).statusCode, 303)
    t.strictSame(await stored(fastify, 'hal@example.com'), {
      id: attacker.user.id,
      email_verified: true,
      password: false,
      mfa_required: false,
      identities: 1,
      sessions: 1
    })
    const me = await fastify.inject({ url: '/me', headers: bearer(attacker.access_token) })
    t.equal(me.json().code, 'TOKEN_INVALID')
    const refresh = await post(fastify, '/token/refresh', { refresh_token: attacker.refresh_token })
    t.equal(refresh.json().code, 'REFRESH_TOKEN_INVALID')
    const login = await post(fastify, '/login', { username: 'attacker', password: PASSWORD })
    t.equal(login.json().code, 'INVALID_CREDENTIALS')
    t.match(await traveller().signIn(visitorOf('x', { sub: 'attacker-1', email: undefined })), {
      headers: { location: '../../pages/register/provider' }
    })
    t.match(await recorded(fastify, attacker.user.id, 'account claimed', 'identity linked'), [
      { action: 'account claimed', detail: { provider: 'test', count: 1 } },
      { action: 'identity linked', detail: { provider: 'test' } }
    ])
  })

  await t.test('claims no account of an operator, and takes away the roles of another', async (t) => {
    const rows: [name: string, roles: string[], statusCode: number, left: string[]][] = [
      ['olga', ['admin'], 400, ['admin']],
      ['otto', ['editor', 'support'], 400, ['editor', 'support']],
      ['oda', ['editor'], 303, []]
    ]
    for (const [name, roles, statusCode, left] of rows) {
      const { user } = await signIn(fastify, { email: `${name}@example.com` })
      await fastify.database.open().query(sql`UPDATE users SET roles = ${roles} WHERE id = ${user.id}`)
      t.equal((await traveller().signIn(visitorOf(name))).statusCode, statusCode, name)
      t.match(await stored(fastify, `${name}@example.com`), { id: user.id, email_verified: statusCode === 303 })
      const [row] = await fastify.database.open().query(sql`SELECT roles FROM users WHERE id = ${user.id}`)
      t.strictSame(row, { roles: left })
    }
    t.match(await failures(fastify), ['account of an operator', 'account of an operator'])
  })

  await t.test('makes no account where sign_up is off', async (t) => {
    const response = await traveller().signIn(visitorOf('ida'), { id: 'closed' })
    t.match(readPage(response), { statusCode: 400, text: /You have no account here, and Test does not create one\./ })
    t.equal(await stored(fastify, 'ida@example.com'), undefined)
    t.equal((await traveller().signIn(visitorOf('ada'), { id: 'closed' })).statusCode, 303, 'a known one')
  })

  await t.test('takes no answer but that of its own attempt', async (t) => {
    const seen = (await failures(fastify)).length
    const victim = traveller()
    const rows: [what: string, reason: string, go: () => Promise<{ statusCode: number; body: string }>][] = [
      [
        'no cookie',
        'no attempt',
        async () => {
          const answer = issuer.authorize(await victim.begin(), visitorOf('ada'))
          return fastify.inject(`/federation/test/callback?${answer}`)
        }
      ],
      [
        'the cookie of another browser',
        'no attempt',
        async () => {
          const answer = issuer.authorize(await victim.begin(), visitorOf('ada'))
          const attacker = traveller()
          await attacker.begin()
          return attacker.back(answer)
        }
      ],
      [
        'another provider',
        'attempt of another provider',
        async () => victim.back(issuer.authorize(await victim.begin('linking'), visitorOf('ada')))
      ],
      [
        'another time',
        'attempt expired',
        async () => {
          const answer = issuer.authorize(await victim.begin(), visitorOf('ada'))
          clock.advance(600)
          return victim.back(answer)
        }
      ],
      [
        'a state with the same beginning',
        'no attempt',
        async () => {
          const answer = issuer.authorize(await victim.begin(), visitorOf('ada'))
          answer.set('state', `${String(answer.get('state')).slice(0, 8)}${'x'.repeat(35)}`)
          return victim.back(answer)
        }
      ],
      [
        'a state twice',
        'no attempt',
        async () => {
          const answer = issuer.authorize(await victim.begin(), visitorOf('ada'))
          answer.append('state', String(answer.get('state')))
          return victim.back(answer)
        }
      ],
      ['no state', 'no attempt', async () => victim.back(new URLSearchParams({ code: 'x' }))],
      [
        'a second use',
        'no attempt',
        async () => {
          const answer = issuer.authorize(await victim.begin(), visitorOf('ada'))
          await victim.back(answer)
          return victim.back(answer)
        }
      ],
      [
        'a damaged cookie',
        'no attempt',
        async () => {
          const answer = issuer.authorize(await victim.begin(), visitorOf('ada'))
          victim.browser.cookies.set(`federation-${String(answer.get('state')).slice(0, 8)}`, 'AAAA')
          return victim.back(answer)
        }
      ],
      [
        'the code of another attempt',
        'code refused',
        async () => {
          const attacker = traveller()
          const theirs = issuer.authorize(await attacker.begin(), visitorOf('eve'))
          const state = new URL(await victim.begin()).searchParams.get('state')
          return victim.back(new URLSearchParams({ code: String(theirs.get('code')), state: String(state) }))
        }
      ]
    ]
    const reasons: string[] = []
    for (const [what, reason, go] of rows) {
      t.match(readPage(await go()), FAILED, what)
      reasons.push(reason)
    }
    t.strictSame((await failures(fastify)).slice(seen), reasons)
  })

  await t.test('keeps two attempts, for two tabs, and removes older ones', async (t) => {
    const { browser, begin, back } = traveller()
    const first = issuer.authorize(await begin(), visitorOf('ada'))
    clock.advance(1)
    const second = issuer.authorize(await begin(), visitorOf('ada'))
    browser.cookies.set('federation-damaged8', 'x')
    browser.cookies.set('federation-damage', 'x')
    clock.advance(1)
    const third = issuer.authorize(await begin(), visitorOf('ada'))
    t.equal([...browser.cookies.keys()].filter((name) => /^federation-.{8}$/.test(name)).length, 2)
    t.match(readPage(await back(first)), FAILED)
    t.equal((await back(third)).statusCode, 303)
    t.equal((await back(second)).statusCode, 303)
  })

  await t.test('takes an answer as a form, and reads it when the cookie is there', async (t) => {
    const apple = traveller()
    const answer = issuer.authorize(await apple.begin('test', '?return_to=/pages/account/sessions'), visitorOf('ada'))
    const form = { ...Object.fromEntries(answer), user: '{"name":"Ada"}' }
    const posted = await submit(fastify, '/federation/test/callback', form, { origin: 'https://appleid.apple.com' })
    t.match(posted, { statusCode: 303, headers: { location: `callback?${answer}` } })
    t.notOk(posted.headers['set-cookie'])
    t.equal((await apple.back(answer)).headers.location, '../../pages/account/sessions')
  })

  await t.test('leads back to the sign-in after a refusal of the user', async (t) => {
    const { begin, back } = traveller()
    for (const [query, location] of [
      ['', '../../pages/login'],
      ['?return_to=/pages/account', '../../pages/login?return_to=%2Fpages%2Faccount']
    ] as const) {
      const state = String(new URL(await begin('test', query)).searchParams.get('state'))
      const response = await back(new URLSearchParams({ error: 'access_denied', state }))
      t.match(response, { statusCode: 303, headers: { location } })
    }
  })

  await t.test('says that a provider is away', async (t) => {
    const response = await fastify.inject('/federation/away?return_to=/pages/account')
    t.match(readPage(response), { statusCode: 503, text: /Test does not answer\./ })
    t.match(response, { headers: { 'retry-after': '5' }, body: /pages\/login\?return_to=%2Fpages%2Faccount/ })
  })

  await t.test('makes one account of two callbacks at once', async (t) => {
    for (const [name, id] of [
      ['jon', 'test'],
      ['kim', 'linking']
    ] as const) {
      const tabs = await Promise.all(
        [1, 2].map(async () => {
          const each = traveller()
          return { each, answer: issuer.authorize(await each.begin(id), visitorOf(name)) }
        })
      )
      const responses = await Promise.all(tabs.map(({ each, answer }) => each.back(answer, id)))
      t.strictSame(
        responses.map(({ statusCode }) => statusCode),
        [303, 303]
      )
      t.match(await stored(fastify, `${name}@example.com`), { identities: 1, sessions: 2 })
    }
  })

  await t.test('beside a registration of the same address, one wins and the other sees the rules', async (t) => {
    const lea = traveller()
    const answer = issuer.authorize(await lea.begin(), visitorOf('lea'))
    const [registered, back] = await Promise.all([
      post(fastify, '/register', { email: 'lea@example.com', password: PASSWORD }),
      lea.back(answer)
    ])
    t.equal(back.statusCode, 303)
    t.ok([201, 409].includes(registered.statusCode))
    t.match(await stored(fastify, 'lea@example.com'), { email_verified: true, password: false, identities: 1 })
  })
})

test('with REQUIRE_VERIFIED_EMAIL, an address of an untrusted provider is verified by mail', async (t) => {
  const issuer = await createIssuer(t)
  const fastify = await buildFederated(t, [issuer.entry({ label: 'Test' })], {
    environment: { REQUIRE_VERIFIED_EMAIL: 'on', SMTP_URL: 'smtp://127.0.0.1:9', MAIL_FROM: 'no-reply@example.com' }
  })
  const ada = createTraveller(fastify, issuer)
  t.equal((await ada.signIn(visitorOf('ada'))).headers.location, '../../pages/register/provider')
  const page = '/pages/register/provider'
  t.match(readPage(await ada.browser.get(page)), { inputs: ['email', 'username'] })
  const answer = await ada.browser.submit(page, { email: 'ada@example.com' })
  t.match(readPage(answer), { statusCode: 200, text: /^Look into your mailbox .* Sign in Send another mail$/ })
  t.match(await stored(fastify, 'ada@example.com'), { email_verified: false, identities: 1, sessions: 0 })
  const again = await ada.signIn(visitorOf('ada'), { query: '?return_to=/pages/account/sessions' })
  t.match(readPage(again), { statusCode: 200, text: /^Look into your mailbox .* Sign in Send another mail$/ })
  t.match(again.body, 'href="../../pages/email/resend?return_to=%2Fpages%2Faccount%2Fsessions"')
  const [mail] = await fastify.database.open().query(sql`SELECT kind, recipient FROM mails`)
  t.strictSame(mail, { kind: 'verify email', recipient: 'ada@example.com' })

  // There is neither a password nor a session to confirm the link with: choosing a password confirms the address.
  const verifyToken = await tokenOf(fastify, 'verify-email')
  const verifyPage = await ada.browser.get(`/pages/email/verify?token=${verifyToken}`)
  t.match(readPage(verifyPage), { text: /This account has no password\. Choose one: .* Choose a password Sign in$/ })
  await ada.browser.submit('/pages/password/forgot', { email: 'ada@example.com' })
  const token = await tokenOf(fastify, 'reset-password')
  await ada.browser.submit('/pages/password/reset', { token, new_password: PASSWORD })
  // Whoever linked the provider had not proven the address, and may have waited for its owner.
  t.match(await stored(fastify, 'ada@example.com'), { email_verified: true, password: true, identities: 0 })
  const { id } = (await stored(fastify, 'ada@example.com')) as { id: string }
  t.match(await recorded(fastify, id, 'identity unlinked'), [{ detail: { reason: 'password reset', count: 1 } }])
  t.equal((await ada.signIn(visitorOf('ada'))).headers.location, '../../pages/register/provider')
})

test('with HIDE_ACCOUNTS nobody is told that an address is taken', async (t) => {
  const issuer = await createIssuer(t)
  const MAIL = { SMTP_URL: 'smtp://127.0.0.1:9', MAIL_FROM: 'no-reply@example.com' }
  const hidden = await buildFederated(t, [issuer.entry({ label: 'Test' })], {
    environment: { HIDE_ACCOUNTS: 'on', ...MAIL }
  })
  const ada = createTraveller(hidden, issuer)
  await ada.signIn(visitorOf('ada'))
  const page = '/pages/register/provider'
  t.match(readPage(await ada.browser.get(page)), { inputs: ['username'] })
  t.match(readPage(await ada.browser.submit(page, { email: 'ada@example.com' })), { statusCode: 400 })
  t.equal((await ada.browser.submit(page, { username: 'ada' })).headers.location, '../../pages/account')

  const strict = await buildFederated(t, [issuer.entry({ label: 'Test' })], {
    environment: { HIDE_ACCOUNTS: 'on', REQUIRE_VERIFIED_EMAIL: 'on', ...MAIL }
  })
  t.match(readPage(await createTraveller(strict, issuer).signIn(visitorOf('ada'))), {
    statusCode: 400,
    text: /Test has confirmed no email address of yours\./
  })
  t.match(await failures(strict), ['no verified address'])
})

test('at an https address the cookies are for this host alone', async (t) => {
  const issuer = await createIssuer(t)
  const environment = { PUBLIC_URL: 'https://auth.example.com' }
  const fastify = await buildFederated(t, [issuer.entry({ label: 'Test' })], { environment })
  const response = await fastify.inject('/federation/test')
  const address = new URL(String(response.headers.location)).searchParams
  t.equal(address.get('redirect_uri'), 'https://auth.example.com/federation/test/callback')
  t.match(response.cookies, [
    { name: `__Host-federation-${String(address.get('state')).slice(0, 8)}`, secure: true, httpOnly: true, path: '/' }
  ])
})

test('the address is limited', async (t) => {
  const issuer = await createIssuer(t)
  const fastify = await buildFederated(t, [issuer.entry({ label: 'Test' })], { environment: { LIMITS: 'on' } })
  const statuses = await Promise.all(
    Array.from({ length: 121 }, async () => (await fastify.inject('/federation/test/callback')).statusCode)
  )
  t.strictSame(
    [statuses.filter((status) => status === 400).length, statuses.filter((status) => status === 429).length],
    [120, 1]
  )
  const response = await fastify.inject('/federation/test')
  t.match(readPage(response), { statusCode: 429 })
  t.match(response.headers, { 'content-type': 'text/html; charset=utf-8', 'retry-after': /^\d+$/ })
})

test('without providers there is no way to one', async (t: Test) => {
  const fastify = await build(t)
  t.equal((await fastify.inject('/federation/test')).json().code, 'NOT_FOUND')
  t.strictSame((await fastify.inject('/providers')).json(), { providers: [] })
  t.equal((await createBrowser(fastify).get('/pages/register/provider')).statusCode, 404)
})
