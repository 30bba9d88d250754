import { periodic, type Timers } from '../concurrency/periodic.ts'
import type { Database } from '../database/database.ts'
import type { Action, Actor } from './actions.ts'
import { type AuditEvent, appendRecords, type EventContext } from './append.ts'
import { createAuditQueue } from './queue.ts'

/** Writes the audit log in batches, in the background. */
export interface AuditWriter {
  /** Queues a record. Never waits and never fails. */
  record(actor: Actor, action: Action, particulars?: EventContext): void
  /**
   * Writes records in the transaction of the change that they tell of: both are stored, or neither. To be called last in it,
   * since other writers wait until it ends.
   *
   * @returns what counts the actions: call it after the commit
   */
  append(transaction: Database, events: readonly Omit<AuditEvent, 'happened'>[]): Promise<() => void>
  /**
   * Writes all queued records.
   *
   * @throws the error that prevents it
   */
  flush(): Promise<void>
  /** Starts no more batches, and writes all queued records. Reports those that cannot be written: they are lost. */
  close(): Promise<void>
  /** The number of queued records. */
  readonly waiting: number
  /** How often each action was recorded by this process. */
  readonly counts: ReadonlyMap<Action, number>
  /** The number of records that were dropped because the queue was full. */
  readonly lost: number
}

interface Parts {
  /** Opens a database for one batch. */
  openDatabase(): Database
  /** The key of the chain. */
  key: Buffer
  /** The time for which records are collected into one batch, in milliseconds. */
  interval: number
  timers?: Timers | undefined
  /** Called with the first of several failures in a row. */
  failed(error: unknown): void
  /** Called when a batch is written after failures. */
  recovered(): void
  /** Called if records are lost by `close`. */
  abandoned(error: unknown, lost: number): void
}

export function createAuditWriter(parts: Parts): AuditWriter {
  const { openDatabase, key, interval, timers, failed, recovered, abandoned } = parts
  const queue = createAuditQueue()
  const counts = new Map<Action, number>()
  let scheduled = false
  let failing = false
  let last = 0

  const count = (action: Action) => counts.set(action, (counts.get(action) ?? 0) + 1)

  const writeBatch = (database: Database) =>
    queue.writeBatch(async (events) => {
      last = await appendRecords(database, key, events, last)
    })

  function record(actor: Actor, action: Action, particulars: EventContext = {}): void {
    count(action)
    queue.push({ actor, action, ...particulars, happened: performance.now() })
    schedule()
  }

  async function append(transaction: Database, events: readonly Omit<AuditEvent, 'happened'>[]): Promise<() => void> {
    if (events.length === 0) return () => {}
    const happened = performance.now()
    // What this writes is not known to be committed: `last` stays.
    await appendRecords(
      transaction,
      key,
      events.map((event) => ({ ...event, happened })),
      last
    )
    return () => {
      for (const { action } of events) count(action)
    }
  }

  const writing = periodic({
    work: write,
    failed(error) {
      if (!failing) failed(error)
      failing = true
    },
    timers
  })

  function schedule(): void {
    if (!scheduled) writing.next(interval)
    scheduled = true
  }

  async function write(): Promise<void> {
    try {
      await writeBatch(openDatabase())
      if (failing) recovered()
      failing = false
    } finally {
      scheduled = false
      if (queue.waiting > 0) schedule()
    }
  }

  async function flush(): Promise<void> {
    const database = openDatabase()
    while (queue.waiting > 0) await writeBatch(database)
  }

  async function close(): Promise<void> {
    const stopped = writing.stop()
    await flush().catch((error) => abandoned(error, queue.waiting))
    await stopped
  }

  return {
    record,
    append,
    flush,
    close,
    counts,
    get waiting() {
      return queue.waiting
    },
    get lost() {
      return queue.lost
    }
  }
}
