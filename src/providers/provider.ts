import type { ProviderSettings } from '../config/providers-file.ts'

/** Why signing in with a provider failed. The audit log has it; the page tells only what people can do something about. */
export type Reason =
  // The attempt.
  | 'no attempt'
  | 'attempt expired'
  | 'attempt of another provider'
  // The answer of the provider.
  | 'access denied'
  | 'provider unavailable'
  | 'refused by the provider'
  | 'client refused'
  | 'code refused'
  | 'invalid answer'
  // The ID token.
  | 'wrong issuer'
  | 'wrong audience'
  | 'wrong authorized party'
  | 'wrong nonce'
  | 'token expired'
  | 'token of the future'
  | 'unknown key'
  | 'invalid subject'
  // The account.
  | 'no account'
  | 'no verified address'
  | 'identity taken'
  | 'session ended'
  | 'another account'
  | 'not asked again'
  | 'another factor'
  | 'account of an operator'

/** Signing in with a provider failed. It carries no other error: those of the library contain tokens. */
export class FederationRefusal extends Error {
  override readonly name = 'FederationRefusal'
  readonly reason: Reason

  constructor(reason: Reason) {
    super(reason)
    this.reason = reason
  }
}

/** What ties the answer of a provider to the request: random, and known to the browser alone. */
export interface Secrets {
  state: string
  nonce: string
  /** The code verifier of PKCE (RFC 7636). */
  verifier: string
}

/** Who signed in at a provider. */
export interface ProvenIdentity {
  issuer: string
  /** Unique at the issuer, and never given anew. */
  subject: string
  email?: string
  /** Whether the address is trusted: the provider has verified it, and is trusted to do so. */
  emailIsVerified: boolean
  /** When the provider last asked the user for a proof, in seconds since the epoch; undefined if it does not say. */
  authTime?: number
}

/** What a provider is asked for. */
export interface AuthenticationRequest extends Secrets {
  /** Whether the user has to prove anew who they are, as far as the provider can ask for it. */
  reauthenticate?: boolean
}

/** A provider with which people sign in. */
export interface Provider {
  readonly settings: ProviderSettings
  /** The address to which the provider sends people back. */
  readonly redirectUri: string
  /**
   * Begins a sign-in.
   *
   * @returns the address at the provider
   * @throws FederationRefusal
   */
  begin(request: AuthenticationRequest): Promise<string>
  /**
   * Completes a sign-in.
   *
   * @param answer the parameters that came back
   * @throws FederationRefusal
   */
  complete(answer: URLSearchParams, secrets: Secrets): Promise<ProvenIdentity>
  /** What can be checked of its settings without a user, in order. */
  readonly checks: readonly Check[]
}

/** A check of the settings of a provider. */
export interface Check {
  about: 'metadata' | 'keys' | 'client'
  /**
   * @returns what was found
   * @throws FederationRefusal
   */
  run(): Promise<string>
}
