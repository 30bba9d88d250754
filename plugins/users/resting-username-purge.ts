import fp from 'fastify-plugin'
import { startPurge } from '../../src/concurrency/purge.ts'
import { purgeRestingUsernames } from '../../src/users/resting-usernames.ts'

/** How often usernames that rest no longer are deleted, in milliseconds. */
const PURGE_INTERVAL = 15 * 60_000

export default fp(
  async (fastify) => {
    const { clock, log } = fastify
    const stop = startPurge({
      step: (most) => purgeRestingUsernames(fastify.openDatabase(), clock, most),
      failed: (err) => log.warn({ err }, 'could not purge resting usernames'),
      interval: PURGE_INTERVAL
    })
    fastify.addHook('onClose', async () => stop())
  },
  { name: 'resting-username-purge', dependencies: ['clock', 'database'] }
)
