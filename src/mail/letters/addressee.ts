import type { Database } from '../../database/database.ts'
import { sql } from '../../database/sql.ts'
import { PASSWORD_HASH } from '../../users/credentials.ts'
import { foldName } from '../../users/names.ts'

/** An account that a letter may be about. */
export interface Addressee {
  id: string
  username: string | null
  /** As the account has it now, whatever its letter case in the outbox. */
  email: string
  email_verified: boolean
  locale: string | null
  /** Whether it has no password, and nobody has signed in: its owner may have an invitation. */
  invited: boolean
}

/** Finds the account with an address. */
export async function findByEmail(database: Database, email: string): Promise<Addressee | undefined> {
  const [user] = await database.query<Addressee>(
    sql`SELECT id, username, email, email_verified, locale, ${PASSWORD_HASH} IS NULL AND NOT signed_in AS invited
     FROM users WHERE lower(email COLLATE "C") = ${foldName(email)}`
  )
  return user
}

/** The account of a mail, while it has the address that the mail goes to. */
export async function findAddressee(
  database: Database,
  { user_id, recipient }: { user_id: string | null; recipient: string }
): Promise<Addressee | undefined> {
  const user = await findByEmail(database, recipient)
  return user?.id === user_id ? user : undefined
}

/** The name by which a letter calls its reader: the username only if the address is verified. */
export const nameFor = ({ username, email_verified }: Pick<Addressee, 'username' | 'email_verified'>, email: string) =>
  email_verified && username !== null ? username : email
