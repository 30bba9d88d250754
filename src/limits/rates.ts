/** Requests per client address. Docs: docs/limits.md. */
export const ADDRESS_LIMITS = {
  login: { most: 60, within: 300 },
  register: { most: 30, within: 3600 },
  'second factor': { most: 60, within: 300 },
  'passkey login': { most: 120, within: 300 },
  'federated login': { most: 120, within: 300 },
  refresh: { most: 300, within: 300 },
  logout: { most: 300, within: 300 },
  mail: { most: 30, within: 3600 },
  password: { most: 30, within: 300 },
  'account deletion': { most: 30, within: 3600 },
  'username change': { most: 30, within: 3600 },
  export: { most: 30, within: 3600 },
  admin: { most: 60, within: 300 }
} as const

export type Action = keyof typeof ADDRESS_LIMITS

/**
 * Mails of one kind to one address for one account. The window is as long as a password reset link is valid: if a
 * stranger uses up the limit of a user, the user has received a link that still works.
 */
export const RECIPIENT_LIMIT = { most: 5, within: 1800 }

/** A /48 network has this many times the limit of a single client (an IPv4 address or a /64). */
export const WIDE = 10

/**
 * Mails of one kind to one address for all accounts that claim it. Each account also has RECIPIENT_LIMIT of its own, so
 * that a stranger's account does not use up the owner's.
 */
export const ALL_ACCOUNTS_LIMIT = { most: 30, within: 1800 }

/** Requests to the admin API of one account or service key. */
export const OPERATOR_LIMIT = { most: 600, within: 60 }

/** Letters that tell an account of one thing that happens to it again and again. */
export const NOTICE_LIMIT = { most: 1, within: 24 * 60 * 60 }

/** A fixed window, which begins with the first event. */
export interface Limit {
  /** Events allowed in a window. */
  most: number
  /** Length of the window, in seconds. */
  within: number
}
