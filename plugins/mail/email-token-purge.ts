import fp from 'fastify-plugin'
import type { AppOptions } from '../../src/app-options.ts'
import { periodic } from '../../src/concurrency/periodic.ts'
import { purgeRows } from '../../src/concurrency/purge.ts'
import { purgeEmailTokens } from '../../src/mail/email-token-purge.ts'

/** How often expired tokens are deleted, in milliseconds. */
const PURGE_INTERVAL = 10 * 60_000

/** Deletes expired tokens of mails. */
export default fp<AppOptions>(
  async (fastify, { timers }) => {
    const { log } = fastify
    const purge = periodic({
      interval: PURGE_INTERVAL,
      work: (signal) => purgeRows((most) => purgeEmailTokens(fastify.database.open(), most), signal),
      failed: (err) => log.warn({ err }, 'could not purge email tokens'),
      timers
    })
    fastify.addHook('onClose', () => purge.stop())
  },
  { name: 'email-token-purge', dependencies: ['database'] }
)
