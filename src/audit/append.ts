import type { Database } from '../database/database.ts'
import { asNumber, NOW, sql } from '../database/sql.ts'
import type { Action, Actor, Detail } from './actions.ts'
import { type AuditRecord, type Head, isSealed, readHead, recordMac, writeHead } from './chain.ts'

/** What an action was about. */
export interface EventContext {
  account?: string | undefined
  session?: string | undefined
  address?: string
  requestId?: string
  detail?: Detail
}

/** Something that has happened and is to be recorded. */
export interface AuditEvent extends EventContext {
  actor: Actor
  action: Action
  /** When, by `performance.now()`: the database's clock says later what time that was. */
  happened: number
}

/**
 * Adds to the end of the record, in one short transaction; of instances that write at once, one does and the others wait
 * for it. Where the record is not as it was left, a row says so for good: going on would hide it otherwise.
 *
 * @param known the number of a row that this instance has seen there, which the end cannot be before
 * @returns the number of the last row
 */
export async function appendRecords(database: Database, key: Buffer, events: AuditEvent[], known = 0): Promise<number> {
  return database.transact(async (transaction) => {
    const begun = performance.now()
    const head = await lockHead(transaction)
    const { moment, newest } = await readPosition(transaction)
    const whole = isSealed(key, head) && (newest ?? head.purged_seq) === head.last_seq && head.last_seq >= known
    const damaged: AuditEvent[] = whole ? [] : [{ actor: 'service', action: 'record damaged', happened: begun }]

    const ends = { ...head, last_seq: Math.max(head.last_seq, newest ?? 0, known) }
    const rows = [...damaged, ...events].map((event) => {
      const at = moment - Math.round((begun - event.happened) * 1000)
      const record = { seq: ends.last_seq + 1, at, ...fieldsOf(event) }
      const mac = recordMac(key, ends.last_mac, record)
      Object.assign(ends, { last_seq: record.seq, last_mac: mac })
      return { ...record, mac: mac.toString('hex') }
    })
    await transaction.query(
      sql`INSERT INTO audit (seq, at, actor, action, account, session, address, request_id, detail, mac)
       SELECT seq, timestamptz 'epoch' + at * interval '1 microsecond', actor, action, account, session, address,
         request_id, detail::json, decode(mac, 'hex')
       FROM json_to_recordset(${JSON.stringify(rows)}) AS record (
         seq bigint, at bigint, actor text, action text, account uuid, session uuid, address text, request_id text,
         detail text, mac text
       )`
    )
    await writeHead(transaction, key, ends)
    return ends.last_seq
  })
}

async function lockHead(transaction: Database): Promise<Head> {
  const head = await readHead(transaction, sql`FOR UPDATE`)
  if (head) return head
  await transaction.query(sql`INSERT INTO audit_head DEFAULT VALUES ON CONFLICT DO NOTHING`)
  return (await readHead(transaction, sql`FOR UPDATE`)) as Head
}

/** The database's time in microseconds, and the number of the last row. Asked under the lock: before it, another writes. */
async function readPosition(transaction: Database): Promise<{ moment: number; newest: number | null }> {
  const [row] = await transaction.query<{ moment: number; newest: number | null }>(
    sql`SELECT ${asNumber(sql`(extract(epoch FROM ${NOW}) * 1000000)::bigint`)} AS moment,
       ${asNumber(sql`(SELECT max(seq) FROM audit)`)} AS newest`
  )
  return row as { moment: number; newest: number | null }
}

function fieldsOf({ actor, action, account, session, address, requestId, detail }: AuditEvent) {
  return {
    actor,
    action,
    account: account ?? null,
    session: session ?? null,
    address: address ?? null,
    request_id: requestId ?? null,
    detail: detail ? JSON.stringify(detail) : null
  } satisfies Omit<AuditRecord, 'seq' | 'at'>
}
