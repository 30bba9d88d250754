/**
 * Measures POST /token/refresh on PostgreSQL with 1, 1,000 and a million stored sessions: refreshes per second,
 * latency, and the CPU time of the PostgreSQL server for each. Then measures a purge of a million ended sessions under
 * refreshes.
 *
 *   npm run build && node --import tsx bench/refresh.ts [sessions]
 *
 * Starts a server of its own with Debian's PostgreSQL programs and removes it at the end. Linux only.
 */
import { cpuTime } from '@latchkey/compare/measure/local-processes'
import { quantile } from '@latchkey/compare/measure/statistics'
import pg from 'pg'
import { readConfig } from '../src/config/config.ts'
import { createDatabase } from '../src/database/database.ts'
import { purgeSessions } from '../src/sessions/purge.ts'
import { writeRefreshToken } from '../src/sessions/refresh-token.ts'
import { openSession } from '../src/sessions/sessions.ts'
import { findCredentials } from '../src/users/credentials.ts'
import { addUser } from '../src/users/users.ts'
import { openServer } from './shared/databases.ts'
import { describeMachine } from './shared/machine.ts'
import { startServer } from './shared/own-server.ts'
import { finish, note, title } from './shared/report.ts'
import { Service } from './shared/service.ts'
import { keepRefreshing } from './storm/polling.ts'

const SECONDS = 8
const CLIENTS = 16
const MOST = Number(process.argv[2] ?? 1_000_000)

const server = await openServer(await startServer())
const lifetimes = readConfig({})

for (const line of describeMachine()) note(line)
title('Refreshes, by stored sessions')
for (const stored of [1, 1_000, MOST]) {
  await withService(`refresh_${stored}`, async (pool, service) => {
    const tokens = await signIn(pool, Math.min(stored, CLIENTS))
    await fill(pool, stored - tokens.length, 'now()')
    await load(service, tokens, 2)
    note(`${stored} sessions, ${tokens.length} clients: ${await measure(service, tokens)}`)
  })
}

title('A purge')
await withService('purge', async (pool, service) => {
  const tokens = await signIn(pool, CLIENTS)
  note(`nothing to purge: ${await measure(service, tokens)}`)
  await fill(pool, MOST, "now() - interval '300 days'")
  await pool.query(
    "UPDATE sessions SET ended_at = last_used_at, end_reason = 'idle' WHERE last_used_at < now() - interval '1 day'"
  )
  const start = performance.now()
  let longest = 0
  const purging = (async () => {
    let after: string | undefined
    do {
      const began = performance.now()
      after = (await purgeSessions(createDatabase(pool), lifetimes, after)).last
      longest = Math.max(longest, performance.now() - began)
    } while (after)
    return (performance.now() - start) / 1000
  })()
  note(`while ${MOST} are purged without a rest: ${await measure(service, tokens)}`)
  note(`the purge took ${(await purging).toFixed(1)} s, its longest step ${longest.toFixed(0)} ms`)
})
finish()

/** Starts the service on a database of its own. */
async function withService(name: string, work: (pool: pg.Pool, service: Service) => Promise<void>): Promise<void> {
  const databaseUrl = await server.create(name)
  const service = await Service.start({ databaseUrl })
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 4 })
  try {
    await work(pool, service)
  } finally {
    await service.stop()
    await pool.end()
    await server.drop()
  }
}

/** Opens sessions of one user directly, without the hash of a login. */
async function signIn(pool: pg.Pool, count: number): Promise<string[]> {
  const database = createDatabase(pool, { timeout: 60_000 })
  await addUser(database, { username: 'ada', passwordHash: 'x' })
  const credentials = await findCredentials(database, { username: 'ada' })
  const tokens: string[] = []
  for (let index = 0; index < count; index += 1) {
    const opened =
      credentials && (await openSession(database, lifetimes, credentials, { userAgent: 'bench', ip: '::1' }))
    if (opened) tokens.push(writeRefreshToken(opened.refreshToken))
  }
  return tokens
}

async function fill(pool: pg.Pool, count: number, time: string): Promise<void> {
  await pool.query(
    `WITH people AS (
       INSERT INTO users (id, username, password_hash, created_at)
       SELECT gen_random_uuid(), 'user' || n, 'x', now() FROM generate_series(1, $1 / 3 + 1) AS n RETURNING id
     )
     INSERT INTO sessions (id, user_id, family_hash, rotating_hash, created_at, last_used_at, user_agent, ip)
     SELECT gen_random_uuid(), id, sha256(id::text::bytea), sha256(id::text::bytea), ${time}, ${time}, 'bench', '::1'
     FROM people, generate_series(1, 3) LIMIT $1`,
    [count]
  )
  await pool.query('VACUUM ANALYZE')
}

async function measure(service: Service, tokens: string[]): Promise<string> {
  const before = cpuTime([service.pid])
  const times = await load(service, tokens, SECONDS)
  const cpu = ((cpuTime([service.pid]) - before) * 1000) / times.length
  const [p50, p99] = [0.5, 0.99].map((share) => quantile(times, share).toFixed(2))
  return `${Math.round(times.length / SECONDS)} refreshes/s, p50 ${p50} ms, p99 ${p99} ms, server CPU ${cpu.toFixed(0)} µs each`
}

/** Every client refreshes its own token repeatedly. @returns the latencies, in milliseconds */
async function load({ base }: Service, tokens: string[], seconds: number): Promise<number[]> {
  const over = new AbortController()
  setTimeout(() => over.abort(), seconds * 1000)
  const answers = await Promise.all(
    tokens.map(async (refresh, index) => {
      const session = { access: '', refresh }
      const own = await keepRefreshing(base, session, 0, over.signal)
      tokens[index] = session.refresh
      return own
    })
  )
  const wrong = answers.flat().find(({ status }) => status !== 200)
  if (wrong) throw new Error(`a refresh was answered with ${wrong.status} ${wrong.code}`)
  return answers.flat().map(({ ms }) => ms)
}
