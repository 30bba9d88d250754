/**
 * The hosted pages in a real Chromium, as a person uses them: first without scripts (sign up, authenticator app, sign out,
 * sign in by the app and by a recovery code, confirm again, lose the phone and recover, delete the account), then with scripts and virtual
 * authenticators (CDP, WebAuthn Level 3 §11.2): add, name and delete passkeys, sign in by the button and by the autofill,
 * as a second step and to confirm again; then by the keyboard alone, and at 127.0.0.1, where browsers have no passkeys.
 *
 *   npm run build && node --import tsx bench/browser/pages.mjs [/usr/bin/chromium]
 *
 * It starts the built service on an embedded database of its own. Every page is watched: an error in the console, such as
 * of the Content-Security-Policy, fails the run.
 */
import assert from 'node:assert/strict'
import { TOTP } from 'otpauth'
import { chromium } from 'playwright-core'
import { Service } from '../shared/service.ts'
import { withAuthenticators } from './authenticators.mjs'

const [executablePath = '/usr/bin/chromium'] = process.argv.slice(2)
const PORT = 3925
const SERVICE = `http://localhost:${PORT}`
const PASSWORD = 'correct horse battery staple'

const service = await Service.start({ port: PORT, environment: { PUBLIC_URL: SERVICE, LOG_LEVEL: 'error' } })
const began = performance.now()
/** What the consoles of all pages complained of. */
const complaints = []
let browser
try {
  // It does not always start on a busy machine.
  browser = await launch().catch(launch)
  await tryWithoutScripts()
  await tryPasskeys()
  await tryAutofill()
  await trySecondStepByPasskey()
  await tryKeyboard()
  await tryAddress()
  assert.deepEqual(complaints, [])
  say('no page has made the console complain')
  say(`in ${((performance.now() - began) / 1000).toFixed(1)} s`)
} finally {
  await browser?.close()
  await service.stop()
}

function launch() {
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'] })
}

async function tryWithoutScripts() {
  const { page } = await open({ javaScriptEnabled: false })
  await signUp(page, 'ada')
  say('without scripts: signing up signs in')

  const { show, codes } = await setUpApp(page)
  await signOut(page)
  say('an app is set up by its code, recovery codes are shown, and signing out works')

  await giveName(page, 'ada', 'a wrong password')
  await see(page, 'The name or the password is wrong.')
  assert.equal(await page.getByLabel('Email or username').inputValue(), 'ada')
  await giveName(page, 'ada')
  await page.getByLabel('Code of your authenticator app').fill('000000')
  await press(page, 'Continue')
  await see(page, 'This code is wrong, or was already used.')
  const code = show(0)
  await page.getByLabel('Code of your authenticator app').fill(`${code.slice(0, 3)} ${code.slice(3)}`)
  await press(page, 'Continue')
  await seeAccount(page)
  say('signing in asks for the code, after a wrong one again, and takes it as apps write it')

  await page.goto(`${SERVICE}/pages/step-up?return_to=/pages/account/recovery-codes`)
  await page.getByLabel('Code of your authenticator app').fill(show(1))
  await press(page, 'Continue')
  assert.equal(page.url(), `${SERVICE}/pages/account/recovery-codes`)
  await see(page, 'Left: 10 of 10')
  await press(page, 'Make new codes')
  const renewed = await readCodes(page)
  await signOut(page)
  say('confirming again by the app leads on to where that was needed')

  await giveName(page, 'ada')
  await useRecoveryCode(page, codes[0])
  await see(page, 'This code is wrong, or was already used.')
  await useRecoveryCode(page, renewed[0].replace('-', ' ').toUpperCase())
  await seeAccount(page)
  await page.goto(`${SERVICE}/pages/account/totp`)
  await press(page, 'Replace the app')
  await see(page, 'Set up an authenticator app')
  const { show: shownBySecond } = await confirmApp(page)
  await press(page, 'I have saved them', 'link')
  await page.getByRole('link', { name: 'Change: Authenticator app' }).click()
  await press(page, 'Remove the app', 'link')
  await press(page, 'Remove the app')
  await see(page, 'The authenticator app was removed.')
  await signOut(page)
  await giveName(page, 'ada')
  await seeAccount(page)
  assert.equal(shownBySecond().length, 6)
  say('whoever loses the phone signs in by a recovery code, sets up another app, and can remove it')

  await page.getByRole('link', { name: 'Delete: Delete the account' }).click()
  await page.getByLabel('Current password').fill(PASSWORD)
  await press(page, 'Delete the account')
  await see(page, 'Your account is deleted')
  await giveName(page, 'ada')
  await see(page, 'The name or the password is wrong.')
  say('deleting the account leaves nothing to sign in to')
  await page.context().close()
}

async function tryPasskeys() {
  const { page, add } = await open()
  await signUp(page, 'grace')
  const phone = await add('internal')
  await page.goto(`${SERVICE}/pages/account/passkeys`)
  await see(page, 'You have no passkey yet.')
  await page.getByLabel('Name (optional)').fill('My phone')
  await press(page, 'Add a passkey')
  await see(page, 'The passkey was added.')
  await see(page, 'My phone one device')
  say('with scripts: a passkey is added and named')

  await press(page, 'Add a passkey')
  await page.getByText('This device has a passkey of your account already.').waitFor()
  assert.equal((await phone.credentials()).length, 1)
  await phone.present(false)
  const key = await add('usb')
  await press(page, 'Add a passkey')
  await see(page, 'The passkey was added.')
  say('the same authenticator makes no second one, and another one does')

  await page.getByRole('link', { name: 'Rename: My phone' }).click()
  await page.getByLabel('Name').fill('Telephone')
  await press(page, 'Save the name')
  await see(page, 'The passkey has its new name.')
  await see(page, 'Telephone')

  await page.getByRole('link', { name: 'Delete: Passkey' }).click()
  await press(page, 'Delete the passkey')
  await see(page, 'The passkey was deleted.')
  await page.waitForTimeout(300)
  assert.deepEqual([(await phone.credentials()).length, (await key.credentials()).length], [1, 0])
  say('one is renamed and one deleted, which the browser then no longer offers')

  await signOut(page)
  await key.present(false)
  await pressPasskey(page, phone, '?return_to=/pages/account/passkeys')
  await see(page, 'Telephone')
  assert.equal(page.url(), `${SERVICE}/pages/account/passkeys`)
  say('the button signs in, without a name, and leads back')

  await page.goto(`${SERVICE}/pages/step-up?return_to=/pages/account/mfa`)
  await press(page, 'Use a passkey')
  await see(page, 'Your password alone signs you in.')
  await press(page, 'Ask for a second step')
  assert.equal((await readCodes(page)).length, 10)
  say('a passkey confirms again, and can be required as the second step')

  const [credential] = await phone.credentials()
  await page.goto(`${SERVICE}/pages/account/passkeys`)
  await page.getByRole('link', { name: 'Delete: Telephone' }).click()
  await see(page, 'You have no other second step')
  await press(page, 'Delete the passkey')
  await see(page, 'You have no passkey yet.')
  await phone.replace(credential)
  await signOut(page)
  await pressPasskey(page, phone)
  await see(page, 'No account has this passkey.')
  await page.waitForTimeout(300)
  assert.equal((await phone.credentials()).length, 0)
  say('a passkey that no account has is refused, and the browser forgets it')
  await page.context().close()
}

async function tryAutofill() {
  const { page, add } = await open()
  await signUp(page, 'edsger')
  const phone = await add('internal')
  await page.goto(`${SERVICE}/pages/account/passkeys`)
  await press(page, 'Add a passkey')
  await see(page, 'The passkey was added.')
  await signOut(page)
  await page.goto(`${SERVICE}/pages/login`)
  await page.waitForURL(`${SERVICE}/pages/account`)
  say('the autofill of the name signs in')

  await signOut(page)
  await pressPasskey(page, phone)
  await page.waitForURL(`${SERVICE}/pages/account`)
  say('the button takes the place of an autofill that waits')
  await page.context().close()
}

async function trySecondStepByPasskey() {
  const { page, add } = await open()
  await signUp(page, 'alan')
  const { codes } = await setUpApp(page)
  const phone = await add('internal')
  await page.goto(`${SERVICE}/pages/account/passkeys`)
  await press(page, 'Add a passkey')
  await see(page, 'The passkey was added.')
  await signOut(page)
  await phone.present(false)
  await giveName(page, 'alan')
  await phone.present(true)
  await press(page, 'Use a passkey')
  await page.waitForURL(`${SERVICE}/pages/account`)
  say('a passkey is the second step after a password')

  await phone.forget()
  await signOut(page)
  await giveName(page, 'alan')
  await see(page, 'One more step')
  await page.reload()
  await see(page, 'Forgot the password?')
  assert.equal(await page.locator('[name=mfa_token]').count(), 0)
  say('the history does not send the form with the password again')

  await giveName(page, 'alan')
  await useRecoveryCode(page, codes[3])
  await seeAccount(page)
  await page.goto(`${SERVICE}/pages/account/passkeys`)
  await page.getByRole('link', { name: 'Delete: Passkey' }).click()
  await press(page, 'Delete the passkey')
  await see(page, 'You have no passkey yet.')
  await press(page, 'Add a passkey')
  await see(page, 'The passkey was added.')
  say('whoever loses the app and the passkey gets in by a recovery code, and adds new ones')
  await page.context().close()
}

async function tryKeyboard() {
  const { page } = await open()
  await signUp(page, 'barbara')
  await signOut(page)
  await page.goto(`${SERVICE}/pages/login`)
  await reach(page, 'name')
  await page.keyboard.type('barbara')
  await reach(page, 'password')
  await page.keyboard.type(PASSWORD)
  await page.keyboard.press('Enter')
  await page.waitForURL(`${SERVICE}/pages/account`)
  await page.goto(`${SERVICE}/pages/account/totp`)
  await reachText(page, 'Set up an app')
  await page.keyboard.press('Enter')
  const secret = (await page.locator('code').innerText()).replaceAll(' ', '')
  await reach(page, 'totp')
  await page.keyboard.type(new TOTP({ secret }).generate())
  await page.keyboard.press('Enter')
  assert.equal((await readCodes(page)).length, 10)
  say('by the keyboard alone: signing in, and setting an app up')
  await page.context().close()
}

async function tryAddress() {
  const { page } = await open()
  await page.goto(`http://127.0.0.1:${PORT}/pages/login?return_to=/pages/account/passkeys`)
  assert.equal(await page.getByRole('button', { name: 'Sign in with a passkey' }).count(), 0)
  await page.getByRole('link', { name: `Passkeys work at localhost:${PORT}` }).click()
  const { origin, pathname, searchParams } = new URL(page.url())
  assert.equal(
    `${origin}${pathname} ${searchParams.get('return_to')}`,
    `${SERVICE}/pages/login /pages/account/passkeys`
  )
  await page.getByRole('button', { name: 'Sign in with a passkey' }).waitFor()
  say('at 127.0.0.1 a link leads to localhost, where passkeys work')
  await page.context().close()
}

/** A page of a browser without a past; authenticators can be added to it. */
async function open(options) {
  const context = await browser.newContext(options)
  const page = await context.newPage()
  page.setDefaultTimeout(15_000)
  page.on('console', (message) => {
    // The browser logs each answer of 400 and above.
    if (message.type() === 'error' && !/^Failed to load resource/.test(message.text())) complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(String(error)))
  return { page, add: await withAuthenticators(page) }
}

async function signUp(page, username) {
  await page.goto(`${SERVICE}/pages/register`)
  await page.getByLabel('Username (optional)').fill(username)
  await page.getByLabel('Password').fill(PASSWORD)
  await press(page, 'Create the account')
  await seeAccount(page)
}

/** Fills in the first page of a sign-in. */
async function giveName(page, name, password = PASSWORD) {
  await page.goto(`${SERVICE}/pages/login`)
  await page.getByLabel('Email or username').fill(name)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
}

/** Presses the button of the first page, while the autofill waits: it must not have been used before. */
async function pressPasskey(page, authenticator, query = '') {
  await authenticator.present(false)
  await page.goto(`${SERVICE}/pages/login${query}`)
  await page.waitForTimeout(500)
  await authenticator.present(true)
  await press(page, 'Sign in with a passkey')
}

async function useRecoveryCode(page, code) {
  const field = page.getByLabel('Recovery code', { exact: true })
  if (!(await field.isVisible())) await page.getByText('Use a recovery code instead').click()
  await field.fill(code)
  await press(page, 'Use this code')
}

async function signOut(page) {
  await page.goto(`${SERVICE}/pages/account`)
  await press(page, 'Sign out')
  await see(page, 'You are signed out.')
}

async function setUpApp(page) {
  await page.goto(`${SERVICE}/pages/account`)
  await page.getByRole('link', { name: 'Set up: Authenticator app' }).click()
  await press(page, 'Set up an app')
  return confirmApp(page)
}

/** Gives the first code of the app whose secret the page shows: after a wrong one, the page shows the secret again. */
async function confirmApp(page) {
  const secret = (await page.locator('code').innerText()).replaceAll(' ', '')
  const app = new TOTP({ secret })
  const show = (steps = 0) => app.generate({ timestamp: Date.now() + steps * 30_000 })
  const field = page.getByLabel('Code that the app shows')
  await field.fill('12345')
  await press(page, 'Turn on')
  await see(page, 'Enter the six digits that the app shows.')
  assert.equal((await page.locator('code').innerText()).replaceAll(' ', ''), secret)
  await field.fill(show(-1))
  await press(page, 'Turn on')
  await see(page, 'The authenticator app is set up.')
  return { show, codes: await readCodes(page) }
}

async function readCodes(page) {
  await page.locator('.codes li').first().waitFor()
  const codes = await page.locator('.codes li').allInnerTexts()
  assert.equal(codes.length, 10)
  return codes
}

function press(page, name, role = 'button') {
  return page.getByRole(role, { name, exact: true }).click()
}

/** Waits until the page shows a text. */
function see(page, text) {
  return page.locator('main', { hasText: text }).waitFor()
}

function seeAccount(page) {
  return page.waitForURL((url) => url.pathname === '/pages/account')
}

/** Moves the focus by the tab key until a field has it. */
function reach(page, name) {
  return tabUntil(page, (wanted) => document.activeElement?.getAttribute('name') === wanted, name)
}

/** Moves the focus by the tab key until a button or a link with a text has it. */
function reachText(page, text) {
  return tabUntil(page, (wanted) => document.activeElement?.textContent === wanted, text)
}

async function tabUntil(page, isReached, wanted) {
  for (let times = 0; times < 20; times += 1) {
    if (await page.evaluate(isReached, wanted)) return
    await page.keyboard.press('Tab')
  }
  throw new Error(`the tab key does not reach ${wanted}`)
}

function say(line) {
  process.stdout.write(`ok  ${line}\n`)
}
