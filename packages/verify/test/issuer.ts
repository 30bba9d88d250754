import { generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto'

export const ISSUER = 'https://auth.example.com'

/** The time of the tests, in seconds since the epoch. */
export const NOW = 1_900_000_000

const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n

export const encode = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

export interface Key {
  kid: string
  privateKey: KeyObject
  publicJwk: Record<string, unknown>
}

export function createKey(kid: string = randomUUID()): Key {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return { kid, privateKey, publicJwk: { ...publicKey.export({ format: 'jwk' }), kid, alg: 'ES256', use: 'sig' } }
}

/** The signature of a text, with the low `s` as the service writes it, or the high one. */
export function signText(text: string, { privateKey }: Pick<Key, 'privateKey'>, high = false): string {
  const bytes = sign('sha256', Buffer.from(text), { key: privateKey, dsaEncoding: 'ieee-p1363' })
  const s = BigInt(`0x${bytes.toString('hex', 32)}`)
  const other = Buffer.from((ORDER - s).toString(16).padStart(64, '0'), 'hex')
  const swapped = s <= ORDER / 2n === high
  return (swapped ? Buffer.concat([bytes.subarray(0, 32), other]) : bytes).toString('base64url')
}

export const headerOf = ({ kid }: Pick<Key, 'kid'>) => ({ alg: 'ES256', typ: 'at+jwt', kid })

/** The claims that the service writes at a sign-in. */
export const claimsOf = (seconds = NOW) => ({
  iss: ISSUER,
  aud: ISSUER,
  sub: '0198b2a4-7d2e-7c11-a6b3-3f1d9c5e8a70',
  client_id: ISSUER,
  iat: seconds,
  exp: seconds + 900,
  jti: randomUUID(),
  sid: '0198b2a4-8f10-7d3c-9a42-b76c0e1d5f28',
  auth_time: seconds,
  amr: ['pwd'],
  acr: 'aal1',
  preferred_username: 'ada'
})

/** A token as the service makes it, with other claims and another header where they are given. */
export function issue(key: Key, claims: object | string = {}, header: object | string = {}): string {
  const head = typeof header === 'string' ? header : JSON.stringify({ ...headerOf(key), ...header })
  const body = typeof claims === 'string' ? claims : JSON.stringify({ ...claimsOf(), ...claims })
  const text = `${encode(head)}.${encode(body)}`
  return `${text}.${signText(text, key)}`
}

/** A service that publishes keys, and counts how often it is asked. */
export interface Publisher {
  fetch: typeof fetch
  requests: { url: string; init: RequestInit | undefined }[]
  /** What it answers: keys, or whatever else an answer may be. */
  answer: Key[] | (() => Response | Promise<Response>)
}

export function createPublisher(...keys: Key[]): Publisher {
  const publisher: Publisher = {
    answer: keys,
    requests: [],
    async fetch(url, init) {
      publisher.requests.push({ url: String(url), init })
      const { answer } = publisher
      return Array.isArray(answer) ? Response.json({ keys: answer.map(({ publicJwk }) => publicJwk) }) : answer()
    }
  }
  return publisher
}

/** A clock that a test moves. */
export function createClock() {
  let milliseconds = NOW * 1000
  return {
    now: () => milliseconds,
    advance(seconds: number) {
      milliseconds += seconds * 1000
    }
  }
}

export const TOKEN_INVALID = {
  statusCode: 401,
  error: 'Unauthorized',
  code: 'TOKEN_INVALID',
  message: 'The token is not valid.'
}

const refusal = (status: number, error: string, code: string, message: string, challenge?: string) => ({
  status,
  challenge,
  cache: 'no-store',
  body: JSON.stringify({ statusCode: status, error, code, message })
})

/** What the adapters answer, whole. */
export const REFUSALS = {
  missing: refusal(401, 'Unauthorized', 'TOKEN_MISSING', 'A bearer token is needed here.', 'Bearer'),
  invalid: refusal(401, 'Unauthorized', 'TOKEN_INVALID', 'The token is not valid.', 'Bearer error="invalid_token"'),
  expired: refusal(401, 'Unauthorized', 'TOKEN_EXPIRED', 'The token has expired.', 'Bearer error="invalid_token"'),
  forbidden: refusal(403, 'Forbidden', 'FORBIDDEN', 'That is not allowed.', 'Bearer error="insufficient_scope"'),
  lacking: refusal(
    403,
    'Forbidden',
    'FORBIDDEN',
    'That is not allowed.',
    'Bearer error="insufficient_scope", scope="read feed"'
  ),
  unavailable: refusal(
    503,
    'Service Unavailable',
    'KEYS_UNAVAILABLE',
    'Tokens cannot be verified now; try again shortly.'
  )
}
