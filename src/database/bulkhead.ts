import type { Pool, PoolClient } from 'pg'
import { createSemaphore } from '../concurrency/semaphore.ts'
import { settledWithin } from '../concurrency/settled-within.ts'

/** Where connections come from: a pool, or a share of it. */
export interface Connections {
  connect(): Promise<PoolClient>
  /** How many wait for a connection. */
  readonly waitingCount: number
}

/**
 * A share of a pool (the bulkhead pattern): however many ask for connections through it at once, the others are left to
 * the rest. A connection that is held for too long no longer counts.
 *
 * @param most how many of its connections may be held at once
 * @returns the share; its count of those who wait includes those who ask the pool itself
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
