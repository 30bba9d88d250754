import type { onResponseHookHandler } from 'fastify'
import fp from 'fastify-plugin'
import { Counter, collectDefaultMetrics, Gauge, type Metric, Registry } from 'prom-client'
import { REASONS } from '../../src/concurrency/semaphore.ts'
import { RequestDurations } from '../../src/observability/request-histogram.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** What Prometheus reads. */
    metrics: Registry
  }
}

/** The process's own figures, request durations by route, and how busy hashing, the database, the record and mail are. */
export default fp(
  async (fastify) => {
    const registry = new Registry()
    collectDefaultMetrics({ register: registry })

    const durations = new RequestDurations()
    registry.registerMetric(durations as unknown as Metric)
    fastify.addHook('onRoute', (route) => {
      const observe = durations.of(String(route.method), route.url)
      const hook: onResponseHookHandler = (_request, reply, done) => {
        observe(reply.statusCode, reply.elapsedTime)
        done()
      }
      route.onResponse = [hook].concat(route.onResponse ?? [])
    })
    const unmatched = durations.of('', '')
    fastify.addHook('onResponse', (request, reply, done) => {
      if (request.is404) unmatched(reply.statusCode, reply.elapsedTime)
      done()
    })

    function gauge(name: string, help: string, read: () => number): void {
      registry.registerMetric(
        new Gauge({
          name,
          help,
          registers: [],
          collect() {
            this.set(read())
          }
        })
      )
    }
    function counter(name: string, help: string, read: () => number): void {
      registry.registerMetric(
        new Counter({
          name,
          help,
          registers: [],
          collect() {
            this.reset()
            this.inc(read())
          }
        })
      )
    }
    const { semaphore } = fastify.passwords
    registry.registerMetric(
      new Counter({
        name: 'latchkey_hashes_refused_total',
        help: 'Requests refused since a password hash would have had to wait, by reason',
        labelNames: ['reason'],
        registers: [],
        collect() {
          this.reset()
          for (const reason of REASONS) this.inc({ reason }, semaphore.refused[reason])
        }
      })
    )
    gauge('latchkey_hashes_running', 'Password hashes being computed', () => semaphore.running)
    gauge('latchkey_hashes_waiting', 'Password hashes waiting for their turn', () => semaphore.waiting)
    const { guessConnections, pg } = fastify
    const { pool } = pg
    gauge('latchkey_database_connections', 'Open connections to the database', () => pool.totalCount)
    gauge('latchkey_database_connections_idle', 'Open connections that nobody uses', () => pool.idleCount)
    gauge('latchkey_database_waiting', 'Queries waiting for a connection', () => guessConnections.waitingCount)

    const { audit } = fastify
    gauge('latchkey_audit_waiting', 'Records that wait to be written', () => audit.waiting)
    counter('latchkey_audit_lost_total', 'Records that were lost, since too many waited', () => audit.lost)

    const { outbox } = fastify
    gauge('latchkey_mails_waiting', 'Mails that waited in the outbox at the last look', () => outbox.waiting)
    const { outcomes } = outbox
    counter('latchkey_mails_sent_total', 'Mails that a mail server has taken', () => outcomes.sent)
    counter('latchkey_mails_failed_total', 'Attempts to send a mail that failed', () => outcomes.later + outcomes.away)
    counter('latchkey_mails_lost_total', 'Mails given up: refused for good, or too old', () => {
      return outcomes.lost + outcomes.expired
    })

    const { corsRefusals } = fastify
    counter('latchkey_cors_refused_total', 'Requests of browsers from an origin that is not in CORS_ORIGINS', () => {
      return corsRefusals.total
    })

    fastify.decorate('metrics', registry)
  },
  { name: 'metrics', dependencies: ['audit', 'cors', 'database', 'outbox', 'passwords', 'pg'] }
)
