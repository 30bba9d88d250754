import fp from 'fastify-plugin'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { REASONS } from '../../src/concurrency/semaphore.ts'
import { ACTIONS } from '../../src/schemas/admin/actions.ts'

/** The upper bounds of the buckets of request durations, in seconds. */
const BUCKETS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

declare module 'fastify' {
  interface FastifyInstance {
    /** The metrics of Prometheus. */
    metrics: Registry
  }
}

let ofProcess: Registry | undefined

/** Observed from the first call on. Nothing ends it: an observer of each application would keep all of it in memory. */
function metricsOfProcess(): Registry {
  if (!ofProcess) {
    ofProcess = new Registry()
    collectDefaultMetrics({ register: ofProcess })
  }
  return ofProcess
}

/** Metrics of the process, of requests by route, and of the queues: hashing, the database, the audit log and mail. */
export default fp(
  async (fastify) => {
    const registry = Registry.merge([metricsOfProcess()])

    const durations = new Histogram({
      name: 'http_request_duration_seconds',
      help: 'Duration of requests, by method, route and status; the route is empty if none matched',
      labelNames: ['method', 'route', 'status'],
      buckets: BUCKETS,
      registers: [registry]
    })
    fastify.addHook('onResponse', ({ is404, method, routeOptions }, { statusCode: status, elapsedTime }, done) => {
      const { url: route = '' } = routeOptions
      durations.observe({ method: is404 ? '' : method, route, status }, elapsedTime / 1000)
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
        help: 'Requests refused because a password hash would have had to wait, by reason',
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
    const { database, pg } = fastify
    const { pool } = pg
    gauge('latchkey_database_connections', 'Open connections to the database', () => pool.totalCount)
    gauge('latchkey_database_connections_idle', 'Idle connections to the database', () => pool.idleCount)
    gauge('latchkey_database_waiting', 'Queries waiting for a connection', () => database.waiting)

    const { audit } = fastify
    gauge('latchkey_audit_waiting', 'Audit records waiting to be written', () => audit.waiting)
    counter('latchkey_audit_lost_total', 'Audit records dropped because the queue was full', () => audit.lost)

    registry.registerMetric(
      new Counter({
        name: 'latchkey_events_total',
        help: 'Events that this process recorded in the audit log, by action',
        labelNames: ['action'],
        registers: [],
        collect() {
          this.reset()
          for (const action of ACTIONS) this.inc({ action }, audit.counts.get(action) ?? 0)
        }
      })
    )

    const { mail } = fastify
    gauge('latchkey_mails_waiting', 'Mails in the outbox when it was last read', () => mail.waiting)
    const { outcomes } = mail
    counter('latchkey_mails_sent_total', 'Mails that a mail server has accepted', () => outcomes.delivered)
    counter(
      'latchkey_mails_failed_total',
      'Attempts to send a mail that failed',
      () => outcomes.transient + outcomes.unavailable
    )
    counter('latchkey_mails_lost_total', 'Mails given up: refused for good, or too old', () => {
      return outcomes.permanent + outcomes.expired
    })

    const { corsRefusals } = fastify
    counter('latchkey_cors_refused_total', 'Requests from an origin that is not in CORS_ORIGINS', () => {
      return corsRefusals.total
    })

    fastify.decorate('metrics', registry)
  },
  { name: 'metrics', dependencies: ['audit', 'cors', 'database', 'mail', 'passwords', 'pg'] }
)
