import { setTimeout as pause } from 'node:timers/promises'
import type { Pool, PoolConfig, QueryConfig } from 'pg'
import { throttle } from '../concurrency/throttle.ts'
import type { Config } from '../config/config.ts'
import { withoutCredentials } from '../config/database-url.ts'
import { sqlState, TIMEOUT } from './database.ts'
import { reconnectingClient } from './reconnecting-client.ts'
import { SELECT_READ_ONLY, sql } from './sql.ts'

/**
 * The pool options for DATABASE_URL. DATABASE_CA implies `sslmode=verify-full`, whatever the URL says.
 */
export function poolOptions({ DATABASE_URL, DATABASE_CA, DATABASE_POOL, DATABASE_SCHEMA }: Config): PoolConfig {
  const url = new URL(DATABASE_URL as string)
  if (DATABASE_CA) {
    url.searchParams.set('sslmode', 'verify-full')
    url.searchParams.set('sslrootcert', DATABASE_CA)
  }
  return {
    connectionString: url.href,
    max: DATABASE_POOL,
    Client: reconnectingClient(DATABASE_SCHEMA === undefined ? {} : { search_path: DATABASE_SCHEMA }),
    // Half of the request's deadline: the other half is for its statements.
    connectionTimeoutMillis: TIMEOUT / 2,
    idleTimeoutMillis: 60_000,
    keepAlive: true,
    application_name: 'latchkey'
  }
}

/** The database cannot be used. The message says why, without credentials. */
export class DatabaseRefusal extends Error {
  override readonly name = 'DatabaseRefusal'
}

/** Resolves when the database answers a statement: one that only accepts connections is not ready. */
export async function probe(pool: Pool, timeout = TIMEOUT): Promise<void> {
  const config: QueryConfig & { query_timeout: number } = { text: 'SELECT 1', query_timeout: timeout }
  await pool.query(config)
}

interface Wait {
  /** Resolves when the database answers. */
  probe: () => Promise<unknown>
  /** Called with the reason after the first failed attempt, and then every ten seconds. */
  report: (reason: string) => void
  /** Total timeout, in milliseconds. */
  timeout?: number
  /** The pause between two attempts, in milliseconds. */
  interval?: number
}

/**
 * Waits for a database that is not ready: one that is starting, has no free connections, or whose name does not
 * resolve.
 *
 * @throws DatabaseRefusal after the timeout, or at once if waiting does not help, as for a wrong password
 */
export async function waitForDatabase({ probe, report, timeout = 30_000, interval = 500 }: Wait): Promise<void> {
  const end = performance.now() + timeout
  const reportSeldom = throttle((_omitted, reason: string) => report(reason))
  for (;;) {
    try {
      await probe()
      return
    } catch (error) {
      const reason = explain(error)
      if (!isRetryable(error)) throw new DatabaseRefusal(`it refuses: ${reason}`)
      if (performance.now() + interval > end) {
        throw new DatabaseRefusal(`it has not answered for ${Math.round(timeout / 1000)} s: ${reason}`)
      }
      reportSeldom(reason)
      await pause(interval)
    }
  }
}

/**
 * Waits until the server of DATABASE_URL answers through the pool.
 *
 * @throws DatabaseRefusal with the server and the reason
 */
export async function waitForServer(pool: Pool, databaseUrl: string, report: Wait['report']): Promise<void> {
  await waitForDatabase({ probe: () => probe(pool), report }).catch((error: Error) => {
    throw new DatabaseRefusal(`The database ${withoutCredentials(databaseUrl)} cannot be used: ${error.message}`)
  })
}

/** The end of the message for a read-only database. */
export const READ_ONLY_MESSAGE =
  'is read-only: it is a replica, or default_transaction_read_only is on; set DATABASE_URL to the primary'

/**
 * Requires a writable database.
 *
 * @throws DatabaseRefusal if it is read-only
 */
export async function requireWritable(pool: Pool, databaseUrl: string): Promise<void> {
  const { rows } = await pool.query(SELECT_READ_ONLY)
  if (rows[0].readOnly)
    throw new DatabaseRefusal(`The database ${withoutCredentials(databaseUrl)} ${READ_ONLY_MESSAGE}.`)
}

/**
 * Requires that the search_path contains a usable schema: without one no table can be found or created.
 *
 * @throws DatabaseRefusal if it does not
 */
export async function requireSearchPath(pool: Pool, databaseUrl: string): Promise<void> {
  const { rows } = await pool.query(sql`SELECT current_schema() AS schema, current_setting('search_path') AS path`)
  const [{ schema, path }] = rows
  if (schema !== null) return
  throw new DatabaseRefusal(
    `The database ${withoutCredentials(databaseUrl)} cannot be used: the search_path of the role is '${path}', which names no schema that it may use. Set it for the role of DATABASE_URL, such as to public.`
  )
}

/**
 * Requires that the connections of a pool that is not ours have the settings that our SQL relies on.
 *
 * @throws DatabaseRefusal if one of them differs
 */
export async function requireSettings(pool: Pool): Promise<void> {
  const { rows } = await pool.query(
    sql`SELECT current_setting('TimeZone') AS zone, current_setting('DateStyle') AS style,
       current_setting('standard_conforming_strings') AS strings`
  )
  const [{ zone, style, strings }] = rows
  if (/^(?:Etc\/)?(?:UTC|UCT|GMT|Universal|Zulu)$/i.test(zone) && /^ISO, /.test(style) && strings === 'on') return
  throw new DatabaseRefusal(
    `The pool cannot be used: its connections have TimeZone '${zone}', DateStyle '${style}' and standard_conforming_strings '${strings}'. Create it with the option options: '-c TimeZone=UTC -c DateStyle=ISO,MDY -c standard_conforming_strings=on', or pass databaseUrl instead.`
  )
}

/** SQLSTATE of a server that starts, stops, recovers or has no free connections; 08xxx come from proxies. */
const RETRYABLE = ['57P03', '53300', '57P01', '57P02', '08000', '08001', '08003', '08004', '08006']

/** PgBouncer's messages for an unavailable server. Its error for an unknown database has the same SQLSTATE, 08P01. */
const SERVER_UNAVAILABLE = /server login has been failing|cannot connect to server|server down|the database system is/

/** Errors of the network and of name resolution, and timeouts: a later attempt may succeed. */
const UNREACHABLE =
  /^(?:ECONNREFUSED|ECONNRESET|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EPIPE|ENOTFOUND|EAI_AGAIN|ENOENT)$|timeout|terminated/

function isRetryable(error: unknown): boolean {
  const state = sqlState(error)
  if (state === undefined) return UNREACHABLE.test(explain(error)) && (error as { syscall?: string }).syscall !== 'open'
  return RETRYABLE.includes(state) || (state === '08P01' && SERVER_UNAVAILABLE.test(explain(error)))
}

/**
 * Describes a connection error, without credentials: the message of the server or the code of a network error, followed
 * by advice for TLS errors.
 */
export function explain(error: unknown): string {
  const { code, message, syscall } = error as { code?: string; message: string; syscall?: string }
  if (syscall === 'open') return `${code}: a file that DATABASE_URL names cannot be read`
  const reason = sqlState(error) === undefined && code ? code : message
  return ADVICE[reason] ? `${reason}: ${ADVICE[reason]}` : reason
}

const SIGNED = 'its certificate is signed by an unknown authority: set DATABASE_CA to the file of that authority'

/** Fixes for TLS errors, by OpenSSL's verification code or the driver's message. */
const ADVICE: Record<string, string> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: SIGNED,
  SELF_SIGNED_CERT_IN_CHAIN: SIGNED,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: SIGNED,
  UNABLE_TO_GET_ISSUER_CERT: SIGNED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: SIGNED,
  CERT_SIGNATURE_FAILURE: SIGNED,
  CERT_UNTRUSTED: SIGNED,
  INVALID_CA: SIGNED,
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name: use the name of the certificate in DATABASE_URL',
  CERT_HAS_EXPIRED: 'its certificate has expired: the server needs a new one',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet: the clocks of the two machines may differ',
  'The server does not support SSL connections':
    'enable TLS on the server, or remove DATABASE_CA or sslmode in DATABASE_URL, which require it'
}
