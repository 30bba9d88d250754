import { STATUS_CODES } from 'node:http'

/** The challenge that every 401 carries (RFC 6750 §3). */
const challenge = { 'www-authenticate': 'Bearer' }
const invalidToken = { 'www-authenticate': 'Bearer error="invalid_token"' }

/** The closed list of error codes, each with its status, message and headers. */
export const PROBLEMS = {
  VALIDATION_FAILED: { status: 400, message: 'The request does not fit its schema.' },
  MALFORMED_REQUEST: { status: 400, message: 'The request could not be read.' },
  PASSWORD_REJECTED: { status: 400, message: 'The password is not acceptable.' },
  EMAIL_TOKEN_INVALID: { status: 400, message: 'The link is invalid, has expired, or was already used.' },
  INVALID_CREDENTIALS: { status: 401, message: 'The name or the password is wrong.', headers: challenge },
  TOKEN_MISSING: { status: 401, message: 'A bearer token is needed here.', headers: challenge },
  TOKEN_INVALID: { status: 401, message: 'The token is not valid.', headers: invalidToken },
  TOKEN_EXPIRED: { status: 401, message: 'The token has expired.', headers: invalidToken },
  REFRESH_TOKEN_INVALID: { status: 401, message: 'The refresh token is not valid.', headers: challenge },
  EMAIL_UNVERIFIED: { status: 403, message: 'The email address has to be verified first.' },
  FORBIDDEN: { status: 403, message: 'That is not allowed.' },
  NOT_FOUND: { status: 404, message: 'There is nothing here.' },
  METHOD_NOT_ALLOWED: { status: 405, message: 'This path does not take that method.' },
  ACCOUNT_EXISTS: { status: 409, message: 'The name is taken.' },
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

interface Details {
  /** Replaces the message of the code. */
  message?: string
  errors?: Fault[]
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

  constructor(code: Code, { message, errors, statusCode, headers, cause }: Details = {}) {
    const problem: { status: number; message: string; headers?: Record<string, string> } = PROBLEMS[code]
    super(message ?? problem.message, { cause })
    this.code = code
    this.statusCode = statusCode ?? problem.status
    this.headers = { ...problem.headers, ...headers }
    this.errors = errors
  }

  /** The error body of the API. */
  toJSON() {
    const { statusCode, code, message, errors } = this
    return { statusCode, error: STATUS_CODES[statusCode], code, message, ...(errors && { errors }) }
  }
}
