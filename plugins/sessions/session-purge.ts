import { setTimeout as pause } from 'node:timers/promises'
import fp from 'fastify-plugin'
import { purgeSessions } from '../../src/sessions/purge.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Marks and deletes the sessions that are over, a few at a time, until all were looked at or the service stops. */
    purgeSessions(): Promise<void>
  }
}

/** When the first purge begins after a start, and then each further one, in milliseconds. */
const FIRST = 60_000
const INTERVAL = 60 * 60_000

/** Between two steps the purge rests for as many times as long as the step took: what else happens comes first. */
const REST = 4

export default fp(
  async (fastify) => {
    const { log, sessionRules } = fastify
    const stop = new AbortController()

    async function purge(): Promise<void> {
      let after: string | undefined
      let marked = 0
      let deleted = 0
      do {
        const start = performance.now()
        const step = await purgeSessions(fastify.openDatabase(), sessionRules, after)
        after = step.last
        marked += step.marked
        deleted += step.deleted
        await pause((performance.now() - start) * REST, undefined, { ref: false, signal: stop.signal })
      } while (after)
      if (marked + deleted > 0) log.info({ marked, deleted }, 'purged sessions')
    }

    const run = () =>
      purge().catch((err) => {
        if (!stop.signal.aborted) log.warn({ err }, 'could not purge sessions')
      })
    const first = setTimeout(run, FIRST).unref()
    const timer = setInterval(run, INTERVAL).unref()
    fastify.addHook('onClose', async () => {
      stop.abort()
      clearTimeout(first)
      clearInterval(timer)
    })

    fastify.decorate('purgeSessions', purge)
  },
  { name: 'session-purge', dependencies: ['database', 'session-rules'] }
)
