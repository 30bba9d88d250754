import { periodic, systemTimers, type Timers } from '../concurrency/periodic.ts'
import { createDelivery, type DeliveryOptions, type Outcome, type Round } from './delivery.ts'
import { DeliveryError } from './delivery-error.ts'
import type { Item } from './outbox.ts'

/** Empties an outbox in the background. */
export interface Dispatcher {
  start(): void
  /** Schedules a read of the outbox within a second. To be called after the transaction that inserted an item commits. */
  wake(): void
  /**
   * Prepares the outbox and delivers all that is due now.
   *
   * @throws DeliveryError if the receiver is unavailable, and Problem DATABASE_UNAVAILABLE
   */
  flush(): Promise<void>
  /**
   * Starts no more deliveries, and waits for the current ones.
   *
   * @param cutOff called when they have ended, or after a timeout: makes the remaining ones fail
   */
  stop(cutOff: () => void): Promise<void>
  /** The number of attempts of this instance by outcome. */
  readonly outcomes: Readonly<Record<Outcome, number>>
  /** The number of items at the last read of the outbox, including claimed ones. */
  readonly waiting: number
}

interface Log {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

interface DispatcherOptions<Row extends Item> extends Omit<DeliveryOptions<Row>, 'report'> {
  /** The name of an item in the log. */
  name: string
  /** Fields of an item for the log, in addition to its id and attempts. */
  describe: (item: Row) => object
  /** Called for an item that is given up: refused for good, or too old. */
  lost?: (item: Row) => void
  /**
   * Does one step of the work that precedes deliveries, with statements of its own. It runs when the outbox is read.
   *
   * @returns whether there may be more to do
   */
  prepare: () => Promise<boolean>
  /** The interval between two reads of the outbox, in milliseconds: for items of other instances, and for retries. */
  interval?: number | undefined
  timers?: Timers | undefined
  log: Log
}

/** The interval between two reads of the outbox, in milliseconds. */
const INTERVAL = 5_000

/**
 * After `wake` the outbox is read within this part of the interval: after 200 ms to 1 s. The time is random, so that the
 * work that an item causes does not coincide with the next request, whose duration could reveal whether there was an item.
 */
const SOON = { first: 1 / 25, last: 1 / 5 }

/** The shortest time between two searches for items that are due, as a divisor of the interval: 10 ms. */
const SHORTEST = 500

/** While the receiver or the database is unavailable, the pauses between two attempts double, in milliseconds. */
const PAUSES = { first: 1_000, longest: 60_000 }

/** How long a stop waits for deliveries that are under way, in milliseconds. */
const STOP_TIMEOUT = 2_000

export function createDispatcher<Row extends Item>({
  name,
  describe,
  lost = () => {},
  prepare,
  interval = INTERVAL,
  timers = systemTimers,
  log,
  ...given
}: DispatcherOptions<Row>): Dispatcher {
  const { outbox, openDatabase } = given
  const outcomes: Record<Outcome, number> = {
    delivered: 0,
    dropped: 0,
    expired: 0,
    permanent: 0,
    transient: 0,
    unavailable: 0
  }
  const delivery = createDelivery({ ...given, report })
  const readJob = periodic({ work: read, failed: couldNotRead, timers })
  const deliveryJob = periodic({ work: resume, failed: couldNotRead, timers })
  let waiting = 0
  let running = false
  let woken = false
  let preparing: Promise<void> | undefined
  let readFailed = false
  let delivering: Promise<void> | undefined
  let failures = 0
  let isUnavailable = false
  let isPaused = false

  function report(item: Row, outcome: Outcome, error?: Error): void {
    outcomes[outcome] += 1
    const line = { [name]: item.id, ...describe(item), attempts: item.attempts }
    if (outcome === 'delivered') log.info(line, `${name} delivered`)
    if (outcome === 'transient') log.warn({ ...line, ...reason(error) }, `could not deliver ${name}, will retry`)
    if (outcome === 'permanent') log.warn({ ...line, ...reason(error) }, `gave up ${name}: the recipient was refused`)
    if (outcome === 'expired') log.error(line, `gave up ${name}: could not be delivered for a day`)
    if (outcome === 'permanent' || outcome === 'expired') lost(item)
  }

  function prepareAll(): Promise<void> {
    preparing ??= prepareInSteps().finally(() => {
      preparing = undefined
    })
    return preparing
  }

  async function prepareInSteps(): Promise<void> {
    while ((await prepare()) && running);
  }

  async function count(): Promise<void> {
    waiting = await outbox.count(openDatabase())
  }

  function deliverDue(): Promise<void> {
    if (delivering) delivery.wake()
    delivering ??= delivery
      .deliverDue()
      .then(succeeded, failed)
      .finally(() => {
        delivering = undefined
      })
    return delivering
  }

  function succeeded({ claimed, done, unavailable }: Round): void {
    // A receiver that accepts some items keeps being tried as often as at first.
    if (unavailable && done > 0) failures = 0
    if (unavailable) failed(unavailable)
    // If nothing was due, it is unknown whether the receiver is available again.
    if (isUnavailable && claimed === 0) return
    if (failures > 0) log.info({}, `delivery of ${name} resumed`)
    failures = 0
    isUnavailable = false
  }

  function failed(error: Error): never {
    if (failures === 0) log.warn(reason(error), `delivery of ${name} paused, will retry`)
    failures += 1
    isUnavailable = error instanceof DeliveryError
    isPaused = true
    deliveryJob.next(Math.min(PAUSES.first * 2 ** failures, PAUSES.longest))
    throw error
  }

  function resume(): Promise<void> {
    isPaused = false
    return deliverWhenDue()
  }

  /** Starts to deliver what is due, and schedules itself for when the next item is. Does not wait for deliveries. */
  async function deliverWhenDue(): Promise<void> {
    // Read first: what becomes due between the two statements is claimed by the second.
    const due = await outbox.nextDue(openDatabase()).catch(() => undefined)
    if (isPaused || !running) return
    deliverDue().catch(() => {})
    deliveryJob.next(Math.min(Math.max(due ?? interval, interval / SHORTEST), interval))
  }

  async function read(): Promise<void> {
    woken = false
    try {
      await prepareAll()
      await count()
      readFailed = false
    } finally {
      if (!woken) readJob.next(interval)
      await deliverWhenDue()
    }
  }

  function couldNotRead(err: unknown): void {
    if (!readFailed) log.warn({ err }, `could not read the outbox of ${name}`)
    readFailed = true
  }

  async function stop(cutOff: () => void): Promise<void> {
    running = false
    delivery.stop()
    // Waits for the current work only, and not for the next step of a job: the database may not answer.
    Promise.all([readJob.stop(), deliveryJob.stop()])
    const end = Promise.allSettled([preparing, delivering])
    let timer: unknown
    const timeout = new Promise<void>((resolve) => {
      timer = timers.set(async () => resolve(), STOP_TIMEOUT)
    })
    await Promise.race([end, timeout])
    timers.clear(timer)
    cutOff()
    await end
  }

  return {
    start() {
      running = true
      readJob.next(interval)
    },
    wake() {
      if (woken || !running) return
      woken = true
      readJob.next(interval * SOON.first, Math.floor(interval * (SOON.last - SOON.first)))
    },
    flush: () => prepareAll().finally(deliverDue).then(count),
    stop,
    outcomes,
    get waiting() {
      return waiting
    }
  }
}

/** The message of a DeliveryError is sufficient; any other error is logged with its stack. */
const reason = (error: Error | undefined) =>
  error instanceof DeliveryError ? { reason: error.message } : { err: error }
