/**
 * Signing in with other providers in a real Chromium: a real OpenID provider (oidc-provider), and what GitHub and Apple
 * answer, each on another site than the service. A person signs up, signs in, denies, gives a second step, links and
 * unlinks; an account is asked for and claimed; the provider is unavailable, and replaces its keys.
 *
 *   npm run build && node --import tsx bench/browser/federation.mjs [/usr/bin/chromium]
 *
 * Starts the built service on an embedded database, and a mail server. An error in the console of a page, such as of the
 * Content-Security-Policy, fails the run.
 */
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '@latchkey/compare/measure/free-port'
import { jwtVerify } from 'jose'
import { TOTP } from 'otpauth'
import { CLIENT } from '../../test/helpers/issuer.ts'
import { startTour } from './tour.mjs'
import { createLookalike, createUpstream } from './upstream.mjs'

const [executablePath = '/usr/bin/chromium'] = process.argv.slice(2)
const PASSWORD = 'correct horse battery staple'
const began = performance.now()

/** The people at the OpenID provider. Ada and Grace have accounts here: her address is verified, and Grace's is not. */
const people = new Map([
  ['lin', { email: 'lin@example.com', email_verified: true }],
  ['ada', { email: 'ada@example.com', email_verified: true }],
  ['grace', { email: 'grace@example.com', email_verified: true }],
  ['mallory', { email: 'grace@example.com', email_verified: false }],
  ['noa', { email: 'noa@example.com', email_verified: true }]
])
const upstream = createUpstream(await freePort(), people)
const cleanups = []
const lookalike = await createLookalike((cleanup) => cleanups.push(cleanup))
const key = generateKeyPairSync('ec', { namedCurve: 'P-256' })

const folder = mkdtempSync(join(tmpdir(), 'latchkey-federation-'))
const PROVIDERS = join(folder, 'providers.json')
writeFileSync(join(folder, 'secret'), CLIENT.client_secret)
writeFileSync(join(folder, 'key.p8'), key.privateKey.export({ format: 'pem', type: 'pkcs8' }))
const client = { client_id: CLIENT.client_id, client_secret: { file: 'secret' } }
const providers = [
  {
    id: 'ours',
    kind: 'oidc',
    label: 'Example',
    issuer: upstream.issuer,
    token_endpoint_auth_method: 'client_secret_basic',
    trust_email: true,
    ...client
  },
  { id: 'github', kind: 'github', issuer: lookalike.issuer.url, ...client },
  {
    id: 'apple',
    kind: 'apple',
    issuer: lookalike.issuer.url,
    client_id: CLIENT.client_id,
    team: 'TEAM',
    key_id: 'KEY',
    key: { file: 'key.p8' }
  }
]
writeFileSync(PROVIDERS, JSON.stringify({ providers }))

const frontend = createServer((_request, response) =>
  response.setHeader('content-type', 'text/html').end('<h1>App</h1>')
)
await new Promise((resolve) => frontend.listen(0, '127.0.0.1', resolve))
const FRONTEND = `http://localhost:${frontend.address().port}`

const tour = await startTour({ executablePath, environment: { PROVIDERS, CORS_ORIGINS: FRONTEND } })
const redirectUris = [`${tour.base}/federation/ours/callback`]
/** What the consoles of all pages complained of. */
const complaints = []
try {
  await tryUnavailable()
  await upstream.start(redirectUris)
  await tryPerson()
  await tryWithoutScripts()
  await tryTabs()
  await tryHandOver()
  await tryAsk()
  await tryClaim()
  await tryApple()
  await tryLinks()
  await tryStepUp()
  await tryElsewhere()
  assert.deepEqual(complaints, [])
  say('no page has made the console complain')
  say(`in ${((performance.now() - began) / 1000).toFixed(1)} s`)
} finally {
  await tour.stop()
  upstream.stop()
  for (const cleanup of cleanups) cleanup()
  frontend.close().closeAllConnections()
  rmSync(folder, { recursive: true, force: true })
}

async function tryUnavailable() {
  const page = await open()
  const answer = await begin(page, 'Example')
  assert.equal(answer.status(), 503)
  await see(page, 'Example does not answer. Try again shortly, or sign in another way.')
  await press(page, 'Back to sign-in', 'link')
  await see(page, 'Sign in with Example')
  await page.context().close()
  say('a provider that does not run is a page of 503 with a way back')
}

/** From signing up to a second step, and what happens at the provider meanwhile. */
async function tryPerson() {
  const page = await open()
  await begin(page, 'Example')
  await press(page, 'Cancel')
  await see(page, 'Sign in with Example')
  assert.equal(new URL(page.url()).pathname, '/pages/login')
  say('who denies at the provider is back at sign-in')

  upstream.isBroken = true
  await begin(page, 'Example')
  await signInThere(page, 'lin')
  await see(page, 'Example does not answer.')
  upstream.isBroken = false
  say('a provider that fails on the way back is a page')

  await begin(page, 'Example')
  await seeAccount(page)
  await see(page, 'lin@example.com')
  await see(page, 'Remove')
  say('a new person gets an account, with the address of the provider')

  const { code } = await setUpApp(page)
  await signOut(page)
  upstream.rotate(redirectUris)
  await begin(page, 'Example', '/pages/account/sessions')
  await signInThere(page, 'lin')
  await see(page, 'One more step')
  await page.getByLabel('Code of your authenticator app').fill(code())
  await press(page, 'Continue')
  await page.waitForURL(`${tour.base}/pages/account/sessions`)
  say('after the provider has replaced its keys, the second step is asked for, and leads on')
  await page.context().close()
}

async function tryWithoutScripts() {
  const page = await open({ javaScriptEnabled: false })
  await begin(page, 'GitHub', '/pages/account/sessions')
  lookalike.visitor = undefined
  await page.reload()
  await press(page, 'Continue')
  await see(page, 'Sign in with GitHub')
  assert.equal(new URL(page.url()).search, '?return_to=%2Fpages%2Faccount%2Fsessions')
  lookalike.visitor = { sub: 583231, email: 'octo@example.com', email_verified: true }
  await press(page, 'Sign in with GitHub', 'link')
  await press(page, 'Continue')
  await page.waitForURL(`${tour.base}/pages/account/sessions`)
  await page.goto(`${tour.base}/pages/account`)
  await see(page, 'octo@example.com')
  await page.context().close()
  say('without scripts: signing up with GitHub, after a denial')
}

/** The newest two attempts of a browser stay. */
async function tryTabs() {
  const first = await open()
  const tabs = [first, await tabOf(first), await tabOf(first)]
  for (const tab of tabs) await begin(tab, 'GitHub')
  for (const tab of tabs.slice(1)) {
    await press(tab, 'Continue')
    await seeAccount(tab)
  }
  await press(first, 'Continue')
  await see(first, 'Signing in with GitHub did not work.')
  await first.context().close()
  say('two tabs sign in at once; the oldest of three is refused')
}

/** A frontend of another origin of the same site gets tokens. */
async function tryHandOver() {
  const page = await open()
  await begin(page, 'GitHub', `${FRONTEND}/start`)
  await press(page, 'Continue')
  await page.waitForURL(`${FRONTEND}/start`)
  const tokens = await page.evaluate(async (base) => {
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(`${base}/token/refresh`, { method: 'POST', credentials: 'include', headers, body: '{}' })
    return answer.json()
  }, tour.base)
  const claims = JSON.parse(Buffer.from(tokens.access_token.split('.')[1], 'base64url'))
  assert.deepEqual([claims.amr, claims.acr], [['fed'], 'aal1'])
  await page.context().close()
  say('a frontend is led back to, and gets tokens')
}

/** Ada has verified her address here, and uses a second step. */
async function tryAsk() {
  const page = await open()
  await begin(page, 'Example')
  await signInThere(page, 'ada')
  await see(page, 'You have an account here')
  await press(page, 'Sign in', 'link')
  await givePassword(page, 'ada')
  await page.locator('details').evaluate((details) => details.setAttribute('open', ''))
  await page.getByLabel('Recovery code', { exact: true }).fill(tour.codes.pop())
  await press(page, 'Use this code')
  await seeAccount(page)
  await see(page, 'Remove')
  await signOut(page)
  await begin(page, 'Example')
  await see(page, 'One more step')
  await page.context().close()
  say('who has an account signs in once as usual, second step included, and then with the provider')
}

/** Grace's address is not verified here: an attacker may have registered it. */
async function tryClaim() {
  const attacker = await open()
  await attacker.goto(`${tour.base}/pages/login`)
  await givePassword(attacker, 'grace')
  await seeAccount(attacker)
  const stranger = await open()
  await begin(stranger, 'Example')
  await signInThere(stranger, 'mallory')
  await see(stranger, 'Choose a name')
  const page = await open()
  await begin(page, 'Example')
  await signInThere(page, 'grace')
  await seeAccount(page)
  await see(page, 'grace@example.com')
  await attacker.reload()
  assert.equal(new URL(attacker.url()).pathname, '/pages/login')
  await givePassword(attacker, 'grace')
  await see(attacker, 'The name or the password is wrong.')
  for (const { context } of [attacker, stranger, page].map((each) => ({ context: each.context() })))
    await context.close()
  say('an unverified address is no proof; a verified one claims the account, and its password and sessions are void')
}

/** Apple posts its answer from another site, with texts for booleans and an address that relays. */
async function tryApple() {
  const relay = 'x7k2@privaterelay.appleid.com'
  const page = await open()
  lookalike.visitor = undefined
  await begin(page, 'Apple')
  await press(page, 'Continue')
  await see(page, 'Sign in with Apple')
  lookalike.visitor = { sub: '001.apple', email: relay, email_verified: 'true', is_private_email: 'true' }
  await begin(page, 'Apple')
  await press(page, 'Continue')
  await seeAccount(page)
  await see(page, relay)
  const { body } = lookalike.issuer.requests.findLast(({ path }) => path === '/token')
  const { payload, protectedHeader } = await jwtVerify(
    new URLSearchParams(body).get('client_secret') ?? '',
    key.publicKey,
    { issuer: 'TEAM', subject: CLIENT.client_id, audience: lookalike.issuer.url }
  )
  assert.deepEqual([protectedHeader, payload.exp - payload.iat], [{ alg: 'ES256', kid: 'KEY' }, 300])
  await signOut(page)
  await begin(page, 'Apple')
  await press(page, 'Continue')
  await seeAccount(page)
  await page.context().close()
  say('Apple: a form from another site leads to an account with the address that relays')
}

/** Links GitHub to the account of Apple's, and takes it off again. */
async function tryLinks() {
  const page = await open()
  await begin(page, 'Apple')
  await press(page, 'Continue')
  lookalike.visitor = { sub: 583231, email: 'octo@example.com', email_verified: true }
  await press(page, 'Add GitHub')
  await press(page, 'Continue')
  await see(page, 'This account at GitHub is already linked to another account here. Nothing was changed.')
  await press(page, 'Your account', 'link')
  lookalike.visitor = { sub: 583232, email: 'other@example.com', email_verified: true }
  await press(page, 'Add GitHub')
  await press(page, 'Continue')
  await seeAccount(page)
  await see(page, 'other@example.com')

  const other = await open()
  await begin(other, 'GitHub')
  await press(other, 'Continue')
  await see(other, 'x7k2@privaterelay.appleid.com')
  await other.context().close()

  const tab = await tabOf(page)
  await tab.goto(`${tour.base}/pages/account`)
  await press(tab, 'Add GitHub')
  await signOut(page)
  await press(tab, 'Continue')
  await see(tab, 'Signing in with GitHub did not work.')

  await begin(page, 'GitHub')
  await press(page, 'Continue')
  await seeAccount(page)
  await page.getByRole('button', { name: 'Remove: GitHub' }).click()
  await seeAccount(page)
  assert.equal(await page.getByRole('button', { name: /^Remove/ }).count(), 1)
  await page.context().close()
  say('GitHub is added to the account and removed; that of another account, and a session that ended, are refused')
}

/** Noa has nothing but the provider, which asks again although she is signed in there. */
async function tryStepUp() {
  const page = await open()
  await begin(page, 'Example')
  await signInThere(page, 'noa')
  await seeAccount(page)
  const stepUp = `${tour.base}/pages/step-up?return_to=/pages/account/sessions`
  await page.goto(stepUp)
  await press(page, 'Sign in with Example')
  await press(page, 'Cancel')
  await see(page, 'Confirm that it is you')
  await press(page, 'Sign in with Example')
  await signInThere(page, 'lin')
  await see(page, 'with another account than the one you are using here')
  await press(page, 'Confirm that it is you', 'link')
  await press(page, 'Sign in with Example')
  await signInThere(page, 'noa')
  await page.waitForURL(`${tour.base}/pages/account/sessions`)
  await page.context().close()
  say('a step-up at the provider asks again, and takes no other account')
}

/** A link on another site begins nothing by itself; one of a frontend does. */
async function tryElsewhere() {
  const page = await open()
  const url = `${tour.base}/federation/ours`
  await page.goto(FRONTEND.replace('localhost', '127.0.0.1'))
  await Promise.all([page.waitForURL(url), page.evaluate((to) => location.assign(to), url)])
  await see(page, 'A link on another site has led you here.')
  assert.deepEqual(await page.context().cookies(tour.base), [])
  await press(page, 'Sign in with Example', 'link')
  await signInThere(page, 'noa')
  await seeAccount(page)
  await page.context().close()
  say('a link on another site asks first')
}

/** A page of a browser without a past. */
async function open(options) {
  const context = await tour.browser.newContext({ locale: 'en', ...options })
  context.on('page', watch)
  return context.newPage()
}

function tabOf(page) {
  return page.context().newPage()
}

function watch(page) {
  page.setDefaultTimeout(8_000)
  page.on('console', (message) => {
    // The browser logs each answer of 400 and above.
    if (message.type() === 'error' && !/^Failed to load resource/.test(message.text())) complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(String(error)))
}

/** Goes to a provider by its button. @returns the answer that the button leads to */
async function begin(page, label, returnTo) {
  const query = returnTo === undefined ? '' : `?${new URLSearchParams({ return_to: returnTo })}`
  await page.goto(`${tour.base}/pages/login${query}`)
  const [answer] = await Promise.all([page.waitForNavigation(), press(page, `Sign in with ${label}`, 'link')])
  return answer
}

/** Signs in at the OpenID provider. */
async function signInThere(page, account) {
  await page.getByLabel('Account').fill(account)
  await press(page, 'Sign in')
}

async function givePassword(page, name) {
  await page.getByLabel('Email or username').fill(name)
  await page.getByLabel('Password').fill(PASSWORD)
  await press(page, 'Sign in')
}

async function setUpApp(page) {
  await page.getByRole('link', { name: 'Set up: Authenticator app' }).click()
  await press(page, 'Set up an app')
  const secret = (await page.locator('code').innerText()).replaceAll(' ', '')
  const app = new TOTP({ secret })
  await page.getByLabel('Code that the app shows').fill(app.generate({ timestamp: Date.now() - 30_000 }))
  await press(page, 'Turn on')
  await see(page, 'The authenticator app is set up.')
  return { code: () => app.generate() }
}

async function signOut(page) {
  await page.goto(`${tour.base}/pages/account`)
  await press(page, 'Sign out')
  await see(page, 'You are signed out.')
}

function press(page, name, role = 'button') {
  return page.getByRole(role, { name, exact: true }).click()
}

/** Waits until the page shows a text. */
async function see(page, text) {
  const wait = page.locator('main', { hasText: text }).waitFor()
  await wait.catch(async () => assert.fail(`${page.url()} does not show ${text}: ${await page.innerText('body')}`))
}

function seeAccount(page) {
  return page.waitForURL((url) => url.pathname === '/pages/account')
}

function say(line) {
  process.stdout.write(`ok  ${line}\n`)
}
