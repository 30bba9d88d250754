import { promisify } from 'node:util'
import type pg from 'pg'
import { ConfiguredClient } from './session-settings.ts'

/** The pause after the first connection that failed, and the longest one, in milliseconds. */
const FIRST = 50
const LONGEST = 1_000

/**
 * A client for the connections of one pool, which does not storm a server that is away. Once a connection has failed, the
 * next is tried after a pause, which doubles with each failure and is never quite the same, so that instances do not come
 * back in step; one is tried at a time, and all that is asked for meanwhile fails at once with what the last one met.
 *
 * @param random as Math.random
 */
export function reconnectingClient(random = Math.random): typeof pg.Client {
  let failures = 0
  let failure: Error | undefined
  let again = 0
  let trying = false

  function settle(error: Error | null | undefined): void {
    trying = false
    failure = error ?? undefined
    failures = failure ? failures + 1 : 0
    again = performance.now() + Math.min(LONGEST, FIRST * 2 ** (failures - 1)) * (0.5 + random() / 2)
  }

  return class ReconnectingClient extends ConfiguredClient {
    override connect(): Promise<pg.Client>
    override connect(callback: Callback): void
    override connect(callback?: Callback): Promise<pg.Client> | undefined {
      if (!callback) return promisify((done: Callback) => this.connect(done))()
      if (failure && (trying || performance.now() < again)) {
        // On another turn: the pool goes on with the next in its queue from there, and a long queue would nest as deep.
        process.nextTick(callback, failure)
      } else {
        trying = true
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
