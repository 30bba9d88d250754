import { STATUS_CODES } from 'node:http'
import type { Test } from 'tap'
import type { Answer } from './client.ts'

/** The closed list of codes, and the statuses of each. */
export const CODES: Record<string, number[]> = {
  VALIDATION_FAILED: [400],
  MALFORMED_REQUEST: [400, 408, 414, 417, 431],
  PASSWORD_REJECTED: [400],
  EMAIL_TOKEN_INVALID: [400],
  PASSKEY_REJECTED: [400],
  INVALID_CREDENTIALS: [401],
  TOKEN_MISSING: [401],
  TOKEN_INVALID: [401],
  TOKEN_EXPIRED: [401],
  REFRESH_TOKEN_INVALID: [401],
  MFA_TOKEN_INVALID: [401],
  MFA_CODE_INVALID: [401],
  STEP_UP_REQUIRED: [401],
  PASSKEY_UNKNOWN: [401],
  PASSKEY_INVALID: [401],
  EMAIL_UNVERIFIED: [403],
  MFA_REQUIRED: [403],
  FORBIDDEN: [403],
  NOT_FOUND: [404],
  METHOD_NOT_ALLOWED: [405],
  ACCOUNT_EXISTS: [409],
  IDENTITY_TAKEN: [409],
  LAST_ADMIN: [409],
  ROLE_PROTECTED: [403],
  LAST_CREDENTIAL: [409],
  BODY_TOO_LARGE: [413],
  UNSUPPORTED_MEDIA_TYPE: [415],
  TOO_MANY_REQUESTS: [429],
  INTERNAL: [500],
  OVERLOADED: [503],
  DATABASE_UNAVAILABLE: [503],
  MAIL_UNAVAILABLE: [503]
}

/** Text that an answer must never contain: a stack, SQL, or the name of a file, a library or an error class. */
const LEAK = new RegExp(
  [
    String.raw`\n\s+at `,
    'Traceback',
    'goroutine',
    'node_modules',
    String.raw`\.(?:[cm]?[jt]s|py|go|sql)\b`,
    String.raw`\b(?:SELECT|INSERT|UPDATE|DELETE) `,
    String.raw`\b(?:ajv|bcrypt|fastify|find-my-way|jose|jsonwebtoken|jwt\b|pglite|postgres|pydantic|typebox|fastapi)`,
    String.raw`\b(?:FST|HPE|ERR|FAST_JWT|ECONN)_?[A-Z_]*\b`,
    String.raw`\b[A-Z]\w+(?:Error|Exception)\b`,
    'Unexpected (?:token|end|non-whitespace)',
    '(?<!"public)_(?:key|idx|pkey)\\b'
  ].join('|')
)

/** @returns what an answer tells of the inside; a long random text, such as a challenge, tells nothing */
export const leakOf = (body: string) => LEAK.exec(body.replaceAll(/"[\w-]{40,}"/g, '""'))?.[0]

/** RFC 9110 has renamed this status twice. */
const TOO_LARGE = ['Payload Too Large', 'Content Too Large', 'Request Entity Too Large']

const REQUEST_ID = /^[A-Za-z0-9._-]{8,64}$/

interface Entry {
  path: string
  rule?: string
}

interface Expected {
  /** The entries of `errors` without their messages, in any order; by default the body has none. */
  errors?: Entry[]
  /** The methods of `Allow`, sorted. */
  allow?: string[]
  /** The request id, where one was sent that is kept. */
  id?: string
  /** The `challenge` of the body, for a second step or a step-up. */
  challenge?: Challenge
  /** The parameters of `WWW-Authenticate: Bearer`, where they are not those of an access token. */
  authenticate?: string[]
}

/** A challenge: `mfa_token` and `public_key` only say what they are. */
export interface Challenge {
  factors: readonly string[]
  expires_in: number
  mfa_token?: 'token'
  public_key?: 'options'
}

/** Compares a refusal: status, headers and body, except the text of messages. */
export function refused(t: Test, actual: Answer, status: number, code: string, expected: Expected = {}): void {
  t.strictSame(describe(actual), wanted(status, code, expected, actual), `${status} ${code}`)
}

/** The same for HEAD: the headers of the refusal, and no body. */
export function refusedWithoutBody(t: Test, actual: Answer, status: number, code: string, expected: Expected = {}) {
  const { body: _, ...head } = wanted(status, code, expected, actual)
  t.strictSame({ ...describe(actual), body: actual.body }, { ...head, body: '' }, `${status} ${code} without a body`)
}

function wanted(status: number, code: string, expected: Expected, { headers }: Answer) {
  const { errors, allow, id, challenge, authenticate } = expected
  return {
    status,
    type: 'application/json',
    cache: 'no-store',
    id: id ?? headers['x-request-id'],
    authenticate: authenticate ? ['Bearer', ...authenticate].sort() : authenticateOf(status, code),
    retry: status === 503 || status === 429 ? 'seconds' : undefined,
    allow,
    body: { statusCode: status, error: STATUS_CODES[status], code, message: 'text', errors: sorted(errors), challenge },
    leak: undefined
  }
}

function authenticateOf(status: number, code: string): string[] | undefined {
  if (status !== 401) return undefined
  return ['TOKEN_INVALID', 'TOKEN_EXPIRED'].includes(code) ? ['Bearer', 'error="invalid_token"'] : ['Bearer']
}

/** `Bearer` and its parameters, in any order. */
const readAuthenticate = (header: string | undefined) =>
  header
    ?.replace(/^Bearer /, 'Bearer, ')
    .split(', ')
    .sort()

function describe({ status, headers, body, json }: Answer) {
  const id = headers['x-request-id'] ?? ''
  return {
    status,
    type: headers['content-type']?.split(';')[0],
    cache: headers['cache-control'],
    id: REQUEST_ID.test(id) ? id : `${id} is no request id`,
    authenticate: readAuthenticate(headers['www-authenticate']),
    retry: /^\d+$/.test(headers['retry-after'] ?? '') ? 'seconds' : headers['retry-after'],
    allow: headers.allow?.split(/\s*,\s*/).sort(),
    body: describeBody(json) ?? body,
    leak: leakOf(body)
  }
}

function describeBody(json: unknown) {
  if (typeof json !== 'object' || json === null) return undefined
  const { error, message, errors, challenge, ...rest } = json as Record<string, unknown>
  const reason = TOO_LARGE.includes(String(error)) ? STATUS_CODES[413] : error
  return {
    ...rest,
    error: reason,
    message: wordsOf(message),
    errors: Array.isArray(errors) ? sorted(errors.map(describeEntry)) : errors,
    challenge: describeChallenge(challenge)
  }
}

function describeChallenge(challenge: unknown) {
  if (typeof challenge !== 'object' || challenge === null) return challenge
  const { mfa_token, public_key, ...rest } = challenge as Record<string, unknown>
  return {
    ...rest,
    ...(mfa_token !== undefined && { mfa_token: /^[\w-]{43,512}$/.test(String(mfa_token)) ? 'token' : mfa_token }),
    ...(public_key !== undefined && { public_key: hasChallenge(public_key) ? 'options' : public_key })
  }
}

const hasChallenge = (options: unknown) =>
  typeof options === 'object' && options !== null && /^[\w-]{72}$/.test((options as { challenge: string }).challenge)

/** An entry of `errors` has a path and a message, and a rule at most besides. */
function describeEntry({ message, ...entry }: Entry & { message?: unknown }) {
  return wordsOf(message) === 'text' ? entry : { ...entry, message }
}

const wordsOf = (message: unknown) => (typeof message === 'string' && message.length > 0 ? 'text' : message)

function sorted(entries: Entry[] | undefined): Entry[] | undefined {
  const key = ({ path, rule }: Entry) => `${path} ${rule}`
  return entries && [...entries].sort((a, b) => (key(a) < key(b) ? -1 : 1))
}

/** Describes how an answer to an arbitrary request violates the contract; undefined if it does not. */
export function oddity(actual: Answer, secret?: string): string | undefined {
  const { status, headers, body, json } = actual
  if (!REQUEST_ID.test(headers['x-request-id'] ?? '')) return 'no request id'
  if (status >= 500) return `status ${status}`
  if (status < 400) return undefined
  if (headers['cache-control'] !== 'no-store') return `cache-control: ${headers['cache-control']}`
  const leak = leakOf(body)
  if (leak) return `tells ${leak}`
  const told = json && { ...json, errors: json.errors?.map(({ message }: { message: string }) => message) }
  if (secret && JSON.stringify(told)?.includes(secret)) return 'echoes what was sent'
  if (!json || !CODES[json.code]?.includes(status)) return `${status} with code ${json?.code}`
  const keys = Object.keys(json).join()
  if (!/^statusCode,error,code,message(?:,errors|,challenge)?$/.test(keys)) return keys
  if (json.challenge && !['MFA_REQUIRED', 'STEP_UP_REQUIRED'].includes(json.code))
    return `${json.code} with a challenge`
  if (json.statusCode !== status || typeof json.message !== 'string') return `another body: ${body}`
  if (status === 401 && !headers['www-authenticate']?.startsWith('Bearer')) return 'no challenge'
  if (status === 405 && !headers.allow) return 'no Allow'
  return undefined
}

/**
 * Addresses that mail servers might send elsewhere, or not at all: too long in a part (RFC 5321 §4.5.3.1), with a route
 * through another host, or with an encoded word (RFC 2047).
 */
export const UNMAILABLE = [
  `${'a'.repeat(65)}@example.com`,
  `ada@${'x'.repeat(64)}.example`,
  `ada@example.${'x'.repeat(64)}`,
  'ada%example.org@example.com',
  'ada%@example.com',
  'host!ada@example.com',
  '!ada@example.com',
  '@example.org:ada@example.com',
  '@example.org,@example.net:ada@example.com',
  '=?utf-8?q?ada=40example.org=3e=00?=@example.com',
  '=?x?q?ada=40example.org=3e=00?=foo@example.com',
  '=?iso-8859-1?b?YWRh?=@example.com',
  'ada=?utf-7?q?&AEA-?=@example.com',
  'ada=?utf-8?q?x@example.com'
]
