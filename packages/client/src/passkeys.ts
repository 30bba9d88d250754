import { LatchkeyError } from './error.ts'
import type { Session } from './session.ts'

interface Options<PublicKey> {
  public_key: PublicKey
  /** Seconds. */
  expires_in: number
}

/** Browsers have no passkeys at an IP address, 127.0.0.1 included, although they have the interface there. */
export const hasPasskeys = (): boolean => 'PublicKeyCredential' in globalThis && !/^[\d.]+$|^\[/.test(location.hostname)

/** Registers a passkey. If the last sign-in is too old, it throws STEP_UP_REQUIRED: see `stepUp` of the session. */
export async function addPasskey(session: Session, name?: string): Promise<void> {
  const path = '/passkeys/options'
  const { public_key } = await session.request<Options<PublicKeyCredentialCreationOptionsJSON>>('POST', path, {})
  const credential = await createCredential(public_key)
  await session.request('POST', '/passkeys', { credential, ...(name && { name }) })
  await tellBrowser(session)
}

/** Signs in with a passkey that the user chooses: behind a button. */
export async function signInWithPasskey(session: Session): Promise<void> {
  // Browsers allow one request at a time.
  autofill?.abort()
  const { public_key } = await getOptions(session)
  await finish(session, await getCredential(public_key), public_key)
}

let autofill: AbortController | undefined

/**
 * Offers passkeys among the names that the browser fills in, until one is chosen. Call it once the page has its
 * `<input autocomplete="username webauthn">`.
 *
 * @returns whether it has signed in: false if the browser offers none, or `signInWithPasskey` was called meanwhile
 */
export async function offerPasskeys(session: Session): Promise<boolean> {
  if (!(await globalThis.PublicKeyCredential?.isConditionalMediationAvailable?.())) return false
  const controller = new AbortController()
  autofill = controller
  while (!controller.signal.aborted) {
    const { public_key, expires_in } = await getOptions(session)
    // The page may stay open for longer than the challenge is valid.
    const signal = AbortSignal.any([controller.signal, AbortSignal.timeout((expires_in - 10) * 1000)])
    try {
      await finish(session, await getCredential(public_key, { signal, mediation: 'conditional' }), public_key)
      return true
    } catch (error) {
      // An answer that was not accepted may be with a new challenge.
      if (!signal.aborted && !isRefused(error, 'PASSKEY_INVALID')) throw error
    }
  }
  return false
}

const isRefused = (error: unknown, code: string) => error instanceof LatchkeyError && error.code === code

const getOptions = (session: Session) =>
  session.request<Options<PublicKeyCredentialRequestOptionsJSON>>('POST', '/login/passkey/options', {})

async function finish(
  session: Session,
  credential: { id: string },
  { rpId }: PublicKeyCredentialRequestOptionsJSON
): Promise<void> {
  try {
    await session.signInWithCredential(credential)
  } catch (error) {
    // Only then: the browser deletes the passkey for good.
    if (isRefused(error, 'PASSKEY_UNKNOWN') && rpId) {
      await PublicKeyCredential.signalUnknownCredential?.({ rpId, credentialId: credential.id })
    }
    throw error
  }
}

/** Tells the browser which passkeys the account has, so that it no longer offers those that were deleted. */
export async function tellBrowser(session: Session): Promise<void> {
  const { rp_id, user_handle, passkeys } = await session.request<{
    rp_id: string
    user_handle: string
    passkeys: { credential_id: string }[]
  }>('GET', '/passkeys')
  await PublicKeyCredential.signalAllAcceptedCredentials?.({
    rpId: rp_id,
    userId: user_handle,
    allAcceptedCredentialIds: passkeys.map(({ credential_id }) => credential_id)
  })
}

/**
 * Has an authenticator make a passkey.
 *
 * @throws DOMException InvalidStateError if it has one of the account already; NotAllowedError for everything else:
 * cancelled, timed out, or not able to
 */
export async function createCredential(options: PublicKeyCredentialCreationOptionsJSON): Promise<object> {
  const { challenge, user, excludeCredentials = [], extensions: _, ...rest } = options
  const publicKey = {
    ...rest,
    challenge: toBytes(challenge),
    user: { ...user, id: toBytes(user.id) },
    excludeCredentials: excludeCredentials.map(toDescriptor)
  } as PublicKeyCredentialCreationOptions
  const credential = (await navigator.credentials.create({ publicKey })) as PublicKeyCredential
  const response = credential.response as AuthenticatorAttestationResponse
  return {
    ...describe(credential),
    response: {
      clientDataJSON: toText(response.clientDataJSON),
      attestationObject: toText(response.attestationObject),
      transports: response.getTransports()
    }
  }
}

/** Has an authenticator answer a challenge. The result is the `credential` of a proof, for `secondStep` and `stepUp`. */
export async function getCredential(
  options: PublicKeyCredentialRequestOptionsJSON,
  how: { signal?: AbortSignal; mediation?: CredentialMediationRequirement } = {}
): Promise<{ id: string }> {
  const { challenge, allowCredentials = [], extensions: _, ...rest } = options
  const publicKey = {
    ...rest,
    challenge: toBytes(challenge),
    allowCredentials: allowCredentials.map(toDescriptor)
  } as PublicKeyCredentialRequestOptions
  const credential = (await navigator.credentials.get({ publicKey, ...how })) as PublicKeyCredential
  const response = credential.response as AuthenticatorAssertionResponse
  const described = {
    ...describe(credential),
    response: {
      clientDataJSON: toText(response.clientDataJSON),
      authenticatorData: toText(response.authenticatorData),
      signature: toText(response.signature),
      userHandle: response.userHandle && toText(response.userHandle)
    }
  }
  return described
}

/** Read by hand: `toJSON()` throws where a password manager answers for the browser. */
function describe({ rawId, type }: PublicKeyCredential) {
  const id = toText(rawId)
  return { id, rawId: id, type }
}

const toDescriptor = ({ id, ...rest }: PublicKeyCredentialDescriptorJSON) => ({ ...rest, id: toBytes(id) })

/** base64url (RFC 4648 §5). */
function toBytes(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (byte) => byte.charCodeAt(0))
}

function toText(bytes: ArrayBuffer): string {
  const text = btoa(String.fromCharCode(...new Uint8Array(bytes)))
  return text.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}
