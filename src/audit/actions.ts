import type { Proof } from '../errors.ts'
import type { ACTIONS } from '../schemas/admin/actions.ts'

/**
 * The actor of a record: a client over HTTP, an operator through a command, the service itself, an administrator or a
 * service key over HTTP.
 */
const ACTORS = ['client', 'operator', 'service', 'admin', 'key'] as const

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
