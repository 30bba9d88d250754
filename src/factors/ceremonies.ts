import { createRequire } from 'node:module'
import { setImmediate } from 'node:timers/promises'
import type {
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
  VerifiedAuthenticationResponse,
  VerifiedRegistrationResponse
} from '@simplewebauthn/server'
import type { RelyingParty } from '../config/relying-party.ts'
import type { AssertionCredential } from '../schemas/factors.ts'
import type { RegistrationCredential } from '../schemas/passkeys.ts'
import { CHALLENGE_SECONDS, type Challenge } from './challenges.ts'
import { MAX_ID_BYTES, readTransports, userHandleOf } from './credentials.ts'
import type { NewPasskey, PasskeyDescriptor, PasskeyUse, StoredPasskey } from './passkeys.ts'

export type { PublicKeyCredentialCreationOptionsJSON, PublicKeyCredentialRequestOptionsJSON }

/** EdDSA, ES256 and RS256 (RFC 9053). The library's default depends on the version of Node. */
const ALGORITHMS = [-8, -7, -257]

/** The maximum length of a public key, in bytes. An RSA key of 4,096 bits has 540; longer ones only cost time. */
const MAX_KEY_BYTES = 1024

/** The sets of root certificates that the library trusts by default, and whose revocation lists it would fetch. */
const ROOTS = ['android-key', 'android-safetynet', 'apple', 'mds'] as const

/**
 * The library has some 300 files. As CommonJS they load in half the time that they need as ES modules, of CPU and
 * clock.
 */
const require = createRequire(import.meta.url)

/** A request for a new passkey. */
export interface RegistrationRequest {
  party: RelyingParty
  /** The name of the service, which the browser shows. */
  serviceName: string
  account: { id: string; name: string }
  challenge: Buffer
  /** The passkeys of the account: an authenticator that has one of them creates no other. */
  passkeys: readonly PasskeyDescriptor[]
}

/** A request for an assertion: a signature with an existing passkey. */
export interface AssertionRequest {
  party: RelyingParty
  challenge: Buffer
  /** The accepted passkeys. By default any; the user chooses one in the browser. */
  passkeys?: readonly PasskeyDescriptor[]
}

/** The context in which an answer is verified. */
export interface VerificationContext {
  party: RelyingParty
  /** Verifies the signed challenge: see `readChallenge` of challenges.ts. */
  readChallenge: (text: string) => Challenge | undefined
}

/** A refused answer. Log the reason at debug only: it may contain client input. */
export interface Refused {
  refused: string
}

/** A verified registration. */
export interface VerifiedRegistration {
  passkey: NewPasskey
  /** To be spent by the caller, in the transaction that stores the passkey. */
  challenge: Challenge
}

/** A verified assertion. */
export interface VerifiedAssertion {
  /** For `notePasskeyUse`, which checks the counter. */
  use: PasskeyUse
  /** To be spent by the caller, in the transaction of the use. */
  challenge: Challenge
}

/** The two ceremonies of WebAuthn: registration and authentication. */
export type Ceremonies = Awaited<ReturnType<typeof loadCeremonies>>

/**
 * Loads the WebAuthn library, which blocks the event loop for 0.2 s or more: call it while the database starts. Only
 * this module uses the library. It also makes the checks that the library omits.
 */
export async function loadCeremonies() {
  // Lets the connection to the database start first, so that the two overlap.
  await setImmediate()
  const library: typeof import('@simplewebauthn/server') = require('@simplewebauthn/server')
  const helpers: typeof import('@simplewebauthn/server/helpers') = require('@simplewebauthn/server/helpers')
  for (const identifier of ROOTS) library.SettingsService.setRootCertificates({ identifier, certificates: [] })

  /**
   * Accepts only `none`, whose statement is an empty map (WebAuthn Level 3 §8.7), and self attestation: others are not
   * requested, and could not be verified.
   */
  function checkAttestation(attestationObject: string): void {
    const attestation = helpers.decodeAttestationObject(helpers.isoBase64URL.toBuffer(attestationObject))
    const fmt = attestation.get('fmt')
    const statement: unknown = attestation.get('attStmt')
    if (!(statement instanceof Map)) throw new Error('an attestation statement that is no map')
    const isNone = fmt === 'none' && statement.size === 0
    const isSelf = fmt === 'packed' && !statement.has('x5c')
    if (!isNone && !isSelf) throw new Error('attestation of another format')
  }

  /** Refuses answers from a frame in a page of another origin. */
  function checkFrame(clientDataJSON: string): void {
    const { crossOrigin = false, topOrigin } = helpers.decodeClientDataJSON(clientDataJSON)
    if (crossOrigin !== false || topOrigin !== undefined) throw new Error('made across origins')
  }

  async function registrationOptions(request: RegistrationRequest): Promise<PublicKeyCredentialCreationOptionsJSON> {
    const { party, serviceName, account, challenge, passkeys } = request
    return library.generateRegistrationOptions({
      rpName: serviceName,
      rpID: party.id,
      userID: new Uint8Array(userHandleOf(account.id)),
      userName: account.name,
      userDisplayName: account.name,
      challenge: new Uint8Array(challenge),
      timeout: CHALLENGE_SECONDS * 1000,
      attestationType: 'none',
      excludeCredentials: passkeys.map(describe),
      authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
      supportedAlgorithmIDs: ALGORITHMS
    })
  }

  async function assertionOptions(request: AssertionRequest): Promise<PublicKeyCredentialRequestOptionsJSON> {
    const { party, challenge, passkeys } = request
    return library.generateAuthenticationOptions({
      rpID: party.id,
      challenge: new Uint8Array(challenge),
      timeout: CHALLENGE_SECONDS * 1000,
      userVerification: 'required',
      ...(passkeys && { allowCredentials: passkeys.map(describe) })
    })
  }

  async function verifyRegistration(
    credential: RegistrationCredential,
    { party, readChallenge }: VerificationContext
  ): Promise<VerifiedRegistration | Refused> {
    const challenges: Challenge[] = []
    try {
      const { id, rawId, response } = credential
      const { clientDataJSON, attestationObject } = response
      checkAttestation(attestationObject)
      checkFrame(clientDataJSON)
      const transports = readTransports(response.transports)
      const verified = await library.verifyRegistrationResponse({
        response: {
          id,
          rawId,
          type: credential.type as 'public-key',
          response: { clientDataJSON, attestationObject },
          clientExtensionResults: {}
        },
        expectedChallenge: (text) => collect(challenges, readChallenge(text)),
        expectedOrigin: party.origins,
        expectedRPID: party.id,
        requireUserPresence: true,
        requireUserVerification: true,
        supportedAlgorithmIDs: ALGORITHMS
      })
      return { passkey: passkeyOf(id, verified, transports, party), challenge: challenges[0] as Challenge }
    } catch (error) {
      return refused(error)
    }
  }

  async function verifyAssertion(
    credential: AssertionCredential,
    passkey: StoredPasskey,
    { party, readChallenge }: VerificationContext
  ): Promise<VerifiedAssertion | Refused> {
    const challenges: Challenge[] = []
    try {
      const { id, rawId, response } = credential
      const { clientDataJSON, authenticatorData, signature, userHandle } = response
      checkFrame(clientDataJSON)
      if (id !== passkey.credentialId.toString('base64url')) throw new Error('another credential')
      if (userHandle !== userHandleOf(passkey.user).toString('base64url')) throw new Error('another user handle')
      const verified = await library.verifyAuthenticationResponse({
        response: {
          id,
          rawId,
          type: credential.type as 'public-key',
          response: { clientDataJSON, authenticatorData, signature },
          clientExtensionResults: {}
        },
        expectedChallenge: (text) => collect(challenges, readChallenge(text)),
        expectedOrigin: party.origins,
        expectedRPID: party.id,
        requireUserVerification: true,
        // The library would compare the counter before it verifies the signature: `notePasskeyUse` does so afterwards.
        credential: { id, publicKey: new Uint8Array(passkey.publicKey), counter: 0 }
      })
      return { use: useOf(verified, passkey), challenge: challenges[0] as Challenge }
    } catch (error) {
      return refused(error)
    }
  }

  return { registrationOptions, assertionOptions, verifyRegistration, verifyAssertion }
}

const describe = ({ credentialId, transports }: PasskeyDescriptor) => ({
  id: credentialId.toString('base64url'),
  transports
})

function collect(challenges: Challenge[], challenge: Challenge | undefined): boolean {
  return challenge !== undefined && challenges.push(challenge) > 0
}

/** The library throws for refused and for unreadable input alike. Its messages are not an API. */
const refused = (error: unknown): Refused => ({ refused: String(error) })

/** @param id the id in the answer of the browser */
function passkeyOf(
  id: string,
  { verified, registrationInfo }: VerifiedRegistrationResponse,
  transports: string[],
  party: RelyingParty
): NewPasskey {
  if (!verified) throw new Error('the attestation is not signed by the credential')
  const { credential, aaguid, credentialDeviceType, credentialBackedUp } = registrationInfo
  if (credential.id !== id) throw new Error('another credential')
  const credentialId = Buffer.from(credential.id, 'base64url')
  const { byteLength: keyBytes } = credential.publicKey
  if (credentialId.length === 0 || credentialId.length > MAX_ID_BYTES) throw new Error('a credential id of that length')
  if (keyBytes > MAX_KEY_BYTES) throw new Error('a public key of that length')
  return {
    credentialId,
    publicKey: Buffer.from(credential.publicKey),
    signCount: credential.counter,
    transports,
    rpId: party.id,
    aaguid,
    backupEligible: credentialDeviceType === 'multiDevice',
    backedUp: credentialBackedUp
  }
}

/** The backup eligibility of a passkey never changes (WebAuthn Level 3 §7.2). */
function useOf({ verified, authenticationInfo }: VerifiedAuthenticationResponse, passkey: StoredPasskey): PasskeyUse {
  if (!verified) throw new Error('the signature is wrong')
  const { newCounter, credentialDeviceType, credentialBackedUp } = authenticationInfo
  if ((credentialDeviceType === 'multiDevice') !== passkey.backupEligible) throw new Error('another backup eligibility')
  return { signCount: newCounter, backedUp: credentialBackedUp }
}
