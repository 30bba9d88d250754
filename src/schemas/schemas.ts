import { STATUS_CODES } from 'node:http'
import { type Static, type TSchema, Type } from '@sinclair/typebox'
import { type Code, PROBLEMS } from '../errors.ts'

/** An object that takes the keys named and no other. */
const strict = { additionalProperties: false }

export const UUID = '^[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}$'

/** For a query string or a path that takes nothing. */
export const Nothing = Type.Object({}, strict)

export const Username = Type.String({
  minLength: 3,
  maxLength: 32,
  pattern: '^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$',
  description: 'letters, digits, dots, underscores and hyphens, with a letter or digit at either end',
  examples: ['ada']
})

const EMAIL = { format: 'email', maxLength: 254, description: 'an email address', examples: ['ada@example.com'] }

/**
 * What `format: email` lets through and no mail server should be given: a local part of more than 64 octets, a label of
 * more than 63 (RFC 5321 §4.5.3.1, RFC 1035 §2.3.4), `%` and `!`, by which a relay may send it on to another host
 * (RFC 5321 appendix F.2, RFC 976), and encoded words (RFC 2047), which some programs decode to another address.
 */
const MAILABLE = '^(?![^@]*=\\?[^@]*\\?)[^@%!]{1,64}@[^@.]{1,63}(?:\\.[^@.]{1,63})+$'

/** An address that an account is given. */
export const Email = Type.String({ ...EMAIL, pattern: MAILABLE })

/** An address by which an account is looked for, which may be older than the rules for new ones. */
const KnownEmail = Type.String(EMAIL)

/** For a route that reads no body: an empty one will do, whatever its content type says (see plugins/http/no-body.ts). */
export const NoBody = Type.Unsafe<null | Record<string, never>>({ type: ['object', 'null'], ...strict })

/** What the examples are of: with an account that was registered by that of `/register`, each is answered as shown. */
const ADA = { username: 'ada', email: 'ada@example.com' }
const PASSWORD = 'correct horse battery staple'
const NEW_PASSWORD = 'an even better horse battery staple'

const names = { username: Type.Optional(Username), email: Type.Optional(Email) }
const oneNameAtLeast = { ...strict, anyOf: [{ required: ['username'] }, { required: ['email'] }] }

/** The names of a new account. */
export const NewNames = Type.Object(names, oneNameAtLeast)

/** What a newcomer registers with. The rules of passwords are not here, since they have codes of their own. */
export const Registration = Type.Object(
  { ...names, password: Type.String({ examples: [PASSWORD] }) },
  { ...oneNameAtLeast, examples: [{ ...ADA, password: PASSWORD }] }
)

/** What a login brings. The rules of registration do not apply: what does not fit them is simply wrong. */
export const Login = Type.Object(
  {
    username: Type.Optional(Type.String({ minLength: 1, maxLength: 254, examples: ['ada'] })),
    email: Type.Optional(Type.String({ minLength: 1, maxLength: 254 })),
    password: Type.String({ minLength: 1, maxLength: 1024, examples: [PASSWORD] }),
    cookie: Type.Optional(
      Type.Boolean({ description: 'give the refresh token as a cookie, for a frontend on the same site' })
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

/** The address with which an account begins where nobody is told which accounts there are. */
export const HiddenRegistration = Type.Object({ email: Email }, { ...strict, examples: [{ email: ADA.email }] })

/** What a newcomer registers with where every account has an address. */
export const RegistrationWithEmail = Type.Object(
  { ...names, email: Email, password: Type.String({ examples: [PASSWORD] }) },
  { ...strict, examples: [{ ...ADA, password: PASSWORD }] }
)

const EMAIL_TOKEN = '3q2-7wB5c2VjcmV0IHRoYXQgbm9ib2R5IGd1ZXNzZXM'

const EmailToken = Type.String({
  minLength: 1,
  maxLength: 512,
  description: 'the token of the link in a mail',
  examples: [EMAIL_TOKEN]
})

/** The token of a mail, for a route that asks for nothing else. */
export const EmailTokenBody = Type.Object({ token: EmailToken }, { ...strict, examples: [{ token: EMAIL_TOKEN }] })

const OwnPassword = Type.String({ minLength: 1, maxLength: 1024, examples: [PASSWORD] })

/** What verifies an address: the mailbox, and the account by its password or by a session. */
export const EmailVerification = Type.Object(
  {
    token: EmailToken,
    password: Type.Optional({
      ...OwnPassword,
      description: 'that of the account; may be left out beside an access token of it'
    })
  },
  { ...strict, examples: [{ token: EMAIL_TOKEN, password: PASSWORD }] }
)

/** The same on a page, where nobody brings an access token. */
export const EmailVerificationForm = Type.Object(
  { token: EmailToken, password: OwnPassword },
  { ...strict, examples: [{ token: EMAIL_TOKEN, password: PASSWORD }] }
)

/** What undoes a change of the address. */
export const EmailUndo = Type.Object(
  {
    token: EmailToken,
    new_password: Type.Optional(Type.String({ examples: [NEW_PASSWORD] }))
  },
  { ...strict, examples: [{ token: EMAIL_TOKEN }, { token: EMAIL_TOKEN, new_password: NEW_PASSWORD }] }
)

/** What ends a registration that began with an address. */
export const RegistrationEnd = Type.Object(
  {
    token: EmailToken,
    username: Type.Optional(Username),
    password: Type.String({ examples: [PASSWORD] })
  },
  { ...strict, examples: [{ token: EMAIL_TOKEN, username: ADA.username, password: PASSWORD }] }
)

/** The address that a mail is asked for. */
export const EmailBody = Type.Object({ email: KnownEmail }, { ...strict, examples: [{ email: ADA.email }] })

/** Another password for the token of a mail. */
export const PasswordReset = Type.Object(
  { token: EmailToken, new_password: Type.String({ examples: [NEW_PASSWORD] }) },
  { ...strict, examples: [{ token: EMAIL_TOKEN, new_password: NEW_PASSWORD }] }
)

const CurrentPassword = Type.String({ minLength: 1, maxLength: 1024, examples: [PASSWORD] })

/** Another address. */
export const EmailChange = Type.Object(
  { new_email: Email, current_password: CurrentPassword },
  { ...strict, examples: [{ new_email: 'ada.lovelace@example.com', current_password: PASSWORD }] }
)

/** Another username. */
export const UserChange = Type.Object({ username: Username }, { ...strict, examples: [{ username: 'ada.lovelace' }] })

/** What it takes to delete one's account. */
export const AccountDeletion = Type.Object(
  { current_password: CurrentPassword },
  { ...strict, examples: [{ current_password: PASSWORD }] }
)

const REFRESH_TOKEN = 'AZijwn8AcACAAAAAAAAAAQ.cRwiRI5yHlSR2CRbSUJaqA.qILwrISLC2tMp7Qr-h0mav0N3rqSBK5XqYSmk3bVmBY'

/** What brings a refresh token: the body, or the cookie of browser mode. */
export const Refresh = Type.Object(
  {
    refresh_token: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 512,
        description: 'may be left out where the cookie of browser mode is there; it wins over the cookie',
        examples: [REFRESH_TOKEN]
      })
    )
  },
  { ...strict, examples: [{ refresh_token: REFRESH_TOKEN }] }
)

/** Another password. The rules of the new one are not here, since they have codes of their own. */
export const PasswordChange = Type.Object(
  {
    current_password: Type.String({ minLength: 1, maxLength: 1024, examples: [PASSWORD] }),
    new_password: Type.String({ examples: [NEW_PASSWORD] })
  },
  { ...strict, examples: [{ current_password: PASSWORD, new_password: NEW_PASSWORD }] }
)

/** A token that another service asks about (RFC 7662 §2.1). */
export const Introspection = Type.Object(
  {
    token: Type.String({ minLength: 1, description: 'an access token or a refresh token', examples: [REFRESH_TOKEN] }),
    token_type_hint: Type.Optional(
      Type.String({ description: 'not needed, since the two kinds cannot be mixed up', examples: ['refresh_token'] })
    )
  },
  { ...strict, examples: [{ token: REFRESH_TOKEN, token_type_hint: 'refresh_token' }] }
)

/** The id in a path. */
export const Identified = Type.Object(
  { id: Type.String({ pattern: UUID, description: 'a UUID', examples: ['0198a3c2-7f00-7000-8000-000000000001'] }) },
  strict
)

const Time = Type.String({ format: 'date-time', examples: ['2026-01-31T12:00:00.000Z'] })

const User = Type.Object(
  {
    id: Type.String({ format: 'uuid', examples: ['0198a3c2-7f00-7000-8000-000000000000'] }),
    username: Type.Union([Type.String(), Type.Null()], { examples: ['ada'] }),
    email: Type.Union([Type.String(), Type.Null()], { examples: ['ada@example.com'] }),
    email_verified: Type.Boolean({ examples: [false] }),
    created_at: Time
  },
  { $id: 'User', ...strict }
)

export type User = Static<typeof User>

const Tokens = Type.Object(
  {
    access_token: Type.String({
      description: 'a JWT signed with ES256 (RFC 9068)',
      examples: ['eyJhbGciOiJFUzI1NiIsI…']
    }),
    token_type: Type.Literal('Bearer'),
    expires_in: Type.Integer({ description: 'seconds', examples: [900] }),
    refresh_token: Type.Optional(
      Type.String({ description: 'not in browser mode, where a cookie has it', examples: [REFRESH_TOKEN] })
    )
  },
  { $id: 'Tokens', ...strict }
)

export type Tokens = Static<typeof Tokens>

const Session = Type.Object(
  {
    id: Type.String({ format: 'uuid', examples: ['0198a3c2-7f00-7000-8000-000000000000'] }),
    created_at: Time,
    last_used_at: Time,
    expires_at: Type.String({
      format: 'date-time',
      description: 'when it will be over, unless it is used before',
      examples: ['2026-03-02T12:00:00.000Z']
    }),
    user_agent: Type.Union([Type.String(), Type.Null()], { examples: ['Mozilla/5.0 (X11; Linux x86_64)…'] }),
    ip: Type.Union([Type.String(), Type.Null()], {
      description: 'where it was opened from',
      examples: ['198.51.100.7']
    }),
    current: Type.Boolean({ description: 'whether it is that of the access token' })
  },
  { $id: 'Session', ...strict }
)

export type Session = Static<typeof Session>

const TokenState = Type.Object(
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
        description: 'Bearer for an access token; a refresh token opens nothing but a new one'
      })
    ),
    username: Type.Optional(Type.String())
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
        username: 'ada'
      },
      { active: false }
    ]
  }
)

export type TokenState = Static<typeof TokenState>

const PublicKey = Type.Object(
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

const Problem = Type.Object(
  {
    statusCode: Type.Integer(),
    error: Type.String(),
    code: Type.Unsafe<Code>(Type.String({ enum: Object.keys(PROBLEMS) })),
    message: Type.String(),
    errors: Type.Optional(
      Type.Array(
        Type.Object(
          {
            path: Type.String({ description: 'the JSON pointer of the key at fault' }),
            message: Type.String(),
            rule: Type.Optional(Type.String({ enum: ['min_length', 'max_bytes', 'common', 'same_as_name', 'taken'] }))
          },
          strict
        )
      )
    )
  },
  { $id: 'Problem', description: 'The one body of every refusal.', ...strict }
)

/** The shapes that the OpenAPI document names. */
export const SHARED = [User, Tokens, Session, TokenState, PublicKey, Problem]

/** A shared shape where it is used: typed as itself, documented as a reference. */
const reference = <Shape extends TSchema>(shape: Shape, description: string) =>
  Type.Unsafe<Static<Shape>>({ $ref: `${shape.$id}#`, description })

export const UserAnswer = reference(User, 'The user.')
export const TokensAnswer = reference(Tokens, 'The tokens (RFC 6749 §5.1).')
export const SessionsAnswer = Type.Object({ sessions: Type.Array(reference(Session, 'A session.')) }, strict)
export const TokenStateAnswer = reference(TokenState, 'What the token is worth (RFC 7662 §2.2).')
export const JwksAnswer = Type.Object({ keys: Type.Array(reference(PublicKey, 'A public key.')) }, strict)

/** What any route may answer: faults of the transport, of the URL and of ours, and the end of the service. */
const ANYWHERE: Code[] = ['VALIDATION_FAILED', 'MALFORMED_REQUEST', 'INTERNAL', 'OVERLOADED']

/** What a route with a body may answer besides. */
export const BODY: Code[] = ['BODY_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE']

/** What a route behind `authenticate` may answer besides. */
export const BEARER: Code[] = ['TOKEN_MISSING', 'TOKEN_INVALID', 'TOKEN_EXPIRED']

/** An answer that has no body. */
export const NO_CONTENT = { 204: Type.Null({ description: 'Done.' }) }

/** The answer of a document to who has it. */
export const NOT_MODIFIED = { 304: Type.Null({ description: 'The document of `If-None-Match` is the current one.' }) }

const nullable = <Shape extends TSchema>(shape: Shape) => Type.Union([shape, Type.Null()])
const list = <Shape extends Parameters<typeof Type.Object>[0]>(properties: Shape) =>
  Type.Array(Type.Object(properties, strict))
const Text = Type.String()

/** All that is stored on a person. */
export const AccountExport = Type.Object(
  {
    exported_at: Time,
    user: reference(User, 'The user.'),
    limits: list({
      name: Type.String({ enum: ['username', 'email'] }),
      wrong_passwords: Type.Integer(),
      held_off_for: Type.Integer({ description: 'seconds' })
    }),
    resting_usernames: list({ username: Text, until: Time }),
    email_changes: list({ previous_email: Text, changed_at: Time, undone_at: nullable(Time) }),
    email_tokens: list({ purpose: Text, email: Text, sent_at: Time, expires_at: Time, used_at: nullable(Time) }),
    sessions: list({
      id: Text,
      created_at: Time,
      last_used_at: Time,
      ended_at: nullable(Time),
      end_reason: nullable(Text),
      user_agent: nullable(Text),
      ip: nullable(Text)
    }),
    mails: list({ kind: Text, recipient: Text, created_at: Time, attempts: Type.Integer() }),
    records: list({
      at: Time,
      actor: Text,
      action: Text,
      session: nullable(Text),
      address: nullable(Text),
      request_id: nullable(Text),
      detail: nullable(Type.Object({}, { additionalProperties: true }))
    })
  },
  { ...strict, description: 'The file.' }
)

/** What is answered to who asks for a mail, whatever comes of it. */
export const MAIL_ASKED = { message: 'If there is anything to send to this address, it is on its way.' }

/** The answer to who asks for a mail. */
export const ACCEPTED = {
  202: Type.Object(
    { message: Type.String({ examples: [MAIL_ASKED.message] }) },
    { ...strict, description: 'Accepted: the same whether there is anything to send or not.' }
  )
}

/** The statuses that MALFORMED_REQUEST has where Node or the router answers by itself. */
const TRANSPORT = [408, 417, 431]

/**
 * The refusals of a route, as its response schemas: by status, each naming the codes that it may carry.
 *
 * @param codes those beside what any route may answer
 */
export function refusals(...codes: Code[]) {
  const byStatus = new Map<number, Code[]>(TRANSPORT.map((status) => [status, ['MALFORMED_REQUEST']]))
  for (const code of [...ANYWHERE, ...codes]) {
    const { status } = PROBLEMS[code]
    byStatus.set(status, [...(byStatus.get(status) ?? []), code])
  }
  return Object.fromEntries([...byStatus].map(([status, its]) => [status, refusal(status, its)]))
}

/** What a route with a parameter in its path may answer besides: the path is too long. */
export const LONG_PATH = { 414: refusal(414, ['MALFORMED_REQUEST']) }

function refusal(status: number, codes: Code[]) {
  const [code] = codes as [Code, ...Code[]]
  const { message, ...problem }: { message: string; headers?: Record<string, string> } = PROBLEMS[code]
  const errors = code === 'VALIDATION_FAILED' && { errors: [{ path: '/password', message: 'is required' }] }
  return {
    description: codes.join(', '),
    ...(problem.headers && { headers: documented(problem.headers) }),
    content: {
      'application/json': {
        schema: reference(Problem, codes.join(', ')),
        example: { statusCode: status, error: STATUS_CODES[status], code, message, ...errors }
      }
    }
  }
}

function documented(headers: Record<string, string>) {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, { type: 'string', examples: [value] }])
  )
}
