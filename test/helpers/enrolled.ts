import { randomBytes } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import { TOTP } from 'otpauth'
import { systemClock } from '../../src/clock.ts'
import type { Database } from '../../src/database/database.ts'
import { sql } from '../../src/database/sql.ts'
import { base32 } from '../../src/factors/base32.ts'
import { addPasskey } from '../../src/factors/passkeys.ts'
import { addPendingTotp } from '../../src/factors/totp-secrets.ts'
import { bearer, post } from './app.ts'

/** An authenticator app: what it shows some steps from now. */
export const appOf =
  (secret: string, { clock = systemClock } = {}) =>
  (steps = 0): string =>
    new TOTP({ secret }).generate({ timestamp: clock.now() + steps * 30_000 })

/** Gives an account a confirmed authenticator app, of which no step is used yet; requires nothing. */
export async function enrolApp(database: Database, key: Buffer, user: string): Promise<(steps?: number) => string> {
  const secret = await addPendingTotp(database, key, user)
  await database.query(
    sql`UPDATE totp SET secret = pending, confirmed_at = now() + ${database.clock.offset} * interval '1 millisecond',
       pending = NULL, pending_until = NULL
     WHERE user_id = ${user}`
  )
  return appOf(base32(secret), database)
}

/** Gives an account a passkey that no authenticator has. */
export async function enrolPasskey(
  database: Database,
  user: string,
  { rpId = 'localhost', credentialId = randomBytes(16) } = {}
): Promise<void> {
  await addPasskey(database, user, {
    credentialId,
    publicKey: randomBytes(16),
    signCount: 0,
    transports: [],
    rpId,
    aaguid: '00000000-0000-0000-0000-000000000000',
    backupEligible: false,
    backedUp: false
  })
}

/** Requires a second step of an account, whatever it has. */
export const requireStep = (database: Database, user: string) =>
  database.query(sql`UPDATE users SET mfa_required = true WHERE id = ${user}`)

/** Sets an authenticator app up as its owner does. The code of the present step is used; the access token stays `aal1`. */
export async function enrolAsOwner(
  fastify: FastifyInstance,
  token: string
): Promise<{ show: (steps?: number) => string; codes: string[] }> {
  const { secret } = (await post(fastify, '/mfa/totp', undefined, bearer(token))).json()
  const show = appOf(secret, { clock: fastify.clock })
  const confirmed = await post(fastify, '/mfa/totp/confirm', { totp: show() }, bearer(token))
  return { show, codes: confirmed.json().codes }
}

/** What clients had recorded since the last call, the earliest first. */
export async function recorded(fastify: FastifyInstance) {
  await fastify.audit.flush()
  const last = seen.get(fastify) ?? 0
  const rows = await fastify.database
    .open()
    .query<{ seq: number; action: string; account: string | null; session: string | null; detail: object | null }>(
      sql`SELECT seq::int, action, account, session, detail FROM audit WHERE audit.seq > ${last} ORDER BY audit.seq`
    )
  seen.set(fastify, rows.at(-1)?.seq ?? last)
  return rows.map(({ seq: _, ...row }) => row)
}

const seen = new WeakMap<FastifyInstance, number>()
