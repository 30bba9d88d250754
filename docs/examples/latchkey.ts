/** Requests to Latchkey, and the second step of a sign-in. */

/** The PUBLIC_URL of the service; this page's origin is in CORS_ORIGINS, or the same. */
let service = location.origin

export function useService(url: string): void {
  service = url
}

export type Factor = 'totp' | 'recovery_code' | 'passkey' | 'password'

/** What a user can prove: in the body of MFA_REQUIRED and STEP_UP_REQUIRED. */
export interface Challenge {
  factors: Factor[]
  /** Seconds. */
  expires_in: number
  mfa_token?: string
  public_key?: PublicKeyCredentialRequestOptionsJSON
}

export interface Tokens {
  access_token: string
  expires_in: number
}

/** Exactly one of them. */
export type Proof = { totp: string } | { recovery_code: string } | { credential: object } | { password: string }

/** An answer that is no success. */
export class Refused extends Error {
  readonly status: number
  readonly code: string
  readonly challenge: Challenge | undefined

  constructor(status: number, body: { code: string; message: string; challenge?: Challenge }) {
    super(body.message)
    this.status = status
    this.code = body.code
    this.challenge = body.challenge
  }
}

/** The access token, in memory alone. */
let accessToken: string | undefined

export async function call<Answer>(method: string, path: string, body?: object): Promise<Answer> {
  const response = await fetch(`${service}${path}`, {
    method,
    // Browser mode: the refresh token is in a cookie.
    credentials: 'include',
    headers: {
      ...(body && { 'content-type': 'application/json' }),
      ...(accessToken && { authorization: `Bearer ${accessToken}` })
    },
    ...(body && { body: JSON.stringify(body) })
  })
  const text = await response.text()
  const answer = text === '' ? undefined : JSON.parse(text)
  if (!response.ok) throw new Refused(response.status, answer)
  return answer
}

export function keep(tokens: Tokens): void {
  accessToken = tokens.access_token
}

/** After a change of the factors, the token that was issued before still says what was proven before. */
export async function refresh(): Promise<void> {
  keep(await call<Tokens>('POST', '/token/refresh', {}))
}

/**
 * Signs in with a password.
 *
 * @returns the challenge if a second step is needed; there is no session before it has succeeded
 */
export async function signIn(username: string, password: string): Promise<Challenge | undefined> {
  try {
    keep(await call<Tokens>('POST', '/login', { username, password, cookie: true }))
    return undefined
  } catch (error) {
    if (error instanceof Refused && error.code === 'MFA_REQUIRED') return error.challenge
    throw error
  }
}

/** Ends a sign-in. After MFA_CODE_INVALID another proof can be sent; after MFA_TOKEN_INVALID it begins anew. */
export async function secondStep({ mfa_token }: Challenge, proof: Proof): Promise<void> {
  keep(await call<Tokens>('POST', '/login/mfa', { mfa_token, ...proof }))
}

/**
 * Sends a request that needs a fresh sign-in, and has the user prove something where the last one is too old.
 *
 * @param ask shows what the challenge offers, and gives what the user has proven
 */
export async function fresh<Answer>(
  send: () => Promise<Answer>,
  ask: (challenge: Challenge) => Promise<Proof>
): Promise<Answer> {
  try {
    return await send()
  } catch (error) {
    if (!(error instanceof Refused && error.code === 'STEP_UP_REQUIRED' && error.challenge)) throw error
    keep(await call<Tokens>('POST', '/token/step-up', await ask(error.challenge)))
    return send()
  }
}
