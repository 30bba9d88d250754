import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { countUsers, readDays } from '../../src/admin/statistics.ts'
import type { Statistics } from '../../src/schemas/admin/record.ts'

/** Statistics for operators. */
export interface AdminStatistics {
  /**
   * Reads the figures of the last days, and the numbers of accounts and sessions, which may be a minute old: counting them
   * reads all rows.
   */
  read(request: FastifyRequest, days: number): Promise<Statistics>
}

declare module 'fastify' {
  interface FastifyInstance {
    adminStatistics: AdminStatistics
  }
}

/** How old the numbers of accounts and sessions may be, in milliseconds. */
const MAX_AGE = 60_000

/** The deadline of counting, in milliseconds: it may take longer than a request waits, and is then kept for the next one. */
const TIMEOUT = 30_000

export default fp(
  async (fastify) => {
    const { clock, database: databases, sessions } = fastify
    let counted: { at: number; counts: ReturnType<typeof countUsers> } | undefined

    /** One count at a time, however many ask. */
    function count(): ReturnType<typeof countUsers> {
      const at = clock.now()
      if (counted && at - counted.at < MAX_AGE) return counted.counts
      const counts = countUsers(databases.open(TIMEOUT), sessions.rules)
      const present = { at, counts }
      counted = present
      counts.catch(() => {
        if (counted === present) counted = undefined
      })
      return counts
    }

    fastify.decorate('adminStatistics', {
      async read({ database }, days) {
        const counts = await database.awaitShared(count())
        return { ...counts, days: await readDays(database, days) }
      }
    } satisfies AdminStatistics)
  },
  { name: 'admin-statistics', dependencies: ['clock', 'database', 'sessions'] }
)
