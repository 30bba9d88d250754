import { statSync } from 'node:fs'
import { join } from 'node:path'
import pg, { type Pool } from 'pg'
import type { Config } from '../config/config.ts'
import { DataFolderError, isThere } from '../config/data-folder.ts'
import { whereabouts } from '../config/database-url.ts'
import { TIMEOUT } from '../database/database.ts'
import { EmbeddedDatabaseError, embeddedDriver, openEmbedded } from '../database/embedded.ts'
import { hasEmbedded } from '../database/existing-database.ts'
import { FolderLocked } from '../database/folder-lock.ts'
import { readSchemaState } from '../database/migrations.ts'
import { explain, poolOptions, probe } from '../database/postgres.ts'
import { exactly, sql } from '../database/sql.ts'
import { openRootSecret } from '../secrets/root-secret.ts'
import { storedSecret } from '../secrets/secret-file.ts'
import { judgeOpening, judgePermissions } from './checks.ts'
import { judgeKeyAge, judgeSchema, judgeSearchPath, judgeServer, type ServerFacts } from './database-checks.ts'
import type { Finding } from './finding.ts'

/** What is found in the database that the service would use; nothing in it is changed. */
export function examineDatabase(config: Config): Promise<Finding[]> {
  return config.DATABASE_URL ? examineServer(config, config.DATABASE_URL) : examineFolder(config.DATA_DIR, config)
}

async function examineServer(config: Config, databaseUrl: string): Promise<Finding[]> {
  const pool = new pg.Pool(poolOptions(config))
  pool.on('error', () => {})
  const findings = await examinePool(pool, config).catch((error): Finding[] => {
    const why = `${whereabouts(databaseUrl)} cannot be used: ${explain(error)}`
    return [{ about: 'database', state: 'bad', message: why, mend: 'start it, or mend DATABASE_URL' }]
  })
  await pool.end()
  return findings
}

async function examinePool(pool: Pool, config: Config): Promise<Finding[]> {
  await probe(pool)
  const path = await examineSearchPath(pool)
  // What the service would not find is not looked for.
  const content = path.length > 0 ? [] : await examineContent(pool, config)
  return [...judgeServer(await readServer(pool), config), ...path, ...content]
}

/** Whether the search_path of the role leads to our tables, or to a schema for them where there are none yet. */
async function examineSearchPath(pool: Pool): Promise<Finding[]> {
  const { rows } = await pool.query(
    sql`SELECT current_setting('search_path') AS path, current_schema() AS schema,
       CASE WHEN to_regclass('latchkey_migrations') IS NULL
         THEN (SELECT min(schemaname::text) FROM pg_tables WHERE tablename = 'latchkey_migrations') END AS elsewhere`
  )
  return judgeSearchPath(rows[0])
}

async function examineFolder(folder: string, config: Config): Promise<Finding[]> {
  const about = 'database'
  const files: Finding[] = []
  try {
    if (!hasEmbedded(folder)) {
      return [{ about, state: 'good', message: `embedded in ${folder}, which the first start makes` }]
    }
    files.push(...examineFiles([folder, join(folder, 'secret.key')]))
    const { database, close } = await openEmbedded(folder, { asItIs: true })
    const { Pool } = await embeddedDriver(database)
    const pool = new Pool()
    const content = await examineContent(pool, config)
    await pool.end()
    await close()
    return [{ about, state: 'good', message: `embedded in ${folder}` }, ...content, ...files]
  } catch (error) {
    if (error instanceof DataFolderError || error instanceof EmbeddedDatabaseError) {
      const mend = 'see "When it does not start" in docs/embedded-or-postgresql.md'
      return [{ about, state: 'bad', message: error.message, mend }, ...files]
    }
    if (!(error instanceof FolderLocked)) throw error
    return [
      { about, state: 'good', message: `embedded in ${folder}, and in use: what is in it was not looked at` },
      ...files
    ]
  }
}

/** The permissions of what holds secrets, of those files that are there. */
export function examineFiles(paths: string[]): Finding[] {
  return paths.filter(isThere).map((path) => judgePermissions(path, statSync(path).mode))
}

async function readServer(pool: Pool): Promise<ServerFacts> {
  const asked = Date.now()
  const { rows } = await pool.query(
    sql`SELECT current_setting('server_version_num')::int AS version,
       ${exactly(sql`extract(epoch FROM clock_timestamp()) * 1000`)} AS clock,
       current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int AS most,
       (SELECT greatest(sum(numbackends)::int - 1, 0) FROM pg_stat_database) AS taken,
       pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean AS read_only,
       current_setting('server_encoding') AS encoding, current_setting('DateStyle') AS "dateStyle",
       current_setting('default_transaction_isolation') AS isolation,
       (SELECT coalesce(json_object_agg(name, setting::int), '{}') FROM pg_settings
        WHERE name IN ('statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout')
          AND setting::int BETWEEN 1 AND ${TIMEOUT - 1}) AS timeouts`
  )
  const { version, clock, most, taken, read_only, ...settings } = rows[0]
  // It was read somewhere between the question and the answer.
  const clockAhead = clock - (asked + Date.now()) / 2
  return { version, clockAhead, connections: { most, taken }, readOnly: read_only, settings }
}

async function examineContent(pool: Pool, config: Config): Promise<Finding[]> {
  const state = await readSchemaState(pool)
  const findings = [judgeSchema(state)]
  if (state.applied < state.newest) return findings
  const { rows } = await pool.query(
    sql`SELECT ${exactly(sql`extract(epoch FROM now() - created_at) / 86400`)} AS age
     FROM signing_keys WHERE sign_from <= now() AND revoked_at IS NULL ORDER BY sign_from DESC, kid DESC LIMIT 1`
  )
  return [...findings, judgeKeyAge(rows[0]?.age), ...(await examineSecret(pool, config))]
}

/** Whether the secret that the service would use opens what is sealed in the database; before the first start nothing is. */
async function examineSecret(pool: Pool, config: Config): Promise<Finding[]> {
  const { rows } = await pool.query(sql`SELECT sealed FROM root_secret`)
  if (!rows[0]) return []
  const { SECRET_KEY, SECRET_KEY_PREVIOUS: previous, DATA_DIR } = config
  const about = SECRET_KEY ? 'SECRET_KEY' : join(DATA_DIR, 'secret.key')
  try {
    const current = SECRET_KEY ?? storedSecret(about)
    openRootSecret(rows[0].sealed, { current, previous })
    return [judgeOpening(about)]
  } catch (error) {
    return [judgeOpening(about, error as Error)]
  }
}
