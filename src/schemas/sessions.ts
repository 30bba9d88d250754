import { type Static, Type } from '@sinclair/typebox'
import { ADA, CurrentPassword, PASSWORD, REFRESH_TOKEN, reference, strict, Time } from './fields.ts'

/** A login. The rules of registration do not apply: a name that violates them belongs to no account. */
export const Login = Type.Object(
  {
    username: Type.Optional(Type.String({ minLength: 1, maxLength: 254, examples: ['ada'] })),
    email: Type.Optional(Type.String({ minLength: 1, maxLength: 254 })),
    password: CurrentPassword,
    cookie: Type.Optional(
      Type.Boolean({ description: 'return the refresh token as a cookie, for a frontend on the same site' })
    )
  },
  {
    ...strict,
    oneOf: [{ required: ['username'] }, { required: ['email'] }],
    examples: [
      { username: ADA.username, password: PASSWORD },
      { email: ADA.email, password: PASSWORD }
    ]
  }
)

/** A refresh token, unless the cookie of browser mode has it. */
export const Refresh = Type.Object(
  {
    refresh_token: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 512,
        description: 'optional with the cookie of browser mode, over which it takes precedence',
        examples: [REFRESH_TOKEN]
      })
    )
  },
  { ...strict, examples: [{ refresh_token: REFRESH_TOKEN }] }
)

export const Tokens = Type.Object(
  {
    access_token: Type.String({
      description: 'a JWT signed with ES256 (RFC 9068)',
      examples: ['eyJhbGciOiJFUzI1NiIsI…']
    }),
    token_type: Type.Literal('Bearer'),
    expires_in: Type.Integer({ description: 'seconds', examples: [900] }),
    refresh_token: Type.Optional(
      Type.String({ description: 'absent in browser mode, in which a cookie has it', examples: [REFRESH_TOKEN] })
    )
  },
  { $id: 'Tokens', ...strict }
)

export type Tokens = Static<typeof Tokens>

export const Session = Type.Object(
  {
    id: Type.String({ format: 'uuid', examples: ['0198a3c2-7f00-7000-8000-000000000000'] }),
    created_at: Time,
    last_used_at: Time,
    expires_at: Type.String({
      format: 'date-time',
      description: 'when the session expires unless it is used before',
      examples: ['2026-03-02T12:00:00.000Z']
    }),
    user_agent: Type.Union([Type.String(), Type.Null()], { examples: ['Mozilla/5.0 (X11; Linux x86_64)…'] }),
    ip: Type.Union([Type.String(), Type.Null()], {
      description: 'the address of the client at login',
      examples: ['198.51.100.7']
    }),
    current: Type.Boolean({ description: 'whether it is the session of the access token' })
  },
  { $id: 'Session', ...strict }
)

export type Session = Static<typeof Session>

export const TokensAnswer = reference(Tokens, 'The tokens (RFC 6749 §5.1).')
export const SessionsAnswer = Type.Object({ sessions: Type.Array(reference(Session, 'A session.')) }, strict)
