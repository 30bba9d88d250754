import { Type } from '@sinclair/typebox'
import { CurrentPassword, EMAIL_TOKEN, EmailToken, NEW_PASSWORD, PASSWORD, strict } from './fields.ts'

/** A new password, with the token of a mail. */
export const PasswordReset = Type.Object(
  {
    token: EmailToken,
    new_password: Type.String({ examples: [NEW_PASSWORD] }),
    delete_passkeys: Type.Optional(
      Type.Boolean({ description: 'delete all passkeys of the account: somebody else may have added one' })
    ),
    unlink_identities: Type.Optional(
      Type.Boolean({ description: 'unlink all accounts at other providers: somebody else may have linked one' })
    )
  },
  {
    ...strict,
    examples: [
      { token: EMAIL_TOKEN, new_password: NEW_PASSWORD },
      { token: EMAIL_TOKEN, new_password: NEW_PASSWORD, delete_passkeys: true, unlink_identities: true }
    ]
  }
)

const Checkbox = Type.Optional(Type.Literal('true'))

/** The same as a form: a checkbox sends text, or nothing. */
export const PasswordResetForm = Type.Object(
  { ...PasswordReset.properties, delete_passkeys: Checkbox, unlink_identities: Checkbox },
  { ...strict, examples: [{ token: EMAIL_TOKEN, new_password: NEW_PASSWORD }] }
)

/** A new password. The policy is not part of the schema: it has its own error code, PASSWORD_REJECTED. */
export const PasswordChange = Type.Object(
  {
    current_password: Type.Optional({
      ...CurrentPassword,
      description: 'required if the account has a password and the access token is not a fresh one of `aal2`'
    }),
    new_password: Type.String({ examples: [NEW_PASSWORD] })
  },
  { ...strict, examples: [{ current_password: PASSWORD, new_password: NEW_PASSWORD }] }
)

/** The same, if the session is not enough. */
export const PasswordChangeByPassword = Type.Required(PasswordChange, strict)
