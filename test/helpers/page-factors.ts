import type { FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import { sql } from '../../src/database/sql.ts'
import { cutOff, type TestClock } from './app.ts'
import { createAuthenticator } from './authenticator.ts'
import { requireStep } from './enrolled.ts'
import { meanwhile } from './meanwhile.ts'
import { createBrowser, hiddenOf, passkeyOptionsOf, readPage } from './page.ts'
import { browserOf } from './page-account.ts'
import { type Authenticator, ORIGIN } from './passkeys.ts'
import { giveApp } from './second-factor.ts'

type Browser = ReturnType<typeof createBrowser>

let count = 0

/** An account of its own, signed in on the pages. */
export const begin = (fastify: FastifyInstance) => browserOf(fastify, { username: `user${count++}` })

/** Where a page leads instead. */
export const redirect = (location: string) => ({ statusCode: 303, location })

export const redirectOf = ({ statusCode, headers }: { statusCode: number; headers: Record<string, unknown> }) => ({
  statusCode,
  location: headers.location
})

/** A page that changes a factor, and its form. */
interface Guarded {
  fastify: FastifyInstance
  clock: TestClock
  url: string
  /** The title of the page. */
  title: string
  fields?: Record<string, string>
  /** Whether GET asks for a fresh authentication as POST does. */
  freshGet?: boolean
  /** Whether GET shows the page; it leads to another one otherwise. */
  opens?: boolean
  /** Whether the form leads to a change without more of it being checked. */
  races?: boolean
}

/** Tests what all pages that change a factor have in common. */
export async function guards(
  t: Test,
  { fastify, clock, url, title, fields = {}, freshGet = true, opens = true, races = true }: Guarded
) {
  const up = '../'.repeat(url.split('?')[0]?.split('/').length as number).slice(6)
  const back = new URLSearchParams({ return_to: url })

  await t.test('lead to the sign-in without a session', async (t) => {
    const browser = createBrowser(fastify)
    const expected = redirect(`${up}pages/login?${back}`)
    t.strictSame(redirectOf(await browser.get(url)), expected)
    t.strictSame(redirectOf(await browser.submit(url, fields)), expected)
  })

  await t.test('lead to the step-up after a while', async (t) => {
    const { browser } = await begin(fastify)
    clock.advance(601)
    const expected = redirect(`${up}pages/step-up?${back}`)
    const get = await browser.get(url)
    if (freshGet) t.strictSame(redirectOf(get), expected)
    else t.equal(get.statusCode, 200)
    t.strictSame(redirectOf(await browser.submit(url, fields)), expected)
  })

  await t.test('refuse forms of other pages, and fields that they do not know', async (t) => {
    const { browser } = await begin(fastify)
    const foreign = await browser.submit(url, fields, { origin: 'https://evil.example' })
    t.match(readPage(foreign), { statusCode: 403, text: /^That did not work This form did not come from our own page/ })
    const unknown = await browser.submit(url, { ...fields, surprise: 'x' })
    t.match(readPage(unknown), { statusCode: 400, text: new RegExp(`^${title}`) })
  })

  await t.test('say so while the database is away', async (t) => {
    const { browser } = await begin(fastify)
    const comeBack = cutOff(fastify)
    for (const response of await Promise.all([...(opens ? [browser.get(url)] : []), browser.submit(url, fields)])) {
      t.match(readPage(response), {
        statusCode: 503,
        text: new RegExp(`^${title}.*The service is busy at the moment. Try again in 2 seconds.`)
      })
      t.match(response.body, `<title>Error: ${title}`)
    }
    comeBack()
  })

  if (!races) return
  await t.test('say so if the session ends between the check and the change', async (t) => {
    const { browser, user } = await begin(fastify)
    meanwhile(fastify, 1, () =>
      fastify.database
        .open()
        .query(sql`UPDATE sessions SET ended_at = now(), end_reason = 'logged out' WHERE user_id = ${user.id}`)
    )
    const response = await browser.submit(url, fields)
    t.strictSame(readPage(response), {
      statusCode: 401,
      text: 'Sign in You have been signed out. Nothing was changed. Sign in',
      inputs: []
    })
    t.match(response.body, `href="${up}pages/login?${back}"`)
  })

  await t.test('ask for a factor if a second step is required only since the check', async (t) => {
    const { browser, user } = await begin(fastify)
    const app = await giveApp(fastify, user.id, { required: false })
    meanwhile(fastify, 1, () => requireStep(fastify.database.open(), user.id))
    const response = await browser.submit(url, fields)
    t.match(readPage(response), {
      statusCode: 401,
      text: /^Confirm that it is you/,
      inputs: ['challenge', 'return_to', 'totp', 'challenge', 'return_to', 'recovery_code']
    })
    const hidden = {
      challenge: String(hiddenOf(response, 'challenge')),
      return_to: String(hiddenOf(response, 'return_to'))
    }
    const proven = await browser.submit('/pages/step-up', { ...hidden, totp: app.code(1) })
    t.strictSame(redirectOf(proven), redirect(`../${url.slice(1)}`))
    t.not((await browser.get(url)).headers.location, `${up}pages/step-up?${back}`, 'it is fresh enough now')
  })
}

/** Adds a passkey on the page. */
export async function addOnPage(browser: Browser, fields: Record<string, string> = {}) {
  const url = '/pages/account/passkeys'
  const authenticator: Authenticator = createAuthenticator(ORIGIN)
  const options = passkeyOptionsOf(await browser.get(url))
  const credential = JSON.stringify(authenticator.create(options))
  return { authenticator, credential, response: await browser.submit(url, { credential, ...fields }) }
}
