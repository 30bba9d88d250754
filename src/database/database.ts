import type { PoolClient, QueryConfig, QueryResultRow } from 'pg'
import { type Clock, systemClock } from '../clock.ts'
import { Problem } from '../errors.ts'
import type { Connections } from './bulkhead.ts'
import { cancelStatement } from './cancel-request.ts'
import { BEGIN, COMMIT, ROLLBACK, render, SELECT_READ_ONLY, type Statement } from './sql.ts'

/** Runs SQL: on a pool with a deadline, or in one transaction. */
export interface Database {
  /** The clock that moves `NOW` in statements. */
  readonly clock: Clock
  /**
   * Runs one statement.
   *
   * @throws Problem DATABASE_UNAVAILABLE if the database cannot be reached or does not answer in time,
   * MALFORMED_REQUEST if its encoding cannot represent a text; the driver's error if the statement is at fault
   */
  query<Row extends object = QueryResultRow>(statement: Statement): Promise<Row[]>
  /** Runs `work` in one transaction, which commits when it resolves and rolls back when it rejects. */
  transact<Result>(work: (transaction: Database) => Promise<Result>): Promise<Result>
}

/** A database whose calls share one deadline. */
export interface TimedDatabase extends Database {
  /**
   * Waits for a result that several requests share, within the deadline of this one.
   *
   * @throws Problem DATABASE_UNAVAILABLE if the deadline passes first
   */
  awaitShared<Result>(shared: Promise<Result>): Promise<Result>
  /** The same database and deadline, on other connections. */
  through(connections: Connections): Database
}

/** How long one request may wait for the database in total, in milliseconds. */
export const TIMEOUT = 5000

/** Callers that may wait for a connection. Further ones fail at once rather than after a wait. */
const QUEUE = 1000

interface Options {
  clock?: Clock
  /** How long all calls together may wait, in milliseconds. The time between calls does not count. */
  timeout?: number
}

/** Creates a view of a pool with one deadline. Create one for each request or job. */
export function createDatabase(
  pool: Connections,
  { clock = systemClock, timeout = TIMEOUT }: Options = {}
): TimedDatabase {
  let left = timeout

  function timed<Result>(wait: () => Promise<Result>): Promise<Result> {
    const start = performance.now()
    return wait()
      .catch((error) => {
        if (isOutage(error)) throw new Problem('DATABASE_UNAVAILABLE', { cause: error })
        throw sqlState(error) === UNTRANSLATABLE ? new Problem('MALFORMED_REQUEST', { cause: error }) : error
      })
      .finally(() => {
        left -= performance.now() - start
      })
  }

  async function connect(connections: Connections): Promise<PoolClient> {
    if (connections.waitingCount >= QUEUE) throw new Error('too many requests wait for a database connection')
    const connection = connections.connect()
    return inTime(connection, 'no connection to the database in time', () => {
      connection.then((client) => client.release(), ignore)
    })
  }

  function inTime<Result>(wait: Promise<Result>, message: string, giveUp = ignore): Promise<Result> {
    let timer: NodeJS.Timeout
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(
        () => {
          giveUp()
          reject(new Error(message))
        },
        Math.max(0, left)
      )
    })
    return Promise.race([wait, late]).finally(() => clearTimeout(timer))
  }

  // A connection is closed after an outage or timeout, since a late answer may follow; not after an SQL error.
  async function withClient<Result>(connections: Connections, work: (run: Run) => Promise<Result>): Promise<Result> {
    const client = await timed(() => connect(connections))
    let broken = false
    const run: Run = (statement) => {
      const { text, values } = render(statement, clock)
      const config: QueryConfig & { query_timeout: number } = { text, query_timeout: Math.max(1, left) }
      return timed(() => client.query(config, values)).catch((error) => {
        broken ||= error instanceof Problem && error.code === 'DATABASE_UNAVAILABLE' && !isConflict(error)
        if (isLate(error)) cancelStatement(client)
        throw error
      })
    }
    client.on('error', ignore)
    try {
      return await work(run)
    } finally {
      client.off('error', ignore)
      client.release(broken)
    }
  }

  const through = (connections: Connections): Database => ({
    clock,
    query: (statement) => withClient(connections, (run) => repeat(run, statement)),
    transact: (work) => withClient(connections, (run) => commit(run, clock, work))
  })

  // With a stricter default isolation, a single statement can fail with a conflict. It had no effect, so it is
  // repeated.
  async function repeat<Row extends object>(run: Run, statement: Statement): Promise<Row[]> {
    for (;;) {
      try {
        return (await run<Row>(statement)).rows
      } catch (error) {
        if (left <= 0 || !isConflict(error as Error)) throw error
      }
    }
  }

  return {
    ...through(pool),
    through,
    awaitShared: (shared) => timed(() => inTime(shared, 'no answer of the database in time'))
  }
}

/** Runs one statement on a held connection. */
type Run = <Row extends object>(statement: Statement) => Promise<{ command: string; rows: Row[] }>

function transactionOf(run: Run, clock: Clock): Database {
  const database: Database = {
    clock,
    query: async <Row extends object>(statement: Statement) => (await run<Row>(statement)).rows,
    transact: (work) => work(database)
  }
  return database
}

async function commit<Result>(
  run: Run,
  clock: Clock,
  work: (transaction: Database) => Promise<Result>
): Promise<Result> {
  await run(BEGIN)
  try {
    const result = await work(transactionOf(run, clock))
    const { command } = await run(COMMIT)
    // PostgreSQL answers COMMIT with ROLLBACK if a statement of the transaction has failed.
    if (command === 'ROLLBACK') throw new Error('a transaction was continued after one of its statements had failed')
    return result
  } catch (error) {
    await run(ROLLBACK).catch(ignore)
    throw error
  }
}

class ReadOnly extends Error {}

/**
 * Resolves if the database answers and is writable. A standby is not.
 *
 * @throws Problem DATABASE_UNAVAILABLE otherwise
 */
export async function checkWritable(database: Database): Promise<void> {
  const [row] = await database.query(SELECT_READ_ONLY)
  if (row?.readOnly) throw new Problem('DATABASE_UNAVAILABLE', { cause: new ReadOnly('the database is read-only') })
}

/** Whether an error means that the database is read-only. */
export const isReadOnly = (error: unknown) =>
  error instanceof Problem && (error.cause instanceof ReadOnly || sqlState(error.cause) === '25006')

/**
 * SQLSTATE prefixes that are not the statement's fault: connection (08), authorization (28), no such database (3D),
 * conflict (40), resources (53), operator intervention (57), system (58), read-only server (25006), timeouts of
 * transactions (25P03, 25P04) and locks (55P03).
 */
const OUTAGES = ['08', '28', '3D', '40', '53', '57', '58', '25006', '25P03', '25P04', '55P03']

/** SQLSTATE: the encoding of the database, which is not UTF8, cannot represent a character. */
const UNTRANSLATABLE = '22P05'

/** SQLSTATE of serialization failure and deadlock: the statement was rolled back and can be repeated. */
const CONFLICTS = ['40001', '40P01']

const isConflict = ({ cause }: Error) => CONFLICTS.includes(sqlState(cause) ?? '')

/** Whether an error is an outage rather than the statement's fault. Network errors and timeouts have no SQLSTATE. */
export function isOutage(error: unknown): boolean {
  const state = sqlState(error)
  if (state === undefined) return error instanceof Error && !(error instanceof Problem || error instanceof TypeError)
  return OUTAGES.some((start) => state.startsWith(start))
}

/** The SQLSTATE of an error, if it came from the server. */
export function sqlState(error: unknown): string | undefined {
  return error instanceof Error && 'severity' in error && 'code' in error ? String(error.code) : undefined
}

/** Whether the driver's timeout has passed. The server may still execute the statement. */
const isLate = ({ cause }: Error) => cause instanceof Error && cause.message === 'Query read timeout'

function ignore(): void {}
