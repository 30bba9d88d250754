/**
 * The console in a real Chromium, as operators use it, on 2,000 accounts: signing in, the overview, finding and helping
 * users, the record, keys, service keys, stepping up, the role support, and accounts without a role; by the keyboard alone;
 * with the texts of strangers; each screen by axe-core, wide and narrow, light and dark.
 *
 *   npm run build && node --import tsx bench/browser/console.mjs [chromium] [folder for pictures]
 *
 * Every page is watched: an error in the console, such as of the Content-Security-Policy, fails the run.
 */
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { freePort } from '@latchkey/compare/measure/free-port'
import { TOTP } from 'otpauth'
import { chromium } from 'playwright-core'
import { Service } from '../shared/service.ts'
import { HOSTILE, PASSWORD, startWithOperators } from './operators.mjs'

const [executablePath = '/usr/bin/chromium', folder] = process.argv.slice(2)
if (folder) mkdirSync(folder, { recursive: true })

const AXE = readFileSync(new URL('../../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8')
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
const LOOKS = [
  ...[1280, 390, 320].map((width) => ({ colorScheme: 'light', width })),
  ...[1280, 320].map((width) => ({ colorScheme: 'dark', width }))
]

/** The shortest time after which a sign-in is no longer recent. */
const STEP_UP_MAX_AGE = 60

const service = await startWithOperators({ environment: { STEP_UP_MAX_AGE: `${STEP_UP_MAX_AGE}` } })
const CONSOLE = `${service.base}/console`
const began = performance.now()
const complaints = []
const findings = []
const launch = () => chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] })
let browser
try {
  // It does not always start on a busy machine.
  browser = await launch().catch(launch)
  const old = await open()
  await signIn(old, 'ada')
  const oldAt = performance.now()
  const page = await trySigningIn()
  await tryOneUser(page, await makeHostile())
  await tryKeys(page)
  await tryServiceKeys(page)
  await tryUsers(page)
  await tryOverview(page)
  await tryRecord(page)
  await trySupport(page)
  await tryWithoutRole()
  await tryWithoutScripts()
  await trySetup()
  await tryStepUp(old, oldAt)
  await trySigningOut(page)
  assert.deepEqual(complaints, [])
  say('no page has made the console complain')
  assert.deepEqual(findings, [])
  say('axe-core finds nothing, and nothing is wider than the window')
  say(`in ${((performance.now() - began) / 1000).toFixed(1)} s`)
} finally {
  await browser?.close()
  await service.stop()
}

async function trySigningIn() {
  const page = await open()
  await page.goto(`${CONSOLE}#/users`)
  await page.waitForURL(/\/pages\/login\?return_to=/)
  await page.keyboard.press('Tab')
  await reach(page, '[name=name]')
  await page.keyboard.type('ada')
  await reach(page, '[name=password]')
  await page.keyboard.type(PASSWORD)
  await page.keyboard.press('Enter')
  await page.waitForURL(`${CONSOLE}#/users`)
  await heading(page, 'Users')
  say('by the keyboard alone: the sign-in leads to the place that was asked for')

  const stored = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]))
  assert.equal(stored, '[{"latchkey_console":"1"},{}]')
  await page.reload()
  await heading(page, 'Users')
  say('a reload stays signed in, and no token is in a storage')
  return page
}

/** Gives bob sessions, wrong passwords, and metadata of every kind. */
async function makeHostile() {
  const login = (body, agent) =>
    fetch(`${service.base}/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'user-agent': agent },
      body: JSON.stringify(body)
    }).then((response) => response.json())
  for (const agent of [HOSTILE.agent, "=HYPERLINK('x')", 'okhttp/5.0']) {
    await login({ username: 'bob', password: PASSWORD }, agent)
  }
  await login({ username: 'bob', password: 'wrong' }, 'okhttp/5.0')
  const { access_token } = await login({ username: 'ada', password: PASSWORD }, 'curl')
  const headers = { authorization: `Bearer ${access_token}`, 'content-type': 'application/json' }
  const ask = (path, init) =>
    fetch(`${service.base}/admin/users${path}`, { headers, ...init }).then((response) => response.json())
  const { users } = await ask('?username=bob')
  const { agent, email, ...metadata } = HOSTILE
  await ask(`/${users[0].id}`, { method: 'PATCH', body: JSON.stringify({ metadata }) })
  return users[0].id
}

/** Gives an account an authenticator app. */
async function addApp(username, password) {
  const post = async (path, body, token) => {
    const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) }
    const response = await fetch(service.base + path, { method: 'POST', headers, body: JSON.stringify(body) })
    assert.ok(response.ok, `${path}: ${response.status}`)
    return response.json()
  }
  const { access_token } = await post('/login', { username, password })
  const { uri } = await post('/mfa/totp', {}, access_token)
  const totp = new TOTP({ secret: new URL(uri).searchParams.get('secret') }).generate()
  await post('/mfa/totp/confirm', { totp }, access_token)
}

async function tryOneUser(page, id) {
  await page.goto(`${CONSOLE}#/users/${id}`)
  await heading(page, 'bob')
  await see(page, HOSTILE.agent)
  await see(page, HOSTILE.email)
  await see(page, HOSTILE.markup.slice(0, 20))
  for (const point of ['U+202E', 'U+200B', 'U+0430']) await page.locator('pre .point', { hasText: point }).waitFor()
  assert.equal(await page.title(), 'bob – Latchkey console')
  assert.equal(await page.locator('#console :is(img, script, iframe)').count(), 0)
  assert.equal((await page.locator('#console bdi', { hasText: HOSTILE.email }).count()) > 0, true)
  await check(page, 'user')
  say('names, user agents and metadata of strangers show themselves, with code points, and do nothing')

  await press(page, 'Disable…')
  const asked = page.getByRole('dialog', { name: 'Disable the account?' })
  await asked.getByText('3 active sessions end.').waitFor()
  await checkDialog(page, 'user-dialog')
  await page.keyboard.press('Escape')
  await asked.waitFor({ state: 'detached' })
  assert.equal(await page.evaluate(() => document.activeElement?.textContent), 'Disable…')
  say('a dialog says what will happen, with numbers; Escape closes it, and the focus returns')

  await page.getByRole('button', { name: /^End the session of okhttp/ }).click()
  await confirm(page, 'End the session', 'The session has ended.')
  await press(page, 'Unlock…')
  await page.getByText('1 wrong password is forgotten').waitFor()
  await confirm(page, 'Unlock', 'The counters are reset.')
  await press(page, 'Disable…')
  await page.getByText('2 active sessions end.').waitFor()
  await confirm(page, 'Disable', 'The account is disabled.')
  await page.locator('h1 .tag.bad', { hasText: 'disabled' }).waitFor()
  await see(page, '3 ended sessions')
  assert.equal(await page.getByRole('button', { name: 'Send a mail…' }).count(), 0)
  await page.locator('h1').focus()
  await reachText(page, 'Enable…')
  await page.keyboard.press('Enter')
  await reachText(page, 'Enable')
  await page.keyboard.press('Space')
  await page.locator('.notice', { hasText: 'The account is enabled.' }).waitFor()
  await press(page, 'Send a mail…')
  await page.getByLabel('a link that verifies the address').check()
  await confirm(page, 'Send', 'The mail will be sent.')
  say('a session is ended, the account unlocked and disabled, a mail sent; and by the keyboard alone enabled')

  await stepUp(page)
  await page.goto(`${CONSOLE}#/users/${id}`)
  await press(page, 'Edit…')
  await page.getByLabel('Roles').fill('editor Nobody')
  await press(page, 'Save')
  await page.getByRole('alert').waitFor()
  await page.getByLabel('Roles').fill('editor')
  await page.getByLabel('Metadata').fill('{"plan": "pro"}')
  await checkDialog(page, 'user-edit')
  await confirm(page, 'Save', 'The account was changed.')
  await page.locator('pre', { hasText: '"plan": "pro"' }).waitFor()
  assert.equal(await page.locator('pre .point').count(), 0)
  await press(page, 'Set the password…')
  await page.getByLabel('New password').fill('bob')
  await press(page, 'Set')
  await page.getByRole('alert').waitFor()
  await page.getByLabel('New password').fill(`${PASSWORD}s`)
  await confirm(page, 'Set', 'The password is set.')
  await see(page, 'password set')
  say('an account is edited, and gets a password; what is refused is told in the dialog')

  await addApp('bob', `${PASSWORD}s`)
  await page.reload()
  await press(page, 'Remove factors…')
  await page.getByRole('dialog', { name: 'Remove all second factors?' }).waitFor()
  await confirm(page, 'Remove them', 'The second factors are removed.')
  await page.getByRole('button', { name: 'Remove factors…' }).waitFor({ state: 'detached' })
  await see(page, 'factors removed')
  say('the second factors of an account are removed')

  await page.goto(`${CONSOLE}#/users`)
  await press(page, 'New user…')
  await page.getByLabel('Username', { exact: true }).fill('temporary')
  await checkDialog(page, 'user-new')
  await confirm(page, 'Create', 'The account was created.')
  await heading(page, 'temporary')
  await press(page, 'Delete…')
  await confirm(page, 'Delete', 'The account was deleted.')
  await heading(page, 'Users')
  say('an account is made, and deleted')

  await page.goto(`${CONSOLE}#/users/0198a3c2-7f00-7000-8000-000000000001`)
  await see(page, 'There is nothing here.')
  for (const id of ['..', '%2e%2e', '..%2f..%2fdocs', 'x/y']) {
    await page.goto(`${CONSOLE}#/users/${id}`)
    await heading(page, 'There is nothing here')
  }
}

async function tryUsers(page) {
  await page.goto(`${CONSOLE}#/users`)
  await heading(page, 'Users')
  await page.locator('.users tbody tr').nth(49).waitFor()
  await check(page, 'users')
  await press(page, 'More')
  await page.locator('.users tbody tr').nth(99).waitFor()
  const field = page.getByLabel('Username or email begins with')
  const times = []
  for (const text of ['radia.9', 'radia.99', 'RADIA.999', 'ken.10', 'tim.8']) {
    await field.fill(text.slice(0, -1))
    await pause(400)
    await field.press('End')
    times.push(await timeOf(page, text))
  }
  times.sort((a, b) => a - b)
  say(`the list follows each key: ${times.map((time) => time.toFixed(0)).join(', ')} ms`)
  await field.fill('nobody.here')
  await see(page, 'No account fits.')
  // An empty page that is not the last one, as among a million accounts.
  let answer
  const asked = new Promise((resolve) => {
    answer = resolve
  })
  await page.route(/search=old/, async (route) => {
    const isNext = route.request().url().includes('cursor=')
    if (isNext) await asked
    await route.fulfill({ json: { users: [], next: isNext ? null : 'next' } })
  })
  await field.fill('old')
  await see(page, 'Searching older accounts…')
  answer()
  await see(page, 'No account fits.')
  await page.unroute(/search=old/)
  await field.fill('')
  await page.getByLabel('State').selectOption('disabled')
  await page.waitForFunction(() => {
    const states = [...document.querySelectorAll('.users tbody tr td:last-child')].map(({ textContent }) => textContent)
    return states.length === 40 && states.every((state) => state === 'disabled')
  })
  assert.match(page.url(), /#\/users\?state=disabled$/)
  await page.goto(`${CONSOLE}#/users?search=barbara.1992`)
  const row = page.locator('.users tbody a', { hasText: 'barbara.1992' })
  await row.waitFor()
  await field.focus()
  await reach(page, '.users tbody a')
  await page.keyboard.press('Enter')
  await heading(page, 'barbara.1992')
  await page.goBack()
  await row.waitFor()
  say('filters are in the address; the keyboard opens an account, and "back" returns')
}

/** From the last key to a list of names that begin with it all. */
function timeOf(page, text) {
  return page.evaluate(async (wanted) => {
    const field = document.querySelector('[name=search]')
    const fits = () => {
      const names = [...document.querySelectorAll('.users tbody a')].map(({ textContent }) => textContent)
      return names.length > 0 && names.every((name) => name.startsWith(wanted.toLowerCase()))
    }
    const start = performance.now()
    field.value = wanted
    field.dispatchEvent(new InputEvent('input', { bubbles: true }))
    // Names that fit the shorter text may fit already: the request has to be over.
    await new Promise((resolve) => {
      new PerformanceObserver((list, observer) => {
        if (
          !list.getEntries().some(({ name }) => name.includes(`search=${wanted}&`) || name.endsWith(`search=${wanted}`))
        )
          return
        observer.disconnect()
        resolve()
      }).observe({ type: 'resource' })
    })
    while (!fits()) await new Promise((resolve) => requestAnimationFrame(resolve))
    return performance.now() - start
  }, text)
}

async function tryOverview(page) {
  await page.goto(`${CONSOLE}#/`)
  await heading(page, 'Overview')
  await page.locator('.tiles', { hasText: '2,003' }).waitFor()
  await page.locator('.tiles .tag', { hasText: 'ready' }).waitFor()
  const chart = page.getByRole('img', { name: /^Sign-ins, .*: [1-9]/ })
  await chart.waitFor()
  assert.equal(await chart.locator('rect').count(), 30)
  await page.getByText('The numbers of each day (UTC)').click()
  const captions = await page.locator('.chart figcaption').allInnerTexts()
  for (const caption of captions) assert.match(caption, / 0 none in this period$| [1-9]\S* at most [1-9]\S* a day$/)
  assert.ok(captions.some((caption) => caption.startsWith('Throttled requests 0 none')))
  await check(page, 'overview')
  await page.getByLabel('Period').selectOption('90')
  await page.waitForFunction(() => document.querySelectorAll('.chart rect').length === 4 * 90)
  say('the overview shows the numbers, and charts of each day')
}

async function tryRecord(page) {
  await page.goto(`${CONSOLE}#/record`)
  await heading(page, 'Record')
  await page.locator('.records tbody tr').nth(5).waitFor()
  await check(page, 'record')
  await page.getByLabel('Action').selectOption('user disabled')
  await press(page, 'Filter')
  await page.waitForURL(/#\/record\?action=user\+disabled$/)
  await page.waitForFunction(() => document.querySelectorAll('.records tbody tr').length === 1)
  await page.locator('.records tbody a').last().click()
  await page.waitForURL(/#\/record\?address=127\.0\.0\.1$/)
  await page.getByLabel('Account (id)').fill('no id')
  await press(page, 'Filter')
  await page.getByRole('alert').waitFor()
  await page.getByLabel('After').fill('2001-01-01T00:00')
  await page.getByLabel('Account (id)').fill('')
  await press(page, 'Filter')
  await page.locator('.records tbody tr').first().waitFor()
  say('the record is filtered by action, address and time, and links lead to more')
}

async function tryKeys(page) {
  await stepUp(page)
  await page.goto(`${CONSOLE}#/keys`)
  await heading(page, 'Keys')
  await page.locator('.things .tag', { hasText: 'signing' }).waitFor()
  await press(page, 'Rotate…')
  await confirm(page, 'Rotate', 'A new key was made.')
  await page.locator('.things li').nth(1).waitFor()
  await check(page, 'keys')
  await page.locator('.things li', { hasText: 'published' }).getByRole('button').click()
  await confirm(page, 'Revoke', 'The key was revoked.')
  say('keys are listed, rotated and revoked')
}

async function tryServiceKeys(page) {
  await stepUp(page)
  await page.goto(`${CONSOLE}#/service-keys`)
  await heading(page, 'Service keys')
  await see(page, 'There is no service key.')
  await press(page, 'New key…')
  await page.getByLabel('Name').fill(HOSTILE.reversed)
  await page.getByLabel('users:read').check()
  await checkDialog(page, 'service-key-new')
  await press(page, 'Make the key')
  await page.getByRole('alert').waitFor()
  await page.getByLabel('Name').fill(`${HOSTILE.mixed}<b>`)
  await press(page, 'Make the key')
  await page.getByRole('dialog', { name: 'The new service key' }).waitFor()
  const key = await page.locator('.secret').innerText()
  assert.match(key, /^lk_/)
  await checkDialog(page, 'service-key-shown')
  await press(page, 'Close')
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  await page.locator('.things .point', { hasText: 'U+0430' }).waitFor()
  assert.equal((await page.content()).includes(key), false)
  await check(page, 'service-keys')
  const ask = (text) => fetch(`${service.base}/admin/users?limit=1`, { headers: { authorization: `Bearer ${text}` } })
  assert.equal((await ask(key)).status, 200)
  await press(page, /^New secret for/)
  await page.getByLabel('The present one works for').selectOption('0')
  await press(page, 'Make it')
  await page.getByRole('dialog', { name: 'The new secret' }).waitFor()
  const renewed = await page.locator('.secret').innerText()
  await press(page, 'Close')
  assert.deepEqual([(await ask(key)).status, (await ask(renewed)).status], [401, 200])
  await press(page, /^Revoke /)
  await confirm(page, 'Revoke', 'The service key was revoked.')
  assert.equal((await ask(renewed)).status, 401)
  say('a service key is made and shown once, renewed, and revoked')
}

async function trySupport(admin) {
  const page = await open()
  await signIn(page, 'sam')
  await heading(page, 'Overview')
  assert.deepEqual(await page.locator('nav a').allInnerTexts(), ['Overview', 'Users', 'Record'])
  await page.goto(`${CONSOLE}#/keys`)
  await see(page, 'There is nothing here')
  await page.goto(`${CONSOLE}#/users?search=bob`)
  await page.locator('.users tbody a').first().click()
  await heading(page, 'bob')
  assert.deepEqual(await page.locator('main > .heading .actions button').allInnerTexts(), ['Send a mail…', 'Disable…'])
  await page.goto(`${CONSOLE}#/users?search=ada`)
  await page.locator('.users tbody a').first().click()
  await see(page, 'Only an administrator changes an account with this role.')
  assert.equal(await page.locator('main button', { hasText: '…' }).count(), 0)
  say('support sees what it may do, and nothing else')

  await admin.goto(`${CONSOLE}#/users?search=sam`)
  await admin.locator('.users tbody a').first().click()
  await heading(admin, 'sam')
  await press(admin, 'End all…')
  await admin.getByText('1 active session ends.').waitFor()
  await confirm(admin, 'End all', 'The sessions have ended.')
  await page.reload()
  await see(page, 'You are not signed in.')
  await page.context().close()
  say('all sessions of support are ended, and its console says so')
}

async function tryWithoutRole() {
  const page = await open()
  await signIn(page, 'bob', `${PASSWORD}s`)
  await heading(page, 'No access')
  await see(page, 'bob has neither the role admin nor support.')
  assert.equal(await page.locator('nav, table, header').count(), 0)
  await check(page, 'no-role')
  await page.context().close()
  say('an account without a role is told so, and sees nothing else')
}

async function tryWithoutScripts() {
  const page = await open({ javaScriptEnabled: false })
  await page.goto(CONSOLE)
  assert.match(await page.locator('noscript').innerText(), /^The console needs JavaScript\./)
  assert.ok(await page.locator('noscript').isVisible())
  await page.context().close()
  say('without scripts the page says that it needs them')
}

/** The link that a first start prints creates the first administrator, once. */
async function trySetup() {
  const port = await freePort()
  const base = `http://127.0.0.1:${port}`
  const first = await Service.start({ port, environment: { PUBLIC_URL: base, ADMIN_MFA: 'on' } })
  try {
    const [link] = /http:\S+\/console#setup=[\w.-]+/.exec(first.log()) ?? []
    const page = await open()
    await page.goto(String(link))
    await heading(page, 'Create the first administrator')
    assert.equal(page.url(), `${base}/console`)
    await check(page, 'setup')
    await page.getByLabel('Username').fill('ada')
    await page.getByLabel('Password').fill('password')
    await press(page, 'Create')
    await page.getByRole('alert').waitFor()
    await page.getByLabel('Password').fill(PASSWORD)
    await press(page, 'Create')
    await see(page, 'Your account is created, with the role admin.')
    await press(page, 'Sign in')
    await page.locator('[name=name]').fill('ada')
    await page.locator('[name=password]').fill(PASSWORD)
    await page.keyboard.press('Enter')
    await see(page, 'This needs a sign-in with two factors.')
    await page.getByRole('link', { name: 'Set up a second factor' }).click()
    await page.getByRole('link', { name: 'Set up: Authenticator app' }).click()
    await press(page, 'Set up an app')
    const app = new TOTP({ secret: (await page.locator('code').innerText()).replaceAll(' ', '') })
    await page.getByLabel('Code that the app shows').fill(app.generate())
    await press(page, 'Turn on')
    await page.locator('.codes li').first().waitFor()
    await page.goto(`${base}/console`)
    await heading(page, 'Overview')
    await page.locator('.tiles .tag', { hasText: 'ready' }).waitFor()
    await page.context().close()
    const again = await open()
    await again.goto(String(link))
    await again.getByLabel('Username').fill('eve')
    await again.getByLabel('Password').fill(PASSWORD)
    await press(again, 'Create')
    await again.getByRole('alert').waitFor()
    await again.context().close()
    say(
      'the link of a first start creates the first administrator, once, who adds the second factor that ADMIN_MFA asks for'
    )
  } finally {
    await first.stop()
  }
}

async function tryStepUp(page, signedInAt) {
  await page.goto(`${CONSOLE}#/keys`)
  await heading(page, 'Keys')
  await pause(Math.max(0, signedInAt + (STEP_UP_MAX_AGE + 2) * 1000 - performance.now()))
  await press(page, 'Rotate…')
  await press(page, 'Rotate')
  await see(page, 'This needs a recent sign-in.', 'dialog')
  await checkDialog(page, 'step-up')
  await press(page, 'Confirm that it is you')
  await page.waitForURL(/\/pages\/step-up\?return_to=/)
  await page.locator('[name=password]').fill(PASSWORD)
  await page.keyboard.press('Enter')
  await page.waitForURL(`${CONSOLE}#/keys`)
  await heading(page, 'Keys')
  await press(page, 'Rotate…')
  await confirm(page, 'Rotate', 'A new key was made.')
  say('an old sign-in leads to the step-up and back to the same place, where it is done')
}

async function trySigningOut(page) {
  const other = await page.context().newPage()
  watch(other)
  await other.goto(`${CONSOLE}#/record`)
  await heading(other, 'Record')
  await press(page, 'Sign out')
  await see(page, 'You are signed out.')
  await see(other, 'You signed out in another tab.')
  await check(page, 'signed-out')
  assert.equal(await page.evaluate(() => localStorage.length), 0)
  await press(page, 'Sign in')
  await page.locator('[name=name]').waitFor()
  await page.goBack()
  await see(page, 'You are not signed in.')
  say('signing out reaches the other tabs, and nothing of it is left')
}

/** A page of a browser without a past. */
async function open(options) {
  const context = await browser.newContext(options)
  const page = await context.newPage()
  watch(page)
  return page
}

function watch(page) {
  page.setDefaultTimeout(15_000)
  page.on('console', (message) => {
    // The browser logs each answer of 400 and above.
    if (message.type() === 'error' && !/^Failed to load resource/.test(message.text())) complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(String(error)))
}

async function signIn(page, name, password = PASSWORD) {
  await page.goto(CONSOLE)
  await page.locator('[name=name]').fill(name)
  await page.locator('[name=password]').fill(password)
  await page.keyboard.press('Enter')
  await page.waitForURL(new RegExp(`^${CONSOLE}`))
}

/** A dialog, whose rules of style are those of the screens. */
function checkDialog(page, name) {
  return check(page, name, [LOOKS[0], LOOKS[4]])
}

/** A screen in its looks: axe, and the width; wide and narrow ones are drawn. */
async function check(page, name, looks = LOOKS) {
  await page.evaluate(AXE)
  for (const { colorScheme, width } of looks) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    await page.setViewportSize({ width, height: 860 })
    const where = `${name}, ${colorScheme}, ${width} px`
    const violations = await page.evaluate(async (values) => {
      const { violations } = await window.axe.run({ runOnly: { type: 'tag', values }, resultTypes: ['violations'] })
      return violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html).join(' | ')}`)
    }, RULES)
    findings.push(...violations.map((violation) => `${where}: ${violation}`))
    const excess = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
    if (excess > 0) findings.push(`${where}: ${excess} px wider than the window`)
    if (folder && width !== 390) {
      await page.screenshot({ path: join(folder, `${name}-${colorScheme}-${width}.png`) })
    }
  }
  await page.emulateMedia({ colorScheme: 'light' })
  await page.setViewportSize({ width: 1280, height: 860 })
}

function press(page, name) {
  return page.getByRole('button', { name, exact: true }).click()
}

/** Makes the sign-in a recent one. */
async function stepUp(page) {
  await page.goto(`${service.base}/pages/step-up?return_to=/console`)
  await page.locator('[name=password]').fill(PASSWORD)
  await page.keyboard.press('Enter')
  await page.waitForURL(CONSOLE)
}

/** Presses the button of the open dialog, and waits until it says that it was done. */
async function confirm(page, name, told) {
  await page.getByRole('dialog').getByRole('button', { name, exact: true }).click()
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  await page.locator('.notice', { hasText: told }).waitFor()
}

function heading(page, text) {
  return page.locator('h1', { hasText: text }).waitFor()
}

function see(page, text, within = 'main') {
  return page.locator(within, { hasText: text }).first().waitFor()
}

/** Moves the focus by the tab key until an element has it. */
function reach(page, selector) {
  return tabUntil(page, (wanted) => document.activeElement?.matches(wanted), selector)
}

/** Moves the focus by the tab key until an element with a text has it. */
function reachText(page, text) {
  return tabUntil(page, (wanted) => document.activeElement?.textContent === wanted, text)
}

async function tabUntil(page, isReached, wanted) {
  for (let times = 0; times < 40; times += 1) {
    if (await page.evaluate(isReached, wanted)) return
    await page.keyboard.press('Tab')
  }
  throw new Error(`the tab key does not reach ${wanted}`)
}

function say(line) {
  process.stdout.write(`ok  ${line}\n`)
}
