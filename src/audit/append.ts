import type { Database } from '../database/database.ts'
import { asNumber, NOW, sql } from '../database/sql.ts'
import type { Action, Actor, Detail } from './actions.ts'
import { type AuditRecord, type Head, isSealed, readHead, recordMac, writeHead } from './chain.ts'
import { countRecords } from './counts.ts'

/** The subject and origin of an action. */
export interface EventContext {
  account?: string | undefined
  session?: string | undefined
  address?: string
  requestId?: string
  detail?: Detail
}

/** An action to be recorded. */
export interface AuditEvent extends EventContext {
  actor: Actor
  action: Action
  /** When it happened, by `performance.now()`. The stored time is computed from it and the database's clock. */
  happened: number
}

/**
 * Appends records to the audit log in one short transaction. Concurrent writers wait for each other. If the end of the
 * log was tampered with, a `record damaged` row is written first: later rows would hide it otherwise.
 *
 * @param known highest `seq` that this instance has written or seen: a lower end means that rows were deleted
 * @returns `seq` of the last row
 */
export async function appendRecords(database: Database, key: Buffer, events: AuditEvent[], known = 0): Promise<number> {
  return database.transact(async (transaction) => {
    const start = performance.now()
    const head = await lockHead(transaction)
    const { moment, newest } = await readPosition(transaction)
    const intact = isSealed(key, head) && (newest ?? head.purged_seq) === head.last_seq && head.last_seq >= known
    const damaged: AuditEvent[] = intact ? [] : [{ actor: 'service', action: 'record damaged', happened: start }]

    const ends = { ...head, last_seq: Math.max(head.last_seq, newest ?? 0, known) }
    const rows = [...damaged, ...events].map((event) => {
      const at = moment - Math.round((start - event.happened) * 1000)
      const record = { seq: ends.last_seq + 1, at, ...fieldsOf(event) }
      const mac = recordMac(key, ends.last_mac, record)
      Object.assign(ends, { last_seq: record.seq, last_mac: mac })
      return { ...record, mac: mac.toString('hex') }
    })
    await transaction.query(
      sql`WITH record AS (
         SELECT * FROM json_to_recordset(${JSON.stringify(rows)}) AS given (
           seq bigint, at bigint, actor text, action text, account uuid, session uuid, address text, request_id text,
           detail text, mac text
         )
       ), counted AS (${countRecords(sql`record`)}
       )
       INSERT INTO audit (seq, at, actor, action, account, session, address, request_id, detail, mac)
       SELECT seq, timestamptz 'epoch' + at * interval '1 microsecond', actor, action, account, session, address,
         request_id, detail::json, decode(mac, 'hex')
       FROM record`
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

/**
 * The database's time in microseconds since the epoch, and the highest `seq`. Call it only while the head is locked.
 */
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
    // The MAC covers what the database reads back: it prints ids in lower case.
    account: account?.toLowerCase() ?? null,
    session: session?.toLowerCase() ?? null,
    address: address ?? null,
    request_id: requestId ?? null,
    detail: detail ? JSON.stringify(detail) : null
  } satisfies Omit<AuditRecord, 'seq' | 'at'>
}
