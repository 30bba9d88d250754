import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { AppOptions } from '../src/app-options.ts'
import type { Action, Actor } from '../src/audit/actions.ts'
import { appendRecords, type Particulars } from '../src/audit/append.ts'
import { createAuditQueue } from '../src/audit/queue.ts'
import { periodic } from '../src/concurrency/periodic.ts'
import type { Database } from '../src/database/database.ts'

/** The record of who did what. */
export interface Audit {
  /** What the record is chained with. */
  readonly key: Buffer
  /** Puts something on record, soon: it waits for nothing and cannot fail. */
  record(actor: Actor, action: Action, particulars?: Particulars): void
  /**
   * Writes all that waits.
   *
   * @throws what keeps it from being written
   */
  flush(): Promise<void>
  /** How many records wait to be written, and how many were lost, since too many did. */
  readonly waiting: number
  readonly lost: number
}

declare module 'fastify' {
  interface FastifyInstance {
    audit: Audit
  }
  interface FastifyRequest {
    /** Puts on record, soon, what the client of this request did. */
    record(action: Action, particulars?: Pick<Particulars, 'account' | 'session' | 'detail'>): void
  }
}

/** How long a record waits for others, to be written with them, in milliseconds. */
const INTERVAL = 200

/** How long a batch may take, in milliseconds; when the service stops, the one on its way and all the rest. */
const TIMEOUT = 1_000

export default fp<AppOptions>(
  async (fastify, { recordEvery = INTERVAL, timers }) => {
    const { clientAddress, log } = fastify
    const key = fastify.deriveKey('audit')
    const queue = createAuditQueue()
    let scheduled = false
    let failing = false
    let last = 0

    const writeBatch = (database: Database) =>
      queue.writeBatch(async (occurrences) => {
        last = await appendRecords(database, key, occurrences, last)
      })

    function record(actor: Actor, action: Action, particulars: Particulars = {}): void {
      queue.push({ actor, action, ...particulars, happened: performance.now() })
      schedule()
    }

    const writing = periodic({ work: write, failed, timers })

    function schedule(): void {
      if (!scheduled) writing.next(recordEvery)
      scheduled = true
    }

    async function write(): Promise<void> {
      try {
        await writeBatch(fastify.database.open(TIMEOUT))
        if (failing) log.info('the record is written again')
        failing = false
      } finally {
        scheduled = false
        if (queue.waiting > 0) schedule()
      }
    }

    function failed(err: unknown): void {
      if (!failing) log.warn({ err }, 'the record cannot be written, and waits')
      failing = true
    }

    async function flush(): Promise<void> {
      const database = fastify.database.open(TIMEOUT)
      while (queue.waiting > 0) await writeBatch(database)
    }

    fastify.addHook('onClose', async () => {
      const stopped = writing.stop()
      await flush().catch((err) => log.error({ err, lost: queue.waiting }, 'the end of the record is lost'))
      await stopped
    })
    // Node keeps an address that it was asked for once: of a client that hangs up before its answer there is none later.
    fastify.addHook('onRequest', ({ raw }, _reply, done) => {
      raw.socket.remoteAddress
      done()
    })

    fastify.decorate('audit', {
      key,
      record,
      flush,
      get waiting() {
        return queue.waiting
      },
      get lost() {
        return queue.lost
      }
    })
    fastify.decorateRequest('record', function (this: FastifyRequest, action, particulars) {
      record('client', action, { address: clientAddress(this.raw), requestId: this.id, ...particulars })
    })
  },
  { name: 'audit', dependencies: ['client-address', 'database', 'derive-key'] }
)
