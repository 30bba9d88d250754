import { Type } from '@sinclair/typebox'
import { EmailBody } from './email.ts'
import { AssertionCredential, SecondStep, StepUp } from './factors.ts'
import { CurrentPassword, Email, oneNameAtLeast, strict, Text, Username, UUID } from './fields.ts'
import { TotpConfirmation } from './mfa.ts'

/** The forms of pages send text. Those that JSON is needed for send it as JSON text, which is parsed before validation. */
const return_to = Type.Optional(Text)

/** The form of a sign-in. One field for either name. */
export const SignInForm = Type.Object(
  { name: Type.String({ minLength: 1, maxLength: 254 }), password: CurrentPassword, return_to },
  strict
)

/** The form of a second step, with the challenge that it answers, as JSON. */
export const SecondStepForm = Type.Object(
  { ...SecondStep.properties, challenge: Type.Optional(Text), return_to },
  { ...strict, oneOf: SecondStep.oneOf }
)

/** The form of a sign-in with a passkey. */
export const PasskeySignInForm = Type.Object({ credential: AssertionCredential, return_to }, strict)

/** The form that requests a mail. */
export const EmailForm = Type.Object({ ...EmailBody.properties, return_to }, strict)

/** The form of a registration. @param needsEmail whether a username is not enough */
export const SignUpForm = (needsEmail: boolean) =>
  Type.Object(
    { username: Type.Optional(Username), email: needsEmail ? Email : Type.Optional(Email), password: Text, return_to },
    needsEmail ? strict : oneNameAtLeast
  )

/** The form that ends a session of the account, or all others. */
export const SessionForm = Type.Object({ session: Type.Optional(Type.String({ pattern: UUID })) }, strict)

/** The form of a step-up: a proof, with the challenge that it answers, as JSON; or the provider that is to prove it. */
export const StepUpForm = Type.Object(
  { ...StepUp.properties, provider: Type.Optional(Text), challenge: Type.Optional(Text), return_to },
  { ...strict, oneOf: [...StepUp.oneOf, { required: ['provider'] }] }
)

/** A TOTP secret in base32. */
export const TOTP_SECRET = /^[A-Z2-7]{32}$/

/** The form with the first code of an app, and the secret that the page shows again if the code is wrong. */
export const TotpSetupForm = Type.Object(
  { ...TotpConfirmation.properties, secret: Type.String({ pattern: TOTP_SECRET.source, description: 'a secret' }) },
  strict
)

/** The form that sets whether a second step is required. */
export const RequirementForm = Type.Object(
  { required: Type.String({ pattern: '^(?:true|false)$', description: 'true or false' }) },
  strict
)

/** A form without fields of its own. */
export const EmptyForm = Type.Object({}, strict)
