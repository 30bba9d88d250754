/**
 * The time from a key pressed to the list of accounts in the console, in a real Chromium, on the database that
 * bench/administration.ts has filled.
 *
 *   npm run build && node --import tsx bench/browser/console-search.mjs <URL of the database> [chromium]
 */
import { randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { freePort } from '@latchkey/compare/measure/free-port'
import { median } from '@latchkey/compare/measure/statistics'
import pg from 'pg'
import { chromium } from 'playwright-core'
import { check, milliseconds, note } from '../shared/report.ts'
import { Service } from '../shared/service.ts'
import { PASSWORD } from './operators.mjs'

const LIMIT_MS = 200
const ROUNDS = 5
/** Empty pages that the console looks through by itself. */
const PAGES = 20
const TEXTS = ['alan.77', 'medium', 'zz', 'mail777', 'nobody']

const [databaseUrl, executablePath = '/usr/bin/chromium'] = process.argv.slice(2)
const port = await freePort()
const base = `http://127.0.0.1:${port}`
const service = await Service.start({ databaseUrl, port, environment: { PUBLIC_URL: base } })
let browser
try {
  browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] })
  const page = await browser.newPage()
  await signIn(page, await addOperator())
  await page.goto(`${base}/console#/users`)
  const field = page.locator('[name=search]')
  await field.waitFor()
  await page.evaluate(watchKeys)
  const times = []
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const text of TEXTS) {
      for (let length = 1; length <= text.length; length += 1) {
        await field.press(text[length - 1])
        times.push({ typed: text.slice(0, length), time: await page.evaluate(() => globalThis.listed) })
        await pause(100)
      }
      await field.fill('')
      await pause(500)
    }
  }
  await findOld(page, field)
  const slowest = times.toSorted((one, other) => other.time - one.time)
  const show = ({ typed, time }) => `${milliseconds(time)} (${typed})`
  note(`${times.length} keys: median ${milliseconds(median(times.map(({ time }) => time)))}`)
  const slow = slowest.slice(0, 5).map(show).join(', ')
  const held = slowest[0].time <= LIMIT_MS
  check(held, `a key shows its list within ${LIMIT_MS} ms`, slow)
  process.exitCode = held ? 0 : 1
} finally {
  await browser?.close()
  await service.stop()
}

/** Finds accounts with a common name, of which all are old. */
async function findOld(page, field) {
  const start = performance.now()
  let requests = 0
  page.on('response', (response) => {
    if (response.url().includes('search=legacy')) requests += 1
  })
  const found = page.locator('table.users a', { hasText: 'legacy' }).first()
  const more = page.getByRole('button', { name: 'More' })
  await field.fill('legacy')
  let clicks = 0
  for (let expected = 1 + PAGES; !(await found.isVisible()); expected += PAGES) {
    while (requests < expected && !(await found.isVisible())) await pause(10)
    if (await found.isVisible()) break
    await pause(50)
    await more.click()
    clicks += 1
  }
  note(`old accounts: ${requests} requests and ${clicks} clicks in ${milliseconds(performance.now() - start)}`)
}

async function addOperator() {
  const username = `operator-${randomBytes(4).toString('hex')}`
  const response = await fetch(`${base}/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username, password: PASSWORD })
  })
  if (!response.ok) throw new Error(await response.text())
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  await client.query(`UPDATE users SET roles = '{support}' WHERE username = $1`, [username])
  await client.end()
  return username
}

async function signIn(page, username) {
  await page.goto(`${base}/console`)
  await page.locator('[name=name]').fill(username)
  await page.locator('[name=password]').fill(PASSWORD)
  await page.keyboard.press('Enter')
  await page.waitForURL(/\/console/)
}

/** In the page: with each key, `listed` becomes a promise of the time until the list that it asks for is painted. */
function watchKeys() {
  addEventListener(
    'keydown',
    () => {
      const start = performance.now()
      globalThis.listed = new Promise((resolve) => {
        const observer = new PerformanceObserver((entries) => {
          if (!entries.getEntries().some(({ name }) => name.includes('/admin/users?'))) return
          observer.disconnect()
          // The second frame begins when the first one, with the list, is painted.
          requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now() - start)))
        })
        observer.observe({ type: 'resource' })
      })
    },
    true
  )
}
