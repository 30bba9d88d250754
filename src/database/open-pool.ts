import type { PGlite } from '@electric-sql/pglite'
import pg, { type Pool } from 'pg'
import type { Config } from '../config/config.ts'
import { withoutCredentials } from '../config/database-url.ts'
import { embeddedDriver, openEmbedded } from './embedded.ts'
import { poolOptions, waitForServer } from './postgres.ts'

interface Opened {
  pool: Pool
  close(): Promise<void>
}

/**
 * The database that the service would use, for what is done to it without the service.
 *
 * @param say told why it has to wait
 * @param pglite an open embedded database, in place of the one in DATA_DIR
 */
export async function openPool(config: Config, say: (line: string) => void, pglite?: PGlite): Promise<Opened> {
  if (config.DATABASE_URL) return connect(config, config.DATABASE_URL, say)
  const { database, close } = pglite ? { database: pglite, close: async () => {} } : await openEmbedded(config.DATA_DIR)
  const { Pool } = await embeddedDriver(database)
  const pool = new Pool()
  return { pool, close: () => pool.end().finally(close) }
}

async function connect(config: Config, databaseUrl: string, say: (line: string) => void): Promise<Opened> {
  const pool = new pg.Pool({ ...poolOptions(config), max: 1 })
  // Without a listener the death of an idle connection would end the process before it has said anything.
  pool.on('error', () => {})
  await waitForServer(pool, databaseUrl, (reason) => say(`waiting for ${withoutCredentials(databaseUrl)}: ${reason}`))
  return { pool, close: () => pool.end() }
}
