import { readFileSync } from 'node:fs'
import { type Static, Type } from '@sinclair/typebox'
import { Ajv, type ErrorObject } from 'ajv'

const strict = { additionalProperties: false }

const path = Type.String({ pattern: '^/[!-~]*$', expected: 'a path that begins with /' })
// Of these ranges, so that no dialect passes off as a choice that a forged token is taken.
const granted = Type.Integer({ minimum: 200, maximum: 299, expected: 'a status of success, 200 to 299' })
const refused = Type.Integer({ minimum: 400, maximum: 499, expected: 'a status of refusal, 400 to 499' })
const named = Type.String({ minLength: 1, maxLength: 64, expected: 'the name of a key' })
const constants = Type.Record(Type.String(), Type.Unknown(), { expected: 'an object of keys and what each always is' })
/** A key under another name, or null for one that is not there. */
const renamed = Type.Union([named, Type.Null()], { expected: 'the name of the key there, or null where it has none' })

const optional = <T extends Parameters<typeof Type.Partial>[0]>(properties: T) => Type.Partial(properties, strict)

/** Where another implementation differs from the contract by choice. Each key is optional: without it, the contract's holds. */
export const Dialect = optional(
  Type.Object({
    /** The name of the implementation. */
    name: Type.String({ minLength: 1, maxLength: 64, expected: 'a short name' }),
    paths: optional(Type.Object({ register: path, login: path, secret: path })),
    /** The keys of requests and responses. */
    fields: optional(
      Type.Object({
        username: named,
        email: named,
        password: named,
        id: renamed,
        email_verified: renamed,
        created_at: renamed,
        access_token: named,
        refresh_token: renamed,
        token_type: renamed,
        expires_in: renamed,
        message: renamed
      })
    ),
    /** By which name people register and sign in. */
    identifier: Type.Union([Type.Literal('username'), Type.Literal('email')], { expected: '"username" or "email"' }),
    /** Constant keys that a registration, or a login, carries besides. */
    register: optional(Type.Object({ extra: constants })),
    login: optional(Type.Object({ extra: constants })),
    statuses: optional(
      Type.Object({
        registered: granted,
        signed_in: granted,
        invalid: refused,
        malformed: refused,
        duplicate: refused,
        wrong_credentials: refused,
        token_missing: refused,
        token_invalid: refused,
        token_expired: refused
      })
    ),
    /** The key that its error bodies have in place of `code`, such as `detail`; null where they are not JSON. */
    error_key: renamed,
    /** The lifetime of an access token. Unit: seconds. */
    expires_in: Type.Integer({ minimum: 1, expected: 'seconds, a positive whole number' }),
    /** Whether names are returned in lower case. */
    folds_names: Type.Boolean({ expected: 'true or false' }),
    /** The name of the user in the response of `/secret`. */
    secret_names: Type.Union([Type.Literal('username'), Type.Literal('email'), Type.Literal('id')], {
      expected: '"username", "email" or "id"'
    }),
    /** The environment variable with its HS256 secret, from which an expired token is made. */
    secret_env: Type.String({ pattern: '^[A-Za-z_][A-Za-z0-9_]*$', expected: 'the name of an environment variable' }),
    /** Expectations of the core that it does not set out to keep, each with the reason. */
    lacks: Type.Record(Type.String(), Type.String({ minLength: 1, expected: 'the reason, as text' }))
  })
)

export type Dialect = Static<typeof Dialect>

/** A dialect file is invalid. The message is one line, and says what is expected. */
export class DialectError extends Error {
  override name = 'DialectError'
}

/**
 * Reads a dialect file.
 * @throws {DialectError} if it cannot be read, is not JSON, or has an unknown key or an invalid value
 */
export function readDialect(file: string): Dialect {
  return parseDialect(readText(file), file)
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new DialectError(`${file} cannot be read: ${(error as NodeJS.ErrnoException).code}`)
  }
}

const validate = new Ajv({ allErrors: true, verbose: true, strict: false }).compile<Dialect>(Dialect)

/** Parses the text of a dialect file. @param file its name in messages */
export function parseDialect(text: string, file: string): Dialect {
  let dialect: unknown
  try {
    dialect = JSON.parse(text)
  } catch {
    throw new DialectError(`${file} is not JSON`)
  }
  if (validate(dialect)) return dialect
  const faults = new Set((validate.errors as ErrorObject[]).map(describeFault).filter((fault) => fault !== undefined))
  throw new DialectError(`${file}: ${[...faults].join('; ')}`)
}

function describeFault(error: ErrorObject): string | undefined {
  // The error of the union describes both alternatives.
  if (error.schemaPath.includes('/anyOf/')) return undefined
  const where = error.instancePath.slice(1).replaceAll('/', '.')
  if (error.keyword === 'additionalProperties') {
    const key = String(error.params.additionalProperty)
    const known = Object.keys((error.parentSchema as { properties: object }).properties)
    const near = nearest(key, known)
    const place = where ? ` in ${where}` : ''
    return `there is no ${JSON.stringify(key)}${place}; ${near ? `did you mean ${JSON.stringify(near)}?` : `there are ${known.join(', ')}`}`
  }
  const expected = (error.parentSchema as { expected?: string }).expected
  if (expected) return `${where} must be ${expected}`
  return `${where || 'a dialect'} must be an object`
}

/** Returns the nearest known name, if at most a third of its letters differ (Levenshtein distance). */
export function nearest(name: string, known: string[]): string | undefined {
  const ranked = known.map((other) => ({ other, far: distance(name.toLowerCase(), other) }))
  const best = ranked.sort((one, other) => one.far - other.far)[0]
  return best && best.far <= Math.max(1, Math.ceil(best.other.length / 3)) ? best.other : undefined
}

function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, i) => i)
  for (const [i, letter] of [...one].entries()) {
    const next = [i + 1]
    for (let j = 0; j < other.length; j++) {
      const costs = [
        (row[j] as number) + (letter === other[j] ? 0 : 1),
        (row[j + 1] as number) + 1,
        (next[j] as number) + 1
      ]
      next.push(Math.min(...costs))
    }
    row = next
  }
  return row[other.length] as number
}
