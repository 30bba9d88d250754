import type { Database } from '../database/database.ts'
import { asNumber, sql } from '../database/sql.ts'
import { isSealed, RECORD, readHead, type StoredRecord, writeHead } from './chain.ts'
import { BATCH, followChain } from './verify.ts'

/** The beginning of the record that is before a time: what a purge deletes. */
export interface PurgeRange {
  count: number
  /** The number of its last row; that of the last row purged before, where there is none. */
  last: number
}

/** How many rows a purge would delete. A row before the time that follows one after it is not of the beginning. */
export async function countPurgeable(database: Database, before: Date): Promise<PurgeRange> {
  const [row] = await database.query<PurgeRange>(
    sql`SELECT ${asNumber(sql`count(*)`)} AS count,
       ${asNumber(sql`coalesce(max(seq), (SELECT purged_seq FROM audit_head), 0)`)} AS last
     FROM audit
     WHERE seq < (SELECT coalesce(min(seq), 9223372036854775807) FROM audit WHERE at >= ${before.toISOString()})`
  )
  return row as PurgeRange
}

/**
 * Deletes the next few rows of the beginning, in one short transaction, and keeps what the rest is chained to. Each is
 * verified first, so that no purge hides what was done to the record.
 *
 * @returns what was deleted
 * @throws Error when the record is not as it was left
 */
export async function purgeAudit(database: Database, key: Buffer, before: Date): Promise<PurgeRange> {
  return database.transact(async (transaction) => {
    const head = await readHead(transaction, sql`FOR UPDATE`)
    if (!head) return { count: 0, last: 0 }
    const rows = await transaction.query<StoredRecord>(
      sql`SELECT ${RECORD} FROM audit ORDER BY audit.seq LIMIT ${BATCH}`
    )
    const end = rows.findIndex(({ at }) => at >= before.getTime() * 1000)
    const beginning = end < 0 ? rows : rows.slice(0, end)
    if (beginning.length === 0) return { count: 0, last: head.purged_seq }

    const start = { seq: head.purged_seq, mac: head.purged_mac }
    const { link, fault } = followChain(key, start, beginning)
    if (fault || !isSealed(key, head)) throw new DamagedRecord()
    await transaction.query(sql`DELETE FROM audit WHERE seq <= ${link.seq}`)
    await writeHead(transaction, key, { ...head, purged_seq: link.seq, purged_mac: link.mac })
    return { count: beginning.length, last: link.seq }
  })
}

/** The record is not as it was left. */
export class DamagedRecord extends Error {
  override readonly name = 'DamagedRecord'

  constructor() {
    super(
      'The record is not as it was left, and is not purged further: `latchkey audit verify` says what is wrong with it'
    )
  }
}
