import fp from 'fastify-plugin'
import { purgeEmailTokens } from '../src/email-tokens.ts'

/** How often tokens of mails that are over are deleted, in milliseconds. */
const PURGE_INTERVAL = 10 * 60_000

export default fp(
  async (fastify) => {
    const { clock, log } = fastify
    const purge = () =>
      purgeEmailTokens(fastify.openDatabase(), clock).catch((err) => log.warn({ err }, 'could not purge email tokens'))
    const timer = setInterval(purge, PURGE_INTERVAL).unref()
    fastify.addHook('onClose', async () => clearInterval(timer))
  },
  { name: 'email-token-purge', dependencies: ['clock', 'database'] }
)
