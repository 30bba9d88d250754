import type { Clock } from './clock.ts'
import type { Database } from './database.ts'
import { composeWithLink } from './linked-letters.ts'
import type { Mail } from './outbox.ts'

/**
 * The letters and what each is filled with, beside `service` and `recipient`, which all of them have, and `link`, which
 * those with a page have. A letter is two files in mail/, `<name>.txt` and `<name>.html`.
 */
export const TEMPLATES = {
  'verify-email': { page: '/email/verify', variables: ['name', 'expires_in'] },
  'reset-password': { page: '/password/reset', variables: ['name', 'expires_in'] },
  'password-changed': { variables: ['name'] },
  'confirm-new-email': { page: '/email/change/confirm', variables: ['name', 'expires_in'] },
  'email-changed': { page: '/email/change/undo', variables: ['name', 'new_email', 'expires_in'] },
  'finish-registration': { page: '/register/finish', variables: ['expires_in'] },
  'already-registered': { variables: ['name'] }
} as const satisfies Record<string, { page?: string; variables: readonly string[] }>

export type Template = keyof typeof TEMPLATES

/** A mail turned into what is written on paper: which letter, to whom, and what stands in its gaps. */
export interface Letter {
  template: Template
  recipient: string
  /** Any text, untouched: it is escaped where it is put in, and cannot become HTML, a header or a second recipient. */
  variables: Record<string, string>
  /** What the link carries, for a template that has a page. */
  token?: string
}

/**
 * Turns a mail that is about to be sent into a letter, or into nothing where there is nobody to write to any more: then
 * the mail is dropped.
 *
 * It is called once for each attempt, outside of any transaction, and must give the same letter each time: the token is
 * an HMAC of the mail's id.
 *
 * @param key derived from the root secret for these tokens alone (`deriveKey(rootSecret, 'email tokens')`)
 * @throws Problem DATABASE_UNAVAILABLE; then, and when anything else is thrown, the mail is tried again later
 */
export async function compose(database: Database, clock: Clock, key: Buffer, mail: Mail): Promise<Letter | undefined> {
  switch (mail.kind) {
    case 'password changed':
    case 'already registered':
      return notice(database, mail)
    default:
      return composeWithLink(database, clock, key, mail)
  }
}

const NOTICES = { 'password changed': 'password-changed', 'already registered': 'already-registered' } as const

/** A letter without a link. */
async function notice(database: Database, mail: Mail & { kind?: string }): Promise<Letter | undefined> {
  const [user] = await database.query<{ username: string | null }>('SELECT username FROM users WHERE id = $1', [
    mail.user_id
  ])
  if (!user) return undefined
  return {
    template: NOTICES[mail.kind as keyof typeof NOTICES],
    recipient: mail.recipient,
    variables: { name: user.username ?? mail.recipient }
  }
}
