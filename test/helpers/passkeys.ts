import type { FastifyInstance, LightMyRequestResponse } from 'fastify'
import { sql } from '../../src/database/sql.ts'
import { bearer, post } from './app.ts'
import { type Changes, createAuthenticator } from './authenticator.ts'

/** Where the passkeys of a test are: browsers have none at 127.0.0.1, which is the host of PUBLIC_URL by default. */
export const ORIGIN = 'http://localhost:3000'

export type Authenticator = ReturnType<typeof createAuthenticator>
type Kind = Parameters<typeof createAuthenticator>[1]

/** Registers a passkey of a new authenticator, as a browser would. */
export async function addPasskeyTo(
  fastify: FastifyInstance,
  token: string,
  { kind, changes, name }: { kind?: Kind; changes?: Changes; name?: string } = {}
): Promise<{ authenticator: Authenticator; response: LightMyRequestResponse }> {
  const authenticator = createAuthenticator(ORIGIN, kind)
  const options = await post(fastify, '/passkeys/options', {}, bearer(token))
  const credential = authenticator.create(options.json().public_key, changes)
  const response = await post(fastify, '/passkeys', { credential, ...(name && { name }) }, bearer(token))
  return { authenticator, response }
}

/** The options of a sign-in. */
export const signInOptions = async (fastify: FastifyInstance) =>
  (await post(fastify, '/login/passkey/options', {})).json().public_key

/** Signs in with a passkey. */
export async function signInWith(
  fastify: FastifyInstance,
  authenticator: Authenticator,
  changes: Changes = {},
  more: object = {}
): Promise<LightMyRequestResponse> {
  const credential = authenticator.get(await signInOptions(fastify), changes)
  return post(fastify, '/login/passkey', { credential, ...more })
}

/** How much of the audit log a test has seen. */
const seen = new WeakMap<FastifyInstance, number>()

/** What was recorded since the last call. */
export async function recorded(fastify: FastifyInstance): Promise<object[]> {
  await fastify.audit.flush()
  const records = await fastify.database
    .open()
    .query<{ seq: number; action: string }>(
      sql`SELECT seq::int, action, account, session, detail FROM audit WHERE seq > ${seen.get(fastify) ?? 0} ORDER BY audit.seq`
    )
  seen.set(fastify, records.at(-1)?.seq ?? seen.get(fastify) ?? 0)
  return records.map(({ seq: _, ...record }) => record)
}
