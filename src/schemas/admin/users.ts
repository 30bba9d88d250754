import { type Static, Type } from '@sinclair/typebox'
import {
  Email,
  Id,
  list,
  Metadata,
  names,
  nullable,
  PASSWORD,
  Role,
  Roles,
  reference,
  strict,
  Text,
  Time,
  Username
} from '../fields.ts'
import { Mfa } from '../mfa.ts'
import { User } from '../users.ts'
import { Cursor, Limit, MomentText, Next } from './queries.ts'

/** The states by which accounts are listed. */
export const USER_STATES = ['active', 'disabled', 'unverified', 'invited'] as const

const account = {
  ...User.properties,
  disabled_at: nullable(Time),
  last_login_at: nullable(Time),
  roles: Type.Array(Type.String({ examples: ['editor'] })),
  has_password: Type.Boolean()
}

/** An account in a list, as operators see it. */
export const ListedUser = Type.Object(account, { $id: 'ListedUser', ...strict })

export type ListedUser = Static<typeof ListedUser>

/** An account as operators see it. */
export const AdminUser = Type.Object(
  {
    ...account,
    metadata: Metadata,
    factors: reference(Mfa, 'The second factors, without `codes`.'),
    limits: list({
      name: Type.String({ enum: ['username', 'email'] }),
      wrong_passwords: Type.Integer({ examples: [0] }),
      blocked_for: Type.Integer({ description: 'seconds', examples: [0] })
    })
  },
  { $id: 'AdminUser', ...strict }
)

export type AdminUser = Static<typeof AdminUser>

/** The filters of the list of accounts: all of those given hold. */
export const UserQuery = Type.Object(
  {
    limit: Type.Optional(Limit),
    cursor: Type.Optional(Cursor),
    search: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 254,
        // With something besides spaces, which are trimmed: nothing is the start of every name.
        pattern: '^(?=\\s*\\S)[^\\u0000-\\u001f\\u007f]+$',
        description: 'text without control characters: the start of a username or an email address, in any letter case',
        examples: ['ad']
      })
    ),
    username: Type.Optional(exactName('a username')),
    email: Type.Optional(exactName('an email address')),
    role: Type.Optional(Role),
    state: Type.Optional(
      Type.Unsafe<(typeof USER_STATES)[number]>(Type.String({ enum: USER_STATES, examples: ['active'] }))
    ),
    created_after: Type.Optional(MomentText),
    created_before: Type.Optional(MomentText)
  },
  strict
)

export type UserQuery = Static<typeof UserQuery>

function exactName(what: string) {
  return Type.String({
    minLength: 1,
    maxLength: 254,
    pattern: '^[^\\u0000-\\u001f\\u007f]+$',
    description: `${what} without control characters, in any letter case`
  })
}

export const UsersAnswer = Type.Object(
  { users: Type.Array(reference(ListedUser, 'An account.')), next: Next },
  { ...strict, description: 'The accounts, the newest first.' }
)

export const AdminUserAnswer = reference(AdminUser, 'The account.')

const optional = {
  email_verified: Type.Optional(Type.Boolean()),
  roles: Type.Optional(Roles)
}

/** A new account. */
export const UserCreation = Type.Object(
  {
    id: Type.Optional(Id),
    ...names,
    ...optional,
    password: Type.Optional(
      Type.String({ description: 'without one, nobody signs in by password', examples: [PASSWORD] })
    ),
    metadata: Type.Optional(Metadata),
    invite: Type.Optional(Type.Boolean({ description: 'send an invitation: needs `email`, and no `password`' }))
  },
  {
    ...strict,
    anyOf: [{ required: ['username'] }, { required: ['email'] }],
    examples: [
      { username: 'grace', email: 'grace@example.com', roles: ['editor'], metadata: { plan: 'pro' }, invite: true },
      { username: 'grace', password: PASSWORD }
    ]
  }
)

export type UserCreation = Static<typeof UserCreation>

/** A change of an account: at least one of its fields. */
export const UserPatch = Type.Object(
  {
    username: Type.Optional(nullable(Username)),
    email: Type.Optional(nullable(Email)),
    ...optional,
    disabled: Type.Optional(Type.Boolean()),
    metadata: Type.Optional({ ...Metadata, description: 'a merge patch (RFC 7396): null removes a key' })
  },
  { ...strict, minProperties: 1, examples: [{ disabled: true }, { metadata: { plan: null }, email_verified: true }] }
)

export type UserPatch = Static<typeof UserPatch>

/** A new password of an account. */
export const PasswordSetting = Type.Object(
  {
    new_password: Type.String({ examples: [PASSWORD] }),
    keep_sessions: Type.Optional(Type.Boolean())
  },
  { ...strict, examples: [{ new_password: PASSWORD }] }
)

/** The mails that an operator sends. */
export const OPERATOR_MAILS = ['invitation', 'verify_email', 'reset_password'] as const

export const MailSending = Type.Object(
  { kind: Type.Unsafe<(typeof OPERATOR_MAILS)[number]>(Type.String({ enum: OPERATOR_MAILS })) },
  { ...strict, examples: [{ kind: 'reset_password' }] }
)

/** The sessions of an account, as operators see them. */
export const UserSessionsAnswer = Type.Object(
  {
    sessions: list({
      id: Text,
      created_at: Time,
      last_used_at: Time,
      expires_at: Time,
      user_agent: nullable(Text),
      ip: nullable(Text),
      ended_at: nullable(Time),
      end_reason: nullable(Text)
    })
  },
  { ...strict, description: 'The sessions, active ones first; 1,000 at most.' }
)
