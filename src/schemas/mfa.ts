import { type Static, Type } from '@sinclair/typebox'
import { nullable, reference, strict, Time } from './fields.ts'

const factors = {
  required: Type.Boolean({ description: 'whether a password alone does not sign in' }),
  totp: nullable(Type.Object({ created_at: Time }, { ...strict, description: 'the authenticator app' })),
  passkeys: Type.Integer({ examples: [2] }),
  recovery_codes: Type.Integer({ description: 'how many are left', examples: [8] })
}

const Codes = Type.Array(Type.String({ examples: ['4v7wn-q2k9d'] }), {
  description: 'recovery codes, each good once; shown only here',
  minItems: 10,
  maxItems: 10
})

/** The second factors of an account. */
export const Mfa = Type.Object({ ...factors, codes: Type.Optional(Codes) }, { $id: 'Mfa', ...strict })

export type Mfa = Static<typeof Mfa>

/** Whether a second step is required from now on. */
export const MfaChange = Type.Object(
  { required: Type.Boolean() },
  { ...strict, examples: [{ required: true }, { required: false }] }
)

/** A code of the app whose secret waits. */
export const TotpConfirmation = Type.Object(
  { totp: Type.String({ pattern: '^[0-9]{6}$', description: 'six digits', examples: ['287082'] }) },
  { ...strict, examples: [{ totp: '287082' }] }
)

/** A new secret for an authenticator app. */
export const NewTotp = Type.Object(
  {
    secret: Type.String({ description: '20 bytes in base32', examples: ['GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'] }),
    uri: Type.String({
      description: 'the same for a QR code',
      examples: ['otpauth://totp/Example:ada?issuer=Example&secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ']
    }),
    expires_in: Type.Integer({ description: 'seconds within which a code has to be shown', examples: [600] })
  },
  { $id: 'NewTotp', ...strict }
)

export type NewTotp = Static<typeof NewTotp>

/** New recovery codes. */
export const RecoveryCodes = Type.Object({ codes: Codes }, { $id: 'RecoveryCodes', ...strict })

export type RecoveryCodes = Static<typeof RecoveryCodes>

export const MfaAnswer = reference(Mfa, 'The second factors; `codes` only if recovery codes were made.')
export const NewTotpAnswer = reference(NewTotp, 'The secret, which waits for its first code.')
export const RecoveryCodesAnswer = reference(RecoveryCodes, 'The recovery codes; those before are void.')

/** Whether an account has a factor that a second step can ask for, or requires one. */
export const hasFactor = ({ required, totp, passkeys }: Pick<Mfa, 'required' | 'totp' | 'passkeys'>): boolean =>
  required || totp !== null || passkeys > 0
