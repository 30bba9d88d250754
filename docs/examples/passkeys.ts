/** Passkeys in a browser. */
import { call, keep, Refused, type Tokens } from './latchkey.ts'

interface Options<PublicKey> {
  public_key: PublicKey
  /** Seconds. */
  expires_in: number
}

/** Browsers have no passkeys at an IP address, 127.0.0.1 included, although they have the interface there. */
export const hasPasskeys = () => 'PublicKeyCredential' in window && !/^[\d.]+$|^\[/.test(location.hostname)

/** Registers a passkey. It needs a fresh sign-in: see `fresh`. */
export async function addPasskey(name?: string): Promise<void> {
  const { public_key } = await call<Options<PublicKeyCredentialCreationOptionsJSON>>('POST', '/passkeys/options', {})
  const credential = await createCredential(public_key)
  await call('POST', '/passkeys', { credential, ...(name && { name }) })
  await tellBrowser()
}

/** Signs in with a passkey that the user chooses: behind a button. */
export async function signInWithPasskey(): Promise<void> {
  // Browsers allow one request at a time.
  autofill?.abort()
  const { public_key } = await options()
  await finish(await useCredential(public_key), public_key)
}

let autofill: AbortController | undefined

/**
 * Offers passkeys among the names that the browser fills in, until one is chosen: once the page is there, which has an
 * `<input autocomplete="username webauthn">`.
 *
 * @returns whether somebody has signed in; not where the browser offers none, or `signInWithPasskey` came first
 */
export async function offerPasskeys(): Promise<boolean> {
  if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) return false
  const controller = new AbortController()
  autofill = controller
  while (!controller.signal.aborted) {
    const { public_key, expires_in } = await options()
    // The page may stay open for longer than the challenge is good.
    const expired = AbortSignal.timeout((expires_in - 10) * 1000)
    const signal = AbortSignal.any([controller.signal, expired])
    try {
      await finish(await useCredential(public_key, { signal, mediation: 'conditional' }), public_key)
      return true
    } catch (error) {
      if (!signal.aborted && !isStale(error)) throw error
    }
  }
  return false
}

/** An answer that was not accepted: with a new challenge the next one may be. */
const isStale = (error: unknown) => error instanceof Refused && error.code === 'PASSKEY_INVALID'

const options = () => call<Options<PublicKeyCredentialRequestOptionsJSON>>('POST', '/login/passkey/options', {})

async function finish(credential: { id: string }, { rpId }: PublicKeyCredentialRequestOptionsJSON): Promise<void> {
  try {
    keep(await call<Tokens>('POST', '/login/passkey', { credential, cookie: true }))
  } catch (error) {
    // Only then: the browser deletes the passkey for good.
    if (error instanceof Refused && error.code === 'PASSKEY_UNKNOWN' && rpId) {
      await PublicKeyCredential.signalUnknownCredential?.({ rpId, credentialId: credential.id })
    }
    throw error
  }
}

/** Tells the browser which passkeys there are, so that it no longer offers those that were deleted. */
export async function tellBrowser(): Promise<void> {
  const { rp_id, user_handle, passkeys } = await call<{
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

/** Has an authenticator answer a challenge: of a sign-in, a second step (`secondStep`) or a proof (`fresh`). */
export async function useCredential(
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
  return {
    ...describe(credential),
    response: {
      clientDataJSON: toText(response.clientDataJSON),
      authenticatorData: toText(response.authenticatorData),
      signature: toText(response.signature),
      userHandle: response.userHandle && toText(response.userHandle)
    }
  } as { id: string }
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
