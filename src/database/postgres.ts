import { setTimeout as pause } from 'node:timers/promises'
import type { Pool, PoolConfig, QueryConfig } from 'pg'
import { throttle } from '../concurrency/throttle.ts'
import type { Config } from '../config/config.ts'
import { withoutCredentials } from '../config/database-url.ts'
import { sqlState, TIMEOUT } from './database.ts'
import { reconnectingClient } from './reconnecting-client.ts'
import { sql } from './sql.ts'

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
    connectionTimeoutMillis: TIMEOUT / 2,
    idleTimeoutMillis: 60_000,
    keepAlive: true,
    application_name: 'latchkey'
  }
}

/** The database cannot be used: the message says why, without a password. */
export class DatabaseRefusal extends Error {
  override readonly name = 'DatabaseRefusal'
}

/** Resolves when the database answers a statement; one that takes connections and stays silent has not answered. */
export async function probe(pool: Pool, timeout = TIMEOUT): Promise<void> {
  const config: QueryConfig & { query_timeout: number } = { text: 'SELECT 1', query_timeout: timeout }
  await pool.query(config)
}

interface Wait {
  /** Resolves when the database answers. */
  probe: () => Promise<unknown>
  /** Called with the reason when the first attempt has had no answer, and then once each ten seconds. */
  report: (reason: string) => void
  /** How long to wait in all, in milliseconds. */
  timeout?: number
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
export async function waitForDatabase({ probe, report, timeout = 30_000, interval = 500 }: Wait): Promise<void> {
  const end = performance.now() + timeout
  const tell = throttle((_leftOut, reason: string) => report(reason))
  for (;;) {
    try {
      await probe()
      return
    } catch (error) {
      const reason = explain(error)
      if (!hasNotAnswered(error)) throw new DatabaseRefusal(`it refuses: ${reason}`)
      if (performance.now() + interval > end) {
        throw new DatabaseRefusal(`it has not answered for ${Math.round(timeout / 1000)} s: ${reason}`)
      }
      tell(reason)
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
    throw new DatabaseRefusal(`The database ${withoutCredentials(databaseUrl)} cannot be used: ${error.message}`)
  })
}

/** What is said of a database in which nothing can be changed. */
export const READ_ONLY =
  'takes no writes: it is a replica, or default_transaction_read_only is on; set DATABASE_URL to the primary'

/**
 * Requires that something can be changed through the pool.
 *
 * @throws DatabaseRefusal
 */
export async function requireWritable(pool: Pool, databaseUrl: string): Promise<void> {
  const { rows } = await pool.query(sql`SELECT current_setting('transaction_read_only')::boolean AS "readOnly"`)
  if (rows[0].readOnly) throw new DatabaseRefusal(`The database ${withoutCredentials(databaseUrl)} ${READ_ONLY}.`)
}

/**
 * Requires that the search_path leads to a schema: without one our tables would seem to be missing, and none could be made.
 *
 * @throws DatabaseRefusal
 */
export async function requireSearchPath(pool: Pool, databaseUrl: string): Promise<void> {
  const { rows } = await pool.query(sql`SELECT current_schema() AS schema, current_setting('search_path') AS path`)
  const [{ schema, path }] = rows
  if (schema !== null) return
  throw new DatabaseRefusal(
    `The database ${withoutCredentials(databaseUrl)} cannot be used: the search_path of the role is '${path}', which names no schema that it may use. Set it for the role of DATABASE_URL, such as to public.`
  )
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
  if (state === undefined) return UNREACHABLE.test(explain(error)) && (error as { syscall?: string }).syscall !== 'open'
  return NOT_YET.includes(state) || (state === '08P01' && SERVER_AWAY.test(explain(error)))
}

/** What went wrong in a word or a sentence: a server's own text has no password in it, a network error only its code. */
export function explain(error: unknown): string {
  const { code, message, syscall } = error as { code?: string; message: string; syscall?: string }
  if (syscall === 'open') return `${code}: a file that DATABASE_URL names cannot be read`
  const reason = sqlState(error) === undefined && code ? code : message
  return ADVICE[reason] ? `${reason}: ${ADVICE[reason]}` : reason
}

const SIGNED =
  'its certificate is signed by no authority known here: set DATABASE_CA to the file of the one that signed it'

/** What helps where TLS fails, which no waiting mends. The codes of certificates are those of OpenSSL's verification. */
const ADVICE: Record<string, string> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: SIGNED,
  SELF_SIGNED_CERT_IN_CHAIN: SIGNED,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: SIGNED,
  UNABLE_TO_GET_ISSUER_CERT: SIGNED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: SIGNED,
  CERT_SIGNATURE_FAILURE: SIGNED,
  CERT_UNTRUSTED: SIGNED,
  INVALID_CA: SIGNED,
  ERR_TLS_CERT_ALTNAME_INVALID:
    'its certificate is for another name: DATABASE_URL has to name the host as the certificate does',
  CERT_HAS_EXPIRED: 'its certificate has expired: the server needs a new one',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet: the clocks of the two machines may differ',
  'The server does not support SSL connections':
    'switch TLS on there, or take away what asks for it: DATABASE_CA, or sslmode in DATABASE_URL'
}
