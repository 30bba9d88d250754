import type { Pool } from 'pg'
import { type AuditEvent, appendRecords } from '../../src/audit/append.ts'
import { createDatabase } from '../../src/database/database.ts'

/** What the records of a test are chained with. */
export const KEY = Buffer.alloc(32, 7)

export const ACCOUNT = '01890a5d-ac96-774b-bcce-b302099a8057'

/** Something that happened just now. */
export const auditEvent = (given: Partial<AuditEvent> = {}): AuditEvent => ({
  actor: 'client',
  action: 'login',
  happened: performance.now(),
  ...given
})

/** Adds so many rows to the record, in one batch, and gives the number of the last. */
export function append(pool: Pool, count: number, given: Partial<AuditEvent> = {}, known?: number): Promise<number> {
  const events = Array.from({ length: count }, (_, index) =>
    auditEvent({ account: ACCOUNT, requestId: `request-${index}`, detail: { count: index }, ...given })
  )
  return appendRecords(createDatabase(pool, { timeout: 60_000 }), KEY, events, known)
}

/** A record that has not begun. */
export async function emptyRecord(pool: Pool): Promise<void> {
  await pool.query('TRUNCATE audit, audit_head')
}
