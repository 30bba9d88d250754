import { v7 as uuid } from 'uuid'
import type { Database } from '../../src/database/database.ts'
import { CLOCK, sql } from '../../src/database/sql.ts'
import { createOutbox, type Item } from '../../src/outbox/outbox.ts'

/** An item of an outbox that belongs to the tests. */
export interface Parcel extends Item {
  recipient: string
  note: string | null
}

/** A parcel that is not packed is not delivered. */
export const PARCELS = createOutbox<Parcel>({
  table: 'parcels',
  columns: sql`recipient, note`,
  lane: sql`recipient`,
  ready: sql`note IS DISTINCT FROM 'not packed'`
})

export async function createParcels(database: Database): Promise<void> {
  await database.query(
    sql`CREATE TABLE parcels (
       id uuid PRIMARY KEY,
       recipient text NOT NULL,
       note text,
       created_at timestamptz NOT NULL,
       next_attempt_at timestamptz NOT NULL,
       attempts integer NOT NULL DEFAULT 0
     )`
  )
}

export async function putParcel(
  database: Database,
  recipient: string,
  { note, delay = 0 }: { note?: string; delay?: number } = {}
): Promise<void> {
  await database.query(
    sql`INSERT INTO parcels (id, recipient, note, created_at, next_attempt_at)
     SELECT ${uuid()}, ${recipient}, ${note ?? null}, moment, moment + ${delay} * interval '1 millisecond' FROM ${CLOCK}`
  )
}
