import { readdirSync } from 'node:fs'
import type { FastifyInstance, LightMyRequestResponse } from 'fastify'
import { type Test, test } from 'tap'
import { sql } from '../src/database/sql.ts'
import { addUser } from '../src/users/users.ts'
import { build, cutOff, PASSWORD, post, testClock } from './helpers/app.ts'
import { enrolPasskey } from './helpers/enrolled.ts'
import { buildFederated } from './helpers/federated.ts'
import { createBrowser, ORIGIN, readPage, submit } from './helpers/page.ts'
import { statementsOf } from './helpers/statements-of.ts'

/** The paths of all pages, from the files of their routes. */
const PAGES = readdirSync(new URL('../routes/pages', import.meta.url), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && file !== 'assets.ts')
  .map((file) => `/pages/${file.slice(0, -'.ts'.length)}`)
  .sort()

const SMTP = { SMTP_URL: 'smtp://127.0.0.1:9', MAIL_FROM: 'no-reply@example.com' }
const PROVIDER = {
  id: 'test',
  kind: 'oidc',
  issuer: 'http://127.0.0.1:1',
  client_id: 'latchkey',
  client_secret: 'secret'
}
const FORM_TYPE = 'application/x-www-form-urlencoded'

/** A service with all pages and an account. */
async function start(t: Test, environment: Record<string, string> = {}) {
  const clock = testClock()
  const fastify = await buildFederated(t, [PROVIDER], {
    clock,
    environment: { ...SMTP, HIDE_ACCOUNTS: 'on', ...environment }
  })
  const names = { username: 'ada', email: 'ada@example.com', emailVerified: true }
  await addUser(fastify.database.open(), { ...names, passwordHash: await fastify.passwords.hash(PASSWORD) })
  const signedIn = async () => {
    const browser = createBrowser(fastify)
    await browser.submit('/pages/login', { name: 'ada', password: PASSWORD })
    return browser
  }
  return { clock, fastify, signedIn }
}

/** All that is stored. */
async function stored(fastify: FastifyInstance) {
  const database = fastify.database.open()
  const tables = await database.query<{ name: string }>(
    sql`SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY 1`
  )
  const contents: Record<string, unknown[]> = {}
  for (const { name } of tables) {
    const { rows } = await fastify.pg.pool.query(`SELECT to_jsonb(each) AS row FROM "${name}" AS each ORDER BY 1`)
    contents[name] = rows
  }
  return contents
}

/** Checks what every page promises. */
function isPage(t: Test, { headers }: LightMyRequestResponse, what: string): void {
  t.match(
    headers,
    {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'content-security-policy':
        /^default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; .*script-src 'self'; style-src 'self'; require-trusted-types-for 'script'$/,
      'x-frame-options': 'DENY',
      'referrer-policy': 'same-origin'
    },
    what
  )
}

test('every page shows itself by a policy of its own, changes nothing, and has no inline script or style', async (t) => {
  const { fastify, signedIn } = await start(t)
  const browser = await signedIn()
  const before = await stored(fastify)
  for (const path of PAGES) {
    for (const visitor of [browser, createBrowser(fastify)]) {
      const response = await visitor.get(path)
      t.ok([200, 303, 404].includes(response.statusCode), `${path} ${response.statusCode}`)
      t.notOk(response.headers['set-cookie'], path)
      if (response.statusCode === 303) t.match(response.headers.location, /^(?:\.\.\/)+pages\//, path)
      else {
        isPage(t, response, path)
        t.notMatch(response.body, /<script(?! type="module" src=)|<style| style=| on\w+="|javascript:/i, path)
        t.notMatch(response.body, /(?:src|href|action)="(?:https?:)?\/\//, path)
      }
    }
  }
  t.strictSame(await stored(fastify), before)
})

test('the console shows nothing that was sent, is the same for everybody, and changes nothing', async (t) => {
  const fastify = await build(t, {
    consoleFolder: t.testdir({ 'console.js': '', 'console.css': '' }),
    environment: { CORS_ORIGINS: 'https://app.example.com' }
  })
  await post(fastify, '/register', { username: 'ada', password: PASSWORD })
  const browser = createBrowser(fastify)
  await browser.submit('/pages/login', { name: 'ada', password: PASSWORD })
  const { body: page } = await browser.get('/console')
  t.match(page, '<title>Latchkey console</title>')
  const before = await stored(fastify)
  const evil = `"><script>alert(1)</script>`
  for (const path of [
    '/console',
    `/console?next=${encodeURIComponent(evil)}`,
    `/console/${encodeURIComponent(evil)}`
  ]) {
    for (const visitor of [browser, createBrowser(fastify)]) {
      const headers = { origin: 'https://app.example.com', 'user-agent': evil, 'accept-language': evil, referer: evil }
      const response = await visitor.get(path, headers)
      t.equal(response.statusCode, path === '/console' ? 200 : path.includes('?') ? 400 : 404, path)
      t.notMatch(response.body, /<script>|alert\(/, path)
      t.notOk(response.headers['set-cookie'], path)
      if (path === '/console') t.equal(response.body, page, 'the same for everybody')
    }
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'] as const) {
      const response = await fastify.inject({ method, url: path, headers: { origin: ORIGIN }, payload: { a: evil } })
      t.ok([404, 405].includes(response.statusCode), `${method} ${path}`)
    }
  }
  t.strictSame(await stored(fastify), before)
})

test('what others have written is shown as text', async (t) => {
  const { fastify } = await start(t)
  const evil = `"><script>alert(1)</script><img src=x onerror='alert(2)'>`
  const browser = createBrowser(fastify)
  const headers = { origin: ORIGIN, 'user-agent': evil, referer: evil, 'accept-language': evil }
  await browser.submit('/pages/login', { name: 'ada', password: PASSWORD }, headers)
  const database = fastify.database.open()
  const [owner] = await database.query<{ id: string }>(sql`SELECT id FROM users`)
  await enrolPasskey(database, String(owner?.id))
  const [passkey] = await database.query<{ id: string }>(sql`UPDATE passkeys SET name = ${evil} RETURNING id`)
  let shown = 0
  for (const path of PAGES) {
    for (const query of [
      '',
      `?id=${passkey?.id}`,
      `?done=${encodeURIComponent(evil)}&token=${encodeURIComponent(evil)}`
    ]) {
      const { body } = await browser.get(`${path}${query}`, { 'accept-language': evil })
      t.notMatch(body, /<script>|<img src=x/, `${path}${query}`)
      shown += Number(body.includes('&lt;script&gt;'))
    }
    for (const name of ['name', 'email', 'username', 'new_email', 'challenge', 'mfa_token', 'token']) {
      const { body } = await browser.submit(path, { [name]: evil, recovery_code: evil })
      t.notMatch(body, /<script>|<img src=x/, `${path} ${name}`)
    }
  }
  t.ok(shown > 2, 'where a name is shown')
})

test('no frontend reads a page by CORS', async (t) => {
  const { fastify, signedIn } = await start(t, { CORS_ORIGINS: 'https://app.example.com' })
  const browser = await signedIn()
  for (const path of PAGES) {
    const headers = { origin: 'https://app.example.com' }
    for (const response of [await browser.get(path, headers), await browser.submit(path, {}, headers)]) {
      if (response.statusCode === 405) continue
      t.notOk(response.headers['access-control-allow-origin'], path)
      t.notOk(response.headers['access-control-allow-credentials'], path)
    }
  }
  const api = await fastify.inject({ url: '/health/live', headers: { origin: 'https://app.example.com' } })
  t.equal(api.headers['access-control-allow-origin'], 'https://app.example.com')
})

test('no page takes the form of another site, port or host', async (t) => {
  const { fastify, signedIn } = await start(t)
  const browser = await signedIn()
  const before = await stored(fastify)
  const foreign: Record<string, string>[] = [
    { origin: 'https://evil.example' },
    { origin: 'http://127.0.0.1:5173', 'sec-fetch-site': 'same-site' },
    { origin: 'http://app.localhost:3000', 'sec-fetch-site': 'same-site' },
    { origin: 'null' },
    { origin: 'null', 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'none' },
    {}
  ]
  const fields = { name: 'ada', email: 'ada@example.com', password: PASSWORD, current_password: PASSWORD }
  for (const path of PAGES) {
    for (const headers of foreign) {
      const response = await browser.submit(path, fields, headers)
      const what = `${path} ${JSON.stringify(headers)}`
      if (response.statusCode === 405) continue
      t.match(
        readPage(response),
        { statusCode: 403, text: /^That did not work This form did not come from our own page\./ },
        what
      )
      isPage(t, response, what)
      t.notOk(response.headers['set-cookie'], what)
    }
  }
  t.strictSame(await stored(fastify), before)
})

test('no page fails on a body that no form of ours sends', async (t) => {
  const { fastify, signedIn } = await start(t)
  const json = 'application/json'
  const bodies: [type: string | undefined, payload: string | Buffer | undefined][] = [
    [undefined, undefined],
    [FORM_TYPE, ''],
    [FORM_TYPE, '&&=&'],
    [FORM_TYPE, 'name=a&name=b'],
    [FORM_TYPE, 'name[]=a&name[b]=c'],
    [FORM_TYPE, '__proto__=a'],
    [FORM_TYPE, 'constructor=a&toString=b'],
    [FORM_TYPE, 'name=%00&password=%00'],
    [FORM_TYPE, 'name=%ff'],
    [FORM_TYPE, 'credential=%7B&totp=%20&name=%20&id=x&challenge=%7B&mfa_token=x'],
    [FORM_TYPE, `credential=${encodeURIComponent('{"__proto__":{"id":"x"}}')}`],
    [FORM_TYPE, `credential=${'['.repeat(8000)}`],
    [FORM_TYPE, `mfa_token=x&challenge={"factors":["passkey"],"public_key":${'['.repeat(7000)}${']'.repeat(7000)}}`],
    [FORM_TYPE, `name=${'x'.repeat(16_384)}`],
    [json, 'null'],
    [json, '[]'],
    [json, '"x"'],
    [json, '5'],
    [
      json,
      '{"name":{"toString":1},"email":[],"password":{},"token":5,"credential":null,"totp":1,"challenge":[],"id":{}}'
    ],
    ['text/plain', 'name=a'],
    ['multipart/form-data; boundary=x', '--x\r\ncontent-disposition: form-data; name="name"\r\n\r\na\r\n--x--\r\n']
  ]
  for (const path of PAGES) {
    const browsers = [await signedIn(), createBrowser(fastify)]
    for (const { cookies } of browsers) {
      const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
      for (const [type, payload] of bodies) {
        const headers = { origin: ORIGIN, ...(cookie && { cookie }), ...(type && { 'content-type': type }) }
        const response = await fastify.inject({
          method: 'POST',
          url: path,
          headers,
          ...(payload !== undefined && { payload })
        })
        const what = `${path} ${type} ${String(payload).slice(0, 40)}`
        t.ok(response.statusCode < 500, `${what}: ${response.statusCode}`)
        if (response.statusCode === 405) break
        if (response.statusCode === 303) t.match(response.headers.location, /^(?:\.\.\/)+pages\//, what)
        else if (!response.headers['content-disposition']) isPage(t, response, what)
        // A form that cannot be read is refused before `return_to` is looked at.
        if (payload !== 'name=%ff' && ![413, 415].includes(response.statusCode)) continue
        const lost = `${path}?return_to=//evil.example`
        const again = await fastify.inject({ method: 'POST', url: lost, headers, payload: String(payload) })
        t.equal(again.statusCode, response.statusCode, `${what} at ${lost}`)
        isPage(t, again, `${what} at ${lost}`)
        t.notMatch(again.body, 'evil')
      }
    }
  }
})

test('each page says when the database is unavailable', async (t) => {
  const { fastify, signedIn } = await start(t)
  const browser = await signedIn()
  const restore = cutOff(fastify)
  t.teardown(restore)
  const others: [path: string, statusCode: number][] = []
  for (const path of PAGES) {
    const response = await browser.get(`${path}?token=${'x'.repeat(43)}`)
    if (response.statusCode !== 503) {
      others.push([path, response.statusCode])
      continue
    }
    isPage(t, response, path)
    t.match(
      readPage(response),
      { statusCode: 503, text: /The service is busy at the moment\. Try again in 2 seconds\./ },
      path
    )
    t.equal(response.headers['retry-after'], '2', path)
    t.notOk(response.headers['set-cookie'], path)
  }
  restore()
  t.strictSame(
    others,
    [
      ['/pages/email/resend', 200],
      ['/pages/login/mfa', 303],
      ['/pages/login/passkey', 303],
      ['/pages/password/forgot', 200],
      ['/pages/register', 200],
      ['/pages/register/provider', 303]
    ],
    'these read nothing'
  )
})

test('no return_to leads out of the service', async (t) => {
  const { fastify, signedIn } = await start(t, { HIDE_ACCOUNTS: 'off', CORS_ORIGINS: 'https://app.example.com' })
  const count = async () => (await stored(fastify)).sessions?.length
  const paths = [
    '/pages/login',
    '/pages/register',
    '/pages/login/mfa',
    '/pages/login/passkey',
    '/pages/step-up',
    '/pages/password/forgot',
    '/pages/email/resend'
  ]
  const evil = [
    '//evil.example',
    '///evil.example/pages/account',
    '/\\evil.example',
    '/\t/evil.example',
    '\\\\evil.example',
    '/pages/../docs',
    '/pages/%2e%2e/docs',
    '/docs',
    '/pages',
    'pages/account',
    'https://evil.example',
    'https://evil.example/pages/account',
    'https://app.example.com.evil.example',
    'https://app.example.com@evil.example',
    'https://app.example.com:444',
    'http://app.example.com',
    'https://ada:pw@app.example.com',
    'HTTPS:evil.example',
    'javascript:alert(1)',
    'data:text/html,x',
    ' https://app.example.com',
    '/pages/account\r\nset-cookie: a=b',
    `/pages/${'x'.repeat(2048)}`,
    `https://app.example.com/${'x'.repeat(2048)}`,
    '"><script>alert(1)</script>'
  ]
  const refused = {
    statusCode: 400,
    text: 'That did not work The link that you followed asks to return to an address that is not allowed here. Go back, and try again from there.',
    inputs: []
  }
  const fields = { name: 'ada', password: PASSWORD }
  const browser = await signedIn()
  const before = await count()
  for (const path of paths) {
    for (const return_to of evil) {
      const what = `${path} ${encodeURI(return_to.slice(0, 40))}`
      for (const response of [
        await fastify.inject(`${path}?return_to=${encodeURIComponent(return_to)}`),
        await browser.get(`${path}?return_to=${encodeURIComponent(return_to)}`),
        await submit(fastify, path, { ...fields, return_to })
      ]) {
        t.strictSame(readPage(response), refused, what)
        t.notOk(response.headers['set-cookie'] || response.headers.location, what)
        t.notMatch(response.body, /evil|alert\(/, what)
      }
    }
    const unreadable = await browser.submit(`${path}?return_to=//evil.example`, { 'name[': '\0' })
    t.match(readPage(unreadable), { statusCode: 400, text: /could not be read|^Confirm that it is you/ }, path)
    isPage(t, unreadable, path)
    t.notMatch(unreadable.body, /evil/, path)
    for (const query of ['return_to=/pages/account&return_to=/pages/account', 'return_to=', 'return_to']) {
      t.strictSame(readPage(await fastify.inject(`${path}?${query}`)), refused, `${path} ${query}`)
    }
  }
  t.equal(await count(), before, 'and nobody was signed in')
  for (const return_to of ['/pages/account?a=%2F%2Fevil.example', `/pages/${'x'.repeat(2041)}`]) {
    const done = await submit(fastify, '/pages/login', { ...fields, return_to })
    t.strictSame([done.statusCode, done.headers.location], [303, `..${return_to}`])
  }
})

test('the pages of the account lead to the sign-in without a session, and come back', async (t) => {
  const { fastify, clock, signedIn } = await start(t, { STEP_UP_MAX_AGE: '600' })
  const own = PAGES.filter((path) => /^\/pages\/account|step-up/.test(path))
  t.ok(own.length > 10)
  for (const path of own) {
    for (const response of [await fastify.inject(`${path}?a=b`), await submit(fastify, path, { name: 'x' })]) {
      if (response.statusCode === 405) continue
      t.equal(response.statusCode, 303, path)
      const { pathname, searchParams } = new URL(String(response.headers.location), `http://x${path}`)
      t.equal(pathname, '/pages/login', path)
      t.match(searchParams.get('return_to'), path)
    }
  }
  const browser = await signedIn()
  clock.advance(601)
  const stale = await browser.get('/pages/account/totp')
  const { pathname, searchParams } = new URL(String(stale.headers.location), 'http://x/pages/account/totp')
  t.strictSame(
    [stale.statusCode, pathname, searchParams.get('return_to')],
    [303, '/pages/step-up', '/pages/account/totp']
  )
})

test('with HIDE_ACCOUNTS, a page says the same of an address whether or not there is an account', async (t) => {
  const { fastify } = await start(t)
  const seen = ({ statusCode, headers, body }: LightMyRequestResponse, email: string) => {
    const { 'x-request-id': _, date: __, ...others } = headers
    // A challenge is another one each time.
    const text = body.replaceAll(email, 'EMAIL').replaceAll(/data-options="[^"]*"/g, '')
    return { statusCode, headers: { ...others, 'content-length': undefined }, text }
  }
  const rows: [path: string, fields: Record<string, string>, statusCode: number][] = [
    ['/pages/login', { password: 'wrong' }, 401],
    ['/pages/login', {}, 400],
    ['/pages/register', {}, 200],
    ['/pages/password/forgot', {}, 200],
    ['/pages/email/resend', {}, 200]
  ]
  for (const [path, fields, statusCode] of rows) {
    const answers = []
    for (const email of ['ada@example.com', 'nobody@example.com']) {
      const name = path === '/pages/login' ? { name: email } : { email }
      let answer: ReturnType<typeof seen> | undefined
      const statements = await statementsOf(fastify, async () => {
        answer = seen(await submit(fastify, path, { ...name, ...fields }), email)
      })
      answers.push({ ...answer, statements })
    }
    t.strictSame(answers[0], answers[1], path)
    t.equal(answers[0]?.statusCode, statusCode, path)
  }
  const username = await submit(fastify, '/pages/login', { name: 'ada', password: 'wrong' })
  const unknown = await submit(fastify, '/pages/login', { name: 'bob', password: 'wrong' })
  t.strictSame(readPage(username), readPage(unknown))
})
