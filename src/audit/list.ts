import type { Database } from '../database/database.ts'
import { allOf, sql } from '../database/sql.ts'
import { type Action, type Detail, shownAction, shownDetail } from './actions.ts'
import { type AuditRecord, RECORD, type StoredRecord } from './chain.ts'

/** A filter of records: all conditions hold; the newest `limit` records are listed. */
export interface AuditFilter {
  account?: string
  action?: Action
  /** Inclusive. */
  after?: Date
  /** Exclusive. */
  before?: Date
  limit: number
}

/** A record as shown to an operator. */
export interface ListedRecord extends Omit<AuditRecord, 'at' | 'detail'> {
  /** ISO 8601. */
  at: string
  detail: Detail | null
}

/** As `shownAction`. An index serves it together with the order. */
const SHOWN_ACTION = sql`replace(action, ' held off', ' throttled')`

/** Lists the newest records that match, in the order of the log. */
export async function listAudit(
  database: Database,
  { account, action, after, before, limit }: AuditFilter
): Promise<ListedRecord[]> {
  const conditions = allOf(
    account !== undefined && sql`account = ${account}`,
    action !== undefined && sql`${SHOWN_ACTION} = ${action}`,
    after !== undefined && sql`audit.at >= ${after.toISOString()}`,
    before !== undefined && sql`audit.at < ${before.toISOString()}`
  )
  const rows = await database.query<StoredRecord>(
    sql`SELECT ${RECORD} FROM audit
     WHERE ${conditions}
     ORDER BY audit.seq DESC
     LIMIT ${limit}`
  )
  return rows.reverse().map(({ mac, seq, at, action, detail, ...record }) => ({
    seq,
    at: new Date(at / 1000).toISOString(),
    ...record,
    action: shownAction(action),
    detail: shownDetail(detail === null ? null : JSON.parse(detail))
  }))
}
