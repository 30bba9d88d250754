import { randomBytes } from 'node:crypto'
import type { Clock } from './clock.ts'
import type { Database } from './database.ts'
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
export async function readRootSecret(database: Database, clock: Clock, secrets: Secrets): Promise<string> {
  const sealed = (await find(database)) ?? (await make(database, clock, secrets))
  const root = unseal(sealed, PURPOSE, NAME, secrets)
  if (!root) throw new RootSecretMismatch()
  return root.toString('base64url')
}

async function find(database: Database): Promise<Buffer | undefined> {
  const [row] = await database.query<{ sealed: Buffer }>('SELECT sealed FROM root_secret')
  return row?.sealed
}

// Sealed with the previous secret where there is one: instances that know no other are still running then.
async function make(database: Database, clock: Clock, { current, previous }: Secrets): Promise<Buffer> {
  const sealed = seal(randomBytes(BYTES), PURPOSE, NAME, { current: previous ?? current })
  await database.query(
    `INSERT INTO root_secret (sealed, created_at) VALUES ($1, now() + $2 * interval '1 millisecond')
     ON CONFLICT DO NOTHING`,
    [sealed, clock.offset]
  )
  return (await find(database)) as Buffer
}
