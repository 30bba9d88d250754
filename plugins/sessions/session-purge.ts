import fp from 'fastify-plugin'
import type { AppOptions } from '../../src/app-options.ts'
import { periodic } from '../../src/concurrency/periodic.ts'
import { purgeInSteps } from '../../src/concurrency/purge.ts'
import { purgeSessions } from '../../src/sessions/purge.ts'

/** The delay of the first purge after the start, and the interval between purges, in milliseconds. */
const FIRST = 60_000
const INTERVAL = 60 * 60_000

/** Marks and deletes expired sessions, in batches, until all are processed or the service stops. */
export default fp<AppOptions>(
  async (fastify, { timers }) => {
    const { log, sessions } = fastify

    async function purgeAll(signal: AbortSignal): Promise<void> {
      let after: string | undefined
      let marked = 0
      let deleted = 0
      await purgeInSteps(async () => {
        const step = await purgeSessions(fastify.database.open(), sessions.rules, after)
        after = step.last
        marked += step.marked
        deleted += step.deleted
        return after !== undefined
      }, signal)
      if (marked + deleted > 0) log.info({ marked, deleted }, 'purged sessions')
    }

    const purge = periodic({
      first: FIRST,
      interval: INTERVAL,
      work: purgeAll,
      failed: (err) => log.warn({ err }, 'could not purge sessions'),
      timers
    })
    fastify.addHook('onClose', () => purge.stop())
  },
  { name: 'session-purge', dependencies: ['database', 'sessions'] }
)
