import type { AuditEvent } from './append.ts'

/** What has happened and is not yet on record: writing waits for nobody's request, and no request for it. */
export interface AuditQueue {
  push(event: AuditEvent): void
  /** Writes the next batch, or waits for the one that is being written; what could not be written stays. */
  writeBatch(write: (events: AuditEvent[]) => Promise<void>): Promise<void>
  /** How many wait. */
  readonly waiting: number
  /** How many were lost, since too many waited. */
  readonly lost: number
}

/** How many may wait: what comes then is lost, and counted. */
export const CAPACITY = 10_000

/** How many are written at once. */
export const BATCH = 500

export function createAuditQueue(): AuditQueue {
  const waiting: AuditEvent[] = []
  let lost = 0
  let reported = 0
  let writing: Promise<void> | undefined

  async function writeNext(write: (events: AuditEvent[]) => Promise<void>): Promise<void> {
    const batch = waiting.slice(0, BATCH)
    const count = lost - reported
    if (batch.length === 0) return
    // So that a gap is itself on record.
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
