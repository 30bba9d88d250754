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

/** Makes a preValidation hook that trims a text in the body of a request. A longer one is refused as it is. */
const trimming =
  (key: string, maxLength: number) =>
  async ({ body }: { body: unknown }): Promise<void> => {
    const fields = body as Record<string, unknown> | null | undefined
    const text = fields?.[key]
    if (fields && typeof text === 'string' && text.length <= maxLength) fields[key] = text.trim()
  }

/** `trimNames` for the address in the body of a request, before validation. Usable as a preValidation hook. */
export const trimEmail = trimming('email', MAX_EMAIL_LENGTH)

/** The same for the name of a passkey. */
export const trimPasskeyName = trimming('name', 1024)

/** `foldName` for a parameter: null if there is no name. */
export const fold = (name: string | undefined) => (name === undefined ? null : foldName(name))
