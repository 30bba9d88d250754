import { isUtf8 } from 'node:buffer'
import { randomBytes } from 'node:crypto'
import { lstatSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Pool } from 'pg'
import type { Config } from '../config/config.ts'
import { prepareFolder } from '../config/data-folder.ts'
import type { Secrets } from './sealing.ts'

const SECRET_BYTES = 32

/** The secrets that seal what is stored: those of the environment, or the one generated beside the embedded database. */
export function readSecrets({
  SECRET_KEY,
  SECRET_KEY_PREVIOUS,
  DATA_DIR
}: Pick<Config, 'SECRET_KEY' | 'SECRET_KEY_PREVIOUS' | 'DATA_DIR'>): Secrets {
  return { current: SECRET_KEY ?? generatedSecret(DATA_DIR), previous: SECRET_KEY_PREVIOUS }
}

/**
 * The secret of an installation that names none: made at its first start, and kept beside the embedded database,
 * readable by its owner alone. It is there whole or not at all, however the making of it ends.
 *
 * @throws Error when the file that is there holds no secret
 */
export function readOrCreateSecret(folder: string): string {
  const path = join(folder, 'secret.key')
  prepareFolder(folder)
  // A link that leads nowhere is a secret that is missing, not one that was never made.
  if (!lstatSync(path, { throwIfNoEntry: false })) {
    const unfinished = `${path}.new`
    rmSync(unfinished, { recursive: true, force: true })
    const text = `${randomBytes(SECRET_BYTES).toString('base64url')}\n`
    // Of a name that must be new no link is followed (open(2), O_EXCL).
    writeFileSync(unfinished, text, { flag: 'wx', mode: 0o600, flush: true })
    renameSync(unfinished, path)
  }
  return readSecretFile(path)
}

/**
 * The secret that a file holds, which is not changed.
 *
 * @throws Error when it cannot be read, or holds no secret
 */
export function readSecretFile(path: string): string {
  const content = read(path)
  // White space to be trimmed includes the byte order mark.
  const secret = content.toString('utf8').trim()
  if (isUtf8(content) && !content.includes(0) && Buffer.byteLength(secret) >= SECRET_BYTES) return secret
  throw new Error(
    `${path} holds no secret of ${SECRET_BYTES} bytes or more in UTF-8: restore it, or set SECRET_KEY to the secret that was in it`
  )
}

/**
 * Requires the generated secret to be there where the database holds anything that it sealed: a new one would open
 * nothing, and what the start said then would lead nobody to the file that is lost.
 *
 * @throws Error
 */
export async function requireSecretIfSealed(pool: Pool, folder: string): Promise<void> {
  const path = join(resolve(folder), 'secret.key')
  if (lstatSync(path, { throwIfNoEntry: false })) return
  const { rows } = await pool.query('SELECT FROM root_secret UNION ALL SELECT FROM signing_keys LIMIT 1')
  if (rows.length === 0) return
  throw new Error(`${path} is missing: restore it, or set SECRET_KEY to the secret that was in it`)
}

function read(path: string): Buffer {
  try {
    // To read from a pipe could take for ever.
    if (!statSync(path).isFile()) throw new Error('it is not a file')
    return readFileSync(path)
  } catch (error) {
    throw new Error(`${path} cannot be read: ${(error as Error).message}`)
  }
}
