import { type Static, Type } from '@sinclair/typebox'
import { nullable, reference, ServiceKeyName, strict, Text, Time } from '../fields.ts'

/** What a service key may be allowed. The scopes are listed where they are decided, in the room of administration. */
const ScopeName = Type.String({ pattern: '^[a-z:]{1,32}$', description: 'a scope', examples: ['users:read'] })

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
  { ...strict, description: 'The service keys, living ones first; 200 at most.' }
)

export const NewServiceKeyAnswer = reference(NewServiceKey, 'The service key, and its text, which is shown only here.')

/** A new service key. */
export const ServiceKeyCreation = Type.Object(
  {
    name: ServiceKeyName,
    scopes: Type.Array(ScopeName, { minItems: 1, maxItems: 16 }),
    expires_in: Type.Optional(Type.Integer({ minimum: 1, maximum: 315_360_000, description: 'seconds' }))
  },
  { ...strict, examples: [{ name: 'nightly-sync', scopes: ['users:read'], expires_in: 31_536_000 }] }
)

export type ServiceKeyCreation = Static<typeof ServiceKeyCreation>

/** A new secret of a service key. */
export const ServiceKeyRotation = Type.Object(
  {
    overlap: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 604_800, description: 'for how many seconds the one before works; 86400' })
    )
  },
  { ...strict, examples: [{}, { overlap: 0 }] }
)

export const ServiceKeyPath = Type.Object(
  {
    id: Type.String({
      pattern: '^[0-9A-Za-z]{22}$',
      description: 'the id of a service key',
      examples: ['2vQh0mF1tG9cJx3bN7yKpL']
    })
  },
  strict
)
