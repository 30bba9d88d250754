import { randomBytes } from 'node:crypto'
import type { Database } from '../database/database.ts'
import { NOW, sql } from '../database/sql.ts'
import { type Secrets, seal, unseal } from './sealing.ts'

const PURPOSE = 'root secret seal'
const NAME = 'root secret'
const BYTES = 32

/** The root secret cannot be opened. */
export class RootSecretMismatch extends Error {
  override readonly name = 'RootSecretMismatch'

  constructor() {
    super(
      'SECRET_KEY does not open the root secret in the database: set the SECRET_KEY that it was sealed with, or add it as SECRET_KEY_PREVIOUS'
    )
  }
}

/**
 * The secret that every instance derives the keys of its other purposes from, as text for `deriveKey`. It is made at
 * the first start; of several instances at once, one makes it.
 *
 * @throws RootSecretMismatch when neither secret opens it
 */
export async function readRootSecret(database: Database, secrets: Secrets): Promise<string> {
  const sealed = (await find(database)) ?? (await make(database, secrets))
  return rootSecretText(openRootSecret(sealed, secrets))
}

/**
 * What is sealed anew is sealed with the secret that the root secret is sealed with, so that all instances open it:
 * while SECRET_KEY changes that is the previous one, until all is sealed again and nobody needs that any more.
 *
 * @throws RootSecretMismatch when neither secret opens it: what this instance sealed would be closed to the others
 */
export async function sealingSecrets(database: Database, secrets: Secrets): Promise<Secrets> {
  const { current, previous } = secrets
  const sealed = await find(database)
  // At the very first start: instances that know no other secret may be starting too.
  if (!sealed) return { current: previous ?? current }
  if (unseal(sealed, PURPOSE, NAME, { current })) return { current }
  openRootSecret(sealed, secrets)
  return { current: previous as string }
}

/** Seals the root secret anew with the present secret, and with it all that comes after. */
export async function rewrapRootSecret(transaction: Database, secrets: Secrets): Promise<void> {
  const sealed = (await find(transaction)) as Buffer
  const content = sealRootSecret(openRootSecret(sealed, secrets), secrets)
  await transaction.query(sql`UPDATE root_secret SET sealed = ${content}`)
}

/**
 * The bytes of the root secret.
 *
 * @throws RootSecretMismatch when neither secret opens it
 */
export function openRootSecret(sealed: Buffer, secrets: Secrets): Buffer {
  const root = unseal(sealed, PURPOSE, NAME, secrets)
  if (!root) throw new RootSecretMismatch()
  return root
}

/** The root secret as it is stored. */
export function sealRootSecret(root: Buffer, secrets: Secrets): Buffer {
  return seal(root, PURPOSE, NAME, secrets)
}

/** The root secret as `deriveKey` takes it. */
export const rootSecretText = (root: Buffer) => root.toString('base64url')

async function find(database: Database): Promise<Buffer | undefined> {
  const [row] = await database.query<{ sealed: Buffer }>(sql`SELECT sealed FROM root_secret`)
  return row?.sealed
}

async function make(database: Database, secrets: Secrets): Promise<Buffer> {
  const sealed = sealRootSecret(randomBytes(BYTES), await sealingSecrets(database, secrets))
  await database.query(
    sql`INSERT INTO root_secret (sealed, created_at) VALUES (${sealed}, ${NOW})
     ON CONFLICT DO NOTHING`
  )
  return (await find(database)) as Buffer
}
