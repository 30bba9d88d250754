import { v7 as uuid } from 'uuid'
import type { Database } from '../database/database.ts'
import { CLOCK, NOW, sql } from '../database/sql.ts'
import { foldName } from '../users/names.ts'

/**
 * The closed list of mails. The last three are questions: a request puts them down without looking at any account, so
 * that its time tells nothing. `answerQuestions` turns each into a mail, or into none, before it is due.
 */
export const KINDS = [
  'verify email',
  'reset password',
  'password changed',
  'confirm new email',
  'email changed',
  'finish registration',
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
  /** How long it waits before it is sent, in milliseconds. */
  delay?: number
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
 * instance comes to it. One INSERT, at the same cost for every recipient; no address is looked up, and no mail server is
 * waited for. Call `fastify.outbox.nudge()` after the commit, or the mail waits for the next look.
 *
 * @returns whether it was put there: a mail of a user who has gone is not
 */
export async function enqueueMail(
  database: Database,
  { kind, recipient, userId, data = {}, delay = 0 }: NewMail
): Promise<boolean> {
  const id = uuid({ msecs: database.clock.now() })
  const user = userId ?? null
  const put = await database.query(
    sql`INSERT INTO mails (id, kind, recipient, user_id, data, created_at, next_attempt_at)
     SELECT ${id}, ${kind}, ${recipient}, ${user}::uuid, ${JSON.stringify(data)}, moment,
       moment + ${delay} * interval '1 millisecond'
     FROM ${CLOCK}
     WHERE ${user}::uuid IS NULL OR EXISTS (SELECT FROM users WHERE id = ${user}::uuid FOR KEY SHARE)
     RETURNING id`
  )
  return put.length > 0
}

/** Marks a mail that is not sent, in its data; the key is what earlier versions write too. */
export const THROTTLED = 'held_off'

const QUESTIONS: Kind[] = ['registration asked', 'reset asked', 'verification asked']

/**
 * Looks at the accounts for questions, the oldest first, and turns each into the mail that answers it, under the same id
 * and due at the same time; one to which there is no answer is deleted. It is one statement for all of them, apart from
 * the sending, so that neither waits for the other, and an observer of either learns nothing of it.
 *
 * @returns how many questions were answered
 */
export async function answerQuestions(database: Database, most = 500): Promise<number> {
  const [row] = await database.query<{ count: number }>(
    sql`WITH asked AS MATERIALIZED (
       SELECT id, kind, recipient, data ? ${THROTTLED} AS throttled FROM mails
       WHERE kind = ANY(${QUESTIONS})
       ORDER BY id LIMIT ${most}
       FOR UPDATE SKIP LOCKED
     ), accounts AS MATERIALIZED (
       -- Locked, so that one that is being deleted is not referred to.
       SELECT id, email, email_verified, disabled_at IS NULL AS enabled FROM users
       WHERE lower(email COLLATE "C") IN (SELECT lower(recipient COLLATE "C") FROM asked)
       FOR KEY SHARE
     ), answers AS MATERIALIZED (
       SELECT asked.id, accounts.id AS user_id, coalesce(accounts.email, recipient) AS recipient,
         CASE
           WHEN throttled THEN NULL
           WHEN kind = 'registration asked' THEN 'finish registration'
           WHEN kind = 'reset asked' AND enabled THEN 'reset password'
           WHEN kind = 'verification asked' AND enabled AND NOT email_verified THEN 'verify email'
         END AS kind
       FROM asked LEFT JOIN accounts ON lower(accounts.email COLLATE "C") = lower(recipient COLLATE "C")
     ), answered AS (
       UPDATE mails SET kind = answers.kind, recipient = answers.recipient, user_id = answers.user_id
       FROM answers WHERE mails.id = answers.id AND answers.kind IS NOT NULL
     ), unanswered AS (
       DELETE FROM mails USING answers WHERE mails.id = answers.id AND answers.kind IS NULL
     )
     SELECT count(*)::int AS count FROM asked`
  )
  return (row as { count: number }).count
}

/** For how long a mail that was taken is this instance's alone, in seconds: when it dies, another one goes on then. */
export const LEASE = 120

/** How old a mail becomes at most, in seconds; then it is given up. */
export const LIFE = 86_400

/** A mail that was taken, and whether it is too old to be sent. */
export type Claimed = Mail & { expired: boolean }

/** Among how many mails that are due one for each recipient is looked for. */
const WINDOW = 200

/**
 * Takes the mails that are due, the longest due first, and of those to one recipient the first alone. Each is taken by
 * one instance at a time, for the time of the lease. Questions are not taken.
 *
 * @param most how many are taken at most
 * @param busy recipients to whom none is taken
 */
export async function claimMails(database: Database, most: number, busy: string[] = []): Promise<Claimed[]> {
  return database.query<Claimed>(
    sql`WITH clock AS (
       SELECT ${NOW} AS moment
     ), oldest AS MATERIALIZED (
       SELECT id, ${RECIPIENT} AS recipient, next_attempt_at FROM mails, clock
       WHERE next_attempt_at <= moment AND kind <> ALL(${QUESTIONS})
         AND ${RECIPIENT} <> ALL(${busy.map(foldName)})
       ORDER BY next_attempt_at
       LIMIT ${WINDOW}
     ), first AS (
       SELECT DISTINCT ON (recipient) id FROM oldest ORDER BY recipient, next_attempt_at, id
     ), due AS MATERIALIZED (
       SELECT id, moment FROM mails, clock
       WHERE id IN (SELECT id FROM first) AND next_attempt_at <= moment
       ORDER BY next_attempt_at
       LIMIT ${most}
       FOR UPDATE OF mails SKIP LOCKED
     )
     UPDATE mails SET attempts = attempts + 1, next_attempt_at = moment + make_interval(secs => ${LEASE})
     FROM due
     WHERE mails.id = due.id
     RETURNING mails.id, kind, recipient, user_id, data, attempts,
       extract(epoch FROM moment - created_at) >= ${LIFE} AS expired`
  )
}

const RECIPIENT = sql`lower(recipient COLLATE "C")`

/** In how many milliseconds the next mail that is not due yet will be, if there is one. */
export async function nextMailDue(database: Database): Promise<number | undefined> {
  const [row] = await database.query<{ due: number }>(
    sql`SELECT (extract(epoch FROM next_attempt_at - moment) * 1000)::float8 AS due
     FROM mails, ${CLOCK}
     WHERE next_attempt_at > moment
     ORDER BY next_attempt_at
     LIMIT 1`
  )
  return row?.due
}

/** Deletes mails that were sent, or never will be. */
export async function deleteMails(database: Database, ids: string[]): Promise<void> {
  await database.query(sql`DELETE FROM mails WHERE id = ANY(${ids}::uuid[])`)
}

/** The pause after the first attempt that failed, in seconds. */
const FIRST_PAUSE = 15

/** The longest pause, in seconds: of a mail that was refused, and of one that found no server to refuse it. */
const LONGEST_PAUSE = { later: 3600, away: 60 }

/**
 * Puts a mail that could not be sent off to a later time: after pauses that double, and of which a random part of up to
 * a half is left out, so that what failed together does not come back together. One that another instance has taken
 * since is left to that one.
 */
export async function postponeMail(
  database: Database,
  { id, attempts }: Claimed,
  reason: keyof typeof LONGEST_PAUSE
): Promise<void> {
  await database.query(
    sql`UPDATE mails SET next_attempt_at = ${NOW}
       + make_interval(secs => least(${FIRST_PAUSE} * 2 ^ least(${attempts}::int - 1, 20), ${LONGEST_PAUSE[reason]})
         * (1 - random() / 2))
     WHERE id = ${id} AND attempts = ${attempts}`
  )
}

/** Gives back mails that were taken and not tried, so that any instance may take them again at once. */
export async function giveBackMails(database: Database, mails: Claimed[]): Promise<void> {
  const ids = mails.map(({ id }) => id)
  const attempts = mails.map((mail) => mail.attempts)
  await database.query(
    sql`UPDATE mails SET attempts = mails.attempts - 1, next_attempt_at = ${NOW}
     FROM unnest(${ids}::uuid[], ${attempts}::int[]) AS untried (id, attempts)
     WHERE mails.id = untried.id AND mails.attempts = untried.attempts`
  )
}

/** How many mails are counted at most: of so many it matters no more how many more they are. */
const COUNTED = 100_000

/** How many mails wait. */
export async function countMails(database: Database): Promise<number> {
  const [row] = await database.query<{ count: number }>(
    sql`SELECT count(*)::int AS count FROM (SELECT FROM mails LIMIT ${COUNTED}) AS counted`
  )
  return Number(row?.count)
}
