import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { AppOptions } from '../src/app-options.ts'
import type { Action } from '../src/audit/actions.ts'
import type { EventContext } from '../src/audit/append.ts'
import { type AuditWriter, createAuditWriter } from '../src/audit/writer.ts'
import { decorateRequest } from './http/own-property.ts'

/** The audit log. */
export interface Audit extends Omit<AuditWriter, 'close'> {
  /** The key of the chain. */
  readonly key: Buffer
}

declare module 'fastify' {
  interface FastifyInstance {
    audit: Audit
  }
  interface FastifyRequest {
    /** Queues a record of an action of this request's client. */
    record(action: Action, particulars?: Pick<EventContext, 'account' | 'session' | 'detail'>): void
  }
}

/** The time for which records are collected into one batch, in milliseconds. */
const INTERVAL = 200

/** The deadline of one batch, in milliseconds; at shutdown, of all queued records. */
const TIMEOUT = 1_000

/** Provides the audit log, and writes it in the background. */
export default fp<AppOptions>(
  async (fastify, { recordEvery = INTERVAL, timers, insideAnother }) => {
    const { clientAddress, database, log } = fastify
    const key = fastify.deriveKey('audit')
    const writer = createAuditWriter({
      openDatabase: () => database.open(TIMEOUT),
      key,
      interval: recordEvery,
      timers,
      failed: (err) => log.warn({ err }, 'audit records could not be written, and stay queued'),
      recovered: () => log.info('audit records are written again'),
      abandoned: (err, lost) => log.error({ err, lost }, 'audit records were lost at shutdown')
    })
    fastify.addHook('onClose', writer.close)

    // Node caches the address of a connection when it is first read: once the client has hung up, it can no longer be read.
    fastify.addHook('onRequest', ({ raw }, _reply, done) => {
      raw.socket.remoteAddress
      done()
    })

    fastify.decorate('audit', Object.assign(writer, { key }))
    const record: FastifyRequest['record'] = function (this: FastifyRequest, action, particulars) {
      writer.record('client', action, { address: clientAddress(this.raw), requestId: this.id, ...particulars })
    }
    decorateRequest(fastify, { insideAnother }, 'record', { value: record })
  },
  { name: 'audit', dependencies: ['client-address', 'database', 'derive-key'] }
)
