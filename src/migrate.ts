import pg, { type Pool } from 'pg'
import { type Config, readConfig, readEnvFile } from './config.ts'
import { embeddedDriver, openEmbedded } from './embedded.ts'
import { migrate } from './migrations.ts'
import { poolOptions, waitForServer, whereabouts } from './postgres.ts'

try {
  readEnvFile()
  const { pool, close } = await open(readConfig())
  try {
    const applied = await migrate(pool)
    for (const migration of applied) say(`applied ${migration}`)
    if (applied.length === 0) say('the schema is up to date')
  } finally {
    await pool.end()
    await close()
  }
} catch (error) {
  process.stderr.write(`latchkey cannot migrate. ${(error as Error).message}\n`)
  process.exit(1)
}

/** The database that the service would use. */
async function open(config: Config): Promise<{ pool: Pool; close: () => Promise<void> }> {
  if (config.DATABASE_URL) return { pool: await connect(config, config.DATABASE_URL), close: async () => {} }
  const { database, close } = await openEmbedded(config.DATA_DIR)
  const { Pool } = await embeddedDriver(database)
  return { pool: new Pool(), close }
}

async function connect(config: Config, databaseUrl: string): Promise<Pool> {
  const pool = new pg.Pool(poolOptions(config))
  // Without a listener the death of an idle connection would end the process before it has said anything.
  pool.on('error', () => {})
  await waitForServer(pool, databaseUrl, (reason) => say(`waiting for ${whereabouts(databaseUrl)}: ${reason}`))
  return pool
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
