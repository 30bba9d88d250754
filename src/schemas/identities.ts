import { type Static, Type } from '@sinclair/typebox'
import { Email, list, nullable, oneNameAtLeast, strict, Text, Time, Username, UUID } from './fields.ts'

/** The kinds of provider. `oidc` is any OpenID provider. */
export const PROVIDER_KINDS = ['google', 'microsoft', 'apple', 'github', 'oidc'] as const

/** An account at another provider, as its owner sees it. */
const Identity = {
  id: Type.String({ format: 'uuid', examples: ['0198a3c2-7f00-7000-8000-000000000002'] }),
  provider: Type.String({ examples: ['google'] }),
  email: Type.Union([Text, Type.Null()], { examples: ['ada@example.com'] }),
  linked_at: Time,
  last_used_at: nullable(Time)
}

export type Identity = Static<ReturnType<typeof Type.Object<typeof Identity>>>

export const IdentitiesAnswer = Type.Object(
  { identities: list(Identity) },
  { ...strict, description: 'The accounts at other providers.' }
)

export const ProvidersAnswer = Type.Object(
  {
    providers: list({
      id: Type.String({ examples: ['google'] }),
      label: Type.String({ examples: ['Google'] }),
      kind: Type.String({ enum: PROVIDER_KINDS })
    })
  },
  { ...strict, description: 'The providers.' }
)

/** Converts stored identities to those of the API. */
export const toIdentity = ({
  id,
  provider,
  email,
  linked_at,
  last_used_at
}: Omit<Identity, 'linked_at' | 'last_used_at'> & { linked_at: Date; last_used_at: Date | null }): Identity => ({
  id,
  provider,
  email,
  linked_at: linked_at.toISOString(),
  last_used_at: last_used_at?.toISOString() ?? null
})

/** The form that adds a provider, or removes an identity. */
export const IdentityForm = Type.Object(
  { provider: Type.Optional(Text), identity: Type.Optional(Type.String({ pattern: UUID })) },
  { ...strict, oneOf: [{ required: ['provider'] }, { required: ['identity'] }] }
)

/** The form with the names of a new account. @param asks which of them there are */
export const IdentityNamesForm = (asks: 'username' | 'email' | 'both') => {
  if (asks === 'username') return Type.Object({ username: Username }, strict)
  const username = Type.Optional(Username)
  if (asks === 'email') return Type.Object({ username, email: Email }, strict)
  return Type.Object({ username, email: Type.Optional(Email) }, oneNameAtLeast)
}
