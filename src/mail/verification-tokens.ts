import type { Database } from '../database/database.ts'
import { sql } from '../database/sql.ts'
import { Problem } from '../errors.ts'
import { COLUMNS, type EmailToken, hashOf, tryToUse, validToken } from './email-tokens.ts'

/** A token that verifies an address. */
export interface Verification extends EmailToken {
  user: string
  /** Whether it was used, and the address is still verified by it. */
  done: boolean
}

/** Looks up a token that verifies an address, without using it: a valid one, or a used one by which it is still verified. */
export async function findVerification(database: Database, token: string): Promise<Verification | undefined> {
  const [valid] = await database.query<Verification>(
    sql`SELECT ${COLUMNS}, false AS done FROM ${validToken(hashOf(token), 'verify email')}`
  )
  return valid ?? findUsed(database, token)
}

/**
 * Uses a token that verifies an address. Idempotent while the address is verified by it, since a client that lost the answer
 * sends the token again.
 *
 * @throws Problem EMAIL_TOKEN_INVALID
 */
export async function useVerification(transaction: Database, token: string): Promise<Verification> {
  const used = await tryToUse(transaction, 'verify email', token)
  const verification = used ? { ...used, user: used.user as string, done: false } : await findUsed(transaction, token)
  if (!verification) throw new Problem('EMAIL_TOKEN_INVALID')
  return verification
}

async function findUsed(database: Database, token: string): Promise<Verification | undefined> {
  const [used] = await database.query<Verification>(
    sql`SELECT ${COLUMNS}, true AS done
     FROM (
       SELECT token.*, users.username, users.email AS present_email
       FROM email_tokens AS token JOIN users ON users.id = token.user_id
       WHERE hash = ${hashOf(token)} AND purpose = 'verify email' AND used_at IS NOT NULL
         AND email_verified AND disabled_at IS NULL AND token.email_version = users.email_version
     ) AS valid`
  )
  return used
}
