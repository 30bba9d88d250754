import type { ScopeName } from '../schemas/admin/keys.ts'

/** The scopes of service keys, and whether an account with the role `support` has them too. */
export const SCOPES = {
  'users:read': { support: true },
  'users:write': { support: false },
  'users:help': { support: true },
  'audit:read': { support: true },
  'keys:write': { support: false },
  introspect: { support: false },
  metrics: { support: false }
} as const satisfies Record<ScopeName, { support: boolean }>

export type Scope = keyof typeof SCOPES

/** Who calls the admin API: an account with a reserved role, or a service key. */
export interface Operator {
  /** The id of the account or the key. */
  id: string
  /** As the audit log names it. */
  actor: 'admin' | 'key'
  /** Whether it is an account that has the role `admin`. */
  isAdmin: boolean
  /** What it may do. An administrator may do all of it. */
  scopes: readonly Scope[]
}

/** The scopes of the role `support`. */
const SUPPORT = (Object.keys(SCOPES) as Scope[]).filter((scope) => SCOPES[scope].support)

/**
 * The operator that an account is by its roles.
 *
 * @returns undefined if it is none
 */
export function operatorOf({ id, roles }: { id: string; roles: readonly string[] }): Operator | undefined {
  const isAdmin = roles.includes('admin')
  if (!isAdmin && !roles.includes('support')) return undefined
  return { id, actor: 'admin', isAdmin, scopes: isAdmin ? (Object.keys(SCOPES) as Scope[]) : SUPPORT }
}

/** The challenge of a request for which the role or the scope is missing (RFC 6750 §3.1). */
export const scopeChallenge = (scope?: Scope) =>
  `Bearer error="insufficient_scope"${scope === undefined ? '' : `, scope="${scope}"`}`
