import { Problem } from './problem.ts'

/**
 * The claims of an access token (RFC 9068 §2.2). They are frozen: requests with the same token share them.
 */
export interface Claims {
  readonly iss: string
  readonly aud: string | readonly string[]
  /** The id of the user; of a token that a machine got for itself, the client. */
  readonly sub: string
  readonly iat: number
  readonly exp: number
  readonly nbf?: number
  readonly jti: string
  /** The id of the session. Only a token of another client than the service itself may be without one. */
  readonly sid?: string
  readonly client_id?: string
  readonly preferred_username?: string
  /** When the user was authenticated, in seconds since the epoch. */
  readonly auth_time?: number
  /** How the user was authenticated (RFC 8176). */
  readonly amr?: readonly string[]
  /** The level of that: `aal1` or `aal2`. */
  readonly acr?: string
  /** Left out where there are none, and where the token does not have a list of text. */
  readonly roles?: readonly string[]
  /** Separated by spaces (RFC 8693 §4.2). Left out where the token does not have a text. */
  readonly scope?: string
  /** Who acts for the user (RFC 8693 §4.1); only with the option `allowActor`. */
  readonly act?: unknown
}

/** What claims are checked against, beside what jose checks. */
export interface Rules {
  issuer: string
  /** Seconds. */
  clockTolerance: number
  allowActor: boolean
}

const isText = (value: unknown) => typeof value === 'string'
const isFilledText = (value: unknown) => isText(value) && value !== ''
const isTextList = (value: unknown) => Array.isArray(value) && value.every(isText)
/** The service writes whole seconds: JSON also has fractions, and 1e999, which no time ever reaches. */
const isTime = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0

const REQUIRED = { sub: isFilledText, jti: isFilledText, iat: isTime, exp: isTime }

const OPTIONAL = {
  aud: (value: unknown) => isText(value) || isTextList(value),
  nbf: isTime,
  sid: isFilledText,
  client_id: isText,
  preferred_username: isText,
  auth_time: isTime,
  amr: isTextList,
  acr: isText
}

/** Claims that grant something. One of another type grants nothing: `'superadmin'.includes('admin')` is true. */
const GRANTS = { roles: isTextList, scope: isText }

type Checks = Record<string, (value: unknown) => boolean>

/**
 * Validates the claims of a token whose signature, issuer, audience and expiry have been verified.
 *
 * @param now milliseconds since the epoch
 * @throws Problem TOKEN_INVALID
 */
export function readClaims(payload: Record<string, unknown>, rules: Rules, now: number): Claims {
  const { sid, client_id: client = rules.issuer, iat } = payload
  for (const [name, isValid] of Object.entries(REQUIRED as Checks)) {
    if (!isValid(payload[name])) throw invalid(`the claim ${name} is missing or of another type`)
  }
  for (const [name, isValid] of Object.entries(OPTIONAL as Checks)) {
    if (name in payload && !isValid(payload[name])) throw invalid(`the claim ${name} is of another type`)
  }
  if ((iat as number) > now / 1000 + rules.clockTolerance) throw invalid('the claim iat is in the future')
  if (sid === undefined && client === rules.issuer) throw invalid('the claim sid is missing')
  if (!rules.allowActor && 'act' in payload) throw invalid('the token has the claim act, and allowActor is not set')

  const claims = { ...payload }
  for (const [name, isValid] of Object.entries(GRANTS as Checks))
    if (name in claims && !isValid(claims[name])) delete claims[name]
  return deepFreeze(claims) as unknown as Claims
}

const invalid = (reason: string) => new Problem('TOKEN_INVALID', { reason })

function deepFreeze<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(deepFreeze)
  return value
}
