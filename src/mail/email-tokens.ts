import { createHash, createHmac } from 'node:crypto'
import type { Database } from '../database/database.ts'
import { CLOCK, NOW, sql } from '../database/sql.ts'
import { Problem } from '../errors.ts'
import type { AccountNames } from '../schemas/users.ts'
import type { TokenSubject } from './letters/letter.ts'
import { LINKS, type Purpose } from './letters.ts'

/** A token to be issued for a mail. */
export interface NewEmailToken extends TokenSubject {
  /** The id of its mail. */
  mail: string
  purpose: Purpose
}

/** A valid token. */
export interface EmailToken {
  /** Its account; null if it ends a registration. */
  user: string | null
  /** The names of that account. */
  names: AccountNames
  passwordVersion: number | null
  /** The address that it is about. */
  email: string
  change: string | null
  /** When its mail was requested; null for a token of an earlier version. */
  askedAt: Date | null
}

/** A token in the personal export of its user. */
export interface EmailTokenRecord {
  purpose: Purpose
  email: string
  sent_at: Date
  expires_at: Date
  used_at: Date | null
}

/**
 * How long a claim lasts, in seconds: longer than a hash takes, including the 10 s that it may wait in the queue. The claim
 * of a process that crashed expires then.
 */
const CLAIM = 30

/** The token of a mail, the same for each attempt to send it: 256 bits that cannot be guessed without the key. */
function tokenOf(key: Buffer, mail: string): string {
  return createHmac('sha256', key).update(mail).digest('base64url')
}

/** A token as it is stored. */
export const hashOf = (token: string) => createHash('sha256').update(token).digest()

/**
 * Issues the token of a mail that is about to be sent, or renews it if the mail is sent again. Checks the account again: it
 * may have changed since the mail was composed.
 *
 * @param key the key for these tokens alone
 * @returns undefined if the token would be invalid: it was used, there is a newer one, or the account has changed
 */
export async function mintEmailToken(
  database: Database,
  key: Buffer,
  { mail, purpose, lifetime: given, user, email, passwordVersion, emailVersion, change }: NewEmailToken
): Promise<string | undefined> {
  const token = tokenOf(key, mail)
  const hash = hashOf(token)
  const { requires, lifetime: usual } = LINKS[purpose]
  const lifetime = sql`make_interval(secs => ${given ?? usual})`
  const rows =
    user === undefined
      ? await database.query(
          sql`INSERT INTO email_tokens AS known (hash, mail_id, purpose, email, sent_at, expires_at)
           SELECT ${hash}::bytea, ${mail}::uuid, ${purpose}::text, ${email}::text, ${NOW}, ${NOW} + ${lifetime}
           WHERE NOT EXISTS (
             SELECT FROM email_tokens
             WHERE user_id IS NULL AND mail_id > ${mail}
               AND lower(email COLLATE "C") = lower(${email}::text COLLATE "C")
           )
           ON CONFLICT (hash) DO UPDATE SET sent_at = excluded.sent_at, expires_at = excluded.expires_at
           WHERE known.used_at IS NULL
           RETURNING 1`
        )
      : await database.query(
          sql`INSERT INTO email_tokens AS known
             (hash, mail_id, purpose, email, sent_at, expires_at, user_id, password_version, email_version, email_change,
               asked_at)
           SELECT ${hash}::bytea, ${mail}::uuid, ${purpose}::text, ${email}::text, ${NOW}, ${NOW} + ${lifetime}, id,
             CASE WHEN ${requires.includes('same password')} THEN password_version END,
             CASE WHEN ${requires.includes('same email')} THEN email_version END,
             ${change ?? null}::uuid, (SELECT created_at FROM mails WHERE mails.id = ${mail})
           FROM users
           WHERE id = ${user} AND disabled_at IS NULL
             AND password_version = coalesce(${passwordVersion ?? null}::integer, password_version)
             AND email_version = coalesce(${emailVersion ?? null}::integer, email_version)
             AND (NOT ${requires.includes('own address')}
               OR lower(email COLLATE "C") = lower(${email}::text COLLATE "C"))
             AND NOT EXISTS (
               SELECT FROM email_tokens
               WHERE user_id = ${user} AND purpose = ${purpose} AND email_change IS NOT DISTINCT FROM ${change ?? null}
                 AND mail_id > ${mail}
             )
             AND NOT EXISTS (
               SELECT FROM email_changes WHERE email_changes.id = ${change ?? null} AND undone_at IS NOT NULL
             )
           ON CONFLICT (hash) DO UPDATE SET sent_at = excluded.sent_at, expires_at = excluded.expires_at
           WHERE known.used_at IS NULL
             AND known.password_version IS NOT DISTINCT FROM excluded.password_version
             AND known.email_version IS NOT DISTINCT FROM excluded.email_version
           RETURNING 1`
        )
  return rows.length > 0 ? token : undefined
}

/** For FROM: the token with a hash and a purpose if it is valid, as `valid`, with the present `moment`. */
export const validToken = (hash: Buffer, purpose: Purpose) => sql`(
    SELECT token.*, users.username, users.email AS present_email, moment
    FROM email_tokens AS token
      CROSS JOIN ${CLOCK}
      LEFT JOIN users ON users.id = token.user_id
      LEFT JOIN email_changes AS change ON change.id = token.email_change
    WHERE hash = ${hash} AND purpose = ${purpose} AND used_at IS NULL AND expires_at > moment
      AND users.disabled_at IS NULL AND change.undone_at IS NULL
      AND (token.password_version IS NULL OR token.password_version = users.password_version)
      AND (token.email_version IS NULL OR token.email_version = users.email_version)
      AND NOT EXISTS (
        SELECT FROM email_tokens AS newer
        WHERE newer.purpose = token.purpose AND newer.mail_id > token.mail_id
          AND newer.email_change IS NOT DISTINCT FROM token.email_change
          AND CASE
            WHEN token.user_id IS NOT NULL THEN newer.user_id = token.user_id
            ELSE newer.user_id IS NULL AND lower(newer.email COLLATE "C") = lower(token.email COLLATE "C")
          END
      )
  ) AS valid`

/** When a claim expires, in microseconds, which identifies it. */
const CLAIMED = sql`(extract(epoch FROM mine.claimed_until) * 1000000)::bigint::text`

/** An `EmailToken`, from `valid`. */
export const COLUMNS = sql`valid.user_id AS user,
  json_build_object('username', valid.username, 'email', valid.present_email) AS names,
  valid.password_version AS "passwordVersion", valid.email, valid.email_change AS change, valid.asked_at AS "askedAt"`

/** Looks up a valid token without using it. */
export async function lookUpEmailToken(
  database: Database,
  purpose: Purpose,
  token: string
): Promise<EmailToken | undefined> {
  const [found] = await database.query<EmailToken>(sql`SELECT ${COLUMNS} FROM ${validToken(hashOf(token), purpose)}`)
  return found
}

/**
 * Looks up a token that must be valid, without using it.
 *
 * @throws Problem EMAIL_TOKEN_INVALID
 */
export async function findEmailToken(...given: Parameters<typeof lookUpEmailToken>): Promise<EmailToken> {
  const found = await lookUpEmailToken(...given)
  if (!found) throw new Problem('EMAIL_TOKEN_INVALID')
  return found
}

/**
 * Uses a token, in the transaction of what it allows: of concurrent attempts one succeeds. Locks the account first, as
 * everything that changes an account does, so that it sees concurrent changes.
 *
 * @throws Problem EMAIL_TOKEN_INVALID
 */
export async function useEmailToken(transaction: Database, purpose: Purpose, token: string): Promise<EmailToken> {
  const used = await tryToUse(transaction, purpose, token)
  if (!used) throw new Problem('EMAIL_TOKEN_INVALID')
  return used
}

/** `useEmailToken` that returns undefined for an invalid token. */
export async function tryToUse(transaction: Database, purpose: Purpose, token: string) {
  const hash = hashOf(token)
  await transaction.query(
    sql`SELECT FROM users WHERE id = (SELECT user_id FROM email_tokens WHERE hash = ${hash}) FOR NO KEY UPDATE`
  )
  const [used] = await transaction.query<EmailToken>(
    sql`UPDATE email_tokens AS mine SET used_at = moment
     FROM ${validToken(hash, purpose)}
     WHERE mine.hash = valid.hash AND mine.used_at IS NULL
     RETURNING ${COLUMNS}`
  )
  return used
}

/**
 * Claims a valid token for a while, without using it: of concurrent requests, at any instance, one succeeds, so that each
 * token causes one hash at a time.
 *
 * @param own a claim that the caller holds already
 * @returns the claim: when it expires, in microseconds since the epoch
 * @throws Problem EMAIL_TOKEN_INVALID, also while another claim is held
 */
export async function claimEmailToken(
  database: Database,
  purpose: Purpose,
  token: string,
  own?: string
): Promise<string> {
  const [claimed] = await database.query<{ claim: string }>(
    sql`UPDATE email_tokens AS mine SET claimed_until = moment + make_interval(secs => ${CLAIM})
     FROM ${validToken(hashOf(token), purpose)}
     WHERE mine.hash = valid.hash AND mine.used_at IS NULL
       AND (mine.claimed_until IS NULL OR mine.claimed_until <= moment OR ${CLAIMED} = ${own ?? null})
     RETURNING ${CLAIMED} AS claim`
  )
  if (!claimed) throw new Problem('EMAIL_TOKEN_INVALID')
  return claimed.claim
}

/** Releases a claim, unless another one has replaced it. */
export async function releaseEmailToken(database: Database, token: string, claim: string): Promise<void> {
  await database.query(
    sql`UPDATE email_tokens AS mine SET claimed_until = NULL WHERE hash = ${hashOf(token)} AND ${CLAIMED} = ${claim}`
  )
}

/** The tokens of a user without their hashes, in the order of their mails. */
export async function listEmailTokens(database: Database, user: string): Promise<EmailTokenRecord[]> {
  return database.query<EmailTokenRecord>(
    sql`SELECT purpose, email, sent_at, expires_at, used_at FROM email_tokens WHERE user_id = ${user} ORDER BY mail_id`
  )
}
