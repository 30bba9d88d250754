import type { Database } from '../../database/database.ts'
import { sql } from '../../database/sql.ts'
import { type Addressee, nameFor } from './addressee.ts'
import { defineLetter } from './letter.ts'

/** The events of which the owner of an account is notified, with their text. It is part of the mail. */
const EVENTS = {
  'second step on': 'Signing in now takes a second step',
  'second step off': 'Signing in no longer takes a second step',
  'app added': 'An authenticator app was added',
  'app replaced': 'Another authenticator app was set up',
  'app removed': 'The authenticator app was removed',
  'passkey added': 'A passkey was added',
  'passkey deleted': 'A passkey was deleted',
  'passkeys deleted': 'All passkeys were deleted',
  'passkey cloned': 'A passkey may have been copied',
  'recovery code used': 'A recovery code was used',
  'password known': 'Somebody entered the right password and failed at the second step',
  'factors reset': 'The second step was reset by an operator',
  'factors removed': 'What was added to sign in with was removed'
} as const

export type SecurityEvent = keyof typeof EVENTS

/** The data of a notice. */
export type SecurityNotice =
  | { what: Exclude<SecurityEvent, 'recovery code used'> }
  | {
      what: 'recovery code used'
      /** The number of unused codes. */
      left: number
    }

/** Notifies the owner of an account of a security event, at the address that was verified when it happened. */
export const securityNotice = defineLetter({
  kind: 'security notice',
  variables: ['name', 'what'],
  async compose({ user_id, recipient, data }, database: Database) {
    const event = EVENTS[data.what as SecurityEvent] as string | undefined
    const [user] = await database.query<Pick<Addressee, 'username' | 'email_verified'>>(
      sql`SELECT username, email_verified FROM users WHERE id = ${user_id}`
    )
    if (!user || event === undefined) return undefined
    const what = data.left === undefined ? event : `${event}, and ${data.left} are left`
    return { recipient, variables: { name: nameFor(user, recipient), what } }
  }
})
