import type { Database } from '../database/database.ts'
import { allOf, sql } from '../database/sql.ts'
import { type Action, type Actor, type Detail, shownAction, storedActions } from './actions.ts'
import { RECORD, type StoredRecord } from './chain.ts'

/** Which records are asked for: those that all of it is true of, the newest of them. */
export interface AuditFilter {
  account?: string
  action?: Action
  /** The first moment, and the one before which the last is. */
  after?: Date
  before?: Date
  /** The most of them. */
  limit: number
}

/** A record as an operator is shown it. */
export interface ListedRecord {
  seq: number
  at: string
  actor: Actor
  action: Action
  account: string | null
  session: string | null
  address: string | null
  request_id: string | null
  detail: Detail | null
}

/** Reads records, the newest last. */
export async function listAudit(
  database: Database,
  { account, action, after, before, limit }: AuditFilter
): Promise<ListedRecord[]> {
  const wanted = allOf(
    account !== undefined && sql`account = ${account}`,
    action !== undefined && sql`action = ANY(${storedActions(action)})`,
    after !== undefined && sql`audit.at >= ${after.toISOString()}`,
    before !== undefined && sql`audit.at < ${before.toISOString()}`
  )
  const rows = await database.query<StoredRecord>(
    sql`SELECT ${RECORD} FROM audit
     WHERE ${wanted}
     ORDER BY audit.seq DESC
     LIMIT ${limit}`
  )
  return rows.reverse().map(({ mac, seq, at, action, detail, ...record }) => ({
    seq,
    at: new Date(at / 1000).toISOString(),
    ...record,
    action: shownAction(action),
    detail: detail === null ? null : JSON.parse(detail)
  }))
}
