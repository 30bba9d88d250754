import { type Test, test } from 'tap'
import { sql } from '../../../src/database/sql.ts'
import { build, PASSWORD, signIn, testClock } from '../../helpers/app.ts'
import { createBrowser, readPage, submit } from '../../helpers/page.ts'

const SMTP = { SMTP_URL: 'smtp://127.0.0.1:9', MAIL_FROM: 'no-reply@example.com' }

test('which pages there are', async (t) => {
  const cases: [what: string, environment: Record<string, string>, found: Record<string, boolean>][] = [
    ['by default, all of them', { ...SMTP }, { login: true, 'password/forgot': true, 'email/verify': true }],
    [
      'with a frontend, none',
      { ...SMTP, APP_URL: 'https://app.example.com' },
      { login: false, 'password/forgot': false, 'email/verify': false }
    ],
    [
      'with both, all but those of the links, which lead to the frontend',
      { ...SMTP, APP_URL: 'https://app.example.com', PAGES: 'on' },
      { login: true, 'password/forgot': true, 'email/verify': false }
    ],
    [
      'without hosted pages, those that links in mails lead to',
      { ...SMTP, PAGES: 'off' },
      { login: false, 'password/forgot': true, 'email/verify': true }
    ],
    [
      'without mail, none that needs it',
      { PUBLIC_URL: 'https://auth.example.com', SMTP_URL: '', MAIL_FROM: '' },
      { login: true, 'password/forgot': false, 'email/verify': false }
    ]
  ]
  for (const [what, environment, found] of cases) {
    await t.test(what, async (t) => {
      const fastify = await build(t, { environment })
      t.equal(fastify.pages.hosted, found.login)
      for (const [path, isThere] of Object.entries(found)) {
        t.equal((await fastify.inject(`/pages/${path}`)).statusCode, isThere ? 200 : 404, path)
      }
    })
  }
})

/** A browser that is signed in. */
async function start(t: Test) {
  const clock = testClock()
  const fastify = await build(t, { clock, environment: { STEP_UP_MAX_AGE: '600' } })
  const { user } = await signIn(fastify, { username: 'ada' })
  const browser = createBrowser(fastify)
  await browser.submit('/pages/login', { name: 'ada', password: PASSWORD })
  const require = (required: boolean) =>
    fastify.database.open().query(sql`UPDATE users SET mfa_required = ${required} WHERE id = ${user.id}`)
  return { ...browser, clock, fastify, require }
}

/** Where an answer leads. */
const locationOf = ({ statusCode, headers }: { statusCode: number; headers: Record<string, unknown> }) =>
  statusCode === 303 ? headers.location : statusCode

test('a page of the account leads to the sign-in without a session, and back with its query', async (t) => {
  const { fastify, get } = await start(t)
  const path = '/pages/account/username?a=b%26c'
  t.equal(
    locationOf(await fastify.inject(path)),
    '../../pages/login?return_to=%2Fpages%2Faccount%2Fusername%3Fa%3Db%2526c'
  )
  t.equal(locationOf(await get(path)), 200)
  const sent = await submit(fastify, '/pages/account/username', { username: 'eve' })
  t.equal(locationOf(sent), '../../pages/login?return_to=%2Fpages%2Faccount%2Fusername')
})

test('what is sensitive needs a fresh authentication', async (t) => {
  const { get, clock, require } = await start(t)
  t.equal(locationOf(await get('/pages/account/totp')), 200)
  clock.advance(601)
  t.equal(locationOf(await get('/pages/account/totp')), '../../pages/step-up?return_to=%2Fpages%2Faccount%2Ftotp')
  t.equal(locationOf(await get('/pages/account/username')), 200)
  clock.advance(-601)
  await require(true)
  t.equal(locationOf(await get('/pages/account/totp')), '../../pages/step-up?return_to=%2Fpages%2Faccount%2Ftotp')
})

test('with a current password, it needs one only where a second step is required', async (t) => {
  const { get, clock, require } = await start(t)
  clock.advance(601)
  t.equal(locationOf(await get('/pages/account/email')), 200)
  await require(true)
  t.equal(locationOf(await get('/pages/account/email')), '../../pages/step-up?return_to=%2Fpages%2Faccount%2Femail')
})

test('the factors of a form are read: JSON of a passkey, and codes without spaces', async (t) => {
  const { fastify } = await start(t)
  const { readFactors } = fastify.pages
  const rows: [body: unknown, read: unknown][] = [
    [
      { totp: ' 123 456 ', other: 'a b' },
      { totp: '123456', other: 'a b' }
    ],
    [{ credential: '{"id":"x"}' }, { credential: { id: 'x' } }],
    [
      { totp: 123, credential: null },
      { totp: 123, credential: null }
    ],
    [undefined, undefined],
    [null, null]
  ]
  for (const [body, read] of rows) {
    await readFactors({ body } as never)
    t.strictSame(body, read)
  }
  for (const credential of ['', '{', '{"a":1,}', '{"__proto__":{}}']) {
    await t.rejects(readFactors({ body: { credential } } as never), { code: 'MALFORMED_REQUEST' }, credential)
  }
})

test('texts are in the language of the browser, or in English', async (t) => {
  const { fastify } = await start(t)
  const english = readPage(await fastify.inject('/pages/login'))
  for (const language of ['en', 'tlh', '*', 'x'.repeat(1000), 'en-GB;q=0.5', ';;;']) {
    const response = await fastify.inject({ url: '/pages/login', headers: { 'accept-language': language } })
    t.strictSame(readPage(response), english, language.slice(0, 20))
  }
  const rows: [accepted: string, tag: string, direction: string, text: RegExp][] = [
    ['de-CH, en;q=0.5', 'de', 'ltr', /^Anmelden E-Mail-Adresse oder Benutzername Passwort/],
    ['ar', 'ar', 'rtl', /^تسجيل الدخول/]
  ]
  for (const [accepted, tag, direction, text] of rows) {
    const response = await fastify.inject({ url: '/pages/login', headers: { 'accept-language': accepted } })
    t.match(readPage(response), { statusCode: 200, text })
    t.match(response.body, `<html lang="${tag}" dir="${direction}">`)
    t.match(response.headers, { 'content-language': tag, vary: /accept-language/ })
  }
})
