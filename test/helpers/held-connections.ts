import type { FastifyInstance } from 'fastify'
import type { Test } from 'tap'

/** Somebody who asks for a connection, and waits. */
interface Asked {
  go(): void
  fail(): void
}

/** Keeps whoever asks a pool for a connection waiting, until the test ends at the latest. */
export function holdConnections(t: Test, { pg }: FastifyInstance) {
  const pool: { connect(): Promise<unknown> } = pg.pool
  const connect = pool.connect.bind(pool)
  const asked: Asked[] = []
  pool.connect = async () => {
    await new Promise<void>((resolve, reject) => {
      asked.push({ go: resolve, fail: () => reject(new Error('no connection')) })
    })
    return connect()
  }
  /** Nobody has to wait any more. */
  const end = () => {
    Object.assign(pool, { connect })
    for (const each of asked.splice(0)) each.go()
  }
  t.teardown(end)
  return {
    asked,
    end,
    /** Resolves when so many wait. */
    async begun(count: number): Promise<void> {
      while (asked.length < count) await new Promise(setImmediate)
    },
    /** Resolves when whoever is on the way has asked. */
    async settle(): Promise<void> {
      for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate)
    }
  }
}
