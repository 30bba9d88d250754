import type { FastifyRequest, preHandlerAsyncHookHandler } from 'fastify'
import fp from 'fastify-plugin'
import { createAddressCounts } from '../src/address-counts.ts'
import { networkOf } from '../src/client-address.ts'
import type { Database } from '../src/database.ts'
import { Problem } from '../src/errors.ts'
import {
  type AccountNames,
  type Action,
  ADDRESS_LIMITS,
  countGuess,
  countWithin,
  forgive,
  limitKey,
  limitSecret,
  nameKeys,
  purgeLimits,
  RECIPIENT_LIMIT,
  recipientKey,
  uncount
} from '../src/limits.ts'
import type { NewMail } from '../src/outbox.ts'
import { createSieve } from '../src/sieve.ts'

/** The names that a password is guessed for, and whose they are, where they are anybody's. */
export interface Guessed {
  /** What the password is for. */
  attempt: 'login' | 'password change' | 'email change' | 'account deletion'
  /** What was typed. */
  typed: Partial<AccountNames>
  account: ({ id: string } & AccountNames) | undefined
}

/** What is held off, in the words of the record. */
type Attempt = Guessed['attempt'] | 'registration' | Exclude<Action, 'register'>

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
  /**
   * Counts a mail that a client has asked for by its kind and whom it goes to, and says whether that is too much. It is no
   * refusal, which would tell that others ask for mails to that address.
   *
   * @param database the transaction in which the mail is put into the outbox, where there is one
   */
  byRecipient(
    request: FastifyRequest,
    mail: Pick<NewMail, 'kind' | 'recipient'>,
    database?: Database
  ): Promise<{ heldOff: boolean }>
}

declare module 'fastify' {
  interface FastifyInstance {
    limits: Limits
  }
}

/** How often counters that are over are deleted, in milliseconds. */
const PURGE_INTERVAL = 60_000

const MINUTE = 60_000

export default fp(
  async (fastify) => {
    const { clientAddress, clock, config, deviceCookie, log, rootSecret } = fastify
    if (config.LIMITS === 'off') {
      log.warn('LIMITS is off: nothing slows down the guessing of passwords')
      fastify.decorate('limits', {
        byAddress: () => async () => {},
        guessing: (_request, _guessed, work) => work(),
        byRecipient: async () => ({ heldOff: false })
      })
      return
    }
    const secret = limitSecret(rootSecret)

    function byAddress(action: Action) {
      const countAddress = createAddressCounts(fastify.openDatabase, clock, ADDRESS_LIMITS[action])
      return async (request: FastifyRequest) => {
        const key = limitKey(secret, action, networkOf(clientAddress(request.raw)))
        const count = await request.database.awaitShared(countAddress(key))
        if ('wait' in count) throw heldOff(request, action === 'register' ? 'registration' : action, count)
      }
    }

    async function guessing<Result>(request: FastifyRequest, guessed: Guessed, work: () => Promise<Result>) {
      const { attempt, typed, account } = guessed
      const device = account && deviceCookie.read(request, account.id)
      const deviceKey = device === undefined ? undefined : limitKey(secret, 'device', device)
      const count = await countAll(request, nameKeys(secret, typed), deviceKey)
      if ('wait' in count) throw heldOff(request, attempt, count, account?.id)
      const { keys } = count
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

    async function byRecipient(
      request: FastifyRequest,
      { kind, recipient }: Pick<NewMail, 'kind' | 'recipient'>,
      database = request.database
    ) {
      const count = await countWithin(database, clock, recipientKey(secret, kind, recipient), RECIPIENT_LIMIT)
      const heldOff = 'wait' in count
      if (heldOff) recordOnce(request, 'mail')
      return { heldOff }
    }

    /** Counts on the device, where it has guesses left, or else on each of the names: on all of them or on none. */
    async function countAll(
      request: FastifyRequest,
      names: Buffer[],
      device: Buffer | undefined
    ): Promise<{ keys: Buffer[] } | { wait: number }> {
      const database = request.guessDatabase
      const keys: Buffer[] = []
      for (const name of names) {
        const count = await countGuess(database, clock, { name, device }).catch(async (error) => {
          await takeBack(request, keys)
          throw error
        })
        if ('wait' in count) {
          await uncount(database, clock, keys)
          return count
        }
        keys.push(count.counted)
        if (device?.equals(keys[0] as Buffer)) break
      }
      return { keys }
    }

    /** The answer waits for it no longer than for all else of its request: it may come of a database that hangs. */
    async function takeBack(request: FastifyRequest, keys: Buffer[]): Promise<void> {
      if (keys.length === 0) return
      const taken = uncount(fastify.openDatabase(), clock, keys).catch((err) => {
        request.log.warn({ err }, 'could not take back what was counted')
      })
      await request.database.awaitShared(taken).catch(() => {})
    }

    /** Recorded once a minute for a network and an account: a flood is refused cheaply, and must not fill the record. */
    const isNews = createSieve(clock.now, MINUTE)
    function heldOff(request: FastifyRequest, attempt: Attempt, { wait }: { wait: number }, account?: string): Problem {
      recordOnce(request, attempt, account)
      return new Problem('TOO_MANY_REQUESTS', { headers: { 'retry-after': String(wait) } })
    }

    function recordOnce(request: FastifyRequest, attempt: Attempt, account?: string): void {
      const network = networkOf(clientAddress(request.raw))
      if (isNews(JSON.stringify([attempt, network, account]))) request.record(`${attempt} held off`, { account })
    }

    const purge = () =>
      purgeLimits(fastify.openDatabase(), clock).catch((err) => log.warn({ err }, 'could not purge the limits'))
    const timer = setInterval(purge, PURGE_INTERVAL).unref()
    fastify.addHook('onClose', async () => clearInterval(timer))

    fastify.decorate('limits', { byAddress, guessing, byRecipient })
  },
  {
    name: 'limits',
    dependencies: ['audit', 'client-address', 'clock', 'config', 'database', 'device-cookie', 'root-secret']
  }
)
