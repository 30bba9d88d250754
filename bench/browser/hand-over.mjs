/**
 * The frontend of docs/pages.md in a real Chromium, on another port than the service: sends a person to the pages to sign
 * in, has a session afterwards, and none after signing out at either.
 *
 *   npm run build && node --import tsx bench/browser/hand-over.mjs [chromium]
 *
 * Starts the built service on an embedded database, and a mail server.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { startTour } from './tour.mjs'

const [executablePath = '/usr/bin/chromium'] = process.argv.slice(2)
const source = readFileSync(new URL('../../docs/examples/pages.html', import.meta.url), 'utf8')
let service = ''
const frontend = createServer((_request, response) =>
  response.setHeader('content-type', 'text/html').end(source.replace('http://localhost:3000', service))
)
await new Promise((resolve) => frontend.listen(0, '127.0.0.1', resolve))
const url = `http://localhost:${frontend.address().port}/pages.html`

const tour = await startTour({ executablePath, environment: { CORS_ORIGINS: new URL(url).origin } })
service = tour.base
try {
  const page = await (await tour.browser.newContext({ locale: 'en' })).newPage()
  page.setDefaultTimeout(30_000)
  const reads = (text) => page.getByRole('status').filter({ hasText: text }).waitFor()
  const click = (name) => page.getByRole('button', { name, exact: true }).click()

  await page.goto(url)
  await reads('Nobody is signed in.')
  await click('Sign in')
  await page.getByLabel('Email or username').fill('grace')
  await page.getByLabel('Password').fill('correct horse battery staple')
  await click('Sign in')
  await page.waitForURL(url)
  await reads('Hello grace')
  say('a person signs in on the pages, and comes back signed in')

  await page.reload()
  await reads('Hello grace')
  await page.goto(`${tour.base}/pages/login?${new URLSearchParams({ return_to: url })}`)
  await page.waitForURL(url)
  await reads('Hello grace')
  say('who is signed in comes back at once')

  await page.goto(`${tour.base}/pages/account`)
  assert.equal(await page.textContent('h1'), 'Your account')
  await page.goto(url)
  await click('Sign out')
  await reads('Nobody is signed in.')
  await page.goto(`${tour.base}/pages/account`)
  assert.equal(await page.textContent('h1'), 'Sign in')
  say('signing out at the frontend signs out of the pages')

  await page.goto(url)
  await click('Sign in')
  await page.getByLabel('Email or username').fill('grace')
  await page.getByLabel('Password').fill('correct horse battery staple')
  await click('Sign in')
  await reads('Hello grace')
  await page.goto(`${tour.base}/pages/logout`)
  await click('Sign out')
  await page.goto(url)
  await reads('Nobody is signed in.')
  say('signing out on the pages signs out of the frontend')
} finally {
  await tour.stop()
  frontend.close().closeAllConnections()
}

function say(line) {
  process.stdout.write(`ok  ${line}\n`)
}
