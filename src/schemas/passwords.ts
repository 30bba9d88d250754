import { Type } from '@sinclair/typebox'
import { EMAIL_TOKEN, EmailToken, NEW_PASSWORD, PASSWORD, strict } from './fields.ts'

/** Another password for the token of a mail. */
export const PasswordReset = Type.Object(
  { token: EmailToken, new_password: Type.String({ examples: [NEW_PASSWORD] }) },
  { ...strict, examples: [{ token: EMAIL_TOKEN, new_password: NEW_PASSWORD }] }
)

/** Another password. The rules of the new one are not here, since they have codes of their own. */
export const PasswordChange = Type.Object(
  {
    current_password: Type.String({ minLength: 1, maxLength: 1024, examples: [PASSWORD] }),
    new_password: Type.String({ examples: [NEW_PASSWORD] })
  },
  { ...strict, examples: [{ current_password: PASSWORD, new_password: NEW_PASSWORD }] }
)
