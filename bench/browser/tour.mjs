/** The built service with an account in use, and all of its pages in a real Chromium: for `axe.mjs` and `pictures.mjs`. */
import assert from 'node:assert/strict'
import { text } from 'node:stream/consumers'
import { setTimeout as pause } from 'node:timers/promises'
import { freePort } from '@latchkey/compare/measure/free-port'
import { TOTP } from 'otpauth'
import { chromium } from 'playwright-core'
import { SMTPServer } from 'smtp-server'
import { createAuthenticator } from '../../test/helpers/authenticator.ts'
import { Service } from '../shared/service.ts'

const PASSWORD = 'correct horse battery staple'
const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:152.0) Gecko/20100101 Firefox/152.0'
const SAFARI =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 26_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Mobile/15E148 Safari/604.1'

const ada = { username: 'ada', email: 'ada@example.com' }
const grace = { username: 'grace', email: 'grace@example.com' }

/**
 * The pages, each with what leads to it: a path, and what a person does there. Those of `signedIn` are ada's, who uses an
 * app and passkeys; those of `plain` are grace's, who has a password alone.
 */
export const PAGES = {
  'sign-in': { path: 'login' },
  'sign-in-refused': { path: 'login', act: (page) => fill(page, { name: 'ada', password: 'wrong' }) },
  'sign-in-limited': { path: 'login?return_to=https://elsewhere.example' },
  'second-step': { path: 'login', act: (page) => fill(page, { name: 'ada', password: PASSWORD }) },
  'second-step-refused': {
    path: 'login',
    async act(page) {
      await fill(page, { name: 'ada', password: PASSWORD })
      await fill(page, { totp: '000000' })
    }
  },
  'sign-up': { path: 'register' },
  'sign-up-refused': { path: 'register', act: (page) => fill(page, { username: 'a', password: 'password' }) },
  'password-forgot': { path: 'password/forgot' },
  'mail-asked': { path: 'password/forgot', act: (page) => fill(page, { email: 'nobody@example.com' }) },
  'email-resend': { path: 'email/resend' },
  'link-incomplete': { path: 'email/verify' },
  'link-expired': { path: `password/reset?token=${'x'.repeat(43)}` },
  'email-verify': { mail: { to: 'grace@example.com', of: '/pages/email/verify' } },
  'password-reset': { mail: { to: 'ada@example.com', of: '/pages/password/reset' } },
  account: { as: 'ada', path: 'account' },
  'account-done': { as: 'ada', path: 'account?done=password' },
  'account-plain': { as: 'grace', path: 'account' },
  'account-username': { as: 'grace', path: 'account/username' },
  'account-email': { as: 'grace', path: 'account/email' },
  'account-password': { as: 'grace', path: 'account/password' },
  'account-password-refused': {
    as: 'grace',
    path: 'account/password',
    act: (page) => fill(page, { current_password: 'wrong', new_password: 'password' })
  },
  'account-sessions': { as: 'ada', path: 'account/sessions' },
  'account-export': { as: 'ada', path: 'account/export' },
  'account-delete': { as: 'grace', path: 'account/delete' },
  'account-totp': { as: 'grace', path: 'account/totp' },
  'account-totp-secret': { as: 'grace', path: 'account/totp', act: (page) => press(page, 'main form button') },
  'account-totp-on': { as: 'ada', path: 'account/totp' },
  'account-recovery-codes': { as: 'ada', path: 'account/recovery-codes' },
  'account-recovery-codes-shown': {
    as: 'ada',
    path: 'account/recovery-codes',
    act: (page) => press(page, 'main form button')
  },
  'account-mfa': { as: 'ada', path: 'account/mfa' },
  'account-passkeys': { as: 'ada', path: 'account/passkeys' },
  'account-passkey-rename': {
    as: 'ada',
    path: 'account/passkeys',
    act: (page) => press(page, 'a[href*="passkeys/rename"]')
  },
  'account-passkey-delete': {
    as: 'ada',
    path: 'account/passkeys',
    act: (page) => press(page, 'a[href*="passkeys/delete"]')
  },
  'account-totp-remove': { as: 'ada', path: 'account/totp/remove' },
  'step-up': { as: 'ada', path: 'step-up?return_to=/pages/account/totp' },
  'sign-out': { as: 'ada', path: 'logout' },
  'sign-out-done': { as: 'leaving', path: 'logout', act: (page) => press(page, 'main form button') }
}

/** Somebody whose account was made by a provider, and has no password. */
const lin = { sub: 'lin', email: 'lin@example.com', email_verified: true }

/** The pages of other providers, each with who signs in there. For `axe.mjs`, which has a provider. */
export const PROVIDER_PAGES = {
  'provider-ask': { path: 'login', visitor: { sub: 'ada', email: ada.email, email_verified: true }, act: goToProvider },
  'provider-failed': { path: '../federation/example/callback?state=x' },
  'provider-unavailable': { path: '../federation/away' },
  'provider-name': { path: 'login', visitor: { sub: 'nobody' }, act: goToProvider },
  'provider-name-refused': {
    path: 'login',
    visitor: { sub: 'nobody' },
    async act(page) {
      await goToProvider(page)
      await fill(page, { username: 'a' })
    }
  },
  'account-provider': { as: 'lin', path: 'account' },
  'account-provider-taken': { as: 'grace', path: 'account', visitor: lin, act: takeIdentity },
  'step-up-provider': { as: 'lin', path: 'step-up?return_to=/pages/account/password' }
}

/**
 * Starts the service with its accounts, and a browser. `codes` are ada's recovery codes that are left.
 *
 * @param {object} [options]
 * @param {{ visitor?: object }} [options.lookalike] the provider of `PROVIDER_PAGES`, with who signs in there next
 */
export async function startTour({ executablePath = '/usr/bin/chromium', environment = {}, lookalike = {} } = {}) {
  const [port, smtpPort] = [await freePort(), await freePort()]
  const base = `http://localhost:${port}`
  const mails = []
  const smtp = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData(stream, { envelope }, done) {
      text(stream).then((raw) => {
        mails.push({ to: envelope.rcptTo[0].address, text: raw.replaceAll('=\r\n', '').replaceAll('=3D', '=') })
        done()
      }, done)
    }
  })
  smtp.listen(smtpPort, '127.0.0.1')
  const service = await Service.start({
    port,
    environment: {
      PUBLIC_URL: base,
      SMTP_URL: `smtp://127.0.0.1:${smtpPort}`,
      MAIL_FROM: 'Example <no-reply@example.com>',
      SERVICE_URL: 'https://www.example.com',
      LOG_LEVEL: 'error',
      ...environment
    }
  })
  const launch = () => chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] })
  // It does not always start on a busy machine.
  const browser = await launch().catch(launch)
  const stop = async () => {
    await browser.close()
    await service.stop()
    smtp.close()
  }

  async function call(method, path, body, { token, agent } = {}) {
    const headers = {
      ...(body && { 'content-type': 'application/json' }),
      ...(token && { authorization: `Bearer ${token}` }),
      ...(agent && { 'user-agent': agent })
    }
    const response = await fetch(base + path, { method, headers, ...(body && { body: JSON.stringify(body) }) })
    const answer = response.status === 204 ? undefined : await response.json()
    assert.ok(response.ok, `${method} ${path}: ${response.status} ${JSON.stringify(answer)}`)
    return answer
  }

  async function linkOf({ to, of }) {
    for (let tries = 0; tries < 600; tries += 1) {
      const found = mails.filter((mail) => mail.to === to && mail.text.includes(of)).at(-1)
      if (found) return new RegExp(`${base}${of}\\S*[?&]token=[\\w-]+`).exec(found.text)[0]
      await pause(100)
    }
    throw new Error(`no mail to ${to}`)
  }

  /** An account with an app and two passkeys, signed in elsewhere as well; and one with a password. */
  async function register() {
    await call('POST', '/register', { ...ada, password: PASSWORD })
    await call('POST', '/register', { ...grace, password: PASSWORD })
    const verification = new URL(await linkOf({ to: ada.email, of: '/pages/email/verify' }))
    await call('POST', '/email/verify', { token: verification.searchParams.get('token'), password: PASSWORD })
    const first = await call('POST', '/login', { username: 'ada', password: PASSWORD }, { agent: FIREFOX })
    const token = first.access_token
    for (const [name, kind] of [
      ['iCloud Keychain', { synced: true }],
      ['YubiKey 5', {}]
    ]) {
      const { public_key } = await call('POST', '/passkeys/options', {}, { token })
      const authenticator = createAuthenticator(base, kind)
      await call('POST', '/passkeys', { credential: authenticator.create(public_key), name }, { token })
    }
    const { uri } = await call('POST', '/mfa/totp', {}, { token })
    const app = new TOTP({ secret: new URL(uri).searchParams.get('secret') })
    const { codes } = await call('POST', '/mfa/totp/confirm', { totp: app.generate() }, { token })
    await call('POST', '/password/forgot', { email: ada.email })
    return codes
  }

  const codes = await register().catch(async (error) => {
    await stop()
    throw error
  })

  /** Signs in on the pages, with a recovery code where a second step is asked. */
  async function signIn(context, name) {
    const page = await context.newPage()
    await page.goto(`${base}/pages/login`)
    if (name === 'lin') {
      lookalike.visitor = lin
      await goToProvider(page)
      return page.close()
    }
    await fill(page, { name, password: PASSWORD })
    if (name === 'ada') {
      await page.locator('details').evaluate((details) => details.setAttribute('open', ''))
      await fill(page, { recovery_code: codes.pop() })
    }
    await page.close()
  }

  const contexts = new Map()

  /** A browser in a language, in which somebody has signed in. */
  async function contextOf(as, locale) {
    const key = `${as} ${locale}`
    if (!contexts.has(key) || as === 'leaving') {
      const userAgent = as === 'grace' ? undefined : FIREFOX
      const context = await browser.newContext({ locale, ...(userAgent && { userAgent }) })
      if (as) await signIn(context, as === 'leaving' ? 'grace' : as)
      contexts.set(key, context)
    }
    return contexts.get(key)
  }

  /** Opens a page as a person would. */
  async function open(name, locale = 'en') {
    const { as, path, mail, act, visitor } = { ...PAGES, ...PROVIDER_PAGES }[name]
    const page = await (await contextOf(as, locale)).newPage()
    page.setDefaultTimeout(20_000)
    lookalike.visitor = visitor
    await page.goto(mail ? await linkOf(mail) : `${base}/pages/${path}`)
    if (act) await act(page)
    return page
  }

  // Another device, so that the account has two sessions.
  const phone = await browser.newContext({ userAgent: SAFARI })
  await signIn(phone, 'ada')
  return { base, browser, codes, open, stop }
}

/** Fills in the first form that has these fields, and sends it. */
async function fill(page, fields) {
  const [first] = Object.keys(fields)
  const form = page.locator('form', { has: page.locator(`[name=${first}]:not([type=hidden])`) }).first()
  for (const [name, value] of Object.entries(fields)) await form.locator(`[name=${name}]:not([hidden])`).fill(value)
  await form.evaluate((element) => {
    element.noValidate = true
  })
  await Promise.all([page.waitForNavigation(), form.locator('button').first().click()])
}

const press = (page, selector) => Promise.all([page.waitForNavigation(), page.locator(selector).first().click()])

/** Goes to the provider by its button, and signs in there. */
async function goToProvider(page) {
  await press(page, 'a[href*="federation/example"]')
  await press(page, 'button')
}

/** Adds an account at the provider that another account has. */
async function takeIdentity(page) {
  const form = page.locator('form', { has: page.locator('[name=provider][value=example]') })
  await form.locator('button').click()
  await page.waitForURL((url) => url.pathname === '/authorize')
  await press(page, 'button')
}
