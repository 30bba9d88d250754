import { randomInt } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import fp from 'fastify-plugin'
import type { AppOptions } from '../src/app.ts'
import { BATCH, createDelivery, type Outcome } from '../src/delivery.ts'
import { Problem } from '../src/errors.ts'
import { compose } from '../src/letters.ts'
import { countMails, type Mail } from '../src/outbox.ts'
import { deriveKey } from '../src/secrets.ts'
import { Undelivered } from '../src/undelivered.ts'

/** The mails that wait to be sent, and what sends them. */
export interface Outbox {
  /**
   * Whether mail can be sent at all. Where it cannot, nothing must be put into the outbox: a route that is about mail
   * alone has `requireMail` as a hook, and one that is not, such as /register, leaves the mail out.
   */
  readonly available: boolean
  /** Looks into the outbox soon; called when a mail has been put into it and committed. It waits for nothing. */
  nudge(): void
  /**
   * Sends all that is due now.
   *
   * @throws Undelivered where the mail server cannot be reached, and what keeps the database from answering
   */
  flush(): Promise<void>
  /** How often each of the outcomes was met by this instance. */
  readonly outcomes: Readonly<Record<Outcome, number>>
  /** How many mails waited at the last look, with those that other instances have taken. */
  readonly waiting: number
}

declare module 'fastify' {
  interface FastifyInstance {
    outbox: Outbox
    /** An onRequest hook: refuses with MAIL_UNAVAILABLE where no mail can be sent. */
    requireMail(): Promise<void>
  }
}

/** How often the outbox is looked into, in milliseconds: for what others have left there, and what is to be repeated. */
const INTERVAL = 5_000

/**
 * A nudge brings the next look forward to a part of the interval, 200 ms to 1 s of it. That is by lot, so that the work
 * that a mail makes does not fall into the time of the request that follows, which could tell whether there was any.
 */
const SOONER = { most: 25, least: 5 }

/** While the mail server or the database is away, the pauses between two looks double up to a minute, in milliseconds. */
const PAUSES = { first: 1_000, longest: 60_000 }

/** How long one statement or letter may wait for the database, in milliseconds. */
const PATIENCE = 5_000

/** How long the mails that are on their way have when the service stops, in milliseconds. */
const FAREWELL = 2_000

export default fp<AppOptions>(
  async (fastify, { mailEvery = INTERVAL }) => {
    const { clock, log, mailer, rootSecret } = fastify
    const key = deriveKey(rootSecret, 'email tokens')
    const outcomes: Record<Outcome, number> = { sent: 0, dropped: 0, expired: 0, lost: 0, later: 0, away: 0 }
    const openDatabase = () => fastify.openDatabase(PATIENCE)
    const delivery = createDelivery({ openDatabase, clock, send, report })
    let waiting = 0
    let failures = 0
    let serverIsAway = false
    let timer: NodeJS.Timeout | undefined
    let looking: Promise<void> | undefined
    let nudged = false
    let closed = mailer === undefined

    async function send(mail: Mail): Promise<boolean> {
      const letter = await compose(openDatabase(), clock, key, mail)
      if (letter) await mailer?.send(mail.id, fastify.writeLetter(letter))
      return letter !== undefined
    }

    function report({ id, kind, attempts }: Mail, outcome: Outcome, error?: Error): void {
      outcomes[outcome] += 1
      const line = { mail: id, kind, attempts }
      const why = error instanceof Undelivered ? { reason: error.message } : error && { err: error }
      if (outcome === 'sent') log.info(line, 'sent a mail')
      if (outcome === 'later') log.warn({ ...line, ...why }, 'a mail was not sent, and will be tried again')
      if (outcome === 'lost') log.warn({ ...line, ...why }, 'a mail is given up: nobody has this address')
      if (outcome === 'expired') log.error(line, 'a mail is given up: it could not be sent for a day')
    }

    /** Sends all that is due now, and tells whether anything was. */
    async function empty(): Promise<boolean> {
      let batch = await delivery.sendBatch()
      const tried = batch.taken > 0
      while (!batch.away && batch.taken === BATCH && !closed) batch = await delivery.sendBatch()
      // What takes some is not to be left alone for longer and longer.
      if (batch.away && batch.done > 0) failures = 0
      if (batch.away) throw batch.away
      waiting = await countMails(openDatabase())
      return tried
    }

    function look(): Promise<void> {
      looking ??= empty()
        .then(succeeded, failed)
        .finally(() => {
          looking = undefined
        })
      return looking
    }

    function succeeded(tried: boolean): void {
      // Where nothing was due, nobody knows whether the mail server is back.
      if (serverIsAway && !tried) return
      if (failures > 0) log.info('mail is sent again')
      failures = 0
      serverIsAway = false
    }

    function failed(err: Error): never {
      if (failures === 0) {
        const reason = err instanceof Undelivered ? { reason: err.message } : { err }
        log.warn(reason, 'mail cannot be sent, and waits')
      }
      failures += 1
      serverIsAway = err instanceof Undelivered
      throw err
    }

    function schedule(milliseconds: number): void {
      clearTimeout(timer)
      if (!closed) timer = setTimeout(tick, milliseconds).unref()
    }

    async function tick(): Promise<void> {
      nudged = false
      await look().catch(() => {})
      const longer = Math.min(PAUSES.first * 2 ** failures, PAUSES.longest)
      if (failures > 0) schedule(longer)
      else schedule(nudged ? sooner() : mailEvery)
    }

    const sooner = () => mailEvery / randomInt(SOONER.least, SOONER.most + 1)

    function nudge(): void {
      // While the server is away its pause is kept.
      if (nudged || failures > 0) return
      nudged = true
      schedule(sooner())
    }

    schedule(mailEvery)
    fastify.addHook('onClose', async () => {
      closed = true
      clearTimeout(timer)
      delivery.stop()
      const end = looking?.catch(() => {})
      await Promise.race([end, pause(FAREWELL, undefined, { ref: false })])
      mailer?.close()
      await end
    })

    fastify.decorate('outbox', {
      available: mailer !== undefined,
      nudge,
      flush: look,
      outcomes,
      get waiting() {
        return waiting
      }
    })
    fastify.decorate('requireMail', async () => {
      if (!mailer) throw new Problem('MAIL_UNAVAILABLE')
    })
  },
  { name: 'outbox', dependencies: ['clock', 'config', 'database', 'mailer', 'root-secret'] }
)
