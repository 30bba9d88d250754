/**
 * Takes the pictures of docs/console.md from the running service, in a real Chromium.
 *
 *   npm run build && node --import tsx bench/browser/console-pictures.mjs [chromium]
 */
import { statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'
import { PASSWORD, startWithOperators } from './operators.mjs'

const [executablePath = '/usr/bin/chromium'] = process.argv.slice(2)
const folder = fileURLToPath(new URL('../../docs/pictures/', import.meta.url))
const MAX_BYTES = 60_000
const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:152.0) Gecko/20100101 Firefox/152.0'

const service = await startWithOperators({ count: 200 })
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] })
try {
  await fetch(`${service.base}/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'user-agent': FIREFOX },
    body: JSON.stringify({ username: 'sam', password: PASSWORD })
  })
  const page = await browser.newPage()
  await page.goto(`${service.base}/console#/users?search=sam`)
  await page.locator('[name=name]').fill('ada')
  await page.locator('[name=password]').fill(PASSWORD)
  await page.keyboard.press('Enter')
  await page.locator('.users tbody a').click()
  await page.locator('.records tbody tr').first().waitFor()
  await page.locator('.sessions li').first().waitFor()
  await take(page, 'console-user', { width: 900, height: 520 })
  await page.goto(`${service.base}/console#/record`)
  await page.reload()
  await page.locator('.records tbody tr').first().waitFor()
  await take(page, 'console-record-dark', { width: 390, height: 640, colorScheme: 'dark' })
} finally {
  await browser.close()
  await service.stop()
}

async function take(page, file, { width, height, colorScheme = 'light' }) {
  await page.setViewportSize({ width, height })
  await page.emulateMedia({ colorScheme })
  await page.reload()
  await page.locator('.records tbody tr').first().waitFor()
  const path = `${folder}${file}.png`
  await page.screenshot({ path })
  const { size } = statSync(path)
  process.stdout.write(`${file}.png: ${size} bytes\n`)
  if (size > MAX_BYTES) process.exitCode = 1
}
