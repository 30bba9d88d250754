import { setTimeout as pause } from 'node:timers/promises'
import type { Pool, PoolConfig, QueryConfig } from 'pg'
import type { Config } from './config.ts'
import { PATIENCE, sqlState } from './database.ts'
import { reconnectingClient } from './reconnecting.ts'

/**
 * How to reach the server that DATABASE_URL names. With DATABASE_CA the server's certificate and name are verified,
 * whatever `sslmode` the URL asks for.
 */
export function poolOptions({ DATABASE_URL, DATABASE_CA, DATABASE_POOL }: Config): PoolConfig {
  const url = new URL(DATABASE_URL as string)
  if (DATABASE_CA) {
    url.searchParams.set('sslmode', 'verify-full')
    url.searchParams.set('sslrootcert', DATABASE_CA)
  }
  return {
    connectionString: url.href,
    max: DATABASE_POOL,
    Client: reconnectingClient(),
    // Half of what a request may wait, so that the other half is left for its statements.
    connectionTimeoutMillis: PATIENCE / 2,
    idleTimeoutMillis: 60_000,
    keepAlive: true,
    application_name: 'latchkey'
  }
}

/** Where DATABASE_URL points, without the user and the password. */
export function whereabouts(databaseUrl: string): string {
  const { host, pathname } = new URL(databaseUrl)
  return `${host}${pathname}`
}

/** The database cannot be used: the message says why, without a password. */
export class DatabaseRefusal extends Error {
  override readonly name = 'DatabaseRefusal'
}

/** Resolves when the database answers a statement; one that takes connections and stays silent has not answered. */
export async function probe(pool: Pool, patience = PATIENCE): Promise<void> {
  const config: QueryConfig & { query_timeout: number } = { text: 'SELECT 1', query_timeout: patience }
  await pool.query(config)
}

interface Wait {
  /** Resolves when the database answers. */
  probe: () => Promise<unknown>
  /** Called once for each attempt that had no answer, with the reason. */
  report: (reason: string) => void
  /** How long to wait in all, in milliseconds. */
  patience?: number
  /** The pause between two attempts, in milliseconds. */
  interval?: number
}

/**
 * Waits for a database that does not answer yet: one that is starting, out of connections, or whose name does not
 * resolve.
 *
 * @throws DatabaseRefusal when the time is over, and at once when the server answered with a refusal that waiting
 * does not mend, such as a wrong password
 */
export async function waitForDatabase({ probe, report, patience = 30_000, interval = 500 }: Wait): Promise<void> {
  const end = performance.now() + patience
  for (;;) {
    try {
      await probe()
      return
    } catch (error) {
      const reason = explain(error)
      if (!hasNotAnswered(error)) throw new DatabaseRefusal(`it refuses: ${reason}`)
      if (performance.now() + interval > end) {
        throw new DatabaseRefusal(`it has not answered for ${Math.round(patience / 1000)} s: ${reason}`)
      }
      report(reason)
      await pause(interval)
    }
  }
}

/**
 * Waits until the server of DATABASE_URL answers through the pool.
 *
 * @throws DatabaseRefusal naming the server and why it cannot be used
 */
export async function waitForServer(pool: Pool, databaseUrl: string, report: Wait['report']): Promise<void> {
  await waitForDatabase({ probe: () => probe(pool), report }).catch((error: Error) => {
    throw new DatabaseRefusal(`The database ${whereabouts(databaseUrl)} cannot be used: ${error.message}`)
  })
}

/** Starting, out of connections, stopping, recovering from a crash, and what a proxy says for its server. */
const NOT_YET = ['57P03', '53300', '57P01', '57P02', '08000', '08001', '08003', '08004', '08006']

/** What PgBouncer says of a server that is away. A database that it does not know has the same SQLSTATE, 08P01. */
const SERVER_AWAY = /server login has been failing|cannot connect to server|server down|the database system is/

/** Errors of the network, of name resolution and of time: what follows them may be an answer. */
const UNREACHABLE =
  /^(?:ECONNREFUSED|ECONNRESET|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EPIPE|ENOTFOUND|EAI_AGAIN|ENOENT)$|timeout|terminated/

function hasNotAnswered(error: unknown): boolean {
  const state = sqlState(error)
  if (state === undefined) return UNREACHABLE.test(explain(error))
  return NOT_YET.includes(state) || (state === '08P01' && SERVER_AWAY.test(explain(error)))
}

/** What went wrong in a word or a sentence: a server's own text has no password in it, a network error only its code. */
export function explain(error: unknown): string {
  const { code, message } = error as { code?: string; message: string }
  return sqlState(error) === undefined && code ? code : message
}
