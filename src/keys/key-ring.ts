import type { PublicKey } from '../schemas/tokens.ts'
import type { SigningKey } from './signing-keys.ts'

/** A key, and when it begins to sign: milliseconds since the epoch, by the clock of this instance. */
export type RingKey = SigningKey & { signsFrom: number }

/** This instance can unwrap none of the keys in the database. */
export class SecretMismatch extends Error {
  override readonly name = 'SecretMismatch'

  constructor(count: number) {
    super(
      `SECRET_KEY unwraps none of the ${count} signing keys in the database: set the SECRET_KEY that they were sealed with, or add it as SECRET_KEY_PREVIOUS`
    )
  }
}

/** An instance's copy of the signing keys. */
export interface KeyRing {
  /**
   * The key to sign with: the newest that this instance can unwrap and whose signing time has come.
   *
   * @throws SecretMismatch if it can unwrap none
   */
  signingKey(): RingKey & { privateKey: string }
  /** The newest key: the next signing key if there is one, otherwise the current one. */
  newest(): RingKey
  /** Finds a key by `kid`; undefined if it is unknown or has expired. */
  find(kid: string): SigningKey | undefined
  /** Like `find`, but reads the database again for an unknown `kid`. These reads are rate-limited. */
  discover(kid: string): Promise<SigningKey | undefined>
  /** Reads the keys again. If that fails, it rejects, and the ring stays as it was. */
  refresh(): Promise<void>
  /** The JWK Set (RFC 7517 §5), which includes keys that are published but do not sign yet. */
  jwks(): { keys: PublicKey[] }
}

interface Source {
  /** Reads the keys, oldest first. */
  read: () => Promise<SigningKey[]>
  /** Milliseconds since the epoch. */
  now: () => number
}

/** Minimum time between two reads for an unknown `kid`, in milliseconds: forged tokens must not load the database. */
const DISCOVER_INTERVAL = 5_000

/** Creates a ring, which is empty until its first refresh. */
export function createKeyRing({ read, now }: Source): KeyRing {
  let ring: RingKey[] = []
  let byKid = new Map<string, RingKey>()
  let reading: Promise<void> | undefined
  let discoveredAt = Number.NEGATIVE_INFINITY

  async function load(): Promise<void> {
    const keys = await read()
    // A private key that was unwrapped once is kept: the instance goes on signing after `keys rewrap` with a new
    // SECRET_KEY.
    ring = keys.map((key) => ({
      ...key,
      privateKey: key.privateKey ?? byKid.get(key.kid)?.privateKey,
      signsFrom: now() + key.signsIn
    }))
    byKid = new Map(ring.map((key) => [key.kid, key]))
  }

  function refresh(): Promise<void> {
    reading ??= load().finally(() => {
      reading = undefined
    })
    return reading
  }

  async function refreshRarely(): Promise<void> {
    if (reading) return reading
    if (now() - discoveredAt < DISCOVER_INTERVAL) return
    discoveredAt = now()
    await refresh()
  }

  return {
    signingKey() {
      const unwrapped = ring.filter((key): key is typeof key & { privateKey: string } => key.privateKey !== undefined)
      const key = unwrapped.findLast(({ signsFrom }) => signsFrom <= now()) ?? unwrapped[0]
      if (!key) throw new SecretMismatch(ring.length)
      return key
    },
    newest() {
      const key = ring.at(-1)
      if (!key) throw new Error('the key ring is empty')
      return key
    },
    find: (kid) => byKid.get(kid),
    async discover(kid) {
      if (!byKid.has(kid)) await refreshRarely().catch(() => {})
      return byKid.get(kid)
    },
    refresh,
    jwks: () => ({ keys: ring.map(({ jwk }) => jwk) })
  }
}
