import { test } from 'tap'
import { sql } from '../../../src/database/sql.ts'
import { build, cutOff, PASSWORD, post, signIn, testClock } from '../../helpers/app.ts'
import { recorded } from '../../helpers/enrolled.ts'
import { createBrowser, hiddenOf, passkeyOptionsOf, readPage, submit } from '../../helpers/page.ts'
import { giveApp } from '../../helpers/second-factor.ts'

const url = '/pages/login'
const SMTP = { SMTP_URL: 'smtp://127.0.0.1:9', MAIL_FROM: 'no-reply@example.com' }
const FRONTEND = { CORS_ORIGINS: 'https://app.example.com' }
const ON = 'https://app.example.com/start?a=1'

test('the page that signs in', async (t) => {
  const fastify = await build(t, { environment: { ...SMTP, ...FRONTEND } })
  await signIn(fastify, { username: 'ada', email: 'ada@example.com' })

  await t.test('asks for a name and a password, offers passkeys, and works without scripts', async (t) => {
    const response = await fastify.inject(url)
    t.strictSame(readPage(response), {
      statusCode: 200,
      text: 'Sign in Email or username Password Forgot the password? Sign in Create an account',
      inputs: ['name', 'password']
    })
    t.match(passkeyOptionsOf(response), { challenge: String, rpId: 'localhost', userVerification: 'required' })
    t.match(response.body, 'data-autofill')
    t.notOk(response.headers['set-cookie'])
  })

  await t.test('signs in by either name, with white space around it, and leads to the account', async (t) => {
    for (const name of ['ada', ' ADA ', 'ada@example.com', '\tAda@Example.com ']) {
      const response = await submit(fastify, url, { name, password: PASSWORD })
      t.strictSame([response.statusCode, response.headers.location], [303, '../pages/account'], name)
      t.match(response.cookies, [{ name: 'latchkey_session' }, { name: 'refresh_token' }])
    }
  })

  await t.test('refuses as the API does, and keeps everything but the password', async (t) => {
    const wrong = 'The name or the password is wrong.'
    const rows: [fields: Record<string, string>, statusCode: number, text: string, value: string][] = [
      [{ name: 'ada', password: 'wrong horse' }, 401, `${wrong} Email or username Password`, 'ada'],
      [{ name: '"nobody', password: 'wrong horse' }, 401, `${wrong} Email or username Password`, '&quot;nobody'],
      [{ name: 'no@example.com', password: 'wrong horse' }, 401, wrong, 'no@example.com'],
      [{ name: 'ada' }, 400, 'Check what is marked below. Email or username Password Fill this in.', 'ada'],
      [{ password: 'wrong horse' }, 400, 'Check what is marked below. Email or username Fill this in. Password', ''],
      [{ name: 'ada', password: 'wrong horse', x: 'y' }, 400, 'The form could not be read.', 'ada'],
      [{ name: 'x'.repeat(255), password: 'wrong horse' }, 400, 'Email or username This is not valid.', 'xxx'],
      [{ name: 'ada', password: 'x'.repeat(1025) }, 400, 'Password This is not valid.', 'ada']
    ]
    for (const [fields, statusCode, text, value] of rows) {
      const response = await submit(fastify, url, fields)
      t.match(readPage(response), { statusCode, text, inputs: ['name', 'password'] })
      t.match(response.body, `spellcheck="false"${value && ` value="${value}`}`)
      t.match(response.body, '<title>Error: Sign in')
      t.notMatch(response.body, 'wrong horse')
      t.notMatch(response.body, 'data-autofill', 'a page that was sent cannot be loaded again')
      t.notOk(response.headers['set-cookie'])
    }
  })

  await t.test('leads back to where the user came from', async (t) => {
    const shown = await fastify.inject(`${url}?return_to=${encodeURIComponent(ON)}`)
    t.strictSame(readPage(shown).inputs, ['return_to', 'name', 'password'])
    t.equal(hiddenOf(shown, 'return_to'), ON)
    t.match(shown.body, `pages/register?return_to=${encodeURIComponent(ON)}`)
    const refused = await submit(fastify, url, { name: 'ada', password: 'wrong', return_to: ON })
    t.equal(hiddenOf(refused, 'return_to'), ON)
    const done = await submit(fastify, url, { name: 'ada', password: PASSWORD, return_to: ON })
    t.strictSame(readPage(done), { statusCode: 200, text: 'You are signed in Continue', inputs: [] })
    t.match(done.body, `<meta http-equiv="refresh" content="0; url=${ON}">`)
    t.equal(done.headers.location, undefined)
    const page = await submit(fastify, url, { name: 'ada', password: PASSWORD, return_to: '/pages/logout?a=b' })
    t.strictSame([page.statusCode, page.headers.location], [303, '../pages/logout?a=b'])
  })

  await t.test('leads on at once who is signed in already', async (t) => {
    const browser = createBrowser(fastify)
    await browser.submit(url, { name: 'ada', password: PASSWORD })
    const cases: [return_to: string, statusCode: number, location: string | undefined][] = [
      ['', 303, '../pages/account'],
      ['?return_to=/pages/logout', 303, '../pages/logout'],
      ['?return_to=/console', 303, '../console'],
      [`?return_to=${encodeURIComponent(ON)}`, 200, undefined]
    ]
    for (const [query, statusCode, location] of cases) {
      const response = await browser.get(`${url}${query}`)
      t.strictSame([response.statusCode, response.headers.location], [statusCode, location], query)
      t.equal(response.body.includes('http-equiv="refresh"'), statusCode === 200)
    }
    browser.cookies.delete('refresh_token')
    const again = await browser.get(`${url}?return_to=${encodeURIComponent(ON)}`)
    t.match(readPage(again), { text: /^Sign in Email/ }, 'a frontend could not get tokens: no loop')
    const console = await browser.get(`${url}?return_to=/console`)
    t.match(readPage(console), { text: /^Sign in Email/ }, 'nor could the console')
    t.equal((await browser.get(url)).statusCode, 303)
  })

  await t.test('keeps the name while the database is unavailable, and says so', async (t) => {
    const restore = cutOff(fastify)
    const shown = await fastify.inject(url)
    const refused = await submit(fastify, url, { name: 'ada', password: PASSWORD, return_to: ON })
    const withCookie = { cookie: `latchkey_session=0198a3c2-7f00-7000-8000-000000000000.${'A'.repeat(43)}` }
    const signedIn = await fastify.inject({ url, headers: withCookie })
    restore()
    t.equal(shown.statusCode, 200)
    t.match(readPage(refused), {
      statusCode: 503,
      text: /The service is busy at the moment\. Try again in 2 seconds\./
    })
    t.equal(refused.headers['retry-after'], '2')
    t.match(refused.body, 'value="ada"')
    t.equal(hiddenOf(refused, 'return_to'), ON)
    t.match(readPage(signedIn), { statusCode: 503, text: /The service is busy/, inputs: ['name', 'password'] })
  })

  await t.test('is recorded as a sign-in at the API', async (t) => {
    await recorded(fastify)
    await submit(fastify, url, { name: 'ada', password: PASSWORD })
    await submit(fastify, url, { name: 'ada', password: 'wrong' })
    await submit(fastify, url, { name: 'nobody', password: 'wrong' })
    t.match(await recorded(fastify), [
      { action: 'login', account: String, session: String, detail: { method: 'password' } },
      { action: 'login failed', account: String, detail: { reason: 'wrong password' } },
      { action: 'login failed', account: null, detail: { reason: 'unknown account' } }
    ])
  })
})

test('a second step is asked for after the password, and its page goes on', async (t) => {
  const fastify = await build(t, { environment: { ...FRONTEND } })
  const { user } = await signIn(fastify, { username: 'ada' })
  const app = await giveApp(fastify, user.id)
  const browser = createBrowser(fastify)
  const asked = await browser.submit(url, { name: 'ada', password: PASSWORD, return_to: ON })
  t.strictSame(readPage(asked), {
    statusCode: 200,
    text: 'One more step Code of your authenticator app Continue Use a recovery code instead Recovery code Use this code Sign in as somebody else',
    inputs: ['mfa_token', 'challenge', 'return_to', 'totp', 'mfa_token', 'challenge', 'return_to', 'recovery_code']
  })
  t.notMatch(asked.body, '<title>Error')
  t.strictSame(asked.cookies, [], 'no session before the last step')
  t.match(JSON.parse(String(hiddenOf(asked, 'challenge'))), { factors: ['totp', 'recovery_code'], expires_in: 300 })
  t.notMatch(hiddenOf(asked, 'challenge'), 'mfa_token')
  const fields = { mfa_token: String(hiddenOf(asked, 'mfa_token')), totp: app.code(1), return_to: ON }
  const done = await browser.submit('/pages/login/mfa', fields)
  t.match(done.body, `content="0; url=${ON}"`)
  t.strictSame([...browser.cookies.keys()], ['latchkey_session', 'refresh_token'])
})

test('who may not sign in is told why only after the right password', async (t) => {
  const fastify = await build(t, { environment: { ...SMTP, REQUIRE_VERIFIED_EMAIL: 'on' } })
  await signIn(fastify, { email: 'ada@example.com' })
  const right = await submit(fastify, url, { name: 'ada@example.com', password: PASSWORD })
  t.match(readPage(right), {
    statusCode: 403,
    text: /Confirm your email address first.* Send another mail Create an account$/
  })
  t.match(right.body, '<a href="../pages/email/resend">')
  t.notOk(right.headers['set-cookie'])
  const wrong = await submit(fastify, url, { name: 'ada@example.com', password: 'wrong' })
  t.match(readPage(wrong), { statusCode: 401, text: /The name or the password is wrong/ })
  await fastify.database.open().query(sql`UPDATE users SET disabled_at = now(), email_verified = true`)
  const disabled = await submit(fastify, url, { name: 'ada@example.com', password: PASSWORD })
  t.match(readPage(disabled), { statusCode: 401, text: /The name or the password is wrong/ })
})

test('attempts are counted with those at the API', async (t) => {
  const clock = testClock({ still: true })
  const fastify = await build(t, { clock, environment: { LIMITS: 'on' } })
  await signIn(fastify, { username: 'ada' })
  for (let attempt = 0; attempt < 5; attempt += 1) {
    await submit(fastify, url, { name: 'ada', password: 'wrong' })
    await post(fastify, '/login', { username: 'ada', password: 'wrong' })
  }
  const refused = await submit(fastify, url, { name: 'ada', password: PASSWORD })
  t.match(readPage(refused), { statusCode: 429, text: /There were too many attempts\. Try again in 30 seconds\./ })
  t.equal(refused.headers['retry-after'], '30')
  t.match(refused.body, 'value="ada"')
  clock.advance(30)
  const done = await submit(fastify, url, { name: 'ada', password: PASSWORD })
  t.match(done.cookies, [{ name: 'latchkey_device' }, { name: 'latchkey_session' }, { name: 'refresh_token' }])
})

test('the page says what there is: a registration, a new password, passkeys', async (t) => {
  const rows: [environment: Record<string, string>, text: string, hasPasskeys: boolean][] = [
    [{ HIDE_ACCOUNTS: 'on', ...SMTP }, 'Forgot the password? Sign in Create an account', true],
    [{ HIDE_ACCOUNTS: 'on', PUBLIC_URL: 'https://auth.example.com', SMTP_URL: '', MAIL_FROM: '' }, 'Sign in', true],
    [{ PUBLIC_URL: 'http://auth.example.com', SMTP_URL: '', MAIL_FROM: '' }, 'Sign in Create an account', false]
  ]
  for (const [environment, text, hasPasskeys] of rows) {
    const fastify = await build(t, { environment })
    const response = await fastify.inject(url)
    t.equal(readPage(response).text, `Sign in Email or username Password ${text}`, JSON.stringify(environment))
    t.equal(passkeyOptionsOf(response) !== undefined, hasPasskeys)
    t.match(response.body, '<script type="module"', 'which also keeps the form out of the history')
  }
})

test('the page exists only where the pages are on', async (t) => {
  const cases: [environment: Record<string, string>, statusCode: number][] = [
    [{ PAGES: 'off' }, 404],
    [{ APP_URL: 'https://app.example.com' }, 404],
    [{ APP_URL: 'https://app.example.com', PAGES: 'on' }, 200]
  ]
  for (const [environment, statusCode] of cases) {
    const fastify = await build(t, { environment })
    for (const path of ['/pages/login', '/pages/logout', '/pages/register']) {
      t.equal((await fastify.inject(path)).statusCode, statusCode, path)
    }
    for (const path of ['/pages/login/mfa', '/pages/login/passkey']) {
      t.equal((await fastify.inject(path)).statusCode, statusCode === 200 ? 303 : 404, path)
    }
  }
})
