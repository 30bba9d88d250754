import { v7 as uuid } from 'uuid'
import type { Database } from '../database/database.ts'
import { CLOCK, sql } from '../database/sql.ts'
import { createOutbox, type Item } from '../outbox/outbox.ts'
import type { MailContent } from './letters/letter.ts'
import type { SecurityNotice } from './letters/security-notice.ts'
import type { LetterKind } from './letters.ts'

/**
 * What a client may request for any address: stored without looking for an account, so that the time of the answer reveals
 * none. `resolveRequests` turns each into a letter, or into nothing, before it is sent.
 */
export const REQUEST_KINDS = ['registration asked', 'reset asked', 'verification asked'] as const

export type RequestKind = (typeof REQUEST_KINDS)[number]

export type MailKind = LetterKind | RequestKind

/** A mail to insert into the outbox. */
export interface NewMail {
  kind: MailKind
  recipient: string
  /** The account that it concerns, if known: it is deleted with the account. */
  userId?: string
  /** What else the letter needs: small, and not secret. */
  data?: Record<string, string>
  /** How long it waits before it is sent, in milliseconds. */
  delay?: number
}

/** A mail in the outbox. */
export interface Mail extends Item, MailContent {
  kind: MailKind
}

/** The mails to send. Each recipient gets one at a time. */
export const MAILS = createOutbox<Mail>({
  table: 'mails',
  columns: sql`kind, recipient, user_id, data`,
  lane: sql`lower(recipient COLLATE "C")`,
  ready: sql`kind <> ALL(${REQUEST_KINDS})`
})

/**
 * Inserts a mail into the outbox, in the transaction of the change that it reports. One INSERT, which takes the same time
 * for every recipient: it looks up no address, and waits for no mail server. Call `fastify.mail.wake()` after the commit; otherwise the mail
 * waits until the outbox is next read.
 *
 * @returns whether it was inserted: not if its account no longer exists
 */
export async function enqueueMail(
  database: Database,
  { kind, recipient, userId, data = {}, delay = 0 }: NewMail
): Promise<boolean> {
  const id = uuid({ msecs: database.clock.now() })
  const user = userId ?? null
  const inserted = await database.query(
    sql`INSERT INTO mails (id, kind, recipient, user_id, data, created_at, next_attempt_at)
     SELECT ${id}, ${kind}, ${recipient}, ${user}::uuid, ${JSON.stringify(data)}, moment,
       moment + ${delay} * interval '1 millisecond'
     FROM ${CLOCK}
     WHERE ${user}::uuid IS NULL OR EXISTS (SELECT FROM users WHERE id = ${user}::uuid FOR KEY SHARE)
     RETURNING id`
  )
  return inserted.length > 0
}

/**
 * Inserts a notice into the outbox, in the transaction of the event that it tells of, if the account has a verified address.
 * One statement. Only for a service that sends mail; call `fastify.mail.wake()` after the commit.
 */
export async function enqueueNotice(database: Database, user: string, notice: SecurityNotice): Promise<void> {
  const id = uuid({ msecs: database.clock.now() })
  const kind: MailKind = 'security notice'
  const data = Object.fromEntries(Object.entries(notice).map(([key, value]) => [key, String(value)]))
  await database.query(
    sql`INSERT INTO mails (id, kind, recipient, user_id, data, created_at, next_attempt_at)
     SELECT ${id}, ${kind}, email, users.id, ${JSON.stringify(data)}, moment, moment
     FROM ${CLOCK}, users WHERE users.id = ${user} AND email IS NOT NULL AND email_verified
     FOR KEY SHARE OF users`
  )
}
