/** What is counted by client address: how often it may be tried within how many seconds. */
export const ADDRESS_LIMITS = {
  login: { most: 60, within: 300 },
  register: { most: 30, within: 3600 },
  refresh: { most: 300, within: 300 },
  logout: { most: 300, within: 300 },
  mail: { most: 30, within: 3600 },
  password: { most: 30, within: 300 },
  'account deletion': { most: 30, within: 3600 },
  'username change': { most: 30, within: 3600 },
  export: { most: 30, within: 3600 }
} as const

/** What is limited by client address. */
export type Action = keyof typeof ADDRESS_LIMITS

/**
 * How many mails of one kind an address is sent that anybody may ask for. It is counted anew when a link to choose another
 * password is over: who uses up the share of another has sent them one that is still good.
 */
export const RECIPIENT_LIMIT = { most: 5, within: 1800 }

/** How many times as often something may be tried from a /48 as from one of its /64. */
export const WIDE = 10

/**
 * How many mails of one kind an address is sent by all accounts that say that it is theirs: each account has the share
 * above to itself, so that a stranger's account does not use up the owner's.
 */
export const ALL_ACCOUNTS_LIMIT = { most: 30, within: 1800 }

/** How often something is let through within how many seconds of the first time. */
export interface Limit {
  most: number
  within: number
}
