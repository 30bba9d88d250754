import type { Proof } from '../errors.ts'

/**
 * How a user was authenticated (RFC 8176 §2; `fed`: at another provider), in the order in which tokens list it.
 */
const METHODS = ['pwd', 'fed', 'otp', 'pop', 'user', 'mfa'] as const
export type Method = (typeof METHODS)[number]

/** The authentication assurance level (NIST SP 800-63B-4 §2): `aal2` with two factors. */
export type Level = 'aal1' | 'aal2'

/** What a session rests on: a proof, or a sign-in at a provider. */
export type Authenticator = Proof | 'provider'

const METHODS_OF: Record<Authenticator, readonly Method[]> = {
  provider: ['fed'],
  password: ['pwd'],
  totp: ['otp'],
  recovery_code: ['otp'],
  // A passkey is two factors by itself: something the user has, unlocked by something the user knows or is.
  passkey: ['pop', 'user', 'mfa']
}

/**
 * Adds the methods of a proof to those of a session. A password, or a sign-in at a provider, and a code are two
 * factors: `mfa`.
 *
 * @param before the stored methods; unknown ones are omitted
 * @returns all methods, in the order in which tokens list them
 */
export function addProof(before: readonly string[], proof: Authenticator): Method[] {
  const all = new Set<string>([...before, ...METHODS_OF[proof]])
  if ((all.has('pwd') || all.has('fed')) && all.has('otp')) all.add('mfa')
  return METHODS.filter((method) => all.has(method))
}

/** When the user of a session was last authenticated, and the methods of the session. */
export interface Authentication {
  authenticatedAt: Date
  amr: readonly string[]
}

/** Returns the level of a session with the given methods. */
export const levelOf = (amr: readonly string[]): Level => (amr.includes('mfa') ? 'aal2' : 'aal1')

/** The claims of an access token about authentication. Tokens of instances of earlier versions have none. */
export interface AssuranceClaims {
  /** When the user was last authenticated, in seconds since the epoch (OpenID Connect Core 1.0 §2). */
  auth_time?: number | undefined
  /** The level. */
  acr?: string | undefined
}

/** The requirements of a sensitive request. */
export interface FreshnessRules {
  /** STEP_UP_MAX_AGE, in seconds. */
  maxAge: number
  /** Whether the account requires a second step, so that the token must be at `aal2`. */
  secondStep: boolean
  /** Milliseconds since the epoch. */
  now: number
}

/**
 * Decides whether a token is fresh enough for a sensitive request (RFC 9470). Only the claims of the token count, not
 * the state of its session: otherwise, a step-up of the owner would make a stolen older token of the session fresh.
 *
 * @returns 'too low' if the token is not at the required level; 'too old' if the authentication is older than allowed
 */
export function judgeFreshness(
  { auth_time, acr }: AssuranceClaims,
  { maxAge, secondStep, now }: FreshnessRules
): 'fresh' | 'too low' | 'too old' {
  if (secondStep && acr !== 'aal2') return 'too low'
  return auth_time !== undefined && now / 1000 - auth_time <= maxAge ? 'fresh' : 'too old'
}
