import type { PublicKey, SigningKey } from './signing-keys.ts'

/** A key and when it signs, by the clock of this instance. */
export type RingKey = SigningKey & { signsFrom: number }

/** The ring has keys, and this instance can unwrap none of them. */
export class SecretMismatch extends Error {
  override readonly name = 'SecretMismatch'

  constructor(count: number) {
    super(
      `SECRET_KEY unwraps none of the ${count} signing keys in the database: set the SECRET_KEY that they were made with, or add it as SECRET_KEY_PREVIOUS`
    )
  }
}

/** The signing keys as this instance knows them. */
export interface KeyRing {
  /**
   * The newest key whose time to sign has come and that this instance can unwrap.
   *
   * @throws SecretMismatch when it can unwrap none
   */
  signingKey(): RingKey & { privateKey: string }
  /** The key that signs last of all: the one that waits to, or else the one that does. */
  newest(): RingKey
  /** The key of a kid; none for one that is unknown or over. */
  find(kid: string): SigningKey | undefined
  /** The same, after a look into the database when the kid is unknown. Such looks are rare, however many kids come. */
  discover(kid: string): Promise<SigningKey | undefined>
  /** Reads the ring again; when that fails, the one known goes on. */
  refresh(): Promise<void>
  /** The public keys, those that do not sign yet among them (RFC 7517). */
  jwks(): { keys: PublicKey[] }
}

interface Source {
  /** Reads the keys, oldest first. */
  read: () => Promise<SigningKey[]>
  /** The time in milliseconds. */
  now: () => number
}

/** The least time between two looks for unknown kids, in milliseconds: forged ones cannot hammer the database. */
const LOOK_INTERVAL = 5_000

/** A ring that is empty until its first refresh. */
export function createKeyRing({ read, now }: Source): KeyRing {
  let ring: RingKey[] = []
  let byKid = new Map<string, RingKey>()
  let reading: Promise<void> | undefined
  let lookedAt = Number.NEGATIVE_INFINITY

  async function load(): Promise<void> {
    const keys = await read()
    // What was unwrapped once stays so: an instance goes on signing while it is replaced by one with another SECRET_KEY.
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

  async function look(): Promise<void> {
    if (reading) return reading
    if (now() - lookedAt < LOOK_INTERVAL) return
    lookedAt = now()
    await refresh()
  }

  return {
    signingKey() {
      const able = ring.filter((key): key is typeof key & { privateKey: string } => key.privateKey !== undefined)
      const key = able.findLast(({ signsFrom }) => signsFrom <= now()) ?? able[0]
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
      if (!byKid.has(kid)) await look().catch(() => {})
      return byKid.get(kid)
    },
    refresh,
    jwks: () => ({ keys: ring.map(({ jwk }) => jwk) })
  }
}
