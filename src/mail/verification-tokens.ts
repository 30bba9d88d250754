import type { Database } from '../database/database.ts'
import { sql } from '../database/sql.ts'
import { Problem } from '../errors.ts'
import { COLUMNS, type EmailToken, goodToken, hashOf, tryToUse } from './email-tokens.ts'

/** The link that verifies an address, and whether it has. */
export interface Verification extends EmailToken {
  user: string
  /** Whether it was used, and the address still stands verified by it. */
  done: boolean
}

/**
 * The link that verifies an address, without using it: one that is good, or one that was used and by which the address
 * stands verified.
 */
export async function findVerification(database: Database, token: string): Promise<Verification | undefined> {
  const [good] = await database.query<Verification>(
    sql`SELECT ${COLUMNS}, false AS done FROM ${goodToken(hashOf(token), 'verify email')}`
  )
  return good ?? findStanding(database, token)
}

/**
 * Uses up the token that verifies an address, or finds that it was used and the address stands verified by it: whoever
 * sends it again has lost the answer.
 *
 * @throws Problem EMAIL_TOKEN_INVALID
 */
export async function useVerification(transaction: Database, token: string): Promise<Verification> {
  const used = await tryToUse(transaction, 'verify email', token)
  const verification = used
    ? { ...used, user: used.user as string, done: false }
    : await findStanding(transaction, token)
  if (!verification) throw new Problem('EMAIL_TOKEN_INVALID')
  return verification
}

async function findStanding(database: Database, token: string): Promise<Verification | undefined> {
  const [standing] = await database.query<Verification>(
    sql`SELECT ${COLUMNS}, true AS done
     FROM (
       SELECT token.*, users.username, users.email AS present_email
       FROM email_tokens AS token JOIN users ON users.id = token.user_id
       WHERE hash = ${hashOf(token)} AND purpose = 'verify email' AND used_at IS NOT NULL
         AND email_verified AND disabled_at IS NULL AND token.email_version = users.email_version
     ) AS good`
  )
  return standing
}
