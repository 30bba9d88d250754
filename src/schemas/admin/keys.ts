import { type Static, Type } from '@sinclair/typebox'
import { nullable, reference, ServiceKeyName, strict, Text, Time } from '../fields.ts'

/** The scopes of service keys. */
export const SCOPE_NAMES = [
  'users:read',
  'users:write',
  'users:help',
  'audit:read',
  'keys:write',
  'introspect',
  'metrics'
] as const

export type ScopeName = (typeof SCOPE_NAMES)[number]

const Scope = Type.Unsafe<ScopeName>(Type.String({ enum: SCOPE_NAMES, examples: ['users:read'] }))

/** The shortest and the longest life of a service key, in seconds: a minute and ten years. */
export const MIN_EXPIRY_SECONDS = 60
export const MAX_EXPIRY_SECONDS = 315_360_000

/** For how many seconds the previous secret works after a rotation, by default and at most. */
export const OVERLAP_SECONDS = 86_400
export const MAX_OVERLAP_SECONDS = 604_800

/** A pattern for the id of a service key: 128 bits in base62. */
export const SERVICE_KEY_ID = '^[0-9A-Za-z]{22}$'

/** A signing key, as operators see it. */
export const AdminKey = Type.Object(
  {
    kid: Text,
    state: Type.String({ enum: ['published', 'signing', 'verifying', 'expired', 'revoked'] }),
    created_at: Time,
    signs_from: Time,
    verifies_until: nullable(Time)
  },
  { $id: 'AdminKey', ...strict }
)

export type AdminKey = Static<typeof AdminKey>

export const KeysAnswer = Type.Object(
  { keys: Type.Array(reference(AdminKey, 'A key.')) },
  { ...strict, description: 'The signing keys, in the order in which they sign.' }
)

export const AdminKeyAnswer = reference(AdminKey, 'The new key.')

/** A rotation of the signing keys. */
export const KeyRotation = Type.Object(
  {
    now: Type.Optional(
      Type.Boolean({ description: 'sign immediately; other services may refuse its tokens for up to 300 s' })
    )
  },
  { ...strict, examples: [{}, { now: true }] }
)

export const KidPath = Type.Object(
  { kid: Type.String({ pattern: '^[A-Za-z0-9_-]{1,64}$', description: 'the id of a key', examples: ['k1'] }) },
  strict
)

const serviceKey = {
  id: Type.String({ examples: ['2vQh0mF1tG9cJx3bN7yKpL'] }),
  name: Type.String({ examples: ['nightly-sync'] }),
  scopes: Type.Array(Type.String({ examples: ['users:read'] })),
  created_at: Time,
  created_by: nullable(Text),
  expires_at: nullable(Time),
  last_used_at: nullable(Time),
  last_used_from: nullable(Text),
  revoked_at: nullable(Time)
}

/** A service key. */
export const ServiceKey = Type.Object(serviceKey, { $id: 'ServiceKey', ...strict })

/** A service key with its text. */
export const NewServiceKey = Type.Object(
  { ...serviceKey, key: Type.String({ description: 'the key itself: shown only here' }) },
  { $id: 'NewServiceKey', ...strict }
)

export type NewServiceKey = Static<typeof NewServiceKey>

export const ServiceKeysAnswer = Type.Object(
  { service_keys: Type.Array(reference(ServiceKey, 'A service key.')) },
  { ...strict, description: 'The service keys, active ones first; 200 at most.' }
)

export const NewServiceKeyAnswer = reference(NewServiceKey, 'The service key, and its text, which is shown only here.')

/** A new service key. */
export const ServiceKeyCreation = Type.Object(
  {
    name: ServiceKeyName,
    scopes: Type.Array(Scope, { minItems: 1, maxItems: 16 }),
    expires_in: Type.Optional(
      Type.Integer({ minimum: MIN_EXPIRY_SECONDS, maximum: MAX_EXPIRY_SECONDS, description: 'seconds' })
    )
  },
  { ...strict, examples: [{ name: 'nightly-sync', scopes: ['users:read'], expires_in: 31_536_000 }] }
)

export type ServiceKeyCreation = Static<typeof ServiceKeyCreation>

/** A new secret of a service key. */
export const ServiceKeyRotation = Type.Object(
  {
    overlap: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: MAX_OVERLAP_SECONDS,
        description: `for how many seconds the previous secret works; ${OVERLAP_SECONDS} by default`
      })
    )
  },
  { ...strict, examples: [{}, { overlap: 0 }] }
)

export const ServiceKeyPath = Type.Object(
  {
    id: Type.String({
      pattern: SERVICE_KEY_ID,
      description: 'the id of a service key',
      examples: ['2vQh0mF1tG9cJx3bN7yKpL']
    })
  },
  strict
)
