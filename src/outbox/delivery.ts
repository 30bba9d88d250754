import type { Database } from '../database/database.ts'
import { foldName } from '../users/names.ts'
import { DeliveryError, type Fate } from './delivery-error.ts'
import { type Claimed, claimMails, deleteMails, giveBackMails, type Mail, postponeMail } from './outbox.ts'

/** What may come of a mail: it was sent, or needed no letter, or is too old, or was not taken by the server. */
export type Outcome = 'sent' | 'dropped' | 'expired' | Fate

export interface DeliveryParts {
  /** The database for one job, with a deadline of its own. */
  openDatabase: () => Database
  /**
   * Writes a mail and sends it.
   *
   * @returns whether there was anybody to write to
   * @throws DeliveryError where the mail server does not take it; anything else is no fault of the server's
   */
  send: (mail: Mail) => Promise<boolean>
  /** Told of each mail that was taken and tried. */
  report: (mail: Mail, outcome: Outcome, error?: Error) => void
  /** How many connections to the mail server there are at most. */
  connections: number
}

/** What came of the mails that were due. */
export interface Round {
  taken: number
  /** How many are done with. */
  done: number
  /** Why the mail server cannot be reached. */
  away?: Error
}

/** What sends the mails of the outbox. */
export interface Delivery {
  /**
   * Sends all mails that are due, and those that become so meanwhile and are told of by `wake`. Ends when none is left,
   * or none can be sent: each that was begun has ended then. One round at a time.
   *
   * Each recipient has a lane, in which one mail at a time is sent; a mail waits for no mail to somebody else as long as
   * fewer lanes are taken than there are connections to the mail server. What is in a lane has just been taken from the
   * table: a mail that has to wait, waits there, where another instance may take it.
   *
   * @throws Problem DATABASE_UNAVAILABLE; what was sent by then is not sent again by this instance
   */
  sendDue(): Promise<Round>
  /** Has the present round look for mails that are due. */
  wake(): void
  /** Begins no more mails. */
  stop(): void
}

export function createDelivery({ openDatabase, send, report, connections }: DeliveryParts): Delivery {
  // Sent, or never to be, but still in the outbox, since the database went away meanwhile.
  const done = new Set<string>()
  const lanes = new Map<string, Promise<void>>()
  let stopped = false
  let woken = false
  let wake = () => {}

  async function sendDue(): Promise<Round> {
    const round: Round = { taken: 0, done: 0 }
    const faults: unknown[] = []
    try {
      while (!round.away && faults.length === 0 && !stopped) {
        woken = false
        const waking = new Promise<void>((resolve) => {
          wake = resolve
        })
        // A lane that ends while mails are taken was busy for them: what waits for it is taken the next time.
        const busy = lanes.size
        const taken = await take(round, faults)
        if (busy + taken === 0 && !woken) break
        if (lanes.size > 0) await Promise.race([...lanes.values(), waking])
        // What ends at the same time is replaced by one statement.
        await new Promise(setImmediate)
      }
    } finally {
      await Promise.all(lanes.values())
    }
    if (faults.length > 0) throw faults[0]
    return round
  }

  /** @returns how many mails were taken */
  async function take(round: Round, faults: unknown[]): Promise<number> {
    await forget()
    const free = connections - lanes.size
    if (free === 0) return 0
    const mails = await claimMails(openDatabase(), free, [...lanes.keys()])
    if (stopped || round.away) {
      await giveBackMails(openDatabase(), mails)
      return 0
    }
    round.taken += mails.length
    for (const mail of mails) {
      const recipient = foldName(mail.recipient)
      const sending = settle(mail, round)
        .catch((error) => faults.push(error))
        .then(() => {
          lanes.delete(recipient)
        })
      lanes.set(recipient, sending)
    }
    return mails.length
  }

  async function settle(mail: Claimed, round: Round): Promise<void> {
    const { outcome, error } = await attempt(mail)
    report(mail, outcome, error)
    if (outcome === 'away') round.away = error as Error
    if (outcome === 'away' || outcome === 'later') {
      await postponeMail(openDatabase(), mail, outcome)
    } else {
      round.done += 1
      done.add(mail.id)
      await forget()
    }
  }

  async function attempt(mail: Claimed): Promise<{ outcome: Outcome; error?: Error }> {
    if (mail.expired) return { outcome: 'expired' }
    try {
      return { outcome: (await send(mail)) ? 'sent' : 'dropped' }
    } catch (error) {
      return { outcome: error instanceof DeliveryError ? error.fate : 'later', error: error as Error }
    }
  }

  async function forget(): Promise<void> {
    const ids = [...done]
    if (ids.length === 0) return
    await deleteMails(openDatabase(), ids)
    for (const id of ids) done.delete(id)
  }

  return {
    sendDue,
    wake() {
      woken = true
      wake()
    },
    stop() {
      stopped = true
    }
  }
}
