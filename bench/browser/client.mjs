/**
 * `@latchkey/client` and the frontends of examples/ in a real Chromium: several tabs, a frozen one, a lock that is never
 * given back, a lost network and lost answers, a service that asks to wait, wrong clocks, other origins, a store.
 *
 *   npm run build && npm run build -w @latchkey/client && node --import tsx bench/browser/client.mjs [/usr/bin/chromium]
 *
 * Builds the example for React, and starts the built service on an embedded database. Fails if the trials take longer than
 * 120 s in total, the starts not included.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { atExit } from '@latchkey/compare/measure/at-exit'
import { TOTP } from 'otpauth'
import { chromium } from 'playwright-core'
import { build } from 'vite'
import { Service } from '../shared/service.ts'
import { withAuthenticators } from './authenticators.mjs'

const [executablePath = '/usr/bin/chromium'] = process.argv.slice(2)
const [PORT, FRONTEND_PORT, PLAIN_PORT, API_PORT, ELSEWHERE_PORT] = [3925, 3926, 3927, 3928, 3929]
const SERVICE = `http://localhost:${PORT}`
const FRONTEND = `http://localhost:${FRONTEND_PORT}`
/** For browsers another site, where cookies of the service do not count. */
const OTHER_SITE = `http://127.0.0.1:${FRONTEND_PORT}`
const PLAIN = `http://localhost:${PLAIN_PORT}`
const API = `http://localhost:${API_PORT}`
const ELSEWHERE = `http://localhost:${ELSEWHERE_PORT}`
const PASSWORD = 'correct horse battery staple'
const LIMIT_S = 120
const ROUNDS = 3

const PAGE = `<!doctype html><title>a frontend</title>
<script type="module">
  import { createSession } from '/client/index.js'
  import { addPasskey } from '/client/passkeys.js'
  window.log = []
  const store = {
    get: () => localStorage.getItem('token'),
    set(token) {
      window.log.push('stored')
      if (token) localStorage.setItem('token', token)
      else localStorage.removeItem('token')
    }
  }
  window.session = createSession({
    service: '${SERVICE}',
    origins: ['${API}'],
    ...(location.search === '?store' && { store })
  })
  window.session.on((event) => window.log.push(event))
  window.addPasskey = addPasskey
</script>`

const root = new URL('../../', import.meta.url)
const TYPES = { html: 'text/html', js: 'text/javascript' }

/** The page above, the client, and the example for React as it was built. */
const frontend = createServer(async ({ url }, response) => {
  const path = url.replace(/^\/client\//, 'packages/client/dist/').replace(/^\/react\//, 'examples/react/dist/')
  const file = path.replace(/\/$/, '/index.html')
  const isPage = /^\/(\?|$)/.test(url)
  const content = isPage ? PAGE : await readFile(new URL(file, root)).catch(() => '')
  response.setHeader('content-type', isPage ? TYPES.html : (TYPES[file.split('.').at(-1)] ?? 'text/plain'))
  response.end(content)
})

/** What the two other services have seen: the API, which may have the token, and another, which may not. */
const seen = []
const allow = { 'access-control-allow-origin': '*', 'access-control-allow-headers': 'authorization' }
const api = createServer(({ method, url, headers }, response) => {
  if (method === 'GET') seen.push(['api', url, headers.authorization !== undefined])
  if (method === 'GET' && url === '/away') return response.writeHead(302, { ...allow, location: `${ELSEWHERE}/` }).end()
  return response.writeHead(200, allow).end()
})
const elsewhere = createServer(({ method, url, headers }, response) => {
  if (method === 'GET') seen.push(['elsewhere', url, headers.authorization !== undefined])
  return response.writeHead(200, allow).end()
})

process.env.VITE_SERVICE = SERVICE
await build({ root: fileURLToPath(new URL('examples/react', root)), logLevel: 'error' })
const servers = [
  [frontend, FRONTEND_PORT],
  [api, API_PORT],
  [elsewhere, ELSEWHERE_PORT]
].map(([server, port]) => server.listen(port))
const program = fileURLToPath(new URL('examples/plain/serve.mjs', root))
const plain = spawn(process.execPath, [program, `${PLAIN_PORT}`], { env: { ...process.env, SERVICE } })
atExit(() => plain.kill())
const service = await Service.start({
  port: PORT,
  environment: { PUBLIC_URL: SERVICE, CORS_ORIGINS: [FRONTEND, OTHER_SITE, PLAIN].join(','), LOG_LEVEL: 'error' }
})
let browser
let limit
try {
  // It does not always start on a busy machine.
  browser = await launch().catch(launch)
  const began = performance.now()
  limit = setTimeout(() => {
    throw new Error(`the trials took longer than ${LIMIT_S} s`)
  }, LIMIT_S * 1000)
  await tryTabs()
  await tryFrozen()
  await tryLock()
  await tryNetwork()
  await tryWaiting()
  await tryClocks()
  await tryOrigins()
  await tryStore()
  for (const url of [`${PLAIN}/`, `${FRONTEND}/react/`]) await tryExample(url)
  say(`in ${((performance.now() - began) / 1000).toFixed(1)} s, of at most ${LIMIT_S}`)
} finally {
  clearTimeout(limit)
  await browser?.close()
  plain.kill()
  for (const server of servers) server.close().closeAllConnections()
  await service.stop()
}

function launch() {
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'] })
}

async function tryTabs() {
  const { page, open, refreshes } = await signedIn('ada')
  const tabs = await Promise.all(Array.from({ length: 4 }, open))
  for (let round = 0; round < ROUNDS; round += 1) {
    // Late enough for a tab that is slow to hear of it: one that begins after the others have ended needs a second request.
    const start = Date.now() + 1500
    const tokens = await Promise.all(
      [page, ...tabs].map((tab) =>
        tab.evaluate(async (start) => {
          await new Promise((resolve) => setTimeout(resolve, start - Date.now()))
          return Promise.all([session.refresh(), session.refresh()])
        }, start)
      )
    )
    assert.equal(new Set(tokens.flat()).size, 1)
    assert.equal(await refreshes(), 1)
  }
  say('five tabs that need a token at once send one request, and all have the same token')

  const late = await open()
  assert.equal(await late.evaluate(() => session.request('GET', '/me').then(({ username }) => username)), 'ada')
  assert.equal(await refreshes(), 1)
  say('a tab that is opened later is signed in with one request')

  await late.evaluate(() => session.signOut())
  for (const tab of [page, ...tabs]) await isSignedOut(tab)
  assert.deepEqual(await page.context().cookies(SERVICE), [])
  assert.equal(await (await open()).evaluate(() => session.accessToken()), undefined)
  say('signing out reaches all tabs, and the service')

  await page.evaluate((password) => session.signIn({ username: 'ada' }, password), PASSWORD)
  await late.waitForFunction(() => session.claims()?.preferred_username === 'ada')
  assert.deepEqual(await late.evaluate(() => window.log.slice(-2)), ['signed_out', 'signed_in'])
  say('signing in does, too')
  await page.context().close()
}

async function tryFrozen() {
  const { page, open, refreshes } = await signedIn('grace')
  const frozen = await open()
  await frozen.evaluate(() => session.accessToken())
  const client = await frozen.context().newCDPSession(frozen)
  let release
  const released = new Promise((resolve) => {
    release = resolve
  })
  let asked
  const asking = new Promise((resolve) => {
    asked = resolve
  })
  await frozen.route('**/token/refresh', async (route) => {
    asked()
    await released
    await route.continue()
  })
  await frozen.evaluate(() => {
    window.refreshed = session.refresh()
  })
  await asking
  await client.send('Page.setWebLifecycleState', { state: 'frozen' })
  await refreshes()
  assert.ok(await page.evaluate(() => session.refresh()))
  assert.equal(await refreshes(), 1)
  say('a tab that is frozen while it refreshes keeps no other from refreshing')

  release()
  await client.send('Page.setWebLifecycleState', { state: 'active' })
  assert.ok(await frozen.evaluate(() => window.refreshed))
  for (const tab of [frozen, page]) {
    assert.equal(await tab.evaluate(() => session.request('GET', '/me').then(({ username }) => username)), 'grace')
  }
  say('it goes on where it was, and both are signed in')

  await client.send('Page.setWebLifecycleState', { state: 'frozen' })
  await page.evaluate(() => session.signOut())
  await client.send('Page.setWebLifecycleState', { state: 'active' })
  await isSignedOut(frozen)
  say('a frozen tab hears of a sign-out when it wakes up')
  await page.context().close()
}

async function tryLock() {
  const { page, open, refreshes } = await signedIn('alan')
  const holder = await open()
  await holder.evaluate((name) => {
    navigator.locks.request(name, () => new Promise(() => {}))
  }, `latchkey/1 ${SERVICE}`)
  assert.ok(await page.evaluate(() => session.refresh()))
  assert.equal(await refreshes(), 1)
  say('a lock that is never given back is done without')

  const closed = await open()
  await closed.route('**/token/refresh', () => {})
  await holder.close()
  const asked = closed.waitForRequest('**/token/refresh')
  await closed.evaluate(() => {
    session.refresh()
  })
  await asked
  const refreshed = page.evaluate(() => session.refresh())
  await closed.close()
  assert.ok(await refreshed)
  say('a tab that is closed while it refreshes keeps no other from refreshing')
  await page.context().close()
}

async function tryNetwork() {
  const { page, refreshes } = await signedIn('edsger')
  const context = page.context()
  await context.setOffline(true)
  assert.equal(await codeOf(page, () => session.refresh()), 'NETWORK')
  assert.equal(await page.evaluate(() => session.claims().preferred_username), 'edsger')
  await context.setOffline(false)
  await refreshes()
  assert.ok(await page.evaluate(() => session.refresh()))
  assert.equal(await refreshes(), 1)
  say('without the network nobody is signed out')

  await context.setOffline(true)
  assert.equal(await codeOf(page, () => session.signOut()), 'NETWORK')
  assert.equal(await page.evaluate(() => session.claims()), null)
  await context.setOffline(false)
  await page.evaluate(() => session.signOut())
  await page.reload()
  assert.equal(await page.evaluate(() => session.accessToken()), undefined)
  say('a sign-out that did not reach the service says so, and can be repeated')
  await context.close()
}

async function tryWaiting() {
  const { page, refreshes } = await signedIn('barbara')
  const answer = (status, seconds) => (route) =>
    route.fulfill({
      status,
      headers: {
        'retry-after': seconds,
        'access-control-allow-origin': FRONTEND,
        'access-control-allow-credentials': 'true',
        'access-control-expose-headers': 'retry-after'
      },
      json: { statusCode: status, code: 'OVERLOADED', message: 'Please wait.' }
    })
  const answers = await answerRefreshes(page)
  answers.push(answer(503, '1'), answer(429, '1'))
  assert.ok(await page.evaluate(() => session.refresh()))
  assert.equal(await refreshes(), 3)
  say('after 429 and 503 it waits for as long as the service says')

  for (const refused of [[answer(429, '60')], [answer(503, '0'), answer(503, '0'), answer(503, '0')]]) {
    answers.push(...refused)
    assert.equal(await codeOf(page, () => session.refresh()), 'OVERLOADED')
    assert.equal(await refreshes(), refused.length)
  }
  assert.ok(await page.evaluate(() => session.request('GET', '/me')))
  say('nobody waits for longer, or is signed out by it')
  await page.context().close()
}

async function tryClocks() {
  for (const [name, days] of [
    ['donald', 1],
    ['tony', -1]
  ]) {
    const { page, refreshes } = await signedIn(
      name,
      (days) => {
        const { now } = Date
        window.minutes = days * 1440
        Date.now = () => now() + window.minutes * 60_000
      },
      days
    )
    const left = await page.evaluate(() => session.claims().exp * 1000 - Date.now())
    assert.equal(left < 0, days > 0)
    for (let times = 0; times < 3; times += 1) await page.evaluate(() => session.request('GET', '/me'))
    assert.equal(await refreshes(), 0)
    await page.evaluate(() => {
      window.minutes += 14
      return session.accessToken()
    })
    assert.equal(await refreshes(), 1)
    await page.context().close()
  }
  say('a clock that is a day ahead or behind makes no difference, and time in standby counts')
}

async function tryOrigins() {
  const { page } = await signedIn('niklaus')
  const send = (url) =>
    page.evaluate(
      (url) =>
        session.fetch(url).then(
          ({ status }) => status,
          ({ name }) => name
        ),
      url
    )
  assert.deepEqual([await send(`${API}/here`), await send(`${ELSEWHERE}/there`)], [200, 200])
  assert.equal(await send(`${API}/away`), 'TypeError')
  assert.deepEqual(seen, [
    ['api', '/here', true],
    ['elsewhere', '/there', false],
    ['api', '/away', true]
  ])
  say('no other origin gets the token, nor one that is redirected to')
  await page.context().close()
}

async function tryStore() {
  const { page, open, refreshes } = await signedIn('john', undefined, undefined, `${OTHER_SITE}/?store`)
  assert.deepEqual(await page.evaluate(() => window.log), ['stored', 'signed_in'])
  // The service has seen the request, and its answer is lost.
  const answers = await answerRefreshes(page)
  answers.push(async (route) => {
    await route.fetch()
    await route.abort()
  })
  assert.ok(await page.evaluate(() => session.refresh()))
  assert.equal(await refreshes(), 2)
  say('a lost answer costs a request, not the session')

  const other = await open()
  assert.equal(await other.evaluate(() => session.request('GET', '/me').then(({ username }) => username)), 'john')
  assert.deepEqual(await other.evaluate(() => window.log), ['stored', 'signed_in'])
  assert.deepEqual(await page.context().cookies(SERVICE), [])
  await other.evaluate(() => session.signOut())
  await isSignedOut(page)
  assert.equal(await page.evaluate(() => localStorage.length), 0)
  say('from another site, with a store, tabs share a session as well; each token is stored before it is used')
  await page.context().close()
}

/** A frontend of examples/: a password, a second step, a passkey, another tab. */
async function tryExample(url) {
  const username = `user${new URL(url).port}`
  const { page } = await signedIn(username)
  const context = page.context()
  const add = await withAuthenticators(page)
  await add('internal')
  await page.evaluate(() => window.addPasskey(session, 'a phone'))
  const secret = await page.evaluate(async () => (await session.request('POST', '/mfa/totp')).secret)
  await page.evaluate(() => session.signOut())
  const reads = (text, tab = page) => tab.getByRole('status').filter({ hasText: text }).waitFor()
  const click = (name, tab = page) => tab.getByRole('button', { name, exact: true }).click()
  async function signInWith(password) {
    await page.getByLabel('Username').fill(username)
    await page.getByLabel('Password').fill(password)
    await click('Sign in')
  }

  await page.goto(url)
  await signInWith('wrong')
  await reads(/password/i)
  await signInWith(PASSWORD)
  await reads(`Hello ${username}`)
  await page.locator('pre', { hasText: `"username": "${username}"` }).waitFor()
  await page.reload()
  await reads(`Hello ${username}`)
  const other = await context.newPage()
  await other.goto(url)
  await reads(`Hello ${username}`, other)
  await click('Sign out', other)
  await page.getByLabel('Username').waitFor()
  await other.close()

  await click('Sign in with a passkey')
  await reads(`Hello ${username}`)

  const trial = await context.newPage()
  await trial.goto(`${FRONTEND}/`)
  const app = new TOTP({ secret })
  await trial.evaluate((totp) => session.request('POST', '/mfa/totp/confirm', { totp }), app.generate())
  await trial.evaluate(() => session.signOut())
  await trial.close()
  await page.reload()
  await signInWith(PASSWORD)
  await page.getByLabel('Code of your app').fill('000000')
  await click('Continue')
  await reads(/code/i)
  // That of the next step: a code that confirmed an app signs in no more.
  await page.getByLabel('Code of your app').fill(app.generate({ timestamp: Date.now() + 30_000 }))
  await click('Continue')
  await reads(`Hello ${username}`)
  await click('Sign out')
  await page.getByLabel('Username').waitFor()
  say(`${url} signs in with a password, a passkey and a code, and out in all tabs`)
  await context.close()
}

/** A tab in which somebody is signed in, of a browser without a past. */
async function signedIn(username, script, argument, url = `${FRONTEND}/`) {
  const context = await browser.newContext()
  context.setDefaultTimeout(20_000)
  if (script) await context.addInitScript(script, argument)
  let count = 0
  context.on('request', (request) => {
    if (request.method() === 'POST' && request.url() === `${SERVICE}/token/refresh`) count += 1
  })
  async function open() {
    const page = await context.newPage()
    await page.goto(url)
    return page
  }
  const page = await open()
  await page.evaluate(
    async ([username, password]) => {
      const body = JSON.stringify({ username, password })
      await fetch(`${session.service}/register`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body
      })
      await session.signIn({ username }, password)
    },
    [username, PASSWORD]
  )
  /** Counts the refreshes since the last call. */
  async function refreshes() {
    // The browser may tell of a request after its answer.
    await pause(100)
    const before = count
    count = 0
    return before
  }
  return { page, open, refreshes }
}

/** Lets answers be given to the next refreshes in place of the service, which gets all others. */
async function answerRefreshes(page) {
  const answers = []
  await page.route('**/token/refresh', (route) => (answers.shift() ?? (() => route.continue()))(route))
  return answers
}

function isSignedOut(page) {
  return page.waitForFunction(() => session.claims() === null)
}

/** The code of the error that a function of the page throws. */
async function codeOf(page, run) {
  return page.evaluate(`(${run})().then(() => undefined, (error) => error.code)`)
}

function say(line) {
  process.stdout.write(`ok  ${line}\n`)
}
