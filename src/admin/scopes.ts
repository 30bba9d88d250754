/** What a service key may be allowed, and whether an account with the role `support` may do it too. */
export const SCOPES = {
  'users:read': { support: true },
  'users:write': { support: false },
  'users:help': { support: true },
  'audit:read': { support: true },
  'keys:write': { support: false },
  introspect: { support: false },
  metrics: { support: false }
} as const satisfies Record<string, { support: boolean }>

export type Scope = keyof typeof SCOPES
