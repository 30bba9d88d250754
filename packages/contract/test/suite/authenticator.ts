import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign
} from 'node:crypto'

export type Cbor = number | string | Buffer | [Cbor, Cbor][]

/** CBOR in the shortest form with definite lengths (RFC 8949 §4.2), of what authenticators send. A list is a map. */
export function cbor(value: Cbor): Buffer {
  if (typeof value === 'number') return value < 0 ? head(1, -1 - value) : head(0, value)
  if (typeof value === 'string') return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)])
  if (Buffer.isBuffer(value)) return Buffer.concat([head(2, value.length), value])
  return Buffer.concat([head(5, value.length), ...value.flat().map((each) => cbor(each as Cbor))])
}

function head(major: number, argument: number): Buffer {
  if (argument < 24) return Buffer.from([(major << 5) | argument])
  if (argument < 256) return Buffer.from([(major << 5) | 24, argument])
  return Buffer.from([(major << 5) | 25, argument >> 8, argument & 0xff])
}

export type Algorithm = 'EdDSA' | 'ES256' | 'RS256' | 'ES384'

const ALGORITHMS: Record<Algorithm, number> = { EdDSA: -8, ES256: -7, RS256: -257, ES384: -35 }

/** Flags of authenticator data (WebAuthn Level 3 §6.1). */
export const FLAGS = { present: 0x01, verified: 0x04, backupEligible: 0x08, backedUp: 0x10, attested: 0x40 }

export interface Kind {
  algorithm?: Algorithm
  /** Its passkeys are backed up, and count nothing. */
  synced?: boolean
  aaguid?: string
  credentialId?: Buffer
}

/** Deviations from an honest answer. */
export interface Changes {
  /** Members of the client data; one that is undefined is left out. */
  clientData?: Record<string, unknown>
  /** Replaces the client data. */
  clientDataJSON?: string
  rpId?: string
  /** Replaces the flags, but for that of attested data. */
  flags?: number
  counter?: number
  /** Changes the bytes of the signature. */
  signature?: (bytes: Buffer) => Buffer
  fmt?: string
  attStmt?: [Cbor, Cbor][]
  attestationObject?: Buffer
  /** Members of the credential and of its response; one that is undefined is left out. */
  credential?: Record<string, unknown>
  response?: Record<string, unknown>
}

const sha256 = (bytes: Buffer | string) => createHash('sha256').update(bytes).digest()

/** Without the members that are undefined. */
const defined = (members: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined))

/** An authenticator with one passkey, together with a browser that shows a page of this origin. */
export function createAuthenticator(origin: string, kind: Kind = {}) {
  const { algorithm = 'ES256', synced = false, credentialId = randomBytes(32) } = kind
  const aaguid = Buffer.from((kind.aaguid ?? '00000000-0000-0000-0000-000000000000').replaceAll('-', ''), 'hex')
  const { publicKey, privateKey } = keyPair(algorithm)
  const id = credentialId.toString('base64url')
  let counter = 0
  let userHandle: string | undefined

  function clientDataOf(type: string, challenge: string, { clientData, clientDataJSON }: Changes): Buffer {
    return Buffer.from(
      clientDataJSON ?? JSON.stringify(defined({ type, challenge, origin, crossOrigin: false, ...clientData }))
    )
  }

  function authenticatorData(rpId: string, attested: Buffer, changes: Changes): Buffer {
    if (!synced) counter += 1
    const backup = synced ? FLAGS.backupEligible | FLAGS.backedUp : 0
    const flags = changes.flags ?? FLAGS.present | FLAGS.verified | backup
    const rest = Buffer.alloc(5)
    rest.writeUInt8(attested.length > 0 ? flags | FLAGS.attested : flags)
    rest.writeUInt32BE(changes.counter ?? counter, 1)
    return Buffer.concat([sha256(changes.rpId ?? rpId), rest, attested])
  }

  function signatureOf(data: Buffer, clientData: Buffer, { signature }: Changes): Buffer {
    const hash = algorithm === 'EdDSA' ? null : algorithm === 'ES384' ? 'sha384' : 'sha256'
    const bytes = sign(hash, Buffer.concat([data, sha256(clientData)]), privateKey)
    return signature?.(bytes) ?? bytes
  }

  const credentialOf = (response: Record<string, unknown>, changes: Changes) =>
    defined({
      id,
      rawId: id,
      type: 'public-key',
      authenticatorAttachment: 'platform',
      clientExtensionResults: {},
      response: defined({ ...response, ...changes.response }),
      ...changes.credential
    })

  return {
    id,
    /** Answers the options of a registration. */
    // biome-ignore lint/suspicious/noExplicitAny: the options of the service, which a test compares elsewhere
    create(options: any, changes: Changes = {}) {
      userHandle = options.user.id
      const length = Buffer.alloc(2)
      length.writeUInt16BE(credentialId.length)
      const attested = Buffer.concat([aaguid, length, credentialId, cbor(coseKey(publicKey, algorithm))])
      const data = authenticatorData(options.rp.id, attested, changes)
      const object = cbor([
        ['fmt', changes.fmt ?? 'none'],
        ['attStmt', changes.attStmt ?? []],
        ['authData', data]
      ])
      const response = {
        clientDataJSON: clientDataOf('webauthn.create', options.challenge, changes).toString('base64url'),
        attestationObject: (changes.attestationObject ?? object).toString('base64url'),
        transports: ['internal']
      }
      return credentialOf(response, changes)
    },
    /** Answers the options of a sign-in. */
    // biome-ignore lint/suspicious/noExplicitAny: as above
    get(options: any, changes: Changes = {}) {
      const clientData = clientDataOf('webauthn.get', options.challenge, changes)
      const data = authenticatorData(options.rpId, Buffer.alloc(0), changes)
      const response = {
        clientDataJSON: clientData.toString('base64url'),
        authenticatorData: data.toString('base64url'),
        signature: signatureOf(data, clientData, changes).toString('base64url'),
        userHandle
      }
      return credentialOf(response, changes)
    }
  }
}

export type Authenticator = ReturnType<typeof createAuthenticator>

/**
 * Generated keys are read again: in Node 20, garbage collection during the export of a generated key as a JWK waits for a
 * lock that the export holds, forever.
 */
function keyPair(algorithm: Algorithm): { publicKey: KeyObject; privateKey: KeyObject } {
  if (algorithm === 'EdDSA')
    return read(generateKeyPairSync('ed25519', { publicKeyEncoding: SPKI, privateKeyEncoding: PKCS8 }))
  if (algorithm === 'RS256')
    return read(generateKeyPairSync('rsa', { modulusLength: 2048, publicKeyEncoding: SPKI, privateKeyEncoding: PKCS8 }))
  return read(
    generateKeyPairSync('ec', {
      namedCurve: algorithm === 'ES256' ? 'P-256' : 'P-384',
      publicKeyEncoding: SPKI,
      privateKeyEncoding: PKCS8
    })
  )
}

const SPKI = { format: 'der', type: 'spki' } as const
const PKCS8 = { format: 'der', type: 'pkcs8' } as const

const read = ({ publicKey, privateKey }: { publicKey: Buffer; privateKey: Buffer }) => ({
  publicKey: createPublicKey({ key: publicKey, ...SPKI }),
  privateKey: createPrivateKey({ key: privateKey, ...PKCS8 })
})

/** A public key in the form of RFC 9052 §7 and RFC 8230 §4. */
function coseKey(key: KeyObject, algorithm: Algorithm): [Cbor, Cbor][] {
  const { x, y, n, e } = key.export({ format: 'jwk' })
  const bytes = (text: string | undefined) => Buffer.from(String(text), 'base64url')
  const start = (type: number): [Cbor, Cbor][] => [
    [1, type],
    [3, ALGORITHMS[algorithm]]
  ]
  if (algorithm === 'EdDSA') return [...start(1), [-1, 6], [-2, bytes(x)]]
  if (algorithm === 'RS256') return [...start(3), [-1, bytes(n)], [-2, bytes(e)]]
  return [...start(2), [-1, algorithm === 'ES256' ? 1 : 2], [-2, bytes(x)], [-3, bytes(y)]]
}
