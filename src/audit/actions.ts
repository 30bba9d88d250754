/** Who does what is recorded: a client over HTTP, an operator by a command, or the service by itself. */
export const ACTORS = ['client', 'operator', 'service'] as const

/** The closed list of what is recorded. */
export const ACTIONS = [
  'registered',
  'login',
  'login failed',
  'logged out',
  'refresh replayed',
  'session ended',
  'sessions ended',
  'password changed',
  'password change failed',
  'password reset',
  'mail asked',
  'email verified',
  'email verification failed',
  'email rejected',
  'email change asked',
  'email change failed',
  'email changed',
  'email change undone',
  'username changed',
  'data exported',
  'account deletion failed',
  'login throttled',
  'registration throttled',
  'refresh throttled',
  'logout throttled',
  'password throttled',
  'password change throttled',
  'mail throttled',
  'email change throttled',
  'username change throttled',
  'export throttled',
  'account deletion throttled',
  'key rotated',
  'key revoked',
  'keys rewrapped',
  'user created',
  'user disabled',
  'user enabled',
  'user unlocked',
  'user deleted',
  'password set',
  'users imported',
  'users exported',
  'backup made',
  'backup restored',
  'audit purged',
  'records lost',
  'record damaged'
] as const

/** Some words of the record were others in earlier versions. What is stored keeps its word, since the chain covers it. */
const EARLIER = / held off$/

/** The word under which a stored record is shown. */
export const shownAction = (stored: string): Action => stored.replace(EARLIER, ' throttled') as Action

/** All words under which an action may be stored. */
export const storedActions = (action: Action): string[] => [action, action.replace(/ throttled$/, ' held off')]

export type Actor = (typeof ACTORS)[number]
export type Action = (typeof ACTIONS)[number]

/** What else is worth knowing, under a few closed keys: never a secret, and never what somebody typed. */
export interface Detail {
  reason?: string
  kid?: string
  count?: number
  /** The last record of those that were purged. */
  up_to?: number
}
