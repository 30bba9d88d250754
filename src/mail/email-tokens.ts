import { createHash, createHmac } from 'node:crypto'
import type { Database } from '../database/database.ts'
import { CLOCK, NOW, sql } from '../database/sql.ts'
import { Problem } from '../errors.ts'

/** How long a token is good for, in seconds from when its mail was sent last. */
export const LIFETIMES = {
  'verify email': 24 * 60 * 60,
  'reset password': 30 * 60,
  'confirm new email': 24 * 60 * 60,
  'undo email change': 7 * 24 * 60 * 60,
  'finish registration': 24 * 60 * 60
} as const

/** What the link of a mail is for. */
export type Purpose = keyof typeof LIFETIMES

/** What a token is made for. */
export interface Minted {
  /** The id of its mail. */
  mail: string
  purpose: Purpose
  /** Whose it is; nobody's yet where it ends a registration. */
  user?: string
  /** The address that it is about. */
  email: string
  /** The versions of the account without which it is void; those of this moment where they are not given. */
  passwordVersion?: string | undefined
  emailVersion?: string | undefined
  /** What it undoes. */
  change?: string | undefined
}

/** A token that is good. */
export interface EmailToken {
  /** Whose it is; null for that of a registration. */
  user: string | null
  /** The names of that account. */
  names: { username: string | null; email: string | null }
  passwordVersion: number | null
  /** The address that it is about. */
  email: string
  change: string | null
}

/** What is shown of a token to whose it is. */
export interface EmailTokenRecord {
  purpose: Purpose
  email: string
  sent_at: Date
  expires_at: Date
  used_at: Date | null
}

/**
 * For how long a token is claimed while a password is hashed for it, in seconds: longer than a hash and its 10 s in the
 * queue take. A claim that nobody gives back, as its process has crashed, is over then.
 */
const CLAIM = 30

/** The one token of a mail, however often that is sent: 256 bits that nobody without the key can tell. */
function tokenOf(key: Buffer, mail: string): string {
  return createHmac('sha256', key).update(mail).digest('base64url')
}

/** What is stored of a token. */
export const hashOf = (token: string) => createHash('sha256').update(token).digest()

/**
 * Makes the token of a mail that is about to be sent, or prolongs it where the mail is sent once more. A token about the
 * address of an account is made only while the account has that address: it may have changed since it was looked up.
 *
 * @param key derived for these tokens alone
 * @returns nothing where it would be of no use: it was used, a newer one is there, or the account has changed since
 */
export async function mintEmailToken(
  database: Database,
  key: Buffer,
  { mail, purpose, user, email, passwordVersion, emailVersion, change }: Minted
): Promise<string | undefined> {
  const token = tokenOf(key, mail)
  const hash = hashOf(token)
  const lifetime = sql`make_interval(secs => ${LIFETIMES[purpose]})`
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
             (hash, mail_id, purpose, email, sent_at, expires_at, user_id, password_version, email_version, email_change)
           SELECT ${hash}::bytea, ${mail}::uuid, ${purpose}::text, ${email}::text, ${NOW}, ${NOW} + ${lifetime}, id,
             CASE WHEN ${purpose} IN ('reset password', 'confirm new email') THEN password_version END,
             CASE WHEN ${purpose} <> 'undo email change' THEN email_version END,
             ${change ?? null}::uuid
           FROM users
           WHERE id = ${user} AND disabled_at IS NULL
             AND password_version = coalesce(${passwordVersion ?? null}::integer, password_version)
             AND email_version = coalesce(${emailVersion ?? null}::integer, email_version)
             AND (${purpose} NOT IN ('verify email', 'reset password')
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

/** The token with a hash for a purpose, where it is good, and the `moment`. */
export const goodToken = (hash: Buffer, purpose: Purpose) => sql`(
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
  ) AS good`

/** When a claim is over, to the microsecond, which tells it from others. */
const CLAIMED = sql`(extract(epoch FROM mine.claimed_until) * 1000000)::bigint::text`

export const COLUMNS = sql`good.user_id AS user, json_build_object('username', good.username, 'email', good.present_email) AS names,
  good.password_version AS "passwordVersion", good.email, good.email_change AS change`

/** A token that is good, without using it. */
export async function lookUpEmailToken(
  database: Database,
  purpose: Purpose,
  token: string
): Promise<EmailToken | undefined> {
  const [found] = await database.query<EmailToken>(sql`SELECT ${COLUMNS} FROM ${goodToken(hashOf(token), purpose)}`)
  return found
}

/**
 * The same where it has to be good.
 *
 * @throws Problem EMAIL_TOKEN_INVALID
 */
export async function findEmailToken(...given: Parameters<typeof lookUpEmailToken>): Promise<EmailToken> {
  const found = await lookUpEmailToken(...given)
  if (!found) throw new Problem('EMAIL_TOKEN_INVALID')
  return found
}

/**
 * Uses a token up, which one of several at once does, in the transaction of what it stands for. The account is locked
 * first, as by all that changes one: what another has changed meanwhile is seen.
 *
 * @throws Problem EMAIL_TOKEN_INVALID
 */
export async function useEmailToken(transaction: Database, purpose: Purpose, token: string): Promise<EmailToken> {
  const used = await tryToUse(transaction, purpose, token)
  if (!used) throw new Problem('EMAIL_TOKEN_INVALID')
  return used
}

export async function tryToUse(transaction: Database, purpose: Purpose, token: string) {
  const hash = hashOf(token)
  await transaction.query(
    sql`SELECT FROM users WHERE id = (SELECT user_id FROM email_tokens WHERE hash = ${hash}) FOR NO KEY UPDATE`
  )
  const [used] = await transaction.query<EmailToken>(
    sql`UPDATE email_tokens AS mine SET used_at = moment
     FROM ${goodToken(hash, purpose)}
     WHERE mine.hash = good.hash AND mine.used_at IS NULL
     RETURNING ${COLUMNS}`
  )
  return used
}

/**
 * Claims a token that is good for a while, without using it: of several requests at once, at whichever instances, one
 * does, so that a token costs one hash at a time.
 *
 * @param own a claim that the caller holds, which may still stand
 * @returns what the claim is given back with: when it is over, in microseconds since the epoch
 * @throws Problem EMAIL_TOKEN_INVALID, also while another claim stands
 */
export async function claimEmailToken(
  database: Database,
  purpose: Purpose,
  token: string,
  own?: string
): Promise<string> {
  const [claimed] = await database.query<{ claim: string }>(
    sql`UPDATE email_tokens AS mine SET claimed_until = moment + make_interval(secs => ${CLAIM})
     FROM ${goodToken(hashOf(token), purpose)}
     WHERE mine.hash = good.hash AND mine.used_at IS NULL
       AND (mine.claimed_until IS NULL OR mine.claimed_until <= moment OR ${CLAIMED} = ${own ?? null})
     RETURNING ${CLAIMED} AS claim`
  )
  if (!claimed) throw new Problem('EMAIL_TOKEN_INVALID')
  return claimed.claim
}

/** Gives a claim back, unless another has taken its place since. */
export async function releaseEmailToken(database: Database, token: string, claim: string): Promise<void> {
  await database.query(
    sql`UPDATE email_tokens AS mine SET claimed_until = NULL WHERE hash = ${hashOf(token)} AND ${CLAIMED} = ${claim}`
  )
}

/** What is stored of the tokens of a user, but for the hashes, in the order of their mails. */
export async function listEmailTokens(database: Database, user: string): Promise<EmailTokenRecord[]> {
  return database.query<EmailTokenRecord & Record<string, unknown>>(
    sql`SELECT purpose, email, sent_at, expires_at, used_at FROM email_tokens WHERE user_id = ${user} ORDER BY mail_id`
  )
}
