import type { Database } from '../database/database.ts'
import { allOf, asNumber, identifier, list, type Statement, sql } from '../database/sql.ts'
import { type Action, type Detail, shownAction, shownDetail } from './actions.ts'
import { type AuditRecord, RECORD, type StoredRecord } from './chain.ts'

/** A filter of records: all conditions hold. */
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

/** How many lookups a page takes at most. */
const LOOKUPS = 2_000

/** Lists the newest records that match, in the order of the log. */
export async function listAudit(database: Database, { limit, below, ...filter }: AuditFilter): Promise<ListedRecord[]> {
  const listed: ListedRecord[] = []
  let next: string | null
  let from = below
  do {
    const page = await listPage(database, { ...filter, below: from, limit: limit - listed.length })
    listed.push(...page.records)
    next = page.next
    from = Number(next)
  } while (next !== null && listed.length < limit)
  return listed.reverse()
}

/**
 * Lists a page of the newest records that match, the newest first. The cost of a page is bounded, however many records there
 * are: therefore a page may have fewer records than `limit`, even none, although others follow. That takes two filters that
 * each match thousands of records, by turns.
 *
 * @returns in `next` the `seq` for `below` of the next page; null on the last page
 */
export async function listPage(
  database: Database,
  { after, before, below = LAST, limit, ...filter }: AuditFilter,
  most = LOOKUPS
): Promise<{ records: ListedRecord[]; next: string | null }> {
  const [since, until] = [after?.toISOString(), before?.toISOString()]
  const lookups = lookupsOf(filter)
  const steps = Math.ceil(most / lookups.length)
  const [first, last] = [nameOf(0), nameOf(lookups.length - 1)]
  const isInTime = allOf(
    since !== undefined && sql`${last}.at >= ${since}`,
    until !== undefined && sql`${last}.at < ${until}`
  )
  // Each lookup finds the newest record of its filter up to that of the lookup before. If the first and the last find the
  // same record, it matches all filters; otherwise, no record after the last one does. So a filter that matches few records
  // skips those of a filter that matches many.
  const rows = await database.query<StoredRecord & { is_found: boolean; is_end: boolean; below: number }>(
    sql`WITH RECURSIVE bounds AS MATERIALIZED (
       SELECT ${since === undefined ? sql`0::bigint` : firstSince(since)} AS lowest,
         least(${until === undefined ? sql`${LAST}::bigint` : lastUntil(until)}, ${below - 1}::bigint) AS highest
     ), steps AS (
       SELECT 0 AS step, false AS is_found, highest AS seq, highest FROM bounds
       UNION ALL
       SELECT step + 1, ${first}.seq = ${last}.seq AND ${isInTime}, ${last}.seq,
         ${last}.seq - (${first}.seq = ${last}.seq)::int
       FROM steps, ${list(lookups)}
       WHERE step < ${steps}
     )
     SELECT is_found, step = ${steps} AS is_end, ${asNumber(sql`highest + 1`)} AS below, ${RECORD}
     FROM (SELECT * FROM steps WHERE is_found OR step = ${steps} LIMIT ${limit + 1}) AS found JOIN audit USING (seq)
     ORDER BY found.seq DESC`
  )
  const found = rows.filter(({ is_found }) => is_found)
  const end = found.length > limit ? found[limit - 1] : rows.find(({ is_end }) => is_end)
  return { records: found.slice(0, limit).map(toListedRecord), next: end ? String(end.below) : null }
}

const nameOf = (index: number) => identifier(`lookup_${index}`)

/** For FROM, after `steps`: the lookup of each filter, or that of all records. */
function lookupsOf({ account, by, address, action }: Partial<AuditFilter>): Statement[] {
  const lookups: Statement[] = []
  const highest = () => (lookups.length === 0 ? sql`steps.highest` : sql`${nameOf(lookups.length - 1)}.seq`)
  const look = (found: Statement, isMatch: Statement) =>
    lookups.push(sql`LATERAL (
         SELECT * FROM (${found} LIMIT 1) AS newest WHERE ${isMatch} AND seq >= (SELECT lowest FROM bounds)
       ) AS ${nameOf(lookups.length)}`)
  // An equality would leave the column out of the order, and PostgreSQL then reads the log backwards where it takes the
  // value for common: all of the log, if the value was common only in the past. So the record before the first one with
  // the value may be found, and is dropped.
  const equal = (column: Statement, value: Statement, isIndexed = sql`${column} IS NOT NULL`) =>
    look(
      sql`SELECT seq, at, ${column} AS value FROM audit
         WHERE ${isIndexed} AND (${column}, seq) <= (${value}, ${highest()}) ORDER BY ${column} DESC, seq DESC`,
      sql`value = ${value}`
    )
  if (account !== undefined) equal(sql`account`, sql`${account}::uuid`)
  if (by !== undefined) equal(sql`(detail ->> 'by')`, sql`${storedId(by)}::text`)
  if (address !== undefined) equal(sql`address`, sql`${address}::text`)
  if (action !== undefined) equal(SHOWN_ACTION, sql`${action}::text`, sql`true`)
  if (lookups.length === 0) look(sql`SELECT seq, at FROM audit WHERE seq <= ${highest()} ORDER BY seq DESC`, sql`true`)
  return lookups
}

/** Ids of accounts are stored in lower case; those of service keys have 22 characters of either. */
const storedId = (id: string) => (id.length === 36 ? id.toLowerCase() : id)

const toListedRecord = ({
  seq,
  at,
  actor,
  action,
  account,
  session,
  address,
  request_id,
  detail
}: StoredRecord): ListedRecord => ({
  seq,
  at: new Date(at / 1000).toISOString(),
  actor,
  action: shownAction(action),
  account,
  session,
  address,
  request_id,
  detail: shownDetail(detail === null ? null : JSON.parse(detail))
})
