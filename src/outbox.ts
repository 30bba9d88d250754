import { v7 as uuid } from 'uuid'
import type { Clock } from './clock.ts'
import type { Database } from './database.ts'

/**
 * The closed list of mails; the database takes nothing else. The last three are questions: a request puts them down
 * without looking at any account, so that its time tells nothing, and whether a letter comes of one is found out when
 * it is taken.
 */
export const KINDS = [
  'verify email',
  'reset password',
  'password changed',
  'confirm new email',
  'email changed',
  'finish registration',
  'already registered',
  'registration asked',
  'reset asked',
  'verification asked'
] as const

export type Kind = (typeof KINDS)[number]

/** What is to be sent. */
export interface NewMail {
  kind: Kind
  recipient: string
  /** Whose mail it is, where that is known: it goes with the account. */
  userId?: string
  /** What the letter needs besides: small, and no secret. */
  data?: Record<string, string>
}

/** A mail that this instance has taken to send. */
export interface Mail {
  id: string
  kind: Kind
  recipient: string
  user_id: string | null
  data: Record<string, string>
  /** How often it was taken, this time included. */
  attempts: number
}

/**
 * Puts a mail into the outbox, in the transaction of what it tells of: it is sent if that is committed, and by whichever
 * instance comes to it. One INSERT, at the same cost for every kind and recipient; nothing is looked up, and no mail
 * server is waited for. Call `fastify.outbox.nudge()` after the commit, or the mail waits for the next look.
 */
export async function enqueueMail(
  database: Database,
  clock: Clock,
  { kind, recipient, userId, data = {} }: NewMail
): Promise<void> {
  await database.query(
    `INSERT INTO mails (id, kind, recipient, user_id, data, created_at, next_attempt_at)
     SELECT $1, $2, $3, $4, $5, moment, moment FROM (SELECT now() + $6 * interval '1 millisecond' AS moment) AS clock`,
    [uuid({ msecs: clock.now() }), kind, recipient, userId ?? null, JSON.stringify(data), clock.offset]
  )
}
