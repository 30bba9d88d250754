import type { AuditEvent } from './append.ts'

/** Events that are not yet stored. Requests do not wait for the audit log to be written. */
export interface AuditQueue {
  push(event: AuditEvent): void
  /**
   * Writes the next batch, or waits for the one that is being written. A batch that fails stays in the queue.
   *
   * @param write stores the events; rejects if it cannot
   */
  writeBatch(write: (events: AuditEvent[]) => Promise<void>): Promise<void>
  /** Number of queued events. */
  readonly waiting: number
  /** Number of events dropped because the queue was full. */
  readonly lost: number
}

/** Maximum length of the queue. Further events are dropped and counted. */
export const CAPACITY = 10_000

/** Events per transaction. */
export const BATCH = 500

/** Creates an empty queue. */
export function createAuditQueue(): AuditQueue {
  const waiting: AuditEvent[] = []
  let lost = 0
  let reported = 0
  let writing: Promise<void> | undefined

  async function writeNext(write: (events: AuditEvent[]) => Promise<void>): Promise<void> {
    const batch = waiting.slice(0, BATCH)
    const count = lost - reported
    if (batch.length === 0) return
    // Dropped events are recorded as a gap.
    const gap: AuditEvent[] =
      count === 0 ? [] : [{ actor: 'service', action: 'records lost', detail: { count }, happened: performance.now() }]
    await write([...gap, ...batch])
    waiting.splice(0, batch.length)
    reported += count
  }

  return {
    push(event) {
      if (waiting.length < CAPACITY) waiting.push(event)
      else lost += 1
    },
    writeBatch(write) {
      writing ??= writeNext(write).finally(() => {
        writing = undefined
      })
      return writing
    },
    get waiting() {
      return waiting.length
    },
    get lost() {
      return lost
    }
  }
}
