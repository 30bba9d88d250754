import { createHmac } from 'node:crypto'
import type { Database } from '../database/database.ts'
import { asNumber, type Statement, sql } from '../database/sql.ts'
import type { Action, Actor } from './actions.ts'

/** A record of the audit log, without its MAC. */
export interface AuditRecord {
  /** Consecutive number, from 1. */
  seq: number
  /** Microseconds since the epoch, the precision of `timestamptz`. */
  at: number
  actor: Actor
  action: Action
  account: string | null
  session: string | null
  address: string | null
  request_id: string | null
  /** JSON text, exactly as stored. */
  detail: string | null
}

/** A record with its MAC. */
export interface StoredRecord extends AuditRecord {
  mac: Buffer
}

/** Both ends of the log: `seq` and MAC of the last purged row, and of the last row. */
export interface Ends {
  purged_seq: number
  purged_mac: Buffer
  last_seq: number
  last_mac: Buffer
}

/** The row of `audit_head`: the ends, and the MAC over them. */
export interface Head extends Ends {
  seal: Buffer
}

/** The columns of a StoredRecord. Microseconds fit into 53 bits until the year 2255. */
export const RECORD = sql`${asNumber(sql`seq`)} AS seq, ${asNumber(sql`(extract(epoch FROM at) * 1000000)::bigint`)} AS at,
  actor, action, account, session, address, request_id, detail::text AS detail, mac`

/** The MAC of a row, which covers the MAC of the row before it, and so all earlier rows. */
export function recordMac(key: Buffer, previous: Buffer, record: AuditRecord): Buffer {
  const { seq, at, actor, action, account, session, address, request_id, detail } = record
  return mac(key, [previous.toString('hex'), seq, at, actor, action, account, session, address, request_id, detail])
}

/** The MAC over the ends: without the key nobody can truncate the log unnoticed. */
export function sealEnds(key: Buffer, { purged_seq, purged_mac, last_seq, last_mac }: Ends): Buffer {
  return mac(key, [purged_seq, purged_mac.toString('hex'), last_seq, last_mac.toString('hex')])
}

/** Whether the seal matches the ends. An empty log has no seal yet. */
export function isSealed(key: Buffer, head: Head): boolean {
  const isEmpty = head.last_seq === 0 && head.purged_seq === 0
  return isEmpty ? head.seal.length === 0 : head.seal.equals(sealEnds(key, head))
}

/** JSON of a list is unambiguous: different rows differ, and the ends, of another length, equal no row. */
function mac(key: Buffer, fields: (string | number | null)[]): Buffer {
  return createHmac('sha256', key).update(JSON.stringify(fields)).digest()
}

/**
 * Reads the ends of the log.
 *
 * @param lock a locking clause, such as FOR UPDATE
 * @returns undefined if no row was ever written
 */
export async function readHead(database: Database, lock: Statement = sql``): Promise<Head | undefined> {
  const [head] = await database.query<Head>(
    sql`SELECT ${asNumber(sql`purged_seq`)} AS purged_seq, purged_mac, ${asNumber(sql`last_seq`)} AS last_seq, last_mac, seal
     FROM audit_head ${lock}`
  )
  return head
}

/** Updates and seals the ends. The caller has locked the row. */
export async function writeHead(database: Database, key: Buffer, ends: Ends): Promise<void> {
  await database.query(
    sql`UPDATE audit_head SET purged_seq = ${ends.purged_seq}, purged_mac = ${ends.purged_mac},
      last_seq = ${ends.last_seq}, last_mac = ${ends.last_mac}, seal = ${sealEnds(key, ends)}`
  )
}
