import type { Database } from '../database/database.ts'
import { NO_TIMEOUTS, SNAPSHOT, sql } from '../database/sql.ts'
import { type Ends, isSealed, RECORD, readHead, recordMac, type StoredRecord } from './chain.ts'

/** Kinds of damage to the log. */
type FaultKind = 'changed' | 'missing' | 'out of order' | 'added' | 'truncated' | 'damaged' | 'ends changed'

/** The first faulty row. */
export interface AuditFault {
  seq: number
  kind: FaultKind
}

/** The outcome of a verification. */
export interface AuditVerification {
  /** Number of intact rows, counted from the first. */
  count: number
  /** `seq` of the first and last row that should exist. */
  first: number
  last: number
  fault: AuditFault | undefined
}

/** Rows per query. */
export const BATCH = 1000

/** The row that the next one is chained to. */
export interface ChainLink {
  seq: number
  mac: Buffer
}

/**
 * Verifies the whole log in one snapshot, in batches. Concurrent writes and purges do not disturb it.
 *
 * @param show called after each batch with the number of intact rows so far, and of all rows
 */
export async function verifyAudit(
  database: Database,
  key: Buffer,
  show: (count: number, all: number) => void = () => {}
): Promise<AuditVerification> {
  return database.transact(async (snapshot) => {
    await snapshot.query(SNAPSHOT)
    await snapshot.query(NO_TIMEOUTS)
    const head = await readHead(snapshot)
    const ends: Ends = head ?? { purged_seq: 0, purged_mac: Buffer.alloc(0), last_seq: 0, last_mac: Buffer.alloc(0) }
    const { purged_seq: purged, last_seq: last } = ends
    const result = (at: ChainLink, fault: AuditFault | undefined): AuditVerification => ({
      count: at.seq - purged,
      first: purged + 1,
      last,
      fault
    })

    let link: ChainLink = { seq: purged, mac: ends.purged_mac }
    for (let after: number | null = null; ; after = link.seq) {
      const rows: StoredRecord[] = await readBatch(snapshot, after)
      const walk = followChain(key, link, rows)
      link = walk.link
      if (walk.fault) return result(link, walk.fault)
      show(link.seq - purged, last - purged)
      if (rows.length < BATCH) break
    }
    if (link.seq < last) return result(link, { seq: link.seq + 1, kind: 'truncated' })
    const sealed = head ? isSealed(key, head) && link.mac.equals(head.last_mac) : link.seq === 0
    return result(link, sealed && link.seq === last ? undefined : { seq: link.seq, kind: 'ends changed' })
  })
}

async function readBatch(database: Database, after: number | null): Promise<StoredRecord[]> {
  return database.query<StoredRecord>(
    sql`SELECT ${RECORD} FROM audit WHERE ${after}::bigint IS NULL OR seq > ${after} ORDER BY audit.seq LIMIT ${BATCH}`
  )
}

/**
 * Verifies consecutive rows, in ascending order.
 *
 * @param start the row before the first one
 * @returns the last intact row, and the fault of the one after it
 */
export function followChain(
  key: Buffer,
  start: ChainLink,
  rows: StoredRecord[]
): { link: ChainLink; fault: AuditFault | undefined } {
  let link = start
  for (const row of rows) {
    const kind = faultOf(key, link, row, rows)
    if (kind) return { link, fault: { seq: kind === 'missing' ? link.seq + 1 : row.seq, kind } }
    link = row
  }
  return { link, fault: undefined }
}

function faultOf(key: Buffer, { seq, mac }: ChainLink, row: StoredRecord, near: StoredRecord[]): FaultKind | undefined {
  const expected = seq + 1
  if (row.seq < expected) return 'added'
  if (row.seq > expected) return 'missing'
  const fits = (record: StoredRecord) => record.mac.equals(recordMac(key, mac, { ...record, seq: expected }))
  if (fits(row)) return row.action === 'record damaged' ? 'damaged' : undefined
  return near.some(fits) ? 'out of order' : 'changed'
}
