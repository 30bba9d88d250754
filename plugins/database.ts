import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { createDatabase, type TimedDatabase } from '../src/database.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** The database for one job outside of a request, with a deadline of its own in milliseconds. */
    openDatabase(patience?: number): TimedDatabase
  }
  interface FastifyRequest {
    /** The database for this request: all of it together waits 5 s at most. */
    readonly database: TimedDatabase
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
  },
  { name: 'database', dependencies: ['pg'] }
)
