import type { FastifyInstance } from 'fastify'
import { sql } from '../../src/database/sql.ts'
import { makeRecoveryCodes } from '../../src/factors/recovery-codes.ts'
import { requireSecondStep } from '../../src/factors/state.ts'
import { STEP_SECONDS, totp } from '../../src/factors/totp.ts'
import { addPendingTotp, confirmTotp } from '../../src/factors/totp-secrets.ts'
import { PASSWORD, post } from './app.ts'

/** An authenticator app, as its owner and an attacker use it. */
export interface App {
  /** The code of the present time step, or of one so many steps from it. */
  code(steps?: number): string
  /** The code that confirmed the app: it stays a used one when its step ends meanwhile. */
  used: string
  /** Six digits that are not a code of these minutes. */
  wrong(): string
  /** The recovery codes of the account. */
  codes: string[]
}

/**
 * Gives an account an authenticator app and recovery codes, past the routes: its sessions stay as they are. The code of the
 * present step is used by that; the next one is not.
 *
 * @param required whether a second step is required from now on
 */
export async function giveApp(fastify: FastifyInstance, user: string, { required = true } = {}): Promise<App> {
  const database = fastify.database.open()
  const key = fastify.deriveKey('totp secrets')
  const secret = await addPendingTotp(database, key, user)
  const step = () => Math.floor(fastify.clock.now() / 1000 / STEP_SECONDS)
  const used = totp(secret, step())
  await confirmTotp(database, key, user, used)
  const codes = await makeRecoveryCodes(database, fastify.deriveKey('recovery codes'), user)
  if (required) await requireSecondStep(database, user, true)
  return {
    code: (steps = 0) => totp(secret, step() + steps),
    used,
    wrong() {
      const right = Array.from({ length: 41 }, (_, index) => totp(secret, step() + index - 20))
      return ['000000', '111111', '222222'].find((code) => !right.includes(code)) as string
    },
    codes
  }
}

/** The challenge of a login with the right password. */
export async function challengeOf(fastify: FastifyInstance, username: string, more = {}) {
  return (await post(fastify, '/login', { username, password: PASSWORD, ...more })).json().challenge
}

/** What the audit log has of these actions, the oldest first, once it is written. */
export async function recorded(fastify: FastifyInstance, user: string | null, ...actions: string[]) {
  await fastify.audit.flush()
  return fastify.database.open().query(
    sql`SELECT action, session IS NOT NULL AS session, detail FROM audit
     WHERE account IS NOT DISTINCT FROM ${user} AND action = ANY(${actions}) ORDER BY seq`
  )
}
