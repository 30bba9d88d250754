import type { Database } from '../database/database.ts'
import { enqueueMail, type NewMail, THROTTLED } from '../outbox/outbox.ts'

/**
 * Puts a mail that a client has asked for into the outbox. One to an address that has had its share is put there all the
 * same, and dropped later: the client that asked cannot tell by the time either.
 *
 * @returns whether it was put there: a mail of a user who has gone is not
 */
export async function requestMail(
  database: Database,
  mail: NewMail,
  { throttled }: { throttled: boolean }
): Promise<boolean> {
  return enqueueMail(database, throttled ? { ...mail, data: { ...mail.data, [THROTTLED]: 'yes' } } : mail)
}
