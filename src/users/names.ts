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

/** `foldName` for a parameter: null if there is no name. */
export const fold = (name: string | undefined) => (name === undefined ? null : foldName(name))
