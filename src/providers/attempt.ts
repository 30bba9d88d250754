import { randomBytes } from 'node:crypto'
import type { ProvenIdentity, Secrets } from './provider.ts'

/** What an attempt is for: a new session, another identity of an account, or a session that is to be fresh again. */
export type Purpose = 'sign-in' | 'link' | 'step-up'

/** A sign-in at a provider that has begun. The browser keeps it, sealed; nothing is stored. */
export interface Attempt extends Secrets {
  /** The id of the provider. */
  provider: string
  purpose: Purpose
  /** The session of the pages that began it, unless it is for a new one. */
  session?: string | undefined
  /** Where to go on, as it was given. */
  returnTo?: string | undefined
}

/** An identity that waits for its account. The browser keeps it, sealed. */
export interface Pending {
  provider: string
  identity: ProvenIdentity
  /** The account that links it after a sign-in; without it, a name is missing for a new account. */
  account?: string | undefined
  returnTo?: string | undefined
}

const random = () => randomBytes(32).toString('base64url')

/** Makes the secrets of an attempt. */
export const makeSecrets = (): Secrets => ({ state: random(), nonce: random(), verifier: random() })

const STATE = /^[\w-]{43}$/

/** The name of the cookie of an attempt; undefined if the state is not one of ours. */
export const attemptName = (state: unknown): string | undefined =>
  typeof state === 'string' && STATE.test(state) ? `federation-${state.slice(0, 8)}` : undefined

/** The name of the cookie of a pending identity. */
export const PENDING = 'federation-pending'

/**
 * The cookies of attempts in a header: their names, without a prefix, and their values. Takes time in proportion to the
 * header, whatever is in it: an expression that skips white space would not.
 */
export function listAttempts(header: string | undefined, prefix: string): [name: string, value: string][] {
  return String(header ?? '')
    .split(';')
    .flatMap((pair): [string, string][] => {
      const end = pair.indexOf('=')
      const name = pair.slice(0, Math.max(end, 0)).trim()
      const bare = name.startsWith(prefix) ? name.slice(prefix.length) : ''
      return /^federation-[\w-]{8}$/.test(bare) ? [[bare, pair.slice(end + 1).trim()]] : []
    })
}
