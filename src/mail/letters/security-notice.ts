import type { Database } from '../../database/database.ts'
import { sql } from '../../database/sql.ts'
import { type Addressee, nameFor } from './addressee.ts'
import { defineLetter } from './letter.ts'

/** The events of which the owner of an account is notified. Each is a text in `mail/texts.json`. */
export const SECURITY_EVENTS = [
  'second step on',
  'second step off',
  'app added',
  'app replaced',
  'app removed',
  'passkey added',
  'passkey deleted',
  'passkeys deleted',
  'passkey cloned',
  'recovery code used',
  'password known',
  'factors reset',
  'factors removed'
] as const

export type SecurityEvent = (typeof SECURITY_EVENTS)[number]

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
    const event = SECURITY_EVENTS.find((each) => each === data.what)
    const [user] = await database.query<Pick<Addressee, 'username' | 'email_verified' | 'locale'>>(
      sql`SELECT username, email_verified, locale FROM users WHERE id = ${user_id}`
    )
    if (!user || event === undefined) return undefined
    const what = { text: event, ...(data.left !== undefined && { numbers: { left: Number(data.left) } }) }
    return { recipient, locale: user.locale, variables: { name: nameFor(user, recipient), what } }
  }
})
