import type { PGlite } from '@electric-sql/pglite'
import postgres from '@fastify/postgres'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { Pool } from 'pg'
import type { AppOptions } from '../../src/app-options.ts'
import { throttle } from '../../src/concurrency/throttle.ts'
import type { Config } from '../../src/config/config.ts'
import { withoutCredentials } from '../../src/config/database-url.ts'
import { embeddedDriver, openEmbedded } from '../../src/database/embedded.ts'
import { requireEmbedded, requireSchema } from '../../src/database/existing-database.ts'
import { migrate } from '../../src/database/migrations.ts'
import {
  poolOptions,
  requireSearchPath,
  requireSettings,
  requireWritable,
  waitForServer
} from '../../src/database/postgres.ts'

/** Connects to the server of DATABASE_URL or opens the embedded database, and migrates the schema. */
export default fp<AppOptions>(
  async (fastify, { pglite, pool, existing = false }) => {
    const { config } = fastify
    // An application around this one may have a `pg` of its own. The library completes this one.
    fastify.decorate('pg', {} as FastifyInstance['pg'])
    if (pool) await share(fastify, pool)
    else if (config.DATABASE_URL) await connect(fastify, config.DATABASE_URL, existing)
    else await embed(fastify, pglite, existing)
    if (existing) return requireSchema(fastify.pg.pool)
    const applied = await migrate(fastify.pg.pool, undefined, schemaOf(config))
    const [newest] = applied.slice(-1)
    if (newest) fastify.log.info({ migrations: applied.length, newest }, 'migrated the database')
  },
  { name: 'pg', dependencies: ['config'] }
)

async function connect(fastify: FastifyInstance, databaseUrl: string, existing: boolean): Promise<void> {
  await fastify.register(postgres, poolOptions(fastify.config))
  logLostConnections(fastify)
  const database = withoutCredentials(databaseUrl)
  await waitForServer(fastify.pg.pool, databaseUrl, (reason) => {
    fastify.log.warn({ database, reason }, 'waiting for the database')
  })
  // A missing schema is created with the tables.
  if (!fastify.config.DATABASE_SCHEMA) await requireSearchPath(fastify.pg.pool, databaseUrl)
  // Commands may only read.
  if (!existing) await requireWritable(fastify.pg.pool, databaseUrl)
}

/** Nothing else is in an embedded database. */
const schemaOf = ({ DATABASE_URL, DATABASE_SCHEMA }: Config) => (DATABASE_URL ? DATABASE_SCHEMA : undefined)

/** Uses the pool of another application. */
async function share(fastify: FastifyInstance, pool: Pool): Promise<void> {
  Object.assign(fastify.pg, { pool, query: pool.query.bind(pool) })
  const stop = logLostConnections(fastify)
  // The pool is left as it was. This hook is one of the last: they run in reverse order.
  fastify.addHook('onClose', async () => stop())
  await requireSettings(pool)
}

async function embed(fastify: FastifyInstance, given: AppOptions['pglite'], existing: boolean): Promise<void> {
  if (existing && !given) requireEmbedded(fastify.config.DATA_DIR)
  const database = given ?? (await open(fastify))
  const driver = await embeddedDriver(database)
  await fastify.register(postgres, { pg: driver } as unknown as Parameters<typeof postgres>[1])
  logLostConnections(fastify)
}

/**
 * Logs lost idle connections. Without a listener, an error of one would end the process.
 *
 * @returns a function that stops it
 */
function logLostConnections({ pg: { pool }, log }: FastifyInstance): () => void {
  // When the server stops, all idle connections are lost at once.
  const tell = throttle((others, err: Error) => log.warn({ err, others }, 'lost an idle connection to the database'))
  pool.on('error', tell)
  return () => pool.off('error', tell)
}

async function open(fastify: FastifyInstance): Promise<PGlite> {
  const { DATA_DIR } = fastify.config
  const { database, close } = await openEmbedded(DATA_DIR)
  // onClose hooks run in reverse order: @fastify/postgres ends its pool before the database under it closes.
  fastify.addHook('onClose', close)
  fastify.log.warn(
    { folder: DATA_DIR },
    'using the embedded database, which is for one process and small: set DATABASE_URL to use a PostgreSQL server'
  )
  return database
}
