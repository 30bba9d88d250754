import { type Static, Type } from '@sinclair/typebox'
import { AssertionCredential, BROWSERS, RequestOptions } from './factors.ts'
import { nullable, reference, strict, Text, Time } from './fields.ts'

/** An id of the examples. */
const CREDENTIAL_ID = 'ueG0V3CqZgNN1cY2rCW7Eg'

/** The answer of `navigator.credentials.create`, as far as it is read. */
export const RegistrationCredential = Type.Object(
  {
    id: Type.String({ minLength: 1 }),
    rawId: Type.String({ minLength: 1 }),
    type: Type.String(),
    response: Type.Object(
      { clientDataJSON: Text, attestationObject: Text, transports: Type.Optional(Type.Array(Text)) },
      BROWSERS
    )
  },
  { ...BROWSERS, description: 'the answer of `navigator.credentials.create`, as JSON' }
)

export type RegistrationCredential = Static<typeof RegistrationCredential>

export const PasskeyName = Type.String({
  minLength: 1,
  maxLength: 64,
  pattern: '^\\P{Cc}*$',
  description: 'text without control characters',
  examples: ['My phone']
})

/** A passkey to be registered. */
export const PasskeyRegistration = Type.Object(
  { credential: RegistrationCredential, name: Type.Optional(PasskeyName) },
  {
    ...strict,
    examples: [
      {
        credential: {
          id: CREDENTIAL_ID,
          rawId: CREDENTIAL_ID,
          type: 'public-key',
          response: {
            clientDataJSON: 'eyJ0eXBlIjoid2ViYXV0aG4uY3JlYXRlIiwiY2hhbGxlbmdlIjoi…',
            attestationObject: 'o2NmbXRkbm9uZWdhdHRTdG10oGhhdXRoRGF0YVi…',
            transports: ['internal', 'hybrid']
          }
        },
        name: 'My phone'
      }
    ]
  }
)

export const PasskeyChange = Type.Object({ name: PasskeyName }, { ...strict, examples: [{ name: 'My phone' }] })

/** A sign-in with a passkey. */
export const PasskeyLogin = Type.Object(
  {
    credential: AssertionCredential,
    cookie: Type.Optional(
      Type.Boolean({ description: 'return the refresh token as a cookie, for a frontend on the same site' })
    )
  },
  {
    ...strict,
    examples: [
      {
        credential: {
          id: CREDENTIAL_ID,
          rawId: CREDENTIAL_ID,
          type: 'public-key',
          response: {
            clientDataJSON: 'eyJ0eXBlIjoid2ViYXV0aG4uZ2V0IiwiY2hhbGxlbmdlIjoi…',
            authenticatorData: 'SZYN5YgOjGh0NBcPZHZgW4_krrmihjLHmVzzuoMdl2MdAAAAAQ',
            signature: 'MEUCIQDv…',
            userHandle: 'AZijwn8AcACAAAAAAAAAAA'
          }
        }
      }
    ]
  }
)

export const Passkey = Type.Object(
  {
    id: Type.String({ format: 'uuid', examples: ['0198a3c2-7f00-7000-8000-000000000002'] }),
    credential_id: Type.String({ description: 'base64url', examples: [CREDENTIAL_ID] }),
    name: Type.String({ examples: ['My phone'] }),
    created_at: Time,
    last_used_at: nullable(Time),
    backup_eligible: Type.Boolean({ description: 'whether it may be synced', examples: [true] }),
    backed_up: Type.Boolean({ description: 'whether it was synced at its last use', examples: [true] })
  },
  { $id: 'Passkey', ...strict }
)

export type Passkey = Static<typeof Passkey>

export const PasskeyAnswer = reference(Passkey, 'The passkey.')

export const PasskeysAnswer = Type.Object(
  {
    rp_id: Type.String({ description: 'the RP ID of the service', examples: ['auth.example.com'] }),
    user_handle: Type.String({
      description: 'what authenticators know the account by, in base64url',
      examples: ['AZijwn8AcACAAAAAAAAAAA']
    }),
    passkeys: Type.Array(reference(Passkey, 'A passkey.'))
  },
  { ...strict, description: 'All passkeys of the account, as `signalAllAcceptedCredentials` takes them.' }
)

const expires_in = Type.Integer({ description: 'seconds', examples: [300] })
const CHALLENGE = 'AZwAAAAAd2hhdCBhIGNoYWxsZW5nZSBpcyBtYWRlIG9mOiBieXRlcyBvZiBjaGFuY2U'

/** The options of a new passkey. */
export const CreationOptionsAnswer = Type.Object(
  {
    public_key: Type.Unsafe<object>({
      type: 'object',
      additionalProperties: true,
      description: 'the options for `navigator.credentials.create`, as `parseCreationOptionsFromJSON` takes them',
      examples: [
        {
          rp: { name: 'Example', id: 'auth.example.com' },
          user: { id: 'AZijwn8AcACAAAAAAAAAAA', name: 'ada', displayName: 'ada' },
          challenge: CHALLENGE,
          pubKeyCredParams: [{ type: 'public-key', alg: -8 }],
          timeout: 300000,
          excludeCredentials: [],
          authenticatorSelection: { residentKey: 'required', requireResidentKey: true, userVerification: 'required' },
          attestation: 'none'
        }
      ]
    }),
    expires_in
  },
  strict
)

/** The options of a sign-in with any passkey. */
export const RequestOptionsAnswer = Type.Object({ public_key: RequestOptions, expires_in }, strict)

/** A passkey as it is stored, to that of the API. */
export function toPasskey(stored: StoredTimes & Omit<Passkey, keyof StoredTimes>): Passkey {
  const { id, credential_id, name, created_at, last_used_at, backup_eligible, backed_up } = stored
  return {
    id,
    credential_id,
    name,
    created_at: created_at.toISOString(),
    last_used_at: last_used_at?.toISOString() ?? null,
    backup_eligible,
    backed_up
  }
}

interface StoredTimes {
  created_at: Date
  last_used_at: Date | null
}
