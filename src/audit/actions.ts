import type { Proof } from '../errors.ts'

/**
 * The actor of a record: a client over HTTP, an operator through a command, the service itself, an administrator or a
 * service key over HTTP.
 */
const ACTORS = ['client', 'operator', 'service', 'admin', 'key'] as const

/** The closed list of recorded actions. Stored records are chained, so a word never changes in the database. */
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
  'admin throttled',
  'second step asked',
  'second factor failed',
  'second factor throttled',
  'passkey login failed',
  'passkey login throttled',
  'stepped up',
  'step-up failed',
  'federated login',
  'federated login failed',
  'federated login throttled',
  'identity linked',
  'identity unlinked',
  'account claimed',
  'totp added',
  'totp removed',
  'recovery codes made',
  'recovery code used',
  'second step required',
  'second step not required',
  'passkey added',
  'passkey renamed',
  'passkey removed',
  'passkey cloned',
  'factors reset',
  'key rotated',
  'key revoked',
  'keys rewrapped',
  'service key made',
  'service key revoked',
  'admin refused',
  'user created',
  'user disabled',
  'user enabled',
  'user unlocked',
  'user deleted',
  'user changed',
  'user invited',
  'roles changed',
  'factors removed',
  'mail sent by an operator',
  'mail lost',
  'password set',
  'users imported',
  'users exported',
  'backup made',
  'backup restored',
  'audit purged',
  'records lost',
  'record damaged'
] as const

/** Earlier versions stored `held off` for `throttled`. */
const EARLIER = / held off$/

/** The current name of a stored action. */
export const shownAction = (stored: string): Action => stored.replace(EARLIER, ' throttled') as Action

/** Earlier versions stored other reasons. */
const EARLIER_REASONS: Record<string, string> = { 'address before restored': 'previous address restored' }

/** Stored details with the current name of their reason. */
export function shownDetail(stored: Detail | null): Detail | null {
  const reason = EARLIER_REASONS[stored?.reason ?? '']
  return reason === undefined ? stored : { ...stored, reason }
}

export type Actor = (typeof ACTORS)[number]
export type Action = (typeof ACTIONS)[number]

/** Details of a record, under a closed list of keys. Never a secret, and never client input. */
export interface Detail {
  reason?: string
  /** What was proven, or is to be. */
  method?: Proof
  /** The id of a provider in the settings. */
  provider?: string
  kid?: string
  /** The account or service key that did it, by its id. */
  by?: string
  /** The service key that it was done to, by its id. */
  key?: string
  /** The roles of an account afterwards, and before. */
  roles?: readonly string[]
  roles_before?: readonly string[]
  /** The names of changed fields. */
  changed?: readonly string[]
  /** The method and pattern of a route. */
  route?: string
  count?: number
  /** `seq` of the last purged record. */
  up_to?: number
}
