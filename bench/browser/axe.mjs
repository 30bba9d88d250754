/**
 * The accessibility of all pages in a real Chromium: axe-core with the rules of WCAG 2.2 AA and its best practices, light
 * and dark, 1,280, 390 and 320 px wide, in English and Arabic, and nothing wider than the window.
 *
 *   npm run build && node --import tsx bench/browser/axe.mjs [chromium] [page...]
 *
 * Starts the built service on an embedded database, a mail server, and a provider to sign in with.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { CLIENT } from '../../test/helpers/issuer.ts'
import { PAGES, PROVIDER_PAGES, startTour } from './tour.mjs'
import { createLookalike } from './upstream.mjs'

const [executablePath = '/usr/bin/chromium', ...chosen] = process.argv.slice(2)
const names = chosen.length > 0 ? chosen : Object.keys({ ...PAGES, ...PROVIDER_PAGES })
const AXE = readFileSync(new URL('../../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8')
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
const LOOKS = ['light', 'dark'].flatMap((colorScheme) => [1280, 390, 320].map((width) => ({ colorScheme, width })))

/** Most of a check is the work of a process of the browser, one a tab. */
const CHECKED_AT_ONCE = 2

const began = performance.now()
const findings = []
const cleanups = []
const lookalike = await createLookalike((cleanup) => cleanups.push(cleanup))
const folder = mkdtempSync(join(tmpdir(), 'latchkey-axe-'))
const PROVIDERS = join(folder, 'providers.json')
const provider = { kind: 'oidc', issuer: lookalike.issuer.url, ...CLIENT }
const providers = [
  { ...provider, id: 'example', label: 'Example', trust_email: true },
  { ...provider, id: 'away', label: 'Away', issuer: 'http://127.0.0.1:1' }
]
writeFileSync(PROVIDERS, JSON.stringify({ providers }))
const tour = await startTour({ executablePath, lookalike, environment: { PROVIDERS } })
try {
  const states = Readable.from(openAll(), { highWaterMark: 1 }).map(check, { concurrency: CHECKED_AT_ONCE })
  for await (const found of states) findings.push(...found)
} finally {
  await tour.stop()
  for (const cleanup of cleanups) cleanup()
  rmSync(folder, { recursive: true, force: true })
}
for (const finding of findings) process.stdout.write(`${finding}\n`)
const seconds = ((performance.now() - began) / 1000).toFixed(0)
process.stdout.write(
  `${findings.length} findings: ${names.length} pages, each in ${LOOKS.length + 1} looks, ${seconds} s\n`
)
process.exitCode = findings.length > 0 ? 1 : 0

/** Opens one page after another, as a person would: what is done on one changes what others show. */
async function* openAll() {
  for (const name of names) {
    yield { page: await tour.open(name), where: name, looks: LOOKS }
    // Mirrored: the widths are what may differ.
    yield { page: await tour.open(name, 'ar'), where: `${name} in Arabic`, looks: [LOOKS[2]] }
  }
}

/** Checks an open page in its looks, and closes it. */
async function check({ page, where, looks }) {
  const found = []
  await page.evaluate(AXE)
  for (const { colorScheme, width } of looks) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    await page.setViewportSize({ width, height: 800 })
    const { violations, excess } = await page.evaluate(examine, RULES)
    if (excess > 0) violations.push(`${excess} px wider than the window`)
    found.push(...violations.map((violation) => `${where}, ${colorScheme}, ${width} px: ${violation}`))
  }
  await page.close()
  return found
}

/** In the page: what axe-core finds, and by how much the page is wider than its window. */
async function examine(values) {
  const { violations } = await window.axe.run({ runOnly: { type: 'tag', values }, resultTypes: ['violations'] })
  return {
    violations: violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html).join(' | ')}`),
    excess: document.documentElement.scrollWidth - window.innerWidth
  }
}
