import { join, resolve } from 'node:path'
import type { Pool } from 'pg'
import type { Config } from '../config/config.ts'
import { exists } from '../config/data-folder.ts'
import { withoutCredentials } from '../config/database-url.ts'
import type { Database } from './database.ts'
import { MigrationError, readSchemaState, refuseNewerSchema } from './migrations.ts'
import { sql } from './sql.ts'

/** The database does not exist or has no schema yet. The message says how to create it. */
export class NoDatabase extends Error {
  override readonly name = 'NoDatabase'
}

/** Describes the configured database, without its credentials. */
export function nameDatabase({ DATABASE_URL, DATA_DIR }: Pick<Config, 'DATABASE_URL' | 'DATA_DIR'>): string {
  return DATABASE_URL ? withoutCredentials(DATABASE_URL) : `embedded in ${resolve(DATA_DIR)}`
}

/**
 * Whether a folder contains an embedded database.
 *
 * @throws DataFolderError if this user has no permission to read the folder
 */
export const hasEmbedded = (folder: string) => exists(join(folder, 'postgres'))

/**
 * Requires an embedded database to exist.
 *
 * @throws NoDatabase if there is none
 * @throws DataFolderError if this user has no permission to read the folder
 */
export function requireEmbedded(folder: string): void {
  if (hasEmbedded(folder)) return
  throw new NoDatabase(
    `There is no database in ${resolve(folder)}. Nothing was created. If the service uses another configuration, pass --env-file, DATABASE_URL or DATA_DIR. If it is new, start the service once.`
  )
}

/**
 * Requires `secret.key` of an embedded database to exist: a new one could not open the sealed data.
 *
 * @throws Error if it is missing, or this user has no permission to read the folder
 */
export function requireSecret(folder: string): void {
  const path = join(resolve(folder), 'secret.key')
  if (exists(path)) return
  throw new Error(`${path} is missing: restore it or set SECRET_KEY. If the service is new, start it once.`)
}

/**
 * Requires the schema to be that of this version. A command does not migrate it, since other instances may be running:
 * only the service and `migrate` do.
 *
 * @throws NoDatabase if there is no schema
 * @throws MigrationError if the schema is older or newer
 */
export async function requireSchema(pool: Pool): Promise<void> {
  const { applied, newest } = await readSchemaState(pool)
  if (applied === newest) return
  if (applied === 0) {
    throw new NoDatabase(
      'The database has no schema. Nothing was created. Start the service once, or run "npm run migrate" (node dist/src/migrate.js).'
    )
  }
  refuseNewerSchema(applied, newest)
  throw new MigrationError(
    `The database is at migration ${applied}. This version needs ${newest}: start this version of the service, or run "npm run migrate" (node dist/src/migrate.js).`
  )
}

/**
 * Requires the root secret and a signing key to exist. A command creates neither: with another SECRET_KEY in its shell,
 * the service could not open them.
 *
 * @throws NoDatabase if one of them is missing
 */
export async function requireStarted(database: Database): Promise<void> {
  const [found] = await database.query(
    sql`SELECT EXISTS (SELECT FROM root_secret) AND EXISTS (SELECT FROM signing_keys WHERE revoked_at IS NULL) AS started`
  )
  if (found?.started) return
  throw new NoDatabase('The service has never started on this database. Nothing was created. Start the service once.')
}
