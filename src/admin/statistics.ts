import type { Action } from '../audit/actions.ts'
import { type AuditDay, readCounts } from '../audit/counts.ts'
import type { Database } from '../database/database.ts'
import { asNumber, CLOCK, type Statement, sql } from '../database/sql.ts'
import type { Statistics } from '../schemas/admin/record.ts'
import { type Lifetimes, storedSessions } from '../sessions/lifetimes.ts'
import { STATES } from './listed-users.ts'

/** The figures of a day, and the actions that each counts. */
const FIGURES: Record<Exclude<keyof Statistics['days'][number], 'date'>, (action: string) => boolean> = {
  registered: isOneOf('registered'),
  login: isOneOf('login', 'federated login'),
  login_failed: isOneOf('login failed', 'second factor failed', 'passkey login failed', 'federated login failed'),
  throttled: (action) => action.endsWith(' throttled'),
  mails_lost: isOneOf('mail lost')
}

function isOneOf(...actions: Action[]): (action: string) => boolean {
  return (action) => actions.includes(action as Action)
}

/** Numbers of accounts and active sessions. */
export type Totals = Pick<Statistics, 'users' | 'sessions'>

/** How old totals may be, in seconds. */
const MAX_AGE = 60

/** The latest totals that an instance has counted; undefined if they are too old. */
export async function readTotals(database: Database): Promise<Totals | undefined> {
  const [row] = await database.query<{ counts: Totals }>(
    sql`SELECT counts FROM totals, ${CLOCK} WHERE moment - counted_at < ${MAX_AGE} * interval '1 second'`
  )
  return row?.counts
}

/** Counts for all instances. Of several that do so at once, one counts, and the others wait for its totals. */
export function countTotals(database: Database, lifetimes: Lifetimes): Promise<Totals> {
  return database.transact(async (transaction) => {
    await transaction.query(sql`LOCK TABLE totals IN SHARE ROW EXCLUSIVE MODE`)
    const known = await readTotals(transaction)
    if (known) return known
    const counts = await count(transaction, lifetimes)
    await transaction.query(
      sql`INSERT INTO totals (counted_at, counts) SELECT moment, ${counts} FROM ${CLOCK}
       ON CONFLICT (id) DO UPDATE SET counted_at = excluded.counted_at, counts = excluded.counts`
    )
    return counts
  })
}

/** Counts all rows. Each number of accounts has an index, which is smaller than the table. */
async function count(database: Database, lifetimes: Lifetimes): Promise<Totals> {
  const number = (from: Statement) => asNumber(sql`(SELECT count(*) FROM ${from})`)
  const users = (state: Statement) => number(sql`users WHERE ${state}`)
  const [row] = await database.query<Statistics['users'] & Statistics['sessions']>(
    sql`SELECT ${number(sql`users`)} AS total, ${users(STATES.disabled)} AS disabled,
       ${users(STATES.unverified)} AS unverified, ${users(STATES.invited)} AS invited,
       ${number(sql`${storedSessions(lifetimes)} WHERE inactive_reason IS NULL`)} AS living`
  )
  const { living, ...counted } = row as NonNullable<typeof row>
  return { users: counted, sessions: { living } }
}

/** The figures of the last days, the oldest first. */
export async function readDays(database: Database, days: number): Promise<Statistics['days']> {
  return (await readCounts(database, days)).map(toDay)
}

function toDay({ date, counts }: AuditDay): Statistics['days'][number] {
  const sum = (isCounted: (action: string) => boolean) =>
    Object.entries(counts).reduce((total, [action, count]) => total + (isCounted(action) ? count : 0), 0)
  const figures = Object.entries(FIGURES).map(([name, isCounted]) => [name, sum(isCounted)])
  return { date, ...(Object.fromEntries(figures) as Record<keyof typeof FIGURES, number>) }
}
