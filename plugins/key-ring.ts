import fp from 'fastify-plugin'
import { createKeyRing, type KeyRing } from '../src/key-ring.ts'
import { ensureKey, readRing } from '../src/keys.ts'

declare module 'fastify' {
  interface FastifyInstance {
    keyRing: KeyRing
  }
}

/** How often the ring is read again, in milliseconds: a change is noticed well within 60 s. */
const REFRESH_INTERVAL = 30_000

/** How long a token with an unknown kid may wait for the database, in milliseconds. */
const PATIENCE = 1_000

/** The signing keys; made at the first start, and kept up to date with what other instances and operators do. */
export default fp(
  async (fastify) => {
    const { clock, secrets, config } = fastify
    await ensureKey(fastify.openDatabase(), clock, secrets)

    const keyRing = createKeyRing({
      read: () => readRing(fastify.openDatabase(PATIENCE), clock, secrets, config.ACCESS_TOKEN_TTL),
      now: clock.now
    })
    await keyRing.refresh()

    const refresh = () => keyRing.refresh().catch((err) => fastify.log.warn({ err }, 'could not read the key ring'))
    const timer = setInterval(refresh, REFRESH_INTERVAL).unref()
    fastify.addHook('onClose', async () => clearInterval(timer))

    fastify.decorate('keyRing', keyRing)
  },
  { name: 'key-ring', dependencies: ['clock', 'config', 'database', 'secrets'] }
)
