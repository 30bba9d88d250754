import { createHmac } from 'node:crypto'
import type { Database } from '../database/database.ts'
import { asNumber, type Statement, sql } from '../database/sql.ts'
import type { Action, Actor } from './actions.ts'

/** A row of the record, but for its hash. */
export interface AuditRecord {
  /** Its number: 1 for the first ever, and each one more than the one before it. */
  seq: number
  /** When it happened, in microseconds since the epoch: what the database keeps, to the last digit. */
  at: number
  actor: Actor
  action: Action
  account: string | null
  session: string | null
  address: string | null
  request_id: string | null
  /** As the JSON text that is stored. */
  detail: string | null
}

/** A row of the record as it is stored. */
export interface StoredRecord extends AuditRecord {
  mac: Buffer
}

/** Where the record begins and ends: the number and the hash of the last row purged, and of the last row of all. */
export interface Ends {
  purged_seq: number
  purged_mac: Buffer
  last_seq: number
  last_mac: Buffer
}

/** The ends as they are stored, with their seal. */
export interface Head extends Ends {
  seal: Buffer
}

/** What a query reads of a row. Numbers of 53 bits are enough for the microseconds until the year 2255. */
export const RECORD = sql`${asNumber(sql`seq`)} AS seq, ${asNumber(sql`(extract(epoch FROM at) * 1000000)::bigint`)} AS at,
  actor, action, account, session, address, request_id, detail::text AS detail, mac`

/** The hash of a row and of all before it. */
export function recordMac(key: Buffer, previous: Buffer, record: AuditRecord): Buffer {
  const { seq, at, actor, action, account, session, address, request_id, detail } = record
  return mac(key, [previous.toString('hex'), seq, at, actor, action, account, session, address, request_id, detail])
}

/** The seal of the ends: nobody without the key can move them. */
export function sealEnds(key: Buffer, { purged_seq, purged_mac, last_seq, last_mac }: Ends): Buffer {
  return mac(key, [purged_seq, purged_mac.toString('hex'), last_seq, last_mac.toString('hex')])
}

/** Whether the ends are as the service has left them; of a record that has not begun there is no seal yet. */
export function isSealed(key: Buffer, head: Head): boolean {
  const begun = head.last_seq !== 0 || head.purged_seq !== 0
  return begun ? head.seal.equals(sealEnds(key, head)) : head.seal.length === 0
}

// JSON of a list: no two rows are written alike, and ends, which are fewer, like no row.
function mac(key: Buffer, what: (string | number | null)[]): Buffer {
  return createHmac('sha256', key).update(JSON.stringify(what)).digest()
}

/** Reads the ends; nothing where no row was ever written. */
export async function readHead(database: Database, lock: Statement = sql``): Promise<Head | undefined> {
  const [head] = await database.query<Head>(
    sql`SELECT ${asNumber(sql`purged_seq`)} AS purged_seq, purged_mac, ${asNumber(sql`last_seq`)} AS last_seq, last_mac, seal
     FROM audit_head ${lock}`
  )
  return head
}

/** Moves the ends, which the caller has locked. */
export async function writeHead(database: Database, key: Buffer, ends: Ends): Promise<void> {
  await database.query(
    sql`UPDATE audit_head SET purged_seq = ${ends.purged_seq}, purged_mac = ${ends.purged_mac},
      last_seq = ${ends.last_seq}, last_mac = ${ends.last_mac}, seal = ${sealEnds(key, ends)}`
  )
}
