/**
 * `@latchkey/client/passkeys` in a real Chromium, with virtual authenticators (CDP, WebAuthn Level 3 §11.2): passkeys of
 * two authenticators, behind a button and in the autofill, as a second step and at a step-up, beside a password manager
 * whose answers have a broken toJSON(), cloned, and unknown; then ten authenticators, each with an account of its own.
 *
 *   npm run build && npm run build -w @latchkey/client && node --import tsx bench/browser/passkeys.mjs [/usr/bin/chromium]
 *
 * It starts the built service on an embedded database of its own, and a frontend on another port. Fails if the ceremonies
 * take longer than 90 s in total, the starts of the service and of the browser not included.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { TOTP } from 'otpauth'
import { chromium } from 'playwright-core'
import { Service } from '../shared/service.ts'
import { withAuthenticators } from './authenticators.mjs'

const [executablePath = '/usr/bin/chromium'] = process.argv.slice(2)
const [PORT, FRONTEND_PORT] = [3923, 3924]
const SERVICE = `http://localhost:${PORT}`
const FRONTEND = `http://localhost:${FRONTEND_PORT}`
const PASSWORD = 'correct horse battery staple'
const AUTHENTICATORS = 10
const LIMIT_S = 90

const PAGE = `<!doctype html><title>a frontend</title>
<form><input name="username" autocomplete="username webauthn" autofocus></form>
<script type="module">
  import { createSession } from '/index.js'
  import * as passkeys from '/passkeys.js'
  const session = createSession({ service: '${SERVICE}' })
  /** Sends a request that needs a fresh sign-in. */
  async function fresh(send, ask) {
    try {
      return await send()
    } catch (error) {
      if (error.code !== 'STEP_UP_REQUIRED') throw error
      await session.stepUp(await ask(error.challenge))
      return send()
    }
  }
  const withSession = (name) => (...given) => passkeys[name](session, ...given)
  window.frontend = {
    session,
    fresh,
    call: session.request,
    getCredential: passkeys.getCredential,
    hasPasskeys: passkeys.hasPasskeys,
    signIn: (username, password) => session.signIn({ username }, password),
    addPasskey: withSession('addPasskey'),
    offerPasskeys: withSession('offerPasskeys'),
    signInWithPasskey: withSession('signInWithPasskey'),
    tellBrowser: withSession('tellBrowser')
  }
</script>`

const frontend = createServer((request, response) => {
  const [name] = /^\/[a-z]+\.js$/.exec(request.url) ?? []
  if (!name) return response.setHeader('content-type', 'text/html').end(PAGE)
  const source = readFileSync(new URL(`../../packages/client/dist${name}`, import.meta.url))
  return response.setHeader('content-type', 'text/javascript').end(source)
}).listen(FRONTEND_PORT, '127.0.0.1')
const service = await Service.start({
  port: PORT,
  environment: { PUBLIC_URL: SERVICE, CORS_ORIGINS: FRONTEND, LOG_LEVEL: 'error' }
})
let browser
let limit
try {
  // It does not always start on a busy machine.
  browser = await launch().catch(launch)
  const began = performance.now()
  limit = setTimeout(() => {
    throw new Error(`the ceremonies took longer than ${LIMIT_S} s`)
  }, LIMIT_S * 1000)
  await tryTwoAuthenticators()
  await tryAutofill()
  await trySecondStep()
  await tryPasswordManager()
  await tryClone()
  await tryAddress()
  await tryMany()
  say(`in ${((performance.now() - began) / 1000).toFixed(1)} s, of at most ${LIMIT_S}`)
} finally {
  clearTimeout(limit)
  await browser?.close()
  frontend.close().closeAllConnections()
  await service.stop()
}

function launch() {
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'] })
}

async function tryTwoAuthenticators() {
  const { page, add } = await open('ada')
  await signIn(page, 'ada')
  const phone = await add('internal')
  assert.deepEqual(await run(page, 'addPasskey', 'My phone'), { value: undefined })
  assert.deepEqual(await run(page, 'addPasskey', 'My phone'), { error: 'InvalidStateError' })
  say('an authenticator makes one passkey of an account, and says so when it is asked for a second one')

  await phone.present(false)
  const key = await add('usb')
  assert.deepEqual(await run(page, 'addPasskey', 'My key'), { value: undefined })
  const names = (await call(page, 'GET', '/passkeys')).value.passkeys.map(({ name }) => name)
  assert.deepEqual(names, ['My phone', 'My key'])
  say('another authenticator makes another')

  for (const [on, off] of [
    [phone, key],
    [key, phone]
  ]) {
    await Promise.all([on.present(true), off.present(false)])
    await page.reload()
    assert.deepEqual(await run(page, 'signInWithPasskey'), { value: undefined })
    assert.equal((await call(page, 'GET', '/me')).value.username, 'ada')
  }
  say('each of them signs in, without a name')

  const [, { id }] = (await call(page, 'GET', '/passkeys')).value.passkeys
  assert.deepEqual(await call(page, 'DELETE', `/passkeys/${id}`), { value: undefined })
  await run(page, 'tellBrowser')
  assert.deepEqual([(await phone.credentials()).length, (await key.credentials()).length], [1, 0])
  say('a passkey that is deleted is no longer offered by the browser')

  const [{ id: last }] = (await call(page, 'GET', '/passkeys')).value.passkeys
  await call(page, 'DELETE', `/passkeys/${last}`)
  await Promise.all([phone.present(true), key.present(false)])
  await page.reload()
  assert.deepEqual(await run(page, 'signInWithPasskey'), { error: 'PASSKEY_UNKNOWN' })
  assert.equal((await phone.credentials()).length, 0)
  say('after PASSKEY_UNKNOWN the browser has forgotten the passkey')
  await page.context().close()
}

async function tryAutofill() {
  const { page, add } = await open('grace')
  await signIn(page, 'grace')
  const phone = await add('internal')
  await run(page, 'addPasskey')
  await page.reload()
  assert.deepEqual(await run(page, 'offerPasskeys'), { value: true })
  assert.equal((await call(page, 'GET', '/me')).value.username, 'grace')
  say('the autofill of the name signs in')

  await phone.present(false)
  await page.reload()
  await page.evaluate(() => {
    window.offered = window.frontend.offerPasskeys()
  })
  await page.waitForTimeout(500)
  await phone.present(true)
  assert.deepEqual(await run(page, 'signInWithPasskey'), { value: undefined })
  assert.equal(await page.evaluate(() => window.offered), false)
  say('the button takes the place of an autofill that waits')
  await page.context().close()
}

async function trySecondStep() {
  const { page, add } = await open('alan')
  await signIn(page, 'alan')
  await add('internal')
  await run(page, 'addPasskey')
  const { codes } = (await call(page, 'PATCH', '/mfa', { required: true })).value
  const stepUp = () =>
    page.evaluate(async () => {
      const { call, fresh, getCredential } = window.frontend
      const asked = []
      const prove = async (challenge) => {
        asked.push(challenge.factors)
        return { credential: await getCredential(challenge.public_key) }
      }
      const { secret } = await fresh(() => call('POST', '/mfa/totp'), prove)
      return { asked, secret }
    })
  const { asked, secret } = await stepUp()
  assert.deepEqual(asked, [['recovery_code', 'passkey']])
  say('what changes how to sign in asks for the passkey first, where the session has proven a password alone')
  const app = new TOTP({ secret })
  const confirmed = await call(page, 'POST', '/mfa/totp/confirm', { totp: app.generate() })
  assert.equal(confirmed.value.codes.length, 10)

  for (const recovery_code of [undefined, confirmed.value.codes[0]]) {
    await page.reload()
    const outcome = await page.evaluate(
      async ([password, recovery_code]) => {
        const { call, getCredential, session, signIn } = window.frontend
        const { challenge } = await signIn('alan', password).catch((error) => error)
        const proof = recovery_code ? { recovery_code } : { credential: await getCredential(challenge.public_key) }
        await session.secondStep(challenge, proof)
        return { factors: challenge.factors, name: (await call('GET', '/me')).username }
      },
      [PASSWORD, recovery_code]
    )
    assert.deepEqual(outcome, { factors: ['totp', 'recovery_code', 'passkey'], name: 'alan' })
    say(`${recovery_code ? 'a recovery code' : 'a passkey'} is the second step after a password`)
  }
  assert.equal(codes.length, 10)
  await page.context().close()
}

async function tryPasswordManager() {
  const { page, add } = await open('edsger', () => {
    const broken = () => {
      throw new TypeError('Illegal invocation')
    }
    PublicKeyCredential.prototype.toJSON = broken
    AuthenticatorAttestationResponse.prototype.getPublicKey = broken
    AuthenticatorAttestationResponse.prototype.getPublicKeyAlgorithm = broken
  })
  await signIn(page, 'edsger')
  await add('internal')
  assert.deepEqual(await run(page, 'addPasskey'), { value: undefined })
  await page.reload()
  assert.deepEqual(await run(page, 'signInWithPasskey'), { value: undefined })
  say('a password manager whose answers have no working toJSON() makes no difference')
  await page.context().close()
}

async function tryClone() {
  const { page, add } = await open('barbara')
  await signIn(page, 'barbara')
  const key = await add('usb')
  await run(page, 'addPasskey')
  const [copy] = await key.credentials()
  for (let times = 0; times < 2; times += 1) {
    await page.reload()
    assert.deepEqual(await run(page, 'signInWithPasskey'), { value: undefined })
  }
  const [original] = await key.credentials()
  await key.replace({ ...copy, signCount: 0 })
  await page.reload()
  assert.deepEqual(await run(page, 'signInWithPasskey'), { error: 'PASSKEY_INVALID' })
  assert.equal((await key.credentials()).length, 1)
  await key.replace(original)
  await page.reload()
  assert.deepEqual(await run(page, 'signInWithPasskey'), { value: undefined })
  say('a copy whose counter is behind is refused, and the original works')
  await page.context().close()
}

async function tryAddress() {
  const { page } = await open('donald')
  assert.deepEqual(await run(page, 'hasPasskeys'), { value: true })
  await page.goto(`http://127.0.0.1:${FRONTEND_PORT}/`)
  assert.deepEqual(await run(page, 'hasPasskeys'), { value: false })
  say('at 127.0.0.1 a frontend offers no passkeys')
  await page.context().close()
}

async function tryMany() {
  for (let index = 0; index < AUTHENTICATORS; index += 1) {
    const { page, add } = await open(`user${index}`)
    await signIn(page, `user${index}`)
    await add(index % 2 === 0 ? 'internal' : 'usb')
    assert.deepEqual(await run(page, 'addPasskey'), { value: undefined })
    await page.reload()
    assert.deepEqual(await run(page, 'signInWithPasskey'), { value: undefined })
    assert.equal((await call(page, 'GET', '/me')).value.username, `user${index}`)
    await page.context().close()
  }
  say(`${AUTHENTICATORS} authenticators, each with an account of its own`)
}

/** A page of the frontend, of a browser without a past, and an account; authenticators can be added to it. */
async function open(username, script) {
  const context = await browser.newContext()
  if (script) await context.addInitScript(script)
  const page = await context.newPage()
  await page.goto(`${FRONTEND}/`)
  await call(page, 'POST', '/register', { username, password: PASSWORD })
  return { page, add: await withAuthenticators(page) }
}

async function signIn(page, username) {
  assert.deepEqual(await run(page, 'signIn', username, PASSWORD), { value: undefined })
}

/** Runs a function of the page. */
function run(page, name, ...given) {
  return page.evaluate(
    async ([name, given]) => {
      try {
        return { value: await window.frontend[name](...given) }
      } catch (error) {
        return { error: error.code && typeof error.code === 'string' ? error.code : error.name }
      }
    },
    [name, given]
  )
}

function call(page, ...given) {
  return run(page, 'call', ...given)
}

function say(line) {
  process.stdout.write(`ok  ${line}\n`)
}
