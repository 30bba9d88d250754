import { setTimeout as pause } from 'node:timers/promises'
import fp from 'fastify-plugin'
import type { AppOptions } from '../../src/app-options.ts'
import { periodic } from '../../src/concurrency/periodic.ts'
import { Problem } from '../../src/errors.ts'
import { compose } from '../../src/mail/compose.ts'
import { createDelivery, type Outcome, type Round } from '../../src/outbox/delivery.ts'
import { DeliveryError } from '../../src/outbox/delivery-error.ts'
import { answerQuestions, countMails, type Mail, nextMailDue } from '../../src/outbox/outbox.ts'

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
   * Finds out what is to be sent, and sends all that is due now.
   *
   * @throws DeliveryError where the mail server cannot be reached, and what keeps the database from answering
   */
  flush(): Promise<void>
  /** How often each of the outcomes was met by this instance. */
  readonly outcomes: Readonly<Record<Outcome, number>>
  /** How many mails waited at the last look, with those that instances have taken. */
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

/** How many questions one statement answers. */
const QUESTIONS_AT_ONCE = 500

/**
 * A nudge brings the next look forward to a part of the interval, 200 ms to 1 s of it. That is by lot, so that the work
 * that a mail makes does not fall into the time of the request that follows, which could tell whether there was any.
 */
const SOONER = { first: 1 / 25, last: 1 / 5 }

/** The shortest time between two looks for mails that are due, as a part of the interval: 10 ms of it. */
const SHORTEST = 500

/** While the mail server or the database is away, the pauses between two attempts double up to a minute, in milliseconds. */
const PAUSES = { first: 1_000, longest: 60_000 }

/** How long one statement or letter may wait for the database, in milliseconds. */
const TIMEOUT = 5_000

/** How long the mails that are on their way have when the service stops, in milliseconds. */
const STOP_TIMEOUT = 2_000

export default fp<AppOptions>(
  async (fastify, { mailEvery = INTERVAL, timers }) => {
    const { config, log, mailer } = fastify
    const key = fastify.deriveKey('email tokens')
    const outcomes: Record<Outcome, number> = { sent: 0, dropped: 0, expired: 0, lost: 0, later: 0, away: 0 }
    const openDatabase = () => fastify.database.open(TIMEOUT)
    const delivery = createDelivery({
      openDatabase,
      send: write,
      report,
      connections: config.SMTP_CONNECTIONS
    })
    const lookJob = periodic({ first: mailEvery, work: lookAndSend, failed: failedToLook, timers })
    const sendJob = periodic({ work: resume, failed: failedToLook, timers })
    let waiting = 0
    let failures = 0
    let serverIsAway = false
    let paused = false
    let nudged = false
    let looking: Promise<void> | undefined
    let lookFailed = false
    let sending: Promise<void> | undefined
    let closed = mailer === undefined

    async function write(mail: Mail): Promise<boolean> {
      const letter = await compose(openDatabase(), key, mail)
      if (letter) await mailer?.send(mail.id, fastify.writeLetter(letter))
      return letter !== undefined
    }

    function report({ id, kind, attempts }: Mail, outcome: Outcome, error?: Error): void {
      outcomes[outcome] += 1
      const line = { mail: id, kind, attempts }
      const why = error instanceof DeliveryError ? { reason: error.message } : error && { err: error }
      if (outcome === 'sent') log.info(line, 'sent a mail')
      if (outcome === 'later') log.warn({ ...line, ...why }, 'a mail was not sent, and will be tried again')
      if (outcome === 'lost') log.warn({ ...line, ...why }, 'a mail is given up: nobody has this address')
      if (outcome === 'expired') log.error(line, 'a mail is given up: it could not be sent for a day')
    }

    /** The first stage: finds out what is to be sent at all. It has statements and a schedule of its own. */
    function look(): Promise<void> {
      looking ??= answerAll().finally(() => {
        looking = undefined
      })
      return looking
    }

    async function answerAll(): Promise<void> {
      while ((await answerQuestions(openDatabase(), QUESTIONS_AT_ONCE)) === QUESTIONS_AT_ONCE && !closed);
    }

    async function count(): Promise<void> {
      waiting = await countMails(openDatabase())
    }

    /** The second stage: sends all that is due. */
    function send(): Promise<void> {
      if (sending) delivery.wake()
      sending ??= delivery
        .sendDue()
        .then(succeeded, failed)
        .finally(() => {
          sending = undefined
        })
      return sending
    }

    function succeeded({ taken, done, away }: Round): void {
      // What takes some is not to be left alone for longer and longer.
      if (away && done > 0) failures = 0
      if (away) failed(away)
      // Where nothing was due, nobody knows whether the mail server is back.
      if (serverIsAway && taken === 0) return
      if (failures > 0) log.info('mail is sent again')
      failures = 0
      serverIsAway = false
    }

    function failed(err: Error): never {
      if (failures === 0) {
        const reason = err instanceof DeliveryError ? { reason: err.message } : { err }
        log.warn(reason, 'mail cannot be sent, and waits')
      }
      failures += 1
      serverIsAway = err instanceof DeliveryError
      paused = true
      sendJob.next(Math.min(PAUSES.first * 2 ** failures, PAUSES.longest))
      throw err
    }

    function resume(): Promise<void> {
      paused = false
      return sendWhenDue()
    }

    /** Sends what is due, and comes back when the next mail is. It does not wait for mails that are on their way. */
    async function sendWhenDue(): Promise<void> {
      // Asked first: what becomes due between the two statements is sent by the second.
      const due = await nextMailDue(openDatabase()).catch(() => undefined)
      if (paused || closed) return
      send().catch(() => {})
      sendJob.next(Math.min(Math.max(due ?? mailEvery, mailEvery / SHORTEST), mailEvery))
    }

    async function lookAndSend(): Promise<void> {
      nudged = false
      try {
        await look()
        await count()
        lookFailed = false
      } finally {
        if (!nudged) lookJob.next(mailEvery)
        await sendWhenDue()
      }
    }

    function failedToLook(err: unknown): void {
      if (!lookFailed) log.warn({ err }, 'could not look for what is to be sent')
      lookFailed = true
    }

    function nudge(): void {
      if (nudged) return
      nudged = true
      lookJob.next(mailEvery * SOONER.first, Math.floor(mailEvery * (SOONER.last - SOONER.first)))
    }

    // Without a mail server nothing is looked for.
    if (closed) await Promise.all([lookJob.stop(), sendJob.stop()])
    fastify.addHook('onClose', async () => {
      closed = true
      delivery.stop()
      // What a job would do next is not waited for, only what is under way: a database that hangs must not stop the stop.
      Promise.all([lookJob.stop(), sendJob.stop()])
      const end = Promise.allSettled([looking, sending])
      await Promise.race([end, pause(STOP_TIMEOUT, undefined, { ref: false })])
      mailer?.close()
      await end
    })

    fastify.decorate('outbox', {
      available: mailer !== undefined,
      nudge,
      flush: () => look().finally(send).then(count),
      outcomes,
      get waiting() {
        return waiting
      }
    })
    fastify.decorate('requireMail', async () => {
      if (!mailer) throw new Problem('MAIL_UNAVAILABLE')
    })
  },
  { name: 'outbox', dependencies: ['config', 'database', 'mailer', 'derive-key'] }
)
