import { type Static, type TSchema, Type } from '@sinclair/typebox'
import { type Fault, MAX_FAULTS, pointerTo } from '../errors.ts'

/** Refuses unknown keys. Every object has it. */
export const strict = { additionalProperties: false }

/** A pattern for a UUID of any version (RFC 9562 §4). */
export const UUID = '^[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}$'

/** The id of an account, a session or another thing that is named by a UUID. */
export const Id = Type.String({
  pattern: UUID,
  description: 'a UUID',
  examples: ['0198a3c2-7f00-7000-8000-000000000001']
})

/** The username of a new account. */
export const Username = Type.String({
  minLength: 3,
  maxLength: 32,
  pattern: '^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$',
  description: 'letters, digits, dots, underscores and hyphens, with a letter or digit at either end',
  examples: ['ada']
})

/** The maximum length of an address that the schemas accept. */
export const MAX_EMAIL_LENGTH = 254

const EMAIL = {
  format: 'email',
  maxLength: MAX_EMAIL_LENGTH,
  description: 'an email address',
  examples: ['ada@example.com']
}

/**
 * Refuses addresses that `format: email` accepts, but that are unsafe to hand to a mail server: a local part of more than
 * 64 octets or a label of more than 63 (RFC 5321 §4.5.3.1, RFC 1035 §2.3.4), `%` and `!`, which relays may take for routes
 * (RFC 5321 appendix F.2, RFC 976), and encoded words (RFC 2047), which some programs decode to another address.
 */
const MAILABLE = '^(?![^@]*=\\?[^@]*\\?)[^@%!]{1,64}@[^@.]{1,63}(?:\\.[^@.]{1,63})+$'

/** The address of a new account, or a new address of an account. */
export const Email = Type.String({ ...EMAIL, pattern: MAILABLE })

/** An address that identifies an existing account, which may be older than the rules for new addresses. */
export const KnownEmail = Type.String(EMAIL)

/** The name of a role. */
export const Role = Type.String({
  pattern: '^[a-z][a-z0-9_-]{0,31}$',
  description: 'a lower-case letter, then letters, digits, underscores and hyphens',
  examples: ['editor']
})

/** Whether a text is the name of a role. */
export const isRole = (text: string) => new RegExp(Role.pattern as string).test(text)

/** The most roles of an account. */
export const MAX_ROLES = 16

/** The roles of an account. */
export const Roles = Type.Array(Role, { maxItems: MAX_ROLES, examples: [['editor']] })

/** The roles as they are stored: sorted, without duplicates. */
export const sortRoles = (roles: Iterable<string>): string[] => [...new Set(roles)].sort()

/** The maximum size of metadata as JSON, in bytes, and its maximum depth: the object itself is 1. */
const MAX_METADATA_BYTES = 4096
const MAX_METADATA_DEPTH = 8

/** Data about an account that only operators write. */
export const Metadata = Type.Unsafe<Record<string, unknown>>({
  type: 'object',
  additionalProperties: true,
  description: 'any keys; 4,096 bytes as JSON and 8 levels at most',
  examples: [{ plan: 'pro' }]
})

export type Metadata = Static<typeof Metadata>

/** The faults of metadata: its size, or else the numbers that would not be stored as they were sent. */
export function metadataFaults(metadata: Metadata): Fault[] {
  const tooLarge = (message: string): Fault[] => [{ path: '/metadata', message, rule: 'too_large' }]
  if (Buffer.byteLength(JSON.stringify(metadata)) > MAX_METADATA_BYTES) {
    return tooLarge(`must have at most ${MAX_METADATA_BYTES} bytes as JSON`)
  }
  if (depthOf(metadata) > MAX_METADATA_DEPTH) return tooLarge(`must be at most ${MAX_METADATA_DEPTH} levels deep`)
  return numberFaults('/metadata', metadata).slice(0, MAX_FAULTS)
}

/**
 * Beyond these numbers an integer loses digits, as soon as it is parsed (RFC 7493 §2.2), and `1e400` becomes infinite, which
 * JSON cannot write.
 */
function numberFaults(path: string, value: unknown): Fault[] {
  if (typeof value === 'number' && Math.abs(value) > Number.MAX_SAFE_INTEGER) {
    return [{ path, message: 'must be a number from -(2^53 - 1) to 2^53 - 1; send another one as text' }]
  }
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, each]) => numberFaults(pointerTo(path, key), each))
}

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  return 1 + Math.max(0, ...Object.values(value).map(depthOf))
}

/** The name of a service key. */
export const ServiceKeyName = Type.String({
  maxLength: 64,
  // Neither control nor invisible characters, and no space at the ends.
  pattern: '^(?! )[^\\p{C}\\p{Zl}\\p{Zp}]+(?<! )$',
  description: 'what the key is for',
  examples: ['nightly-sync']
})

/** Values of the examples. They work with an account that was registered with the example of `/register`. */
export const ADA = { username: 'ada', email: 'ada@example.com' }
export const PASSWORD = 'correct horse battery staple'
export const NEW_PASSWORD = 'an even better horse battery staple'

/** The names of an account: a username, an email address, or both. */
export const names = { username: Type.Optional(Username), email: Type.Optional(Email) }
export const oneNameAtLeast = { ...strict, anyOf: [{ required: ['username'] }, { required: ['email'] }] }

export const EMAIL_TOKEN = '3q2-7wB5c2VjcmV0IHRoYXQgbm9ib2R5IGd1ZXNzZXM'
export const EmailToken = Type.String({
  minLength: 1,
  maxLength: 512,
  description: 'the token of the link in a mail',
  examples: [EMAIL_TOKEN]
})

/** The password of an existing account. The rules for new passwords do not apply; the limit bounds the work. */
export const CurrentPassword = Type.String({ minLength: 1, maxLength: 1024, examples: [PASSWORD] })

/** The current password, of an account that may have none. */
export const OwnPassword = Type.Optional({
  ...CurrentPassword,
  description: 'required if the account has a password'
})

export const REFRESH_TOKEN = 'AZijwn8AcACAAAAAAAAAAQ.cRwiRI5yHlSR2CRbSUJaqA.qILwrISLC2tMp7Qr-h0mav0N3rqSBK5XqYSmk3bVmBY'
export const MFA_TOKEN = 'q1Yk0b1FvXh3mB7mQ4x6cJ0nq3d2lQ8vT0yWkKfLr5c'
export const Time = Type.String({ format: 'date-time', examples: ['2026-01-31T12:00:00.000Z'] })

/** A reference to a shared schema (`$ref`), with its static type. */
export const reference = <Shape extends TSchema>(shape: Shape, description: string) =>
  Type.Unsafe<Static<Shape>>({ $ref: `${shape.$id}#`, description })

export const nullable = <Shape extends TSchema>(shape: Shape) => Type.Union([shape, Type.Null()])

/** An array of strict objects. */
export const list = <Shape extends Parameters<typeof Type.Object>[0]>(properties: Shape) =>
  Type.Array(Type.Object(properties, strict))

export const Text = Type.String()
