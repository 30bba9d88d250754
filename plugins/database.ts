import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { createDatabase, type Database, type TimedDatabase } from '../src/database.ts'
import { shareOf } from '../src/pool-share.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** The database for one job outside of a request, with a deadline of its own in milliseconds. */
    openDatabase(patience?: number): TimedDatabase
  }
  interface FastifyRequest {
    /** The database for this request: all of it together waits 5 s at most. */
    readonly database: TimedDatabase
    /** The same for what comes before the check of a password, through as few connections as passwords are checked at once. */
    readonly guessDatabase: Database
  }
}

/** The database with one deadline for each request. */
export default fp(
  async (fastify) => {
    const opened = new WeakMap<FastifyRequest, TimedDatabase>()

    fastify.decorate('openDatabase', (patience?: number) => createDatabase(fastify.pg.pool, patience))
    fastify.decorateRequest('database', {
      getter() {
        const database = opened.get(this) ?? fastify.openDatabase()
        opened.set(this, database)
        return database
      }
    })

    const { DATABASE_POOL, HASH_CONCURRENCY } = fastify.config
    const share = shareOf(fastify.pg.pool, Math.max(1, Math.min(HASH_CONCURRENCY, DATABASE_POOL - 1)))
    fastify.decorateRequest('guessDatabase', {
      getter() {
        return this.database.through(share)
      }
    })
  },
  { name: 'database', dependencies: ['config', 'pg'] }
)
