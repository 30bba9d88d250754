import fp from 'fastify-plugin'
import type { AppOptions } from '../../src/app-options.ts'
import { periodic } from '../../src/concurrency/periodic.ts'
import { purgeRows } from '../../src/concurrency/purge.ts'
import { purgeRestingUsernames } from '../../src/users/resting-usernames.ts'

/** The interval between two purges of usernames that are no longer reserved, in milliseconds. */
const PURGE_INTERVAL = 15 * 60_000

/** Deletes reservations of former usernames that have expired. */
export default fp<AppOptions>(
  async (fastify, { timers }) => {
    const { log } = fastify
    const purge = periodic({
      interval: PURGE_INTERVAL,
      work: (signal) => purgeRows((most) => purgeRestingUsernames(fastify.database.open(), most), signal),
      failed: (err) => log.warn({ err }, 'could not purge resting usernames'),
      timers
    })
    fastify.addHook('onClose', () => purge.stop())
  },
  { name: 'resting-username-purge', dependencies: ['database'] }
)
