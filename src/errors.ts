import { STATUS_CODES } from 'node:http'

/** The challenge that every 401 carries (RFC 6750 §3). */
const bearer = { 'www-authenticate': 'Bearer' }
const invalidToken = { 'www-authenticate': 'Bearer error="invalid_token"' }

/**
 * The challenge of a request that needs a newer sign-in, or one of a higher level (RFC 9470 §3).
 *
 * @param maxAge how old the sign-in may be, in seconds
 * @param level the level that is missing
 */
export function stepUpChallenge(maxAge: number, level?: 'aal2'): string {
  const values = level === undefined ? '' : `, acr_values="${level}"`
  return `Bearer error="insufficient_user_authentication", max_age=${maxAge}${values}`
}

/** The closed list of error codes, each with its status, message and headers. */
export const PROBLEMS = {
  VALIDATION_FAILED: { status: 400, message: 'The request does not fit its schema.' },
  MALFORMED_REQUEST: { status: 400, message: 'The request could not be read.' },
  PASSWORD_REJECTED: { status: 400, message: 'The password is not acceptable.' },
  EMAIL_TOKEN_INVALID: { status: 400, message: 'The link is invalid, has expired, or was already used.' },
  PASSKEY_REJECTED: { status: 400, message: 'The passkey cannot be registered.' },
  INVALID_CREDENTIALS: { status: 401, message: 'The name or the password is wrong.', headers: bearer },
  TOKEN_MISSING: { status: 401, message: 'A bearer token is needed here.', headers: bearer },
  TOKEN_INVALID: { status: 401, message: 'The token is not valid.', headers: invalidToken },
  TOKEN_EXPIRED: { status: 401, message: 'The token has expired.', headers: invalidToken },
  MFA_TOKEN_INVALID: { status: 401, message: 'The second step has expired; sign in again.', headers: bearer },
  MFA_CODE_INVALID: { status: 401, message: 'The code or passkey is wrong, or was already used.', headers: bearer },
  STEP_UP_REQUIRED: {
    status: 401,
    message: 'Prove again who you are.',
    headers: { 'www-authenticate': stepUpChallenge(600) }
  },
  PASSKEY_UNKNOWN: { status: 401, message: 'No account has this passkey.', headers: bearer },
  PASSKEY_INVALID: { status: 401, message: 'The passkey was not accepted.', headers: bearer },
  REFRESH_TOKEN_INVALID: { status: 401, message: 'The refresh token is not valid.', headers: bearer },
  EMAIL_UNVERIFIED: { status: 403, message: 'The email address has to be verified first.' },
  MFA_REQUIRED: { status: 403, message: 'A second step is needed to sign in.' },
  FORBIDDEN: { status: 403, message: 'That is not allowed.' },
  ROLE_PROTECTED: { status: 403, message: 'Only an administrator may change an account with this role.' },
  NOT_FOUND: { status: 404, message: 'There is nothing here.' },
  METHOD_NOT_ALLOWED: { status: 405, message: 'This path does not take that method.' },
  ACCOUNT_EXISTS: { status: 409, message: 'The name is taken.' },
  IDENTITY_TAKEN: { status: 409, message: 'Another account has this identity.' },
  LAST_ADMIN: { status: 409, message: 'That would leave no enabled administrator.' },
  LAST_CREDENTIAL: { status: 409, message: 'Without it there would be no way to sign in.' },
  BODY_TOO_LARGE: { status: 413, message: 'The body is larger than 16384 bytes.' },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, message: 'A body of this type is not taken here.' },
  TOO_MANY_REQUESTS: { status: 429, message: 'Too many attempts; try again later.', headers: { 'retry-after': '30' } },
  INTERNAL: { status: 500, message: 'Something went wrong on our side.' },
  OVERLOADED: { status: 503, message: 'The service is busy; try again shortly.', headers: { 'retry-after': '1' } },
  DATABASE_UNAVAILABLE: {
    status: 503,
    message: 'The database cannot be reached; try again shortly.',
    // Short, so that a client whose refresh was lost in an outage retries within the grace period of its token.
    headers: { 'retry-after': '2' }
  },
  MAIL_UNAVAILABLE: {
    status: 503,
    message: 'This service sends no mail.',
    // Mail has to be configured first.
    headers: { 'retry-after': '3600' }
  }
} as const satisfies Record<string, { status: number; message: string; headers?: Record<string, string> }>

export type Code = keyof typeof PROBLEMS

/** An invalid part of a request. */
export interface Fault {
  /** The JSON pointer (RFC 6901) of the key. */
  path: string
  message: string
  rule?: string
}

/** The maximum number of faults in one answer. */
export const MAX_FAULTS = 20

/** The maximum length of a pointer with a key that the client chose, in characters. */
const MAX_POINTER = 64

/** The JSON pointer (RFC 6901) of a key. If it is too long, it is cut, but not within an escape sequence or a surrogate pair. */
export function pointerTo(parent: string, key: string): string {
  const pointer = `${parent}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`
  return pointer.length <= MAX_POINTER ? pointer : pointer.slice(0, MAX_POINTER).replace(/[~\uD800-\uDBFF]$/, '')
}

/** The message of a fault at a key that is missing. */
export const REQUIRED = 'is required'

/** What a user can prove, in the order in which a challenge lists it. */
export const PROOFS = ['totp', 'recovery_code', 'passkey', 'password'] as const
export type Proof = (typeof PROOFS)[number]

/** What the user of a request has to prove: in the body of MFA_REQUIRED and STEP_UP_REQUIRED. */
export interface AuthenticationChallenge {
  factors: Proof[]
  /** Seconds. */
  expires_in: number
  /** The token of the second step. */
  mfa_token?: string
  /** The options of WebAuthn for a passkey. */
  public_key?: unknown
}

interface Details {
  /** Replaces the message of the code. */
  message?: string
  errors?: Fault[]
  challenge?: AuthenticationChallenge
  /** Replaces the status of the code: MALFORMED_REQUEST is also 408, 414, 417 and 431. */
  statusCode?: number
  /** Headers in addition to those of the code. */
  headers?: Record<string, string>
  /** The internal error: logged, never sent to the client. */
  cause?: unknown
}

/** An error with a code of the closed list. Thrown anywhere; plugins/http/errors.ts answers it. */
export class Problem extends Error {
  override readonly name = 'Problem'
  readonly code: Code
  readonly statusCode: number
  readonly headers: Record<string, string>
  readonly errors: Fault[] | undefined
  readonly challenge: AuthenticationChallenge | undefined

  constructor(code: Code, { message, errors, challenge, statusCode, headers, cause }: Details = {}) {
    const problem: { status: number; message: string; headers?: Record<string, string> } = PROBLEMS[code]
    super(message ?? problem.message, { cause })
    this.code = code
    this.statusCode = statusCode ?? problem.status
    this.headers = { ...problem.headers, ...headers }
    this.errors = errors
    this.challenge = challenge
  }

  /** The error body of the API. */
  toJSON() {
    const { statusCode, code, message, errors, challenge } = this
    const more = { ...(errors && { errors }), ...(challenge && { challenge }) }
    return { statusCode, error: STATUS_CODES[statusCode], code, message, ...more }
  }
}
