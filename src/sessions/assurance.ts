import type { Proof } from '../errors.ts'

/** How a user was authenticated (RFC 8176 §2), in the order in which tokens list it. */
const METHODS = ['pwd', 'otp', 'pop', 'user', 'mfa'] as const
export type Method = (typeof METHODS)[number]

/** The level of assurance: `aal2` with two factors. */
export type Level = 'aal1' | 'aal2'

const METHODS_OF: Record<Proof, readonly Method[]> = {
  password: ['pwd'],
  totp: ['otp'],
  recovery_code: ['otp'],
  // A passkey is something that the user has, unlocked by what the user knows or is: two factors by itself.
  passkey: ['pop', 'user', 'mfa']
}

/**
 * The methods of a session after a proof: those before, and those of the proof. A password and a code are two factors.
 *
 * @param before the stored methods; those that this version does not know are left out
 */
export function addProof(before: readonly string[], proof: Proof): Method[] {
  const all = new Set<string>([...before, ...METHODS_OF[proof]])
  if (all.has('pwd') && all.has('otp')) all.add('mfa')
  return METHODS.filter((method) => all.has(method))
}

/** How and when the user of a session was last authenticated. */
export interface Authentication {
  authenticatedAt: Date
  amr: readonly string[]
}

/** The level of a session with these methods. */
export const levelOf = (amr: readonly string[]): Level => (amr.includes('mfa') ? 'aal2' : 'aal1')

/** What an access token says of it; that of an older instance says nothing. */
export interface AssuranceClaims {
  /** When the user last proved something, in seconds since the epoch. */
  auth_time?: number | undefined
  acr?: string | undefined
}

/** What a sensitive request requires. */
export interface FreshnessRules {
  /** STEP_UP_MAX_AGE, in seconds. */
  maxAge: number
  /** Whether the account requires a second step, and so a token of `aal2`. */
  secondStep: boolean
  /** Milliseconds since the epoch. */
  now: number
}

/**
 * Whether a token is fresh enough for a sensitive request. The token decides, and not its session: otherwise a step-up of
 * the owner would serve an older token of the session that was stolen.
 */
export function judgeFreshness(
  { auth_time, acr }: AssuranceClaims,
  { maxAge, secondStep, now }: FreshnessRules
): 'fresh' | 'too low' | 'too old' {
  if (secondStep && acr !== 'aal2') return 'too low'
  return auth_time !== undefined && now / 1000 - auth_time <= maxAge ? 'fresh' : 'too old'
}
