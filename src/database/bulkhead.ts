import type { Pool, PoolClient } from 'pg'
import { createSemaphore } from '../concurrency/semaphore.ts'
import { settledWithin } from '../concurrency/settled-within.ts'

/** A source of connections: a pool, or a bulkhead in it. */
export interface Connections {
  connect(): Promise<PoolClient>
  /** Number of callers that wait for a connection. */
  readonly waitingCount: number
}

/**
 * Creates a bulkhead: it limits how many connections of a pool one kind of work may hold, so that others remain for the
 * rest. A connection that is held for too long no longer counts.
 *
 * @param most connections that may be held at once
 * @returns a source of connections, whose `waitingCount` includes the callers that wait for the pool
 */
export function createBulkhead(pool: Pool, most: number): Connections {
  const semaphore = createSemaphore(most, Number.POSITIVE_INFINITY)
  const held = new Map<PoolClient, () => void>()
  pool.on('release', (_error, client) => {
    held.get(client)?.()
    held.delete(client)
  })

  const untilReleased = (client: PoolClient) => new Promise<void>((resolve) => held.set(client, resolve))

  return {
    connect: () =>
      new Promise((resolve, reject) => {
        const hold = async () => {
          const client = await pool.connect()
          const released = untilReleased(client)
          resolve(client)
          await settledWithin(released)
        }
        semaphore.run(hold).catch(reject)
      }),
    get waitingCount() {
      return semaphore.waiting + pool.waitingCount
    }
  }
}
