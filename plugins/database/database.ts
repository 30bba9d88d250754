import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { AppOptions } from '../../src/app-options.ts'
import { createBulkhead } from '../../src/database/bulkhead.ts'
import { createDatabase, type Database, TIMEOUT, type TimedDatabase } from '../../src/database/database.ts'
import { decorateRequest } from '../http/own-property.ts'

/** Opens views of the database, each with one deadline. */
export interface Databases {
  /**
   * A view for one job outside of a request.
   *
   * @param timeout how long all its calls together may wait, in milliseconds
   */
  open(timeout?: number): TimedDatabase
  /**
   * The database of a request, for what precedes the check of a password: through a share of the connections, as many as
   * passwords are hashed at once. More would only find accounts that then wait for a hash.
   */
  forGuess(request: FastifyRequest): Database
  /** How many statements wait for a connection. */
  readonly waiting: number
}

declare module 'fastify' {
  interface FastifyInstance {
    database: Databases
  }
  interface FastifyRequest {
    /** The database for this request: all its calls together wait 5 s at most. */
    readonly database: TimedDatabase
  }
}

/** Replaces every deadline where tests ask for it, in milliseconds. */
const UNHURRIED = 600_000

/** The database, with one deadline for each request. */
export default fp<AppOptions>(
  async (fastify, { unhurried = false, insideAnother }) => {
    const { clock, config, pg } = fastify
    const { pool } = pg
    const most = Math.max(1, Math.min(config.HASH_CONCURRENCY, pool.options.max - 1))
    const guessConnections = createBulkhead(pool, most)

    const open = (timeout = TIMEOUT) => createDatabase(pool, { clock, timeout: unhurried ? UNHURRIED : timeout })

    fastify.decorate('database', {
      open,
      forGuess: ({ database }) => database.through(guessConnections),
      get waiting() {
        return guessConnections.waitingCount
      }
    } satisfies Databases)

    const opened = new WeakMap<FastifyRequest, TimedDatabase>()
    decorateRequest(fastify, { insideAnother }, 'database', {
      get(request) {
        const database = opened.get(request) ?? open()
        opened.set(request, database)
        return database
      }
    })
  },
  { name: 'database', dependencies: ['clock', 'config', 'pg'] }
)
