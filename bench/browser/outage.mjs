/**
 * The hosted pages as in production, in a real Chromium: over HTTPS with `__Host-` cookies, behind two instances that take
 * turns, and while the database is stopped or hangs: every form then says so, and keeps what was typed and where it leads.
 *
 *   npm run build && node --import tsx bench/browser/outage.mjs [/usr/bin/chromium]
 *
 * Starts a PostgreSQL server of its own with Debian's programs, two built services, and a TLS proxy with a certificate
 * made by openssl. Linux only.
 */
import assert from 'node:assert/strict'
import http from 'node:http'
import https from 'node:https'
import { setTimeout as pause } from 'node:timers/promises'
import { TOTP } from 'otpauth'
import { chromium } from 'playwright-core'
import { Cluster } from '../shared/cluster.ts'
import { Service } from '../shared/service.ts'
import { withAuthenticators } from './authenticators.mjs'
import { selfSigned } from './certificate.mjs'

const [executablePath = '/usr/bin/chromium'] = process.argv.slice(2)
const PORT = 8447
const SERVICE = `https://localhost:${PORT}`
const PASSWORD = 'correct horse battery staple'
const MFA = '/pages/account/mfa'

const cluster = await Cluster.create()
const environment = { PUBLIC_URL: SERVICE, LOG_LEVEL: 'fatal' }
const instances = []
for (let count = 0; count < 2; count += 1) {
  instances.push(await Service.start({ databaseUrl: cluster.url(), environment }))
}
const proxy = tlsProxy()
let browser
try {
  // It does not always start on a busy machine.
  browser = await launch().catch(launch)
  const page = await open()
  await tryCookies(page)
  await tryInstances(page)
  await tryOutage('stopped', { page, end: () => cluster.stop(), recover: () => cluster.start() })
  await tryOutage('hanging', { page, end: () => cluster.hang(), recover: () => cluster.resume() })
} finally {
  await browser?.close()
  proxy.close().closeAllConnections()
  await Promise.all(instances.map((instance) => instance.stop()))
  cluster.kill()
}

function launch() {
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'] })
}

async function tryCookies(page) {
  await page.goto(`${SERVICE}/pages/register`)
  await page.getByLabel('Username (optional)').fill('ada')
  await page.getByLabel('Password').fill(PASSWORD)
  await press(page, 'Create the account')
  await page.waitForURL(`${SERVICE}/pages/account`)
  const cookies = await page.context().cookies()
  assert.deepEqual(
    cookies.map(({ name, secure, httpOnly, sameSite, path }) => [name, secure, httpOnly, sameSite, path]).sort(),
    [
      ['__Host-latchkey_session', true, true, 'Lax', '/'],
      ['__Host-refresh_token', true, true, 'Strict', '/']
    ]
  )
  await page.goto(`${SERVICE}/pages/account/passkeys`)
  await press(page, 'Add a passkey')
  await see(page, 'The passkey was added.')
  await signOut(page)
  assert.deepEqual(await page.context().cookies(), [])
  await page.goto(`${SERVICE}/pages/login`)
  await page.waitForURL(`${SERVICE}/pages/account`)
  say('over HTTPS: signing up, a passkey, signing out, and signing in by the autofill')
}

/** Sets up an app, and signs in with it: each request goes to the other instance. */
async function tryInstances(page) {
  await page.goto(`${SERVICE}/pages/account/totp`)
  await press(page, 'Set up an app')
  const app = new TOTP({ secret: await secretOn(page) })
  await page.getByLabel('Code that the app shows').fill(app.generate({ timestamp: Date.now() - 30_000 }))
  await press(page, 'Turn on')
  await see(page, 'The authenticator app is set up.')
  await signOut(page)
  const other = await open()
  await other.goto(`${SERVICE}/pages/login?return_to=${MFA}`)
  await giveName(other)
  await other.getByLabel('Code of your authenticator app').fill(app.generate())
  await press(other, 'Continue')
  await other.waitForURL(`${SERVICE}${MFA}`)
  await other.context().close()
  await page.goto(`${SERVICE}/pages/login`)
  await page.waitForURL(`${SERVICE}/pages/account`)
  say('behind two instances: an app is set up, and the steps of a sign-in work, at either')
}

/** Fills in each form, sends it without the database, and then once more with it. */
async function tryOutage(what, { page, end, recover }) {
  const stranger = await open({ passkeys: false })
  const name = what === 'stopped' ? 'grace' : 'barbara'
  const forms = [
    [stranger, `/pages/login?return_to=${MFA}`, 'Sign in', { 'Email or username': name, Password: 'wrong' }, 401],
    [
      stranger,
      `/pages/register?return_to=${MFA}`,
      'Create the account',
      { 'Username (optional)': name, Password: PASSWORD }
    ],
    [page, '/pages/account/username', 'Save the username', { Username: `ada-${name}` }],
    [page, '/pages/account/password', 'Change the password', { 'New password': PASSWORD }],
    [page, `/pages/step-up?return_to=${MFA}`, 'Continue', { 'Code of your authenticator app': '000000' }, 401],
    [page, '/pages/account/totp', 'Replace the app', {}, 200]
  ]
  for (const [tab, path, button, typed, status = 303] of forms) {
    await tab.goto(`${SERVICE}${path}`)
    await fill(tab, typed)
    const before = await shownOn(tab)
    await end()
    assert.equal(await send(tab, button), 503, path)
    await see(tab, 'The service is busy at the moment.')
    assert.deepEqual(await shownOn(tab), path.endsWith('/totp') ? [] : before, path)
    await recover()
    await ready()
    // Secrets are not shown again.
    await fill(tab, typed)
    const again = await send(tab, path.endsWith('/totp') ? 'Set up an app' : button)
    // A statement that hung may have been executed after its deadline: the name is then taken by this very account.
    const mayBeDone = what === 'hanging' && path.startsWith('/pages/register')
    assert.ok(again === status || (mayBeDone && again === 409), `${path}: ${again}`)
  }
  const secret = await secretOn(page)
  await fill(page, { 'Code that the app shows': '000000' })
  await end()
  assert.equal(await send(page, 'Turn on'), 503)
  assert.equal(await secretOn(page), secret)
  await recover()
  await ready()
  await stranger.context().close()
  say(`with the database ${what}: forms keep what was typed and where they lead, and work once it is back`)
}

/** The fields of a page that anybody may see, with where it leads. */
function shownOn(page) {
  return page
    .locator('input:not([type=password], [name=challenge], [name=totp], [name=recovery_code], [name=credential])')
    .evaluateAll((all) => all.filter(({ name }) => name !== '').map(({ name, value }) => `${name}=${value}`))
}

async function secretOn(page) {
  return (await page.locator('code').innerText()).replaceAll(' ', '')
}

async function fill(page, typed) {
  for (const [label, value] of Object.entries(typed)) await page.getByLabel(label, { exact: true }).fill(value)
}

/** Sends a form. @returns the status of the answer */
async function send(page, button) {
  const answered = page.waitForResponse((response) => response.request().method() === 'POST')
  await press(page, button)
  const response = await answered
  await page.waitForLoadState()
  return response.status()
}

/** Waits until both instances have the database again. */
async function ready() {
  for (const { base } of instances) {
    while ((await fetch(`${base}/health/ready`)).status !== 200) await pause(100)
  }
}

async function open({ passkeys = true } = {}) {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, javaScriptEnabled: passkeys })
  const page = await context.newPage()
  page.setDefaultTimeout(20_000)
  if (passkeys && browser.contexts().length === 1) await (await withAuthenticators(page))('internal')
  return page
}

async function giveName(page) {
  await fill(page, { 'Email or username': 'ada', Password: PASSWORD })
  await press(page, 'Sign in')
}

async function signOut(page) {
  await page.goto(`${SERVICE}/pages/account`)
  await press(page, 'Sign out')
  await see(page, 'You are signed out.')
}

function press(page, name) {
  return page.getByRole('button', { name, exact: true }).click()
}

/** Waits until the page shows a text. */
function see(page, text) {
  return page.locator('main', { hasText: text }).waitFor()
}

/** Sends each request to the next instance. */
function tlsProxy() {
  let turn = 0
  const server = https.createServer(selfSigned(['localhost']), (request, response) => {
    const { base } = instances[turn++ % instances.length]
    const { method, headers } = request
    const upstream = http.request(`${base}${request.url}`, { method, headers }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers)
      answer.pipe(response)
    })
    request.pipe(upstream)
  })
  return server.listen(PORT, '127.0.0.1')
}

function say(line) {
  process.stdout.write(`ok  ${line}\n`)
}
