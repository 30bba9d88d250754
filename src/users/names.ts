/** A user by either name: one of the two is there. */
export interface Names {
  username?: string
  email?: string
}

/** Letter case as the unique indexes fold it: ASCII's alone, so that no other letter turns into one of a name's. */
export function foldName(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase())
}

/** Names as they were typed, without blanks at their ends: no name has any, and keyboards and clipboards add them. */
export const trimNames = ({ username, email }: Names): Names => ({
  ...(username !== undefined && { username: username.trim() }),
  ...(email !== undefined && { email: email.trim() })
})

export const fold = (name: string | undefined) => (name === undefined ? null : foldName(name))

/** The names of an account. */
export interface AccountNames {
  username: string | null
  email: string | null
}
