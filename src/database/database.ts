import type { PoolClient, QueryConfig, QueryResult, QueryResultRow } from 'pg'
import { type Clock, systemClock } from '../clock.ts'
import { Problem } from '../errors.ts'
import type { Connections } from './bulkhead.ts'
import { cancelStatement } from './cancel-request.ts'
import { BEGIN, COMMIT, ROLLBACK, render, type Statement, sql } from './sql.ts'

/** What runs SQL: a pool with a deadline, or one transaction in it. */
export interface Database {
  /** What `NOW` in its statements is the time of. */
  readonly clock: Clock
  /**
   * Runs one statement.
   *
   * @throws Problem DATABASE_UNAVAILABLE when the database cannot be reached or does not answer in time, and
   * MALFORMED_REQUEST when its encoding cannot represent a text; the driver's own error when the statement is at fault
   */
  query<Row extends QueryResultRow = QueryResultRow>(statement: Statement): Promise<Row[]>
  /** Runs `work` in one transaction: committed when it resolves, rolled back when it throws. */
  transact<Result>(work: (transaction: Database) => Promise<Result>): Promise<Result>
}

/** A database with one deadline for all that is asked of it. */
export interface TimedDatabase extends Database {
  /**
   * Waits for what a database was asked for several at once, as if it were asked here.
   *
   * @throws Problem DATABASE_UNAVAILABLE when it does not come in time
   */
  awaitShared<Result>(asked: Promise<Result>): Promise<Result>
  /** The same database with the same deadline, through other connections. */
  through(connections: Connections): Database
}

/** How long one request may wait for the database in all, in milliseconds. */
export const TIMEOUT = 5000

/** How many may wait for a connection; one more is refused at once, which beats being refused after a wait. */
const QUEUE = 1000

/** How a database is used. */
interface Options {
  clock?: Clock
  /** How long all its calls together may wait, in milliseconds; what happens between them does not count. */
  timeout?: number
}

/** A view of a pool with one deadline. Make one for each request or job. */
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
    if (connections.waitingCount >= QUEUE) throw new Error('too many wait for a connection to the database')
    const connection = connections.connect()
    return inTime(connection, 'no connection to the database in time', () => {
      connection.then((client) => client.release(), ignore)
    })
  }

  function inTime<Result>(wait: Promise<Result>, complaint: string, giveUp = ignore): Promise<Result> {
    let timer: NodeJS.Timeout
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(
        () => {
          giveUp()
          reject(new Error(complaint))
        },
        Math.max(0, left)
      )
    })
    return Promise.race([wait, late]).finally(() => clearTimeout(timer))
  }

  // A connection that failed us once is closed, since its answer may still be on the way; one that refused a statement
  // is as good as before.
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
    query: (statement) => withClient(connections, (run) => alone(run, statement)),
    transact: (work) => withClient(connections, (run) => commit(run, clock, work))
  })

  // Under a stricter isolation that the server or the role is set to, a statement can meet another. Nothing of it was done.
  async function alone<Row extends QueryResultRow>(run: Run, statement: Statement): Promise<Row[]> {
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
    awaitShared: (asked) => timed(() => inTime(asked, 'no answer of the database in time'))
  }
}

/** Runs one statement on the connection that a call holds. */
type Run = <Row extends QueryResultRow>(statement: Statement) => Promise<QueryResult<Row>>

function within(run: Run, clock: Clock): Database {
  const database: Database = {
    clock,
    query: async <Row extends QueryResultRow>(statement: Statement) => (await run<Row>(statement)).rows,
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
    const result = await work(within(run, clock))
    const { command } = await run(COMMIT)
    // PostgreSQL answers so where a statement has failed, and takes everything back.
    if (command === 'ROLLBACK') throw new Error('the work of a transaction went on after a statement in it had failed')
    return result
  } catch (error) {
    await run(ROLLBACK).catch(ignore)
    throw error
  }
}

class ReadOnly extends Error {}

/**
 * Resolves when the database answers and takes writes. A standby's transactions are read-only too.
 *
 * @throws Problem DATABASE_UNAVAILABLE when it does not
 */
export async function checkWritable(database: Database): Promise<void> {
  const [row] = await database.query(sql`SELECT current_setting('transaction_read_only')::boolean AS "readOnly"`)
  if (row?.readOnly) throw new Problem('DATABASE_UNAVAILABLE', { cause: new ReadOnly('the database takes no writes') })
}

/** Whether something failed since the database takes no writes. */
export const isReadOnly = (error: unknown) =>
  error instanceof Problem && (error.cause instanceof ReadOnly || sqlState(error.cause) === '25006')

/**
 * SQLSTATE classes that say nothing about the statement: connection, authorisation, no such database, serialisation,
 * resources, operator intervention, system. 25006 is a server that has become read-only, 25P03 and 25P04 are a transaction
 * and 55P03 a lock that took longer than the role is set to wait.
 */
const OUTAGES = ['08', '28', '3D', '40', '53', '57', '58', '25006', '25P03', '25P04', '55P03']

/** A text that the encoding of the database, which is another than UTF8, cannot represent. */
const UNTRANSLATABLE = '22P05'

/** Serialization failure and deadlock: the statement was taken back, and can be run again. */
const CONFLICTS = ['40001', '40P01']

const isConflict = ({ cause }: Error) => CONFLICTS.includes(sqlState(cause) ?? '')

/** Whether the database failed us, rather than refused what we asked. Network faults and time-outs have no SQLSTATE. */
export function isOutage(error: unknown): boolean {
  const state = sqlState(error)
  if (state === undefined) return error instanceof Error && !(error instanceof Problem || error instanceof TypeError)
  return OUTAGES.some((start) => state.startsWith(start))
}

/** The SQLSTATE of an error that the server answered with. */
export function sqlState(error: unknown): string | undefined {
  return error instanceof Error && 'severity' in error && 'code' in error ? String(error.code) : undefined
}

/** Whether the driver has given up waiting for a statement, which the server may still be at. */
const isLate = ({ cause }: Error) => cause instanceof Error && cause.message === 'Query read timeout'

function ignore(): void {}
