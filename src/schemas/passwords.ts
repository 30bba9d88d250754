import { Type } from '@sinclair/typebox'
import { CurrentPassword, EMAIL_TOKEN, EmailToken, NEW_PASSWORD, PASSWORD, strict } from './fields.ts'

/** A new password, with the token of a mail. */
export const PasswordReset = Type.Object(
  {
    token: EmailToken,
    new_password: Type.String({ examples: [NEW_PASSWORD] }),
    delete_passkeys: Type.Optional(
      Type.Boolean({ description: 'delete all passkeys of the account: somebody else may have added one' })
    )
  },
  {
    ...strict,
    examples: [
      { token: EMAIL_TOKEN, new_password: NEW_PASSWORD },
      { token: EMAIL_TOKEN, new_password: NEW_PASSWORD, delete_passkeys: true }
    ]
  }
)

/** The same as a form: a checkbox sends text, or nothing. */
export const PasswordResetForm = Type.Object(
  { ...PasswordReset.properties, delete_passkeys: Type.Optional(Type.Literal('true')) },
  { ...strict, examples: [{ token: EMAIL_TOKEN, new_password: NEW_PASSWORD }] }
)

const newPassword = Type.String({ examples: [NEW_PASSWORD] })

/** A new password. The policy is not part of the schema: it has its own error code, PASSWORD_REJECTED. */
export const PasswordChange = Type.Object(
  {
    current_password: Type.Optional({
      ...CurrentPassword,
      description: 'optional with a fresh access token of `aal2`, and only then'
    }),
    new_password: newPassword
  },
  { ...strict, examples: [{ current_password: PASSWORD, new_password: NEW_PASSWORD }] }
)

/** The same for any other access token. */
export const PasswordChangeByPassword = Type.Object(
  { current_password: CurrentPassword, new_password: newPassword },
  strict
)
