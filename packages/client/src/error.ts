/** The proofs that a user can give, from the body of MFA_REQUIRED and STEP_UP_REQUIRED. */
export interface Challenge {
  /** In the order in which to offer them. */
  factors: ('totp' | 'recovery_code' | 'passkey' | 'password')[]
  /** Seconds. */
  expires_in: number
  /** For `secondStep`. */
  mfa_token?: string
  /** For a passkey: the argument of `getCredential` of `@latchkey/client/passkeys`. */
  public_key?: PublicKeyCredentialRequestOptionsJSON
}

/** One fault of a form. */
export interface Fault {
  /** The JSON pointer of the key in the body, such as `/password`. */
  path: string
  message: string
  /** For PASSWORD_REJECTED and ACCOUNT_EXISTS, such as `min_length` or `taken`. */
  rule?: string
}

/** The service refused a request, or could not be reached. */
export class LatchkeyError extends Error {
  /** 0 if there was no answer. */
  readonly status: number
  /**
   * A code of the service, such as `INVALID_CREDENTIALS`. `NETWORK` if there was no answer, `UNEXPECTED_ANSWER` if it was
   * not one of the service, such as the page of a proxy.
   */
  readonly code: string
  /** Seconds to wait before another attempt; set on 429 and 503. */
  readonly retryAfter: number | undefined
  readonly errors: readonly Fault[]
  /** On MFA_REQUIRED and STEP_UP_REQUIRED. */
  readonly challenge: Challenge | undefined

  constructor(status: number, code: string, body: unknown = {}, retryAfter?: number, options?: ErrorOptions) {
    const { message = code, errors = [], challenge } = body as Partial<LatchkeyError>
    super(message, options)
    this.name = 'LatchkeyError'
    this.status = status
    this.code = code
    this.retryAfter = retryAfter
    this.errors = errors
    this.challenge = challenge
  }
}

/**
 * The body of an answer; undefined if it has none.
 *
 * @throws LatchkeyError if it is not a success
 */
export async function readAnswer(answer: Response): Promise<unknown> {
  const text = await answer.text().catch(cannotReach)
  let body: unknown
  let code: unknown
  try {
    body = text === '' ? undefined : JSON.parse(text)
    if (answer.ok) return body
    code = Object(body).code
  } catch {}
  const seconds = answer.headers.get('retry-after') ?? ''
  throw new LatchkeyError(
    answer.status,
    typeof code === 'string' ? code : 'UNEXPECTED_ANSWER',
    typeof code === 'string' ? body : {},
    /^\d+$/.test(seconds) ? Number(seconds) : undefined
  )
}

export function cannotReach(cause: unknown): never {
  if (cause instanceof LatchkeyError) throw cause
  throw new LatchkeyError(0, 'NETWORK', { message: 'The service cannot be reached.' }, undefined, { cause })
}
