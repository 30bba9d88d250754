import { type Static, Type } from '@sinclair/typebox'
import { REFRESH_TOKEN, reference, strict } from './fields.ts'

/** An introspection request (RFC 7662 §2.1). */
export const Introspection = Type.Object(
  {
    token: Type.String({ minLength: 1, description: 'an access token or a refresh token', examples: [REFRESH_TOKEN] }),
    token_type_hint: Type.Optional(
      Type.String({ description: 'ignored: the formats of the two kinds differ', examples: ['refresh_token'] })
    )
  },
  { ...strict, examples: [{ token: REFRESH_TOKEN, token_type_hint: 'refresh_token' }] }
)

/** An introspection response (RFC 7662 §2.2). */
export const TokenState = Type.Object(
  {
    active: Type.Boolean(),
    sub: Type.Optional(Type.String({ description: 'the id of the user' })),
    sid: Type.Optional(Type.String({ description: 'the id of the session' })),
    iss: Type.Optional(Type.String()),
    aud: Type.Optional(Type.Union([Type.String(), Type.Array(Type.String())])),
    iat: Type.Optional(Type.Integer({ description: 'seconds since the epoch' })),
    exp: Type.Optional(Type.Integer({ description: 'seconds since the epoch' })),
    token_type: Type.Optional(
      Type.Union([Type.Literal('Bearer'), Type.Literal('refresh_token')], {
        description: 'Bearer for an access token; a refresh token grants no access'
      })
    ),
    username: Type.Optional(Type.String()),
    roles: Type.Optional(Type.Array(Type.String(), { description: 'the roles of the user, as they are now' })),
    auth_time: Type.Optional(
      Type.Integer({ description: 'when the user last proved something, in seconds since the epoch (RFC 9470 §6.2)' })
    ),
    amr: Type.Optional(Type.Array(Type.String(), { description: 'what the user proved (RFC 8176)' })),
    acr: Type.Optional(Type.String({ description: '`aal2` with two factors, else `aal1`' }))
  },
  {
    $id: 'TokenState',
    ...strict,
    examples: [
      {
        active: true,
        sub: '0198a3c2-7f00-7000-8000-000000000000',
        sid: '0198a3c2-7f00-7000-8000-000000000001',
        iss: 'https://auth.example.com',
        aud: 'https://auth.example.com',
        iat: 1769860800,
        exp: 1769861700,
        token_type: 'Bearer',
        username: 'ada',
        roles: ['editor'],
        auth_time: 1769860800,
        amr: ['pwd'],
        acr: 'aal1'
      },
      { active: false }
    ]
  }
)

export type TokenState = Static<typeof TokenState>

/** A public key as a JSON Web Key (RFC 7517, RFC 7518 §6.2). */
export const PublicKey = Type.Object(
  {
    kty: Type.Literal('EC'),
    crv: Type.Literal('P-256'),
    x: Type.String(),
    y: Type.String(),
    kid: Type.String(),
    alg: Type.Literal('ES256'),
    use: Type.Literal('sig')
  },
  { $id: 'PublicKey', ...strict }
)

export type PublicKey = Static<typeof PublicKey>

export const TokenStateAnswer = reference(TokenState, 'Whether the token is active, and its claims (RFC 7662 §2.2).')
export const JwksAnswer = Type.Object({ keys: Type.Array(reference(PublicKey, 'A public key.')) }, strict)

const url = (example: string) => Type.String({ format: 'uri', examples: [example] })

/** Metadata of an authorization server (RFC 8414 §2), of which the service has the part that verifies tokens. */
export const AuthorizationServer = Type.Object(
  {
    issuer: url('https://auth.example.com'),
    jwks_uri: url('https://auth.example.com/.well-known/jwks.json'),
    response_types_supported: Type.Array(Type.String(), { maxItems: 0, examples: [[]] }),
    grant_types_supported: Type.Array(Type.String(), { maxItems: 0, examples: [[]] }),
    introspection_endpoint: Type.Optional(url('https://auth.example.com/introspect')),
    introspection_endpoint_auth_methods_supported: Type.Optional(
      Type.Array(Type.String({ examples: ['client_secret_basic'] }))
    )
  },
  { ...strict, description: 'The metadata.' }
)

export type AuthorizationServerAnswer = Static<typeof AuthorizationServer>
