import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { countTotals, readDays, readTotals, type Totals } from '../../src/admin/statistics.ts'
import type { Statistics } from '../../src/schemas/admin/record.ts'

/** Statistics for operators. */
export interface AdminStatistics {
  /** Reads the figures of the last days, and the numbers of accounts and sessions, which may be a minute old. */
  read(request: FastifyRequest, days: number): Promise<Statistics>
}

declare module 'fastify' {
  interface FastifyInstance {
    adminStatistics: AdminStatistics
  }
}

/** The deadline of counting, in milliseconds: it may take longer than a request waits, and is then kept for the next one. */
const TIMEOUT = 30_000

export default fp(
  async (fastify) => {
    const { database: databases, sessions } = fastify
    let counting: Promise<Totals> | undefined

    /** One count at a time, however many ask. */
    function count(): Promise<Totals> {
      counting ??= countTotals(databases.open(TIMEOUT), sessions.rules).finally(() => {
        counting = undefined
      })
      return counting
    }

    fastify.decorate('adminStatistics', {
      async read({ database }, days) {
        const totals = (await readTotals(database)) ?? (await database.awaitShared(count()))
        return { ...totals, days: await readDays(database, days) }
      }
    } satisfies AdminStatistics)
  },
  { name: 'admin-statistics', dependencies: ['database', 'sessions'] }
)
