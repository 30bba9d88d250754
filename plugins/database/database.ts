import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { AppOptions } from '../../src/app-options.ts'
import { type Connections, shareOf } from '../../src/database/bulkhead.ts'
import { createDatabase, type Database, TIMEOUT, type TimedDatabase } from '../../src/database/database.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** The database for one job outside of a request, with a deadline of its own in milliseconds. */
    openDatabase(timeout?: number): TimedDatabase
    /** At most as many connections as passwords are hashed at once: nobody need be found sooner. */
    guessConnections: Connections
  }
  interface FastifyRequest {
    /** The database for this request: all of it together waits 5 s at most. */
    readonly database: TimedDatabase
    /** The same for what comes before the check of a password, through a share of the connections. */
    readonly guessDatabase: Database
  }
}

/** In place of every deadline, in milliseconds. */
const UNHURRIED = 600_000

/** The database with one deadline for each request. */
export default fp<AppOptions>(
  async (fastify, { unhurried = false }) => {
    const opened = new WeakMap<FastifyRequest, TimedDatabase>()

    const { clock } = fastify

    fastify.decorate('openDatabase', (timeout = TIMEOUT) =>
      createDatabase(fastify.pg.pool, { clock, timeout: unhurried ? UNHURRIED : timeout })
    )
    fastify.decorateRequest('database', {
      getter() {
        const database = opened.get(this) ?? fastify.openDatabase()
        opened.set(this, database)
        return database
      }
    })

    const { pool } = fastify.pg
    const most = Math.max(1, Math.min(fastify.config.HASH_CONCURRENCY, pool.options.max - 1))
    const guessConnections = shareOf(pool, most)
    fastify.decorate('guessConnections', guessConnections)
    fastify.decorateRequest('guessDatabase', {
      getter() {
        return this.database.through(guessConnections)
      }
    })
  },
  { name: 'database', dependencies: ['clock', 'config', 'pg'] }
)
