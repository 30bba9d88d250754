import fp from 'fastify-plugin'
import type { AppOptions } from '../../src/app-options.ts'
import { hasPasskeys, type RelyingParty, readRelyingParty } from '../../src/config/relying-party.ts'
import { type Ceremonies, loadCeremonies } from '../../src/factors/ceremonies.ts'

/** The relying party, and its ceremonies while they load. */
export interface LoadingCeremonies {
  party: RelyingParty
  loaded: Promise<Ceremonies>
}

declare module 'fastify' {
  interface FastifyInstance {
    /** Undefined if PUBLIC_URL can have no passkeys, and in commands, which need none. */
    ceremonies: LoadingCeremonies | undefined
  }
}

/** Starts to load the WebAuthn library while the database starts. */
export default fp<AppOptions>(
  async (fastify, { existing = false }) => {
    const { config, log } = fastify
    const { party } = readRelyingParty(config)
    const loaded = party && !existing ? loadCeremonies() : undefined
    // The promise is awaited later. Without a handler, an earlier rejection would end the process.
    void Promise.allSettled([loaded])
    fastify.decorate('ceremonies', party && loaded && { party, loaded })
    const { PUBLIC_URL } = config
    if (!party)
      log.warn(`no passkeys: browsers have none at ${PUBLIC_URL} (set PUBLIC_URL to an https:// URL with a name)`)
    else if (!hasPasskeys(new URL(PUBLIC_URL).origin)) {
      const places = party.origins.filter(hasPasskeys).join(', ')
      log.info(`browsers have no passkeys at ${PUBLIC_URL}, but at ${places}`)
    }
  },
  { name: 'ceremonies', dependencies: ['config'] }
)
