import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign
} from 'node:crypto'

/** What CBOR is made of here (RFC 8949). */
export type Cbor = number | string | Buffer | Cbor[] | Map<number | string, Cbor> | { raw: Buffer }

/** Encodes as authenticators do: the shortest form, definite lengths. */
export function cbor(value: Cbor): Buffer {
  if (typeof value === 'number') return value < 0 ? head(1, -1 - value) : head(0, value)
  if (typeof value === 'string') return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)])
  if (Buffer.isBuffer(value)) return Buffer.concat([head(2, value.length), value])
  if (Array.isArray(value)) return Buffer.concat([head(4, value.length), ...value.map(cbor)])
  if ('raw' in value) return value.raw
  return Buffer.concat([head(5, value.size), ...[...value].flat().map((each) => cbor(each as Cbor))])
}

function head(major: number, argument: number): Buffer {
  if (argument < 24) return Buffer.from([(major << 5) | argument])
  if (argument < 256) return Buffer.from([(major << 5) | 24, argument])
  return Buffer.from([(major << 5) | 25, argument >> 8, argument & 0xff])
}

export type Algorithm = 'EdDSA' | 'ES256' | 'RS256'

/** The bits of authenticator data (WebAuthn Level 3 §6.1). */
const [UP, UV, BE, BS, AT, ED] = [0x01, 0x04, 0x08, 0x10, 0x40, 0x80]

interface Kind {
  algorithm?: Algorithm
  /** Whether its passkeys are synced: the flags BE and BS. */
  synced?: boolean
  aaguid?: string
  /** The bytes of the credential id. */
  credentialId?: Buffer
}

/** What an attacker, or a broken authenticator or browser, could change in an answer. */
export interface Changes {
  type?: string
  challenge?: string
  origin?: string
  crossOrigin?: unknown
  topOrigin?: unknown
  rpId?: string
  userPresent?: boolean
  userVerified?: boolean
  backupEligible?: boolean
  backedUp?: boolean
  counter?: number
  /** Replaces the whole of the client data. */
  clientData?: string
  /** Changes the authenticator data before it is signed. */
  authData?: (bytes: Buffer) => Buffer
  /** Changes the signature. */
  signature?: (bytes: Buffer) => Buffer
  userHandle?: string | null | undefined
  credentialType?: string
  rawId?: string
  /** The COSE algorithm that the key says it is for. */
  alg?: number
  fmt?: string
  attStmt?: Cbor
  /** Replaces the whole attestation object. */
  attestationObject?: Buffer
  transports?: unknown
}

interface Options {
  challenge: string
}

interface CreationOptions extends Options {
  rp: { id?: string | undefined }
  user: { id: string }
}

interface RequestOptions extends Options {
  rpId?: string | undefined
}

const sha256 = (bytes: Buffer | string) => createHash('sha256').update(bytes).digest()

/**
 * An authenticator in software, with one passkey, and the browser before it: it answers the options of a ceremony as both
 * together would.
 *
 * @param origin that of the page
 */
export function createAuthenticator(origin: string, kind: Kind = {}) {
  const {
    algorithm = 'ES256',
    synced = false,
    aaguid = '00000000-0000-0000-0000-000000000000',
    credentialId = randomBytes(32)
  } = kind
  const { publicKey, privateKey } = keyPair(algorithm)
  const id = credentialId.toString('base64url')
  let counter = 0
  let userHandle = ''

  function clientDataOf(type: string, challenge: string, changes: Changes): Buffer {
    const { crossOrigin = false, topOrigin } = changes
    const data = {
      type: changes.type ?? type,
      challenge: changes.challenge ?? challenge,
      origin: changes.origin ?? origin,
      crossOrigin,
      ...(topOrigin !== undefined && { topOrigin })
    }
    return Buffer.from(changes.clientData ?? JSON.stringify(data))
  }

  function authDataOf(rpId: string, attested: Buffer, changes: Changes): Buffer {
    counter += synced ? 0 : 1
    const { userPresent = true, userVerified = true, backupEligible = synced, backedUp = synced } = changes
    const flags = [
      userPresent && UP,
      userVerified && UV,
      backupEligible && BE,
      backedUp && BS,
      attested.length > 0 && AT
    ].reduce<number>((bits, flag) => bits | Number(flag), 0)
    const count = Buffer.alloc(4)
    count.writeUInt32BE(changes.counter ?? counter)
    const bytes = Buffer.concat([sha256(changes.rpId ?? rpId), Buffer.from([flags]), count, attested])
    return changes.authData?.(bytes) ?? bytes
  }

  function signatureOf(authData: Buffer, clientData: Buffer, { signature }: Changes): Buffer {
    const bytes = sign(
      algorithm === 'EdDSA' ? null : 'sha256',
      Buffer.concat([authData, sha256(clientData)]),
      privateKey
    )
    return signature?.(bytes) ?? bytes
  }

  /** Answers `navigator.credentials.create`. */
  function create(options: CreationOptions, changes: Changes = {}) {
    userHandle = options.user.id
    const length = Buffer.alloc(2)
    length.writeUInt16BE(credentialId.length)
    const attested = Buffer.concat([
      Buffer.from(aaguid.replaceAll('-', ''), 'hex'),
      length,
      credentialId,
      cbor(coseKey(publicKey, algorithm, changes.alg))
    ])
    const clientData = clientDataOf('webauthn.create', options.challenge, changes)
    const authData = authDataOf(String(options.rp.id), attested, changes)
    const { fmt = 'none' } = changes
    const selfSigned = () =>
      new Map<string, Cbor>([
        ['alg', ALGORITHMS[algorithm]],
        ['sig', signatureOf(authData, clientData, changes)]
      ])
    const attStmt = changes.attStmt ?? (fmt === 'none' ? new Map() : selfSigned())
    const object = new Map<string, Cbor>([
      ['fmt', fmt],
      ['attStmt', attStmt],
      ['authData', authData]
    ])
    return {
      id,
      rawId: changes.rawId ?? id,
      type: changes.credentialType ?? 'public-key',
      authenticatorAttachment: 'platform',
      clientExtensionResults: { credProps: { rk: true } },
      response: {
        clientDataJSON: clientData.toString('base64url'),
        attestationObject: (changes.attestationObject ?? cbor(object)).toString('base64url'),
        transports: ('transports' in changes ? changes.transports : ['internal']) as string[]
      }
    }
  }

  /** Answers `navigator.credentials.get`. */
  function get(options: RequestOptions, changes: Changes = {}) {
    const clientData = clientDataOf('webauthn.get', options.challenge, changes)
    const authData = authDataOf(String(options.rpId), Buffer.alloc(0), changes)
    return {
      id,
      rawId: changes.rawId ?? id,
      type: changes.credentialType ?? 'public-key',
      authenticatorAttachment: 'platform',
      clientExtensionResults: {},
      response: {
        clientDataJSON: clientData.toString('base64url'),
        authenticatorData: authData.toString('base64url'),
        signature: signatureOf(authData, clientData, changes).toString('base64url'),
        userHandle: ('userHandle' in changes ? changes.userHandle : userHandle) as string | null
      }
    }
  }

  return { id, credentialId, create, get }
}

/** Authenticator data with extension data behind it. */
export function withExtensions(bytes: Buffer, extensions: Cbor): Buffer {
  const changed = Buffer.concat([bytes, cbor(extensions)])
  changed.writeUInt8(changed.readUInt8(32) | ED, 32)
  return changed
}

const ALGORITHMS: Record<Algorithm, number> = { EdDSA: -8, ES256: -7, RS256: -257 }

/**
 * Generated keys are read again: in Node 20, garbage collection during the export of a generated key as a JWK waits for a
 * lock that the export holds, forever.
 */
function keyPair(algorithm: Algorithm): { publicKey: KeyObject; privateKey: KeyObject } {
  if (algorithm === 'EdDSA')
    return read(generateKeyPairSync('ed25519', { publicKeyEncoding: SPKI, privateKeyEncoding: PKCS8 }))
  if (algorithm === 'ES256')
    return read(generateKeyPairSync('ec', { namedCurve: 'P-256', publicKeyEncoding: SPKI, privateKeyEncoding: PKCS8 }))
  return read(generateKeyPairSync('rsa', { modulusLength: 2048, publicKeyEncoding: SPKI, privateKeyEncoding: PKCS8 }))
}

const SPKI = { format: 'der', type: 'spki' } as const
const PKCS8 = { format: 'der', type: 'pkcs8' } as const

const read = ({ publicKey, privateKey }: { publicKey: Buffer; privateKey: Buffer }) => ({
  publicKey: createPublicKey({ key: publicKey, ...SPKI }),
  privateKey: createPrivateKey({ key: privateKey, ...PKCS8 })
})

/** A public key as authenticators write it (RFC 9052 §7, RFC 8230 §4). */
function coseKey(key: KeyObject, algorithm: Algorithm, alg = ALGORITHMS[algorithm]): Map<number, Cbor> {
  const jwk = key.export({ format: 'jwk' })
  const bytes = (text: string | undefined) => Buffer.from(String(text), 'base64url')
  const parameters: Record<Algorithm, [number, Cbor][]> = {
    EdDSA: [
      [1, 1],
      [3, alg],
      [-1, 6],
      [-2, bytes(jwk.x)]
    ],
    ES256: [
      [1, 2],
      [3, alg],
      [-1, 1],
      [-2, bytes(jwk.x)],
      [-3, bytes(jwk.y)]
    ],
    RS256: [
      [1, 3],
      [3, alg],
      [-1, bytes(jwk.n)],
      [-2, bytes(jwk.e)]
    ]
  }
  return new Map(parameters[algorithm])
}
