import type { PGlite } from '@electric-sql/pglite'
import pg, { type Pool } from 'pg'
import type { Config } from '../config/config.ts'
import { withoutCredentials } from '../config/database-url.ts'
import { embeddedDriver, openEmbedded } from './embedded.ts'
import { poolOptions, waitForServer } from './postgres.ts'

interface OpenPool {
  pool: Pool
  close(): Promise<void>
}

/**
 * Opens the configured database for work without the service, such as a migration. Waits for a server that does not
 * answer yet.
 *
 * @param say called with the reason while it waits
 * @param pglite an open embedded database to use instead of the one in DATA_DIR
 * @throws DatabaseRefusal, FolderLocked, DataFolderError or EmbeddedDatabaseError if it cannot be opened
 */
export async function openPool(config: Config, say: (line: string) => void, pglite?: PGlite): Promise<OpenPool> {
  if (config.DATABASE_URL) return connect(config, config.DATABASE_URL, say)
  const { database, close } = pglite ? { database: pglite, close: async () => {} } : await openEmbedded(config.DATA_DIR)
  const { Pool } = await embeddedDriver(database)
  const pool = new Pool()
  return { pool, close: () => pool.end().finally(close) }
}

async function connect(config: Config, databaseUrl: string, say: (line: string) => void): Promise<OpenPool> {
  const pool = new pg.Pool({ ...poolOptions(config), max: 1 })
  // Without a listener, the error of an idle connection would end the process.
  pool.on('error', () => {})
  await waitForServer(pool, databaseUrl, (reason) => say(`waiting for ${withoutCredentials(databaseUrl)}: ${reason}`))
  return { pool, close: () => pool.end() }
}
