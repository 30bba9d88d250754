import type { Config } from '../config/config.ts'

/** Whether only an operator gives the username to an account: it would pass for the service's own. */
export function isUsernameReserved(
  { RESERVED_USERNAMES }: Pick<Config, 'RESERVED_USERNAMES'>,
  username: string | undefined
) {
  return username !== undefined && RESERVED_USERNAMES.includes(username.toLowerCase())
}
