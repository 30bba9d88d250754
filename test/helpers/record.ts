import type { Pool } from 'pg'
import { type AuditEvent, appendRecords } from '../../src/audit/append.ts'
import { createDatabase } from '../../src/database/database.ts'

/** The key of the chain in tests. */
export const KEY = Buffer.alloc(32, 7)

export const ACCOUNT = '01890a5d-ac96-774b-bcce-b302099a8057'

/** An event that has just happened. */
export const auditEvent = (given: Partial<AuditEvent> = {}): AuditEvent => ({
  actor: 'client',
  action: 'login',
  happened: performance.now(),
  ...given
})

/** Appends a number of rows to the audit log, in one batch, and returns the `seq` of the last. */
export function append(pool: Pool, count: number, given: Partial<AuditEvent> = {}, known?: number): Promise<number> {
  const events = Array.from({ length: count }, (_, index) =>
    auditEvent({ account: ACCOUNT, requestId: `request-${index}`, detail: { count: index }, ...given })
  )
  return appendRecords(createDatabase(pool, { timeout: 60_000 }), KEY, events, known)
}

/** Empties the audit log. */
export async function emptyRecord(pool: Pool): Promise<void> {
  await pool.query('TRUNCATE audit, audit_head')
}
