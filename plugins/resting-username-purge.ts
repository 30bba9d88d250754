import fp from 'fastify-plugin'
import { purgeRestingUsernames } from '../src/resting-usernames.ts'

/** How often usernames that rest no longer are deleted, in milliseconds. */
const PURGE_INTERVAL = 10 * 60_000

export default fp(
  async (fastify) => {
    const { clock, log } = fastify
    const purge = () =>
      purgeRestingUsernames(fastify.openDatabase(), clock).catch((err) =>
        log.warn({ err }, 'could not purge resting usernames')
      )
    const timer = setInterval(purge, PURGE_INTERVAL).unref()
    fastify.addHook('onClose', async () => clearInterval(timer))
  },
  { name: 'resting-username-purge', dependencies: ['clock', 'database'] }
)
