import type { Config } from '../config/config.ts'

/** Whether only an operator may assign a username, such as `admin`. */
export function isUsernameReserved(
  { RESERVED_USERNAMES }: Pick<Config, 'RESERVED_USERNAMES'>,
  username: string | undefined
) {
  return username !== undefined && RESERVED_USERNAMES.includes(username.toLowerCase())
}
