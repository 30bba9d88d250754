import type { Action } from '../audit/actions.ts'
import { type AuditDay, readCounts } from '../audit/counts.ts'
import type { Database } from '../database/database.ts'
import { asNumber, sql } from '../database/sql.ts'
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

/** The present numbers of accounts and active sessions. Counts all rows. */
export async function countUsers(
  database: Database,
  lifetimes: Lifetimes
): Promise<Pick<Statistics, 'users' | 'sessions'>> {
  const [users] = await database.query<Statistics['users']>(
    sql`SELECT ${asNumber(sql`count(*)`)} AS total,
       ${asNumber(sql`count(*) FILTER (WHERE ${STATES.disabled})`)} AS disabled,
       ${asNumber(sql`count(*) FILTER (WHERE ${STATES.unverified})`)} AS unverified,
       ${asNumber(sql`count(*) FILTER (WHERE ${STATES.invited})`)} AS invited
     FROM users`
  )
  const [sessions] = await database.query<Statistics['sessions']>(
    sql`SELECT ${asNumber(sql`count(*)`)} AS living FROM ${storedSessions(lifetimes)} WHERE inactive_reason IS NULL`
  )
  return { users: users as Statistics['users'], sessions: sessions as Statistics['sessions'] }
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
