import { promisify } from 'node:util'
import type pg from 'pg'
import { ConfiguredClient } from './session-settings.ts'

/** The delay after the first failed connection, and the longest delay, in milliseconds. */
const FIRST_DELAY = 50
const MAX_DELAY = 1_000

/**
 * Creates a client class for one pool, with exponential backoff and jitter, so that instances do not flood a server
 * that comes back. After a failure, one connection is tried at a time, after a delay that doubles with each failure.
 * Until then all other attempts fail at once with the last error.
 *
 * @param settings of the sessions, in addition to those that our SQL relies on
 * @param random like Math.random
 */
export function reconnectingClient(settings: Record<string, string> = {}, random = Math.random): typeof pg.Client {
  let failures = 0
  let failure: Error | undefined
  let retryAt = 0
  let isTrying = false

  function settle(error: Error | null | undefined): void {
    isTrying = false
    failure = error ?? undefined
    failures = failure ? failures + 1 : 0
    retryAt = performance.now() + Math.min(MAX_DELAY, FIRST_DELAY * 2 ** (failures - 1)) * (0.5 + random() / 2)
  }

  return class ReconnectingClient extends ConfiguredClient {
    override getStartupConf(): Record<string, string> {
      return { ...super.getStartupConf(), ...settings }
    }

    override connect(): Promise<pg.Client>
    override connect(callback: Callback): void
    override connect(callback?: Callback): Promise<pg.Client> | undefined {
      if (!callback) return promisify((done: Callback) => this.connect(done))()
      if (failure && (isTrying || performance.now() < retryAt)) {
        // Asynchronously: the pool serves the next in its queue from this callback, and a long queue would overflow the
        // stack.
        process.nextTick(callback, failure)
      } else {
        isTrying = true
        super.connect((error: Error | null) => {
          settle(error)
          callback(error, this)
        })
      }
      return undefined
    }
  }
}

type Callback = (error: Error | null, client: pg.Client) => void
