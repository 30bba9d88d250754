import { type Test, test } from 'tap'
import { sql } from '../../../src/database/sql.ts'
import { build, cutOff, PASSWORD, post, signIn, testClock } from '../../helpers/app.ts'
import { recorded } from '../../helpers/enrolled.ts'
import { createBrowser, hiddenOf, passkeyOptionsOf, readPage } from '../../helpers/page.ts'
import { addPasskeyTo, ORIGIN as PASSKEY_ORIGIN } from '../../helpers/passkeys.ts'
import { giveApp } from '../../helpers/second-factor.ts'

const NAME = 'latchkey_session'
const TOKEN = /^[0-9a-f-]{36}\.[\w-]{43}$/

/** A service with an account, and browsers to sign in with. */
async function start(t: Test, environment: Record<string, string> = {}) {
  const clock = testClock()
  const fastify = await build(t, { clock, environment })
  await signIn(fastify, { username: 'ada' })
  await fastify.database.open().query(sql`DELETE FROM sessions`)
  await recorded(fastify)
  const signedIn = async (origin?: string) => {
    const browser = createBrowser(fastify, origin)
    const response = await browser.submit('/pages/login', { name: 'ada', password: PASSWORD })
    return { ...browser, response }
  }
  /** What the page for signing out says to a browser: whether it is signed in. */
  const isSignedIn = async (browser: Pick<ReturnType<typeof createBrowser>, 'get'>) =>
    readPage(await browser.get('/pages/logout')).text.includes('signed in as ada')
  const sessions = () => fastify.database.open().query(sql`SELECT id, end_reason FROM sessions ORDER BY created_at, id`)
  return { clock, fastify, signedIn, isSignedIn, sessions }
}

test('a sign-in at the pages sets two cookies for one session', async (t) => {
  const { fastify, signedIn, isSignedIn, sessions } = await start(t)
  const { response, cookies, ...browser } = await signedIn()
  const all = response.cookies.filter(({ name }) => name !== 'latchkey_device')
  t.match(all, [
    { name: NAME, value: TOKEN, maxAge: 15552000, path: '/', httpOnly: true, sameSite: 'Lax' },
    { name: 'refresh_token', path: '/', httpOnly: true, sameSite: 'Strict' }
  ])
  t.equal(
    all.some(({ secure }) => secure),
    false,
    'browsers refuse secure cookies of plain http'
  )
  const [session] = await sessions()
  t.equal(cookies.get(NAME)?.slice(0, 36), session?.id)
  t.ok(await isSignedIn(browser))
  const headers = { origin: 'http://127.0.0.1:3000', cookie: `refresh_token=${cookies.get('refresh_token')}` }
  const refreshed = await post(fastify, '/token/refresh', {}, headers)
  t.equal(refreshed.statusCode, 200)
  t.equal((await sessions()).length, 1)
})

test('at a name, the cookies are bound to the host', async (t) => {
  const PUBLIC_URL = 'https://auth.example.com'
  const { fastify, isSignedIn } = await start(t, { PUBLIC_URL })
  const browser = createBrowser(fastify, PUBLIC_URL)
  const response = await browser.submit('/pages/login', { name: 'ada', password: PASSWORD })
  t.match(
    response.cookies.filter(({ name }) => !name.includes('device')),
    [
      { name: '__Host-latchkey_session', value: TOKEN, path: '/', httpOnly: true, sameSite: 'Lax', secure: true },
      { name: '__Host-refresh_token', path: '/', httpOnly: true, sameSite: 'Strict', secure: true }
    ]
  )
  t.notMatch(String(response.headers['set-cookie']), /domain=/i)
  t.ok(await isSignedIn(browser))
  const plain = { cookie: `latchkey_session=${browser.cookies.get('__Host-latchkey_session')}` }
  t.notMatch(readPage(await fastify.inject({ url: '/pages/logout', headers: plain })).text, 'ada')
})

test('the cookie of the pages is no token of the API', async (t) => {
  const { fastify, signedIn } = await start(t)
  const { cookies } = await signedIn()
  const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  t.equal((await fastify.inject({ url: '/me', headers: { cookie } })).statusCode, 401)
  const headers = { authorization: `Bearer ${cookies.get(NAME)}` }
  t.equal((await fastify.inject({ url: '/me', headers })).statusCode, 401)
})

test('odd cookies are no session, and change nothing', async (t) => {
  const { fastify, signedIn, sessions } = await start(t)
  const [{ cookies: one }, { cookies: other }] = [await signedIn(), await signedIn()]
  const [id = '', secret = ''] = String(one.get(NAME)).split('.')
  const [otherId = '', otherSecret = ''] = String(other.get(NAME)).split('.')
  const before = await sessions()
  const odd: string[] = [
    '',
    `${NAME}`,
    `${NAME}=`,
    `${NAME}=.`,
    `${NAME}=${id}`,
    `${NAME}=${id}.`,
    `${NAME}=.${secret}`,
    `${NAME}=${id}.${otherSecret}`,
    `${NAME}=${otherId}.${secret}`,
    `${NAME}=${id}.${secret}x`,
    `${NAME}=${id}.${secret}=`,
    `${NAME}="${id}.${secret}"`,
    `${NAME}=${id.toUpperCase()}.${secret}`,
    `${NAME}=${id}%2E${secret}`,
    `${NAME}=${id}.${'A'.repeat(43)}`,
    `${NAME}=${id}.${secret}.${secret}`,
    `${NAME}=0198a3c2-7f00-7000-8000-000000000000.${secret}`,
    `${NAME}=' OR true --`,
    `${NAME}=\u00e9`,
    `x${NAME}=${id}.${secret}`,
    `${NAME}x=${id}.${secret}`,
    `x=${NAME}=${id}.${secret}`,
    `__Host-${NAME}=${id}.${secret}`,
    `${NAME}=x; ${NAME}=${id}.${secret}`,
    `${NAME}=${'x'.repeat(8000)}`
  ]
  for (const cookie of odd) {
    const page = readPage(await fastify.inject({ url: '/pages/logout', headers: { cookie } }))
    t.strictSame(page, { statusCode: 200, text: 'Sign out Sign out', inputs: [] }, encodeURI(cookie.slice(0, 60)))
  }
  t.strictSame(await sessions(), before)
  const first = { cookie: `a=b; ${NAME}=${id}.${secret}; ${NAME}=x` }
  const shown = readPage(await fastify.inject({ url: '/pages/logout', headers: first }))
  t.match(shown.text, 'signed in as ada', 'of two, the first counts')
})

test('signing in again ends the session that the browser had', async (t) => {
  const { fastify, signedIn, isSignedIn, sessions } = await start(t)
  const browser = await signedIn()
  const elsewhere = await signedIn()
  await recorded(fastify)
  await browser.submit('/pages/login', { name: 'ada', password: PASSWORD })
  t.strictSame(
    (await sessions()).map(({ end_reason }) => end_reason),
    ['logged out', null, null]
  )
  t.match(
    (await recorded(fastify)).map(({ action }) => action),
    ['login', 'logged out']
  )
  t.ok(await isSignedIn(browser))
  t.ok(await isSignedIn(elsewhere))
})

test('a sign-in whose session is stored succeeds, whatever the database does next', async (t) => {
  const log: string[] = []
  const fastify = await build(t, { log })
  const { user, access_token } = await signIn(fastify, { username: 'ada' })
  const { authenticator } = await addPasskeyTo(fastify, access_token)
  await signIn(fastify, { username: 'bob' })
  const app = await giveApp(fastify, user.id)

  /** Takes the database away once a step of the sign-in is done. */
  let restore = () => {}
  for (const step of ['withPassword', 'withSecondStep', 'withPasskey'] as const) {
    const original = fastify.signIn[step] as (...given: unknown[]) => Promise<never>
    fastify.signIn[step] = async (...given: unknown[]) => {
      const signedIn = await original(...given)
      restore = cutOff(fastify)
      return signedIn
    }
  }
  const open = (browser: ReturnType<typeof createBrowser>) =>
    browser.submit('/pages/login', { name: 'ada', password: PASSWORD })
  const steps: [what: string, last: (browser: ReturnType<typeof createBrowser>) => Promise<unknown>][] = [
    ['a password', (browser) => browser.submit('/pages/login', { name: 'bob', password: PASSWORD })],
    [
      'a second step',
      async (browser) => {
        const mfa_token = String(hiddenOf(await open(browser), 'mfa_token'))
        return browser.submit('/pages/login/mfa', { mfa_token, totp: app.code(1) })
      }
    ],
    [
      'a passkey',
      async (browser) => {
        const options = passkeyOptionsOf(await createBrowser(fastify).get('/pages/login'))
        const credential = JSON.stringify(authenticator.get(options))
        return browser.submit('/pages/login/passkey', { credential })
      }
    ]
  ]
  const browser = createBrowser(fastify, PASSKEY_ORIGIN)
  for (const [what, last] of steps) {
    const before = browser.cookies.get(NAME)
    t.match(await last(browser), { statusCode: 303 }, what)
    restore()
    t.not(browser.cookies.get(NAME), before, what)
    t.match(readPage(await browser.get('/pages/logout')).text, 'signed in as', what)
    const refresh = { origin: 'http://127.0.0.1:3000', cookie: `refresh_token=${browser.cookies.get('refresh_token')}` }
    t.equal((await post(fastify, '/token/refresh', {}, refresh)).statusCode, 200, what)
  }
  const warnings = log.filter((line) => line.includes('could not end the session before a sign-in'))
  t.equal(warnings.length, 2, 'where the browser had a session')
})

test('signing out ends the session on both sides, once, and removes the cookies', async (t) => {
  const { fastify, signedIn, isSignedIn, sessions } = await start(t)
  const browser = await signedIn()
  const stolen = new Map(browser.cookies)
  await recorded(fastify)
  const out = await browser.submit('/pages/logout', {})
  t.match(out.cookies, [
    { name: NAME, value: '', maxAge: 0, path: '/' },
    { name: 'refresh_token', value: '', maxAge: 0, path: '/' }
  ])
  t.strictSame(
    [...browser.cookies.keys()],
    ['latchkey_device'].filter((name) => browser.cookies.has(name))
  )
  t.match(await recorded(fastify), [{ action: 'logged out', account: String, session: stolen.get(NAME)?.slice(0, 36) }])
  t.match(await sessions(), [{ end_reason: 'logged out' }])
  const cookie = [...stolen].map(([name, value]) => `${name}=${value}`).join('; ')
  const old = createBrowser(fastify)
  for (const [name, value] of stolen) old.cookies.set(name, value)
  t.notOk(await isSignedIn(old))
  t.equal((await post(fastify, '/token/refresh', {}, { cookie, origin: 'http://127.0.0.1:3000' })).statusCode, 401)
  const again = await old.submit('/pages/logout', {})
  t.equal(again.statusCode, 200)
  t.strictSame(await recorded(fastify), [])
})

test('signing out also ends a session of the refresh cookie alone', async (t) => {
  const { fastify, signedIn, sessions } = await start(t)
  const { cookies } = await signedIn()
  const browser = createBrowser(fastify)
  browser.cookies.set('refresh_token', String(cookies.get('refresh_token')))
  await recorded(fastify)
  await browser.submit('/pages/logout', {})
  t.match(await sessions(), [{ end_reason: 'logged out' }])
  t.match(await recorded(fastify), [{ action: 'logged out' }])
})

test('two sessions in one browser both end when it signs out', async (t) => {
  const { fastify, signedIn, sessions } = await start(t)
  const browser = await signedIn()
  const login = await post(fastify, '/login', { username: 'ada', password: PASSWORD, cookie: true })
  for (const { name, value } of login.cookies) browser.cookies.set(name, value)
  await browser.submit('/pages/logout', {})
  t.match(await sessions(), [{ end_reason: 'logged out' }, { end_reason: 'logged out' }])
})

/** A browser with a session of the pages, and the refresh cookie of another session: its frontend has signed in since. */
async function withTwoSessions({ fastify, signedIn }: Awaited<ReturnType<typeof start>>) {
  const browser = await signedIn()
  const login = await post(fastify, '/login', { username: 'ada', password: PASSWORD, cookie: true })
  for (const { name, value } of login.cookies) browser.cookies.set(name, value)
  await recorded(fastify)
  const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  return { ...browser, headers: { origin: 'http://127.0.0.1:3000', cookie } }
}

test('signing out at the API also ends the session of the pages, whichever the refresh cookie has', async (t) => {
  const service = await start(t)
  const { fastify, sessions } = service
  const { headers } = await withTwoSessions(service)
  const out = await post(fastify, '/logout', {}, headers)
  t.equal(out.statusCode, 204)
  t.match(out.cookies, [
    { name: NAME, value: '', maxAge: 0 },
    { name: 'refresh_token', value: '', maxAge: 0 }
  ])
  t.match(await sessions(), [{ end_reason: 'logged out' }, { end_reason: 'logged out' }])
  t.match(await recorded(fastify), [{ action: 'logged out' }, { action: 'logged out' }])
  t.equal((await post(fastify, '/logout', {}, headers)).statusCode, 204, 'and again')
  t.strictSame(await recorded(fastify), [])
})

test('signing out at the API with a token of the body leaves the pages alone', async (t) => {
  const service = await start(t)
  const { fastify, sessions } = service
  const { headers, cookies } = await withTwoSessions(service)
  const out = await post(fastify, '/logout', { refresh_token: cookies.get('refresh_token') }, headers)
  t.strictSame([out.statusCode, out.cookies], [204, []])
  t.match(await sessions(), [{ end_reason: null }, { end_reason: 'logged out' }])
})

test('a sign-in at the pages ends the sessions of both cookies that it replaces', async (t) => {
  const service = await start(t)
  const { fastify, sessions } = service
  const { submit, cookies } = await withTwoSessions(service)
  t.equal((await submit('/pages/login', { name: 'ada', password: PASSWORD })).statusCode, 303)
  t.match(await sessions(), [{ end_reason: 'logged out' }, { end_reason: 'logged out' }, { end_reason: null }])
  t.match(
    (await recorded(fastify)).map(({ action }) => action),
    ['login', 'logged out', 'logged out']
  )
  for (const odd of ['', 'x', 'a.b.c']) {
    cookies.set('refresh_token', odd)
    t.equal((await submit('/pages/login', { name: 'ada', password: PASSWORD })).statusCode, 303, odd)
  }
})

test('a session that the API has ended is none at the pages', async (t) => {
  const { fastify, signedIn, isSignedIn } = await start(t)
  const ends: [what: string, end: (cookies: Map<string, string>) => Promise<unknown>][] = [
    [
      'POST /logout',
      (cookies) =>
        post(
          fastify,
          '/logout',
          {},
          { origin: 'http://127.0.0.1:3000', cookie: `refresh_token=${cookies.get('refresh_token')}` }
        )
    ],
    [
      'a disabled account',
      () => fastify.database.open().query(sql`UPDATE sessions SET ended_at = now(), end_reason = 'account disabled'`)
    ],
    ['a deleted account', () => fastify.database.open().query(sql`DELETE FROM users`)]
  ]
  for (const [what, end] of ends) {
    const browser = await signedIn()
    t.ok(await isSignedIn(browser), what)
    await end(browser.cookies)
    t.notOk(await isSignedIn(browser), what)
    t.equal((await browser.get('/pages/login')).statusCode, 200, 'the form, and no loop')
  }
})

test('a session lives as long as that of the API', async (t) => {
  const { clock, signedIn, isSignedIn } = await start(t, { REFRESH_IDLE_TTL: '7200', REFRESH_MAX_TTL: '10800' })
  const idle = await signedIn()
  clock.advance(7200)
  t.notOk(await isSignedIn(idle))
  const used = await signedIn()
  t.match(used.response.cookies, [
    { name: NAME, maxAge: 10800 },
    { name: 'refresh_token', maxAge: 7200 }
  ])
  for (const seconds of [3600, 3600, 3500]) {
    clock.advance(seconds)
    t.ok(await isSignedIn(used))
  }
  clock.advance(100)
  t.notOk(await isSignedIn(used))
})

test('a page is fresh for as long as the session row says', async (t) => {
  const { clock, fastify, signedIn } = await start(t, { STEP_UP_MAX_AGE: '600' })
  const { cookies } = await signedIn()
  const headers = { cookie: `${NAME}=${cookies.get(NAME)}` }
  const judge = async () => {
    const request = { headers, database: fastify.database.open() } as never
    t.ok(await fastify.pageSessions.find(request))
    return fastify.pageSessions.isFresh(request)
  }
  t.equal(await judge(), true)
  clock.advance(601)
  t.equal(await judge(), false)
  await fastify.database.open().query(sql`UPDATE sessions SET authenticated_at = now() + interval '601 seconds'`)
  t.equal(await judge(), true, 'a step-up in the same session, on any side')
  await fastify.database.open().query(sql`UPDATE users SET mfa_required = true`)
  t.equal(await judge(), false, 'a second step that is required was not taken')
  await fastify.database.open().query(sql`UPDATE sessions SET amr = '{pwd,otp,mfa}'`)
  t.equal(await judge(), true)
})

test('a browser has the refresh token of the session, or another, or none', async (t) => {
  const { fastify, signedIn } = await start(t)
  const [{ cookies: one }, { cookies: other }] = [await signedIn(), await signedIn()]
  const has = (refresh: string | undefined) =>
    fastify.pageSessions.hasRefreshToken({
      headers: { cookie: `${NAME}=${one.get(NAME)}; refresh_token=${refresh}` }
    } as never)
  t.equal(has(one.get('refresh_token')), true)
  t.equal(has(other.get('refresh_token')), false)
  t.equal(has('x'), false)
  t.equal(fastify.pageSessions.hasRefreshToken({ headers: { cookie: `${NAME}=${one.get(NAME)}` } } as never), false)
})
