import type { Clock } from '../clock.ts'
import type { Database } from '../database/database.ts'
import { enqueueMail, HELD_OFF, type NewMail } from '../outbox/outbox.ts'

/**
 * Puts a mail that a client has asked for into the outbox. One to an address that has had its share is put there all the
 * same, and dropped later: the client that asked cannot tell by the time either.
 *
 * @returns whether it was put there: a mail of a user who has gone is not
 */
export async function requestMail(
  database: Database,
  clock: Clock,
  mail: NewMail,
  { heldOff }: { heldOff: boolean }
): Promise<boolean> {
  return enqueueMail(database, clock, heldOff ? { ...mail, data: { ...mail.data, [HELD_OFF]: 'yes' } } : mail)
}
