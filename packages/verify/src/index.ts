import { decodeProtectedHeader, errors, jwtVerify } from 'jose'
import { type Claims, readClaims } from './claims.ts'
import { createKeys, type KeySet } from './keys.ts'
import { compileNeeds, type Needs } from './needs.ts'
import { Problem } from './problem.ts'
import { remember } from './remember.ts'
import { isCanonical } from './signature.ts'

export type { Claims } from './claims.ts'
export type { Needs } from './needs.ts'
export { type Code, Problem, type ProblemBody } from './problem.ts'

export interface VerifierOptions {
  /** The PUBLIC_URL of the service, without a slash at its end. */
  issuer: string
  /** The AUDIENCE of the service; the issuer by default. */
  audience?: string
  /** Where the keys are, if the service has another address for this process than for the world. */
  jwksUri?: string
  /** How far the clocks of the service and of this process may differ, in seconds; 1 by default. */
  clockTolerance?: number
  /** Accepts tokens with which somebody acts for the user (the claim `act`). */
  allowActor?: boolean
  /** Called with the reason each time that the keys could not be fetched, at most every 5 s. */
  onFetchError?: (reason: unknown) => void
  /** Fetches the keys in place of the global `fetch`, through a proxy for example. */
  fetch?: typeof fetch
  /** The time in milliseconds since the epoch, for tests. */
  now?: () => number
}

/** Verifies the access tokens of one service. */
export interface Verifier {
  /**
   * Verifies a token.
   *
   * @returns the claims, at once for a token that was verified before; otherwise a promise, which rejects with Problem
   * TOKEN_INVALID, TOKEN_EXPIRED or KEYS_UNAVAILABLE
   */
  verify(token: string): Claims | Promise<Claims>
  /**
   * Requires roles and scopes.
   *
   * @throws Problem FORBIDDEN
   */
  require(claims: Claims, needs: Needs): void
}

/** How many verified tokens are remembered. */
const REMEMBERED = 5_000

const UNREADABLE = 'the token cannot be read'

/** The tokens that were verified with the keys of a key set. */
type Verified = Map<string, Claims>

export function createVerifier(options: VerifierOptions): Verifier {
  const { issuer, audience = issuer, clockTolerance = 1, allowActor = false, now = Date.now } = options
  const { jwksUri = `${issuer}/.well-known/jwks.json`, onFetchError = () => {} } = options
  requireAddress('issuer', issuer)
  requireAddress('jwksUri', jwksUri)
  if (issuer.endsWith('/')) throw new TypeError('issuer must not end with a slash')
  if (typeof audience !== 'string' || audience === '') throw new TypeError('audience must be a text')
  if (!Number.isFinite(clockTolerance) || clockTolerance < 0) throw new TypeError('clockTolerance must be 0 or more')
  if (typeof allowActor !== 'boolean') throw new TypeError('allowActor must be true or false')

  // The global one is looked up for each request, so that an application can replace it.
  const fetchKeys = options.fetch ?? ((...request) => fetch(...request))
  const keys = createKeys({ uri: jwksUri, fetch: fetchKeys, now, onFetchError })
  const rules = { issuer, clockTolerance, allowActor }
  const remembered = new WeakMap<KeySet, Verified>()

  const isExpired = ({ exp }: Claims) => exp + clockTolerance <= Math.floor(now() / 1000)

  function verify(token: string): Claims | Promise<Claims> {
    const keySet = keys.current()
    const known = keySet && remembered.get(keySet)?.get(token)
    return known && !isExpired(known) ? known : verifyNew(token)
  }

  async function verifyNew(token: string): Promise<Claims> {
    const keySet = await keys.having(readKid(token))
    const claims = await verifyWith(keySet, token)
    // Concurrent requests with one token verify it more than once.
    const verified: Verified = remembered.get(keySet) ?? new Map()
    remembered.set(keySet, verified)
    remember(verified, token, claims, REMEMBERED)
    return claims
  }

  async function verifyWith({ find }: KeySet, token: string): Promise<Claims> {
    try {
      const { payload } = await jwtVerify(token, find, {
        algorithms: ['ES256'],
        typ: 'at+jwt',
        issuer,
        audience,
        clockTolerance,
        currentDate: new Date(now())
      })
      return readClaims(payload, rules, now())
    } catch (cause) {
      if (cause instanceof Problem) throw cause
      const code = cause instanceof errors.JWTExpired ? 'TOKEN_EXPIRED' : 'TOKEN_INVALID'
      throw new Problem(code, { reason: describe(cause), cause })
    }
  }

  return {
    verify,
    require(claims, needs) {
      compileNeeds(needs)(claims)
    }
  }
}

/** Why jose refuses a token. Its texts have nothing of a token, but for an extension that it does not support. */
function describe(cause: unknown): string {
  return cause instanceof errors.JOSEError && !(cause instanceof errors.JOSENotSupported) ? cause.message : UNREADABLE
}

/** The id of the key that a token names. Everything in the header is still unverified. */
function readKid(token: string): string {
  if (typeof token !== 'string' || !isCanonical(token)) {
    throw new Problem('TOKEN_INVALID', { reason: 'the token does not have the form that the service writes' })
  }
  try {
    const { kid, b64 } = decodeProtectedHeader(token)
    // jose knows `b64` (RFC 7797), which is not for JWTs, and would take the only key for a token that names none.
    if (typeof kid === 'string' && b64 === undefined) return kid
  } catch (cause) {
    throw new Problem('TOKEN_INVALID', { reason: UNREADABLE, cause })
  }
  throw new Problem('TOKEN_INVALID', { reason: 'the header of the token has no kid, or has b64' })
}

function requireAddress(name: string, address: string): void {
  if (!URL.canParse(address) || !/^https?:/.test(address)) throw new TypeError(`${name} must be a URL of http or https`)
}
