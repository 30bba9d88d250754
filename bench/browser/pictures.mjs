/**
 * Takes the pictures of the documentation (docs/pictures) from the running service, in a real Chromium.
 *
 *   npm run build && node --import tsx bench/browser/pictures.mjs [chromium]
 *
 * Starts the built service on an embedded database, and a mail server.
 */
import { mkdirSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { startTour } from './tour.mjs'

const [executablePath = '/usr/bin/chromium'] = process.argv.slice(2)
const folder = fileURLToPath(new URL('../../docs/pictures/', import.meta.url))
const MAX_BYTES = 60_000

/** Their file, page, and look. */
const PICTURES = [
  { file: 'sign-in', name: 'sign-in', width: 640, height: 620 },
  { file: 'account', name: 'account', width: 800, height: 780 },
  { file: 'app-dark', name: 'account-totp-secret', width: 640, height: 860, colorScheme: 'dark' },
  { file: 'second-step-arabic', name: 'second-step', width: 390, height: 560, locale: 'ar' }
]

mkdirSync(folder, { recursive: true })
const tour = await startTour({
  executablePath,
  environment: { SERVICE_NAME: 'Example', SERVICE_URL: '' }
})
try {
  for (const { file, name, width, height, colorScheme = 'light', locale } of PICTURES) {
    const page = await tour.open(name, locale)
    await page.setViewportSize({ width, height })
    await page.emulateMedia({ colorScheme })
    const path = `${folder}${file}.png`
    await page.screenshot({ path })
    await page.close()
    const { size } = statSync(path)
    process.stdout.write(`${file}.png: ${size} bytes\n`)
    if (size > MAX_BYTES) process.exitCode = 1
  }
} finally {
  await tour.stop()
}
