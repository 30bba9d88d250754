import type { Database } from '../database/database.ts'
import { allOf, sql } from '../database/sql.ts'
import { type Action, type Detail, shownAction, shownDetail } from './actions.ts'
import { type AuditRecord, RECORD, type StoredRecord } from './chain.ts'

/** A filter of records: all conditions hold; the newest `limit` records are listed. */
export interface AuditFilter {
  account?: string | undefined
  /** Of whom did it: the id of an account or a service key. */
  by?: string | undefined
  action?: Action | undefined
  address?: string | undefined
  /** Inclusive. */
  after?: Date | undefined
  /** Exclusive. */
  before?: Date | undefined
  /** Only records with a lower `seq`. */
  below?: number | undefined
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

/**
 * Records are about in the order of time: one of several instances may be late, and one that was queued in an outage. A
 * record is assumed to be among so many that follow it in time.
 */
const DISORDER = 10_000

/** The conditions of a time, and of `seq`, so that an index on `seq` serves it with any other filter. */
const since = (after: string) => sql`audit.at >= ${after} AND audit.seq >= (
  SELECT min(seq) FROM (SELECT seq FROM audit WHERE at >= ${after} ORDER BY at, seq LIMIT ${DISORDER}) AS first
)`
const until = (before: string) => sql`audit.at < ${before} AND audit.seq <= (
  SELECT max(seq) FROM (SELECT seq FROM audit WHERE at < ${before} ORDER BY at DESC, seq DESC LIMIT ${DISORDER}) AS last
)`

/** Lists the newest records that match, in the order of the log. */
export async function listAudit(
  database: Database,
  { account, by, action, address, after, before, below, limit }: AuditFilter
): Promise<ListedRecord[]> {
  const conditions = allOf(
    account !== undefined && sql`account = ${account}`,
    by !== undefined && sql`detail ->> 'by' = ${storedId(by)}`,
    action !== undefined && sql`${SHOWN_ACTION} = ${action}`,
    address !== undefined && sql`address = ${address}`,
    after !== undefined && since(after.toISOString()),
    before !== undefined && until(before.toISOString()),
    below !== undefined && sql`audit.seq < ${below}`
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

/** Ids of accounts are stored in lower case; those of service keys have 22 characters of either. */
const storedId = (id: string) => (id.length === 36 ? id.toLowerCase() : id)

/**
 * Lists a page of the newest records that match, the newest first.
 *
 * @returns in `next` the `seq` for `below` of the next page; null on the last page
 */
export async function listPage(
  database: Database,
  filter: AuditFilter
): Promise<{ records: ListedRecord[]; next: string | null }> {
  const { limit } = filter
  const listed = await listAudit(database, { ...filter, limit: limit + 1 })
  const records = listed.reverse().slice(0, limit)
  return { records, next: listed.length > limit ? String(records.at(-1)?.seq) : null }
}
