import type { Database } from '../database/database.ts'
import { asNumber, sql } from '../database/sql.ts'
import { isSealed, RECORD, readHead, type StoredRecord, writeHead } from './chain.ts'
import { BATCH, followChain } from './verify.ts'

/** The oldest records, up to a time: what a purge deletes. */
interface PurgeRange {
  count: number
  /** `seq` of the last of them; if there is none, of the last row purged before. */
  last: number
}

/**
 * Counts the rows that a purge would delete: those before the first row that is not older than `before`. Rows of
 * several instances may be slightly out of order.
 */
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
 * Deletes the next batch of rows older than `before`, in one short transaction, and stores the MAC that the rest is
 * chained to. The batch is verified first: a purge must not destroy evidence of tampering.
 *
 * @returns the deleted rows; call it again until `count` is 0
 * @throws DamagedRecord if the batch or the ends do not verify
 */
export async function purgeAudit(database: Database, key: Buffer, before: Date): Promise<PurgeRange> {
  return database.transact(async (transaction) => {
    const head = await readHead(transaction, sql`FOR UPDATE`)
    if (!head) return { count: 0, last: 0 }
    const rows = await transaction.query<StoredRecord>(
      sql`SELECT ${RECORD} FROM audit ORDER BY audit.seq LIMIT ${BATCH}`
    )
    const end = rows.findIndex(({ at }) => at >= before.getTime() * 1000)
    const old = end < 0 ? rows : rows.slice(0, end)
    if (old.length === 0) return { count: 0, last: head.purged_seq }

    const start = { seq: head.purged_seq, mac: head.purged_mac }
    const { link, fault } = followChain(key, start, old)
    if (fault || !isSealed(key, head)) throw new DamagedRecord()
    await transaction.query(sql`DELETE FROM audit WHERE seq <= ${link.seq}`)
    await writeHead(transaction, key, { ...head, purged_seq: link.seq, purged_mac: link.mac })
    return { count: old.length, last: link.seq }
  })
}

/** The audit log was tampered with. */
export class DamagedRecord extends Error {
  override readonly name = 'DamagedRecord'

  constructor() {
    super('The audit log was changed outside the service, and is not purged further: see `latchkey audit verify`')
  }
}
