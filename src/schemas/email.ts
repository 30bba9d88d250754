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

/** The token of a mail, for a route that asks for nothing else. */
export const EmailTokenBody = Type.Object({ token: EmailToken }, { ...strict, examples: [{ token: EMAIL_TOKEN }] })

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

/** The address that a mail is asked for. */
export const EmailBody = Type.Object({ email: KnownEmail }, { ...strict, examples: [{ email: ADA.email }] })

/** Another address. */
export const EmailChange = Type.Object(
  { new_email: Email, current_password: CurrentPassword },
  { ...strict, examples: [{ new_email: 'ada.lovelace@example.com', current_password: PASSWORD }] }
)
