import { type Static, Type } from '@sinclair/typebox'
import { CurrentPassword, MFA_TOKEN, PASSWORD, strict } from './fields.ts'

/** The options for `navigator.credentials.get`, as `parseRequestOptionsFromJSON` takes them (WebAuthn Level 3 §5.1.9). */
export const RequestOptions = Type.Object(
  {
    challenge: Type.String({ examples: ['AZwAAAAAd2hhdCBhIGNoYWxsZW5nZSBpcyBtYWRlIG9mOiBieXRlcyBvZiBjaGFuY2U'] }),
    timeout: Type.Optional(Type.Integer({ examples: [300000] })),
    rpId: Type.Optional(Type.String({ examples: ['auth.example.com'] })),
    allowCredentials: Type.Optional(
      Type.Array(
        Type.Object(
          { id: Type.String(), type: Type.String(), transports: Type.Optional(Type.Array(Type.String())) },
          strict
        )
      )
    ),
    userVerification: Type.Optional(Type.String())
  },
  { ...strict, description: 'the options for `navigator.credentials.get`' }
)

/** Objects that browsers and password managers write. Unknown keys are ignored: a browser may add some at any time. */
export const BROWSERS = { additionalProperties: true }

/** The answer of `navigator.credentials.get`, as far as it is read. */
export const AssertionCredential = Type.Object(
  {
    id: Type.String({ minLength: 1 }),
    rawId: Type.String({ minLength: 1 }),
    type: Type.String(),
    response: Type.Object(
      {
        clientDataJSON: Type.String(),
        authenticatorData: Type.String(),
        signature: Type.String(),
        userHandle: Type.Optional(Type.Union([Type.String(), Type.Null()]))
      },
      BROWSERS
    )
  },
  { ...BROWSERS, description: 'the answer of `navigator.credentials.get`, as JSON' }
)

export type AssertionCredential = Static<typeof AssertionCredential>

/** Each is a kind of proof. A request has exactly one. */
const factors = {
  totp: Type.Optional(
    Type.String({ pattern: '^[0-9]{6}$', description: 'the six digits of the authenticator app', examples: ['123456'] })
  ),
  recovery_code: Type.Optional(Type.String({ minLength: 1, maxLength: 64, examples: ['7k3mp-x2q9v'] })),
  credential: Type.Optional(AssertionCredential)
}

const oneOf = (...keys: string[]) => keys.map((key) => ({ required: [key] }))

/** The second step of a sign-in. */
export const SecondStep = Type.Object(
  {
    mfa_token: Type.String({
      minLength: 1,
      maxLength: 512,
      description: 'of the challenge of `/login`',
      examples: [MFA_TOKEN]
    }),
    ...factors
  },
  {
    ...strict,
    oneOf: oneOf('totp', 'recovery_code', 'credential'),
    examples: [
      { mfa_token: MFA_TOKEN, totp: '123456' },
      { mfa_token: MFA_TOKEN, recovery_code: '7k3mp-x2q9v' }
    ]
  }
)

/** A proof in a session. */
export const StepUp = Type.Object(
  { password: Type.Optional(CurrentPassword), ...factors },
  {
    ...strict,
    oneOf: oneOf('password', 'totp', 'recovery_code', 'credential'),
    examples: [{ password: PASSWORD }, { totp: '123456' }]
  }
)
