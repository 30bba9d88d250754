import type { Database } from '../database/database.ts'
import { NO_TIMEOUTS, SNAPSHOT, sql } from '../database/sql.ts'
import { type Ends, isSealed, RECORD, readHead, recordMac, type StoredRecord } from './chain.ts'

/** Kinds of damage to the log. */
export type FaultKind = 'changed' | 'missing' | 'out of order' | 'added' | 'cut off' | 'damaged' | 'ends forged'

/** The first faulty row. */
export interface Fault {
  seq: number
  wrong: FaultKind
}

/** The outcome of a verification. */
export interface Verification {
  /** Number of intact rows, counted from the first. */
  count: number
  /** `seq` of the first and last row that should exist. */
  first: number
  last: number
  fault: Fault | undefined
}

/** Rows per query. */
export const BATCH = 1000

/** The row that the next one is chained to. */
export interface Link {
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
): Promise<Verification> {
  return database.transact(async (snapshot) => {
    await snapshot.query(SNAPSHOT)
    await snapshot.query(NO_TIMEOUTS)
    const head = await readHead(snapshot)
    const ends: Ends = head ?? { purged_seq: 0, purged_mac: Buffer.alloc(0), last_seq: 0, last_mac: Buffer.alloc(0) }
    const { purged_seq: purged, last_seq: last } = ends
    const result = (at: Link, fault: Fault | undefined): Verification => ({
      count: at.seq - purged,
      first: purged + 1,
      last,
      fault
    })

    let link: Link = { seq: purged, mac: ends.purged_mac }
    for (let after: number | null = null; ; after = link.seq) {
      const rows: StoredRecord[] = await readBatch(snapshot, after)
      const walk = followChain(key, link, rows)
      link = walk.link
      if (walk.fault) return result(link, walk.fault)
      show(link.seq - purged, last - purged)
      if (rows.length < BATCH) break
    }
    if (link.seq < last) return result(link, { seq: link.seq + 1, wrong: 'cut off' })
    const sealed = head ? isSealed(key, head) && link.mac.equals(head.last_mac) : link.seq === 0
    return result(link, sealed && link.seq === last ? undefined : { seq: link.seq, wrong: 'ends forged' })
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
export function followChain(key: Buffer, start: Link, rows: StoredRecord[]): { link: Link; fault: Fault | undefined } {
  let link = start
  for (const row of rows) {
    const wrong = faultOf(key, link, row, rows)
    if (wrong) return { link, fault: { seq: wrong === 'missing' ? link.seq + 1 : row.seq, wrong } }
    link = row
  }
  return { link, fault: undefined }
}

function faultOf(key: Buffer, { seq, mac }: Link, row: StoredRecord, near: StoredRecord[]): FaultKind | undefined {
  const expected = seq + 1
  if (row.seq < expected) return 'added'
  if (row.seq > expected) return 'missing'
  const fits = (record: StoredRecord) => record.mac.equals(recordMac(key, mac, { ...record, seq: expected }))
  if (fits(row)) return row.action === 'record damaged' ? 'damaged' : undefined
  return near.some(fits) ? 'out of order' : 'changed'
}
