import { type Static, Type } from '@sinclair/typebox'
import {
  ADA,
  EMAIL_TOKEN,
  Email,
  EmailToken,
  list,
  names,
  nullable,
  OwnPassword,
  oneNameAtLeast,
  PASSWORD,
  reference,
  strict,
  Text,
  Time,
  Username
} from './fields.ts'

/** The names of a new account. */
export const NewNames = Type.Object(names, oneNameAtLeast)

/** The names given for a user: at least one. */
export type Names = Static<typeof NewNames>

/** A registration. The password policy is not part of the schema: it has its own error code, PASSWORD_REJECTED. */
export const Registration = Type.Object(
  { ...names, password: Type.String({ examples: [PASSWORD] }) },
  { ...oneNameAtLeast, examples: [{ ...ADA, password: PASSWORD }] }
)

/** The start of a registration with HIDE_ACCOUNTS. */
export const HiddenRegistration = Type.Object({ email: Email }, { ...strict, examples: [{ email: ADA.email }] })

/** A registration with REQUIRE_VERIFIED_EMAIL. */
export const RegistrationWithEmail = Type.Object(
  { ...names, email: Email, password: Type.String({ examples: [PASSWORD] }) },
  { ...strict, examples: [{ ...ADA, password: PASSWORD }] }
)

/** The end of a registration with HIDE_ACCOUNTS, with the token of a mail. */
export const RegistrationEnd = Type.Object(
  {
    token: EmailToken,
    username: Type.Optional(Username),
    password: Type.String({ examples: [PASSWORD] })
  },
  { ...strict, examples: [{ token: EMAIL_TOKEN, username: ADA.username, password: PASSWORD }] }
)

/** A change of the username. */
export const UserChange = Type.Object({ username: Username }, { ...strict, examples: [{ username: 'ada.lovelace' }] })

/** The deletion of an account by its owner. */
export const AccountDeletion = Type.Object(
  { current_password: OwnPassword },
  { ...strict, examples: [{ current_password: PASSWORD }] }
)

/** The same, if the account has a password. */
export const AccountDeletionByPassword = Type.Required(AccountDeletion, strict)

/** An account as its owner sees it. */
export const User = Type.Object(
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

/** The names of an account: at least one is not null. */
export type AccountNames = Pick<User, 'username' | 'email'>

export const UserAnswer = reference(User, 'The user.')

/** All personal data of an account. */
export const AccountExport = Type.Object(
  {
    exported_at: Time,
    user: reference(User, 'The user.'),
    locale: nullable(Text),
    roles: Type.Array(Text),
    metadata: Type.Object({}, { additionalProperties: true }),
    last_login_at: nullable(Time),
    limits: list({
      name: Type.String({ enum: ['username', 'email'] }),
      wrong_passwords: Type.Integer(),
      blocked_for: Type.Integer({ description: 'seconds' })
    }),
    resting_usernames: list({ username: Text, until: Time }),
    email_changes: list({
      previous_email: Text,
      asked_at: nullable(Time),
      changed_at: Time,
      undone_at: nullable(Time)
    }),
    email_tokens: list({ purpose: Text, email: Text, sent_at: Time, expires_at: Time, used_at: nullable(Time) }),
    mfa: Type.Object({ required: Type.Boolean(), totp: nullable(Type.Object({ created_at: Time }, strict)) }, strict),
    recovery_codes: list({ made_at: Time, used_at: nullable(Time) }),
    passkeys: list({
      id: Text,
      credential_id: Text,
      name: Text,
      created_at: Time,
      last_used_at: nullable(Time),
      backup_eligible: Type.Boolean(),
      backed_up: Type.Boolean(),
      transports: Type.Array(Text),
      rp_id: Text
    }),
    identities: list({
      id: Text,
      provider: Text,
      issuer: Text,
      subject: Text,
      email: nullable(Text),
      linked_at: Time,
      last_used_at: nullable(Time)
    }),
    login_steps: list({ created_at: Time, expires_at: Time, used_at: nullable(Time), attempts: Type.Integer() }),
    service_keys: list({ id: Text, name: Text, created_at: Time }),
    sessions: list({
      id: Text,
      created_at: Time,
      last_used_at: Time,
      ended_at: nullable(Time),
      end_reason: nullable(Text),
      user_agent: nullable(Text),
      ip: nullable(Text),
      authenticated_at: Time,
      amr: Type.Array(Text)
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
