import type { FastifyInstance, LightMyRequestResponse } from 'fastify'
import type { Test } from 'tap'
import { sql } from '../../src/database/sql.ts'
import { type TestClock, testClock } from './app.ts'
import { type Browser, buildFederated } from './federated.ts'
import { createIssuer, type Issuer, type Visitor } from './issuer.ts'
import { readPage, unescapeHtml } from './page.ts'
import { recorded } from './second-factor.ts'

interface World {
  fastify: FastifyInstance
  clock: TestClock
  /** The issuer of `test` and `linking`, which are trusted; GitHub is below the same address. */
  issuer: Issuer
  /** The issuer of `lax`, which verifies no address and is not trusted. */
  lax: Issuer
  log: string[]
}

/** Builds the application with providers that are trusted, and one that is not. */
export async function startFederated(t: Test, environment: Record<string, string> = {}): Promise<World> {
  const clock = testClock()
  const [issuer, lax] = [await createIssuer(t), await createIssuer(t)]
  for (const each of [issuer, lax]) {
    each.lies.claims = (claims) => ({ ...claims, iat: clock.now() / 1000, exp: clock.now() / 1000 + 60 })
  }
  const trusted = { label: 'Test', trust_email: true }
  const entries = [
    issuer.entry(trusted),
    issuer.entry({ ...trusted, id: 'linking', link: 'verified_email' }),
    issuer.entry({ ...trusted, id: 'closed', sign_up: false }),
    issuer.entry({ id: 'github', kind: 'github' }),
    lax.entry({ id: 'lax', label: 'Lax' }),
    lax.entry({ id: 'lax-closed', label: 'Lax', sign_up: false })
  ]
  const log: string[] = []
  return { fastify: await buildFederated(t, entries, { clock, log, environment }), clock, issuer, lax, log }
}

/** Somebody at a provider that has verified the address. */
export const visitorOf = (name: string, more: Partial<Visitor> = {}): Visitor => ({
  sub: `${name}-1`,
  email: `${name}@example.com`,
  email_verified: true,
  ...more
})

interface Stored {
  id: string
  email_verified: boolean
  password: boolean
  mfa_required: boolean
  passkeys: number
  /** The subjects. */
  identities: string[]
  sessions: number
}

/** What is stored of the account with an address. */
export async function storedOf(fastify: FastifyInstance, email: string): Promise<Stored | undefined> {
  const [row] = await fastify.database.open().query<Stored & Record<string, unknown>>(
    sql`SELECT id, email_verified, password_hash IS NOT NULL AS password, mfa_required,
       (SELECT count(*)::int FROM passkeys WHERE user_id = users.id) AS passkeys,
       ARRAY(SELECT subject FROM identities WHERE user_id = users.id ORDER BY id) AS identities,
       (SELECT count(*)::int FROM sessions WHERE user_id = users.id AND ended_at IS NULL) AS sessions
     FROM users WHERE email = ${email}`
  )
  return row
}

/** Compares some of what is stored of the account with an address: `match` would take any list for an empty one. */
export async function isStored(t: Test, fastify: FastifyInstance, email: string, expected: Partial<Stored>) {
  const stored = await storedOf(fastify, email)
  const names = Object.keys(expected) as (keyof Stored)[]
  t.strictSame(Object.fromEntries(names.map((name) => [name, stored?.[name]])), expected, email)
}

/** Marks an address as verified, past the mail. */
export const verifyAddress = (fastify: FastifyInstance, email: string) =>
  fastify.database.open().query(sql`UPDATE users SET email_verified = true WHERE email = ${email}`)

/** Why sign-ins at providers failed, the earliest first. */
export const failuresOf = async (fastify: FastifyInstance, user: string | null = null) =>
  (await recorded(fastify, user, 'federated login failed')).map(({ detail }) => (detail as { reason: string }).reason)

/** Begins to add a provider on the account page. @returns the address at the provider */
export async function beginLink(browser: Browser, provider = 'test'): Promise<string> {
  const { body } = await browser.submit('/pages/account/identities', { provider })
  return unescapeHtml(String(/content="0; url=([^"]*)"/.exec(body)?.[1]))
}

/** What comes of a page: where it leads, or what a person reads on it. */
export function outcomeOf(response: LightMyRequestResponse) {
  const { statusCode, headers } = response
  if (headers.location !== undefined) return { statusCode, location: headers.location }
  return { statusCode, text: readPage(response).text }
}

/** How a sign-in at the provider Test ends that is refused. */
export const FAILED = {
  statusCode: 400,
  text: 'Signing in did not work Signing in with Test did not work. Try again, or sign in another way. Back to sign-in'
}

/** How a sign-in ends whose new account needs a name. */
export const UNNAMED = { statusCode: 303, location: '../../pages/register/provider' }

/** How a sign-in ends that works. */
export const SIGNED_IN = { statusCode: 303, location: '../../pages/account' }
