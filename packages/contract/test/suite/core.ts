import { createHmac } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { Dialect } from '../../src/dialect.ts'
import { type Answer, bearer, PASSWORD, type Request, unique } from './http.ts'

/** The context of an expectation of the core. */
export interface Asked {
  request: Request
  /** Where the implementation differs by choice. */
  dialect: Dialect
  /** Makes an hour pass, where the service's clock can be moved. */
  advance?: () => void
  /** The HS256 secret, where the dialect says from which an expired token can be made. */
  secret?: string
}

/** Observations: faults make an expectation fail, differences are declared by the dialect. */
export interface Seen {
  faults: string[]
  differences: string[]
  /** Why it could not be checked. */
  unchecked?: string
}

/** The longest that a living token is waited for until it expires. Unit: seconds. */
const LONGEST_WAIT_S = 30

const STATUSES = {
  registered: 201,
  signed_in: 200,
  invalid: 400,
  malformed: 400,
  duplicate: 409,
  wrong_credentials: 401,
  token_missing: 401,
  token_invalid: 401,
  token_expired: 401
}

const CODES: Record<keyof typeof STATUSES, string | undefined> = {
  registered: undefined,
  signed_in: undefined,
  invalid: 'VALIDATION_FAILED',
  malformed: 'MALFORMED_REQUEST',
  duplicate: 'ACCOUNT_EXISTS',
  wrong_credentials: 'INVALID_CREDENTIALS',
  token_missing: 'TOKEN_MISSING',
  token_invalid: 'TOKEN_INVALID',
  token_expired: 'TOKEN_EXPIRED'
}

type Outcome = keyof typeof STATUSES
type Field = keyof NonNullable<Dialect['fields']>

/** Sends requests in a dialect, and checks the answers against the contract. */
class Conversation {
  readonly seen: Seen = { faults: [], differences: [] }
  readonly asked: Asked

  constructor(asked: Asked) {
    this.asked = asked
  }

  /** A name of a new account, of the kind that logins use. */
  name(): string {
    const name = unique('Ada')
    return this.identifier === 'email' ? `${name}@Example.com` : name
  }

  get identifier() {
    return this.asked.dialect.identifier ?? 'username'
  }

  register(name: string, besides: Record<string, unknown> = {}) {
    return this.#post('register', { ...this.#credentials(name, PASSWORD), ...besides })
  }

  login(name: string, password: unknown = PASSWORD, besides: Record<string, unknown> = {}) {
    return this.#post('login', { ...this.#credentials(name, password), ...besides })
  }

  /** Sends a body as it is. */
  send(action: 'register' | 'login', body: unknown, headers: Record<string, string> = {}) {
    return this.asked.request({ method: 'POST', path: this.path(action), body, headers })
  }

  secret(headers: Record<string, string> = {}) {
    return this.asked.request({ path: this.path('secret'), headers })
  }

  path(action: 'register' | 'login' | 'secret'): string {
    return this.asked.dialect.paths?.[action] ?? `/${action}`
  }

  /** The name of a key in the dialect; null if it has none. */
  key(field: Field): string | null {
    const name = this.asked.dialect.fields?.[field]
    return name === undefined ? field : name
  }

  /** The key of a field that every dialect has. */
  keyOf(field: 'username' | 'email' | 'password' | 'access_token'): string {
    return this.asked.dialect.fields?.[field] ?? field
  }

  /** The access token of a new account, or nothing where there is none to be had, which is a fault. */
  async token(name = this.name()): Promise<string | undefined> {
    await this.register(name)
    const { json } = await this.login(name)
    const token = json?.[this.keyOf('access_token')]
    if (typeof token === 'string') return token
    this.seen.faults.push('no access token to try it with: neither registration nor login gave one')
    return undefined
  }

  /** Compares the status, and of a refusal the body and the challenge. */
  answered(what: string, { status, headers, json, body }: Answer, outcome: Outcome): boolean {
    const there = this.asked.dialect.statuses?.[outcome] ?? STATUSES[outcome]
    const said = status === there || this.compare(`${what} is answered with`, status, STATUSES[outcome], there)
    if (status === there && there !== STATUSES[outcome]) {
      this.differs(`${outcome.replaceAll('_', ' ')} is ${there} in place of ${STATUSES[outcome]}`)
    }
    if (!said || CODES[outcome] === undefined) return said
    if (status === 401 && !/^Bearer\b/i.test(headers['www-authenticate'] ?? '')) {
      this.seen.faults.push(`${what} lacks WWW-Authenticate: Bearer`)
    }
    const { error_key } = this.asked.dialect
    const object = typeof json === 'object' && json !== null
    if (object && json.code === CODES[outcome] && json.statusCode === status) return true
    const foretold = error_key !== undefined && (error_key === null ? !object : object && error_key in json)
    if (foretold) this.differs(error_key === null ? 'errors are not JSON' : `errors are {"${error_key}": …}`)
    else this.seen.faults.push(`${what} has no code ${CODES[outcome]} in its body: ${cut(body)}`)
    return true
  }

  /** Whether a value is the contract's or the dialect's. */
  compare(what: string, seen: unknown, contract: unknown, there: unknown = contract): boolean {
    if (seen === contract) return true
    if (seen === there) this.differs(`${what} ${show(seen)} in place of ${show(contract)}`)
    else this.seen.faults.push(`${what} ${show(seen)}, and ought to be ${show(there)}`)
    return seen === there
  }

  /** The value of a key by its name in the dialect; undefined if the dialect has no such key. */
  read(json: Answer['json'], field: Field): unknown {
    const key = this.key(field)
    if (key === null) {
      this.differs(`there is no ${field}`)
      return undefined
    }
    if (key !== field) this.differs(`${field} is called ${key}`)
    const value = json?.[key]
    if (value === undefined) this.seen.faults.push(`${key} is missing`)
    return value
  }

  differs(what: string): void {
    if (!this.seen.differences.includes(what)) this.seen.differences.push(what)
  }

  #credentials(name: string, password: unknown) {
    return { [this.keyOf(this.identifier)]: name, [this.keyOf('password')]: password }
  }

  #post(action: 'register' | 'login', body: Record<string, unknown>) {
    return this.send(action, { ...this.asked.dialect[action]?.extra, ...body })
  }
}

export interface CoreExpectation {
  /** By which a dialect names it in `lacks`. */
  id: string
  section: string
  title: string
  check(conversation: Conversation): Promise<void>
}

/**
 * The core of the contract: what every implementation of the small API does. These expectations are part of
 * our own suite (core.test.ts), and `npm run contract -- --core` holds the same ones against any URL.
 */
export const CORE: CoreExpectation[] = [
  {
    id: 'register',
    section: 'The heart',
    title: 'a registration answers with the user',
    async check(it) {
      const name = it.name()
      const answer = await it.register(name)
      speaksOtherwise(it, ['register'])
      if (!it.answered('a registration', answer, 'registered')) return
      const { json } = answer
      const there = it.asked.dialect.folds_names ? name.toLowerCase() : name
      it.compare(`the ${it.identifier} is given back as`, json?.[it.keyOf(it.identifier)], name, there)
      const id = it.read(json, 'id')
      if (it.key('id') !== null && typeof id !== 'string') it.compare('the id is of type', typeof id, 'string')
      it.read(json, 'created_at')
      if (it.read(json, 'email_verified') !== undefined) {
        it.compare('email_verified is', json[String(it.key('email_verified'))], false)
      }
      if (answer.body.includes(PASSWORD)) it.seen.faults.push('the password is given back')
    }
  },
  {
    id: 'login',
    section: 'The heart',
    title: 'a login answers with an access token',
    async check(it) {
      const name = it.name()
      await it.register(name)
      const answer = await it.login(name)
      speaksOtherwise(it, ['login'])
      if (!it.answered('a login', answer, 'signed_in')) return
      const { json } = answer
      it.compare('the access token is a JWT:', isJwt(it.read(json, 'access_token')), true)
      if (it.key('token_type') !== null) it.compare('token_type is', it.read(json, 'token_type'), 'Bearer')
      else it.read(json, 'token_type')
      const life = it.read(json, 'expires_in')
      if (it.key('expires_in') !== null) it.compare('expires_in is', life, 900, it.asked.dialect.expires_in)
      it.read(json, 'refresh_token')
    }
  },
  {
    id: 'letter_case',
    section: 'The heart',
    title: 'a name signs in in any letter case',
    async check(it) {
      const name = it.name()
      await it.register(name)
      it.answered('a login in capitals', await it.login(name.toUpperCase()), 'signed_in')
    }
  },
  {
    id: 'wrong_credentials',
    section: 'The heart',
    title: 'a wrong password and an unknown account are refused alike',
    async check(it) {
      const name = it.name()
      await it.register(name)
      const wrong = await it.login(name, 'a wrong password')
      const unknown = await it.login(it.name(), 'a wrong password')
      it.answered('a wrong password', wrong, 'wrong_credentials')
      it.answered('an unknown account', unknown, 'wrong_credentials')
      it.compare('an unknown account has the body', unknown.body, wrong.body)
      it.answered('the right password after that', await it.login(name), 'signed_in')
    }
  },
  {
    id: 'duplicate',
    section: 'The heart',
    title: 'a name that is taken is refused, in any letter case',
    async check(it) {
      const name = it.name()
      it.answered('a new name', await it.register(name), 'registered')
      it.answered('the same name', await it.register(name), 'duplicate')
      it.answered('the name in capitals', await it.register(name.toUpperCase()), 'duplicate')
    }
  },
  {
    id: 'secret',
    section: 'The heart',
    title: '/secret greets who brings a token',
    async check(it) {
      const name = it.name()
      const user = (await it.register(name)).json
      const token = (await it.login(name)).json?.[it.keyOf('access_token')]
      const answer = await it.secret(bearer(String(token)))
      speaksOtherwise(it, ['secret'])
      if (!it.answered('a true token', answer, 'signed_in')) return
      const message = String(it.read(answer.json, 'message') ?? '')
      if (it.key('message') === null) return
      const { identifier } = it
      const shown = it.asked.dialect.folds_names ? name.toLowerCase() : name
      const id = String(user?.[it.key('id') ?? ''])
      // Without a username the contract names the user by id.
      const contract = identifier === 'username' ? name : id
      const there = { username: shown, email: shown, id }[
        it.asked.dialect.secret_names ?? (identifier === 'username' ? 'username' : 'id')
      ]
      if (message.includes(contract)) return
      if (message.includes(there))
        it.differs(`the user is named by ${it.asked.dialect.secret_names ?? 'the name in lower case'}`)
      else it.seen.faults.push(`the message does not name the user: ${cut(message)}`)
    }
  },
  {
    id: 'strict_keys',
    section: 'Conventions',
    title: 'an unknown key is refused, and never stripped',
    async check(it) {
      const name = it.name()
      const refused = await it.register(name, { is_admin: true })
      it.answered('a registration with an unknown key', refused, 'invalid')
      if (refused.status >= 400)
        it.answered('the name after that, which is still free,', await it.register(name), 'registered')
      it.answered('a login with an unknown key', await it.login(name, PASSWORD, { is_admin: true }), 'invalid')
    }
  },
  {
    id: 'strict_types',
    section: 'Conventions',
    title: 'a value of another type is refused, and never coerced',
    async check(it) {
      const name = it.name()
      const password = it.keyOf('password')
      it.answered('a number for a password', await it.register(name, { [password]: 12345678 }), 'invalid')
      it.answered('a login with a number', await it.login(name, 12345678), 'invalid')
      it.answered('null for a password', await it.register(name, { [password]: null }), 'invalid')
    }
  },
  {
    id: 'missing_keys',
    section: 'Conventions',
    title: 'a missing key is refused',
    async check(it) {
      const name = { [it.keyOf(it.identifier)]: it.name() }
      for (const action of ['register', 'login'] as const) {
        const { extra } = it.asked.dialect[action] ?? {}
        it.answered(`${action} without a password`, await it.send(action, { ...extra, ...name }), 'invalid')
        const password = { [it.keyOf('password')]: PASSWORD }
        it.answered(`${action} without a name`, await it.send(action, { ...extra, ...password }), 'invalid')
      }
    }
  },
  {
    id: 'malformed',
    section: 'Conventions',
    title: 'a body that is not JSON is refused',
    async check(it) {
      const type = { 'content-type': 'application/json' }
      for (const action of ['register', 'login'] as const) {
        it.answered(`${action} with half a body`, await it.send(action, '{"username":', type), 'malformed')
      }
    }
  },
  {
    id: 'token_missing',
    section: 'Access tokens',
    title: 'who brings no token is refused',
    async check(it) {
      it.answered('no token', await it.secret(), 'token_missing')
      it.answered('another scheme', await it.secret({ authorization: 'Basic YWRhOmFkYQ==' }), 'token_missing')
    }
  },
  {
    id: 'tampered',
    section: 'Access tokens',
    title: 'a tampered token is refused',
    async check(it) {
      const token = await it.token()
      if (!token) return
      const [header = '', payload = '', signature = ''] = token.split('.')
      const claims = decode(payload)
      const flipped = Buffer.from(signature, 'base64url')
      flipped[10] = (flipped[10] ?? 0) ^ 1
      const rows = [
        ['a changed user', `${header}.${encode({ ...claims, sub: 'admin' })}.${signature}`],
        ['a changed end', `${header}.${encode({ ...claims, exp: 9_999_999_999 })}.${signature}`],
        ['a changed bit of the signature', `${header}.${payload}.${flipped.toString('base64url')}`],
        ['no signature', `${header}.${payload}.`],
        ['the algorithm none', `${encode({ ...decode(header), alg: 'none' })}.${payload}.`],
        ['a signature under another key', hmac({ alg: 'HS256', typ: 'JWT' }, claims, 'another key')],
        ['rubbish', 'rubbish']
      ] as const
      for (const [what, forged] of rows) it.answered(what, await it.secret(bearer(forged)), 'token_invalid')
      it.answered('the true token after that', await it.secret(bearer(token)), 'signed_in')
    }
  },
  {
    id: 'expired',
    section: 'Access tokens',
    title: 'an expired token is refused',
    async check(it) {
      const token = await it.token()
      if (!token) return
      const expired = await expire(it, token)
      if (expired) it.answered('an expired token', await it.secret(bearer(expired)), 'token_expired')
    }
  }
]

/** Holds one expectation against a service. */
export async function look(expectation: CoreExpectation, asked: Asked): Promise<Seen> {
  const conversation = new Conversation(asked)
  await expectation.check(conversation)
  return conversation.seen
}

/** Describes how requests differ: the path, the keys, and additional constants. */
function speaksOtherwise(it: Conversation, actions: ('register' | 'login' | 'secret')[]): void {
  for (const action of actions) {
    if (it.path(action) !== `/${action}`) it.differs(`the path is ${it.path(action)} in place of /${action}`)
    if (action === 'secret') continue
    const extra = Object.keys(it.asked.dialect[action]?.extra ?? {})
    if (extra.length > 0) it.differs(`it is sent ${extra.join(', ')} besides`)
    if (it.identifier === 'email') it.differs('accounts are known by email, not by username')
    for (const field of [it.identifier, 'password'] as const) {
      if (it.keyOf(field) !== field) it.differs(`${field} is called ${it.keyOf(field)}`)
    }
  }
}

/** An expired token, by the clock, by the secret, or by waiting; nothing where there is no way to one. */
async function expire(it: Conversation, token: string): Promise<string | undefined> {
  const { advance, secret } = it.asked
  if (advance) {
    advance()
    return token
  }
  const [header = '', payload = ''] = token.split('.')
  const { exp, ...claims } = decode(payload)
  if (secret) {
    const later = hmac(decode(header), { ...claims, exp: Number(exp) + 1 }, secret)
    // If one of ours is not taken while it lives, a refusal would say nothing of its end.
    if (!it.answered('a living token made with the secret', await it.secret(bearer(later)), 'signed_in'))
      return undefined
    return hmac(decode(header), { ...claims, iat: Number(claims.iat) - 7200, exp: Number(claims.iat) - 3600 }, secret)
  }
  const left = Number(exp) - Date.now() / 1000
  if (left <= LONGEST_WAIT_S) {
    await pause(Math.max(0, left) * 1000 + 1100)
    return token
  }
  const life = Number.isFinite(left) ? `${Math.round(left)} s` : 'for ever'
  const { secret_env } = it.asked.dialect
  const known = secret_env ? `set ${secret_env} to its secret` : 'name its secret with secret_env'
  it.seen.unchecked = `a token lives ${life}: give the service one of ${LONGEST_WAIT_S} s at most, or ${known}`
  return undefined
}

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

function decode(part: string): Record<string, unknown> {
  try {
    return Object(JSON.parse(Buffer.from(part, 'base64url').toString()))
  } catch {
    return {}
  }
}

function hmac(header: object, claims: object, key: string): string {
  const input = `${encode(header)}.${encode(claims)}`
  return `${input}.${createHmac('sha256', key).update(input).digest('base64url')}`
}

const isJwt = (value: unknown) => typeof value === 'string' && /^[\w-]+\.[\w-]+\.[\w-]+$/.test(value)

const show = (value: unknown) => (typeof value === 'string' ? cut(value) : String(value))

/** At most a line of it. */
const cut = (text: string) =>
  JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text)
    .slice(1, -1)
    .replaceAll('\\"', '"')
