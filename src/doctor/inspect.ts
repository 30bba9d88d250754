import { statSync } from 'node:fs'
import { join } from 'node:path'
import bcrypt from 'bcrypt'
import pg, { type Pool } from 'pg'
import type { Config, ConfigurationError } from '../config/config.ts'
import { DataFolderError, exists } from '../config/data-folder.ts'
import { withoutCredentials } from '../config/database-url.ts'
import { readRelyingParty } from '../config/relying-party.ts'
import { createDatabase, TIMEOUT } from '../database/database.ts'
import { EmbeddedDatabaseError, embeddedDriver, openEmbedded } from '../database/embedded.ts'
import { hasEmbedded } from '../database/existing-database.ts'
import { FolderLocked } from '../database/folder-lock.ts'
import { readSchemaState } from '../database/migrations.ts'
import { explain, poolOptions, probe } from '../database/postgres.ts'
import { asNumber, sql } from '../database/sql.ts'
import { countForeignPasskeys } from '../factors/passkeys.ts'
import { openRootSecret } from '../secrets/root-secret.ts'
import { readSecretFile } from '../secrets/secret-file.ts'
import {
  checkCost,
  checkMail,
  checkNetwork,
  checkOpening,
  checkPermissions,
  checkSecrets,
  checkSwitches,
  median
} from './checks.ts'
import {
  checkFactorMail,
  checkKeyAge,
  checkSchema,
  checkSearchPath,
  checkServer,
  type ServerFacts
} from './database-checks.ts'
import type { Finding } from './finding.ts'
import { checkForeignPasskeys, checkPasskeys } from './passkey-checks.ts'
import { checkProviders } from './provider-checks.ts'

/**
 * Inspects an installation, and changes nothing.
 *
 * @param read reads the configuration
 */
export async function inspect(read: () => Config): Promise<Finding[]> {
  let config: Config
  try {
    config = read()
  } catch (error) {
    return (error as ConfigurationError).faults.map((fault) => ({
      about: 'configuration',
      state: 'bad',
      message: fault
    }))
  }
  return [
    { about: 'configuration', state: 'good', message: 'valid' },
    ...checkSecrets(config),
    ...checkNetwork(config),
    ...checkPasskeys(config),
    ...checkMail(config),
    ...checkSwitches(config),
    ...(await checkProviders(config)),
    ...(await inspectDatabase(config)),
    ...inspectFiles(['.env', ...new Set(config.PROVIDERS.flatMap(({ secretFile }) => secretFile ?? []))]),
    checkCost(timeHash(config.BCRYPT_COST), config)
  ]
}

/** Measures the CPU time of one hash, in milliseconds, which does not depend on the load of the machine. */
function timeHash(cost: number): number {
  return median(
    Array.from({ length: 5 }, () => {
      const start = process.cpuUsage()
      bcrypt.hashSync('a password to measure', cost)
      return process.cpuUsage(start).user / 1000
    })
  )
}

/** Inspects the database that the service would use, and changes nothing in it. */
export function inspectDatabase(config: Config): Promise<Finding[]> {
  return config.DATABASE_URL ? inspectServer(config, config.DATABASE_URL) : inspectFolder(config.DATA_DIR, config)
}

async function inspectServer(config: Config, databaseUrl: string): Promise<Finding[]> {
  const pool = new pg.Pool(poolOptions(config))
  pool.on('error', () => {})
  const findings = await inspectPool(pool, config).catch((error): Finding[] => {
    const why = `${withoutCredentials(databaseUrl)} cannot be used: ${explain(error)}`
    return [{ about: 'database', state: 'bad', message: why, fix: 'start it, or correct DATABASE_URL' }]
  })
  await pool.end()
  return findings
}

async function inspectPool(pool: Pool, config: Config): Promise<Finding[]> {
  await probe(pool)
  const path = await inspectSearchPath(pool)
  // With a wrong search_path the service would not find its tables either.
  const content = path.length > 0 ? [] : await inspectContent(pool, config)
  return [...checkServer(await readServer(pool), config), ...path, ...content]
}

/** Checks that the search_path of the role contains our tables or, if there are none yet, a schema for them. */
async function inspectSearchPath(pool: Pool): Promise<Finding[]> {
  const { rows } = await pool.query(
    sql`SELECT current_setting('search_path') AS path, current_schema() AS schema,
       CASE WHEN to_regclass('latchkey_migrations') IS NULL
         THEN (SELECT min(schemaname::text) FROM pg_tables WHERE tablename = 'latchkey_migrations') END AS elsewhere`
  )
  return checkSearchPath(rows[0])
}

async function inspectFolder(folder: string, config: Config): Promise<Finding[]> {
  const about = 'database'
  const files: Finding[] = []
  try {
    if (!hasEmbedded(folder)) {
      return [{ about, state: 'good', message: `embedded in ${folder}, which the first start creates` }]
    }
    files.push(...inspectFiles([folder, join(folder, 'secret.key')]))
    const { database, close } = await openEmbedded(folder, { keepPermissions: true })
    const { Pool } = await embeddedDriver(database)
    const pool = new Pool()
    const content = await inspectContent(pool, config)
    await pool.end()
    await close()
    return [{ about, state: 'good', message: `embedded in ${folder}` }, ...content, ...files]
  } catch (error) {
    if (error instanceof DataFolderError || error instanceof EmbeddedDatabaseError) {
      const fix = 'see "When it does not start" in docs/embedded-or-postgresql.md'
      return [{ about, state: 'bad', message: error.message, fix }, ...files]
    }
    if (!(error instanceof FolderLocked)) throw error
    return [{ about, state: 'good', message: `embedded in ${folder}; not inspected, since it is in use` }, ...files]
  }
}

/** Checks the permissions of files and directories that contain secrets. Skips those that do not exist. */
export function inspectFiles(paths: string[]): Finding[] {
  return paths.filter(exists).map((path) => checkPermissions(path, statSync(path).mode))
}

async function readServer(pool: Pool): Promise<ServerFacts> {
  const sentAt = Date.now()
  const { rows } = await pool.query(
    sql`SELECT current_setting('server_version_num')::int AS version,
       ${asNumber(sql`extract(epoch FROM clock_timestamp()) * 1000`)} AS clock,
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
  // The server read its clock between the request and the response.
  const clockAhead = clock - (sentAt + Date.now()) / 2
  return { version, clockAhead, connections: { most, taken }, readOnly: read_only, settings }
}

async function inspectContent(pool: Pool, config: Config): Promise<Finding[]> {
  const state = await readSchemaState(pool)
  const findings = [checkSchema(state)]
  if (state.applied < state.newest) return findings
  const { rows } = await pool.query(
    sql`SELECT ${asNumber(sql`extract(epoch FROM now() - created_at) / 86400`)} AS age
     FROM signing_keys WHERE sign_from <= now() AND revoked_at IS NULL ORDER BY sign_from DESC, kid DESC LIMIT 1`
  )
  const { party } = readRelyingParty(config)
  const foreign = await countForeignPasskeys(createDatabase(pool), party?.id)
  return [
    ...findings,
    checkKeyAge(rows[0]?.age),
    ...(await inspectSecret(pool, config)),
    ...checkForeignPasskeys(foreign, party),
    ...checkFactorMail(await countWithFactors(pool), config)
  ]
}

async function countWithFactors(pool: Pool): Promise<number> {
  const { rows } = await pool.query(
    sql`SELECT count(*)::int AS count FROM users
     WHERE mfa_required OR EXISTS (SELECT FROM passkeys WHERE user_id = users.id)
       OR EXISTS (SELECT FROM totp WHERE user_id = users.id AND secret IS NOT NULL)`
  )
  return rows[0].count
}

/** Checks that the secret of the service decrypts the root secret. Before the first start there is none. */
async function inspectSecret(pool: Pool, config: Config): Promise<Finding[]> {
  const { rows } = await pool.query(sql`SELECT sealed FROM root_secret`)
  if (!rows[0]) return []
  const { SECRET_KEY, SECRET_KEY_PREVIOUS: previous, DATA_DIR } = config
  const about = SECRET_KEY ? 'SECRET_KEY' : join(DATA_DIR, 'secret.key')
  try {
    const current = SECRET_KEY ?? readSecretFile(about)
    openRootSecret(rows[0].sealed, { current, previous })
    return [checkOpening(about)]
  } catch (error) {
    return [checkOpening(about, error as Error)]
  }
}
