import { MAX_EMAIL_LENGTH } from '../schemas/fields.ts'
import type { Names } from '../schemas/users.ts'

/** Folds ASCII letters only, as the unique indexes do: no other character may fold into an ASCII letter. */
export function foldName(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase())
}

/** Removes white space at the ends, which keyboards and clipboards add. No name has any. */
export const trimNames = ({ username, email }: Names): Names => ({
  ...(username !== undefined && { username: username.trim() }),
  ...(email !== undefined && { email: email.trim() })
})

/** `trimNames` for the address in the body of a request, before validation. Usable as a preValidation hook. */
export async function trimEmail({ body }: { body: unknown }): Promise<void> {
  const typed = body as { email?: unknown } | null | undefined
  const email = typed?.email
  // A longer one is refused as it is.
  if (typed && typeof email === 'string' && email.length <= MAX_EMAIL_LENGTH) typed.email = email.trim()
}

/** `foldName` for a parameter: null if there is no name. */
export const fold = (name: string | undefined) => (name === undefined ? null : foldName(name))
