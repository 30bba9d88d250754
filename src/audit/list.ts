import type { Database } from '../database/database.ts'
import { allOf, type Statement, sql } from '../database/sql.ts'
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

/** The first and the last `seq` of a time: about, so that `at` is compared too. */
const firstSince = (after: string) => sql`coalesce((
  SELECT min(seq) FROM (SELECT seq FROM audit WHERE at >= ${after} ORDER BY at, seq LIMIT ${DISORDER}) AS first
), ${LAST})`
const lastUntil = (before: string) => sql`coalesce((
  SELECT max(seq) FROM (SELECT seq FROM audit WHERE at < ${before} ORDER BY at DESC, seq DESC LIMIT ${DISORDER}) AS last
), 0)`

/** More than any `seq`. */
const LAST = Number.MAX_SAFE_INTEGER

/** Lists the newest records that match, in the order of the log. */
export async function listAudit(
  database: Database,
  { account, by, action, address, after, before, below, limit }: AuditFilter
): Promise<ListedRecord[]> {
  const [since, until] = [after?.toISOString(), before?.toISOString()]
  const lowest = since === undefined ? sql`0` : firstSince(since)
  const highest = until === undefined ? sql`${LAST}::bigint` : lastUntil(until)
  const equal: [column: Statement, value: Statement][] = []
  if (account !== undefined) equal.push([sql`account`, sql`${account}::uuid`])
  if (by !== undefined) equal.push([sql`(detail ->> 'by')`, sql`${storedId(by)}::text`])
  if (address !== undefined) equal.push([sql`address`, sql`${address}::text`])
  if (action !== undefined) equal.push([SHOWN_ACTION, sql`${action}::text`])
  const [leading, ...others] = equal
  const conditions = allOf(
    ...others.map(([column, value]) => sql`${column} = ${value}`),
    since !== undefined && sql`audit.at >= ${since}`,
    until !== undefined && sql`audit.at < ${until}`,
    within(leading, lowest, sql`least(${highest}, ${(below ?? LAST) - 1})`)
  )
  const rows = await database.query<StoredRecord>(
    sql`SELECT ${RECORD} FROM audit
     WHERE ${conditions}
     ORDER BY ${leading ? sql`${leading[0]} DESC, ` : sql``}audit.seq DESC
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

/**
 * The records of a part of the log and, if a filter is given, those for which it holds. Its index is in the order of the
 * list. An equality would leave it out of the order, and PostgreSQL then reads the log backwards where it takes the value
 * for common: all of the log, if the value was common only in the past.
 */
function within(filter: [column: Statement, value: Statement] | undefined, lowest: Statement, highest: Statement) {
  if (!filter) return sql`audit.seq BETWEEN ${lowest} AND ${highest}`
  const [column, value] = filter
  // An index of the rows with a value serves only a query that says that there is one.
  return sql`${column} IS NOT NULL
    AND (${column}, audit.seq) BETWEEN (${value}, ${lowest}) AND (${value}, ${highest})`
}
