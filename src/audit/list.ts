import type { Database } from '../database/database.ts'
import { type Action, type Actor, type Detail, shownAction, storedActions } from './actions.ts'
import { RECORD, type StoredRecord } from './chain.ts'

/** Which records are asked for: those that all of it is true of, the newest of them. */
export interface Wanted {
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
  { account, action, after, before, limit }: Wanted
): Promise<ListedRecord[]> {
  const rows = await database.query<StoredRecord>(
    `SELECT ${RECORD} FROM audit
     WHERE ($1::uuid IS NULL OR account = $1) AND ($2::text[] IS NULL OR action = ANY($2))
       AND ($3::timestamptz IS NULL OR audit.at >= $3) AND ($4::timestamptz IS NULL OR audit.at < $4)
     ORDER BY audit.seq DESC
     LIMIT $5`,
    [
      account ?? null,
      action ? storedActions(action) : null,
      after?.toISOString() ?? null,
      before?.toISOString() ?? null,
      limit
    ]
  )
  return rows.reverse().map(({ mac, seq, at, action, detail, ...record }) => ({
    seq,
    at: new Date(at / 1000).toISOString(),
    ...record,
    action: shownAction(action),
    detail: detail === null ? null : JSON.parse(detail)
  }))
}
