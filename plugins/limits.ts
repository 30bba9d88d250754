import type { FastifyRequest, preHandlerAsyncHookHandler } from 'fastify'
import fp from 'fastify-plugin'
import { networkOf } from '../src/client-address.ts'
import type { Database } from '../src/database.ts'
import { Problem } from '../src/errors.ts'
import {
  type AccountNames,
  type Action,
  ADDRESS_LIMITS,
  type Count,
  countGuess,
  countWithin,
  forgive,
  limitKey,
  limitSecret,
  nameKeys,
  purgeLimits,
  uncount
} from '../src/limits.ts'

/** The names that a password is guessed for, and whose they are, where they are anybody's. */
export interface Guessed {
  /** What was typed. */
  typed: Partial<AccountNames>
  account: ({ id: string } & AccountNames) | undefined
}

/** How often what may be tried. */
export interface Limits {
  /** A preHandler hook: counts a request by its client address. */
  byAddress(action: Action): preHandlerAsyncHookHandler
  /**
   * Does what stands and falls with a password. It is counted as a wrong one before it begins; when it succeeds, all is
   * forgotten, and when it ends in a 503, the count is taken back.
   *
   * @throws Problem TOO_MANY_REQUESTS, before anything is done
   */
  guessing<Result>(request: FastifyRequest, guessed: Guessed, work: () => Promise<Result>): Promise<Result>
}

declare module 'fastify' {
  interface FastifyInstance {
    limits: Limits
  }
}

/** How often counters that are over are deleted, in milliseconds. */
const PURGE_INTERVAL = 60_000

export default fp(
  async (fastify) => {
    const { clientAddress, clock, config, deviceCookie, log, rootSecret } = fastify
    if (config.LIMITS === 'off') {
      log.warn('LIMITS is off: nothing slows down the guessing of passwords')
      fastify.decorate('limits', { byAddress: () => async () => {}, guessing: (_request, _guessed, work) => work() })
      return
    }
    const secret = limitSecret(rootSecret)

    const byAddress = (action: Action) => async (request: FastifyRequest) => {
      const key = limitKey(secret, action, networkOf(clientAddress(request.raw)))
      counted(await countWithin(request.database, clock, key, ADDRESS_LIMITS[action]))
    }

    async function guessing<Result>(request: FastifyRequest, { typed, account }: Guessed, work: () => Promise<Result>) {
      const device = account && deviceCookie.read(request, account.id)
      const deviceKey = device === undefined ? undefined : limitKey(secret, 'device', device)
      const keys = await countAll(request.database, nameKeys(secret, typed), deviceKey)
      const forgiven = [...nameKeys(secret, { ...typed, ...account }), ...(deviceKey ? [deviceKey] : [])]
      try {
        const result = await work()
        await forgive(request.database, forgiven)
        return result
      } catch (error) {
        if (error instanceof Problem && error.statusCode === 503) await takeBack(request, keys)
        throw error
      }
    }

    /** Counts on the device, where it has guesses left, or else on each of the names: on all of them or on none. */
    async function countAll(database: Database, names: Buffer[], device: Buffer | undefined): Promise<Buffer[]> {
      const keys: Buffer[] = []
      for (const name of names) {
        const count = await countGuess(database, clock, { name, device })
        if ('wait' in count) await uncount(database, clock, keys)
        keys.push(counted(count))
        if (device?.equals(keys[0] as Buffer)) break
      }
      return keys
    }

    async function takeBack(request: FastifyRequest, keys: Buffer[]): Promise<void> {
      await uncount(fastify.openDatabase(), clock, keys).catch((err) => {
        request.log.warn({ err }, 'could not take back what was counted')
      })
    }

    const purge = () =>
      purgeLimits(fastify.openDatabase(), clock).catch((err) => log.warn({ err }, 'could not purge the limits'))
    const timer = setInterval(purge, PURGE_INTERVAL).unref()
    fastify.addHook('onClose', async () => clearInterval(timer))

    fastify.decorate('limits', { byAddress, guessing })
  },
  { name: 'limits', dependencies: ['client-address', 'clock', 'config', 'database', 'device-cookie', 'root-secret'] }
)

/** @throws Problem TOO_MANY_REQUESTS where nothing more is let through */
function counted(count: Count): Buffer {
  if ('counted' in count) return count.counted
  throw new Problem('TOO_MANY_REQUESTS', { headers: { 'retry-after': String(count.wait) } })
}
