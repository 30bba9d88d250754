import { type Test, test } from 'tap'
import { bearer, PASSWORD, unique } from './client.ts'
import { createFactors } from './factors.ts'
import { cookiesOf, createVisitor, formWith, type Page } from './visitor.ts'

const LOGIN = '/pages/login'
const POLICY = [
  "default-src 'none'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "img-src 'self' data:",
  "script-src 'self'",
  "style-src 'self'",
  "require-trusted-types-for 'script'"
]

const REFUSED: [what: string, return_to: string][] = [
  ['another origin', 'https://evil.example'],
  ['a host without a scheme', '//evil.example'],
  ['a backslash', '/\\evil.example'],
  ['a tab', '/\t/evil.example'],
  ['credentials', 'https://ada:secret@evil.example'],
  ['a scheme that runs scripts', 'javascript:alert(1)'],
  ['data', 'data:text/html,x'],
  ['a path that is no page', '/token/refresh'],
  ['dot segments', '/pages/../docs'],
  ['encoded dot segments', '/pages/%2e%2e/docs'],
  ['nothing', ''],
  ['more than 2,048 characters', `https://evil.example/${'x'.repeat(2048)}`]
]

/** Checks what every page promises. */
function isPage(t: Test, { status, headers, body }: Page, expected: number, what = ''): void {
  t.equal(status, expected, what)
  t.match(headers['content-type'], /^text\/html; *charset=utf-8$/i, what)
  t.strictSame(headers['content-security-policy']?.split(/; */).sort(), [...POLICY].sort(), what)
  t.match(headers, {
    'cache-control': 'no-store',
    'referrer-policy': 'same-origin',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin'
  })
  t.notMatch(
    body,
    /<script(?![^>]* src=)|<style\b| style="| on[a-z]+="|(?:src|href|action)="(?:https?:)?\/\/(?!localhost)/i,
    what
  )
  t.match(body, /<html[^>]* lang="/, what)
}

test('Hosted pages', async (t) => {
  const { client, account, enrolled, get } = await createFactors(t)
  const { request, issuer } = client
  const { origin } = new URL(issuer)
  const visit = () => createVisitor(request, origin)
  if ((await visit().open(LOGIN)).status === 404) {
    t.pass('pages', { skip: 'there are none' })
    return
  }

  /** A visitor that has sent the form of the sign-in. */
  async function signIn(username: string, password = PASSWORD, query = '') {
    const visitor = visit()
    const form = formWith(await visitor.open(`${LOGIN}${query}`), 'current-password')
    return { visitor, page: await visitor.send(form, { username, 'current-password': password }) }
  }

  const sessionOf = (cookies: ReadonlyMap<string, string>) =>
    cookies.get('__Host-latchkey_session') ?? cookies.get('latchkey_session')

  await t.test('the sign-in is one form without scripts, and loads its sheet and nothing from elsewhere', async (t) => {
    const page = await visit().open(LOGIN)
    isPage(t, page, 200)
    t.strictSame(
      formWith(page, 'current-password')
        .inputs.filter(({ type }) => type !== 'hidden')
        .map(({ type }) => type),
      ['text', 'password']
    )
    t.equal((await request({ method: 'HEAD', path: LOGIN })).status, 200)
    const [, sheet = ''] = /<link rel="stylesheet" href="([^"]*)"/.exec(page.body) ?? []
    const { pathname } = new URL(sheet, `http://service${LOGIN}`)
    const css = await request({ path: pathname })
    t.match([css.status, css.headers['content-type']], [200, /^text\/css/])
    t.equal(css.headers['cache-control'], 'public, max-age=31536000, immutable')
  })

  await t.test('the root leads to the account, which leads to the sign-in and back', async (t) => {
    const visitor = visit()
    const root = await visitor.open('/')
    t.equal(root.status, 303)
    t.match(root.headers.location, /\/pages\/account$/)
    const page = await visitor.open('/pages/account')
    t.equal(visitor.leadsTo(page), `${LOGIN}?return_to=%2Fpages%2Faccount`)
    const form = formWith(await visitor.open(String(visitor.leadsTo(page))), 'current-password')
    const { username } = await account()
    const signedIn = await visitor.send(form, { username, 'current-password': PASSWORD })
    t.equal(visitor.leadsTo(signedIn), '/pages/account')
    isPage(t, await visitor.open('/pages/account'), 200)
    const password = await request({ path: '/.well-known/change-password' })
    t.match([password.status, password.headers.location], [303, /pages\/account\/password$/])
  })

  await t.test('a sign-in sets two cookies for one session', async (t) => {
    const { username, access_token } = await account()
    const { page, visitor } = await signIn(username)
    const cookies = cookiesOf(page)
    const session = cookies.get('__Host-latchkey_session') ?? cookies.get('latchkey_session')
    t.match(session?.value, /^[0-9a-f-]{36}\.[\w-]{43}$/)
    t.match(session?.attributes.sort().join(), /httponly.*path=\/,samesite=lax/)
    t.notMatch(session?.attributes.join(), 'domain')
    const { sessions } = (await get('/sessions', access_token)).json
    t.ok(sessions.some(({ id }: { id: string }) => id === session?.value.slice(0, 36)))
    const cookie = [...visitor.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const tokens = await request({ path: '/token/refresh', headers: { cookie, origin }, body: {} })
    t.equal(tokens.status, 200)
    t.equal((await get('/sessions', tokens.json.access_token)).json.sessions.length, sessions.length)
    t.equal((await request({ path: '/me', headers: { cookie } })).status, 401, 'the cookie is no access token')
  })

  await t.test(
    'a wrong password is refused as an unknown name is; what was typed stays, but for the password',
    async (t) => {
      const { username } = await account()
      const [known, unknown] = [await signIn(username, 'wrong horse'), await signIn(unique('nobody'), 'wrong horse')]
      isPage(t, known.page, 401)
      t.equal(unknown.page.status, 401)
      const form = formWith(known.page, 'current-password')
      t.ok(form.inputs.some(({ value }) => value === username))
      for (const { page, visitor } of [known, unknown]) {
        t.notMatch(page.body, 'wrong horse')
        t.match(page.body, 'role="alert"')
        t.equal(visitor.cookies.size, 0)
      }
    }
  )

  await t.test('the forms of other origins are refused, whatever the cookie', async (t) => {
    const { username } = await account()
    const { visitor } = await signIn(username)
    const form = formWith(await visit().open(LOGIN), 'current-password')
    const foreign: Record<string, string>[] = [
      { origin: 'https://evil.example' },
      { origin: `${origin}.evil.example` },
      { origin: `${origin.replace(/:\d+$/, '')}:1` },
      { origin: 'null' },
      { origin: 'null', 'sec-fetch-site': 'same-site' },
      { 'sec-fetch-site': 'cross-site' },
      {}
    ]
    const values = { username, 'current-password': PASSWORD }
    for (const headers of foreign) {
      for (const each of [form, { action: '/pages/logout', inputs: [] }]) {
        const page = await visitor.send(each, values, headers)
        isPage(t, page, 403, JSON.stringify(headers))
        t.strictSame([...cookiesOf(page).keys()], [])
      }
    }
    isPage(t, await visitor.open('/pages/account'), 200, 'and nobody was signed out')
    for (const headers of [{ 'sec-fetch-site': 'same-origin' }, { origin: 'null', 'sec-fetch-site': 'same-origin' }]) {
      t.equal(
        (await visit().send(form, values, headers as Record<string, string>)).status,
        303,
        JSON.stringify(headers)
      )
    }
  })

  await t.test('return_to leads to pages of the service, and nowhere else', async (t) => {
    const { username } = await account()
    for (const [what, return_to] of REFUSED) {
      const query = `?return_to=${encodeURIComponent(return_to)}`
      const page = await visit().open(`${LOGIN}${query}`)
      isPage(t, page, 400, what)
      t.notMatch(page.body, 'evil', what)
      const visitor = visit()
      const { action, inputs } = formWith(await visitor.open(LOGIN), 'current-password')
      const form = { action, inputs: [...inputs, { type: 'hidden', name: 'return_to', value: return_to }] }
      if (return_to === '') continue
      t.equal((await visitor.send(form, { username, 'current-password': PASSWORD })).status, 400, what)
      t.equal(visitor.cookies.size, 0, what)
    }
    const twice = await visit().open(`${LOGIN}?return_to=/pages/account&return_to=/pages/account`)
    t.equal(twice.status, 400)
    const { page, visitor } = await signIn(username, PASSWORD, '?return_to=/pages/logout')
    t.equal(visitor.leadsTo(page), '/pages/logout')
  })

  await t.test('a second step follows the password, by a code of the app or a recovery code', async (t) => {
    const { username, app, codes } = await enrolled()
    const wrong = await signIn(username)
    isPage(t, wrong.page, 200)
    t.equal(sessionOf(wrong.visitor.cookies), undefined, 'no session before the last step')
    const totp = formWith(wrong.page, 'one-time-code')
    const recovery = formWith(wrong.page, 'off')
    const refused = await wrong.visitor.send(totp, { 'one-time-code': app.wrong() })
    isPage(t, refused, 401)
    t.match(refused.body, 'aria-invalid="true"')
    const done = await wrong.visitor.send(totp, { 'one-time-code': await app.next() })
    t.equal(wrong.visitor.leadsTo(done), '/pages/account')
    const over = await wrong.visitor.send(recovery, { off: String(codes[0]) })
    isPage(t, over, 401, 'a step is good once')
    const { visitor, page } = await signIn(username)
    const other = formWith(page, 'off')
    t.equal(visitor.leadsTo(await visitor.send(other, { off: String(codes[0]) })), '/pages/account')
  })

  await t.test('signing out ends the session of the API, and the other way round', async (t) => {
    const { username } = await account()
    const { visitor } = await signIn(username)
    const stolen = new Map(visitor.cookies)
    const cookie = [...stolen].map(([name, value]) => `${name}=${value}`).join('; ')
    const shown = await visitor.open('/pages/logout')
    isPage(t, shown, 200)
    t.ok(sessionOf(visitor.cookies), 'until the form is sent')
    isPage(t, await visitor.send(shown.forms[0] as Page['forms'][number], {}), 200)
    t.equal(sessionOf(visitor.cookies), undefined)
    const used = await request({ path: '/token/refresh', headers: { cookie, origin }, body: {} })
    t.equal(used.status, 401)
    for (const [name, value] of stolen) visitor.cookies.set(name, value)
    t.match(visitor.leadsTo(await visitor.open('/pages/account')), LOGIN)

    const other = await signIn(username)
    const header = [...other.visitor.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const ended = await request({ path: '/logout', headers: { cookie: header, origin }, body: {} })
    t.equal(ended.status, 204)
    t.match(other.visitor.leadsTo(await other.visitor.open('/pages/account')), LOGIN)
  })

  await t.test('people register, and are signed in', async (t) => {
    const visitor = visit()
    const form = formWith(await visitor.open('/pages/register'), 'new-password')
    const username = unique()
    const bad = await visitor.send(form, { username, 'new-password': 'short' })
    isPage(t, bad, 400)
    t.ok(
      formWith(bad, 'new-password').inputs.some(({ value }) => value === username),
      'the name stays'
    )
    const made = await visitor.send(form, { username, 'new-password': PASSWORD })
    t.equal(visitor.leadsTo(made), '/pages/account')
    const login = await request({ path: '/login', body: { username, password: PASSWORD } })
    t.equal(login.status, 200)
    const me = await request({ path: '/me', headers: bearer(login.json.access_token) })
    t.equal(me.json.username, username)
    const taken = await visit().send(form, { username, 'new-password': PASSWORD })
    isPage(t, taken, 409)
  })

  await t.test('a page has the language of the browser, or English', async (t) => {
    for (const language of ['en', 'tlh, en;q=0.1', '*']) {
      const { headers, body } = await request({ path: LOGIN, headers: { 'accept-language': language } })
      t.match(headers, { 'content-language': 'en', vary: /accept-language/i }, language)
      t.match(body, '<html lang="en"', language)
    }
  })
})
