const BEARER = 'Bearer'
const INVALID_TOKEN = 'Bearer error="invalid_token"'

/** Each refusal as the service has it: status, text, message and challenge (RFC 6750 §3). */
const PROBLEMS = {
  TOKEN_MISSING: [401, 'Unauthorized', 'A bearer token is needed here.', { 'www-authenticate': BEARER }],
  TOKEN_INVALID: [401, 'Unauthorized', 'The token is not valid.', { 'www-authenticate': INVALID_TOKEN }],
  TOKEN_EXPIRED: [401, 'Unauthorized', 'The token has expired.', { 'www-authenticate': INVALID_TOKEN }],
  FORBIDDEN: [403, 'Forbidden', 'That is not allowed.', { 'www-authenticate': 'Bearer error="insufficient_scope"' }],
  KEYS_UNAVAILABLE: [503, 'Service Unavailable', 'Tokens cannot be verified now; try again shortly.', {}]
} as const

export type Code = keyof typeof PROBLEMS

/** The body of a refusal. */
export interface ProblemBody {
  statusCode: number
  error: string
  code: Code
  message: string
}

interface Details {
  headers?: Record<string, string>
  reason?: string
  cause?: unknown
}

/** A request that is refused. */
export class Problem extends Error {
  override readonly name = 'Problem'
  readonly code: Code
  readonly statusCode: number
  readonly headers: Readonly<Record<string, string>>
  /** Why, for a log: the client is not told. It has nothing of the token and of the request. */
  readonly reason: string
  readonly #error: string

  /**
   * @param headers in addition to those of the code
   * @param reason the message by default
   * @param cause the error behind it, which may have claims of the token
   */
  constructor(code: Code, { headers, reason, cause }: Details = {}) {
    const [statusCode, error, message, ownHeaders] = PROBLEMS[code]
    super(message, { cause })
    this.code = code
    this.statusCode = statusCode
    this.reason = reason ?? message
    this.headers = { 'cache-control': 'no-store', ...ownHeaders, ...headers }
    this.#error = error
  }

  toJSON(): ProblemBody {
    const { statusCode, code, message } = this
    return { statusCode, error: this.#error, code, message }
  }
}

/**
 * Narrows what was thrown to a refusal.
 *
 * @throws everything else again
 */
export function problemOf(error: unknown): Problem {
  if (!(error instanceof Problem)) throw error
  return error
}
