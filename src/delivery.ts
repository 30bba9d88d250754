import type { Clock } from './clock.ts'
import type { Database } from './database.ts'
import { type Claimed, claimMails, deleteMails, giveBackMails, LEASE, type Mail, postponeMail } from './outbox.ts'
import { type Fate, Undelivered } from './undelivered.ts'

/** How many mails are taken at once, and how many of them are on their way at once. */
export const BATCH = 20
const LANES = 5

/** So long after they were taken, in milliseconds, no further mails are begun: each ends well within the lease. */
const BEGIN_WITHIN = (LEASE * 1000) / 2

/** What may come of a mail: it was sent, or needed no letter, or is too old, or was not taken by the server. */
export type Outcome = 'sent' | 'dropped' | 'expired' | Fate

export interface DeliveryParts {
  /** The database for one job, with a deadline of its own. */
  openDatabase: () => Database
  clock: Clock
  /**
   * Writes a mail and sends it.
   *
   * @returns whether there was anybody to write to
   * @throws Undelivered where the mail server does not take it; anything else is no fault of the server's
   */
  send: (mail: Mail) => Promise<boolean>
  /** Told of each mail that was taken and tried. */
  report: (mail: Mail, outcome: Outcome, error?: Error) => void
}

/** What came of a batch. */
export interface Batch {
  taken: number
  /** How many are done with. */
  done: number
  /** Why the mail server cannot be reached. */
  away?: Error | undefined
}

/** What sends the mails of the outbox. */
export interface Delivery {
  /**
   * Takes the next few mails that are due, and sends them. Where the mail server turns out to be away, those that were
   * not tried are given back.
   *
   * @throws Problem DATABASE_UNAVAILABLE; what was sent by then is not sent again by this instance
   */
  sendBatch(): Promise<Batch>
  /** Begins no more mails. */
  stop(): void
}

export function createDelivery({ openDatabase, clock, send, report }: DeliveryParts): Delivery {
  // Sent, or never to be, but still in the outbox, since the database went away meanwhile.
  const done = new Set<string>()
  let stopped = false

  async function sendBatch(): Promise<Batch> {
    await forget()
    const mails = await claimMails(openDatabase(), clock, BATCH)
    const waiting = [...mails]
    const began = performance.now()
    const batch: Batch = { taken: mails.length, done: 0 }

    async function sendNext(): Promise<void> {
      while (!batch.away && !stopped && performance.now() - began < BEGIN_WITHIN) {
        const mail = waiting.shift()
        if (!mail) return
        const { outcome, error } = await attempt(mail)
        report(mail, outcome, error)
        if (outcome === 'away') batch.away = error
        if (outcome === 'away' || outcome === 'later') {
          await postponeMail(openDatabase(), clock, mail, outcome)
        } else {
          batch.done += 1
          done.add(mail.id)
          await forget()
        }
      }
    }

    // Each goes on to its end: none is on its way any more when this is over, whatever happened to the others.
    const lanes = await Promise.allSettled(Array.from({ length: LANES }, sendNext))
    if (waiting.length > 0) await giveBackMails(openDatabase(), clock, waiting)
    for (const lane of lanes) if (lane.status === 'rejected') throw lane.reason
    return batch
  }

  async function attempt(mail: Claimed): Promise<{ outcome: Outcome; error?: Error }> {
    if (mail.expired) return { outcome: 'expired' }
    try {
      return { outcome: (await send(mail)) ? 'sent' : 'dropped' }
    } catch (error) {
      return { outcome: error instanceof Undelivered ? error.fate : 'later', error: error as Error }
    }
  }

  async function forget(): Promise<void> {
    const ids = [...done]
    if (ids.length === 0) return
    await deleteMails(openDatabase(), ids)
    for (const id of ids) done.delete(id)
  }

  return {
    sendBatch,
    stop() {
      stopped = true
    }
  }
}
