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
  'login held off',
  'registration held off',
  'refresh held off',
  'logout held off',
  'password held off',
  'password change held off',
  'mail held off',
  'email change held off',
  'username change held off',
  'export held off',
  'account deletion held off',
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
