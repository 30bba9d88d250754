import fp from 'fastify-plugin'
import type { AppOptions } from '../../src/app-options.ts'
import { periodic } from '../../src/concurrency/periodic.ts'
import { BATCH, purgeInSteps } from '../../src/concurrency/purge.ts'
import { purgeFactors } from '../../src/factors/purge.ts'

/** How often expired login steps, spent challenges and unconfirmed TOTP secrets are deleted, in milliseconds. */
const PURGE_INTERVAL = 10 * 60_000

/** Deletes expired login steps, spent challenges and unconfirmed TOTP secrets periodically. */
export default fp<AppOptions>(
  async (fastify, { timers }) => {
    const { log } = fastify
    const purge = periodic({
      interval: PURGE_INTERVAL,
      // A step deletes up to a batch of each kind.
      work: (signal) => purgeInSteps(async () => (await purgeFactors(fastify.database.open(), BATCH)) >= BATCH, signal),
      failed: (err) => log.warn({ err }, 'could not purge login steps and challenges'),
      timers
    })
    fastify.addHook('onClose', () => purge.stop())
  },
  { name: 'factor-purge', dependencies: ['database'] }
)
