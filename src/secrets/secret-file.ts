import { isUtf8 } from 'node:buffer'
import { randomBytes } from 'node:crypto'
import { lstatSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Pool } from 'pg'
import type { Config } from '../config/config.ts'
import { prepareFolder } from '../config/data-folder.ts'
import { sql } from '../database/sql.ts'
import type { Secrets } from './sealing.ts'

const SECRET_BYTES = 32

/** The secrets that seal what is stored: those of the environment, or the one generated beside the embedded database. */
export function readSecrets({
  SECRET_KEY,
  SECRET_KEY_PREVIOUS,
  DATA_DIR
}: Pick<Config, 'SECRET_KEY' | 'SECRET_KEY_PREVIOUS' | 'DATA_DIR'>): Secrets {
  return { current: SECRET_KEY ?? readOrCreateSecret(DATA_DIR), previous: SECRET_KEY_PREVIOUS }
}

/**
 * Reads the secret of an installation without SECRET_KEY: `secret.key` in DATA_DIR, readable only by its owner. It is
 * created at the first start, atomically.
 *
 * @throws Error if the file cannot be read or holds no secret
 */
export function readOrCreateSecret(folder: string): string {
  const path = join(folder, 'secret.key')
  prepareFolder(folder)
  // lstat: a dangling link is a missing secret, which must not be replaced by a new one.
  if (!lstatSync(path, { throwIfNoEntry: false })) {
    const unfinished = `${path}.new`
    rmSync(unfinished, { recursive: true, force: true })
    const text = `${randomBytes(SECRET_BYTES).toString('base64url')}\n`
    // wx: O_EXCL does not follow links, see open(2).
    writeFileSync(unfinished, text, { flag: 'wx', mode: 0o600, flush: true })
    renameSync(unfinished, path)
  }
  return readSecretFile(path)
}

/**
 * Reads a secret from a file.
 *
 * @throws Error if the file cannot be read, or does not hold at least 32 bytes of UTF-8 text
 */
export function readSecretFile(path: string): string {
  const content = read(path)
  // trim() also removes a byte order mark.
  const secret = content.toString('utf8').trim()
  if (isUtf8(content) && !content.includes(0) && Buffer.byteLength(secret) >= SECRET_BYTES) return secret
  throw new Error(
    `${path} does not hold a secret of ${SECRET_BYTES} bytes or more in UTF-8: restore it, or set SECRET_KEY to the secret that was in it`
  )
}

/**
 * Requires `secret.key` to exist if the database holds sealed data. Otherwise a new secret would be created, which
 * opens nothing, and the error would not name the lost file.
 *
 * @throws Error if it is missing
 */
export async function requireSecretIfSealed(pool: Pool, folder: string): Promise<void> {
  const path = join(resolve(folder), 'secret.key')
  if (lstatSync(path, { throwIfNoEntry: false })) return
  const { rows } = await pool.query(sql`SELECT FROM root_secret UNION ALL SELECT FROM signing_keys LIMIT 1`)
  if (rows.length === 0) return
  throw new Error(`${path} is missing: restore it, or set SECRET_KEY to the secret that was in it`)
}

function read(path: string): Buffer {
  try {
    // A pipe could block forever.
    if (!statSync(path).isFile()) throw new Error('it is not a file')
    return readFileSync(path)
  } catch (error) {
    throw new Error(`${path} cannot be read: ${(error as Error).message}`)
  }
}
