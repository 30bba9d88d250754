import fp from 'fastify-plugin'
import { startPurge } from '../../src/concurrency/purge.ts'
import { purgeEmailTokens } from '../../src/mail/email-token-purge.ts'

/** How often tokens of mails that are over are deleted, in milliseconds. */
const PURGE_INTERVAL = 10 * 60_000

export default fp(
  async (fastify) => {
    const { clock, log } = fastify
    const stop = startPurge({
      step: (most) => purgeEmailTokens(fastify.openDatabase(), clock, most),
      failed: (err) => log.warn({ err }, 'could not purge email tokens'),
      interval: PURGE_INTERVAL
    })
    fastify.addHook('onClose', async () => stop())
  },
  { name: 'email-token-purge', dependencies: ['clock', 'database'] }
)
