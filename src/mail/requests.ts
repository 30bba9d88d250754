import type { Database } from '../database/database.ts'
import { sql } from '../database/sql.ts'
import { enqueueMail, type NewMail, REQUEST_KINDS } from './mails.ts'

/** The maximum number of requests that one statement resolves. */
export const REQUEST_BATCH = 500

/** Marks a mail as throttled, in its data. The stored key is that of earlier versions. */
export const THROTTLED = 'held_off'

/**
 * Inserts a mail that a client requested into the outbox. A throttled one is inserted all the same, and dropped later, so
 * that the time of the answer does not reveal that it is throttled.
 *
 * @returns whether it was inserted: not if its account no longer exists
 */
export async function requestMail(
  database: Database,
  mail: NewMail,
  { throttled }: { throttled: boolean }
): Promise<boolean> {
  return enqueueMail(database, throttled ? { ...mail, data: { ...mail.data, [THROTTLED]: 'yes' } } : mail)
}

/**
 * Looks up the accounts of requests, the oldest first, and turns each request into a mail with the same id and due time, or
 * deletes it if there is nothing to send. One statement resolves all of them, apart from the sending: neither waits for the
 * other, so that observing either reveals nothing about it.
 *
 * @returns how many requests were resolved
 */
export async function resolveRequests(database: Database, limit = REQUEST_BATCH): Promise<number> {
  const [row] = await database.query<{ count: number }>(
    sql`WITH requests AS MATERIALIZED (
       SELECT id, kind, recipient, data ? ${THROTTLED} AS throttled FROM mails
       WHERE kind = ANY(${REQUEST_KINDS})
       ORDER BY id LIMIT ${limit}
       FOR UPDATE SKIP LOCKED
     ), accounts AS MATERIALIZED (
       -- Locked, so that no mail refers to an account that is being deleted.
       SELECT id, email, email_verified, disabled_at IS NULL AS enabled FROM users
       WHERE lower(email COLLATE "C") IN (SELECT lower(recipient COLLATE "C") FROM requests)
       FOR KEY SHARE
     ), resolved AS MATERIALIZED (
       SELECT requests.id, accounts.id AS user_id, coalesce(accounts.email, recipient) AS recipient,
         CASE
           WHEN throttled THEN NULL
           WHEN kind = 'registration asked' THEN 'finish registration'
           WHEN kind = 'reset asked' AND enabled THEN 'reset password'
           WHEN kind = 'verification asked' AND enabled AND NOT email_verified THEN 'verify email'
         END AS kind
       FROM requests LEFT JOIN accounts ON lower(accounts.email COLLATE "C") = lower(recipient COLLATE "C")
     ), kept AS (
       UPDATE mails SET kind = resolved.kind, recipient = resolved.recipient, user_id = resolved.user_id
       FROM resolved WHERE mails.id = resolved.id AND resolved.kind IS NOT NULL
     ), dropped AS (
       DELETE FROM mails USING resolved WHERE mails.id = resolved.id AND resolved.kind IS NULL
     )
     SELECT count(*)::int AS count FROM requests`
  )
  return (row as { count: number }).count
}
