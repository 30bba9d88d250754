import { Type } from '@sinclair/typebox'
import {
  ADA,
  CurrentPassword,
  EMAIL_TOKEN,
  Email,
  EmailToken,
  KnownEmail,
  NEW_PASSWORD,
  OwnPassword,
  PASSWORD,
  strict
} from './fields.ts'

/** The token of a mail, for a route that needs nothing else. */
export const EmailTokenBody = Type.Object({ token: EmailToken }, { ...strict, examples: [{ token: EMAIL_TOKEN }] })

/** Verification of an address: the token proves access to the mailbox, the password or a session access to the account. */
export const EmailVerification = Type.Object(
  {
    token: EmailToken,
    password: Type.Optional({
      ...CurrentPassword,
      description: 'the password of the account; optional with an access token of the account'
    })
  },
  { ...strict, examples: [{ token: EMAIL_TOKEN, password: PASSWORD }] }
)

/** Reverting a change of the address, with a new password if the account was taken over. */
export const EmailUndo = Type.Object(
  {
    token: EmailToken,
    new_password: Type.Optional(Type.String({ examples: [NEW_PASSWORD] }))
  },
  { ...strict, examples: [{ token: EMAIL_TOKEN }, { token: EMAIL_TOKEN, new_password: NEW_PASSWORD }] }
)

/** A request for a mail to an address. */
export const EmailBody = Type.Object({ email: KnownEmail }, { ...strict, examples: [{ email: ADA.email }] })

/** A change of the address. */
export const EmailChange = Type.Object(
  { new_email: Email, current_password: OwnPassword },
  { ...strict, examples: [{ new_email: 'ada.lovelace@example.com', current_password: PASSWORD }] }
)

/** The same, if the account has a password. */
export const EmailChangeByPassword = Type.Required(EmailChange, strict)
