import { randomBytes } from 'node:crypto'
import type { Database } from '../database/database.ts'
import { NOW, sql } from '../database/sql.ts'
import { type Secrets, seal, unseal } from './sealing.ts'

const PURPOSE = 'root secret seal'
const NAME = 'root secret'
const BYTES = 32

/** Neither SECRET_KEY nor SECRET_KEY_PREVIOUS opens the root secret. */
export class RootSecretMismatch extends Error {
  override readonly name = 'RootSecretMismatch'

  constructor() {
    super(
      'SECRET_KEY does not open the root secret in the database: set the SECRET_KEY that it was sealed with, or add it as SECRET_KEY_PREVIOUS'
    )
  }
}

/**
 * Reads the root secret, from which every instance derives its keys. It is created at the first start; of concurrent
 * instances, one creates it.
 *
 * @returns text for `deriveKey`
 * @throws RootSecretMismatch if neither secret opens it
 */
export async function readRootSecret(database: Database, secrets: Secrets): Promise<string> {
  const sealed = (await findSealed(database)) ?? (await create(database, secrets))
  return rootSecretText(openRootSecret(sealed, secrets))
}

/**
 * The secret to seal new data with: the one that the root secret is sealed with, so that all instances can open the
 * data. While SECRET_KEY is being changed, that is the previous one, until `keys rewrap`.
 *
 * @throws RootSecretMismatch if neither secret opens the root secret: other instances could not open what this one
 * seals
 */
export async function sealingSecrets(database: Database, secrets: Secrets): Promise<Secrets> {
  const { current, previous } = secrets
  const sealed = await findSealed(database)
  // First start: instances that only know the previous secret may be starting too.
  if (!sealed) return { current: previous ?? current }
  if (unseal(sealed, PURPOSE, NAME, { current })) return { current }
  openRootSecret(sealed, secrets)
  return { current: previous as string }
}

/** Reseals the root secret with SECRET_KEY, which from then on seals new data too. */
export async function rewrapRootSecret(transaction: Database, secrets: Secrets): Promise<void> {
  const sealed = (await findSealed(transaction)) as Buffer
  const content = sealRootSecret(openRootSecret(sealed, secrets), secrets)
  await transaction.query(sql`UPDATE root_secret SET sealed = ${content}`)
}

/**
 * Decrypts the root secret.
 *
 * @throws RootSecretMismatch if neither secret opens it
 */
export function openRootSecret(sealed: Buffer, secrets: Secrets): Buffer {
  const root = unseal(sealed, PURPOSE, NAME, secrets)
  if (!root) throw new RootSecretMismatch()
  return root
}

/** Encrypts the root secret for storage. */
export function sealRootSecret(root: Buffer, secrets: Secrets): Buffer {
  return seal(root, PURPOSE, NAME, secrets)
}

/** Encodes the root secret for `deriveKey`. */
export const rootSecretText = (root: Buffer) => root.toString('base64url')

async function findSealed(database: Database): Promise<Buffer | undefined> {
  const [row] = await database.query<{ sealed: Buffer }>(sql`SELECT sealed FROM root_secret`)
  return row?.sealed
}

async function create(database: Database, secrets: Secrets): Promise<Buffer> {
  const sealed = sealRootSecret(randomBytes(BYTES), await sealingSecrets(database, secrets))
  await database.query(
    sql`INSERT INTO root_secret (sealed, created_at) VALUES (${sealed}, ${NOW})
     ON CONFLICT DO NOTHING`
  )
  return (await findSealed(database)) as Buffer
}
