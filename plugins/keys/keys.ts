import fp from 'fastify-plugin'
import type { AppOptions } from '../../src/app-options.ts'
import { periodic } from '../../src/concurrency/periodic.ts'
import type { Database } from '../../src/database/database.ts'
import { requireStarted } from '../../src/database/existing-database.ts'
import { createKeyRing, type KeyRing } from '../../src/keys/key-ring.ts'
import { type ListedKey, listKeys } from '../../src/keys/key-states.ts'
import { rewrap } from '../../src/keys/rewrap.ts'
import { type Revocation, revokeKey, rotateAgedKey, rotateKey } from '../../src/keys/rotation.ts'
import { ensureKey, readRing } from '../../src/keys/signing-keys.ts'
import { readSecrets } from '../../src/secrets/secret-file.ts'

/** The signing keys. All instances notice a change by an instance or an operator within 60 s. */
export interface Keys extends KeyRing {
  /** Every stored key, in the order in which they sign. */
  list(transaction?: Database): Promise<ListedKey[]>
  /**
   * Adds the key that signs next.
   *
   * @param lead seconds until it signs
   * @param transaction a larger one of which it is a part; this instance then notices it at the next `refresh`
   * @throws Error when another one is waiting to sign
   */
  rotate(lead?: number, transaction?: Database): Promise<ListedKey>
  /**
   * Revokes a key for good and erases its private half.
   *
   * @param dryRun changes nothing
   * @param transaction as for `rotate`
   * @throws Error when the kid is unknown or already revoked
   */
  revoke(kid: string, dryRun?: boolean, transaction?: Database): Promise<Revocation>
  /**
   * Encrypts the private keys and the root secret again with the current SECRET_KEY.
   *
   * @returns the number of private keys
   * @throws KeyMismatch or RootSecretMismatch when neither secret opens one of them
   */
  rewrap(): Promise<number>
}

declare module 'fastify' {
  interface FastifyInstance {
    keys: Keys
  }
}

/** The interval between two reads of the ring, in milliseconds: a change is noticed within 60 s even if four reads fail. */
const REFRESH_INTERVAL = 10_000

/** The deadline of the read of the keys for a token with an unknown kid, in milliseconds. */
const TIMEOUT = 1_000

const DAY = 86_400

/** Creates the first key at the first start, keeps the ring up to date and rotates keys by KEY_MAX_AGE. */
export default fp<AppOptions>(
  async (fastify, { existing = false, timers }) => {
    const { clock, config, database, log } = fastify
    const secrets = readSecrets(config)
    const rules = { secrets, tokenTtl: config.ACCESS_TOKEN_TTL }
    const maxAge = config.KEY_MAX_AGE * DAY
    // Fails here, before anything is created, if SECRET_KEY does not open what is stored.
    if (existing) await requireStarted(database.open())
    else await ensureKey(database.open(), secrets)

    const keyRing = createKeyRing({
      read: () => readRing(database.open(TIMEOUT), secrets, rules.tokenTtl),
      now: clock.now
    })
    await keyRing.refresh()
    // The service does not start without a key to sign with.
    keyRing.signingKey()

    async function refresh(): Promise<void> {
      await keyRing.refresh()
      const { kid, privateKey, signsFrom } = keyRing.newest()
      if (privateKey === undefined) {
        log.error(
          { kid },
          'SECRET_KEY does not open the newest signing key: stop this instance, or give it the new one'
        )
      }
      if (maxAge > 0 && clock.now() - signsFrom > maxAge * 1000) await rotateAged()
    }

    async function rotateAged(): Promise<void> {
      const kid = await rotateAgedKey(database.open(), rules, maxAge)
      if (kid) log.info({ kid }, 'made a new signing key, since the last one is older than KEY_MAX_AGE')
      await keyRing.refresh()
    }

    const refreshing = periodic({
      interval: REFRESH_INTERVAL,
      work: refresh,
      failed: (err) => log.warn({ err }, 'could not keep the key ring up to date'),
      timers
    })
    fastify.addHook('onClose', () => refreshing.stop())

    fastify.decorate('keys', {
      ...keyRing,
      list: (transaction = database.open()) => listKeys(transaction, rules.tokenTtl),
      rotate: (lead, transaction = database.open()) => rotateKey(transaction, rules, lead),
      revoke: (kid, dryRun, transaction = database.open()) => revokeKey(transaction, rules, kid, dryRun),
      rewrap: () => rewrap(database.open(), secrets)
    } satisfies Keys)
  },
  { name: 'keys', dependencies: ['clock', 'config', 'database', 'secrets'] }
)
