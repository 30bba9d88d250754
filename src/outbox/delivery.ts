import type { Database } from '../database/database.ts'
import { DeliveryError, type Failure } from './delivery-error.ts'
import type { Claimed, Item, Outbox } from './outbox.ts'

/** The outcome of an attempt: delivered, no longer needed, too old, or failed. */
export type Outcome = 'delivered' | 'dropped' | 'expired' | Failure

/** The parts of a delivery. */
export interface DeliveryOptions<Row extends Item> {
  outbox: Outbox<Row>
  /** The database for one statement, with a deadline of its own. */
  openDatabase: () => Database
  /**
   * Delivers an item.
   *
   * @returns whether it was still needed
   * @throws DeliveryError if the receiver does not accept it; any other error is retried as a transient failure
   */
  deliver: (item: Row) => Promise<boolean>
  /** Called after each attempt. */
  report: (item: Row, outcome: Outcome, error?: Error) => void
  /** The maximum number of items that are delivered at once. */
  connections: number
}

/** The result of a round of deliveries. */
export interface Round {
  claimed: number
  /** The number of items that will not be tried again. */
  done: number
  /** The reason if the receiver is unavailable. */
  unavailable?: Error
}

/** Delivers the items of an outbox. */
export interface Delivery {
  /**
   * Delivers all items that are due, and those that become due meanwhile and are announced by `wake`. Ends when none is
   * left or the receiver is unavailable, and every attempt has ended. Rounds must not overlap.
   *
   * Delivers one item of each lane at a time. An item waits for one in another lane only if all connections are busy. An
   * item is claimed when its delivery can begin: until then, another instance may claim it.
   *
   * @throws Problem DATABASE_UNAVAILABLE; this instance does not repeat the deliveries that it has made
   */
  deliverDue(): Promise<Round>
  /** Makes the current round look for items that are due. */
  wake(): void
  /** Begins no more deliveries. */
  stop(): void
}

export function createDelivery<Row extends Item>({
  outbox,
  openDatabase,
  deliver,
  report,
  connections
}: DeliveryOptions<Row>): Delivery {
  // Finished items that are still in the table, because the database became unavailable.
  const done = new Set<string>()
  const lanes = new Map<string, Promise<void>>()
  let stopped = false
  let woken = false
  let wake = () => {}

  async function deliverDue(): Promise<Round> {
    const round: Round = { claimed: 0, done: 0 }
    const errors: unknown[] = []
    try {
      while (!round.unavailable && errors.length === 0 && !stopped) {
        woken = false
        const waking = new Promise<void>((resolve) => {
          wake = resolve
        })
        // A lane that becomes free during the claim was left out of it: the next claim takes its items.
        const busy = lanes.size
        const claimed = await claim(round, errors)
        if (busy + claimed === 0 && !woken) break
        if (lanes.size > 0) await Promise.race([...lanes.values(), waking])
        // Deliveries that end together are replaced by one statement.
        await new Promise(setImmediate)
      }
    } finally {
      await Promise.all(lanes.values())
    }
    if (errors.length > 0) throw errors[0]
    return round
  }

  /** @returns how many items were claimed */
  async function claim(round: Round, errors: unknown[]): Promise<number> {
    await removeDone()
    const free = connections - lanes.size
    if (free === 0) return 0
    const items = await outbox.claim(openDatabase(), free, [...lanes.keys()])
    if (stopped || round.unavailable) {
      await outbox.release(openDatabase(), items)
      return 0
    }
    round.claimed += items.length
    for (const item of items) {
      const delivering = settle(item, round)
        .catch((error) => errors.push(error))
        .then(() => {
          lanes.delete(item.lane)
        })
      lanes.set(item.lane, delivering)
    }
    return items.length
  }

  async function settle(item: Claimed<Row>, round: Round): Promise<void> {
    const { outcome, error } = await attempt(item)
    report(item, outcome, error)
    if (outcome === 'unavailable') round.unavailable = error as Error
    if (outcome === 'unavailable' || outcome === 'transient') {
      await outbox.postpone(openDatabase(), item, outcome)
    } else {
      round.done += 1
      done.add(item.id)
      await removeDone()
    }
  }

  async function attempt(item: Claimed<Row>): Promise<{ outcome: Outcome; error?: Error }> {
    if (item.expired) return { outcome: 'expired' }
    try {
      return { outcome: (await deliver(item)) ? 'delivered' : 'dropped' }
    } catch (error) {
      return { outcome: error instanceof DeliveryError ? error.failure : 'transient', error: error as Error }
    }
  }

  async function removeDone(): Promise<void> {
    const ids = [...done]
    if (ids.length === 0) return
    await outbox.remove(openDatabase(), ids)
    for (const id of ids) done.delete(id)
  }

  return {
    deliverDue,
    wake() {
      woken = true
      wake()
    },
    stop() {
      stopped = true
    }
  }
}
