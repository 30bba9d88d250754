import type { FastifyInstance } from 'fastify'
import type { PoolClient } from 'pg'

/**
 * Lets something happen between two queries of what comes next: right before the one that so many others precede. By
 * then everything is as usual again, so that what is done may ask the database itself.
 *
 * @param queries how many come before
 */
export function meanwhile({ pg }: FastifyInstance, queries: number, work: () => Promise<unknown>): void {
  const pool: { connect(): Promise<PoolClient> } = pg.pool
  const { connect } = pool
  let left = queries
  pool.connect = async () => {
    if (left-- === 0) {
      pool.connect = connect
      await work()
    }
    return connect.call(pool)
  }
}
