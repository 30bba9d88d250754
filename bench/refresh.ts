/**
 * Measures POST /token/refresh on PostgreSQL with 1, 1,000 and a million sessions stored: refreshes a second, latency,
 * and the server's own CPU time for each. Then a purge of a million sessions that are over, while others refresh.
 *
 *   npm run build && BENCH_DATABASE_URL=postgres://postgres@127.0.0.1:5432/postgres node --import tsx bench/refresh.ts
 *
 * It makes databases of its own on that server and drops them. Linux only: CPU time comes from /proc.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import http from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import pg from 'pg'
import { readConfig } from '../src/config/config.ts'
import { createDatabase } from '../src/database/database.ts'
import { migrate } from '../src/database/migrations.ts'
import { purgeSessions } from '../src/sessions/purge.ts'
import { writeRefreshToken } from '../src/sessions/refresh-token.ts'
import { openSession } from '../src/sessions/sessions.ts'
import { findCredentials } from '../src/users/credentials.ts'
import { addUser } from '../src/users/users.ts'

const SECONDS = 8
const CLIENTS = 16
const PORT = 3917

const server = process.env.BENCH_DATABASE_URL
if (!server) throw new Error('set BENCH_DATABASE_URL to a server on which this may make and drop databases')
const agent = new http.Agent({ keepAlive: true, maxSockets: 64 })
const ticks = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))
const lifetimes = readConfig({})

for (const stored of [1, 1_000, 1_000_000]) {
  await withService(`latchkey_refresh_${stored}`, async (pool, service) => {
    const tokens = await signIn(pool, Math.min(stored, CLIENTS))
    await fill(pool, stored - tokens.length, 'now()')
    await load(tokens, 2)
    const figures = await measure(service, tokens)
    print(`${stored} sessions, ${tokens.length} clients: ${figures}`)
  })
}

await withService('latchkey_purge', async (pool, service) => {
  const tokens = await signIn(pool, CLIENTS)
  print(`nothing to purge: ${await measure(service, tokens)}`)
  await fill(pool, 1_000_000, "now() - interval '300 days'")
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
  print(`while a million are purged without a rest: ${await measure(service, tokens)}`)
  print(`the purge took ${(await purging).toFixed(1)} s, its longest step ${longest.toFixed(0)} ms`)
})

/** A database of its own, and the built service on it. */
async function withService(name: string, work: (pool: pg.Pool, service: ChildProcess) => Promise<void>): Promise<void> {
  await onServer(`DROP DATABASE IF EXISTS ${name}`)
  await onServer(`CREATE DATABASE ${name}`)
  const DATABASE_URL = Object.assign(new URL(server as string), { pathname: name }).href
  const pool = new pg.Pool({ connectionString: DATABASE_URL, max: 4 })
  await migrate(pool)
  const service = spawn(process.execPath, ['--max-semi-space-size=8', 'dist/src/server.js'], {
    env: {
      ...process.env,
      DATABASE_URL,
      PORT: `${PORT}`,
      SECRET_KEY: 'x'.repeat(32),
      LOG_LEVEL: 'warn',
      LIMITS: 'off'
    },
    stdio: ['ignore', 'inherit', 'inherit']
  })
  try {
    while ((await ask('GET', '/health/ready').catch(() => ({ status: 0 }))).status !== 200) await pause(100)
    await work(pool, service)
  } finally {
    service.kill()
    await new Promise((resolve) => service.once('exit', resolve))
    await pool.end()
    await onServer(`DROP DATABASE ${name}`)
  }
}

/** Sessions of one user, without the hashing of logins. */
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

async function measure(service: ChildProcess, tokens: string[]): Promise<string> {
  const before = cpu(service)
  const times = (await load(tokens, SECONDS)).sort((a, b) => a - b)
  const spent = ((cpu(service) - before) * 1e6) / times.length
  const at = (share: number) => (times[Math.floor(times.length * share)] as number).toFixed(2)
  return `${Math.round(times.length / SECONDS)} refreshes/s, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, server CPU ${spent.toFixed(0)} µs each`
}

/** Every client refreshes its own token again and again. */
async function load(tokens: string[], seconds: number): Promise<number[]> {
  const times: number[] = []
  const end = performance.now() + seconds * 1000
  await Promise.all(
    tokens.map(async (_, index) => {
      while (performance.now() < end) {
        const start = performance.now()
        const { status, body } = await ask('POST', '/token/refresh', { refresh_token: tokens[index] })
        if (status !== 200) throw new Error(`a refresh was answered with ${status}: ${body}`)
        times.push(performance.now() - start)
        tokens[index] = JSON.parse(body).refresh_token
      }
    })
  )
  return times
}

/** The CPU time of a process, in seconds. */
function cpu({ pid }: ChildProcess): number {
  const [, , ...fields] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').join(' ').split(' ')
  return (Number(fields[11]) + Number(fields[12])) / ticks
}

function ask(method: string, path: string, payload?: unknown): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const bytes = payload === undefined ? undefined : Buffer.from(JSON.stringify(payload))
    const headers = bytes && { 'content-type': 'application/json', 'content-length': bytes.length }
    const request = http.request(
      { agent, host: '127.0.0.1', port: PORT, method, path, ...(headers && { headers }) },
      (response) => {
        let body = ''
        response.setEncoding('utf8').on('data', (chunk) => {
          body += chunk
        })
        response.once('end', () => resolve({ status: response.statusCode as number, body }))
      }
    )
    request.once('error', reject)
    request.end(bytes)
  })
}

async function onServer(sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: server })
  await client.connect()
  await client.query(sql).finally(() => client.end())
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
