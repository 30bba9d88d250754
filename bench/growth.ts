/**
 * Shows that the statements of a login and of a registration cost PostgreSQL the same with a thousand accounts as with
 * a million: times the service's own statements and prints their plans. Hashing is left out, since it would hide them.
 *
 *   node --import tsx bench/growth.ts [accounts]
 *
 * Starts a server of its own with Debian's PostgreSQL programs and removes it at the end.
 */
import { median } from '@latchkey/compare/measure/statistics'
import pg from 'pg'
import { systemClock } from '../src/clock.ts'
import { readConfig } from '../src/config/config.ts'
import { createDatabase, type Database } from '../src/database/database.ts'
import { migrate } from '../src/database/migrations.ts'
import { render } from '../src/database/sql.ts'
import { openSession } from '../src/sessions/sessions.ts'
import { findCredentials } from '../src/users/credentials.ts'
import { addUser } from '../src/users/users.ts'
import { openServer } from './shared/databases.ts'
import { startServer } from './shared/own-server.ts'
import { finish, note, title } from './shared/report.ts'

const ROUNDS = 2_000
const HASH = `$2b$12$${'x'.repeat(53)}`
const ORIGIN = { userAgent: 'bench', ip: '127.0.0.1' }
const lifetimes = readConfig({})

const server = await openServer(await startServer())
for (const accounts of [1_000, Number(process.argv[2] ?? 1_000_000)]) {
  const pool = new pg.Pool({ connectionString: await server.create(`growth_${accounts}`), max: 1 })
  await migrate(pool)
  await load(pool, accounts)
  await measure(pool, accounts)
  await pool.end()
  await server.drop()
}
finish()

/** Accounts 1 to N, each with both names and one session. */
async function load(pool: pg.Pool, accounts: number): Promise<void> {
  await pool.query(
    `INSERT INTO users (id, username, email, password_hash, created_at)
     SELECT gen_random_uuid(), 'User' || n, 'User' || n || '@Example.com', $2, now() FROM generate_series(1, $1) AS n`,
    [accounts, HASH]
  )
  await pool.query(
    `INSERT INTO sessions (id, user_id, family_hash, rotating_hash, created_at, last_used_at)
     SELECT gen_random_uuid(), id, sha256(id::text::bytea), sha256(id::text::bytea), now(), now() FROM users`
  )
  await pool.query('VACUUM ANALYZE')
}

async function measure(pool: pg.Pool, accounts: number): Promise<void> {
  const database = () => createDatabase(pool)
  const someone = () => ({ username: `user${1 + Math.floor(Math.random() * accounts)}` })
  const figures = {
    login: await medianOf(async () => {
      const credentials = await findCredentials(database(), someone())
      if (credentials) await openSession(database(), lifetimes, credentials, ORIGIN)
    }),
    'login, unknown name': await medianOf(async () => {
      await findCredentials(database(), { email: `nobody${Math.random()}@example.com` })
    }),
    register: await medianOf(async (round) => {
      await addUser(database(), { username: `new${round}`, passwordHash: HASH })
    })
  }
  title(`${accounts} accounts: median of ${ROUNDS} rounds in milliseconds, without hashing`)
  for (const [what, milliseconds] of Object.entries(figures)) note(`  ${what.padEnd(20)} ${milliseconds.toFixed(3)}`)

  const explaining = explain(pool)
  const credentials = await findCredentials(database(), someone())
  await findCredentials(explaining, { username: 'user7' })
  await findCredentials(explaining, { email: 'user7@example.com' })
  if (credentials) await openSession(explaining, lifetimes, credentials, ORIGIN)
  await addUser(explaining, { username: 'explained', passwordHash: HASH }).catch(() => {})
}

/** A database that prints the plan of each statement, and returns no rows. */
function explain(pool: pg.Pool): Database {
  return {
    clock: systemClock,
    async query(statement) {
      const { text, values } = render(statement, systemClock)
      const { rows } = await pool.query(`EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, SUMMARY OFF) ${text}`, values)
      title(`${text.replaceAll(/\s+/g, ' ')}`)
      for (const row of rows) note(`    ${row['QUERY PLAN']}`)
      return []
    },
    transact: (work) => work(explain(pool))
  }
}

async function medianOf(work: (round: number) => Promise<void>): Promise<number> {
  const times: number[] = []
  for (let round = 0; round < ROUNDS; round += 1) {
    const start = performance.now()
    await work(round)
    times.push(performance.now() - start)
  }
  return median(times)
}
