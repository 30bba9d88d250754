/**
 * The letters and what each is filled with, beside `service` and `recipient`, which all of them have, and `link`, which
 * those with a page have. A letter is two files in mail/, `<name>.txt` and `<name>.html`. Names and addresses in them may
 * have been chosen to look like a link, and are written so that they do not become one (templates.ts).
 */
export const TEMPLATES = {
  'verify-email': { page: '/email/verify', variables: ['expires_in'] },
  'reset-password': { page: '/password/reset', variables: ['name', 'expires_in'] },
  'password-changed': { variables: ['name'] },
  'confirm-new-email': { page: '/email/change/confirm', variables: ['name', 'expires_in'] },
  'email-changed': { page: '/email/change/undo', variables: ['name', 'new_email', 'expires_in'] },
  'finish-registration': { page: '/register/finish', variables: ['expires_in'] },
  'already-registered': { variables: ['name'] }
} as const satisfies Record<string, { page?: string; variables: readonly string[] }>

export type Template = keyof typeof TEMPLATES

/**
 * A mail turned into what is written on paper: which letter, to whom, and what stands in its gaps, which may be any text:
 * it is escaped where it is put in, and cannot become HTML, a header or a second recipient.
 */
export type Letter = { [Name in Template]: LetterOf<Name> }[Template]

type LetterOf<Name extends Template> = {
  template: Name
  recipient: string
  variables: Record<(typeof TEMPLATES)[Name]['variables'][number], string>
} & ((typeof TEMPLATES)[Name] extends { page: string }
  ? {
      /** What the link carries. */
      token: string
    }
  : object)
