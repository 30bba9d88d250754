import fp from 'fastify-plugin'
import type { AppOptions } from '../../src/app-options.ts'
import { periodic } from '../../src/concurrency/periodic.ts'
import { requireStarted } from '../../src/database/existing-database.ts'
import { createKeyRing, type KeyRing } from '../../src/keys/key-ring.ts'
import { rotateAgedKey } from '../../src/keys/rotation.ts'
import { ensureKey, readRing } from '../../src/keys/signing-keys.ts'

declare module 'fastify' {
  interface FastifyInstance {
    keyRing: KeyRing
  }
}

/** How often the ring is read again, in milliseconds: a change is noticed within 60 s, also when four reads fail. */
const REFRESH_INTERVAL = 10_000

/** How long a token with an unknown kid may wait for the database, in milliseconds. */
const TIMEOUT = 1_000

const DAY = 86_400

/** The signing keys; made at the first start, and kept up to date with what other instances and operators do. */
export default fp<AppOptions>(
  async (fastify, { existing = false, timers }) => {
    const { clock, config, keyRules, log } = fastify
    const { secrets, tokenTtl } = keyRules
    const maxAge = config.KEY_MAX_AGE * DAY
    // What the root secret is opened with later is checked here as well, before anything could be made.
    if (existing) await requireStarted(fastify.openDatabase())
    else await ensureKey(fastify.openDatabase(), secrets)

    const keyRing = createKeyRing({
      read: () => readRing(fastify.openDatabase(TIMEOUT), secrets, tokenTtl),
      now: clock.now
    })
    await keyRing.refresh()
    // Without a key to sign with there is no start.
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
      if (maxAge > 0 && clock.now() - signsFrom > maxAge * 1000) await rotate()
    }

    async function rotate(): Promise<void> {
      const kid = await rotateAgedKey(fastify.openDatabase(), keyRules, maxAge)
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

    fastify.decorate('keyRing', keyRing)
  },
  { name: 'key-ring', dependencies: ['clock', 'config', 'database', 'key-rules', 'secrets'] }
)
